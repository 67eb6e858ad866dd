/* SPDX-License-Identifier: GPL-2.0-only */
/* The last writes. */
#ifndef DM_BLKVERIFY_HISTORY_H
#define DM_BLKVERIFY_HISTORY_H

#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "operation.h"

#define BLKV_HISTORY_SIZE 4096U

/**
 * struct blkv_write - a request that changed data
 * @order: counts such requests from 1; of two that overlap, the later one has the higher order
 * @time: when it was submitted to the legs, in ns since boot
 * @start: first sector
 * @nr_sectors: length
 * @operation: anything but a read or a flush
 * @fua: it had REQ_FUA
 * @pid: of the task that submitted it
 * @comm: name of that task
 */
struct blkv_write {
	u64 order;
	u64 time;
	sector_t start;
	sector_t nr_sectors;
	enum blkv_operation operation;
	bool fua;
	pid_t pid;
	char comm[TASK_COMM_LEN];
};

/**
 * struct blkv_history - the last writes
 * @lock: protects the members below; any context
 * @ring: write number n is at n % BLKV_HISTORY_SIZE
 * @next_order: number of the next write
 */
struct blkv_history {
	spinlock_t lock; /* the ring */
	struct blkv_write *ring;
	u64 next_order;
};

/**
 * enum blkv_provenance - is the write that covered a sector known?
 * @BLKV_PROVENANCE_NONE: there was none since the history began
 * @BLKV_PROVENANCE_FOUND: it is known
 * @BLKV_PROVENANCE_FORGOTTEN: there may have been one that has left the ring
 */
enum blkv_provenance {
	BLKV_PROVENANCE_NONE,
	BLKV_PROVENANCE_FOUND,
	BLKV_PROVENANCE_FORGOTTEN,
};

int blkv_history_init(struct blkv_history *history);
void blkv_history_exit(struct blkv_history *history);
void blkv_history_add(struct blkv_history *history, const struct blkv_write *write);
enum blkv_provenance blkv_history_find(struct blkv_history *history, sector_t sector, u64 before,
				       struct blkv_write *write);
void blkv_history_find_clears(struct blkv_history *history, sector_t sector, u64 after,
			      struct blkv_write *latest, struct blkv_write *nearest);
void blkv_history_move(struct blkv_history *to, struct blkv_history *from);
int blkv_write_emit(const struct blkv_write *write, sector_t begin, const char *prefix, char *text,
		    size_t size);

#endif /* DM_BLKVERIFY_HISTORY_H */
