// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of comparing and copying bvec lists.
 *
 * Each list cuts the same bytes at random: into single bytes and into segments of several pages,
 * several segments in one page, at odd offsets, in any order. A flat copy is the model.
 */
#include <linux/gfp.h>
#include <linux/slab.h>

#include "compare.h"
#include "kunit.h"

/* Segments are cut from one run of adjacent pages. */
#define ARENA_ORDER 4
#define ARENA_SIZE (PAGE_SIZE << ARENA_ORDER)
#define DATA_MAX 12000
#define VECS_MAX 600

struct cut {
	struct page *pages;
	u8 *bytes;
	struct bio_vec *vecs;
	unsigned int nr;
	struct bvec_iter iter;
};

static void free_arena(void *pages)
{
	__free_pages(pages, ARENA_ORDER);
}

KUNIT_DEFINE_ACTION_WRAPPER(free_arena_action, free_arena, void *);

static struct cut *new_cut(struct kunit *test)
{
	struct cut *cut = kunit_kzalloc(test, sizeof(*cut), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, cut);
	cut->vecs = kunit_kcalloc(test, VECS_MAX, sizeof(*cut->vecs), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, cut->vecs);
	cut->pages = alloc_pages(GFP_KERNEL | __GFP_COMP, ARENA_ORDER);
	KUNIT_ASSERT_NOT_NULL(test, cut->pages);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, free_arena_action, cut->pages), 0);
	cut->bytes = page_address(cut->pages);
	return cut;
}

static u8 *vec_bytes(const struct bio_vec *vec)
{
	return (u8 *)page_address(vec->bv_page) + vec->bv_offset;
}

static void set_vec(struct cut *cut, struct rnd_state *random, unsigned int i, size_t at,
		    unsigned int len)
{
	/* The offset is relative to the page in which the segment starts, or to the first. */
	bool from_head = one_in(random, 4);

	cut->vecs[i].bv_page = from_head ? cut->pages : cut->pages + at / PAGE_SIZE;
	cut->vecs[i].bv_offset = from_head ? at : offset_in_page(at);
	cut->vecs[i].bv_len = len;
}

static void cut_at_random(struct cut *cut, struct rnd_state *random, unsigned int size)
{
	unsigned int left = size, i, len;
	size_t at = below(random, 600);

	cut->nr = 0;
	while (left) {
		switch (below(random, 5)) {
		case 0:
			len = between(random, 1, 9);
			break;
		case 1:
			len = between(random, 1, 130);
			break;
		case 2:
			len = 512 * between(random, 1, 8);
			break;
		case 3:
			len = PAGE_SIZE;
			at = round_up(at, PAGE_SIZE);
			break;
		default:
			len = between(random, 1, 3 * PAGE_SIZE);
			break;
		}
		/* The last segment takes the rest, so that the space always suffices. */
		if (cut->nr == VECS_MAX - 1 || at > ARENA_SIZE - 2 * DATA_MAX)
			len = left;
		len = min(len, left);
		set_vec(cut, random, cut->nr++, at, len);
		left -= len;
		at += len + (one_in(random, 2) ? below(random, 40) : 0);
	}

	/* The order in memory is not the order in the list. */
	for (i = cut->nr; i > 1; i--) {
		unsigned int other = below(random, i);

		swap(cut->vecs[i - 1], cut->vecs[other]);
	}
	cut->iter = (struct bvec_iter){ .bi_size = size };
}

/* Write @size bytes through the list, segment by segment. */
static void scatter(const struct cut *cut, const u8 *flat)
{
	unsigned int i;

	for (i = 0; i < cut->nr; flat += cut->vecs[i].bv_len, i++)
		memcpy(vec_bytes(&cut->vecs[i]), flat, cut->vecs[i].bv_len);
}

static void gather(const struct cut *cut, u8 *flat)
{
	unsigned int i;

	for (i = 0; i < cut->nr; flat += cut->vecs[i].bv_len, i++)
		memcpy(flat, vec_bytes(&cut->vecs[i]), cut->vecs[i].bv_len);
}

/* Two lists over the same bytes, and these bytes. What lies between the segments differs. */
struct pair {
	struct rnd_state *random;
	struct cut *a;
	struct cut *b;
	u8 *flat;
	unsigned int size;
};

