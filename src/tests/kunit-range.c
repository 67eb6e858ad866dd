// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the range lock.
 *
 * The model of the random cases is a list in order of arrival: a range is granted when no earlier
 * one in the list conflicts with it.
 */
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/sched.h>

#include "kunit.h"
#include "range.h"
#include "types.h"

#define EVERYTHING ((sector_t)~0ULL)

static struct blkv_range range_of(sector_t start, sector_t last, bool shared)
{
	return (struct blkv_range){ .start = start, .last = last, .shared = shared };
}

#define reads(start, last) range_of(start, last, true)
#define writes(start, last) range_of(start, last, false)

static bool is_listed(struct list_head *granted, struct blkv_range *range)
{
	struct blkv_range *pos;

	list_for_each_entry(pos, granted, granted)
		if (pos == range)
			return true;
	return false;
}

/* Unlock @range and expect that this grants exactly these, in any order; NULL ends the list. */
static void unlock_grants(struct kunit *test, struct blkv_ranges *ranges, struct blkv_range *range,
			  ...)
{
	struct blkv_range *expected;
	LIST_HEAD(granted);
	size_t nr = 0;
	va_list args;

	blkv_range_unlock(ranges, range, &granted);
	va_start(args, range);
	while ((expected = va_arg(args, struct blkv_range *))) {
		KUNIT_EXPECT_TRUE(test, is_listed(&granted, expected));
		nr++;
	}
	va_end(args);
	KUNIT_EXPECT_EQ(test, list_count_nodes(&granted), nr);
}

static void expect_no_nodes(struct kunit *test, struct blkv_range_shard *shard)
{
	KUNIT_EXPECT_TRUE(test, RB_EMPTY_ROOT(&shard->roots[0].rb_root));
	KUNIT_EXPECT_TRUE(test, RB_EMPTY_ROOT(&shard->roots[1].rb_root));
}

static void expect_empty(struct kunit *test, struct blkv_ranges *ranges)
{
	unsigned int i;

	expect_no_nodes(test, &ranges->wide);
	for (i = 0; i < BLKV_RANGE_SHARDS; i++) {
		expect_no_nodes(test, &ranges->shards[i]);
		KUNIT_EXPECT_EQ(test, ranges->shards[i].marks, 0);
	}
	KUNIT_EXPECT_TRUE(test, list_empty(&ranges->queue));
}

static void reads_are_shared(struct kunit *test)
{
	struct blkv_range a = reads(0, 15), b = reads(8, 23), c = reads(8, 8);
	struct blkv_ranges *ranges = test->priv;

	KUNIT_EXPECT_TRUE(test, blkv_range_lock(ranges, &a));
	KUNIT_EXPECT_TRUE(test, blkv_range_lock(ranges, &b));
	KUNIT_EXPECT_TRUE(test, blkv_range_lock(ranges, &c));
	unlock_grants(test, ranges, &b, NULL);
	unlock_grants(test, ranges, &a, NULL);
	unlock_grants(test, ranges, &c, NULL);
	expect_empty(test, ranges);
}

static void reads_are_shared_despite_a_distant_write(struct kunit *test)
{
	struct blkv_range w = writes(100, 107), a = reads(0, 15), b = reads(8, 23);
	struct blkv_ranges *ranges = test->priv;

	KUNIT_EXPECT_TRUE(test, blkv_range_lock(ranges, &w));
	KUNIT_EXPECT_TRUE(test, blkv_range_lock(ranges, &a));
	KUNIT_EXPECT_TRUE(test, blkv_range_lock(ranges, &b));
	unlock_grants(test, ranges, &a, NULL);
	unlock_grants(test, ranges, &b, NULL);
	unlock_grants(test, ranges, &w, NULL);
	expect_empty(test, ranges);
}

static void write_waits_for_all_earlier_reads(struct kunit *test)
{
	struct blkv_range a = reads(0, 15), b = reads(8, 23), w = writes(15, 15);
	struct blkv_ranges *ranges = test->priv;

	KUNIT_EXPECT_TRUE(test, blkv_range_lock(ranges, &a));
	KUNIT_EXPECT_TRUE(test, blkv_range_lock(ranges, &b));
	KUNIT_EXPECT_FALSE(test, blkv_range_lock(ranges, &w));
	unlock_grants(test, ranges, &a, NULL);
	unlock_grants(test, ranges, &b, &w, NULL);
	unlock_grants(test, ranges, &w, NULL);
	expect_empty(test, ranges);
}

static void reads_wait_together_for_an_earlier_write(struct kunit *test)
{
	struct blkv_range w = writes(0, 31), a = reads(16, 31), b = reads(0, 31), c = reads(0, 0);
	struct blkv_ranges *ranges = test->priv;

	KUNIT_EXPECT_TRUE(test, blkv_range_lock(ranges, &w));
	KUNIT_EXPECT_FALSE(test, blkv_range_lock(ranges, &a));
	KUNIT_EXPECT_FALSE(test, blkv_range_lock(ranges, &b));
	KUNIT_EXPECT_FALSE(test, blkv_range_lock(ranges, &c));
	unlock_grants(test, ranges, &w, &a, &b, &c, NULL);
	unlock_grants(test, ranges, &b, NULL);
	unlock_grants(test, ranges, &c, NULL);
	unlock_grants(test, ranges, &a, NULL);
	expect_empty(test, ranges);
}

static void overlapping_writes_are_serialized(struct kunit *test)
{
	struct blkv_range a = writes(7, 7), b = writes(0, 7), c = writes(7, 9);
	struct blkv_ranges *ranges = test->priv;

	KUNIT_EXPECT_TRUE(test, blkv_range_lock(ranges, &a));
	KUNIT_EXPECT_FALSE(test, blkv_range_lock(ranges, &b));
	KUNIT_EXPECT_FALSE(test, blkv_range_lock(ranges, &c));
	unlock_grants(test, ranges, &a, &b, NULL);
	unlock_grants(test, ranges, &b, &c, NULL);
	unlock_grants(test, ranges, &c, NULL);
	expect_empty(test, ranges);
}

static void adjacent_ranges_do_not_conflict(struct kunit *test)
{
	struct blkv_range a = writes(8, 15), below = writes(0, 7), above = writes(16, 23);
	struct blkv_ranges *ranges = test->priv;

	KUNIT_EXPECT_TRUE(test, blkv_range_lock(ranges, &a));
	KUNIT_EXPECT_TRUE(test, blkv_range_lock(ranges, &below));
	KUNIT_EXPECT_TRUE(test, blkv_range_lock(ranges, &above));
	unlock_grants(test, ranges, &a, NULL);
	unlock_grants(test, ranges, &above, NULL);
	unlock_grants(test, ranges, &below, NULL);
	expect_empty(test, ranges);
}

