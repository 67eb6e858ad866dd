// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the limits of the mapped device, and of what is sent to a raw leg that does not offer an
 * operation.
 */
#include <linux/log2.h>
#include <linux/sizes.h>

#include "kunit.h"
#include "limits.h"

/* ---- what is sent to the raw leg ---------------------------------------------------------- */

static void raw_leg_is_sent_what_it_offers(struct kunit *test)
{
	enum blkv_operation i;

	for (i = 0; i < BLKV_OPERATIONS_NR; i++) {
		KUNIT_EXPECT_EQ(test, blkv_raw_action(i, true, false), BLKV_RAW_SEND);
		KUNIT_EXPECT_EQ(test, blkv_raw_action(i, true, true), BLKV_RAW_SEND);
	}
}

static void raw_leg_is_sent_the_substitute_otherwise(struct kunit *test)
{
	static const struct {
		enum blkv_raw_action action, action_for_zeros;
	} expected[BLKV_OPERATIONS_NR] = {
		[BLKV_OPERATION_READ] = { BLKV_RAW_SEND, BLKV_RAW_SEND },
		[BLKV_OPERATION_WRITE] = { BLKV_RAW_SEND, BLKV_RAW_SEND },
		[BLKV_OPERATION_FLUSH] = { BLKV_RAW_SEND, BLKV_RAW_SEND },
		[BLKV_OPERATION_DISCARD] = { BLKV_RAW_SKIP, BLKV_RAW_ZERO },
		[BLKV_OPERATION_SECURE_ERASE] = { BLKV_RAW_SKIP, BLKV_RAW_ZERO },
		[BLKV_OPERATION_WRITE_ZEROES] = { BLKV_RAW_ZERO, BLKV_RAW_ZERO },
	};
	enum blkv_operation i;

	for (i = 0; i < BLKV_OPERATIONS_NR; i++) {
		KUNIT_EXPECT_EQ(test, blkv_raw_action(i, false, false), expected[i].action);
		KUNIT_EXPECT_EQ(test, blkv_raw_action(i, false, true),
				expected[i].action_for_zeros);
	}
}

/* Skipping is only allowed if the sectors are not compared afterwards. */
static void zeros_and_data_are_never_skipped(struct kunit *test)
{
	enum blkv_operation i;

	for (i = 0; i < BLKV_OPERATIONS_NR; i++) {
		KUNIT_EXPECT_NE(test, blkv_raw_action(i, false, true), BLKV_RAW_SKIP);
		if (blkv_operation_has_data(i))
			KUNIT_EXPECT_EQ(test, blkv_raw_action(i, false, false), BLKV_RAW_SEND);
	}
}

