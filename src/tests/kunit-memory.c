// SPDX-License-Identifier: GPL-2.0-only
/* Tests of private memory: walking it, reading it. */
#include <linux/bio.h>
#include <linux/crc32c.h>
#include <linux/gfp.h>
#include <linux/string.h>

#include "compare.h"
#include "kunit.h"
#include "memory.h"

#define ARENA_ORDER 4
#define ARENA_SIZE (PAGE_SIZE << ARENA_ORDER)
#define WALK_SECTORS 24U
#define WALK_BYTES (WALK_SECTORS << SECTOR_SHIFT)
#define WALK_VECS 64

/*
 * Private memory whose segments have any length and place, so that sectors straddle them, and what
 * it should hold.
 */
struct walked {
	struct rnd_state *random;
	struct page *arena;
	struct bio_vec vecs[WALK_VECS];
	struct blkv_memory memory;
	u8 flat[WALK_BYTES];
	u8 copy[WALK_BYTES];
};

static void free_arena(void *pages)
{
	__free_pages(pages, ARENA_ORDER);
}

KUNIT_DEFINE_ACTION_WRAPPER(free_arena_action, free_arena, void *);

static struct walked *new_walked(struct kunit *test)
{
	struct walked *walked = kunit_kzalloc(test, sizeof(*walked), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, walked);
	walked->random = bvtest_random(test);
	walked->arena = alloc_pages(GFP_KERNEL | __GFP_COMP, ARENA_ORDER);
	KUNIT_ASSERT_NOT_NULL(test, walked->arena);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, free_arena_action, walked->arena), 0);
	walked->memory.vecs = walked->vecs;
	return walked;
}

/* Write to the segments, or read from them, without the unit. */
static void copy_flat(struct walked *walked, u8 *flat, bool to_memory)
{
	unsigned int i, len;

	for (i = 0; i < walked->memory.nr_vecs; i++, flat += len) {
		u8 *bytes = page_address(walked->vecs[i].bv_page);

		bytes += walked->vecs[i].bv_offset;
		len = walked->vecs[i].bv_len;
		memcpy(to_memory ? bytes : flat, to_memory ? flat : bytes, len);
	}
}

/* New segments with new contents. */
static void cut_at_random(struct walked *walked)
{
	unsigned int left = WALK_BYTES, at = 0, nr = 0, len;

	while (left) {
		switch (below(walked->random, 4)) {
		case 0:
			len = between(walked->random, 1, 40);
			break;
		case 1:
			len = SECTOR_SIZE * between(walked->random, 1, 4);
			break;
		case 2:
			len = between(walked->random, 1, 2 * PAGE_SIZE);
			break;
		default:
			len = between(walked->random, 400, 700);
			break;
		}
		/* The last segment takes the rest, so that the space always suffices. */
		len = nr == WALK_VECS - 1 ? left : min(len, left);
		at += one_in(walked->random, 2) ? below(walked->random, 64) : 0;
		walked->vecs[nr].bv_page = walked->arena + at / PAGE_SIZE;
		walked->vecs[nr].bv_offset = offset_in_page(at);
		walked->vecs[nr++].bv_len = len;
		at += len;
		left -= len;
	}
	walked->memory.nr_vecs = nr;
	prandom_bytes_state(walked->random, walked->flat, WALK_BYTES);
	copy_flat(walked, walked->flat, true);
}

/* Where byte @offset is, and how many bytes follow it in the same segment and page. */
static u8 *place_of(const struct walked *walked, unsigned int offset, unsigned int *left)
{
	unsigned int i;
	u8 *place;

	for (i = 0; offset >= walked->vecs[i].bv_len; i++)
		offset -= walked->vecs[i].bv_len;
	place = (u8 *)page_address(walked->vecs[i].bv_page) + walked->vecs[i].bv_offset + offset;
	*left = min_t(unsigned int, walked->vecs[i].bv_len - offset,
		      PAGE_SIZE - offset_in_page(place));
	return place;
}

/* One sector: the bounce is used only if the sector is not in one piece. */
static void check_sector(struct kunit *test, struct walked *walked, unsigned int n, const u8 *bytes,
			 const struct blkv_bounce *bounce)
{
	unsigned int left;
	u8 *place = place_of(walked, n << SECTOR_SHIFT, &left);

	KUNIT_ASSERT_NOT_NULL(test, bytes);
	KUNIT_ASSERT_PTR_EQ(test, bytes, left < SECTOR_SIZE ? bounce->bytes : place);
	KUNIT_ASSERT_EQ(test, memcmp(bytes, walked->flat + (n << SECTOR_SHIFT), SECTOR_SIZE), 0);
}

