// SPDX-License-Identifier: GPL-2.0-only
/* Tests of the shape of the caller's memory. */
#include <linux/log2.h>

#include "kunit.h"
#include "shape.h"

static struct blkv_plan plan_of(struct bvtest_caller *caller)
{
	struct blkv_plan plan;

	memset(&plan, 0xa5, sizeof(plan));
	blkv_shape_plan(&caller->shape, &plan);
	return plan;
}

static unsigned int nr_chunks(const struct blkv_plan *plan)
{
	unsigned int order, nr = 0;

	for (order = 0; order < BLKV_ORDERS; order++)
		nr += plan->nr[order];
	return nr;
}

static void run_is_what_is_contiguous(struct kunit *test)
{
	struct bvtest_caller *caller = bvtest_caller(test);

	bvtest_caller_add(caller, 512, 1024);
	KUNIT_EXPECT_EQ(test, blkv_shape_run(&caller->shape), 1024);
	bvtest_caller_add(caller, 1536, 2560 + PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, blkv_shape_run(&caller->shape), 3584 + PAGE_SIZE);
	/* A gap of a few bytes ends it. */
	bvtest_caller_add(caller, 4 + 2 * PAGE_SIZE, 512);
	KUNIT_EXPECT_EQ(test, blkv_shape_run(&caller->shape), 3584 + PAGE_SIZE);
	/* It may begin inside a segment, and ends with the request. */
	bvec_iter_advance(caller->vecs, &caller->shape.iter, 24);
	KUNIT_EXPECT_EQ(test, blkv_shape_run(&caller->shape), 3560 + PAGE_SIZE);
	caller->shape.iter.bi_size = 100;
	KUNIT_EXPECT_EQ(test, blkv_shape_run(&caller->shape), 100);
}

/* Same memory twice, or memory before the previous segment, is not contiguous. */
static void order_of_segments_matters(struct kunit *test)
{
	struct bvtest_caller *caller = bvtest_caller(test);
	struct blkv_plan plan;

	bvtest_caller_add(caller, PAGE_SIZE, PAGE_SIZE);
	bvtest_caller_add(caller, 0, PAGE_SIZE);
	bvtest_caller_add(caller, 0, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, blkv_shape_run(&caller->shape), PAGE_SIZE);
	plan = plan_of(caller);
	KUNIT_EXPECT_EQ(test, plan.nr[0], 3);
	KUNIT_EXPECT_EQ(test, plan.nr_vecs, 3);
	KUNIT_EXPECT_TRUE(test, blkv_shape_is_plain(&caller->shape));
}

static void only_whole_separate_pages_are_plain(struct kunit *test)
{
	static const struct {
		size_t at[2];
		size_t len[2];
		bool plain;
	} cases[] = {
		{ { 0 }, { PAGE_SIZE }, true },
		{ { 0 }, { 512 }, true },
		{ { 512 }, { 512 }, false },
		{ { 0 }, { 2 * PAGE_SIZE }, false },
		{ { 0, 2 * PAGE_SIZE }, { PAGE_SIZE, PAGE_SIZE }, true },
		{ { 0, 2 * PAGE_SIZE }, { PAGE_SIZE, 1024 }, true },
		{ { 0, 2 * PAGE_SIZE }, { 1024, PAGE_SIZE }, false },
		{ { 0, PAGE_SIZE }, { PAGE_SIZE, PAGE_SIZE }, false },
		{ { 0, 1024 }, { 1024, 1024 }, false },
		{ { 0, 2 * PAGE_SIZE + 4 }, { PAGE_SIZE, 512 }, false },
	};
	struct bvtest_caller *caller = bvtest_caller(test);
	unsigned int i, n;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		bvtest_caller_reset(caller);
		for (n = 0; n < 2 && cases[i].len[n]; n++)
			bvtest_caller_add(caller, cases[i].at[n], cases[i].len[n]);
		KUNIT_EXPECT_EQ_MSG(test, blkv_shape_is_plain(&caller->shape), cases[i].plain,
				    "case %u", i);
	}
}