static void read_does_not_overtake_a_waiting_write(struct kunit *test)
{
	struct blkv_range a = reads(0, 7), w = writes(0, 15), b = reads(8, 15);
	struct blkv_ranges *ranges = test->priv;

	KUNIT_EXPECT_TRUE(test, blkv_range_lock(ranges, &a));
	KUNIT_EXPECT_FALSE(test, blkv_range_lock(ranges, &w));
	KUNIT_EXPECT_FALSE(test, blkv_range_lock(ranges, &b));
	unlock_grants(test, ranges, &a, &w, NULL);
	unlock_grants(test, ranges, &w, &b, NULL);
	unlock_grants(test, ranges, &b, NULL);
	expect_empty(test, ranges);
}

static void unlock_is_counted_once(struct kunit *test)
{
	struct blkv_range a = reads(0, 7), b = reads(0, 7), w = writes(0, 7), c = reads(0, 7);
	struct blkv_ranges *ranges = test->priv;

	/* @c waits only for @w: the earlier reads do not block it, and their ends do not count. */
	KUNIT_EXPECT_TRUE(test, blkv_range_lock(ranges, &a));
	KUNIT_EXPECT_TRUE(test, blkv_range_lock(ranges, &b));
	KUNIT_EXPECT_FALSE(test, blkv_range_lock(ranges, &w));
	KUNIT_EXPECT_FALSE(test, blkv_range_lock(ranges, &c));
	unlock_grants(test, ranges, &b, NULL);
	unlock_grants(test, ranges, &a, &w, NULL);
	unlock_grants(test, ranges, &w, &c, NULL);
	unlock_grants(test, ranges, &c, NULL);
	expect_empty(test, ranges);
}

static void whole_device_conflicts_with_everything(struct kunit *test)
{
	struct blkv_range a = writes(0, 0), b = reads(1ULL << 40, (1ULL << 40) + 7);
	struct blkv_range all = writes(0, EVERYTHING);
	struct blkv_range c = reads(EVERYTHING, EVERYTHING), d = writes(0, 7);
	struct blkv_ranges *ranges = test->priv;

	KUNIT_EXPECT_TRUE(test, blkv_range_lock(ranges, &a));
	KUNIT_EXPECT_TRUE(test, blkv_range_lock(ranges, &b));
	KUNIT_EXPECT_FALSE(test, blkv_range_lock(ranges, &all));
	KUNIT_EXPECT_FALSE(test, blkv_range_lock(ranges, &c));
	KUNIT_EXPECT_FALSE(test, blkv_range_lock(ranges, &d));
	unlock_grants(test, ranges, &a, NULL);
	unlock_grants(test, ranges, &b, &all, NULL);
	unlock_grants(test, ranges, &all, &c, &d, NULL);
	unlock_grants(test, ranges, &d, NULL);
	unlock_grants(test, ranges, &c, NULL);
	expect_empty(test, ranges);
}

static void granted_ranges_are_appended(struct kunit *test)
{
	struct blkv_range a = writes(0, 7), b = writes(8, 15), c = writes(0, 7), d = writes(8, 15);
	struct blkv_ranges *ranges = test->priv;
	LIST_HEAD(granted);

	KUNIT_EXPECT_TRUE(test, blkv_range_lock(ranges, &a));
	KUNIT_EXPECT_TRUE(test, blkv_range_lock(ranges, &b));
	KUNIT_EXPECT_FALSE(test, blkv_range_lock(ranges, &c));
	KUNIT_EXPECT_FALSE(test, blkv_range_lock(ranges, &d));
	blkv_range_unlock(ranges, &a, &granted);
	blkv_range_unlock(ranges, &b, &granted);
	KUNIT_EXPECT_PTR_EQ(test, granted.next, &c.granted);
	KUNIT_EXPECT_PTR_EQ(test, granted.prev, &d.granted);
	KUNIT_EXPECT_PTR_EQ(test, c.granted.next, &d.granted);
	unlock_grants(test, ranges, &c, NULL);
	unlock_grants(test, ranges, &d, NULL);
	expect_empty(test, ranges);
}

/* ---- shards ------------------------------------------------------------------------------- */

#define REGION(n) ((sector_t)(n) * BLKV_REGION_SECTORS)

static unsigned int count_marks(const struct blkv_ranges *ranges)
{
	unsigned int i, nr = 0;

	for (i = 0; i < BLKV_RANGE_SHARDS; i++)
		nr += ranges->shards[i].marks;
	return nr;
}

static unsigned int count_used(const struct blkv_ranges *ranges)
{
	unsigned int i, nr = 0;

	for (i = 0; i < BLKV_RANGE_SHARDS; i++)
		nr += !RB_EMPTY_ROOT(&ranges->shards[i].roots[0].rb_root);
	return nr;
}

/* Also at the distances at which benchmarks let CPUs work. */
static void regions_spread_over_shards(struct kunit *test)
{
	static const unsigned int distances[] = { 1, 2, 16, 32, 63, 64, 65, 159, 987, 1024, 4096,
						  5982, 65536, 1 << 20 };
	struct blkv_ranges *ranges = test->priv;
	struct blkv_range *range = kunit_kcalloc(test, 64, sizeof(*range), GFP_KERNEL);
	unsigned int i, n;

	KUNIT_ASSERT_NOT_NULL(test, range);
	for (i = 0; i < ARRAY_SIZE(distances); i++) {
		for (n = 0; n < 64; n++) {
			range[n] = writes(REGION(n) * distances[i], REGION(n) * distances[i] + 7);
			KUNIT_EXPECT_TRUE(test, blkv_range_lock(ranges, &range[n]));
		}
		/* A random choice would use 40 of the 64. */
		KUNIT_EXPECT_GE(test, count_used(ranges), 30);
		KUNIT_EXPECT_EQ(test, count_marks(ranges), 0);
		for (n = 0; n < 64; n++)
			unlock_grants(test, ranges, &range[n], NULL);
	}
	expect_empty(test, ranges);
}

/* CPUs that work on different parts of a small area do not meet. */
static void neighbours_are_in_different_shards(struct kunit *test)
{
	struct blkv_ranges *ranges = test->priv;
	struct blkv_range *range = kunit_kcalloc(test, BLKV_RANGE_SHARDS, sizeof(*range),
						 GFP_KERNEL);
	unsigned int area, n;

	KUNIT_ASSERT_NOT_NULL(test, range);
	for (area = 0; area < 5; area++) {
		for (n = 0; n < BLKV_RANGE_SHARDS; n++) {
			sector_t start = REGION(area * BLKV_RANGE_SHARDS + n);

			range[n] = writes(start, start + 7);
			KUNIT_EXPECT_TRUE(test, blkv_range_lock(ranges, &range[n]));
		}
		KUNIT_EXPECT_EQ(test, count_used(ranges), BLKV_RANGE_SHARDS);
		for (n = 0; n < BLKV_RANGE_SHARDS; n++)
			unlock_grants(test, ranges, &range[n], NULL);
	}
	expect_empty(test, ranges);
}