static struct pair *new_pair(struct kunit *test)
{
	struct pair *pair = kunit_kzalloc(test, sizeof(*pair), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, pair);
	pair->random = bvtest_random(test);
	pair->a = new_cut(test);
	pair->b = new_cut(test);
	pair->flat = kunit_kzalloc(test, DATA_MAX, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, pair->flat);
	return pair;
}

static void fill_pair(struct pair *pair, unsigned int size)
{
	pair->size = size;
	prandom_bytes_state(pair->random, pair->flat, size);
	memset(pair->a->bytes, 0xaa, ARENA_SIZE);
	memset(pair->b->bytes, 0xbb, ARENA_SIZE);
	cut_at_random(pair->a, pair->random, size);
	cut_at_random(pair->b, pair->random, size);
	scatter(pair->a, pair->flat);
	scatter(pair->b, pair->flat);
}

static unsigned int random_size(struct rnd_state *random)
{
	return one_in(random, 2) ? between(random, 1, 300) : between(random, 1, DATA_MAX);
}

/* Change byte @at of what a list holds. */
static void spoil(const struct cut *cut, unsigned int at, u8 change)
{
	unsigned int i;

	for (i = 0; at >= cut->vecs[i].bv_len; i++)
		at -= cut->vecs[i].bv_len;
	vec_bytes(&cut->vecs[i])[at] ^= change;
}

static size_t compare(const struct pair *pair)
{
	return blkv_compare(pair->a->vecs, pair->a->iter, pair->b->vecs, pair->b->iter);
}

static void equal_lists_compare_equal(struct kunit *test)
{
	struct pair *pair = new_pair(test);
	unsigned int round;

	for (round = 0; round < bvtest_rounds(500); round++) {
		fill_pair(pair, random_size(pair->random));
		KUNIT_ASSERT_EQ(test, compare(pair), pair->size);
	}
}

static void one_different_byte_is_found(struct kunit *test)
{
	struct pair *pair = new_pair(test);
	unsigned int round;

	for (round = 0; round < bvtest_rounds(500); round++) {
		unsigned int at;

		fill_pair(pair, random_size(pair->random));
		at = below(pair->random, pair->size);
		/* One bit of it is enough, in either list. */
		spoil(one_in(pair->random, 2) ? pair->a : pair->b, at, 1 << below(pair->random, 8));
		KUNIT_ASSERT_EQ(test, compare(pair), at);
	}
}

static void first_of_several_differences_is_found(struct kunit *test)
{
	struct pair *pair = new_pair(test);
	u8 *other = kunit_kzalloc(test, DATA_MAX, GFP_KERNEL);
	unsigned int round, i, nr, first;

	KUNIT_ASSERT_NOT_NULL(test, other);
	for (round = 0; round < bvtest_rounds(500); round++) {
		fill_pair(pair, random_size(pair->random));
		nr = between(pair->random, 1, 20);
		for (i = 0; i < nr; i++)
			spoil(pair->b, below(pair->random, pair->size),
			      between(pair->random, 1, 255));
		gather(pair->b, other);
		for (first = 0; first < pair->size; first++)
			if (pair->flat[first] != other[first])
				break;
		KUNIT_ASSERT_EQ(test, compare(pair), first);
	}
}

/* The same for two pieces of memory, each in one page. */
static size_t compare_bytes(const u8 *a, const u8 *b, unsigned int len)
{
	struct bio_vec a_vec, b_vec;
	struct bvec_iter iter = { .bi_size = len };

	bvec_set_page(&a_vec, virt_to_page(a), len, offset_in_page(a));
	bvec_set_page(&b_vec, virt_to_page(b), len, offset_in_page(b));
	return blkv_compare(&a_vec, iter, &b_vec, iter);
}

static void every_byte_of_every_short_length_is_compared(struct kunit *test)
{
	unsigned int len, at, shift;
	u8 *a = kunit_kzalloc(test, 512, GFP_KERNEL);
	u8 *b = kunit_kzalloc(test, 512, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, a);
	KUNIT_ASSERT_NOT_NULL(test, b);
	/* Up to three of the steps of 64, from addresses that are aligned and not. */
	for (shift = 0; shift < 8; shift += 7) {
		for (len = 0; len <= 200; len++) {
			KUNIT_ASSERT_EQ(test, compare_bytes(a + shift, b, len), len);
			/* Bytes after the end do not count. */
			b[len] = 1;
			KUNIT_ASSERT_EQ(test, compare_bytes(a + shift, b, len), len);
			b[len] = 0;
			for (at = 0; at < len; at++) {
				b[at] = 0x80;
				KUNIT_ASSERT_EQ(test, compare_bytes(a + shift, b, len), at);
				b[at] = 0;
			}
		}
	}
}

