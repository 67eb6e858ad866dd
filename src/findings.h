/* SPDX-License-Identifier: GPL-2.0-only */
/* The state of a target, and the counters of unhealthy requests. */
#ifndef DM_BLKVERIFY_FINDINGS_H
#define DM_BLKVERIFY_FINDINGS_H

#include <linux/cache.h>
#include <linux/compiler.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "report.h"
#include "types.h"

/**
 * enum blkv_distrust - reasons why sectors became untrusted without a report
 * @BLKV_DISTRUST_DISCARD: they were discarded or erased
 * @BLKV_DISTRUST_REFUSED: a leg does not support the request that was to change them
 * @BLKV_DISTRUST_FAILED: both legs failed the request that was to change them
 * @BLKV_DISTRUST_MEMORY: memory for the trust map could not be allocated
 * @BLKV_DISTRUST_MESSAGE: the message "distrust"
 * @BLKV_DISTRUSTS_NR: number of reasons
 */
enum blkv_distrust {
	BLKV_DISTRUST_DISCARD,
	BLKV_DISTRUST_REFUSED,
	BLKV_DISTRUST_FAILED,
	BLKV_DISTRUST_MEMORY,
	BLKV_DISTRUST_MESSAGE,
	BLKV_DISTRUSTS_NR
};

/**
 * struct blkv_found - what was found since the last reset
 * @any: there was a finding
 * @located: there was a finding in a sector, which a flush does not have
 * @first_sector: where the first such finding was
 * @number: findings of each kind
 * @leg_errors: requests that each leg failed
 * @unstable: reads whose buffer changed while the legs were read
 * @distrusted: sectors that became untrusted without a report, by reason
 */
struct blkv_found {
	bool any;
	bool located;
	sector_t first_sector;
	u64 number[BLKV_KINDS_NR];
	u64 leg_errors[BLKV_LEGS];
	u64 unstable;
	u64 distrusted[BLKV_DISTRUSTS_NR];
};

/**
 * struct blkv_findings - the state of a target
 * @frozen: requests reach neither leg; written under @lock, read without it by every request, so
 *	it is in another cache line than what a finding changes
 * @lock: protects @found; any context
 * @found: since the last reset
 */
struct blkv_findings {
	bool frozen;

	spinlock_t lock ____cacheline_aligned_in_smp; /* what was found */
	struct blkv_found found;
};

void blkv_findings_init(struct blkv_findings *findings);
void blkv_findings_add(struct blkv_findings *findings, const struct blkv_report *report);
void blkv_findings_add_leg_error(struct blkv_findings *findings, enum blkv_leg_nr leg);
void blkv_findings_add_unstable(struct blkv_findings *findings);
void blkv_findings_add_distrust(struct blkv_findings *findings, enum blkv_distrust reason,
				u64 nr_sectors);
void blkv_findings_read(struct blkv_findings *findings, struct blkv_found *found);
void blkv_findings_reset(struct blkv_findings *findings);
void blkv_findings_freeze(struct blkv_findings *findings);
void blkv_findings_thaw(struct blkv_findings *findings);
void blkv_findings_move(struct blkv_findings *to, struct blkv_findings *from);

/* A request that is already past this check still reaches the legs. Any context. */
static inline bool blkv_is_frozen(const struct blkv_findings *findings)
{
	return READ_ONCE(findings->frozen);
}

#endif /* DM_BLKVERIFY_FINDINGS_H */