/* A run needs a power of two of pages, counted from the start of its first page. */
static void chunk_has_room_for_the_run(struct kunit *test)
{
	struct bvtest_caller *caller = bvtest_caller(test);
	unsigned int nr_pages;

	for (nr_pages = 1; nr_pages <= 1 << BVTEST_CALLER_ORDER; nr_pages++) {
		unsigned int order = order_base_2(nr_pages);
		struct blkv_plan plan;

		bvtest_caller_reset(caller);
		bvtest_caller_add(caller, 512, nr_pages * PAGE_SIZE - 512);
		plan = plan_of(caller);
		KUNIT_EXPECT_EQ(test, plan.nr[order], 1);
		KUNIT_EXPECT_EQ(test, nr_chunks(&plan), 1);
		KUNIT_EXPECT_EQ(test, plan.max_order, order);
		KUNIT_EXPECT_EQ(test, plan.nr_vecs, 1);

		bvtest_caller_reset(caller);
		bvtest_caller_add(caller, 512, (nr_pages - 1) * PAGE_SIZE + 512);
		KUNIT_EXPECT_EQ(test, plan_of(caller).nr[order], 1);
	}
}

/* Longer than any chunk: no memory of that size is touched. */
static void longest_runs_are_split(struct kunit *test)
{
	const size_t chunk = PAGE_SIZE << BLKV_MAX_ORDER;
	struct bvtest_caller *caller = bvtest_caller(test);
	struct blkv_plan plan;

	bvtest_caller_add(caller, 0, chunk);
	plan = plan_of(caller);
	KUNIT_EXPECT_EQ(test, plan.nr[BLKV_MAX_ORDER], 1);
	KUNIT_EXPECT_EQ(test, nr_chunks(&plan), 1);

	bvtest_caller_reset(caller);
	bvtest_caller_add(caller, 512, 2 * chunk + PAGE_SIZE);
	plan = plan_of(caller);
	KUNIT_EXPECT_EQ(test, plan.nr[BLKV_MAX_ORDER], 2);
	KUNIT_EXPECT_EQ(test, plan.nr[1], 1);
	KUNIT_EXPECT_EQ(test, nr_chunks(&plan), 3);
	KUNIT_EXPECT_EQ(test, plan.max_order, BLKV_MAX_ORDER);
}

/* A shape that begins inside a segment is extended to its start, by a page at most. */
static void lead_is_the_start_of_the_segment(struct kunit *test)
{
	static const unsigned int skipped[] = { 0, 1, 512, PAGE_SIZE - 1, PAGE_SIZE,
						PAGE_SIZE + 512, 3 * PAGE_SIZE };
	struct bvtest_caller *caller = bvtest_caller(test);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(skipped); i++) {
		unsigned int expected = min_t(unsigned int, skipped[i], PAGE_SIZE);
		struct blkv_shape *shape = &caller->shape;

		bvtest_caller_reset(caller);
		bvtest_caller_add(caller, 0, PAGE_SIZE);
		bvtest_caller_add(caller, 2 * PAGE_SIZE, 4 * PAGE_SIZE);
		bvec_iter_advance(caller->vecs, &shape->iter, PAGE_SIZE + skipped[i]);
		KUNIT_EXPECT_EQ(test, blkv_shape_lead(shape), expected);
		KUNIT_EXPECT_EQ(test, shape->iter.bi_size, 4 * PAGE_SIZE - skipped[i] + expected);
		KUNIT_EXPECT_EQ(test, shape->iter.bi_idx, 1);
		KUNIT_EXPECT_EQ(test, mp_bvec_iter_offset(shape->vecs, shape->iter),
				caller->vecs[1].bv_offset + skipped[i] - expected);
	}
}

/* Against the plainest way to find the runs. */
static void random_plans_match_a_model(struct kunit *test)
{
	struct bvtest_caller *caller = bvtest_caller(test);
	unsigned int round, i;

	for (round = 0; round < bvtest_rounds(2000); round++) {
		unsigned int nr[BLKV_ORDERS] = {}, order;
		struct blkv_plan plan;
		bool plain = true;

		bvtest_caller_cut(caller);
		plan = plan_of(caller);
		for (i = 0; i < caller->nr_vecs;) {
			unsigned int offset = caller->vecs[i].bv_offset, first = i;
			size_t run = 0;

			do {
				run += caller->vecs[i++].bv_len;
			} while (i < caller->nr_vecs &&
				 bvtest_continues(&caller->vecs[i - 1], &caller->vecs[i]));
			nr[order_base_2(DIV_ROUND_UP(offset + run, PAGE_SIZE))]++;
			if (offset || i - first > 1 || run > PAGE_SIZE ||
			    (run < PAGE_SIZE && i < caller->nr_vecs))
				plain = false;
		}
		KUNIT_ASSERT_EQ(test, plan.nr_vecs, caller->nr_vecs);
		KUNIT_ASSERT_EQ(test, blkv_shape_is_plain(&caller->shape), plain);
		for (order = 0; order < BLKV_ORDERS; order++)
			KUNIT_ASSERT_EQ(test, plan.nr[order], nr[order]);
		for (order = BLKV_MAX_ORDER; order && !nr[order]; order--)
			;
		KUNIT_ASSERT_EQ(test, plan.max_order, order);
	}
}