/* A region is in one shard only, from its first sector to its last one. */
static void range_in_a_region_is_in_one_shard(struct kunit *test)
{
	struct blkv_range first = writes(REGION(5), REGION(5));
	struct blkv_range all = reads(REGION(5), REGION(6) - 1);
	struct blkv_range last = writes(REGION(6) - 1, REGION(6) - 1);
	struct blkv_ranges *ranges = test->priv;

	KUNIT_EXPECT_TRUE(test, blkv_range_lock(ranges, &first));
	KUNIT_EXPECT_TRUE(test, blkv_range_lock(ranges, &last));
	KUNIT_EXPECT_FALSE(test, blkv_range_lock(ranges, &all));
	KUNIT_EXPECT_EQ(test, count_marks(ranges), 0);
	KUNIT_EXPECT_EQ(test, count_used(ranges), 1);
	unlock_grants(test, ranges, &first, NULL);
	unlock_grants(test, ranges, &last, &all, NULL);
	unlock_grants(test, ranges, &all, NULL);
	expect_empty(test, ranges);
}

static const unsigned int wide_lengths[] = { 2, 3, 7, 17, 63, 64, 65, 66, 200 };

/* (R1), and (R3): in each region that a wide range touches, an earlier narrow one blocks it. */
static void narrow_range_blocks_a_wide_one_in_each_region(struct kunit *test)
{
	struct blkv_ranges *ranges = test->priv;
	struct blkv_range wide, narrow, other;
	unsigned int i, n;

	for (i = 0; i < ARRAY_SIZE(wide_lengths); i++)
		for (n = 0; n < wide_lengths[i]; n++) {
			narrow = reads(REGION(10 + n) + 8, REGION(10 + n) + 15);
			other = reads(REGION(10), REGION(10) + 7);
			wide = writes(REGION(10), REGION(10 + wide_lengths[i]) - 1);
			KUNIT_EXPECT_TRUE(test, blkv_range_lock(ranges, &narrow));
			KUNIT_EXPECT_TRUE(test, blkv_range_lock(ranges, &other));
			KUNIT_EXPECT_FALSE(test, blkv_range_lock(ranges, &wide));
			unlock_grants(test, ranges, &other, NULL);
			unlock_grants(test, ranges, &narrow, &wide, NULL);
			unlock_grants(test, ranges, &wide, NULL);
		}
	expect_empty(test, ranges);
}

/* (R1): in each region that a wide range touches, it blocks a later narrow one. */
static void wide_range_blocks_a_narrow_one_in_each_region(struct kunit *test)
{
	struct blkv_ranges *ranges = test->priv;
	struct blkv_range wide, narrow, other;
	unsigned int i, n;

	for (i = 0; i < ARRAY_SIZE(wide_lengths); i++)
		for (n = 0; n < wide_lengths[i]; n++) {
			wide = writes(REGION(10), REGION(10 + wide_lengths[i]) - 1);
			narrow = reads(REGION(11 + n) - 8, REGION(11 + n) - 1);
			other = reads(REGION(11 + wide_lengths[i]), REGION(11 + wide_lengths[i]));
			KUNIT_EXPECT_TRUE(test, blkv_range_lock(ranges, &wide));
			KUNIT_EXPECT_FALSE(test, blkv_range_lock(ranges, &narrow));
			KUNIT_EXPECT_TRUE(test, blkv_range_lock(ranges, &other));
			unlock_grants(test, ranges, &other, NULL);
			unlock_grants(test, ranges, &wide, &narrow, NULL);
			unlock_grants(test, ranges, &narrow, NULL);
		}
	expect_empty(test, ranges);
}

/* (R1): wherever two wide ranges overlap, also in shards that a narrow one has to itself. */
static void wide_ranges_block_each_other(struct kunit *test)
{
	struct blkv_range a = writes(REGION(1) - 1, REGION(3)), b = writes(REGION(3), REGION(5));
	struct blkv_range c = reads(REGION(5), REGION(6)), all = reads(0, EVERYTHING);
	struct blkv_ranges *ranges = test->priv;

	KUNIT_EXPECT_TRUE(test, blkv_range_lock(ranges, &a));
	KUNIT_EXPECT_FALSE(test, blkv_range_lock(ranges, &b));
	KUNIT_EXPECT_FALSE(test, blkv_range_lock(ranges, &c));
	KUNIT_EXPECT_FALSE(test, blkv_range_lock(ranges, &all));
	unlock_grants(test, ranges, &a, &b, NULL);
	unlock_grants(test, ranges, &b, &c, &all, NULL);
	unlock_grants(test, ranges, &all, NULL);
	unlock_grants(test, ranges, &c, NULL);
	expect_empty(test, ranges);
}

/* (R2): who came after a wide range in one region came after it, and before it, in all. */
static void narrow_ranges_keep_their_place_around_wide_ones(struct kunit *test)
{
	struct blkv_range before = writes(REGION(2), REGION(2) + 7);
	struct blkv_range a = writes(REGION(1), REGION(3) - 1);
	struct blkv_range between = writes(REGION(1), REGION(1) + 7);
	struct blkv_range b = writes(REGION(1), REGION(4) - 1), after = reads(REGION(3), REGION(3));
	struct blkv_ranges *ranges = test->priv;

	KUNIT_EXPECT_TRUE(test, blkv_range_lock(ranges, &before));
	KUNIT_EXPECT_FALSE(test, blkv_range_lock(ranges, &a));
	KUNIT_EXPECT_FALSE(test, blkv_range_lock(ranges, &between));
	KUNIT_EXPECT_FALSE(test, blkv_range_lock(ranges, &b));
	KUNIT_EXPECT_FALSE(test, blkv_range_lock(ranges, &after));
	unlock_grants(test, ranges, &before, &a, NULL);
	unlock_grants(test, ranges, &a, &between, NULL);
	unlock_grants(test, ranges, &between, &b, NULL);
	unlock_grants(test, ranges, &b, &after, NULL);
	unlock_grants(test, ranges, &after, NULL);
	expect_empty(test, ranges);
}

