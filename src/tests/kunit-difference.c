// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the differences between two reads, against a byte-by-byte comparison.
 */
#include <linux/string.h>

#include "difference.h"
#include "kunit.h"

#define NR_PAGES 4
#define NR_SECTORS (NR_PAGES * PAGE_SECTORS)

static void add_expected(struct blkv_difference *difference, const struct blkv_memory *raw,
			 const struct blkv_memory *test, unsigned int first, unsigned int nr)
{
	unsigned int n, byte;

	for (n = first; n < first + nr; n++) {
		const u8 *a = bvtest_sector(raw->vecs, n), *b = bvtest_sector(test->vecs, n);

		for (byte = 0; byte < SECTOR_SIZE && a[byte] == b[byte]; byte++)
			;
		if (byte == SECTOR_SIZE)
			continue;
		blkv_runs_add(&difference->runs, n);
		if (!difference->nr++) {
			difference->first = n;
			difference->byte = byte;
		}
	}
}

static void check(struct kunit *test, const struct blkv_difference *difference,
		  const struct blkv_difference *expected)
{
	KUNIT_ASSERT_EQ(test, difference->nr, expected->nr);
	if (!expected->nr)
		return;
	KUNIT_ASSERT_EQ(test, difference->first, expected->first);
	KUNIT_ASSERT_EQ(test, difference->byte, expected->byte);
	KUNIT_ASSERT_MEMEQ(test, &difference->runs, &expected->runs, sizeof(expected->runs));
}

static void equal_memory_does_not_differ(struct kunit *test)
{
	struct blkv_memory *raw = bvtest_memory(test, NR_PAGES);
	struct blkv_memory *other = bvtest_memory(test, NR_PAGES);
	struct blkv_difference difference = {};

	blkv_difference_add(&difference, raw, other, 0, NR_SECTORS);
	KUNIT_EXPECT_EQ(test, difference.nr, 0);
	blkv_difference_add(&difference, raw, other, 3, 0);
	KUNIT_EXPECT_EQ(test, difference.nr, 0);
}

static void every_byte_counts(struct kunit *test)
{
	struct blkv_memory *raw = bvtest_memory(test, NR_PAGES);
	struct blkv_memory *other = bvtest_memory(test, NR_PAGES);
	unsigned int at;

	for (at = 0; at < NR_SECTORS * SECTOR_SIZE; at += 73) {
		struct blkv_difference difference = {};
		u8 *byte = bvtest_sector(other->vecs, at / SECTOR_SIZE) + at % SECTOR_SIZE;

		*byte ^= 0x40;
		blkv_difference_add(&difference, raw, other, 0, NR_SECTORS);
		KUNIT_ASSERT_EQ(test, difference.nr, 1);
		KUNIT_ASSERT_EQ(test, difference.first, at / SECTOR_SIZE);
		KUNIT_ASSERT_EQ(test, difference.byte, at % SECTOR_SIZE);
		*byte ^= 0x40;
	}
}

/* In several ranges, with gaps that are not compared. */
static void random_differences_match_a_model(struct kunit *test)
{
	struct rnd_state *random = bvtest_random(test);
	struct blkv_memory *raw = bvtest_memory(test, NR_PAGES);
	struct blkv_memory *other = bvtest_memory(test, NR_PAGES);
	unsigned int round, n, nr;

	for (round = 0; round < bvtest_rounds(2000); round++) {
		struct blkv_difference difference = {}, expected = {};

		if (one_in(random, 5))
			for (n = 0; n < NR_SECTORS; n++)
				memcpy(bvtest_sector(other->vecs, n), bvtest_sector(raw->vecs, n),
				       SECTOR_SIZE);
		for (n = below(random, 4); n; n--)
			bvtest_sector(other->vecs, below(random, NR_SECTORS))
				[below(random, SECTOR_SIZE)] ^= 1 << below(random, 8);
		for (n = below(random, 3); n < NR_SECTORS; n += nr + below(random, 5)) {
			nr = between(random, 0, NR_SECTORS - n);
			if (one_in(random, 2))
				nr = min(nr, 3U);
			blkv_difference_add(&difference, raw, other, n, nr);
			add_expected(&expected, raw, other, n, nr);
		}
		check(test, &difference, &expected);
	}
}

static struct kunit_case difference_cases[] = {
	KUNIT_CASE(equal_memory_does_not_differ),
	KUNIT_CASE(every_byte_counts),
	KUNIT_CASE(random_differences_match_a_model),
	{}
};

static struct kunit_suite difference_suite = {
	.name = "difference",
	.test_cases = difference_cases,
};

kunit_test_suite(difference_suite);