static void walk_returns_every_sector(struct kunit *test)
{
	struct walked *walked = new_walked(test);
	unsigned int round, n;

	for (round = 0; round < bvtest_rounds(500); round++) {
		unsigned int first = below(walked->random, WALK_SECTORS);
		unsigned int nr = between(walked->random, 0, WALK_SECTORS - first);
		struct blkv_sector_iter iter;
		struct blkv_bounce bounce;

		cut_at_random(walked);
		iter = blkv_memory_walk(&walked->memory, first, nr);
		for (n = 0; n < nr; n++)
			check_sector(test, walked, first + n, blkv_sector_next(&iter, &bounce),
				     &bounce);
		KUNIT_ASSERT_NULL(test, blkv_sector_next(&iter, &bounce));
		KUNIT_ASSERT_NULL(test, blkv_sector_next(&iter, &bounce));
	}
}

static void each_sector_is_found(struct kunit *test)
{
	struct walked *walked = new_walked(test);
	struct blkv_bounce bounce;
	unsigned int round, n;

	for (round = 0; round < bvtest_rounds(100); round++) {
		cut_at_random(walked);
		for (n = 0; n < WALK_SECTORS; n++)
			check_sector(test, walked, n,
				     blkv_memory_sector(&walked->memory, n, &bounce), &bounce);
	}
}

static void iterator_covers_its_sectors(struct kunit *test)
{
	struct walked *walked = new_walked(test);
	unsigned int round;

	for (round = 0; round < bvtest_rounds(500); round++) {
		unsigned int first = below(walked->random, WALK_SECTORS), done = 0;
		unsigned int nr = between(walked->random, 0, WALK_SECTORS - first);
		struct bvec_iter iter, start;
		struct bio_vec vec;

		cut_at_random(walked);
		start = blkv_memory_iter(&walked->memory, first, nr);
		KUNIT_ASSERT_EQ(test, start.bi_size, nr << SECTOR_SHIFT);
		KUNIT_ASSERT_EQ(test, start.bi_sector, 0);
		for_each_bvec(vec, blkv_memory_vecs(&walked->memory), iter, start) {
			memcpy(walked->copy + done, bvec_virt(&vec), vec.bv_len);
			done += vec.bv_len;
		}
		KUNIT_ASSERT_EQ(test, done, nr << SECTOR_SHIFT);
		KUNIT_ASSERT_EQ(test,
				memcmp(walked->copy, walked->flat + (first << SECTOR_SHIFT), done),
				0);
	}
}

static void bytes_are_read_from_anywhere(struct kunit *test)
{
	struct walked *walked = new_walked(test);
	unsigned int round;

	for (round = 0; round < bvtest_rounds(1000); round++) {
		unsigned int offset = below(walked->random, WALK_BYTES);
		unsigned int len = between(walked->random, 0, WALK_BYTES - offset);

		if (one_in(walked->random, 2))
			len = min(len, 16U);
		cut_at_random(walked);
		memset(walked->copy, 0xa5, WALK_BYTES);
		blkv_memory_read(&walked->memory, offset, walked->copy, len);
		KUNIT_ASSERT_EQ(test, memcmp(walked->copy, walked->flat + offset, len), 0);
		/* And no more than asked for. */
		KUNIT_ASSERT_NULL(test, memchr_inv(walked->copy + len, 0xa5, WALK_BYTES - len));
	}
}

static void flip_changes_one_byte(struct kunit *test)
{
	struct walked *walked = new_walked(test);
	unsigned int round;

	for (round = 0; round < bvtest_rounds(300); round++) {
		unsigned int n = below(walked->random, WALK_SECTORS);
		u8 xor = between(walked->random, 1, 255);

		cut_at_random(walked);
		blkv_memory_flip(&walked->memory, n, xor);
		walked->flat[n << SECTOR_SHIFT] ^= xor;
		copy_flat(walked, walked->copy, false);
		KUNIT_ASSERT_EQ(test, memcmp(walked->copy, walked->flat, WALK_BYTES), 0);
	}
}