static void marks_last_as_long_as_the_wide_range(struct kunit *test)
{
	struct blkv_range a = writes(REGION(1), REGION(3)), b = writes(REGION(1), REGION(3));
	struct blkv_range narrow = reads(REGION(2), REGION(2)), all = reads(0, EVERYTHING);
	struct blkv_ranges *ranges = test->priv;

	KUNIT_EXPECT_TRUE(test, blkv_range_lock(ranges, &a));
	KUNIT_EXPECT_EQ(test, count_marks(ranges), 3);
	KUNIT_EXPECT_FALSE(test, blkv_range_lock(ranges, &narrow));
	KUNIT_EXPECT_FALSE(test, blkv_range_lock(ranges, &b));
	KUNIT_EXPECT_EQ(test, count_marks(ranges), 6);
	KUNIT_EXPECT_FALSE(test, blkv_range_lock(ranges, &all));
	KUNIT_EXPECT_EQ(test, count_marks(ranges), 6 + BLKV_RANGE_SHARDS);
	unlock_grants(test, ranges, &a, &narrow, NULL);
	KUNIT_EXPECT_EQ(test, count_marks(ranges), 3 + BLKV_RANGE_SHARDS);
	unlock_grants(test, ranges, &narrow, &b, NULL);
	unlock_grants(test, ranges, &b, &all, NULL);
	unlock_grants(test, ranges, &all, NULL);
	expect_empty(test, ranges);
}

/* ---- convoys ------------------------------------------------------------------------------ */

static unsigned int count_nodes(const struct blkv_range_shard *shard)
{
	unsigned int nr = 0, shared;
	struct rb_node *node;

	for (shared = 0; shared < 2; shared++)
		for (node = rb_first_cached(&shard->roots[shared]); node; node = rb_next(node))
			nr++;
	return nr;
}

static unsigned int count_all_nodes(const struct blkv_ranges *ranges)
{
	unsigned int i, nr = count_nodes(&ranges->wide);

	for (i = 0; i < BLKV_RANGE_SHARDS; i++)
		nr += count_nodes(&ranges->shards[i]);
	return nr;
}

static void test_writes_convoy(struct kunit *test, sector_t start, sector_t last)
{
	struct blkv_range a = writes(start, last), b = a, c = a, d = a;
	struct blkv_ranges *ranges = test->priv;

	KUNIT_EXPECT_TRUE(test, blkv_range_lock(ranges, &a));
	KUNIT_EXPECT_FALSE(test, blkv_range_lock(ranges, &b));
	KUNIT_EXPECT_FALSE(test, blkv_range_lock(ranges, &c));
	KUNIT_EXPECT_EQ(test, count_all_nodes(ranges), 1);
	unlock_grants(test, ranges, &a, &b, NULL);
	KUNIT_EXPECT_FALSE(test, blkv_range_lock(ranges, &d));
	KUNIT_EXPECT_EQ(test, count_all_nodes(ranges), 1);
	unlock_grants(test, ranges, &b, &c, NULL);
	unlock_grants(test, ranges, &c, &d, NULL);
	unlock_grants(test, ranges, &d, NULL);
	expect_empty(test, ranges);
}

static void equal_writes_form_a_convoy(struct kunit *test)
{
	test_writes_convoy(test, 8, 15);
	test_writes_convoy(test, REGION(1) - 8, REGION(1) + 7);
	test_writes_convoy(test, 0, EVERYTHING);
}

/* (C1): the convoy may not overtake @x, which overlaps it and came in between. */
static void convoy_does_not_grow_past_a_waiter(struct kunit *test)
{
	struct blkv_range a = writes(8, 15), b = a, x = writes(0, 8), c = a, d = a;
	struct blkv_ranges *ranges = test->priv;

	KUNIT_EXPECT_TRUE(test, blkv_range_lock(ranges, &a));
	KUNIT_EXPECT_FALSE(test, blkv_range_lock(ranges, &b));
	KUNIT_EXPECT_FALSE(test, blkv_range_lock(ranges, &x));
	KUNIT_EXPECT_FALSE(test, blkv_range_lock(ranges, &c));
	KUNIT_EXPECT_FALSE(test, blkv_range_lock(ranges, &d));
	unlock_grants(test, ranges, &a, &b, NULL);
	unlock_grants(test, ranges, &b, &x, NULL);
	unlock_grants(test, ranges, &x, &c, NULL);
	unlock_grants(test, ranges, &c, &d, NULL);
	unlock_grants(test, ranges, &d, NULL);
	expect_empty(test, ranges);
}

/* (C1), for reads: a held convoy may not grow past a write that waits for it. */
static void read_convoy_does_not_grow_past_a_waiter(struct kunit *test)
{
	struct blkv_range a = reads(8, 15), b = a, w = writes(15, 15), c = a, d = a;
	struct blkv_ranges *ranges = test->priv;

	KUNIT_EXPECT_TRUE(test, blkv_range_lock(ranges, &a));
	KUNIT_EXPECT_TRUE(test, blkv_range_lock(ranges, &b));
	KUNIT_EXPECT_EQ(test, count_all_nodes(ranges), 1);
	KUNIT_EXPECT_FALSE(test, blkv_range_lock(ranges, &w));
	KUNIT_EXPECT_FALSE(test, blkv_range_lock(ranges, &c));
	KUNIT_EXPECT_FALSE(test, blkv_range_lock(ranges, &d));
	KUNIT_EXPECT_EQ(test, count_all_nodes(ranges), 3);
	unlock_grants(test, ranges, &a, NULL);
	unlock_grants(test, ranges, &b, &w, NULL);
	unlock_grants(test, ranges, &w, &c, &d, NULL);
	unlock_grants(test, ranges, &d, NULL);
	unlock_grants(test, ranges, &c, NULL);
	expect_empty(test, ranges);
}

static void reads_leave_a_convoy_in_any_order(struct kunit *test)
{
	static const u8 orders[][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 },
					{ 2, 0, 1 }, { 2, 1, 0 } };
	struct blkv_range range[3], w, later;
	struct blkv_ranges *ranges = test->priv;
	unsigned int i, n;

	for (i = 0; i < ARRAY_SIZE(orders); i++) {
		for (n = 0; n < 3; n++) {
			range[n] = reads(REGION(1) - 1, REGION(1));
			KUNIT_EXPECT_TRUE(test, blkv_range_lock(ranges, &range[n]));
		}
		w = writes(REGION(1), REGION(1));
		KUNIT_EXPECT_FALSE(test, blkv_range_lock(ranges, &w));
		unlock_grants(test, ranges, &range[orders[i][0]], NULL);
		unlock_grants(test, ranges, &range[orders[i][1]], NULL);
		later = reads(REGION(1) - 1, REGION(1));
		KUNIT_EXPECT_FALSE(test, blkv_range_lock(ranges, &later));
		unlock_grants(test, ranges, &range[orders[i][2]], &w, NULL);
		unlock_grants(test, ranges, &w, &later, NULL);
		unlock_grants(test, ranges, &later, NULL);
	}
	expect_empty(test, ranges);
}

