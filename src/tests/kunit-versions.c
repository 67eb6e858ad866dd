// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of what the test leg may hold after a power cut: each rule in a case, and random requests
 * against a list of all versions of each sector.
 */
#include <kunit/static_stub.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "kunit.h"
#include "versions.h"

#define NR_SECTORS 1024
#define ZERO_HASH 0x0123456789abcdefULL
#define PLENTY SZ_16M

/* Allocations of the unit, and of its maps, fail once in so many times; never if 0. */
static unsigned int fails_once_in;
static struct rnd_state *fails_at_random;

/* All fail from now on. */
static bool no_memory;

static bool may_allocate(void)
{
	if (no_memory)
		return false;
	return !fails_once_in || !one_in(fails_at_random, fails_once_in);
}

static void *may_fail_alloc(size_t size)
{
	return may_allocate() ? kmalloc(size, BLKV_GFP_NOWAIT) : NULL;
}

static void *map_may_fail_alloc(struct kmem_cache *cache, size_t size)
{
	if (!may_allocate())
		return NULL;
	return cache ? kmem_cache_alloc(cache, BLKV_GFP_NOWAIT) : kmalloc(size, BLKV_GFP_NOWAIT);
}

static void exit_versions(void *versions)
{
	no_memory = false;
	fails_once_in = 0;
	blkv_versions_exit(versions);
}

KUNIT_DEFINE_ACTION_WRAPPER(exit_versions_action, exit_versions, void *);

static struct blkv_versions *new_versions_of(struct kunit *test, sector_t nr_sectors,
					     size_t max_bytes, unsigned int unit)
{
	struct blkv_versions *versions = kunit_kzalloc(test, sizeof(*versions), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, versions);
	kunit_activate_static_stub(test, blkv_versions_alloc, may_fail_alloc);
	kunit_activate_static_stub(test, blkv_trust_alloc, map_may_fail_alloc);
	KUNIT_ASSERT_EQ(test, blkv_versions_init(versions, nr_sectors, max_bytes, unit, ZERO_HASH),
			0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, exit_versions_action, versions), 0);
	return versions;
}

static struct blkv_versions *new_versions(struct kunit *test)
{
	return new_versions_of(test, NR_SECTORS, PLENTY, 1);
}

/* ---- requests ----------------------------------------------------------------------------- */

/* What a sector holds before it is written for the first time. */
static u64 initial(sector_t sector)
{
	return 1000000 + sector;
}

/* Record the pre-images of sectors that were never written. */
static void add_preimages(struct blkv_versions *versions, sector_t start, sector_t nr)
{
	sector_t end = start + nr, at = start, run = nr;
	u64 hashes[BLKV_VERSIONS_MAX_UNIT];
	unsigned int i;

	while (blkv_versions_find_bare(versions, &at, &run)) {
		for (i = 0; i < run; i++)
			hashes[i] = initial(at + i);
		blkv_versions_add_preimage(versions, at, run, hashes);
		at += run;
		run = end - at;
	}
}

/* Submit a write of the same data to each sector, without a pre-image. */
static struct blkv_version_write *submit_alone(struct blkv_versions *versions, sector_t start,
					       unsigned int nr, u64 hash, unsigned int flags)
{
	struct blkv_version_write *write;
	u64 hashes[2 * BLKV_VERSIONS_MAX_UNIT];
	unsigned int i;

	for (i = 0; i < nr; i++)
		hashes[i] = hash;
	write = blkv_versions_write_begin(versions, start, nr, BLKV_VERSION_DATA, flags);
	blkv_versions_write_add(versions, write, start, nr, hashes);
	return write;
}

static struct blkv_version_write *submit(struct blkv_versions *versions, sector_t start,
					 unsigned int nr, u64 hash, unsigned int flags)
{
	add_preimages(versions, start, nr);
	return submit_alone(versions, start, nr, hash, flags);
}

static void write(struct blkv_versions *versions, sector_t start, unsigned int nr, u64 hash)
{
	blkv_versions_write_end(versions, submit(versions, start, nr, hash, 0), true, false);
}

static void clear(struct blkv_versions *versions, sector_t start, sector_t nr,
		  enum blkv_version_kind kind)
{
	blkv_versions_write_end(versions, blkv_versions_write_begin(versions, start, nr, kind, 0),
				true, false);
}

static void flush(struct blkv_versions *versions, enum blkv_flush_end end)
{
	struct blkv_version_flush flush;

	blkv_versions_flush_begin(versions, &flush);
	blkv_versions_flush_end(versions, &flush, end);
}

/* The answer of test for a block of one sector; raw holds @raw. */
static enum blkv_answer judge_raw(struct blkv_versions *versions, sector_t sector, u64 hash,
				  u64 raw)
{
	struct blkv_judgement judgement;

	return blkv_versions_judge(versions, sector, &hash, &raw, &judgement);
}

/* Raw holds something that test does not. */
static enum blkv_answer judge(struct blkv_versions *versions, sector_t sector, u64 hash)
{
	return judge_raw(versions, sector, hash, ~hash);
}

static void settle(struct kunit *test, struct blkv_versions *versions, sector_t sector, u64 hash)
{
	enum blkv_answer answer = judge(versions, sector, hash);

	KUNIT_EXPECT_TRUE(test, blkv_answer_is_allowed(answer));
	blkv_versions_settle(versions, sector, &hash, answer);
}

static bool is_uncertain(struct blkv_versions *versions, sector_t sector)
{
	sector_t nr = 1;

	return blkv_versions_find_uncertain(versions, &sector, &nr);
}

