// SPDX-License-Identifier: GPL-2.0-only
/*
 * The counters of healthy requests: one set for each CPU, only ever added to, so that the
 * I/O path shares no cache line. A reset records the sums of that moment as the new base.
 *
 * Locks: blkv_counters.lock, taken here, process context.
 */
#include <kunit/visibility.h>
#include <linux/string.h>

#include "counters.h"

static void counts_sum(struct blkv_counters *counters, struct blkv_counts *sum)
{
	int cpu;

	memset(sum, 0, sizeof(*sum));
	for_each_possible_cpu(cpu) {
		struct blkv_counts *counts = per_cpu_ptr(counters->cpu, cpu);

		sum->compared += READ_ONCE(counts->compared);
		sum->skipped += READ_ONCE(counts->skipped);
		sum->written += READ_ONCE(counts->written);
		sum->discards += READ_ONCE(counts->discards);
		sum->zeroes += READ_ONCE(counts->zeroes);
		sum->flushes += READ_ONCE(counts->flushes);
		sum->reshaped += READ_ONCE(counts->reshaped);
	}
}

/* Unsigned: a result below zero is right again once something is added to it. */
static void counts_subtract(struct blkv_counts *counts, const struct blkv_counts *other)
{
	counts->compared -= other->compared;
	counts->skipped -= other->skipped;
	counts->written -= other->written;
	counts->discards -= other->discards;
	counts->zeroes -= other->zeroes;
	counts->flushes -= other->flushes;
	counts->reshaped -= other->reshaped;
}

/**
 * blkv_counters_init() - prepare the counters of a target
 * @counters: zeroed
 *
 * Context: Process; sleeps.
 * Return: 0 or -ENOMEM.
 */
int blkv_counters_init(struct blkv_counters *counters)
{
	spin_lock_init(&counters->lock);
	counters->cpu = alloc_percpu(struct blkv_counts);
	return counters->cpu ? 0 : -ENOMEM;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_counters_init);

/**
 * blkv_counters_exit() - free the counters of a target
 * @counters: the counters; zeroed memory is fine
 *
 * Context: Process; sleeps.
 */
void blkv_counters_exit(struct blkv_counters *counters)
{
	free_percpu(counters->cpu);
	counters->cpu = NULL;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_counters_exit);

/**
 * blkv_counters_read() - get the counts since the last reset
 * @counters: the counters
 * @counts: filled in
 *
 * Context: Process.
 */
void blkv_counters_read(struct blkv_counters *counters, struct blkv_counts *counts)
{
	spin_lock(&counters->lock);
	/* Under the lock, or a reset in between has a later sum as its base. */
	counts_sum(counters, counts);
	counts_subtract(counts, &counters->base);
	spin_unlock(&counters->lock);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_counters_read);

/**
 * blkv_counters_compared_on() - get the sectors that were compared on one CPU
 * @counters: the counters
 * @cpu: the CPU
 *
 * Context: Any.
 * Return: the sectors since blkv_counters_init(): a reset does not affect them.
 */
u64 blkv_counters_compared_on(const struct blkv_counters *counters, int cpu)
{
	return READ_ONCE(per_cpu_ptr(counters->cpu, cpu)->compared);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_counters_compared_on);

/**
 * blkv_counters_reset() - start counting from zero
 * @counters: the counters
 *
 * Context: Process.
 */
void blkv_counters_reset(struct blkv_counters *counters)
{
	spin_lock(&counters->lock);
	counts_sum(counters, &counters->base);
	spin_unlock(&counters->lock);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_counters_reset);

/**
 * blkv_counters_move() - let a new target continue with the counts of an old one
 * @to: the counters of the new one
 * @from: the counters of the old one; start again from zero
 *
 * Context: Process. No request is in flight on either.
 */
void blkv_counters_move(struct blkv_counters *to, struct blkv_counters *from)
{
	struct blkv_counts old;

	blkv_counters_read(from, &old);
	blkv_counters_reset(from);

	spin_lock(&to->lock);
	counts_sum(to, &to->base);
	counts_subtract(&to->base, &old);
	spin_unlock(&to->lock);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_counters_move);
