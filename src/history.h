/* SPDX-License-Identifier: GPL-2.0-only */
/* The last writes. */
#ifndef DM_BLKVERIFY_HISTORY_H
#define DM_BLKVERIFY_HISTORY_H

#include <linux/cache.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "operation.h"

/* The number of writes that are remembered, if all CPUs write; and at least, of each CPU. */
#define BLKV_HISTORY_SIZE 4096U
#define BLKV_HISTORY_SIZE_OF_CPU 512U

/**
 * struct blkv_write - a request that changed data
 * @order: counts such requests from 1, in the order of @time; filled in when it is looked up
 * @time: when it was submitted to the legs, in ns since boot; of two that overlap, the later one
 *	has the higher time
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
 * struct blkv_history_ring - the last writes of one CPU
 * @lock: protects the members below; any context
 * @slots: write number n of this CPU is at n % nr_slots
 * @nr: writes so far
 * @last: time of the newest one
 * @forgotten: time of the newest write that has been overwritten
 */
struct blkv_history_ring {
	spinlock_t lock; /* the slots */
	struct blkv_write *slots;
	u64 nr;
	u64 last;
	u64 forgotten;
} ____cacheline_aligned_in_smp;

/**
 * struct blkv_history - the last writes
 * @rings: one for each CPU
 * @nr_rings: how many
 * @nr_slots: of each ring; a power of two
 */
struct blkv_history {
	struct blkv_history_ring *rings;
	unsigned int nr_rings;
	unsigned int nr_slots;
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

#if IS_ENABLED(CONFIG_KUNIT)
unsigned int blkv_history_cpus(void);
unsigned int blkv_history_cpu(void);
u64 blkv_history_clock(void);
#endif

#endif /* DM_BLKVERIFY_HISTORY_H */