#define EXPECT_ANSWER(test, versions, sector, hash, answer) \
	KUNIT_EXPECT_EQ(test, judge(versions, sector, hash), BLKV_ANSWER_##answer)

/* ---- the rules ---------------------------------------------------------------------------- */

static void r1_flush_covers_what_was_completed_before_it(struct kunit *test)
{
	struct blkv_versions *versions = new_versions(test);

	write(versions, 8, 1, 'a');
	flush(versions, BLKV_FLUSH_OK);
	write(versions, 8, 1, 'b');
	write(versions, 9, 1, 'c');
	blkv_versions_cut(versions);
	EXPECT_ANSWER(test, versions, 8, 'b', NEW);
	EXPECT_ANSWER(test, versions, 8, 'a', OLD);
	EXPECT_ANSWER(test, versions, 8, initial(8), LOST);
	EXPECT_ANSWER(test, versions, 8, 'x', OTHER);
	EXPECT_ANSWER(test, versions, 8, ZERO_HASH, ZEROS);
	EXPECT_ANSWER(test, versions, 9, 'c', NEW);
	EXPECT_ANSWER(test, versions, 9, initial(9), OLD);
}

static void r1_flush_does_not_cover_what_was_completed_after_its_submission(struct kunit *test)
{
	struct blkv_versions *versions = new_versions(test);
	struct blkv_version_flush flush;
	struct blkv_version_write *early, *late;

	early = submit(versions, 1, 1, 'a', 0);
	late = submit(versions, 2, 1, 'b', 0);
	blkv_versions_write_end(versions, early, true, false);
	blkv_versions_flush_begin(versions, &flush);
	blkv_versions_write_end(versions, late, true, false);
	blkv_versions_flush_end(versions, &flush, BLKV_FLUSH_OK);
	blkv_versions_cut(versions);
	EXPECT_ANSWER(test, versions, 1, initial(1), LOST);
	EXPECT_ANSWER(test, versions, 2, initial(2), OLD);
}

static void r1_flush_in_flight_covers_nothing(struct kunit *test)
{
	struct blkv_versions *versions = new_versions(test);

	write(versions, 1, 1, 'a');
	flush(versions, BLKV_FLUSH_CUT);
	blkv_versions_cut(versions);
	EXPECT_ANSWER(test, versions, 1, initial(1), OLD);
	EXPECT_ANSWER(test, versions, 1, 'x', OTHER);
}

static void r1_overtaken_flush_does_not_take_back_a_later_one(struct kunit *test)
{
	struct blkv_versions *versions = new_versions(test);
	struct blkv_version_flush first, second;

	blkv_versions_flush_begin(versions, &first);
	write(versions, 1, 1, 'a');
	blkv_versions_flush_begin(versions, &second);
	blkv_versions_flush_end(versions, &second, BLKV_FLUSH_OK);
	blkv_versions_flush_end(versions, &first, BLKV_FLUSH_OK);
	blkv_versions_cut(versions);
	EXPECT_ANSWER(test, versions, 1, initial(1), LOST);
}

static void r1_fua_is_durable_when_it_completes(struct kunit *test)
{
	struct blkv_versions *versions = new_versions(test);
	struct blkv_version_write *failed, *in_flight;

	write(versions, 1, 1, 'a');
	blkv_versions_write_end(versions, submit(versions, 2, 1, 'b', BLKV_VERSION_FUA), true,
				false);
	failed = submit(versions, 3, 1, 'c', BLKV_VERSION_FUA);
	blkv_versions_write_end(versions, failed, false, false);
	in_flight = submit(versions, 4, 1, 'd', BLKV_VERSION_FUA);
	blkv_versions_cut(versions);
	blkv_versions_write_end(versions, in_flight, true, false);
	/* It says nothing of others. */
	EXPECT_ANSWER(test, versions, 1, initial(1), OLD);
	EXPECT_ANSWER(test, versions, 2, initial(2), LOST);
	EXPECT_ANSWER(test, versions, 3, initial(3), OLD);
	EXPECT_ANSWER(test, versions, 4, initial(4), OLD);
}

static void r11_fua_by_a_flush_promises_nothing_while_armed(struct kunit *test)
{
	struct blkv_versions *versions = new_versions(test);
	struct blkv_version_write *w = submit(versions, 1, 1, 'a', BLKV_VERSION_FUA);

	blkv_versions_write_drop_fua(versions, w);
	blkv_versions_write_end(versions, w, true, false);
	blkv_versions_cut(versions);
	EXPECT_ANSWER(test, versions, 1, initial(1), OLD);
}

static void r1_no_cache_must_be_announced_at_both_ends(struct kunit *test)
{
	struct blkv_versions *versions = new_versions(test);
	unsigned int i;

	for (i = 0; i < 4; i++)
		blkv_versions_write_end(versions,
					submit(versions, i, 1, 'a',
					       i & 1 ? BLKV_VERSION_NO_CACHE : 0), true, i & 2);
	blkv_versions_cut(versions);
	EXPECT_ANSWER(test, versions, 0, initial(0), OLD);
	EXPECT_ANSWER(test, versions, 1, initial(1), OLD);
	EXPECT_ANSWER(test, versions, 2, initial(2), OLD);
	EXPECT_ANSWER(test, versions, 3, initial(3), LOST);
}

static void r2_floor_is_the_last_durable_write(struct kunit *test)
{
	struct blkv_versions *versions = new_versions(test);

	write(versions, 1, 1, 'a');
	flush(versions, BLKV_FLUSH_OK);
	write(versions, 1, 1, 'b');
	blkv_versions_write_end(versions, submit(versions, 1, 1, 'c', BLKV_VERSION_FUA), true,
				false);
	write(versions, 1, 1, 'd');
	blkv_versions_cut(versions);
	EXPECT_ANSWER(test, versions, 1, 'd', NEW);
	EXPECT_ANSWER(test, versions, 1, 'c', OLD);
	/* Between two durable writes, and before both. */
	EXPECT_ANSWER(test, versions, 1, 'b', LOST);
	EXPECT_ANSWER(test, versions, 1, 'a', LOST);
}

static void r2_floor_of_untrusted_sectors_is_anything(struct kunit *test)
{
	struct blkv_versions *versions = new_versions(test);

	blkv_versions_write_end(versions, submit_alone(versions, 1, 1, 'a', 0), true, false);
	blkv_versions_cut(versions);
	EXPECT_ANSWER(test, versions, 1, 'a', NEW);
	EXPECT_ANSWER(test, versions, 1, 'x', UNPROVEN);

	/* Until a write is durable. */
	write(versions, 1, 1, 'b');
	flush(versions, BLKV_FLUSH_OK);
	write(versions, 1, 1, 'c');
	blkv_versions_cut(versions);
	EXPECT_ANSWER(test, versions, 1, 'b', OLD);
	EXPECT_ANSWER(test, versions, 1, 'x', OTHER);
}

static void r3_failed_and_unfinished_writes_are_allowed(struct kunit *test)
{
	struct blkv_versions *versions = new_versions(test);
	struct blkv_version_write *unfinished;

	write(versions, 1, 1, 'a');
	blkv_versions_write_end(versions, submit(versions, 1, 1, 'b', 0), false, false);
	unfinished = submit(versions, 1, 1, 'c', 0);
	/* It makes neither of them durable. */
	flush(versions, BLKV_FLUSH_OK);
	blkv_versions_cut(versions);
	blkv_versions_write_end(versions, unfinished, false, false);
	EXPECT_ANSWER(test, versions, 1, 'c', NEW);
	EXPECT_ANSWER(test, versions, 1, 'b', OLD);
	EXPECT_ANSWER(test, versions, 1, 'a', OLD);
	EXPECT_ANSWER(test, versions, 1, initial(1), LOST);
}

static void r3_sectors_are_not_ordered(struct kunit *test)
{
	struct blkv_versions *versions = new_versions(test);

	write(versions, 1, 1, 'a');
	write(versions, 2, 1, 'b');
	write(versions, 1, 2, 'c');
	blkv_versions_cut(versions);
	settle(test, versions, 2, 'c');
	settle(test, versions, 1, initial(1));
}

static void r3_zeroing_leaves_zeros(struct kunit *test)
{
	struct blkv_versions *versions = new_versions(test);

	write(versions, 60, 8, 'a');
	flush(versions, BLKV_FLUSH_OK);
	clear(versions, 60, 8, BLKV_VERSION_ZEROS);
	write(versions, 67, 1, 'b');
	blkv_versions_cut(versions);
	EXPECT_ANSWER(test, versions, 60, ZERO_HASH, NEW);
	EXPECT_ANSWER(test, versions, 63, 'a', OLD);
	EXPECT_ANSWER(test, versions, 67, ZERO_HASH, OLD);
	EXPECT_ANSWER(test, versions, 67, initial(67), LOST);
}

static void r3_discard_leaves_anything(struct kunit *test)
{
	struct blkv_versions *versions = new_versions(test);

	write(versions, 10, 1, 'a');
	flush(versions, BLKV_FLUSH_OK);
	clear(versions, 3, NR_SECTORS - 3, BLKV_VERSION_ANYTHING);
	flush(versions, BLKV_FLUSH_OK);
	write(versions, 11, 1, 'b');
	write(versions, 12, 1, 'c');
	write(versions, 500, 1, 'd');
	flush(versions, BLKV_FLUSH_OK);
	write(versions, 12, 1, 'e');
	write(versions, 13, 1, 'f');
	blkv_versions_cut(versions);
	KUNIT_EXPECT_FALSE(test, is_uncertain(versions, 2));
	KUNIT_EXPECT_TRUE(test, is_uncertain(versions, 3));
	KUNIT_EXPECT_TRUE(test, is_uncertain(versions, NR_SECTORS - 1));
	EXPECT_ANSWER(test, versions, 10, 'x', UNPROVEN);
	KUNIT_EXPECT_FALSE(test, is_uncertain(versions, 11));
	EXPECT_ANSWER(test, versions, 12, 'c', OLD);
	EXPECT_ANSWER(test, versions, 12, 'x', OTHER);
	EXPECT_ANSWER(test, versions, 13, 'f', NEW);
	EXPECT_ANSWER(test, versions, 13, 'x', UNPROVEN);
	KUNIT_EXPECT_FALSE(test, is_uncertain(versions, 500));
}

static void r4_block_comes_from_one_write(struct kunit *test)
{
	struct blkv_versions *versions = new_versions_of(test, NR_SECTORS, PLENTY, 4);
	static const u64 raw[4] = { 'b', 'b', 'b', 'b' }, old[4] = { 'a', 'a', 'a', 'a' };
	static const u64 torn[4] = { 'b', 'b', 'a', 'b' }, wrong[4] = { 'b', 'b', 'x', 'b' };
	struct blkv_judgement judgement;

	write(versions, 8, 4, 'a');
	flush(versions, BLKV_FLUSH_OK);
	write(versions, 4, 8, 'b');
	blkv_versions_cut(versions);
	KUNIT_EXPECT_EQ(test, blkv_versions_judge(versions, 8, raw, raw, &judgement),
			BLKV_ANSWER_NEW);
	KUNIT_EXPECT_EQ(test, blkv_versions_judge(versions, 8, old, raw, &judgement),
			BLKV_ANSWER_OLD);
	KUNIT_EXPECT_EQ(test, judgement.version.order, 1);
	KUNIT_EXPECT_EQ(test, blkv_versions_judge(versions, 8, wrong, raw, &judgement),
			BLKV_ANSWER_OTHER);
	KUNIT_EXPECT_EQ(test, judgement.sector, 10);
	KUNIT_EXPECT_EQ(test, blkv_versions_judge(versions, 8, torn, raw, &judgement),
			BLKV_ANSWER_TORN);
	KUNIT_EXPECT_TRUE(test, judgement.is_known);
	KUNIT_EXPECT_EQ(test, judgement.version.order, 2);
	KUNIT_EXPECT_EQ(test, versions->counters.torn, 1);
}

/* A part of a block that was written alone may be old or new alone. */
static void r4_parts_that_were_written_alone_are_blocks(struct kunit *test)
{
	struct blkv_versions *versions = new_versions_of(test, NR_SECTORS, PLENTY, 4);
	static const u64 raw[4] = { 'b', 'b', 'a', 'a' }, mixed[4] = { 'b', 'b', 0, 0 };
	static const u64 torn[4] = { 'b', 'a', 'a', 'a' };
	struct blkv_judgement judgement;
	u64 test_hashes[4];

	write(versions, 8, 4, 'a');
	write(versions, 8, 2, 'b');
	blkv_versions_cut(versions);
	memcpy(test_hashes, mixed, sizeof(mixed));
	test_hashes[2] = initial(10);
	test_hashes[3] = initial(11);
	KUNIT_EXPECT_EQ(test, blkv_versions_judge(versions, 8, test_hashes, raw, &judgement),
			BLKV_ANSWER_OLD);
	KUNIT_EXPECT_EQ(test, blkv_versions_judge(versions, 8, torn, raw, &judgement),
			BLKV_ANSWER_TORN);
}

static void r5_atomic_write_is_held_by_all_blocks_or_by_none(struct kunit *test)
{
	struct blkv_versions *versions = new_versions(test);

	blkv_versions_write_end(versions, submit(versions, 60, 8, 'a', BLKV_VERSION_ATOMIC), true,
				false);
	write(versions, 61, 1, 'b');
	blkv_versions_cut(versions);
	settle(test, versions, 60, 'a');
	/* Not counted: covered by a later write. */
	settle(test, versions, 61, initial(61));
	EXPECT_ANSWER(test, versions, 67, initial(67), TORN);
	EXPECT_ANSWER(test, versions, 67, 'a', NEW);
}

static void r5_fate_of_an_atomic_write_ends_with_the_next_cut(struct kunit *test)
{
	struct blkv_versions *versions = new_versions(test);

	blkv_versions_write_end(versions, submit(versions, 1, 3, 'a', BLKV_VERSION_ATOMIC), true,
				false);
	blkv_versions_cut(versions);
	settle(test, versions, 1, initial(1));
	EXPECT_ANSWER(test, versions, 2, 'a', TORN);
	blkv_versions_cut(versions);
	EXPECT_ANSWER(test, versions, 2, 'a', NEW);
	EXPECT_ANSWER(test, versions, 3, initial(3), TORN);
}

static void r6_failed_flush_makes_sectors_unproven(struct kunit *test)
{
	struct blkv_versions *versions = new_versions(test);

	write(versions, 1, 1, 'a');
	flush(versions, BLKV_FLUSH_OK);
	write(versions, 2, 3, 'b');
	blkv_versions_write_end(versions, submit(versions, 9, 1, 'f', BLKV_VERSION_FUA), true,
				false);
	flush(versions, BLKV_FLUSH_FAILED);
	/* No later flush covers the same. */
	flush(versions, BLKV_FLUSH_OK);
	write(versions, 3, 2, 'c');
	flush(versions, BLKV_FLUSH_OK);
	write(versions, 4, 1, 'd');
	write(versions, 5, 1, 'e');
	blkv_versions_cut(versions);
	/* It had been durable before. */
	KUNIT_EXPECT_FALSE(test, is_uncertain(versions, 1));
	EXPECT_ANSWER(test, versions, 2, 'b', NEW);
	EXPECT_ANSWER(test, versions, 2, 'x', UNPROVEN);
	/* Written again and flushed. */
	KUNIT_EXPECT_FALSE(test, is_uncertain(versions, 3));
	EXPECT_ANSWER(test, versions, 4, 'c', OLD);
	EXPECT_ANSWER(test, versions, 4, 'b', LOST);
	EXPECT_ANSWER(test, versions, 5, initial(5), OLD);
	EXPECT_ANSWER(test, versions, 5, 'x', OTHER);
	KUNIT_EXPECT_FALSE(test, is_uncertain(versions, 9));
}

/* Test may have reported the error of both flushes only once. */
static void r6_failed_flush_voids_one_that_overtook_it(struct kunit *test)
{
	struct blkv_versions *versions = new_versions(test);
	struct blkv_version_flush first, second;
	sector_t start = 1, nr = 1;

	write(versions, 1, 1, 'a');
	blkv_versions_flush_begin(versions, &first);
	blkv_versions_flush_begin(versions, &second);
	blkv_versions_flush_end(versions, &second, BLKV_FLUSH_OK);
	/* It may not be forgotten yet. */
	KUNIT_EXPECT_FALSE(test, blkv_versions_find_bare(versions, &start, &nr));
	blkv_versions_flush_end(versions, &first, BLKV_FLUSH_FAILED);
	blkv_versions_cut(versions);
	EXPECT_ANSWER(test, versions, 1, initial(1), UNPROVEN);
}

static void r6_void_epochs_do_not_run_out(struct kunit *test)
{
	struct blkv_versions *versions = new_versions(test);
	unsigned int i, n = 3 * BLKV_VERSIONS_VOIDS;

	for (i = 0; i < n; i++) {
		write(versions, i, 1, 'a');
		flush(versions, BLKV_FLUSH_FAILED);
		write(versions, n + i, 1, 'b');
		flush(versions, BLKV_FLUSH_OK);
	}
	write(versions, 0, n, 'c');
	blkv_versions_cut(versions);
	for (i = 0; i < n; i++)
		EXPECT_ANSWER(test, versions, i, 'x', UNPROVEN);
	KUNIT_EXPECT_FALSE(test, is_uncertain(versions, n));
}

/* Where a read error is allowed. */
static void r7_only_what_is_not_durable_is_uncertain(struct kunit *test)
{
	struct blkv_versions *versions = new_versions(test);
	sector_t start = 0, nr = NR_SECTORS;

	write(versions, 0, 10, 'a');
	flush(versions, BLKV_FLUSH_OK);
	write(versions, 62, 4, 'b');
	KUNIT_EXPECT_EQ(test, blkv_versions_uncertain(versions), 0);
	blkv_versions_cut(versions);
	KUNIT_EXPECT_EQ(test, blkv_versions_uncertain(versions), 4);
	KUNIT_EXPECT_TRUE(test, blkv_versions_find_uncertain(versions, &start, &nr));
	KUNIT_EXPECT_EQ(test, start, 62);
	KUNIT_EXPECT_EQ(test, nr, 4);
	/* A write ends it, and so does an answer. */
	write(versions, 63, 1, 'c');
	settle(test, versions, 64, initial(64));
	KUNIT_EXPECT_EQ(test, blkv_versions_uncertain(versions), 2);
	start = 64;
	nr = NR_SECTORS - start;
	KUNIT_EXPECT_TRUE(test, blkv_versions_find_uncertain(versions, &start, &nr));
	KUNIT_EXPECT_EQ(test, start, 65);
	blkv_versions_done(versions);
	KUNIT_EXPECT_EQ(test, blkv_versions_uncertain(versions), 0);
}

static void r8_answer_is_final(struct kunit *test)
{
	struct blkv_versions *versions = new_versions(test);

	write(versions, 1, 1, 'a');
	flush(versions, BLKV_FLUSH_OK);
	write(versions, 1, 1, 'b');
	blkv_versions_cut(versions);
	settle(test, versions, 1, 'a');
	KUNIT_EXPECT_EQ(test, judge_raw(versions, 1, 'a', 'a'), BLKV_ANSWER_CERTAIN);
	KUNIT_EXPECT_EQ(test, judge_raw(versions, 1, 'b', 'a'), BLKV_ANSWER_FLAPPING);
	KUNIT_EXPECT_EQ(test, judge_raw(versions, 1, 'x', 'a'), BLKV_ANSWER_OTHER);
	/* Unless it is written. */
	write(versions, 1, 1, 'b');
	KUNIT_EXPECT_EQ(test, judge_raw(versions, 1, 'b', 'b'), BLKV_ANSWER_CERTAIN);
	KUNIT_EXPECT_EQ(test, versions->counters.settled_old, 1);
}

static void r9_answer_counts_as_written_and_not_flushed(struct kunit *test)
{
	struct blkv_versions *versions = new_versions(test);

	write(versions, 1, 2, 'a');
	flush(versions, BLKV_FLUSH_OK);
	write(versions, 1, 2, 'b');
	blkv_versions_cut(versions);
	settle(test, versions, 1, 'b');
	blkv_versions_cut(versions);
	/* The second cut may bring the floor, also of sectors that were not read. */
	settle(test, versions, 1, 'a');
	EXPECT_ANSWER(test, versions, 2, 'a', OLD);
	EXPECT_ANSWER(test, versions, 2, 'b', NEW);
	/* Now what was read is the floor. */
	flush(versions, BLKV_FLUSH_OK);
	blkv_versions_cut(versions);
	KUNIT_EXPECT_FALSE(test, is_uncertain(versions, 1));
	KUNIT_EXPECT_EQ(test, judge_raw(versions, 1, 'b', 'a'), BLKV_ANSWER_LOST);
	/* What was not read is not covered: the flush came after the cut. */
	EXPECT_ANSWER(test, versions, 2, 'a', OLD);
	EXPECT_ANSWER(test, versions, 2, 'b', NEW);
	EXPECT_ANSWER(test, versions, 2, initial(2), LOST);
}

/* ---- reports ------------------------------------------------------------------------------ */

static void lost_write_is_named(struct kunit *test)
{
	struct blkv_versions *versions = new_versions(test);
	static const enum blkv_promise promises[3] = {
		BLKV_PROMISE_FLUSH, BLKV_PROMISE_FUA, BLKV_PROMISE_NO_CACHE,
	};
	struct blkv_judgement judgement;
	unsigned int i;
	u64 hash, raw = 'c';

	write(versions, 10, 5, 'a');
	flush(versions, BLKV_FLUSH_OK);
	blkv_versions_write_end(versions, submit(versions, 11, 2, 'b', BLKV_VERSION_FUA), true,
				false);
	blkv_versions_write_end(versions, submit(versions, 12, 2, 'b', BLKV_VERSION_NO_CACHE),
				true, true);
	write(versions, 10, 3, 'c');
	blkv_versions_cut(versions);
	for (i = 0; i < ARRAY_SIZE(promises); i++) {
		hash = initial(10 + i);
		KUNIT_EXPECT_EQ(test,
				blkv_versions_judge(versions, 10 + i, &hash, &raw, &judgement),
				BLKV_ANSWER_LOST);
		KUNIT_EXPECT_EQ(test, judgement.sector, 10 + i);
		KUNIT_ASSERT_TRUE(test, judgement.is_known);
		KUNIT_EXPECT_EQ(test, judgement.version.order, i + 1);
		KUNIT_EXPECT_EQ(test, judgement.version.start, 10 + i);
		KUNIT_EXPECT_EQ(test, judgement.version.nr_sectors, i ? 2 : 5);
		KUNIT_EXPECT_EQ(test, judgement.version.kind, BLKV_VERSION_DATA);
		KUNIT_EXPECT_EQ(test, judgement.version.promise, promises[i]);
	}
	KUNIT_EXPECT_EQ(test, versions->counters.lost, 3);
}

static void list_has_what_is_allowed(struct kunit *test)
{
	struct blkv_versions *versions = new_versions(test);
	struct blkv_version list[8];
	bool unproven;

	KUNIT_EXPECT_EQ(test, blkv_versions_list(versions, 1, list, 8, &unproven), 0);
	KUNIT_EXPECT_FALSE(test, unproven);
	write(versions, 1, 1, 'a');
	KUNIT_EXPECT_EQ(test, blkv_versions_list(versions, 1, list, 8, &unproven), 2);
	KUNIT_EXPECT_EQ(test, list[1].kind, BLKV_VERSION_PREIMAGE);
	KUNIT_EXPECT_EQ(test, list[1].start, 1);
	flush(versions, BLKV_FLUSH_OK);
	blkv_versions_write_end(versions, submit(versions, 1, 1, 'b', 0), false, false);
	clear(versions, 0, 4, BLKV_VERSION_ZEROS);
	KUNIT_EXPECT_EQ(test, blkv_versions_list(versions, 1, list, 8, &unproven), 3);
	KUNIT_EXPECT_FALSE(test, unproven);
	KUNIT_EXPECT_EQ(test, list[0].hash, ZERO_HASH);
	KUNIT_EXPECT_EQ(test, list[0].order, 3);
	KUNIT_EXPECT_EQ(test, list[0].promise, BLKV_PROMISE_NONE);
	KUNIT_EXPECT_TRUE(test, list[0].completed);
	KUNIT_EXPECT_EQ(test, list[1].promise, BLKV_PROMISE_FAILED);
	KUNIT_EXPECT_EQ(test, list[2].promise, BLKV_PROMISE_FLUSH);
	KUNIT_EXPECT_EQ(test, list[2].hash, 'a');
	/* The zeroing of the others had no pre-image. */
	KUNIT_EXPECT_EQ(test, blkv_versions_list(versions, 2, list, 8, &unproven), 1);
	KUNIT_EXPECT_TRUE(test, unproven);
}

static void armed_device_may_return_what_a_cut_may_leave(struct kunit *test)
{
	struct blkv_versions *versions = new_versions(test);

	KUNIT_EXPECT_FALSE(test, blkv_versions_may_hold(versions, 1, initial(1)));
	write(versions, 1, 1, 'a');
	KUNIT_EXPECT_TRUE(test, blkv_versions_may_hold(versions, 1, initial(1)));
	KUNIT_EXPECT_TRUE(test, blkv_versions_may_hold(versions, 1, 'a'));
	KUNIT_EXPECT_FALSE(test, blkv_versions_may_hold(versions, 1, 'b'));
	KUNIT_EXPECT_FALSE(test, blkv_versions_may_hold(versions, 2, initial(1)));
	flush(versions, BLKV_FLUSH_OK);
	KUNIT_EXPECT_FALSE(test, blkv_versions_may_hold(versions, 1, initial(1)));
	clear(versions, 1, 1, BLKV_VERSION_ANYTHING);
	KUNIT_EXPECT_TRUE(test, blkv_versions_may_hold(versions, 1, 'b'));
}

static void user_may_say_that_anything_is_there(struct kunit *test)
{
	struct blkv_versions *versions = new_versions(test);

	write(versions, 60, 10, 'a');
	flush(versions, BLKV_FLUSH_OK);
	blkv_versions_unprove(versions, 62, 70);
	KUNIT_EXPECT_EQ(test, blkv_versions_unproven(versions), 70);
	blkv_versions_cut(versions);
	KUNIT_EXPECT_EQ(test, blkv_versions_cuts(versions), 1);
	KUNIT_EXPECT_EQ(test, blkv_versions_uncertain(versions), 70);
	EXPECT_ANSWER(test, versions, 61, 'x', OTHER);
	EXPECT_ANSWER(test, versions, 62, 'x', UNPROVEN);
	EXPECT_ANSWER(test, versions, 131, 'x', UNPROVEN);
	EXPECT_ANSWER(test, versions, 132, 'x', OTHER);
}

static void exempted_sectors_are_certain(struct kunit *test)
{
	struct blkv_versions *versions = new_versions(test);

	write(versions, 10, 4, 'a');
	blkv_versions_cut(versions);
	blkv_versions_exempt(versions, 11, 2);
	KUNIT_EXPECT_EQ(test, blkv_versions_uncertain(versions), 2);
	KUNIT_EXPECT_FALSE(test, is_uncertain(versions, 11));
	KUNIT_EXPECT_TRUE(test, is_uncertain(versions, 13));
	/* What a later cut may leave is not forgotten. */
	blkv_versions_cut(versions);
	EXPECT_ANSWER(test, versions, 11, initial(11), OLD);
}

/* The map may call too many sectors uncertain: an answer ends that, too. */
static void certain_answer_is_final(struct kunit *test)
{
	struct blkv_versions *versions = new_versions(test);
	u64 hash = initial(5);

	blkv_versions_cut(versions);
	blkv_trust_set(&versions->certain, 5, 1, false);
	KUNIT_EXPECT_EQ(test, judge_raw(versions, 5, hash, hash), BLKV_ANSWER_CERTAIN);
	blkv_versions_settle(versions, 5, &hash, BLKV_ANSWER_CERTAIN);
	KUNIT_EXPECT_FALSE(test, is_uncertain(versions, 5));
	KUNIT_EXPECT_EQ(test, versions->counters.settled_new, 0);
}

static void misplaced_data_are_found(struct kunit *test)
{
	struct blkv_versions *versions = new_versions(test);
	struct blkv_version list[3];
	bool unproven;
	sector_t sector;
	u64 time = 0;

	write(versions, 1, 1, 'a');
	write(versions, 700, 1, 'b');
	write(versions, 700, 1, 'c');
	KUNIT_EXPECT_TRUE(test, blkv_versions_find_hash(versions, 'b', 1, &sector, &time));
	KUNIT_EXPECT_EQ(test, sector, 700);
	KUNIT_ASSERT_GE(test, blkv_versions_list(versions, 700, list, 3, &unproven), 2);
	KUNIT_EXPECT_EQ(test, list[1].hash, 'b');
	KUNIT_EXPECT_NE(test, time, 0);
	KUNIT_EXPECT_EQ(test, time, list[1].time);
	KUNIT_EXPECT_FALSE(test, blkv_versions_find_hash(versions, 'b', 700, &sector, &time));
	KUNIT_EXPECT_FALSE(test, blkv_versions_find_hash(versions, 'x', 1, &sector, &time));
}

/* ---- memory ------------------------------------------------------------------------------- */

static void failed_allocation_makes_sectors_unproven(struct kunit *test)
{
	struct blkv_versions *versions = new_versions(test);
	struct blkv_version_write *w;
	struct blkv_version_counters counters;

	write(versions, 1, 3, 'a');
	flush(versions, BLKV_FLUSH_OK);
	no_memory = true;
	w = submit(versions, 2, 1, 'b', 0);
	KUNIT_EXPECT_NULL(test, w);
	blkv_versions_write_end(versions, w, true, false);
	no_memory = false;
	flush(versions, BLKV_FLUSH_OK);
	blkv_versions_count(versions, &counters);
	KUNIT_EXPECT_GT(test, counters.forgotten, 0);
	blkv_versions_cut(versions);
	EXPECT_ANSWER(test, versions, 2, 'x', UNPROVEN);
	/* Until it is written again and flushed. */
	write(versions, 2, 1, 'c');
	flush(versions, BLKV_FLUSH_OK);
	write(versions, 2, 1, 'd');
	blkv_versions_cut(versions);
	EXPECT_ANSWER(test, versions, 2, 'c', OLD);
	EXPECT_ANSWER(test, versions, 2, 'x', OTHER);
}

static void oldest_versions_go_first(struct kunit *test)
{
	struct blkv_versions *versions = new_versions_of(test, NR_SECTORS, 4096, 1);
	struct blkv_version_counters counters;
	unsigned int i;

	for (i = 0; i < NR_SECTORS / BLKV_VERSIONS_MAX_UNIT; i++) {
		write(versions, i * BLKV_VERSIONS_MAX_UNIT, 4, 'a');
		KUNIT_EXPECT_LE(test, versions->bytes, 4096);
	}
	for (i = 0; i < 1000; i++) {
		write(versions, NR_SECTORS - 4, 4, 'b');
		KUNIT_EXPECT_LE(test, versions->bytes, 4096);
	}
	blkv_versions_count(versions, &counters);
	KUNIT_EXPECT_GT(test, counters.forgotten, 0);
	blkv_versions_cut(versions);
	KUNIT_EXPECT_TRUE(test, is_uncertain(versions, 0));
	EXPECT_ANSWER(test, versions, 0, 'x', UNPROVEN);
	KUNIT_EXPECT_FALSE(test, is_uncertain(versions, 4));
	EXPECT_ANSWER(test, versions, NR_SECTORS - 4, 'b', NEW);
	KUNIT_EXPECT_FALSE(test, is_uncertain(versions, NR_SECTORS - 5));
}

/* Many versions that no flush has covered. */
static void pieces_of_a_chunk_are_limited(struct kunit *test)
{
	struct blkv_versions *versions = new_versions(test);
	unsigned int i;
	size_t bytes = 0;

	for (i = 0; i < 2000; i++) {
		write(versions, 1, 1, 100 + i);
		if (i == 1000)
			bytes = versions->bytes;
	}
	KUNIT_EXPECT_EQ(test, versions->bytes, bytes);
	blkv_versions_cut(versions);
	EXPECT_ANSWER(test, versions, 1, 100 + 1999, NEW);
	EXPECT_ANSWER(test, versions, 1, 100 + 1800, OLD);
	EXPECT_ANSWER(test, versions, 1, 100, UNPROVEN);
}

/* Memory depends on what was written since the last flush, not on what was ever written. */
static void durable_versions_are_freed(struct kunit *test)
{
	const sector_t nr_sectors = 1 << 18;
	struct blkv_versions *versions = new_versions_of(test, nr_sectors, SZ_256K, 1);
	struct blkv_version_counters counters;
	sector_t start, nr = 1;

	for (start = 0; start < nr_sectors; start += BLKV_VERSIONS_MAX_UNIT) {
		write(versions, start, 8, 'a');
		if (start % 4096 == 0)
			flush(versions, BLKV_FLUSH_OK);
		KUNIT_ASSERT_LE(test, versions->bytes, SZ_128K);
	}
	blkv_versions_count(versions, &counters);
	KUNIT_EXPECT_EQ(test, counters.forgotten, 0);
	start = 0;
	KUNIT_EXPECT_TRUE(test, blkv_versions_find_bare(versions, &start, &nr));
	blkv_versions_cut(versions);
	KUNIT_EXPECT_FALSE(test, is_uncertain(versions, 0));
	KUNIT_EXPECT_EQ(test, judge_raw(versions, 0, 'a', 'a'), BLKV_ANSWER_CERTAIN);
}

/* It is durable now, but may be void in a moment. */
static void version_is_kept_while_a_flush_may_void_it(struct kunit *test)
{
	struct blkv_versions *versions = new_versions_of(test, NR_SECTORS, 4096, 1);
	struct blkv_version_flush first, second;
	unsigned int i;

	write(versions, 1, 1, 'a');
	blkv_versions_flush_begin(versions, &first);
	blkv_versions_flush_begin(versions, &second);
	blkv_versions_flush_end(versions, &second, BLKV_FLUSH_OK);
	for (i = 1; i < NR_SECTORS / BLKV_VERSIONS_MAX_UNIT; i++)
		write(versions, i * BLKV_VERSIONS_MAX_UNIT, 4, 'b');
	blkv_versions_flush_end(versions, &first, BLKV_FLUSH_FAILED);
	blkv_versions_cut(versions);
	KUNIT_EXPECT_TRUE(test, is_uncertain(versions, 1));
	EXPECT_ANSWER(test, versions, 1, initial(1), UNPROVEN);
}

static void long_ranges_cost_little(struct kunit *test)
{
	const sector_t nr_sectors = 1ULL << 36;
	struct blkv_versions *versions = new_versions_of(test, nr_sectors, SZ_1M, 1);
	const sector_t far = (1ULL << 35) + 12345;

	write(versions, far, 1, 'a');
	write(versions, far + 2, 1, 'a');
	clear(versions, 100, nr_sectors - 200, BLKV_VERSION_ANYTHING);
	write(versions, far + 1, 2, 'b');
	flush(versions, BLKV_FLUSH_OK);
	clear(versions, far + 2, 1ULL << 20, BLKV_VERSION_ZEROS);
	KUNIT_EXPECT_LT(test, versions->bytes, 4096);
	blkv_versions_cut(versions);
	KUNIT_EXPECT_FALSE(test, is_uncertain(versions, 99));
	KUNIT_EXPECT_TRUE(test, is_uncertain(versions, 100));
	EXPECT_ANSWER(test, versions, far, 'a', UNPROVEN);
	KUNIT_EXPECT_FALSE(test, is_uncertain(versions, far + 1));
	EXPECT_ANSWER(test, versions, far + 2, ZERO_HASH, UNPROVEN);
	KUNIT_EXPECT_TRUE(test, is_uncertain(versions, nr_sectors - 101));
	KUNIT_EXPECT_FALSE(test, is_uncertain(versions, nr_sectors - 100));
	EXPECT_ANSWER(test, versions, nr_sectors - 1, 'x', OTHER);
}

static void reload_hands_all_over(struct kunit *test)
{
	struct blkv_versions *from = new_versions(test), *to = new_versions(test);
	struct blkv_versions *other = new_versions_of(test, NR_SECTORS, PLENTY, 2);

	write(from, 1, 1, 'a');
	flush(from, BLKV_FLUSH_OK);
	write(from, 1, 1, 'b');
	write(from, 2, 1, 'v');
	flush(from, BLKV_FLUSH_FAILED);
	blkv_versions_cut(from);
	settle(test, from, 2, 'x');
	KUNIT_EXPECT_FALSE(test, blkv_versions_move(other, from));
	KUNIT_EXPECT_TRUE(test, blkv_versions_move(to, from));
	EXPECT_ANSWER(test, to, 1, 'b', NEW);
	KUNIT_EXPECT_TRUE(test, is_uncertain(to, 1));
	KUNIT_EXPECT_FALSE(test, is_uncertain(to, 2));
	flush(to, BLKV_FLUSH_OK);
	blkv_versions_cut(to);
	KUNIT_EXPECT_EQ(test, judge_raw(to, 2, 'y', 'x'), BLKV_ANSWER_OTHER);
	KUNIT_EXPECT_EQ(test, to->counters.settled_unproven, 1);
}

/* ---- against a list of all versions ------------------------------------------------------- */

#define MODEL_BLOCKS 64
#define MODEL_UNIT 4
#define MODEL_SECTORS (MODEL_BLOCKS * MODEL_UNIT)
#define MODEL_VERSIONS 400
#define MODEL_WRITES 6000
#define MODEL_FLUSHES 400
#define MODEL_IN_FLIGHT 6

enum state { IN_FLIGHT, COMPLETED, FAILED, CUT };

/* What test has promised, evaluated as the rules say it. */
enum promise { PROMISES_NOTHING, PROMISES_VOID, PROMISES_ALL };

/* A write, a zeroing, a discard, a pre-image, or an answer. */
struct model_write {
	struct blkv_version_write *write; /* of the unit */
	u32 start;
	u32 nr;
	u32 completed; /* when */
	u32 cuts; /* before that */
	enum state state;
	bool is_anything;
	bool is_preimage;
	bool is_atomic;
	bool is_tainted; /* what was read of it since the last cut was not allowed */
	bool is_final; /* @promise does not change any more */
	bool had_no_cache;
	bool is_fua;
	bool is_instant; /* durable when it completed */
	enum promise promise; /* as of @evaluated, or final */
	u32 evaluated;
	unsigned int fate; /* of an atomic write: 0 if unknown, 1 + whether it is held */
};

struct model_flush {
	struct blkv_version_flush flush; /* of the unit */
	u32 begin;
	u32 end;
	u32 cuts;
	enum state state;
};

struct model_version {
	u32 write;
	u64 hash;
};

struct model {
	struct kunit *test;
	struct rnd_state *random;
	struct blkv_versions *versions;
	unsigned int unit;
	unsigned int nr_sectors;
	bool ragged; /* requests are not aligned to blocks */
	bool no_cache;
	u32 now;
	u32 cuts;
	u32 unique;
	u32 nr_failed; /* flushes since the last cut */
	u32 nr_unread; /* sectors whose pre-image was not read */

	struct model_write writes[MODEL_WRITES];
	u32 nr_writes;
	u32 nr_done; /* so many at the beginning are not in flight */
	struct model_flush flushes[MODEL_FLUSHES];
	u32 nr_flushes;
	struct model_version list[MODEL_SECTORS][MODEL_VERSIONS];
	u32 nr_versions[MODEL_SECTORS];
	bool uncertain[MODEL_SECTORS];
	u64 hashes[MODEL_SECTORS]; /* of the request that is being made */

	/* How often the unit gave each answer. */
	u32 answers[BLKV_ANSWER_OTHER + 1];
	u32 nr_settled[BLKV_ANSWER_OTHER + 1];
	u32 nr_exact;
	u32 nr_lossy;
};

static void free_model(void *model)
{
	kvfree(model);
}

KUNIT_DEFINE_ACTION_WRAPPER(free_model_action, free_model, void *);

static struct model_version *model_newest(struct model *model, u32 sector)
{
	return &model->list[sector][model->nr_versions[sector] - 1];
}

static u32 model_new_write(struct model *model, u32 start, u32 nr)
{
	u32 n = model->nr_writes++;

	model->writes[n] = (struct model_write){ .start = start, .nr = nr };
	return n;
}

static void model_push(struct model *model, u32 sector, u32 write, u64 hash)
{
	model->list[sector][model->nr_versions[sector]++] =
		(struct model_version){ .write = write, .hash = hash };
}

/* R1 and R6: a walk over all flushes. */
static enum promise model_evaluate(struct model *model, const struct model_write *write)
{
	bool covered = false;
	u32 f, g;

	if (write->is_preimage || write->is_instant)
		return PROMISES_ALL;
	if (write->state != COMPLETED || write->is_anything)
		return PROMISES_NOTHING;
	for (f = 0; f < model->nr_flushes; f++) {
		struct model_flush *flush = &model->flushes[f];
		bool before = false;

		if (flush->cuts != write->cuts || write->completed > flush->begin)
			continue;
		if (flush->state == COMPLETED)
			covered = true;
		if (flush->state != FAILED)
			continue;
		for (g = 0; g < model->nr_flushes; g++) {
			struct model_flush *earlier = &model->flushes[g];

			before |= earlier->state == COMPLETED && earlier->cuts == write->cuts &&
				  write->completed < earlier->begin &&
				  earlier->end < flush->begin;
		}
		if (!before)
			return PROMISES_VOID;
	}
	return covered ? PROMISES_ALL : PROMISES_NOTHING;
}

static enum promise model_promise(struct model *model, u32 n)
{
	struct model_write *write = &model->writes[n];

	if (!write->is_final && write->evaluated != model->now) {
		write->promise = model_evaluate(model, write);
		write->evaluated = model->now;
	}
	return write->promise;
}

/* R2 and R3: the versions from the newest to the floor. Returns how many. */
static u32 model_allowed(struct model *model, u32 sector, bool *anything)
{
	u32 n, nr = model->nr_versions[sector];

	*anything = false;
	for (n = 1; n <= nr; n++) {
		u32 w = model->list[sector][nr - n].write;
		enum promise promise = model_promise(model, w);

		if (model->writes[w].is_anything) {
			*anything = true;
			return n - 1;
		}
		if (promise == PROMISES_VOID)
			*anything = true;
		if (promise != PROMISES_NOTHING)
			return n;
	}
	KUNIT_FAIL(model->test, "sector %u has no oldest version", sector);
	return nr;
}

/* The @n-th newest version. */
static struct model_version *model_version(struct model *model, u32 sector, u32 n)
{
	return &model->list[sector][model->nr_versions[sector] - 1 - n];
}

static bool model_same_versions(struct model *model, u32 a, u32 b)
{
	bool anything[2];
	u32 i, nr = model_allowed(model, a, &anything[0]);

	if (nr != model_allowed(model, b, &anything[1]) || anything[0] != anything[1])
		return false;
	for (i = 0; i < nr; i++)
		if (model_version(model, a, i)->write != model_version(model, b, i)->write)
			return false;
	return true;
}

/* R4 and R5, for sectors @in of a block that begins at @start, and have the same versions. */
static enum blkv_answer model_judge_group(struct model *model, u32 start, const bool *in,
					  u32 first, const u64 *hashes)
{
	u32 i, n, nr, all = 0, found = U32_MAX, nr_older = 0;
	bool anything, sector_allowed[MODEL_UNIT] = {}, is_held = false;
	struct model_write *write;

	nr = model_allowed(model, start + first, &anything);
	for (n = 0; n < nr; n++) {
		bool match = true;

		for (i = 0; i < model->unit; i++) {
			bool same;

			if (!in[i])
				continue;
			same = model_version(model, start + i, n)->hash == hashes[i];
			sector_allowed[i] |= same;
			match &= same;
		}
		if (!match)
			continue;
		found = min(found, n);
		if (n)
			nr_older++;
		else
			is_held = true;
	}
	write = nr ? &model->writes[model_version(model, start + first, 0)->write] : NULL;
	if (write && write->is_atomic && nr > 1 && found != U32_MAX && !anything &&
	    !(is_held && nr_older)) {
		if (write->fate && write->fate != 1 + is_held)
			return BLKV_ANSWER_TORN;
		write->fate = 1 + is_held;
	}
	if (found != U32_MAX)
		return found ? BLKV_ANSWER_OLD : BLKV_ANSWER_NEW;
	if (anything)
		return BLKV_ANSWER_UNPROVEN;
	for (i = 0; i < model->unit; i++)
		all += in[i] && !sector_allowed[i];
	return all ? BLKV_ANSWER_OTHER : BLKV_ANSWER_TORN;
}

/* OTHER stands for all answers that are not allowed, except TORN. */
static enum blkv_answer model_judge(struct model *model, u32 start, const u64 *hashes)
{
	enum blkv_answer answer = BLKV_ANSWER_CERTAIN;
	bool done[MODEL_UNIT] = {};
	u32 i, j;

	for (i = 0; i < model->unit; i++) {
		if (model->uncertain[start + i])
			continue;
		done[i] = true;
		if (hashes[i] != model_newest(model, start + i)->hash)
			answer = BLKV_ANSWER_OTHER;
	}
	for (i = 0; i < model->unit; i++) {
		bool in[MODEL_UNIT] = {};

		if (done[i])
			continue;
		for (j = i; j < model->unit; j++) {
			in[j] = !done[j] && model_same_versions(model, start + i, start + j);
			done[j] |= in[j];
		}
		answer = max(answer, model_judge_group(model, start, in, i, hashes));
	}
	return answer;
}

/* Coverage may have been lost. */
static bool model_is_lossy(struct model *model)
{
	return model->versions->counters.forgotten ||
	       model->versions->counters.unread != model->nr_unread ||
	       model->nr_failed > BLKV_VERSIONS_VOIDS;
}

static u64 model_new_hash(struct model *model)
{
	/* The same data are written again at times. */
	if (one_in(model->random, 6))
		return between(model->random, 1, 4);
	if (one_in(model->random, 20))
		return ZERO_HASH;
	return 100 + model->unique++;
}

static bool model_is_busy(struct model *model, u32 start, u32 nr)
{
	u32 n;

	for (n = model->nr_done; n < model->nr_writes; n++) {
		struct model_write *write = &model->writes[n];

		if (write->state == IN_FLIGHT && start < write->start + write->nr &&
		    write->start < start + nr)
			return true;
	}
	return false;
}

/* Read the pre-images that the unit asks for, or forget to. */
static void model_preimages(struct model *model, u32 first, u32 nr_sectors)
{
	sector_t start = first, nr = nr_sectors;
	bool skips = one_in(model->random, 6);
	u64 *hashes = model->hashes;
	u32 i, n;

	while (blkv_versions_find_bare(model->versions, &start, &nr)) {
		n = model_new_write(model, start, nr);
		model->writes[n].state = COMPLETED;
		model->writes[n].is_preimage = !skips;
		model->writes[n].is_anything = skips;
		for (i = 0; i < nr; i++) {
			struct model_version *newest = model_newest(model, start + i);

			/* What test holds is known only if it is durable. */
			KUNIT_EXPECT_EQ(model->test, model_promise(model, newest->write),
					PROMISES_ALL);
			hashes[i] = newest->hash;
			model_push(model, start + i, n, hashes[i]);
		}
		if (skips)
			model->nr_unread += nr;
		else
			blkv_versions_add_preimage(model->versions, start, nr, hashes);
		start += nr;
		nr = first + nr_sectors - start;
	}
}

static void model_write_end(struct model *model, struct model_write *write, bool ok)
{
	write->state = ok ? COMPLETED : FAILED;
	write->completed = model->now++;
	write->cuts = model->cuts;
	write->is_instant = ok && !write->is_anything &&
			    (write->is_fua || (write->had_no_cache && model->no_cache));
	blkv_versions_write_end(model->versions, write->write, ok, model->no_cache);
	write->write = NULL;
}

static void model_write_begin(struct model *model, enum blkv_version_kind kind)
{
	struct rnd_state *random = model->random;
	u32 grain = model->ragged ? 1 : model->unit;
	u32 nr = between(random, 1, one_in(random, 10) ? model->nr_sectors / grain : 8) * grain;
	u32 start, i, n;
	unsigned int flags = 0;
	struct model_write *write;
	u64 *hashes = model->hashes, hash = model_new_hash(model);

	nr = min(nr, model->nr_sectors);
	/* Some places are written more often. */
	start = below(random, (one_in(random, 2) ? model->nr_sectors - nr : 8 * grain) / grain + 1);
	start = min(start * grain, model->nr_sectors - nr);
	if (model_is_busy(model, start, nr))
		return;

	if (one_in(random, 8))
		flags |= BLKV_VERSION_FUA;
	if (model->no_cache)
		flags |= BLKV_VERSION_NO_CACHE;
	if (kind == BLKV_VERSION_DATA && one_in(random, 6))
		flags |= BLKV_VERSION_ATOMIC;
	if (kind != BLKV_VERSION_ANYTHING)
		model_preimages(model, start, nr);

	n = model_new_write(model, start, nr);
	write = &model->writes[n];
	write->is_anything = kind == BLKV_VERSION_ANYTHING;
	write->is_atomic = flags & BLKV_VERSION_ATOMIC;
	write->is_fua = flags & BLKV_VERSION_FUA;
	write->had_no_cache = flags & BLKV_VERSION_NO_CACHE;
	for (i = 0; i < nr; i++) {
		hashes[i] = kind == BLKV_VERSION_ZEROS ? ZERO_HASH : hash + (i << 20);
		model_push(model, start + i, n, hashes[i]);
		model->uncertain[start + i] = false;
	}
	write->write = blkv_versions_write_begin(model->versions, start, nr, kind, flags);
	if (kind == BLKV_VERSION_DATA) {
		/* In two parts of whole blocks: a caller may have no memory for all hashes. */
		i = min(round_up(start + below(random, nr) + 1, model->unit) - start, nr);
		blkv_versions_write_add(model->versions, write->write, start, i, hashes);
		blkv_versions_write_add(model->versions, write->write, start + i, nr - i,
					hashes + i);
	}
	if (!one_in(random, 3))
		model_write_end(model, write, !one_in(random, 15));
}

static void model_flush_begin(struct model *model)
{
	struct model_flush *flush = &model->flushes[model->nr_flushes++];

	flush->begin = model->now++;
	flush->cuts = model->cuts;
	flush->state = IN_FLIGHT;
	blkv_versions_flush_begin(model->versions, &flush->flush);
}

static void model_flush_end(struct model *model, struct model_flush *flush, enum state state)
{
	flush->state = state;
	flush->end = model->now++;
	model->nr_failed += state == FAILED;
	blkv_versions_flush_end(model->versions, &flush->flush,
				state == COMPLETED ? BLKV_FLUSH_OK :
				state == FAILED ? BLKV_FLUSH_FAILED : BLKV_FLUSH_CUT);
}

/* End one or all requests in flight. */
static void model_end(struct model *model, bool all, bool flushes)
{
	u32 n;

	for (n = model->nr_done; n < model->nr_writes && (all || !flushes); n++)
		if (model->writes[n].state == IN_FLIGHT && (all || one_in(model->random, 2)))
			model_write_end(model, &model->writes[n],
					!one_in(model->random, all ? 2 : 15));
	for (n = 0; n < model->nr_flushes && (all || flushes); n++)
		if (model->flushes[n].state == IN_FLIGHT && (all || one_in(model->random, 2)))
			model_flush_end(model, &model->flushes[n],
					one_in(model->random, 6) ? FAILED :
					all && one_in(model->random, 2) ? CUT : COMPLETED);
}

static bool unit_is_uncertain(struct model *model, u32 sector)
{
	return is_uncertain(model->versions, sector);
}

static void model_cut(struct model *model)
{
	u32 n, s;
	bool anything;

	model_end(model, true, true);
	for (n = 0; n < model->nr_writes; n++) {
		model->writes[n].promise = model_promise(model, n);
		model->writes[n].is_final = true;
		model->writes[n].fate = 0;
		model->writes[n].is_tainted = false;
	}
	blkv_versions_cut(model->versions);
	model->cuts++;
	for (s = 0; s < model->nr_sectors; s++) {
		u32 nr = model_allowed(model, s, &anything);

		model->uncertain[s] |= nr != 1 || anything;
		/* With less coverage, more is uncertain. */
		if (model->uncertain[s] || (!model_is_lossy(model) && !fails_once_in))
			KUNIT_ASSERT_EQ_MSG(model->test, unit_is_uncertain(model, s),
					    model->uncertain[s], "sector %u", s);
	}
	model->nr_failed = 0;
}

/* What test might return for a block. */
static void model_answer(struct model *model, u32 start, u64 *hashes)
{
	u32 i, how = below(model->random, 12), depth = below(model->random, 4);
	struct rnd_state *random = model->random;

	for (i = 0; i < model->unit; i++) {
		u32 s = start + i, nr;
		bool anything;

		nr = model_allowed(model, s, &anything);
		if (!model->uncertain[s] || !nr || how < 3)
			hashes[i] = model_newest(model, s)->hash;
		else if (how < 8)
			hashes[i] = model_version(model, s, min(depth, nr - 1))->hash;
		else if (how < 10)
			hashes[i] = model_version(model, s, below(random, nr))->hash;
		else if (how == 10)
			hashes[i] = ZERO_HASH;
		else
			hashes[i] = model_version(model, s, below(random,
								  model->nr_versions[s]))->hash;
	}
	if (one_in(random, 8))
		hashes[below(random, model->unit)] = 1ULL << 60;
}

/*
 * The unit has lost coverage and allows what is not allowed. It may have learned from that whether
 * an atomic write is held.
 */
static void model_taint(struct model *model, u32 start)
{
	u32 i;

	for (i = 0; i < model->unit; i++)
		model->writes[model_newest(model, start + i)->write].is_tainted = true;
}

static bool model_is_tainted(struct model *model, u32 start)
{
	bool is_tainted = false;
	u32 i;

	for (i = 0; i < model->unit; i++)
		is_tainted |= model->writes[model_newest(model, start + i)->write].is_tainted;
	return is_tainted;
}

static void model_check_answer(struct model *model, u32 start, enum blkv_answer expected,
			       enum blkv_answer answer)
{
	bool allowed = blkv_answer_is_allowed(answer);

	model->answers[answer]++;
	/* A map that is short of memory may call too much uncertain. */
	if (fails_once_in && expected == BLKV_ANSWER_CERTAIN && answer == BLKV_ANSWER_NEW)
		answer = expected;
	if (!model_is_lossy(model)) {
		model->nr_exact++;
		if (expected == BLKV_ANSWER_OTHER)
			KUNIT_ASSERT_GT_MSG(model->test, answer, BLKV_ANSWER_TORN, "sector %u",
					    start);
		else
			KUNIT_ASSERT_EQ_MSG(model->test, answer, expected, "sector %u", start);
		return;
	}
	model->nr_lossy++;
	if (allowed && !blkv_answer_is_allowed(expected))
		model_taint(model, start);
	if (answer == BLKV_ANSWER_TORN && model_is_tainted(model, start))
		return;
	if (blkv_answer_is_allowed(expected))
		KUNIT_ASSERT_TRUE_MSG(model->test, allowed, "sector %u: false alarm %u, not %u",
				      start, answer, expected);
	else if (expected == BLKV_ANSWER_OTHER && allowed)
		KUNIT_ASSERT_EQ_MSG(model->test, answer, BLKV_ANSWER_UNPROVEN, "sector %u", start);
}

static void model_settle(struct model *model, u32 start, const u64 *hashes, u64 *raw,
			 enum blkv_answer answer)
{
	struct blkv_judgement judgement;
	u32 i, n;

	blkv_versions_settle(model->versions, start, hashes, answer);
	model->nr_settled[answer]++;
	if (answer == BLKV_ANSWER_CERTAIN)
		return;
	n = model_new_write(model, start, model->unit);
	model->writes[n].state = COMPLETED;
	model->writes[n].completed = model->now++;
	model->writes[n].cuts = model->cuts;
	for (i = 0; i < model->unit; i++) {
		model_push(model, start + i, n, hashes[i]);
		model->uncertain[start + i] = false;
		raw[i] = hashes[i];
	}
	/* R8 */
	KUNIT_ASSERT_TRUE(model->test,
			  blkv_answer_is_allowed(blkv_versions_judge(model->versions, start, hashes,
								     raw, &judgement)));
}

static void model_read(struct model *model)
{
	u32 start = below(model->random, model->nr_sectors / model->unit) * model->unit, i;
	u64 hashes[MODEL_UNIT], raw[MODEL_UNIT];
	enum blkv_answer expected, answer;
	struct blkv_judgement judgement;

	if (model_is_busy(model, start, model->unit))
		return;
	for (i = 0; i < model->unit; i++)
		raw[i] = model_newest(model, start + i)->hash;
	model_answer(model, start, hashes);
	expected = model_judge(model, start, hashes);
	answer = blkv_versions_judge(model->versions, start, hashes, raw, &judgement);
	model_check_answer(model, start, expected, answer);
	/* The model cannot go on with what only a loss of coverage allows. */
	if (blkv_answer_is_allowed(expected) && blkv_answer_is_allowed(answer) &&
	    !one_in(model->random, 8))
		model_settle(model, start, hashes, raw, answer);
}

static void model_step(struct model *model)
{
	u32 what = below(model->random, 100);

	while (model->nr_done < model->nr_writes &&
	       model->writes[model->nr_done].state != IN_FLIGHT)
		model->nr_done++;

	if (what < 28)
		model_write_begin(model, BLKV_VERSION_DATA);
	else if (what < 31)
		model_write_begin(model, BLKV_VERSION_ZEROS);
	else if (what < 33)
		model_write_begin(model, BLKV_VERSION_ANYTHING);
	else if (what < 40)
		model_end(model, false, false);
	else if (what < 46)
		model_flush_begin(model);
	else if (what < 56)
		model_end(model, false, true);
	else if (what < 57)
		model->no_cache = !model->no_cache && one_in(model->random, 2);
	else if (what < 59)
		model_cut(model);
	else
		model_read(model);
}

static bool model_is_full(struct model *model)
{
	u32 s;

	if (model->nr_writes > MODEL_WRITES - 200 || model->nr_flushes > MODEL_FLUSHES - 10)
		return true;
	for (s = 0; s < model->nr_sectors; s++)
		if (model->nr_versions[s] > MODEL_VERSIONS - 10)
			return true;
	return false;
}

static void model_reset(struct model *model)
{
	u32 s, n;

	model->nr_sectors = MODEL_BLOCKS * model->unit;
	model->nr_writes = 0;
	model->nr_done = 0;
	model->nr_flushes = 0;
	model->now = 1;
	model->cuts = 0;
	model->nr_failed = 0;
	model->nr_unread = 0;
	model->no_cache = false;
	n = model_new_write(model, 0, 0);
	model->writes[n].state = COMPLETED;
	model->writes[n].is_preimage = true;
	for (s = 0; s < model->nr_sectors; s++) {
		model->nr_versions[s] = 0;
		model_push(model, s, n, initial(s));
		model->uncertain[s] = false;
	}
	memset(model->nr_settled, 0, sizeof(model->nr_settled));
}

static void model_check_counters(struct model *model)
{
	struct blkv_version_counters counters;

	blkv_versions_count(model->versions, &counters);
	KUNIT_EXPECT_EQ(model->test, counters.settled_new, model->nr_settled[BLKV_ANSWER_NEW]);
	KUNIT_EXPECT_EQ(model->test, counters.settled_old, model->nr_settled[BLKV_ANSWER_OLD]);
	KUNIT_EXPECT_EQ(model->test, counters.settled_unproven,
			model->nr_settled[BLKV_ANSWER_UNPROVEN]);
	KUNIT_EXPECT_LE(model->test, model->versions->bytes, model->versions->max_bytes);
}

/* One device, for some steps. Allocations fail once in @fails times, unless that is 0. */
static void model_run(struct model *model, size_t max_bytes, unsigned int fails, u32 steps)
{
	model->unit = 1 << below(model->random, 3);
	model->ragged = one_in(model->random, 2);
	model_reset(model);
	fails_once_in = 0;
	memset(model->versions, 0, sizeof(*model->versions));
	KUNIT_ASSERT_EQ(model->test,
			blkv_versions_init(model->versions, model->nr_sectors, max_bytes,
					   model->unit, ZERO_HASH), 0);
	fails_once_in = fails;
	while (steps-- && !model_is_full(model))
		model_step(model);
	model_end(model, true, true);
	fails_once_in = 0;
	model_check_counters(model);
	blkv_versions_exit(model->versions);
	KUNIT_EXPECT_EQ(model->test, model->versions->bytes, 0);
}

static struct model *new_model(struct kunit *test)
{
	struct model *model = kvzalloc(sizeof(*model), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, model);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, free_model_action, model), 0);
	model->test = test;
	model->random = bvtest_random(test);
	model->versions = new_versions(test);
	blkv_versions_exit(model->versions);
	fails_at_random = model->random;
	return model;
}

