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

/* The members of struct blkv_counts, as an array. */
#define NR_COUNTS 7

/* Some count sectors, the others requests. */
static bool counts_sectors(unsigned int i)
{
	return i < 3 || i == 6;
}

static_assert(sizeof(struct blkv_counts) == NR_COUNTS * sizeof(u64));

static void expect_counts(struct kunit *test, struct blkv_counters *counters, const u64 *expected)
{
	struct blkv_counts counts;

	memset(&counts, 0xa5, sizeof(counts));
	blkv_counters_read(counters, &counts);
	KUNIT_ASSERT_EQ(test, counts.compared, expected[0]);
	KUNIT_ASSERT_EQ(test, counts.skipped, expected[1]);
	KUNIT_ASSERT_EQ(test, counts.written, expected[2]);
	KUNIT_ASSERT_EQ(test, counts.discards, expected[3]);
	KUNIT_ASSERT_EQ(test, counts.zeroes, expected[4]);
	KUNIT_ASSERT_EQ(test, counts.flushes, expected[5]);
	KUNIT_ASSERT_EQ(test, counts.reshaped, expected[6]);
}

/* Count @nr sectors, or one request, and add that to the expected value. */
static void add(struct blkv_counters *counters, u64 *sums, unsigned int i, u64 nr)
{
	sums[i] += counts_sectors(i) ? nr : 1;
	switch (i) {
	case 0:
		blkv_count_compared(counters, nr);
		break;
	case 1:
		blkv_count_skipped(counters, nr);
		break;
	case 2:
		blkv_count_written(counters, nr);
		break;
	case 3:
		blkv_count_discard(counters);
		break;
	case 4:
		blkv_count_zeroing(counters);
		break;
	case 5:
		blkv_count_flush(counters);
		break;
	default:
		blkv_count_reshaped(counters, nr);
		break;
	}
}

static void each_count_is_its_own(struct kunit *test)
{
	struct blkv_counters *counters = new_counters(test);
	u64 sums[NR_COUNTS] = {};
	unsigned int i;

	expect_counts(test, counters, sums);
	for (i = 0; i < NR_COUNTS; i++) {
		add(counters, sums, i, i + 1);
		expect_counts(test, counters, sums);
		/* A value of more than 32 bits. */
		add(counters, sums, i, 5ULL << 32);
		expect_counts(test, counters, sums);
	}
}

static void all_cpus_are_summed(struct kunit *test)
{
	struct blkv_counters *counters = new_counters(test);
	u64 sums[NR_COUNTS] = {};
	unsigned int i;
	int cpu;

	for_each_possible_cpu(cpu) {
		u64 *counts = (u64 *)per_cpu_ptr(counters->cpu, cpu);

		for (i = 0; i < NR_COUNTS; i++) {
			counts[i] += 10 * i + 1;
			sums[i] += 10 * i + 1;
		}
	}
	expect_counts(test, counters, sums);
}

static void each_cpu_can_be_asked(struct kunit *test)
{
	struct blkv_counters *counters = new_counters(test);
	int cpu;

	for_each_possible_cpu(cpu)
		per_cpu_ptr(counters->cpu, cpu)->compared = 100 + cpu;
	blkv_counters_reset(counters);
	for_each_possible_cpu(cpu)
		KUNIT_EXPECT_EQ(test, blkv_counters_compared_on(counters, cpu), 100 + cpu);
}

static void reset_starts_from_zero(struct kunit *test)
{
	struct blkv_counters *counters = new_counters(test);
	u64 sums[NR_COUNTS] = {}, zero[NR_COUNTS] = {};
	unsigned int i;

	for (i = 0; i < NR_COUNTS; i++)
		add(counters, sums, i, i + 1);
	blkv_counters_reset(counters);
	expect_counts(test, counters, zero);
	memset(sums, 0, sizeof(sums));
	for (i = 0; i < NR_COUNTS; i++)
		add(counters, sums, i, i + 10);
	expect_counts(test, counters, sums);
	blkv_counters_reset(counters);
	expect_counts(test, counters, zero);
}

static void counts_survive_a_wrap(struct kunit *test)
{
	struct blkv_counters *counters = new_counters(test);
	u64 sums[NR_COUNTS] = {};
	unsigned int i;

	for (i = 0; i < NR_COUNTS; i++)
		add(counters, sums, i, U64_MAX);
	blkv_counters_reset(counters);
	memset(sums, 0, sizeof(sums));
	for (i = 0; i < NR_COUNTS; i++)
		add(counters, sums, i, 7 + i);
	expect_counts(test, counters, sums);
}

static void moved_counters_continue(struct kunit *test)
{
	struct blkv_counters *to = new_counters(test), *from = new_counters(test);
	u64 sums[NR_COUNTS] = {}, zero[NR_COUNTS] = {}, lost[NR_COUNTS] = {};
	unsigned int i;

	/* The new table has counted something already, which does not count. */
	for (i = 0; i < NR_COUNTS; i++) {
		add(to, lost, i, 1000);
		add(from, lost, i, 1);
	}
	blkv_counters_reset(from);
	for (i = 0; i < NR_COUNTS; i++)
		add(from, sums, i, 5 + i);
	blkv_counters_move(to, from);
	expect_counts(test, to, sums);
	expect_counts(test, from, zero);
	add(to, sums, 2, 1);
	expect_counts(test, to, sums);
	/* And back, as when a table is loaded again. */
	blkv_counters_move(from, to);
	expect_counts(test, from, sums);
	expect_counts(test, to, zero);
}

static void random_operations_match_plain_sums(struct kunit *test)
{
	struct rnd_state *random = bvtest_random(test);
	struct blkv_counters *counters[2] = { new_counters(test), new_counters(test) };
	u64 sums[2][NR_COUNTS] = {};
	unsigned int round;

	for (round = 0; round < bvtest_rounds(3000); round++) {
		unsigned int i = below(random, 2);

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
		default:
			add(counters[i], sums[i], below(random, NR_COUNTS), below(random, 5000));
			break;
		}
		expect_counts(test, counters[0], sums[0]);
		expect_counts(test, counters[1], sums[1]);
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
	KUNIT_CASE(each_cpu_can_be_asked),
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