static void comparison_is_limited_to_the_iterators(struct kunit *test)
{
	struct pair *pair = new_pair(test);
	unsigned int round;

	for (round = 0; round < bvtest_rounds(500); round++) {
		unsigned int start, len, at;

		fill_pair(pair, random_size(pair->random));
		start = below(pair->random, pair->size);
		len = between(pair->random, 0, pair->size - start);
		bvec_iter_advance(pair->a->vecs, &pair->a->iter, start);
		bvec_iter_advance(pair->b->vecs, &pair->b->iter, start);
		/* The second list may hold more. */
		pair->a->iter.bi_size = len;

		/* A difference outside does not count. */
		if (start)
			spoil(pair->b, start - 1, 1);
		if (start + len < pair->size)
			spoil(pair->b, start + len, 1);
		KUNIT_ASSERT_EQ(test, compare(pair), len);
		if (!len)
			continue;
		at = below(pair->random, len);
		spoil(pair->b, start + at, 1);
		KUNIT_ASSERT_EQ(test, compare(pair), at);
	}
}

static void iterators_may_start_at_different_offsets(struct kunit *test)
{
	struct pair *pair = new_pair(test);
	unsigned int round;

	/* The test leg's memory begins with the part to compare, the caller's does not. */
	for (round = 0; round < bvtest_rounds(300); round++) {
		unsigned int start, len, at;

		fill_pair(pair, random_size(pair->random));
		start = below(pair->random, pair->size);
		len = pair->size - start;
		cut_at_random(pair->b, pair->random, len);
		scatter(pair->b, pair->flat + start);
		bvec_iter_advance(pair->a->vecs, &pair->a->iter, start);
		KUNIT_ASSERT_EQ(test, compare(pair), len);
		at = below(pair->random, len);
		spoil(pair->b, at, 1);
		KUNIT_ASSERT_EQ(test, compare(pair), at);
	}
}

static void page_may_occur_in_a_list_many_times(struct kunit *test)
{
	struct pair *pair = new_pair(test);
	struct cut *a = pair->a;
	unsigned int i;

	fill_pair(pair, 8 * 512);
	for (i = 1; i < 8; i++)
		memcpy(pair->flat + i * 512, pair->flat, 512);
	scatter(pair->b, pair->flat);
	memcpy(a->bytes + 1000, pair->flat, 512);
	for (i = 0; i < 8; i++)
		set_vec(a, pair->random, i, 1000, 512);
	a->nr = 8;
	KUNIT_EXPECT_EQ(test, compare(pair), 8 * 512);
	a->bytes[1000 + 77] ^= 1;
	KUNIT_EXPECT_EQ(test, compare(pair), 77);
}

static void empty_lists_are_equal(struct kunit *test)
{
	struct bvec_iter none = {};

	KUNIT_EXPECT_EQ(test, blkv_compare(NULL, none, NULL, none), 0);
	blkv_vecs_copy(NULL, none, NULL, none);
}

/* Copy a part: it must arrive, and nothing else may change. */
static void copy_and_check(struct kunit *test, struct pair *pair, u8 *flat, u8 *source, u8 *before,
			   u8 *expected)
{
	unsigned int start, at, len;

	fill_pair(pair, random_size(pair->random));
	prandom_bytes_state(pair->random, pair->b->bytes, ARENA_SIZE);
	memcpy(source, pair->a->bytes, ARENA_SIZE);

	start = below(pair->random, pair->size);
	at = below(pair->random, pair->size);
	/* The source may hold more. */
	len = between(pair->random, 0, pair->size - max(start, at));
	bvec_iter_advance(pair->a->vecs, &pair->a->iter, start);
	bvec_iter_advance(pair->b->vecs, &pair->b->iter, at);
	pair->b->iter.bi_size = len;

	/* The model: change the bytes in a flat copy, write it through the list, undo that. */
	memcpy(before, pair->b->bytes, ARENA_SIZE);
	gather(pair->b, flat);
	memcpy(flat + at, pair->flat + start, len);
	scatter(pair->b, flat);
	memcpy(expected, pair->b->bytes, ARENA_SIZE);
	memcpy(pair->b->bytes, before, ARENA_SIZE);

	blkv_vecs_copy(pair->b->vecs, pair->b->iter, pair->a->vecs, pair->a->iter);
	KUNIT_ASSERT_EQ(test, memcmp(pair->b->bytes, expected, ARENA_SIZE), 0);
	KUNIT_ASSERT_EQ(test, memcmp(pair->a->bytes, source, ARENA_SIZE), 0);
}