/* Legal, of the right length, and the same for the same seed. */
static void random_shapes_are_legal(struct kunit *test)
{
	struct rnd_state *random = bvtest_random(test);
	struct bio_vec vecs[BLKV_RANDOM_VECS], again[BLKV_RANDOM_VECS];
	unsigned int round, i, single = 0, full = 0, starts = 0, offsets = 0, multi = 0;
	unsigned int others = 0;

	for (round = 0; round < bvtest_rounds(1000); round++) {
		unsigned int block = SECTOR_SIZE << below(random, 8);
		unsigned int align = 4U << below(random, 12);
		unsigned int bytes = between(random, 1, 64) * block, left = bytes;
		u64 seed = prandom_u32_state(random);
		struct blkv_shape shape, same;

		memset(vecs, 0, sizeof(vecs));
		memset(again, 0, sizeof(again));
		blkv_shape_random(&shape, vecs, bytes, align, block, seed);
		blkv_shape_random(&same, again, bytes, align, block, seed);
		KUNIT_ASSERT_EQ(test, memcmp(vecs, again, sizeof(vecs)), 0);
		memset(again, 0, sizeof(again));
		blkv_shape_random(&same, again, bytes, align, block, seed + 1);
		others += memcmp(vecs, again, sizeof(vecs)) != 0;
		KUNIT_ASSERT_PTR_EQ(test, shape.vecs, (const struct bio_vec *)vecs);
		KUNIT_ASSERT_EQ(test, shape.iter.bi_size, bytes);
		for (i = 0; left; i++) {
			KUNIT_ASSERT_LT(test, i, BLKV_RANDOM_VECS);
			KUNIT_ASSERT_GT(test, vecs[i].bv_len, 0);
			KUNIT_ASSERT_EQ(test, vecs[i].bv_len % block, 0);
			KUNIT_ASSERT_LT(test, vecs[i].bv_offset, PAGE_SIZE);
			KUNIT_ASSERT_EQ(test, vecs[i].bv_offset % min_t(u32, align, PAGE_SIZE), 0);
			KUNIT_ASSERT_LE(test, vecs[i].bv_len, left);
			starts += vecs[i].bv_offset == 0;
			offsets += vecs[i].bv_offset > 0;
			multi += vecs[i].bv_offset + vecs[i].bv_len > PAGE_SIZE;
			left -= vecs[i].bv_len;
		}
		single += i == 1;
		full += i == BLKV_RANDOM_VECS;
	}
	/* All kinds of them occur. */
	KUNIT_EXPECT_GT(test, single, 0);
	KUNIT_EXPECT_GT(test, full, 0);
	/* A single block at the start of a page is likely, so some shapes are the same. */
	KUNIT_EXPECT_GT(test, others, round / 2);
	/* Half of the segments begin at the start of a page, and a few more by chance. */
	KUNIT_EXPECT_GT(test, starts, (starts + offsets) * 2 / 5);
	KUNIT_EXPECT_GT(test, offsets, (starts + offsets) / 5);
	KUNIT_EXPECT_GT(test, multi, 0);
}

static struct kunit_case shape_cases[] = {
	KUNIT_CASE(run_is_what_is_contiguous),
	KUNIT_CASE(order_of_segments_matters),
	KUNIT_CASE(only_whole_separate_pages_are_plain),
	KUNIT_CASE(chunk_has_room_for_the_run),
	KUNIT_CASE(longest_runs_are_split),
	KUNIT_CASE(lead_is_the_start_of_the_segment),
	KUNIT_CASE(random_plans_match_a_model),
	KUNIT_CASE(random_shapes_are_legal),
	{}
};

static struct kunit_suite shape_suite = {
	.name = "shape",
	.test_cases = shape_cases,
};

kunit_test_suite(shape_suite);
