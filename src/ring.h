/* SPDX-License-Identifier: GPL-2.0-only */
/* The reports. */
#ifndef DM_BLKVERIFY_RING_H
#define DM_BLKVERIFY_RING_H

#include <linux/spinlock.h>
#include <linux/types.h>

#include "report.h"

#define BLKV_FIRST_REPORTS 64
#define BLKV_LAST_REPORTS 64
#define BLKV_RING_SIZE (BLKV_FIRST_REPORTS + BLKV_LAST_REPORTS)

/**
 * struct blkv_event - the fields of a report that its event needs
 * @kind: mismatch or divergence
 * @operation: operation of the request
 * @sector: the sector of interest
 * @repeated: an earlier report of the same kind and sector was still recorded
 */
struct blkv_event {
	enum blkv_kind kind;
	enum blkv_operation operation;
	sector_t sector;
	bool repeated;
};

/**
 * struct blkv_ring - the first and the last reports of a target
 * @lock: protects the members below; process context
 * @next_number: number of the next report
 * @next_event: number of the next report to raise an event for
 * @nr_reports: reports since the last reset
 * @mark: is copied to each report
 * @is_new_mark: no report has been added since the mark was set
 * @reports: the first reports since the last reset, then a ring of the last ones
 * @events: events; the one of report n is at n % BLKV_RING_SIZE
 */
struct blkv_ring {
	spinlock_t lock; /* the ring */
	u64 next_number;
	u64 next_event;
	u64 nr_reports;
	char mark[BLKV_MARK_LEN];
	bool is_new_mark;
	struct blkv_report reports[BLKV_RING_SIZE];
	struct blkv_event events[BLKV_RING_SIZE];
};

void blkv_ring_init(struct blkv_ring *ring);
bool blkv_ring_add(struct blkv_ring *ring, struct blkv_report *report);
bool blkv_ring_next(struct blkv_ring *ring, u64 *number, struct blkv_report *report, u64 *dropped);
bool blkv_ring_next_event(struct blkv_ring *ring, struct blkv_event *event);
void blkv_ring_label(struct blkv_ring *ring, u64 number, enum blkv_label label);
void blkv_ring_mark(struct blkv_ring *ring, const char *mark);
void blkv_ring_reset(struct blkv_ring *ring);
void blkv_ring_move(struct blkv_ring *to, struct blkv_ring *from);

#endif /* DM_BLKVERIFY_RING_H */