static void copy_changes_only_its_destination(struct kunit *test)
{
	struct pair *pair = new_pair(test);
	u8 *flat = kunit_kzalloc(test, DATA_MAX, GFP_KERNEL);
	u8 *source = kunit_kzalloc(test, ARENA_SIZE, GFP_KERNEL);
	u8 *before = kunit_kzalloc(test, ARENA_SIZE, GFP_KERNEL);
	u8 *expected = kunit_kzalloc(test, ARENA_SIZE, GFP_KERNEL);
	unsigned int round;

	KUNIT_ASSERT_NOT_NULL(test, flat);
	KUNIT_ASSERT_NOT_NULL(test, source);
	KUNIT_ASSERT_NOT_NULL(test, before);
	KUNIT_ASSERT_NOT_NULL(test, expected);
	for (round = 0; round < bvtest_rounds(200); round++)
		copy_and_check(test, pair, flat, source, before, expected);
}

static void copy_compares_equal(struct kunit *test)
{
	struct pair *pair = new_pair(test);
	unsigned int round;

	for (round = 0; round < bvtest_rounds(300); round++) {
		fill_pair(pair, random_size(pair->random));
		memset(pair->b->bytes, 0, ARENA_SIZE);
		blkv_vecs_copy(pair->b->vecs, pair->b->iter, pair->a->vecs, pair->a->iter);
		KUNIT_ASSERT_EQ(test, compare(pair), pair->size);
	}
}

static void bytes_are_read_from_anywhere(struct kunit *test)
{
	struct pair *pair = new_pair(test);
	unsigned int round;

	for (round = 0; round < bvtest_rounds(300); round++) {
		unsigned int start, offset, len;
		u8 window[64];

		fill_pair(pair, random_size(pair->random));
		start = below(pair->random, pair->size);
		bvec_iter_advance(pair->a->vecs, &pair->a->iter, start);
		offset = below(pair->random, pair->size - start);
		len = min(between(pair->random, 0, sizeof(window)), pair->size - start - offset);
		memset(window, 0xa5, sizeof(window));
		blkv_vecs_read(pair->a->vecs, pair->a->iter, offset, window, len);
		KUNIT_ASSERT_EQ(test, memcmp(window, pair->flat + start + offset, len), 0);
		KUNIT_ASSERT_NULL(test, memchr_inv(window + len, 0xa5, sizeof(window) - len));
	}
}

/* Is a byte of the arena in the part of the list twice? Marks each byte. */
static bool repeats_a_byte(const struct cut *cut, struct bvec_iter iter, u8 *marks)
{
	struct bvec_iter at;
	struct bio_vec vec;
	bool repeats = false;
	unsigned int i;

	memset(marks, 0, ARENA_SIZE);
	for_each_bvec(vec, cut->vecs, at, iter)
		for (i = 0; i < vec.bv_len; i++)
			repeats |= marks[(u8 *)bvec_virt(&vec) - cut->bytes + i]++;
	return repeats;
}

static void disjoint_segments_have_no_alias(struct kunit *test)
{
	struct pair *pair = new_pair(test);
	unsigned int round;

	for (round = 0; round < bvtest_rounds(500); round++) {
		cut_at_random(pair->a, pair->random, random_size(pair->random));
		KUNIT_ASSERT_FALSE(test, blkv_vecs_alias(pair->a->vecs, pair->a->iter));
	}
}