static void test_hand_over(struct kunit *test, bool shared)
{
	struct blkv_range a = range_of(8, 15, shared), b = a, w = writes(8, 8), new;
	struct blkv_ranges *ranges = test->priv;

	KUNIT_EXPECT_TRUE(test, blkv_range_lock(ranges, &a));
	KUNIT_EXPECT_EQ(test, blkv_range_lock(ranges, &b), shared);
	blkv_range_hand_over(ranges, &a, &new);
	memset(&a, 0xa5, sizeof(a));
	KUNIT_EXPECT_FALSE(test, blkv_range_lock(ranges, &w));
	if (shared) {
		blkv_range_hand_over(ranges, &b, &a);
		memset(&b, 0xa5, sizeof(b));
		unlock_grants(test, ranges, &new, NULL);
		unlock_grants(test, ranges, &a, &w, NULL);
	} else {
		unlock_grants(test, ranges, &new, &b, NULL);
		unlock_grants(test, ranges, &b, &w, NULL);
	}
	unlock_grants(test, ranges, &w, NULL);
	expect_empty(test, ranges);
}

static void convoy_survives_a_hand_over(struct kunit *test)
{
	test_hand_over(test, true);
	test_hand_over(test, false);
}

/* ---- crowds ------------------------------------------------------------------------------- */

static unsigned long count_steps(const struct blkv_ranges *ranges)
{
	unsigned long steps = ranges->wide.steps;
	unsigned int i;

	for (i = 0; i < BLKV_RANGE_SHARDS; i++)
		steps += ranges->shards[i].steps;
	return steps;
}

#define CROWD 20000U

/* A crowd, locked at once and unlocked as it is granted. */
struct crowd {
	struct blkv_ranges *ranges;
	struct blkv_range *range;
	struct list_head granted;
	unsigned int nr_done;
	unsigned long longest; /* most steps of one call */
};

static struct crowd *new_crowd(struct kunit *test)
{
	struct crowd *crowd = kunit_kzalloc(test, sizeof(*crowd), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, crowd);
	crowd->ranges = test->priv;
	crowd->range = kvmalloc_array(CROWD, sizeof(*crowd->range), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, crowd->range);
	INIT_LIST_HEAD(&crowd->granted);
	return crowd;
}

static void crowd_arrive(struct crowd *crowd, unsigned int n, struct blkv_range range)
{
	unsigned long before = count_steps(crowd->ranges);

	crowd->range[n] = range;
	if (blkv_range_lock(crowd->ranges, &crowd->range[n]))
		list_add_tail(&crowd->range[n].granted, &crowd->granted);
	crowd->longest = max(crowd->longest, count_steps(crowd->ranges) - before);
}

/* Everything is granted in the end; returns the steps in total. */
static unsigned long crowd_leave(struct kunit *test, struct crowd *crowd)
{
	struct blkv_range *range;
	unsigned long before;

	while ((range = list_first_entry_or_null(&crowd->granted, struct blkv_range, granted))) {
		before = count_steps(crowd->ranges);
		list_del_init(&range->granted);
		blkv_range_unlock(crowd->ranges, range, &crowd->granted);
		crowd->longest = max(crowd->longest, count_steps(crowd->ranges) - before);
		crowd->nr_done++;
	}
	KUNIT_EXPECT_EQ(test, crowd->nr_done, CROWD);
	expect_empty(test, crowd->ranges);
	kvfree(crowd->range);
	return count_steps(crowd->ranges);
}

static void crowd_of_equal_ranges_costs_no_walk(struct kunit *test)
{
	struct crowd *crowd = new_crowd(test);
	unsigned int n;

	for (n = 0; n < CROWD; n++)
		crowd_arrive(crowd, n, writes(8, 15));
	KUNIT_EXPECT_EQ(test, crowd_leave(test, crowd), 0);

	/* The first half is held; the other half waits for the write. */
	crowd = new_crowd(test);
	for (n = 0; n < CROWD; n++)
		crowd_arrive(crowd, n, range_of(8, 15, n != CROWD / 2));
	KUNIT_EXPECT_LE(test, crowd_leave(test, crowd), 10);
}

/* Most steps of a call: the walk of a departure, and two of the last admission. */
#define LONGEST (3 * crowd->ranges->limit)

static void crowd_costs_bounded_walks(struct kunit *test)
{
	struct rnd_state *random = bvtest_random(test);
	struct crowd *crowd = new_crowd(test);
	unsigned int n;
	sector_t start;

	/* All of them overlap, and few are equal. */
	for (n = 0; n < CROWD; n++) {
		start = below(random, 1000);
		crowd_arrive(crowd, n, range_of(start, between(random, 1000, 2000), n % 2));
	}
	KUNIT_EXPECT_LE(test, crowd_leave(test, crowd), (unsigned long)CROWD * LONGEST);
	KUNIT_EXPECT_LE(test, crowd->longest, LONGEST);

	/* One range over small ones, then small ones over that. */
	crowd = new_crowd(test);
	for (n = 0; n < CROWD; n++)
		crowd_arrive(crowd, n, n == CROWD / 2 ? writes(0, EVERYTHING) :
							writes(n * 8ULL, n * 8ULL + 7));
	crowd_leave(test, crowd);
	KUNIT_EXPECT_LE(test, crowd->longest, LONGEST);
}

static void range_with_too_many_waiters_is_queued_for(struct kunit *test)
{
	struct blkv_range a = writes(0, 15), b = writes(0, 3), c = writes(4, 7);
	struct blkv_range d = writes(8, 11), e = reads(0, 15), f = reads(100, 100);
	struct blkv_range g = reads(REGION(1000), REGION(1000) + 7);
	struct blkv_ranges *ranges = test->priv;

	ranges->limit = 2;
	KUNIT_EXPECT_TRUE(test, blkv_range_lock(ranges, &a));
	KUNIT_EXPECT_FALSE(test, blkv_range_lock(ranges, &b));
	KUNIT_EXPECT_FALSE(test, blkv_range_lock(ranges, &c));
	KUNIT_EXPECT_TRUE(test, list_empty(&ranges->queue));
	KUNIT_EXPECT_FALSE(test, blkv_range_lock(ranges, &d));
	KUNIT_EXPECT_FALSE(test, list_empty(&ranges->queue));
	/* Behind it in the queue, whether it conflicts or not; another shard is not affected. */
	KUNIT_EXPECT_FALSE(test, blkv_range_lock(ranges, &e));
	KUNIT_EXPECT_FALSE(test, blkv_range_lock(ranges, &f));
	KUNIT_EXPECT_TRUE(test, blkv_range_lock(ranges, &g));
	unlock_grants(test, ranges, &g, NULL);
	/* e has three blockers, which are too many, and holds back f. */
	unlock_grants(test, ranges, &a, &b, &c, &d, NULL);
	KUNIT_EXPECT_FALSE(test, list_empty(&ranges->queue));
	/* Now it has two. An unlock admits no more than this, so f comes with the next one. */
	unlock_grants(test, ranges, &b, NULL);
	unlock_grants(test, ranges, &c, &f, NULL);
	KUNIT_EXPECT_TRUE(test, list_empty(&ranges->queue));
	unlock_grants(test, ranges, &f, NULL);
	unlock_grants(test, ranges, &d, &e, NULL);
	unlock_grants(test, ranges, &e, NULL);
	expect_empty(test, ranges);
}

