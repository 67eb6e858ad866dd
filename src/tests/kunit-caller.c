// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the marks in the caller's memory, against a flat copy of that memory.
 */
#include <linux/string.h>
#include <linux/unaligned.h>

#include "caller.h"
#include "compare.h"
#include "kunit.h"

#define CALLER_SIZE (PAGE_SIZE << BVTEST_CALLER_ORDER)
#define MARK 0x1122334455667788ULL
#define MARK_AT (SECTOR_SIZE - sizeof(u64))

struct fixture {
	struct rnd_state *random;
	struct bvtest_caller *caller;
	u8 *block;
	u8 *before;
	u8 *flat;
	unsigned int nr_sectors;
};

static struct fixture *fixture_new(struct kunit *test)
{
	struct fixture *fixture = kunit_kzalloc(test, sizeof(*fixture), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, fixture);
	fixture->random = bvtest_random(test);
	fixture->caller = bvtest_caller(test);
	fixture->block = page_address(fixture->caller->block);
	fixture->before = kunit_kzalloc(test, CALLER_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, fixture->before);
	fixture->flat = kunit_kzalloc(test, CALLER_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, fixture->flat);
	prandom_bytes_state(fixture->random, fixture->before, CALLER_SIZE);
	return fixture;
}

/* The segments are set: fill all of the block. */
static void fixture_fill(struct fixture *fixture)
{
	unsigned int at;

	/* In parts, because sparse warns about long ones. */
	for (at = 0; at < CALLER_SIZE; at += PAGE_SIZE)
		memcpy(fixture->block + at, fixture->before + at, PAGE_SIZE);
	fixture->nr_sectors = fixture->caller->shape.iter.bi_size >> SECTOR_SHIFT;
}

/* Random segments in which no memory is twice, maybe from the middle of one on. */
static void fixture_cut(struct fixture *fixture)
{
	struct bvtest_caller *caller = fixture->caller;

	do {
		bvtest_caller_cut(caller);
		if (one_in(fixture->random, 2))
			bvtest_caller_skip(caller, below(fixture->random,
							 caller->shape.iter.bi_size >>
								 SECTOR_SHIFT) << SECTOR_SHIFT);
	} while (blkv_vecs_alias(caller->vecs, caller->shape.iter));
	fixture_fill(fixture);
}

static void sectors_mark(struct fixture *fixture)
{
	blkv_caller_mark(fixture->caller->vecs, fixture->caller->shape.iter, MARK);
}

static unsigned int mark_find(struct fixture *fixture, unsigned int from)
{
	return blkv_caller_find_mark(fixture->caller->vecs, fixture->caller->shape.iter, from,
				     MARK);
}

static void read_flat(struct fixture *fixture)
{
	blkv_vecs_read(fixture->caller->vecs, fixture->caller->shape.iter, 0, fixture->flat,
		       fixture->nr_sectors << SECTOR_SHIFT);
}

/* Transfer one sector. */
static void sector_transfer(struct fixture *fixture, unsigned int n)
{
	struct bvec_iter iter = fixture->caller->shape.iter;
	unsigned int left = SECTOR_SIZE;

	bvec_iter_advance(fixture->caller->vecs, &iter, n << SECTOR_SHIFT);
	while (left) {
		struct bio_vec vec = bvec_iter_bvec(fixture->caller->vecs, iter);
		unsigned int len = min(left, vec.bv_len);

		memset(page_address(vec.bv_page) + vec.bv_offset, n, len);
		bvec_iter_advance_single(fixture->caller->vecs, &iter, len);
		left -= len;
	}
}

/* Only the last eight bytes of each sector of the request change, and to numbers of their own. */
static void marks_are_at_the_ends_of_sectors(struct kunit *test)
{
	struct fixture *fixture = fixture_new(test);
	unsigned int round, n;

	for (round = 0; round < bvtest_rounds(300); round++) {
		unsigned int words = 0;
		size_t at;

		fixture_cut(fixture);
		read_flat(fixture);
		sectors_mark(fixture);
		for (n = 0; n < fixture->nr_sectors; n++)
			put_unaligned(MARK + n,
				      (u64 *)(fixture->flat + n * SECTOR_SIZE + MARK_AT));
		for (n = 0; n < fixture->nr_sectors; n++) {
			u8 sector[SECTOR_SIZE];

			blkv_vecs_read(fixture->caller->vecs, fixture->caller->shape.iter,
				       n * SECTOR_SIZE, sector, SECTOR_SIZE);
			KUNIT_ASSERT_MEMEQ(test, sector, fixture->flat + n * SECTOR_SIZE,
					   SECTOR_SIZE);
		}
		/* Nothing else in the block. */
		for (at = 0; at < CALLER_SIZE; at += 4)
			words += memcmp(fixture->block + at, fixture->before + at, 4) != 0;
		KUNIT_ASSERT_EQ(test, words, 2 * fixture->nr_sectors);
	}
}