static void granules_are_whole_if_both_ends_are_aligned(struct kunit *test)
{
	static const struct {
		unsigned int granularity, alignment;
		u64 start, len;
		bool whole;
	} cases[] = {
		{ 0, 0, 512, 512, true },
		{ 512, 0, 512, 512, true },
		{ SZ_4K, 0, SZ_4K, SZ_8K, true },
		{ SZ_4K, 0, 512, SZ_8K, false },
		{ SZ_4K, 0, SZ_4K, 512, false },
		{ SZ_4K, 0, SZ_2K, SZ_2K, false },
		{ SZ_4K, SZ_1K, SZ_1K, SZ_4K, true },
		{ SZ_4K, SZ_1K, SZ_4K + SZ_1K, SZ_4K, true },
		{ SZ_4K, SZ_1K, SZ_4K, SZ_4K, false },
		{ SZ_4K, SZ_4K, 0, SZ_4K, true },
		/* Not a power of two. */
		{ 3 * SZ_64K, 0, 9ULL * SZ_64K, 6ULL * SZ_64K, true },
		{ 3 * SZ_64K, 0, 8ULL * SZ_64K, 6ULL * SZ_64K, false },
		/* More than 32 bits. */
		{ SZ_1M, 0, 5ULL * SZ_1G, 6ULL * SZ_1G, true },
		{ SZ_1M, 0, 5ULL * SZ_1G, 6ULL * SZ_1G + 512, false },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		KUNIT_EXPECT_EQ_MSG(test,
				    blkv_granules_are_whole(cases[i].granularity,
							    cases[i].alignment, cases[i].start,
							    cases[i].len),
				    cases[i].whole, "case %u", i);
}

/* ---- limits ------------------------------------------------------------------------------- */

static unsigned int random_size(struct rnd_state *random, unsigned int from, unsigned int to)
{
	return 1U << between(random, ilog2(from), ilog2(to));
}

/* Limits as a driver may set them: consistent, and of any size. */
static void limits_of_test(struct rnd_state *random, struct queue_limits *limits)
{
	memset(limits, 0, sizeof(*limits));
	limits->logical_block_size = random_size(random, SECTOR_SIZE, SZ_4K);
	limits->physical_block_size = random_size(random, limits->logical_block_size, SZ_64K);
	limits->io_min = limits->physical_block_size * between(random, 1, 6);
	limits->io_opt = limits->physical_block_size * below(random, 6);
	limits->chunk_sectors = (limits->physical_block_size >> SECTOR_SHIFT) * below(random, 6);
	limits->max_hw_sectors = between(random, SZ_64K >> SECTOR_SHIFT, 9999);
	limits->max_sectors = between(random, SZ_64K >> SECTOR_SHIFT, limits->max_hw_sectors);
	limits->max_dev_sectors = below(random, 9999);
	limits->max_hw_discard_sectors = below(random, 9999);
	limits->max_discard_sectors = limits->max_hw_discard_sectors;
	limits->discard_granularity = limits->max_discard_sectors ? SECTOR_SIZE : 0;
	limits->max_secure_erase_sectors = below(random, 9999);
	limits->max_write_zeroes_sectors = one_in(random, 4) ? UINT_MAX : below(random, 9999);
	limits->max_segments = between(random, 1, 128);
	limits->max_segment_size = between(random, SZ_4K, SZ_1M);
	limits->virt_boundary_mask = one_in(random, 2) ? SZ_4K - 1 : 0;
	limits->dma_alignment = random_size(random, 4, SZ_4K) - 1;
}

static void smaller_blocks_of_raw_change_nothing(struct kunit *test)
{
	struct rnd_state *random = bvtest_random(test);
	struct queue_limits limits, before;
	unsigned int n, size;

	for (n = bvtest_rounds(1000); n; n--) {
		limits_of_test(random, &limits);
		before = limits;
		for (size = SECTOR_SIZE; size <= limits.logical_block_size; size *= 2) {
			blkv_limits_add_raw(&limits, size);
			KUNIT_ASSERT_MEMEQ(test, &limits, &before, sizeof(limits));
		}
	}
}

/* A limit of the test leg is kept as far as whole blocks allow, and never becomes "not offered". */
static void expect_rounded(struct kunit *test, unsigned int limit, unsigned int before,
			   unsigned int block_sectors)
{
	KUNIT_EXPECT_EQ(test, limit % block_sectors, 0);
	KUNIT_EXPECT_EQ(test, !limit, !before);
	KUNIT_EXPECT_LE(test, limit, max(before, block_sectors));
	KUNIT_EXPECT_GT(test, (u64)limit + block_sectors, before);
}

/* What blk_stack_limits() and blk_validate_limits() require. */
static void larger_blocks_of_raw_leave_limits_consistent(struct kunit *test)
{
	struct rnd_state *random = bvtest_random(test);
	struct queue_limits limits, before;
	unsigned int n, size, sectors;

	for (n = bvtest_rounds(1000); n; n--) {
		limits_of_test(random, &before);
		limits = before;
		size = random_size(random, 2 * before.logical_block_size, SZ_64K);
		sectors = size >> SECTOR_SHIFT;
		blkv_limits_add_raw(&limits, size);

		KUNIT_EXPECT_EQ(test, limits.logical_block_size, size);
		KUNIT_EXPECT_EQ(test, limits.physical_block_size,
				max(before.physical_block_size, size));
		KUNIT_EXPECT_EQ(test, limits.io_min % limits.physical_block_size, 0);
		KUNIT_EXPECT_GE(test, limits.io_min, before.io_min);
		KUNIT_EXPECT_EQ(test, limits.io_opt % limits.physical_block_size, 0);
		KUNIT_EXPECT_LE(test, limits.io_opt, before.io_opt);
		KUNIT_EXPECT_EQ(test,
				limits.chunk_sectors %
					(limits.physical_block_size >> SECTOR_SHIFT),
				0);
		if (limits.discard_granularity)
			KUNIT_EXPECT_GE(test, limits.discard_granularity,
					limits.physical_block_size);
		KUNIT_EXPECT_EQ(test, !limits.discard_granularity, !before.discard_granularity);

		expect_rounded(test, limits.max_sectors, before.max_sectors, sectors);
		expect_rounded(test, limits.max_hw_sectors, before.max_hw_sectors, sectors);
		expect_rounded(test, limits.max_dev_sectors, before.max_dev_sectors, sectors);
		expect_rounded(test, limits.max_discard_sectors, before.max_discard_sectors,
			       sectors);
		expect_rounded(test, limits.max_hw_discard_sectors, before.max_hw_discard_sectors,
			       sectors);
		expect_rounded(test, limits.max_secure_erase_sectors,
			       before.max_secure_erase_sectors, sectors);
		expect_rounded(test, limits.max_write_zeroes_sectors,
			       before.max_write_zeroes_sectors, sectors);
		KUNIT_EXPECT_LE(test, limits.max_sectors, limits.max_hw_sectors);

		/* Nothing else is taken from the raw leg. */
		KUNIT_EXPECT_EQ(test, limits.max_segments, before.max_segments);
		KUNIT_EXPECT_EQ(test, limits.max_segment_size, before.max_segment_size);
		KUNIT_EXPECT_EQ(test, limits.virt_boundary_mask, before.virt_boundary_mask);
		KUNIT_EXPECT_EQ(test, limits.dma_alignment, before.dma_alignment);
	}
}

/* ---- what is not passed on ---------------------------------------------------------------- */

static void features_that_are_never_passed_on_are_recognised(struct kunit *test)
{
	struct request_queue *queue = kunit_kzalloc(test, sizeof(*queue), GFP_KERNEL);
	struct block_device *bdev = kunit_kzalloc(test, sizeof(*bdev), GFP_KERNEL);
	struct dm_dev leg = { .bdev = bdev };
	enum blkv_unpassed i;

	KUNIT_ASSERT_NOT_NULL(test, queue);
	KUNIT_ASSERT_NOT_NULL(test, bdev);
	bdev->bd_queue = queue;
	for (i = 0; i < BLKV_UNPASSED_NR; i++)
		KUNIT_EXPECT_FALSE(test, blkv_leg_has_unpassed(&leg, i));

	leg.dax_dev = (void *)test;
	for (i = 0; i < BLKV_UNPASSED_NR; i++)
		KUNIT_EXPECT_EQ(test, blkv_leg_has_unpassed(&leg, i), i == BLKV_UNPASSED_DAX);

#ifdef CONFIG_BLK_INLINE_ENCRYPTION
	leg.dax_dev = NULL;
	queue->crypto_profile = (void *)test;
	for (i = 0; i < BLKV_UNPASSED_NR; i++)
		KUNIT_EXPECT_EQ(test, blkv_leg_has_unpassed(&leg, i),
				i == BLKV_UNPASSED_INLINE_ENCRYPTION);
#endif
}

/* ---- atomic writes ------------------------------------------------------------------------ */

static void atomic_writes_are_never_split(struct kunit *test)
{
	static const struct {
		unsigned int block, unit_min, unit_max, max;
		unsigned int new_unit_min, new_unit_max, new_max;
	} cases[] = {
		/* None. */
		{ 512, 0, 0, 0, 0, 0, 0 },
		/* Unchanged. */
		{ 512, 512, SZ_64K, SZ_128K, 512, SZ_64K, SZ_128K },
		{ SZ_4K, SZ_4K, SZ_1M, SZ_1M, SZ_4K, SZ_1M, SZ_1M },
		/* No longer than what the target never splits. */
		{ 512, 512, SZ_4M, SZ_8M, 512, SZ_1M, SZ_1M },
		{ 512, 512, SZ_64K, SZ_8M, 512, SZ_64K, SZ_1M },
		/* Not shorter than a block of the raw leg. */
		{ SZ_4K, 512, SZ_64K, SZ_64K, SZ_4K, SZ_64K, SZ_64K },
		{ SZ_4K, 512, SZ_2K, SZ_4K, 0, 0, 0 },
		/* All of them longer than what is never split. */
		{ 512, SZ_2M, SZ_2M, SZ_2M, 0, 0, 0 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct queue_limits limits = {
			.logical_block_size = cases[i].block,
			.atomic_write_hw_unit_min = cases[i].unit_min,
			.atomic_write_hw_unit_max = cases[i].unit_max,
			.atomic_write_hw_max = cases[i].max,
		};

		blkv_limits_bound_atomic(&limits);
		KUNIT_EXPECT_EQ_MSG(test, limits.atomic_write_hw_unit_min, cases[i].new_unit_min,
				    "case %u", i);
		KUNIT_EXPECT_EQ_MSG(test, limits.atomic_write_hw_unit_max, cases[i].new_unit_max,
				    "case %u", i);
		KUNIT_EXPECT_EQ_MSG(test, limits.atomic_write_hw_max, cases[i].new_max, "case %u",
				    i);
	}
}

static struct kunit_case limits_cases[] = {
	KUNIT_CASE(raw_leg_is_sent_what_it_offers),
	KUNIT_CASE(raw_leg_is_sent_the_substitute_otherwise),
	KUNIT_CASE(zeros_and_data_are_never_skipped),
	KUNIT_CASE(granules_are_whole_if_both_ends_are_aligned),
	KUNIT_CASE(smaller_blocks_of_raw_change_nothing),
	KUNIT_CASE(larger_blocks_of_raw_leave_limits_consistent),
	KUNIT_CASE(features_that_are_never_passed_on_are_recognised),
	KUNIT_CASE(atomic_writes_are_never_split),
	{}
};

static struct kunit_suite limits_suite = {
	.name = "limits",
	.test_cases = limits_cases,
};

kunit_test_suite(limits_suite);