static void alias_is_found_where_a_byte_repeats(struct kunit *test)
{
	/* Maximum number of segments, their spread, and their maximum length. */
	static const u32 shapes[][3] = { { 3, 400, 150 }, { 4, 60000, 5000 }, { 30, 60000, 100 } };
	struct pair *pair = new_pair(test);
	u8 *marks = kunit_kzalloc(test, ARENA_SIZE, GFP_KERNEL);
	struct cut *cut = pair->a;
	unsigned int round, i, size, with = 0, without = 0;
	bool repeats;

	KUNIT_ASSERT_NOT_NULL(test, marks);
	for (round = 0; round < bvtest_rounds(500); round++) {
		/*
		 * Two or three close together, which often rise or fall; a few large ones; many
		 * small ones. Each with and without an alias.
		 */
		const u32 *shape = shapes[below(pair->random, ARRAY_SIZE(shapes))];

		cut->nr = between(pair->random, 1, shape[0]);
		for (i = 0, size = 0; i < cut->nr; i++, size += cut->vecs[i - 1].bv_len)
			set_vec(cut, pair->random, i, below(pair->random, shape[1]),
				between(pair->random, 1, shape[2]));
		cut->iter = (struct bvec_iter){ .bi_size = size };
		/* Sometimes only a part of it. */
		if (one_in(pair->random, 3)) {
			bvec_iter_advance(cut->vecs, &cut->iter, below(pair->random, size));
			cut->iter.bi_size = between(pair->random, 1, cut->iter.bi_size);
		}
		repeats = repeats_a_byte(cut, cut->iter, marks);
		KUNIT_ASSERT_EQ(test, blkv_vecs_alias(cut->vecs, cut->iter), repeats);
		with += repeats;
		without += !repeats;
	}
	KUNIT_EXPECT_GT(test, with, 0);
	KUNIT_EXPECT_GT(test, without, 0);
}

/* Many segments in few pages, in order and shuffled. */
static void one_alias_among_many_segments_is_found(struct kunit *test)
{
	struct pair *pair = new_pair(test);
	struct cut *cut = pair->a;
	unsigned int round, i;

	for (round = 0; round < bvtest_rounds(20); round++) {
		unsigned int a, b;

		cut->nr = between(pair->random, 300, VECS_MAX);
		for (i = 0; i < cut->nr; i++)
			set_vec(cut, pair->random, i, 100 * i, 64);
		for (i = cut->nr; round % 2 && i > 1; i--) {
			a = below(pair->random, i);
			swap(cut->vecs[i - 1], cut->vecs[a]);
		}
		cut->iter = (struct bvec_iter){ .bi_size = cut->nr * 64 };
		KUNIT_ASSERT_FALSE(test, blkv_vecs_alias(cut->vecs, cut->iter));

		/* The last byte of one is the first of another. */
		a = below(pair->random, cut->nr);
		b = (a + between(pair->random, 1, cut->nr - 1)) % cut->nr;
		set_vec(cut, pair->random, b, vec_bytes(&cut->vecs[a]) - cut->bytes + 63, 64);
		KUNIT_ASSERT_TRUE(test, blkv_vecs_alias(cut->vecs, cut->iter));
	}
}

#define MANY_ORDER 9

static void free_many(void *pages)
{
	__free_pages(pages, MANY_ORDER);
}

KUNIT_DEFINE_ACTION_WRAPPER(free_many_action, free_many, void *);

/* More pages than the table of the unit holds: one that does not fit must not pass for new. */
static void alias_among_many_pages_is_found(struct kunit *test)
{
	unsigned int nr = 1 << MANY_ORDER, i;
	struct page *pages = alloc_pages(GFP_KERNEL | __GFP_COMP, MANY_ORDER);
	struct bio_vec *vecs = kunit_kcalloc(test, nr, sizeof(*vecs), GFP_KERNEL);
	struct bvec_iter iter = { .bi_size = nr * 512 };

	KUNIT_ASSERT_NOT_NULL(test, pages);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, free_many_action, pages), 0);
	KUNIT_ASSERT_NOT_NULL(test, vecs);
	/* In pairs that fall, so that the list neither rises nor falls. */
	for (i = 0; i < nr; i++)
		bvec_set_page(&vecs[i], pages + (i ^ 1), 512, 1024);
	KUNIT_EXPECT_FALSE(test, blkv_vecs_alias(vecs, iter));
	for (i = 1; i < nr; i++) {
		vecs[i].bv_page = vecs[i - 1].bv_page;
		vecs[i].bv_offset = vecs[i - 1].bv_offset + 511;
		KUNIT_ASSERT_TRUE(test, blkv_vecs_alias(vecs, iter));
		bvec_set_page(&vecs[i], pages + (i ^ 1), 512, 1024);
	}
}