static void expect_all_answers(struct kunit *test, struct model *model, enum blkv_answer from)
{
	enum blkv_answer answer;

	for (answer = from; answer <= BLKV_ANSWER_OTHER; answer++)
		KUNIT_EXPECT_GT_MSG(test, model->answers[answer], 0, "answer %u", answer);
}

static void random_requests_match_the_rules(struct kunit *test)
{
	struct model *model = new_model(test);
	u32 i;

	for (i = 0; i < bvtest_rounds(300); i++)
		model_run(model, PLENTY, 0, 350);
	kunit_info(test, "%u answers exact, %u lossy\n", model->nr_exact, model->nr_lossy);
	expect_all_answers(test, model, BLKV_ANSWER_CERTAIN);
	KUNIT_EXPECT_GT(test, model->nr_exact, 2 * model->nr_lossy);
}

static void tight_bounds_cause_no_false_alarm(struct kunit *test)
{
	struct model *model = new_model(test);
	u32 i;

	for (i = 0; i < bvtest_rounds(60); i++)
		model_run(model, between(model->random, 1, 40) * SZ_1K, 0, 500);
	kunit_info(test, "%u answers exact, %u lossy\n", model->nr_exact, model->nr_lossy);
	expect_all_answers(test, model, BLKV_ANSWER_CERTAIN);
	KUNIT_EXPECT_GT(test, model->nr_lossy, model->nr_exact / 4);
}

