// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the fingerprints, against a list of the last versions of each sector.
 */
#include <kunit/static_stub.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "fingerprint.h"
#include "kunit.h"

/* The unit's allocations fail after this many have succeeded. */
static unsigned int allocations_left = UINT_MAX;

static bool may_allocate(void)
{
	return allocations_left == UINT_MAX || (allocations_left && allocations_left--);
}

static void *may_fail_alloc(size_t size)
{
	return may_allocate() ? kmalloc(size, BLKV_GFP_NOWAIT) : NULL;
}

/* As in the unit. */
#define CHUNK_SECTORS 128U

#define NR_PAGES (SZ_1M >> PAGE_SHIFT)
#define NR_SECTORS (20 * CHUNK_SECTORS)

/* Of a sector, the model has this many. */
#define NR_VERSIONS 16

/* A version of a sector is the byte that it is filled with; write zeroes leaves 0. */
#define UNKNOWN 256

/* Version number n of a sector, counted from 0, is at n % NR_VERSIONS. */
struct fixture {
	struct blkv_fingerprints prints;
	struct blkv_memory memory;
	struct bio_vec vecs[NR_PAGES];
	u16 versions[NR_SECTORS][NR_VERSIONS]; /* UNKNOWN, or a byte */
	unsigned int nr_versions[NR_SECTORS];
	bool remembered[NR_SECTORS / CHUNK_SECTORS];
};

static void free_fixture(void *data)
{
	struct fixture *fixture = data;
	unsigned int i;

	allocations_left = UINT_MAX;
	blkv_fingerprints_exit(&fixture->prints);
	for (i = 0; i < NR_PAGES; i++)
		if (fixture->vecs[i].bv_page)
			__free_page(fixture->vecs[i].bv_page);
	kvfree(fixture);
}

KUNIT_DEFINE_ACTION_WRAPPER(free_fixture_action, free_fixture, void *);

static struct fixture *new_fixture(struct kunit *test, unsigned int max_mib)
{
	struct fixture *fixture = kvzalloc(sizeof(*fixture), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, fixture);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, free_fixture_action, fixture), 0);
	kunit_activate_static_stub(test, blkv_fingerprints_alloc, may_fail_alloc);
	KUNIT_ASSERT_EQ(test, blkv_fingerprints_init(&fixture->prints, max_mib), 0);
	for (i = 0; i < NR_PAGES; i++) {
		fixture->vecs[i].bv_page = alloc_page(GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, fixture->vecs[i].bv_page);
		fixture->vecs[i].bv_len = PAGE_SIZE;
	}
	fixture->memory.vecs = fixture->vecs;
	fixture->memory.nr_vecs = NR_PAGES;
	return fixture;
}

static u16 version_ago(const struct fixture *fixture, sector_t sector, unsigned int ago)
{
	unsigned int nr = fixture->nr_versions[sector];

	return ago < nr ? fixture->versions[sector][(nr - 1 - ago) % NR_VERSIONS] : UNKNOWN;
}

static void set_model(struct fixture *fixture, sector_t sector, u16 version)
{
	if (sector < NR_SECTORS && version_ago(fixture, sector, 0) != version)
		fixture->versions[sector][fixture->nr_versions[sector]++ % NR_VERSIONS] = version;
}

/* Only chunks in which something was written are recorded. */
static void fill_model(struct fixture *fixture, u32 start, u32 nr, u16 version)
{
	for (; nr; start++, nr--)
		if (fixture->remembered[start / CHUNK_SECTORS])
			set_model(fixture, start, version);
}

static void write(struct fixture *fixture, sector_t start, u32 nr, u8 first, u8 step)
{
	u32 i;

	for (i = 0; i < nr; i++) {
		memset(bvtest_sector(fixture->vecs, i), (u8)(first + i * step), SECTOR_SIZE);
		set_model(fixture, start + i, (u8)(first + i * step));
		if (start + i < NR_SECTORS)
			fixture->remembered[(start + i) / CHUNK_SECTORS] = true;
	}
	blkv_fingerprints_write(&fixture->prints, start, &fixture->memory, nr);
}

static unsigned int versions_ago(struct fixture *fixture, sector_t sector, u8 version)
{
	unsigned int n = sector % (NR_PAGES * PAGE_SECTORS);

	memset(bvtest_sector(fixture->vecs, n), version, SECTOR_SIZE);
	return blkv_fingerprints_versions_ago(&fixture->prints, sector, &fixture->memory, n);
}