static void free_long_block(void *block)
{
	__free_pages(block, 9);
}

KUNIT_DEFINE_ACTION_WRAPPER(free_long_block_action, free_long_block, void *);

/* More pages than are looked at one by one. */
static void alias_among_long_segments_is_found(struct kunit *test)
{
	struct page *block = alloc_pages(GFP_KERNEL | __GFP_COMP | __GFP_NOWARN, 9);
	const unsigned int half = PAGE_SIZE << 8;
	struct bio_vec vecs[3];
	struct bvec_iter iter = { .bi_size = 2 * half };

	if (!block)
		kunit_skip(test, "no contiguous memory");
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, free_long_block_action, block), 0);
	bvec_set_page(&vecs[0], block + 256, half, 0);
	bvec_set_page(&vecs[1], block, half - 512, 0);
	bvec_set_page(&vecs[2], block + 255, 512, PAGE_SIZE - 512);
	KUNIT_EXPECT_FALSE(test, blkv_vecs_alias(vecs, iter));
	/* The first one begins inside its segment. */
	iter.bi_offset = half / 2;
	iter.bi_size -= half / 2;
	KUNIT_EXPECT_FALSE(test, blkv_vecs_alias(vecs, iter));
	bvec_set_page(&vecs[2], block + 255, 512, PAGE_SIZE - 513);
	KUNIT_EXPECT_TRUE(test, blkv_vecs_alias(vecs, iter));
	bvec_set_page(&vecs[2], block + 511, 512, PAGE_SIZE - 512);
	KUNIT_EXPECT_TRUE(test, blkv_vecs_alias(vecs, iter));
	bvec_set_page(&vecs[2], block + 256, 512, 0);
	KUNIT_EXPECT_FALSE(test, blkv_vecs_alias(vecs, iter));
}

static void adjacent_segments_are_not_an_alias(struct kunit *test)
{
	struct pair *pair = new_pair(test);
	struct cut *cut = pair->a;
	unsigned int falling, i;

	for (falling = 0; falling < 2; falling++) {
		for (i = 0; i < 16; i++)
			set_vec(cut, pair->random, falling ? 15 - i : i, 512 * i, 512);
		cut->iter = (struct bvec_iter){ .bi_size = 16 * 512 };
		KUNIT_EXPECT_FALSE(test, blkv_vecs_alias(cut->vecs, cut->iter));
		/* Now neither rising nor falling. */
		swap(cut->vecs[3], cut->vecs[4]);
		KUNIT_EXPECT_FALSE(test, blkv_vecs_alias(cut->vecs, cut->iter));
	}
}

static struct kunit_case compare_cases[] = {
	KUNIT_CASE(equal_lists_compare_equal),
	KUNIT_CASE(one_different_byte_is_found),
	KUNIT_CASE(first_of_several_differences_is_found),
	KUNIT_CASE(every_byte_of_every_short_length_is_compared),
	KUNIT_CASE(comparison_is_limited_to_the_iterators),
	KUNIT_CASE(iterators_may_start_at_different_offsets),
	KUNIT_CASE(page_may_occur_in_a_list_many_times),
	KUNIT_CASE(empty_lists_are_equal),
	KUNIT_CASE(copy_changes_only_its_destination),
	KUNIT_CASE(copy_compares_equal),
	KUNIT_CASE(bytes_are_read_from_anywhere),
	KUNIT_CASE(disjoint_segments_have_no_alias),
	KUNIT_CASE(alias_is_found_where_a_byte_repeats),
	KUNIT_CASE(one_alias_among_many_segments_is_found),
	KUNIT_CASE(alias_among_many_pages_is_found),
	KUNIT_CASE(alias_among_long_segments_is_found),
	KUNIT_CASE(adjacent_segments_are_not_an_alias),
	{}
};

static struct kunit_suite compare_suite = {
	.name = "compare",
	.test_cases = compare_cases,
};

kunit_test_suite(compare_suite);