/* The mark itself in two segments, and between single bytes of others. */
static void a_mark_may_be_in_pieces(struct kunit *test)
{
	static const unsigned int cuts[][4] = {
		{ 508, 4, 512 }, { 504, 8, 512 }, { 505, 1, 2, 516 }, { 511, 513 }, { 512, 511, 1 },
	};
	struct fixture *fixture = fixture_new(test);
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(cuts); i++) {
		bvtest_caller_reset(fixture->caller);
		for (j = 0; j < ARRAY_SIZE(cuts[i]) && cuts[i][j]; j++)
			bvtest_caller_add(fixture->caller, (4 - j) * PAGE_SIZE + 7, cuts[i][j]);
		fixture_fill(fixture);
		KUNIT_ASSERT_EQ(test, fixture->nr_sectors, 2);
		sectors_mark(fixture);
		read_flat(fixture);
		KUNIT_EXPECT_EQ(test, get_unaligned((u64 *)(fixture->flat + MARK_AT)), MARK);
		KUNIT_EXPECT_EQ(test, get_unaligned((u64 *)(fixture->flat + SECTOR_SIZE + MARK_AT)),
				MARK + 1);
		KUNIT_EXPECT_EQ(test, mark_find(fixture, 0), 0);
		KUNIT_EXPECT_EQ(test, mark_find(fixture, 1), 1);
		sector_transfer(fixture, 0);
		KUNIT_EXPECT_EQ(test, mark_find(fixture, 0), 1);
		sector_transfer(fixture, 1);
		KUNIT_EXPECT_EQ(test, mark_find(fixture, 0), 2);
	}
}

/* Some sectors are transferred, in any order: the rest are found, from any sector on. */
static void sectors_not_transferred_are_found(struct kunit *test)
{
	struct fixture *fixture = fixture_new(test);
	bool *done = kunit_kcalloc(test, CALLER_SIZE / SECTOR_SIZE, sizeof(*done), GFP_KERNEL);
	unsigned int round, n, i;

	KUNIT_ASSERT_NOT_NULL(test, done);
	for (round = 0; round < bvtest_rounds(300); round++) {
		unsigned int last;

		fixture_cut(fixture);
		sectors_mark(fixture);
		memset(done, 0, CALLER_SIZE / SECTOR_SIZE * sizeof(*done));
		for (i = below(fixture->random, 2 * fixture->nr_sectors); i--;) {
			n = below(fixture->random, fixture->nr_sectors);
			sector_transfer(fixture, n);
			done[n] = true;
		}
		last = fixture->nr_sectors;
		for (n = fixture->nr_sectors; n--;) {
			if (!done[n])
				last = n;
			KUNIT_ASSERT_EQ(test, mark_find(fixture, n), last);
		}
		KUNIT_ASSERT_EQ(test, mark_find(fixture, fixture->nr_sectors), fixture->nr_sectors);
	}
}

/* The data of an earlier read, with its marks: those of this read differ. */
static void marks_of_another_read_do_not_count(struct kunit *test)
{
	struct fixture *fixture = fixture_new(test);

	bvtest_caller_add(fixture->caller, 0, PAGE_SIZE);
	fixture_fill(fixture);
	blkv_caller_mark(fixture->caller->vecs, fixture->caller->shape.iter, MARK - 1);
	KUNIT_EXPECT_EQ(test, mark_find(fixture, 0), fixture->nr_sectors);
}

static struct kunit_case caller_cases[] = {
	KUNIT_CASE(marks_are_at_the_ends_of_sectors),
	KUNIT_CASE(a_mark_may_be_in_pieces),
	KUNIT_CASE(sectors_not_transferred_are_found),
	KUNIT_CASE(marks_of_another_read_do_not_count),
	{}
};

static struct kunit_suite caller_suite = {
	.name = "caller",
	.test_cases = caller_cases,
};

kunit_test_suite(caller_suite);