static void earlier_versions_are_counted(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test, 1);
	unsigned int version, ago;

	KUNIT_EXPECT_EQ(test, versions_ago(fixture, 5, 1), 0);
	for (version = 1; version < 20; version++) {
		write(fixture, 5, 1, version, 0);
		KUNIT_EXPECT_EQ(test, versions_ago(fixture, 5, version), 0);
		for (ago = 1; ago < version; ago++)
			KUNIT_EXPECT_EQ(test, versions_ago(fixture, 5, version - ago),
					ago <= 3 ? ago : 0);
		KUNIT_EXPECT_EQ(test, versions_ago(fixture, 5, version + 1), 0);
	}
	KUNIT_EXPECT_EQ(test, versions_ago(fixture, 4, version - 2), 0);
	KUNIT_EXPECT_EQ(test, versions_ago(fixture, 6, version - 2), 0);
}

/* Of equal earlier versions, the newest one counts; the current one is not an earlier version. */
static void most_recent_version_counts(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test, 1);

	write(fixture, 5, 1, 1, 0);
	write(fixture, 5, 1, 2, 0);
	write(fixture, 5, 1, 1, 0);
	KUNIT_EXPECT_EQ(test, versions_ago(fixture, 5, 1), 0);
	KUNIT_EXPECT_EQ(test, versions_ago(fixture, 5, 2), 1);
	write(fixture, 5, 1, 3, 0);
	KUNIT_EXPECT_EQ(test, versions_ago(fixture, 5, 1), 1);
	KUNIT_EXPECT_EQ(test, versions_ago(fixture, 5, 2), 2);
	write(fixture, 5, 1, 4, 0);
	KUNIT_EXPECT_EQ(test, versions_ago(fixture, 5, 1), 2);
	KUNIT_EXPECT_EQ(test, versions_ago(fixture, 5, 2), 3);
}

static void rewriting_the_same_data_is_not_a_new_version(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test, 1);

	write(fixture, 0, 1, 1, 0);
	write(fixture, 0, 1, 2, 0);
	write(fixture, 0, 1, 2, 0);
	KUNIT_EXPECT_EQ(test, versions_ago(fixture, 0, 1), 1);
}

static void zeroes_and_discards_are_versions(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test, 1);

	write(fixture, 0, 300, 1, 0);
	blkv_fingerprints_fill(&fixture->prints, 0, 200, true);
	KUNIT_EXPECT_EQ(test, versions_ago(fixture, 0, 1), 1);
	KUNIT_EXPECT_EQ(test, versions_ago(fixture, 199, 1), 1);
	KUNIT_EXPECT_EQ(test, versions_ago(fixture, 200, 1), 0);
	write(fixture, 10, 1, 2, 0);
	KUNIT_EXPECT_EQ(test, versions_ago(fixture, 10, 0), 1);

	/* What a discard leaves is not known, but it is a version; two discards leave one. */
	blkv_fingerprints_fill(&fixture->prints, 10, 1, false);
	KUNIT_EXPECT_EQ(test, versions_ago(fixture, 10, 2), 1);
	blkv_fingerprints_fill(&fixture->prints, 10, 1, false);
	write(fixture, 10, 1, 3, 0);
	KUNIT_EXPECT_EQ(test, versions_ago(fixture, 10, 2), 2);
	KUNIT_EXPECT_EQ(test, versions_ago(fixture, 10, 0), 3);
	KUNIT_EXPECT_EQ(test, versions_ago(fixture, 10, 1), 0);
	/* Sectors that were never written are not recorded, however long the range. */
	blkv_fingerprints_fill(&fixture->prints, 0, 1ULL << 40, true);
	KUNIT_EXPECT_EQ(test, versions_ago(fixture, 5000, 0), 0);
}

static unsigned int model_versions_ago(const struct fixture *fixture, sector_t sector, u16 version)
{
	unsigned int ago;

	for (ago = 0; ago <= BLKV_FINGERPRINTS_EARLIER; ago++)
		if (version_ago(fixture, sector, ago) == version)
			return ago;
	return 0;
}

static void check_model(struct kunit *test, struct fixture *fixture, u32 sector)
{
	u16 version;

	for (version = 0; version < UNKNOWN; version++)
		KUNIT_ASSERT_EQ(test, versions_ago(fixture, sector, version),
				model_versions_ago(fixture, sector, version));
}

static void random_requests_match_a_model(struct kunit *test)
{
	struct rnd_state *random = bvtest_random(test);
	struct fixture *fixture = new_fixture(test, 1);
	u32 start, nr, round = bvtest_rounds(2000);

	while (round--) {
		start = below(random, NR_SECTORS);
		nr = between(random, 1, min_t(u32, NR_SECTORS - start, 300));
		if (one_in(random, 4)) {
			bool zeroed = one_in(random, 2);

			blkv_fingerprints_fill(&fixture->prints, start, nr, zeroed);
			fill_model(fixture, start, nr, zeroed ? 0 : UNKNOWN);
		} else {
			write(fixture, start, nr, below(random, 8), one_in(random, 2));
		}
		if (one_in(random, 10))
			check_model(test, fixture, below(random, NR_SECTORS));
	}
}