/* (Q1): a wide range that is queued for marks even those of its shards that are empty. */
static void queued_range_is_not_overtaken(struct kunit *test)
{
	struct blkv_range a = reads(0, 0), b = reads(1, 1), c = reads(2, 2);
	struct blkv_range wide = writes(0, REGION(3)), later = writes(REGION(2), REGION(2));
	struct blkv_ranges *ranges = test->priv;

	ranges->limit = 2;
	KUNIT_EXPECT_TRUE(test, blkv_range_lock(ranges, &a));
	KUNIT_EXPECT_TRUE(test, blkv_range_lock(ranges, &b));
	KUNIT_EXPECT_TRUE(test, blkv_range_lock(ranges, &c));
	KUNIT_EXPECT_FALSE(test, blkv_range_lock(ranges, &wide));
	KUNIT_EXPECT_FALSE(test, list_empty(&ranges->queue));
	KUNIT_EXPECT_FALSE(test, blkv_range_lock(ranges, &later));
	unlock_grants(test, ranges, &b, NULL);
	unlock_grants(test, ranges, &a, NULL);
	KUNIT_EXPECT_TRUE(test, list_empty(&ranges->queue));
	unlock_grants(test, ranges, &c, &wide, NULL);
	unlock_grants(test, ranges, &wide, &later, NULL);
	unlock_grants(test, ranges, &later, NULL);
	expect_empty(test, ranges);
}

/* (Q1): ranges without blockers are admitted some at a time, and the last ones, too. */
static void queue_is_admitted_to_the_end(struct kunit *test)
{
	struct blkv_range *range = kunit_kcalloc(test, 43, sizeof(*range), GFP_KERNEL);
	struct blkv_ranges *ranges = test->priv;
	LIST_HEAD(granted);
	unsigned int n;

	KUNIT_ASSERT_NOT_NULL(test, range);
	ranges->limit = 1;
	for (n = 0; n < 43; n++) {
		/* The third one is queued, and so are all others: they are wide. */
		range[n] = n < 3 ? writes(0, n) :
				   writes(REGION(n % 20) + n, REGION(n % 20 + 1) + n);
		KUNIT_EXPECT_EQ(test, blkv_range_lock(ranges, &range[n]), n == 0);
		KUNIT_EXPECT_EQ(test, list_empty(&ranges->queue), n < 2);
	}
	blkv_range_unlock(ranges, &range[0], &granted);
	for (n = 1; n < 43; n++) {
		struct blkv_range *first = list_first_entry_or_null(&granted, struct blkv_range,
								    granted);

		KUNIT_ASSERT_NOT_NULL(test, first);
		list_del_init(&first->granted);
		blkv_range_unlock(ranges, first, &granted);
	}
	expect_empty(test, ranges);
}

/* ---- random cases ------------------------------------------------------------------------- */

#define MODEL_MAX 64

/*
 * One request, in the list of the model from lock to unlock. @held is what the lock returned, not
 * what the model expects. A hand-over moves it from one of its ranges to the other.
 */
struct request {
	struct blkv_range ranges[2];
	struct blkv_range *range;
	struct list_head arrival;
	bool held;
};

/*
 * With a low limit, the lock may grant later than the list does, but never earlier, and it must
 * grant in the end.
 */
struct model {
	struct blkv_ranges *ranges;
	struct list_head requests; /* in order of arrival */
	struct request *slots;
	unsigned int nr;
	unsigned int nr_held;
	unsigned int waited;
	unsigned int queued;
	bool exact;
	sector_t base;
	u32 nr_sectors;
	u32 grain; /* sectors of the device that are one of the model */
};

static struct model *new_model(struct kunit *test, sector_t base, u32 nr_sectors, u32 grain)
{
	struct model *model = kunit_kzalloc(test, sizeof(*model), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, model);
	model->slots = kunit_kcalloc(test, MODEL_MAX, sizeof(*model->slots), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, model->slots);
	model->ranges = test->priv;
	INIT_LIST_HEAD(&model->requests);
	model->exact = true;
	model->base = base;
	model->nr_sectors = nr_sectors;
	model->grain = grain;
	return model;
}

static bool conflict(const struct request *a, const struct request *b)
{
	return a->range->start <= b->range->last && b->range->start <= a->range->last &&
	       !(a->range->shared && b->range->shared);
}

static bool may_run(struct model *model, const struct request *request)
{
	struct request *other;

	list_for_each_entry(other, &model->requests, arrival) {
		if (other == request)
			return true;
		if (conflict(other, request))
			return false;
	}
	return true;
}

static struct request *free_slot(struct model *model)
{
	unsigned int i;

	for (i = 0; i < MODEL_MAX; i++)
		if (!model->slots[i].arrival.next)
			return &model->slots[i];
	return NULL;
}

static void pick_range(struct rnd_state *random, struct model *model, struct blkv_range *range)
{
	u32 start = below(random, model->nr_sectors), nr = 1;

	memset(range, 0xa5, sizeof(*range));
	switch (below(random, 10)) {
	case 0:
		start = 0;
		nr = model->nr_sectors;
		break;
	case 1 ... 2:
		nr = between(random, 1, model->nr_sectors - start);
		break;
	case 3 ... 6:
		nr = min(between(random, 1, 8), model->nr_sectors - start);
		break;
	case 7 ... 8:
		/* Often the same one. */
		start = model->nr_sectors / 2 - 1;
		nr = 2;
		break;
	}
	range->start = model->base + (sector_t)start * model->grain;
	range->last = range->start + (sector_t)nr * model->grain - 1;
	range->shared = !one_in(random, 3);
}

static void lock_one(struct kunit *test, struct rnd_state *random, struct model *model)
{
	struct request *request = free_slot(model);

	if (!request)
		return;
	request->range = &request->ranges[0];
	pick_range(random, model, request->range);
	list_add_tail(&request->arrival, &model->requests);
	request->held = blkv_range_lock(model->ranges, request->range);
	if (model->exact)
		KUNIT_ASSERT_EQ(test, request->held, may_run(model, request));
	if (request->held)
		KUNIT_ASSERT_TRUE(test, may_run(model, request));
	model->nr++;
	model->nr_held += request->held;
	model->waited += !request->held;
	model->queued += !list_empty(&model->ranges->queue);
}