static void failed_allocations_cause_no_false_alarm(struct kunit *test)
{
	struct model *model = new_model(test);
	u32 i;

	for (i = 0; i < bvtest_rounds(60); i++)
		model_run(model, one_in(model->random, 2) ? PLENTY : SZ_16K,
			  between(model->random, 2, 100), 500);
	kunit_info(test, "%u answers exact, %u lossy\n", model->nr_exact, model->nr_lossy);
	expect_all_answers(test, model, BLKV_ANSWER_CERTAIN);
	KUNIT_EXPECT_GT(test, model->nr_lossy, model->nr_exact / 4);
}

static struct kunit_case versions_cases[] = {
	KUNIT_CASE(r1_flush_covers_what_was_completed_before_it),
	KUNIT_CASE(r1_flush_does_not_cover_what_was_completed_after_its_submission),
	KUNIT_CASE(r1_flush_in_flight_covers_nothing),
	KUNIT_CASE(r1_overtaken_flush_does_not_take_back_a_later_one),
	KUNIT_CASE(r1_fua_is_durable_when_it_completes),
	KUNIT_CASE(r11_fua_by_a_flush_promises_nothing_while_armed),
	KUNIT_CASE(r1_no_cache_must_be_announced_at_both_ends),
	KUNIT_CASE(r2_floor_is_the_last_durable_write),
	KUNIT_CASE(r2_floor_of_untrusted_sectors_is_anything),
	KUNIT_CASE(r3_failed_and_unfinished_writes_are_allowed),
	KUNIT_CASE(r3_sectors_are_not_ordered),
	KUNIT_CASE(r3_zeroing_leaves_zeros),
	KUNIT_CASE(r3_discard_leaves_anything),
	KUNIT_CASE(r4_block_comes_from_one_write),
	KUNIT_CASE(r4_parts_that_were_written_alone_are_blocks),
	KUNIT_CASE(r5_atomic_write_is_held_by_all_blocks_or_by_none),
	KUNIT_CASE(r5_fate_of_an_atomic_write_ends_with_the_next_cut),
	KUNIT_CASE(r6_failed_flush_makes_sectors_unproven),
	KUNIT_CASE(r6_failed_flush_voids_one_that_overtook_it),
	KUNIT_CASE(r6_void_epochs_do_not_run_out),
	KUNIT_CASE(r7_only_what_is_not_durable_is_uncertain),
	KUNIT_CASE(r8_answer_is_final),
	KUNIT_CASE(r9_answer_counts_as_written_and_not_flushed),
	KUNIT_CASE(lost_write_is_named),
	KUNIT_CASE(list_has_what_is_allowed),
	KUNIT_CASE(armed_device_may_return_what_a_cut_may_leave),
	KUNIT_CASE(user_may_say_that_anything_is_there),
	KUNIT_CASE(exempted_sectors_are_certain),
	KUNIT_CASE(certain_answer_is_final),
	KUNIT_CASE(misplaced_data_are_found),
	KUNIT_CASE(failed_allocation_makes_sectors_unproven),
	KUNIT_CASE(oldest_versions_go_first),
	KUNIT_CASE(pieces_of_a_chunk_are_limited),
	KUNIT_CASE(durable_versions_are_freed),
	KUNIT_CASE(version_is_kept_while_a_flush_may_void_it),
	KUNIT_CASE(long_ranges_cost_little),
	KUNIT_CASE(reload_hands_all_over),
	KUNIT_CASE(random_requests_match_the_rules),
	KUNIT_CASE(tight_bounds_cause_no_false_alarm),
	KUNIT_CASE(failed_allocations_cause_no_false_alarm),
	{}
};

static struct kunit_suite versions_suite = {
	.name = "versions",
	.test_cases = versions_cases,
};

kunit_test_suite(versions_suite);
