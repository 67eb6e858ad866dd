/* SPDX-License-Identifier: GPL-2.0-only */
/* Counters of healthy requests. */
#ifndef DM_BLKVERIFY_COUNTERS_H
#define DM_BLKVERIFY_COUNTERS_H

#include <linux/percpu.h>
#include <linux/spinlock.h>
#include <linux/types.h>

/**
 * struct blkv_counts - the counts of healthy requests
 * @compared: sectors compared, whether found equal or different
 * @skipped: sectors read but not compared, because they were not trusted
 * @written: sectors written to both legs
 * @discards: discards and secure erases that were submitted to the test leg
 * @zeroes: write zeroes requests that were submitted to the test leg
 * @flushes: flushes that were submitted to the test leg
 * @reshaped: sectors whose segments the test leg did not get as they came
 */
struct blkv_counts {
	u64 compared;
	u64 skipped;
	u64 written;
	u64 discards;
	u64 zeroes;
	u64 flushes;
	u64 reshaped;
};

/**
 * struct blkv_counters - the counts of a target
 * @cpu: one set of counts for each CPU, only ever added to
 * @lock: protects @base; process context
 * @base: the sums at the last reset
 */
struct blkv_counters {
	struct blkv_counts __percpu *cpu;

	spinlock_t lock; /* the base */
	struct blkv_counts base;
};

int blkv_counters_init(struct blkv_counters *counters);
void blkv_counters_exit(struct blkv_counters *counters);
void blkv_counters_read(struct blkv_counters *counters, struct blkv_counts *counts);
u64 blkv_counters_compared_on(const struct blkv_counters *counters, int cpu);
void blkv_counters_reset(struct blkv_counters *counters);
void blkv_counters_move(struct blkv_counters *to, struct blkv_counters *from);

/* Count sectors of a request. Any context. */
static inline void blkv_count_compared(struct blkv_counters *counters, u64 nr_sectors)
{
	this_cpu_add(counters->cpu->compared, nr_sectors);
}

static inline void blkv_count_skipped(struct blkv_counters *counters, u64 nr_sectors)
{
	this_cpu_add(counters->cpu->skipped, nr_sectors);
}

static inline void blkv_count_written(struct blkv_counters *counters, u64 nr_sectors)
{
	this_cpu_add(counters->cpu->written, nr_sectors);
}

static inline void blkv_count_reshaped(struct blkv_counters *counters, u64 nr_sectors)
{
	this_cpu_add(counters->cpu->reshaped, nr_sectors);
}

/* Count a request that has no data. Any context. */
static inline void blkv_count_discard(struct blkv_counters *counters)
{
	this_cpu_inc(counters->cpu->discards);
}

static inline void blkv_count_zeroing(struct blkv_counters *counters)
{
	this_cpu_inc(counters->cpu->zeroes);
}

static inline void blkv_count_flush(struct blkv_counters *counters)
{
	this_cpu_inc(counters->cpu->flushes);
}

#endif /* DM_BLKVERIFY_COUNTERS_H */
