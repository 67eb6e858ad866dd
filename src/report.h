/* SPDX-License-Identifier: GPL-2.0-only */
/* Findings. */
#ifndef DM_BLKVERIFY_REPORT_H
#define DM_BLKVERIFY_REPORT_H

#include <linux/blk_types.h>
#include <linux/device-mapper.h>
#include <linux/percpu.h>
#include <linux/ratelimit.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "classify.h"
#include "history.h"
#include "types.h"

#define BLKV_RING_SIZE 128
#define BLKV_WINDOW 16
#define BLKV_MARK_LEN 48

enum blkv_kind { BLKV_MISMATCH, BLKV_DIVERGENCE };

/**
 * struct blkv_report - one finding
 * @number: 1 for the first finding of this target, and so on
 * @kind: mismatch or divergence
 * @op: of the request
 * @sector: first sector of the request, in sectors of the mapped device
 * @nr_sectors: length of the request
 * @errnos: what the legs completed it with (divergence)
 * @unverified: it is a divergence because raw, whose data differed from test's, could not be read
 *	again; then @bad_sector is where they differed
 * @bad_sector: first sector that differs, in sectors of the mapped device (mismatch, as below)
 * @nr_bad: sectors of the request that differ
 * @byte: first differing byte in that sector
 * @window_offset: of @window in that sector
 * @window: bytes around @byte, per leg
 * @persistent: test returned something wrong again when it was read again
 * @injected: we flipped a byte of test's answer ourselves
 * @diagnosis: what the difference looks like
 * @provenance: is @write known?
 * @write: the last one that covered @bad_sector
 * @mark: the text of the last mark message, or empty
 * @repeated: a report of the same kind and place is in the ring already
 */
struct blkv_report {
	u64 number;
	enum blkv_kind kind;
	enum req_op op;
	sector_t sector;
	sector_t nr_sectors;
	int errnos[BLKV_LEGS];
	bool unverified;
	sector_t bad_sector;
	unsigned int nr_bad;
	unsigned int byte;
	unsigned int window_offset;
	u8 window[BLKV_LEGS][BLKV_WINDOW];
	bool persistent;
	bool injected;
	struct blkv_diagnosis diagnosis;
	enum blkv_history_answer provenance;
	struct blkv_write write;
	char mark[BLKV_MARK_LEN];
	bool repeated;
};

/**
 * struct blkv_counts - what a healthy request counts, one per CPU
 * @compared: sectors compared and found equal or different
 * @skipped: sectors read and not compared because they were not trusted
 * @written: sectors written to both legs
 */
struct blkv_counts {
	u64 compared;
	u64 skipped;
	u64 written;
};

/**
 * struct blkv_findings - what an unhealthy request counts; reset zeroes them
 * @bad: something was found
 * @located: something was found in a sector, which a flush does not have
 * @first_sector: where the first such thing was, in sectors of the mapped device
 * @reported: reports made; the last ones are in the ring
 * @mismatches: requests whose contents differed
 * @divergences: requests that one leg failed
 * @leg_errors: requests that this leg failed
 * @unstable: reads whose buffer changed under us
 */
struct blkv_findings {
	bool bad;
	bool located;
	sector_t first_sector;
	u64 reported;
	u64 mismatches;
	u64 divergences;
	u64 leg_errors[BLKV_LEGS];
	u64 unstable;
};

/**
 * struct blkv_reports - counters and the ring of reports of one target
 * @ti: the target
 * @counts: per CPU, only ever added to
 * @event_work: raises the dm event and a uevent for each report, where it may sleep
 * @ratelimit: of the log lines
 * @frozen: no request reaches a leg any more; written under @lock, read without it
 * @lock: protects the members below; any context
 * @base: @counts at the last reset
 * @findings: see there
 * @next_number: number of the next report
 * @next_event: number of the next report that has no uevent yet
 * @ring: report number n is at n % BLKV_RING_SIZE
 * @mark: goes into each report
 */
struct blkv_reports {
	struct dm_target *ti;
	struct blkv_counts __percpu *counts;
	struct work_struct event_work;
	struct ratelimit_state ratelimit;
	bool frozen;

	spinlock_t lock; /* the findings */
	struct blkv_counts base;
	struct blkv_findings findings;
	u64 next_number;
	u64 next_event;
	struct blkv_report ring[BLKV_RING_SIZE];
	char mark[BLKV_MARK_LEN];
};

/**
 * struct blkv_snapshot - all numbers of a target at one moment
 * @counts: since the last reset
 * @findings: since the last reset
 * @frozen: no request reaches a leg
 */
struct blkv_snapshot {
	struct blkv_counts counts;
	struct blkv_findings findings;
	bool frozen;
};

int blkv_reports_init(struct blkv_reports *reports, struct dm_target *ti);
void blkv_reports_exit(struct blkv_reports *reports);
void blkv_found(struct blkv_reports *reports, const struct blkv_report *report, bool freeze);
void blkv_report(struct blkv_reports *reports, struct blkv_report *report);
void blkv_count_leg_error(struct blkv_reports *reports, enum blkv_leg_nr leg);
void blkv_count_unstable(struct blkv_reports *reports);
void blkv_reports_snapshot(struct blkv_reports *reports, struct blkv_snapshot *snapshot);
void blkv_reports_reset(struct blkv_reports *reports);
void blkv_reports_thaw(struct blkv_reports *reports);
void blkv_reports_move(struct blkv_reports *to, struct blkv_reports *from);
void blkv_reports_mark(struct blkv_reports *reports, const char *mark);
bool blkv_reports_next(struct blkv_reports *reports, u64 *number, struct blkv_report *report,
		       u64 *dropped);
void blkv_device_name(struct dm_target *ti, char *name);
int blkv_report_emit(const struct blkv_report *report, sector_t begin, char *text, size_t size);

#endif /* DM_BLKVERIFY_REPORT_H */