static struct request *pick_held(struct rnd_state *random, struct model *model)
{
	u32 n = below(random, model->nr_held);
	struct request *request;

	list_for_each_entry(request, &model->requests, arrival)
		if (request->held && !n--)
			return request;
	return NULL;
}

static void hand_over_one(struct rnd_state *random, struct model *model)
{
	struct blkv_range *from, *to;
	struct request *request;

	if (!model->nr_held)
		return;
	request = pick_held(random, model);
	from = request->range;
	to = from == &request->ranges[0] ? &request->ranges[1] : &request->ranges[0];
	memset(to, 0xa5, sizeof(*to));
	blkv_range_hand_over(model->ranges, from, to);
	memset(from, 0xa5, sizeof(*from));
	request->range = to;
}

static void unlock_one(struct kunit *test, struct rnd_state *random, struct model *model)
{
	struct request *request, *other;
	LIST_HEAD(granted);
	size_t nr = 0;
	bool late;

	if (!model->nr_held)
		return;
	request = pick_held(random, model);
	blkv_range_unlock(model->ranges, request->range, &granted);
	list_del(&request->arrival);
	memset(request, 0, sizeof(*request));
	model->nr--;
	model->nr_held--;

	/* The lock must grant exactly what the model grants. */
	list_for_each_entry(other, &model->requests, arrival) {
		if (!is_listed(&granted, other->range)) {
			late = !other->held && may_run(model, other);
			KUNIT_ASSERT_FALSE(test, model->exact && late);
			continue;
		}
		KUNIT_ASSERT_FALSE(test, other->held);
		KUNIT_ASSERT_TRUE(test, may_run(model, other));
		other->held = true;
		nr++;
	}
	KUNIT_ASSERT_EQ(test, list_count_nodes(&granted), nr);
	model->nr_held += nr;
}

static void expect_no_conflict_held(struct kunit *test, struct model *model)
{
	struct request *a, *b;

	list_for_each_entry(a, &model->requests, arrival)
		for (b = list_next_entry(a, arrival);
		     !list_entry_is_head(b, &model->requests, arrival);
		     b = list_next_entry(b, arrival))
			KUNIT_ASSERT_FALSE(test, a->held && b->held && conflict(a, b));
}

static void run_model(struct kunit *test, struct rnd_state *random, struct model *model,
		      unsigned int rounds)
{
	/* The load changes: sometimes crowded, sometimes nearly empty. */
	u32 wanted = 1;

	while (rounds--) {
		if (one_in(random, 50))
			wanted = between(random, 1, MODEL_MAX);
		if (one_in(random, 20))
			hand_over_one(random, model);
		if (below(random, wanted) >= model->nr / 2)
			lock_one(test, random, model);
		else
			unlock_one(test, random, model);
		expect_no_conflict_held(test, model);
	}
}

/* Everything that waits is granted once the others are done. */
static void drain(struct kunit *test, struct rnd_state *random, struct model *model)
{
	while (model->nr) {
		KUNIT_ASSERT_GT(test, model->nr_held, 0);
		unlock_one(test, random, model);
	}
	expect_empty(test, model->ranges);
}

static void match_a_list(struct kunit *test, sector_t base, u32 nr_sectors, u32 grain,
			 unsigned int rounds)
{
	struct rnd_state *random = bvtest_random(test);
	struct model *model = new_model(test, base, nr_sectors, grain);

	run_model(test, random, model, bvtest_rounds(rounds));
	KUNIT_EXPECT_GT(test, model->waited, 0);
	KUNIT_EXPECT_EQ(test, model->queued, 0);
	drain(test, random, model);
}

static void crowded_requests_match_a_list(struct kunit *test)
{
	match_a_list(test, 0, 32, 1, 4000);
}

static void sparse_requests_match_a_list(struct kunit *test)
{
	match_a_list(test, 0, 1 << 20, 1, 4000);
}

static void high_sectors_match_a_list(struct kunit *test)
{
	/* Around 2^32, where a truncated sector number would wrap. */
	match_a_list(test, (1ULL << 32) - 100, 200, 1, 2000);
}

static void requests_at_an_edge_match_a_list(struct kunit *test)
{
	match_a_list(test, REGION(7) - 16, 32, 1, 4000);
}

static void wide_requests_match_a_list(struct kunit *test)
{
	/* Half a region each, so that some are narrow and some touch all shards. */
	match_a_list(test, 0, 160, BLKV_REGION_SECTORS / 2, 4000);
	match_a_list(test, REGION(9), 12, BLKV_REGION_SECTORS / 2, 4000);
}

/* With a low limit, ranges are queued; none overtakes, and all are granted in the end. */
static void low_limits_keep_the_order(struct kunit *test)
{
	struct rnd_state *random = bvtest_random(test);
	struct model *model;
	unsigned int i;

	for (i = 0; i < 24; i++) {
		model = new_model(test, REGION(7) - 16, 32, i % 2 ? 1 : BLKV_REGION_SECTORS / 2);
		model->exact = false;
		model->ranges->limit = 1 + i / 2 % 6;
		run_model(test, random, model, bvtest_rounds(600));
		KUNIT_EXPECT_GT(test, model->queued, 0);
		drain(test, random, model);
	}
}

static void every_waiter_is_eventually_granted(struct kunit *test)
{
	struct rnd_state *random = bvtest_random(test);
	struct model *model = new_model(test, 0, 64, 1);
	unsigned int i;

	for (i = 0; i < bvtest_rounds(30); i++) {
		while (model->nr < MODEL_MAX)
			lock_one(test, random, model);
		drain(test, random, model);
	}
}

/* ---- several CPUs ------------------------------------------------------------------------- */

#define MAX_TASKS 8
#define TASK_DEPTH 4
#define PLACES 24

struct claim {
	struct blkv_range range;
	struct completion granted;
	unsigned int first;
	unsigned int last;
};

struct tasks {
	struct blkv_ranges *ranges;
	atomic_t owners[PLACES]; /* number of shared owners, or -1 */
	atomic_t nr_conflicts;
	atomic_t nr_stuck;
	unsigned int rounds;
};

struct task {
	struct tasks *tasks;
	struct rnd_state random;
	struct completion done;
	struct claim claims[TASK_DEPTH];
};

