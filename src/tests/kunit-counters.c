// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the counters of healthy requests, against plain sums.
 */
#include <linux/percpu.h>

#include "counters.h"
#include "kunit.h"

static void exit_counters(void *counters)
{
	blkv_counters_exit(counters);
}

KUNIT_DEFINE_ACTION_WRAPPER(exit_counters_action, exit_counters, void *);

static struct blkv_counters *new_counters(struct kunit *test)
{
	struct blkv_counters *counters = kunit_kzalloc(test, sizeof(*counters), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, counters);
	KUNIT_ASSERT_EQ(test, blkv_counters_init(counters), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, exit_counters_action, counters), 0);
	return counters;
}

static void expect_counts(struct kunit *test, struct blkv_counters *counters, u64 compared,
			  u64 skipped, u64 written)
{
	struct blkv_counts counts = { ~0ULL, ~0ULL, ~0ULL };

	blkv_counters_read(counters, &counts);
	KUNIT_ASSERT_EQ(test, counts.compared, compared);
	KUNIT_ASSERT_EQ(test, counts.skipped, skipped);
	KUNIT_ASSERT_EQ(test, counts.written, written);
}

static void each_count_is_its_own(struct kunit *test)
{
	struct blkv_counters *counters = new_counters(test);

	expect_counts(test, counters, 0, 0, 0);
	blkv_count_compared(counters, 1);
	expect_counts(test, counters, 1, 0, 0);
	blkv_count_skipped(counters, 20);
	expect_counts(test, counters, 1, 20, 0);
	blkv_count_written(counters, 300);
	expect_counts(test, counters, 1, 20, 300);
	/* More than 32 bits. */
	blkv_count_written(counters, 5ULL << 32);
	expect_counts(test, counters, 1, 20, 300 + (5ULL << 32));
}

static void all_cpus_are_summed(struct kunit *test)
{
	struct blkv_counters *counters = new_counters(test);
	u64 nr = 0;
	int cpu;

	for_each_possible_cpu(cpu) {
		struct blkv_counts *counts = per_cpu_ptr(counters->cpu, cpu);

		counts->compared += 1;
		counts->skipped += 10;
		counts->written += 100;
		nr++;
	}
	expect_counts(test, counters, nr, 10 * nr, 100 * nr);
}

static void reset_starts_from_zero(struct kunit *test)
{
	struct blkv_counters *counters = new_counters(test);

	blkv_count_compared(counters, 1);
	blkv_count_skipped(counters, 2);
	blkv_count_written(counters, 3);
	blkv_counters_reset(counters);
	expect_counts(test, counters, 0, 0, 0);
	blkv_count_compared(counters, 4);
	expect_counts(test, counters, 4, 0, 0);
	blkv_counters_reset(counters);
	expect_counts(test, counters, 0, 0, 0);
}

static void counts_survive_a_wrap(struct kunit *test)
{
	struct blkv_counters *counters = new_counters(test);

	blkv_count_compared(counters, U64_MAX);
	blkv_counters_reset(counters);
	blkv_count_compared(counters, 7);
	expect_counts(test, counters, 7, 0, 0);
}

static void moved_counters_continue(struct kunit *test)
{
	struct blkv_counters *to = new_counters(test), *from = new_counters(test);

	/* The new table has counted something already, which does not count. */
	blkv_count_compared(to, 1000);
	blkv_count_compared(from, 1);
	blkv_counters_reset(from);
	blkv_count_compared(from, 5);
	blkv_count_skipped(from, 6);
	blkv_count_written(from, 7);
	blkv_counters_move(to, from);
	expect_counts(test, to, 5, 6, 7);
	expect_counts(test, from, 0, 0, 0);
	blkv_count_written(to, 1);
	expect_counts(test, to, 5, 6, 8);
	/* And back, as when a table is loaded again. */
	blkv_counters_move(from, to);
	expect_counts(test, from, 5, 6, 8);
	expect_counts(test, to, 0, 0, 0);
}

static void random_operations_match_plain_sums(struct kunit *test)
{
	struct rnd_state *random = bvtest_random(test);
	struct blkv_counters *counters[2] = { new_counters(test), new_counters(test) };
	u64 sums[2][3] = {};
	unsigned int round;

	for (round = 0; round < bvtest_rounds(3000); round++) {
		unsigned int i = below(random, 2), nr = below(random, 5000);

		switch (below(random, 40)) {
		case 0:
			blkv_counters_reset(counters[i]);
			memset(sums[i], 0, sizeof(sums[i]));
			break;
		case 1:
			blkv_counters_move(counters[i], counters[!i]);
			memcpy(sums[i], sums[!i], sizeof(sums[i]));
			memset(sums[!i], 0, sizeof(sums[i]));
			break;
		case 2 ... 12:
			blkv_count_compared(counters[i], nr);
			sums[i][0] += nr;
			break;
		case 13 ... 24:
			blkv_count_skipped(counters[i], nr);
			sums[i][1] += nr;
			break;
		default:
			blkv_count_written(counters[i], nr);
			sums[i][2] += nr;
			break;
		}
		expect_counts(test, counters[0], sums[0][0], sums[0][1], sums[0][2]);
		expect_counts(test, counters[1], sums[1][0], sums[1][1], sums[1][2]);
	}
}

static void exit_accepts_zeroed_memory(struct kunit *test)
{
	struct blkv_counters counters = {};

	blkv_counters_exit(&counters);
	KUNIT_ASSERT_EQ(test, blkv_counters_init(&counters), 0);
	blkv_counters_exit(&counters);
	blkv_counters_exit(&counters);
}

static struct kunit_case counters_cases[] = {
	KUNIT_CASE(each_count_is_its_own),
	KUNIT_CASE(all_cpus_are_summed),
	KUNIT_CASE(reset_starts_from_zero),
	KUNIT_CASE(counts_survive_a_wrap),
	KUNIT_CASE(moved_counters_continue),
	KUNIT_CASE(random_operations_match_plain_sums),
	KUNIT_CASE(exit_accepts_zeroed_memory),
	{}
};

static struct kunit_suite counters_suite = {
	.name = "counters",
	.test_cases = counters_cases,
};

kunit_test_suite(counters_suite);