static void attached_bio_transfers_the_memory(struct kunit *test)
{
	struct walked *walked = new_walked(test);
	struct bio_vec others[2] = { { .bv_len = SECTOR_SIZE }, { .bv_len = WALK_BYTES } };
	struct bio bio;

	cut_at_random(walked);
	bio_init(&bio, NULL, others, ARRAY_SIZE(others), REQ_OP_READ);
	bio.bi_iter.bi_sector = 99;
	bio.bi_iter.bi_size = SECTOR_SIZE + WALK_BYTES;
	/* Into the second segment; the name of the member for that depends on the kernel. */
	bvec_iter_advance(others, &bio.bi_iter, SECTOR_SIZE + 7);
	blkv_memory_attach(&walked->memory, &bio, 5);
	KUNIT_EXPECT_PTR_EQ(test, (const struct bio_vec *)bio.bi_io_vec,
			    blkv_memory_vecs(&walked->memory));
	KUNIT_EXPECT_EQ(test, bio.bi_iter.bi_size, 5 * SECTOR_SIZE);
	KUNIT_EXPECT_EQ(test, bio.bi_iter.bi_idx, 0);
	KUNIT_EXPECT_EQ(test, mp_bvec_iter_offset(bio.bi_io_vec, bio.bi_iter),
			blkv_memory_vecs(&walked->memory)->bv_offset);
	/* Where on the leg is the business of the caller. */
	KUNIT_EXPECT_EQ(test, bio.bi_iter.bi_sector, 99);

	/* Memory with a lead: the data begin inside a segment. */
	walked->vecs[1].bv_len += SECTOR_SIZE;
	walked->memory.skip_vecs = 1;
	walked->memory.skip_bytes = 3;
	blkv_memory_attach(&walked->memory, &bio, 1);
	KUNIT_EXPECT_EQ(test, bio.bi_iter.bi_size, SECTOR_SIZE);
	KUNIT_EXPECT_EQ(test, bio.bi_iter.bi_idx, 1);
	KUNIT_EXPECT_EQ(test, mp_bvec_iter_offset(bio.bi_io_vec, bio.bi_iter),
			walked->vecs[1].bv_offset + 3);
	bio_uninit(&bio);
}

static void sector_of_other_memory_is_found(struct kunit *test)
{
	struct walked *walked = new_walked(test), *other = new_walked(test);
	unsigned int round;

	/* Otherwise both would hold the same data. */
	other->random = walked->random;
	for (round = 0; round < bvtest_rounds(100); round++) {
		unsigned int from = below(walked->random, WALK_SECTORS);
		unsigned int to = below(walked->random, WALK_SECTORS);

		cut_at_random(walked);
		cut_at_random(other);
		KUNIT_ASSERT_EQ(test,
				blkv_memory_find(&walked->memory, WALK_SECTORS, &other->memory,
						 from, one_in(walked->random, 2)),
				WALK_SECTORS);
		memcpy(other->flat + from * SECTOR_SIZE, walked->flat + to * SECTOR_SIZE,
		       SECTOR_SIZE);
		copy_flat(other, other->flat, true);
		KUNIT_ASSERT_EQ(test,
				blkv_memory_find(&walked->memory, WALK_SECTORS, &other->memory,
						 from, one_in(walked->random, 2)),
				to);
		/* Only the given number of sectors is searched. */
		KUNIT_ASSERT_EQ(test,
				blkv_memory_find(&walked->memory, to, &other->memory, from,
						 one_in(walked->random, 2)), to);
	}
}

static void first_or_last_match_is_found(struct kunit *test)
{
	struct walked *walked = new_walked(test);
	unsigned int first = WALK_SECTORS / 3, last = WALK_SECTORS / 2;

	cut_at_random(walked);
	memcpy(walked->flat + last * SECTOR_SIZE, walked->flat + first * SECTOR_SIZE, SECTOR_SIZE);
	copy_flat(walked, walked->flat, true);
	KUNIT_EXPECT_EQ(test,
			blkv_memory_find(&walked->memory, WALK_SECTORS, &walked->memory, last,
					 false),
			first);
	KUNIT_EXPECT_EQ(test,
			blkv_memory_find(&walked->memory, WALK_SECTORS, &walked->memory, first,
					 true),
			last);
}

static void patterns_are_recognised(struct kunit *test)
{
	struct walked *walked = new_walked(test);
	unsigned int n = WALK_SECTORS / 2;
	u8 *sector = walked->flat + n * SECTOR_SIZE;

	cut_at_random(walked);
	KUNIT_EXPECT_FALSE(test, blkv_memory_is_pattern(&walked->memory, n));
	memcpy(sector, "patterns", 8);
	memset64((u64 *)sector, *(u64 *)sector, SECTOR_SIZE / 8);
	copy_flat(walked, walked->flat, true);
	KUNIT_EXPECT_TRUE(test, blkv_memory_is_pattern(&walked->memory, n));
	sector[SECTOR_SIZE - 1]++;
	copy_flat(walked, walked->flat, true);
	KUNIT_EXPECT_FALSE(test, blkv_memory_is_pattern(&walked->memory, n));
}