/* Two places a region, so that some ranges are narrow and some wide. */
static void claim_lock(struct task *task, struct claim *claim)
{
	struct rnd_state *random = &task->random;

	claim->first = one_in(random, 3) ? PLACES / 2 : below(random, PLACES);
	claim->last = one_in(random, 2) ? claim->first : between(random, claim->first, PLACES - 1);
	claim->range = range_of(REGION(3) + claim->first * (BLKV_REGION_SECTORS / 2ULL),
				REGION(3) + (claim->last + 1) * (BLKV_REGION_SECTORS / 2ULL) - 1,
				one_in(random, 2));
	init_completion(&claim->granted);
	if (blkv_range_lock(task->tasks->ranges, &claim->range))
		complete(&claim->granted);
}

static void claim_use(struct tasks *tasks, struct claim *claim, bool begin)
{
	bool shared = claim->range.shared;
	unsigned int n;

	for (n = claim->first; n <= claim->last; n++) {
		atomic_t *owner = &tasks->owners[n];

		if (!begin)
			atomic_add(shared ? -1 : 1, owner);
		else if (shared ? !atomic_inc_unless_negative(owner) : atomic_cmpxchg(owner, 0, -1))
			atomic_inc(&tasks->nr_conflicts);
	}
}

static void claim_unlock(struct tasks *tasks, struct claim *claim)
{
	struct blkv_range *range, *next;
	LIST_HEAD(granted);

	blkv_range_unlock(tasks->ranges, &claim->range, &granted);
	list_for_each_entry_safe(range, next, &granted, granted)
		complete(&container_of(range, struct claim, range)->granted);
}

static int task_run(void *data)
{
	struct task *task = data;
	struct tasks *tasks = task->tasks;
	unsigned int round, i;

	for (round = 0; round < tasks->rounds && !atomic_read(&tasks->nr_stuck); round++) {
		for (i = 0; i < TASK_DEPTH; i++)
			claim_lock(task, &task->claims[i]);
		/* In order of arrival, or tasks could wait for each other. */
		for (i = 0; i < TASK_DEPTH; i++) {
			struct claim *claim = &task->claims[i];

			if (!wait_for_completion_timeout(&claim->granted, 60 * HZ)) {
				atomic_inc(&tasks->nr_stuck);
				break;
			}
			claim_use(tasks, claim, true);
			if (one_in(&task->random, 8))
				schedule();
			claim_use(tasks, claim, false);
			claim_unlock(tasks, claim);
		}
	}
	complete(&task->done);
	return 0;
}

static void run_tasks(struct kunit *test, unsigned int limit)
{
	unsigned int i, nr = clamp(2 * num_online_cpus(), 4U, MAX_TASKS);
	struct tasks *tasks = kunit_kzalloc(test, sizeof(*tasks), GFP_KERNEL);
	struct task *task = kunit_kcalloc(test, nr, sizeof(*task), GFP_KERNEL);
	struct rnd_state *random = bvtest_random(test);

	KUNIT_ASSERT_TRUE(test, tasks && task);
	tasks->ranges = test->priv;
	tasks->ranges->limit = limit;
	tasks->rounds = bvtest_rounds(1000);
	for (i = 0; i < nr; i++) {
		task[i].tasks = tasks;
		prandom_seed_state(&task[i].random, prandom_u32_state(random));
		init_completion(&task[i].done);
	}
	for (i = 0; i < nr; i++)
		if (IS_ERR(kthread_run(task_run, &task[i], "bvtest-range/%u", i)))
			complete(&task[i].done);
	for (i = 0; i < nr; i++)
		wait_for_completion(&task[i].done);
	KUNIT_EXPECT_EQ(test, atomic_read(&tasks->nr_conflicts), 0);
	KUNIT_ASSERT_EQ(test, atomic_read(&tasks->nr_stuck), 0);
	expect_empty(test, tasks->ranges);
}

static void concurrent_requests_do_not_conflict(struct kunit *test)
{
	run_tasks(test, 64);
	run_tasks(test, 2);
}

static int range_init(struct kunit *test)
{
	test->priv = kunit_kzalloc(test, sizeof(struct blkv_ranges), GFP_KERNEL);
	if (!test->priv)
		return -ENOMEM;
	blkv_ranges_init(test->priv);
	return 0;
}

static struct kunit_case range_cases[] = {
	KUNIT_CASE(reads_are_shared),
	KUNIT_CASE(reads_are_shared_despite_a_distant_write),
	KUNIT_CASE(write_waits_for_all_earlier_reads),
	KUNIT_CASE(reads_wait_together_for_an_earlier_write),
	KUNIT_CASE(overlapping_writes_are_serialized),
	KUNIT_CASE(adjacent_ranges_do_not_conflict),
	KUNIT_CASE(read_does_not_overtake_a_waiting_write),
	KUNIT_CASE(unlock_is_counted_once),
	KUNIT_CASE(whole_device_conflicts_with_everything),
	KUNIT_CASE(granted_ranges_are_appended),
	KUNIT_CASE(regions_spread_over_shards),
	KUNIT_CASE(neighbours_are_in_different_shards),
	KUNIT_CASE(range_in_a_region_is_in_one_shard),
	KUNIT_CASE(narrow_range_blocks_a_wide_one_in_each_region),
	KUNIT_CASE(wide_range_blocks_a_narrow_one_in_each_region),
	KUNIT_CASE(wide_ranges_block_each_other),
	KUNIT_CASE(narrow_ranges_keep_their_place_around_wide_ones),
	KUNIT_CASE(marks_last_as_long_as_the_wide_range),
	KUNIT_CASE(equal_writes_form_a_convoy),
	KUNIT_CASE(convoy_does_not_grow_past_a_waiter),
	KUNIT_CASE(read_convoy_does_not_grow_past_a_waiter),
	KUNIT_CASE(reads_leave_a_convoy_in_any_order),
	KUNIT_CASE(convoy_survives_a_hand_over),
	KUNIT_CASE(crowd_of_equal_ranges_costs_no_walk),
	KUNIT_CASE(crowd_costs_bounded_walks),
	KUNIT_CASE(range_with_too_many_waiters_is_queued_for),
	KUNIT_CASE(queued_range_is_not_overtaken),
	KUNIT_CASE(queue_is_admitted_to_the_end),
	KUNIT_CASE(crowded_requests_match_a_list),
	KUNIT_CASE(sparse_requests_match_a_list),
	KUNIT_CASE(high_sectors_match_a_list),
	KUNIT_CASE(requests_at_an_edge_match_a_list),
	KUNIT_CASE(wide_requests_match_a_list),
	KUNIT_CASE(low_limits_keep_the_order),
	KUNIT_CASE(every_waiter_is_eventually_granted),
	KUNIT_CASE(concurrent_requests_do_not_conflict),
	{}
};

static struct kunit_suite range_suite = {
	.name = "range",
	.init = range_init,
	.test_cases = range_cases,
};

kunit_test_suite(range_suite);