static void oldest_chunk_is_reused_at_the_limit(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test, 1);
	unsigned long max = fixture->prints.max_chunks, i;

	/* As documented: 33 MiB cover 1 GiB. */
	KUNIT_EXPECT_GE(test, max * CHUNK_SECTORS, (1UL << 30 >> SECTOR_SHIFT) / 33);
	KUNIT_EXPECT_LE(test, max * CHUNK_SECTORS * (1 + BLKV_FINGERPRINTS_EARLIER) * sizeof(u32),
			SZ_1M);
	write(fixture, 0, 1, 1, 0);
	write(fixture, 0, 1, 2, 0);
	for (i = 1; i < max; i++)
		write(fixture, i * CHUNK_SECTORS, 1, 1, 0);
	KUNIT_EXPECT_EQ(test, fixture->prints.nr_chunks, max);
	KUNIT_EXPECT_EQ(test, versions_ago(fixture, 0, 1), 1);
	/* Written again, so it is no longer the oldest. */
	write(fixture, 0, 1, 3, 0);
	write(fixture, max * CHUNK_SECTORS, 1, 1, 0);
	KUNIT_EXPECT_EQ(test, versions_ago(fixture, 0, 2), 1);
	write(fixture, CHUNK_SECTORS, 1, 2, 0);
	KUNIT_EXPECT_EQ(test, versions_ago(fixture, CHUNK_SECTORS, 1), 0);
	KUNIT_EXPECT_EQ(test, fixture->prints.nr_chunks, max);
	/* It is still known, until all others have been written after it. */
	for (i = 2; i <= max; i++)
		write(fixture, (max + i) * CHUNK_SECTORS, 1, 1, 0);
	KUNIT_EXPECT_EQ(test, versions_ago(fixture, 0, 2), 0);
}

static void oldest_chunk_is_reused_without_memory(struct kunit *test)
{
	unsigned int allowed;

	/* None; a chunk without its versions; one complete chunk. */
	for (allowed = 0; allowed < 3; allowed++) {
		struct fixture *fixture = new_fixture(test, 1);

		allocations_left = allowed;
		write(fixture, 0, 1, 1, 0);
		write(fixture, 0, 1, 2, 0);
		KUNIT_EXPECT_EQ(test, fixture->prints.nr_chunks, allowed / 2);
		KUNIT_EXPECT_EQ(test, versions_ago(fixture, 0, 1), allowed == 2);
		write(fixture, CHUNK_SECTORS, 1, 3, 0);
		write(fixture, CHUNK_SECTORS, 1, 4, 0);
		KUNIT_EXPECT_EQ(test, versions_ago(fixture, CHUNK_SECTORS, 3), allowed == 2);
		KUNIT_EXPECT_EQ(test, versions_ago(fixture, 0, 1), 0);
		allocations_left = UINT_MAX;
	}
}

static void move_requires_equal_limits(struct kunit *test)
{
	struct fixture *from = new_fixture(test, 1);
	struct fixture *to = new_fixture(test, 1), *other = new_fixture(test, 2);

	write(from, 0, 1, 1, 0);
	write(from, 0, 1, 2, 0);
	blkv_fingerprints_move(&other->prints, &from->prints);
	KUNIT_EXPECT_EQ(test, versions_ago(other, 0, 1), 0);
	KUNIT_EXPECT_EQ(test, versions_ago(from, 0, 1), 1);
	blkv_fingerprints_move(&to->prints, &from->prints);
	KUNIT_EXPECT_EQ(test, versions_ago(to, 0, 1), 1);
	KUNIT_EXPECT_EQ(test, versions_ago(from, 0, 1), 0);
	KUNIT_EXPECT_EQ(test, to->prints.nr_chunks, 1);
	KUNIT_EXPECT_EQ(test, from->prints.nr_chunks, 0);
}

static void exit_accepts_zeroed_memory(struct kunit *test)
{
	struct blkv_fingerprints prints = {};

	blkv_fingerprints_exit(&prints);
	blkv_fingerprints_move(&prints, &prints);
}

static struct kunit_case fingerprint_cases[] = {
	KUNIT_CASE(earlier_versions_are_counted),
	KUNIT_CASE(most_recent_version_counts),
	KUNIT_CASE(rewriting_the_same_data_is_not_a_new_version),
	KUNIT_CASE(zeroes_and_discards_are_versions),
	KUNIT_CASE(random_requests_match_a_model),
	KUNIT_CASE(oldest_chunk_is_reused_at_the_limit),
	KUNIT_CASE(oldest_chunk_is_reused_without_memory),
	KUNIT_CASE(move_requires_equal_limits),
	KUNIT_CASE(exit_accepts_zeroed_memory),
	{}
};

static struct kunit_suite fingerprint_suite = {
	.name = "fingerprint",
	.test_cases = fingerprint_cases,
};

kunit_test_suite(fingerprint_suite);
