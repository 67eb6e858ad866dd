// SPDX-License-Identifier: GPL-2.0-only
/*
 * Compare and copy the data of two bvec lists whose segments differ.
 *
 * Pure: no locks, any context. Pages are mapped only while they are accessed, so high memory is
 * fine.
 */
#include <kunit/visibility.h>
#include <linux/compiler.h>
#include <linux/hash.h>
#include <linux/highmem.h>
#include <linux/minmax.h>
#include <linux/unaligned.h>

#include "compare.h"

/* The bits in which 8 bytes at @a and @b differ. */
static __always_inline u64 differing_bits(const u8 *a, const u8 *b)
{
	/* A concurrent change by the owner is sorted out by re-reading the raw leg. */
	return data_race(get_unaligned((const u64 *)a) ^ get_unaligned((const u64 *)b));
}

/*
 * 64 bytes a step without a branch inside; only a step that differs is searched byte by byte. The
 * caller may change its memory meanwhile, so the search need not find the difference that the
 * step saw: then it continues to the end.
 */
static size_t first_difference(const u8 *a, const u8 *b, size_t len)
{
	size_t i;

	for (i = 0; i + 64 <= len; i += 64) {
		u64 bits = differing_bits(a + i, b + i);

		bits |= differing_bits(a + i + 8, b + i + 8);
		bits |= differing_bits(a + i + 16, b + i + 16);
		bits |= differing_bits(a + i + 24, b + i + 24);
		bits |= differing_bits(a + i + 32, b + i + 32);
		bits |= differing_bits(a + i + 40, b + i + 40);
		bits |= differing_bits(a + i + 48, b + i + 48);
		bits |= differing_bits(a + i + 56, b + i + 56);
		if (bits)
			break;
	}

	for (; i < len; i++)
		/* As above. */
		if (data_race(a[i] != b[i]))
			break;
	return i;
}

/**
 * blkv_compare() - find the first byte in which two bvec lists differ
 * @a: one list
 * @a_iter: where to start in @a, and how many bytes to compare
 * @b: the other list
 * @b_iter: where to start in @b; holds at least as many bytes as @a_iter
 *
 * Segments may begin and end anywhere, in each list differently.
 *
 * Context: Any. Maps pages with kmap_local.
 * Return: the offset in bytes of the first difference from where both started, or
 * @a_iter.bi_size when there is none.
 */
size_t blkv_compare(const struct bio_vec *a, struct bvec_iter a_iter, const struct bio_vec *b,
		    struct bvec_iter b_iter)
{
	size_t done = 0;

	while (a_iter.bi_size) {
		struct bio_vec a_vec = bvec_iter_bvec(a, a_iter);
		struct bio_vec b_vec = bvec_iter_bvec(b, b_iter);
		size_t len = min(a_vec.bv_len, b_vec.bv_len);
		u8 *a_bytes = bvec_kmap_local(&a_vec);
		u8 *b_bytes = bvec_kmap_local(&b_vec);
		size_t equal = first_difference(a_bytes, b_bytes, len);

		kunmap_local(b_bytes);
		kunmap_local(a_bytes);
		done += equal;
		if (equal < len)
			return done;
		bvec_iter_advance_single(a, &a_iter, len);
		bvec_iter_advance_single(b, &b_iter, len);
	}

	return done;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_compare);

static phys_addr_t vec_address(const struct bio_vec *vec)
{
	return ((phys_addr_t)page_to_pfn(vec->bv_page) << PAGE_SHIFT) + vec->bv_offset;
}

/*
 * The next segment of a list, and step over it. Unlike for_each_bvec(), this does not split it into
 * its pages: there may be thousands of them.
 */
static struct bio_vec vec_next(const struct bio_vec *vecs, struct bvec_iter *iter)
{
	struct bio_vec vec = mp_bvec_iter_bvec(vecs, *iter);

	bvec_iter_advance_single(vecs, iter, vec.bv_len);
	return vec;
}

/* Do any two segments share a byte? Quadratic: for few segments, or on suspicion. */
static bool vecs_overlap(const struct bio_vec *vecs, struct bvec_iter iter)
{
	while (iter.bi_size) {
		struct bio_vec a = vec_next(vecs, &iter);
		phys_addr_t start = vec_address(&a);
		struct bvec_iter rest = iter;

		while (rest.bi_size) {
			struct bio_vec b = vec_next(vecs, &rest);

			if (vec_address(&b) < start + a.bv_len &&
			    start < vec_address(&b) + b.bv_len)
				return true;
		}
	}
	return false;
}