static void sum_covers_every_byte(struct kunit *test)
{
	struct walked *walked = new_walked(test);
	unsigned int round;

	for (round = 0; round < bvtest_rounds(200); round++) {
		unsigned int nr = between(walked->random, 1, WALK_SECTORS);
		u32 sum;

		cut_at_random(walked);
		sum = blkv_memory_sum(&walked->memory, nr);
		KUNIT_ASSERT_EQ(test, sum, crc32c(~0, walked->flat, nr * SECTOR_SIZE));
		blkv_memory_flip(&walked->memory, below(walked->random, nr), 1);
		KUNIT_ASSERT_NE(test, blkv_memory_sum(&walked->memory, nr), sum);
	}
}

/* A checksum and flipped bits reach the caller's memory through a view of it. */
static void view_of_the_caller_reaches_its_memory(struct kunit *test)
{
	struct bvtest_caller *caller = bvtest_caller(test);
	size_t size = PAGE_SIZE << BVTEST_CALLER_ORDER;
	u8 *flat = kunit_kzalloc(test, BVTEST_CALLER_VECS * 6 * PAGE_SIZE, GFP_KERNEL);
	unsigned int round, nr;

	KUNIT_ASSERT_NOT_NULL(test, flat);
	prandom_bytes_state(caller->random, page_address(caller->block), size);
	for (round = 0; round < bvtest_rounds(200); round++) {
		struct blkv_memory view;
		unsigned int n;
		u8 was;

		bvtest_caller_cut(caller);
		nr = caller->shape.iter.bi_size >> SECTOR_SHIFT;
		n = below(caller->random, nr);
		bvtest_caller_skip(caller, n << SECTOR_SHIFT);
		nr -= n;
		blkv_memory_view_caller(caller->vecs, caller->shape.iter, &view);
		blkv_vecs_read(caller->vecs, caller->shape.iter, 0, flat, nr << SECTOR_SHIFT);
		KUNIT_ASSERT_EQ(test, blkv_memory_sum(&view, nr),
				crc32c(~0, flat, nr << SECTOR_SHIFT));
		n = below(caller->random, nr);
		was = flat[n << SECTOR_SHIFT];
		blkv_memory_flip(&view, n, 0x81);
		blkv_vecs_read(caller->vecs, caller->shape.iter, n << SECTOR_SHIFT, flat, 1);
		KUNIT_ASSERT_EQ(test, flat[0] ^ 0x81, was);
	}
}

/* A view has the sectors of the memory from its first one on. */
static void view_shows_a_part(struct kunit *test)
{
	struct walked *walked = new_walked(test);
	struct blkv_memory view, inner;
	struct blkv_bounce bounce;
	unsigned int first, n;

	for (n = 0; n < bvtest_rounds(200); n++) {
		cut_at_random(walked);
		first = below(walked->random, WALK_SECTORS - 2);
		blkv_memory_view(&walked->memory, first, &view);
		KUNIT_ASSERT_EQ(test, view.nr_vecs, walked->memory.nr_vecs);
		check_sector(test, walked, first, blkv_memory_sector(&view, 0, &bounce),
			     &bounce);
		check_sector(test, walked, WALK_SECTORS - 1,
			     blkv_memory_sector(&view, WALK_SECTORS - 1 - first, &bounce), &bounce);
		blkv_memory_view(&view, 1, &inner);
		check_sector(test, walked, first + 1, blkv_memory_sector(&inner, 0, &bounce),
			     &bounce);
		blkv_memory_read(&inner, 5, walked->copy, SECTOR_SIZE);
		KUNIT_ASSERT_EQ(test, memcmp(walked->copy,
					     walked->flat + ((first + 1) << SECTOR_SHIFT) + 5,
					     SECTOR_SIZE), 0);
	}
}

static struct kunit_case memory_cases[] = {
	KUNIT_CASE(walk_returns_every_sector),
	KUNIT_CASE(each_sector_is_found),
	KUNIT_CASE(iterator_covers_its_sectors),
	KUNIT_CASE(bytes_are_read_from_anywhere),
	KUNIT_CASE(flip_changes_one_byte),
	KUNIT_CASE(attached_bio_transfers_the_memory),
	KUNIT_CASE(sector_of_other_memory_is_found),
	KUNIT_CASE(first_or_last_match_is_found),
	KUNIT_CASE(patterns_are_recognised),
	KUNIT_CASE(sum_covers_every_byte),
	KUNIT_CASE(view_shows_a_part),
	KUNIT_CASE(view_of_the_caller_reaches_its_memory),
	{}
};

static struct kunit_suite memory_suite = {
	.name = "memory",
	.test_cases = memory_cases,
};

kunit_test_suite(memory_suite);
