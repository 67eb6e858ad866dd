// SPDX-License-Identifier: GPL-2.0-only
/*
 * The shape of the caller's memory: where its segments begin in their pages, how long they are, and
 * which of them are physically contiguous.
 *
 * Drivers have bugs that depend on it. So private memory has the same shape: each run of contiguous
 * segments gets a chunk, that is, contiguous pages.
 *
 * Pure: no locks, any context. Only looks at the list of segments, never at the data.
 */
#include <kunit/visibility.h>
#include <linux/bvec.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/prandom.h>
#include <linux/string.h>

#include "shape.h"

static phys_addr_t vec_start(const struct bio_vec *vec)
{
	return ((phys_addr_t)page_to_pfn(vec->bv_page) << PAGE_SHIFT) + vec->bv_offset;
}

/**
 * blkv_shape_lead() - extend a shape that begins inside a segment
 * @shape: the shape; will begin where the segment does, or a page earlier than now
 *
 * A request that was split begins inside a segment, and drivers have forgotten that. With memory in
 * front of the data, this is so in private memory, too.
 *
 * Context: Any.
 * Return: by how many bytes it was extended.
 */
unsigned int blkv_shape_lead(struct blkv_shape *shape)
{
	unsigned int lead = min_t(unsigned int, shape->iter.bi_offset, PAGE_SIZE);

	shape->iter.bi_offset -= lead;
	shape->iter.bi_size += lead;
	return lead;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_shape_lead);

/**
 * blkv_shape_run() - get the length of the first run of contiguous segments
 * @shape: the shape; not empty
 *
 * Context: Any.
 * Return: the length in bytes.
 */
size_t blkv_shape_run(const struct blkv_shape *shape)
{
	struct bvec_iter iter = shape->iter;
	struct bio_vec vec = mp_bvec_iter_bvec(shape->vecs, iter);
	phys_addr_t end = vec_start(&vec);
	size_t bytes = 0;

	do {
		bytes += vec.bv_len;
		end += vec.bv_len;
		bvec_iter_advance_single(shape->vecs, &iter, vec.bv_len);
		if (!iter.bi_size)
			break;
		vec = mp_bvec_iter_bvec(shape->vecs, iter);
	} while (vec_start(&vec) == end);
	return bytes;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_shape_run);

/**
 * blkv_shape_is_plain() - do single pages have this shape?
 * @shape: the shape; not empty
 *
 * Context: Any.
 * Return: true if each segment is a page, of which only the last one may be partly used, and none
 * continues where the previous one ends.
 */
bool blkv_shape_is_plain(const struct blkv_shape *shape)
{
	struct bvec_iter iter = shape->iter;
	phys_addr_t end = 0;

	if (iter.bi_offset)
		return false;
	while (iter.bi_size) {
		struct bio_vec vec = mp_bvec_iter_bvec(shape->vecs, iter);

		if (offset_in_page(vec.bv_offset) || vec_start(&vec) == end ||
		    vec.bv_len != min_t(size_t, PAGE_SIZE, iter.bi_size))
			return false;
		end = vec_start(&vec) + vec.bv_len;
		bvec_iter_advance_single(shape->vecs, &iter, vec.bv_len);
	}
	return true;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_shape_is_plain);

/**
 * blkv_shape_random() - make up a shape
 * @shape: filled in
 * @vecs: its segments, BLKV_RANDOM_VECS; their pages only tell which of them are contiguous
 * @bytes: its length, a multiple of @block
 * @align: of the start of each segment; a power of two
 * @block: each segment has a multiple of these bytes
 * @seed: what it depends on
 *
 * Context: Any.
 */
void blkv_shape_random(struct blkv_shape *shape, struct bio_vec *vecs, unsigned int bytes,
		       unsigned int align, unsigned int block, u64 seed)
{
	unsigned int left = bytes / block, i, nr;
	struct rnd_state random;

	prandom_seed_state(&random, seed);
	align = min_t(unsigned int, align, PAGE_SIZE);
	nr = 1 + prandom_u32_state(&random) % BLKV_RANDOM_VECS;
	for (i = 0; left; i++) {
		unsigned int offset = prandom_u32_state(&random) % (PAGE_SIZE / align) * align;
		unsigned int most = max(2 * left / (nr - i), 1U);
		unsigned int len = min(1 + prandom_u32_state(&random) % most, left);

		/* The start of a page is as likely as all other places. */
		if (prandom_u32_state(&random) % 2)
			offset = 0;
		if (i == nr - 1)
			len = left;
		bvec_set_page(&vecs[i], ZERO_PAGE(0), len * block, offset);
		left -= len;
	}
	*shape = (struct blkv_shape){ .vecs = vecs, .iter.bi_size = bytes };
}
EXPORT_SYMBOL_IF_KUNIT(blkv_shape_random);

/**
 * blkv_shape_plan() - plan private memory
 * @shape: the shape that it is to have; not empty
 * @plan: filled in
 *
 * Context: Any.
 */
void blkv_shape_plan(const struct blkv_shape *shape, struct blkv_plan *plan)
{
	struct blkv_shape rest = *shape;

	memset(plan, 0, sizeof(*plan));
	while (rest.iter.bi_size) {
		struct bio_vec vec = mp_bvec_iter_bvec(rest.vecs, rest.iter);
		size_t left = blkv_shape_run(&rest);
		size_t pages = PFN_UP(offset_in_page(vec.bv_offset) + left);
		size_t whole = pages >> BLKV_MAX_ORDER;
		unsigned int order = order_base_2(pages - (whole << BLKV_MAX_ORDER));

		plan->nr[BLKV_MAX_ORDER] += whole;
		if (whole)
			plan->max_order = BLKV_MAX_ORDER;
		if (pages > whole << BLKV_MAX_ORDER) {
			plan->nr[order]++;
			plan->max_order = max(plan->max_order, order);
		}

		for (; left; left -= vec.bv_len) {
			vec = mp_bvec_iter_bvec(rest.vecs, rest.iter);
			plan->nr_vecs++;
			bvec_iter_advance_single(rest.vecs, &rest.iter, vec.bv_len);
		}
	}
}
EXPORT_SYMBOL_IF_KUNIT(blkv_shape_plan);