#define SEEN_BITS 9
#define SEEN_SIZE BIT(SEEN_BITS)

/* May a page be in the list twice? A hash table of 16 bits a page: false positives only. */
static bool vecs_may_repeat(const struct bio_vec *vecs, struct bvec_iter iter)
{
	u16 seen[SEEN_SIZE] = {};
	struct bvec_iter at;
	struct bio_vec vec;
	unsigned int nr = 0;

	for_each_bvec(vec, vecs, at, iter) {
		u32 hash = hash_64(vec_address(&vec) >> PAGE_SHIFT, SEEN_BITS + 16);
		unsigned int place = hash % SEEN_SIZE;
		u16 print = (hash >> SEEN_BITS) ?: 1;

		if (++nr > SEEN_SIZE / 8 * 7)
			return true;
		for (; seen[place]; place = (place + 1) % SEEN_SIZE)
			if (seen[place] == print)
				return true;
		seen[place] = print;
	}
	return false;
}

/**
 * blkv_vecs_alias() - does a list of segments contain the same memory twice?
 * @vecs: the list
 * @iter: the part of it
 *
 * That is legal for a read; the memory then holds the data that was read last. For most lists a
 * single pass is enough: their addresses only rise or only fall, or no page is in a small table of
 * pages already. The rest are compared pair by pair.
 *
 * Context: Any.
 * Return: true if so.
 */
bool blkv_vecs_alias(const struct bio_vec *vecs, struct bvec_iter iter)
{
	bool rising = true, falling = true;
	phys_addr_t low = 0, high = 0;
	struct bvec_iter at = iter;

	if (iter.bi_size <= mp_bvec_iter_len(vecs, iter))
		return false;

	while (at.bi_size) {
		bool first = at.bi_size == iter.bi_size;
		struct bio_vec vec = vec_next(vecs, &at);
		phys_addr_t start = vec_address(&vec);

		if (!first) {
			rising &= start >= high;
			falling &= start + vec.bv_len <= low;
		}
		low = start;
		high = start + vec.bv_len;
	}
	if (rising || falling)
		return false;

	return vecs_may_repeat(vecs, iter) && vecs_overlap(vecs, iter);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_vecs_alias);

/**
 * blkv_vecs_copy() - copy bytes from one bvec list to another
 * @dst: where to
 * @dst_iter: where to start in @dst, and how many bytes to copy
 * @src: where from
 * @src_iter: where to start in @src; holds at least as many bytes as @dst_iter
 *
 * Context: Any. Maps pages with kmap_local.
 */
void blkv_vecs_copy(const struct bio_vec *dst, struct bvec_iter dst_iter, const struct bio_vec *src,
		    struct bvec_iter src_iter)
{
	while (dst_iter.bi_size) {
		struct bio_vec dst_vec = bvec_iter_bvec(dst, dst_iter);
		struct bio_vec src_vec = bvec_iter_bvec(src, src_iter);
		size_t len = min(dst_vec.bv_len, src_vec.bv_len);
		u8 *dst_bytes = bvec_kmap_local(&dst_vec);
		u8 *src_bytes = bvec_kmap_local(&src_vec);

		memcpy(dst_bytes, src_bytes, len);
		kunmap_local(src_bytes);
		kunmap_local(dst_bytes);
		flush_dcache_page(dst_vec.bv_page);
		bvec_iter_advance_single(dst, &dst_iter, len);
		bvec_iter_advance_single(src, &src_iter, len);
	}
}
EXPORT_SYMBOL_IF_KUNIT(blkv_vecs_copy);

/**
 * blkv_vecs_read() - copy bytes out of a bvec list
 * @vecs: the list
 * @iter: the start of the data in it
 * @offset: first byte to copy, relative to @iter
 * @to: the destination
 * @len: number of bytes; must not exceed the data from @offset on
 *
 * Context: Any. Maps pages with kmap_local.
 */
void blkv_vecs_read(const struct bio_vec *vecs, struct bvec_iter iter, unsigned int offset,
		    u8 *to, unsigned int len)
{
	bvec_iter_advance(vecs, &iter, offset);
	while (len) {
		struct bio_vec vec = bvec_iter_bvec(vecs, iter);
		unsigned int part = min(len, vec.bv_len);
		u8 *bytes = bvec_kmap_local(&vec);

		memcpy(to, bytes, part);
		kunmap_local(bytes);
		bvec_iter_advance_single(vecs, &iter, part);
		to += part;
		len -= part;
	}
}
EXPORT_SYMBOL_IF_KUNIT(blkv_vecs_read);
