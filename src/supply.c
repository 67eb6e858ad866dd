// SPDX-License-Identifier: GPL-2.0-only
/*
 * The chunks of one request, from the depot or from the system, and private memory that is built of
 * them.
 *
 * Private memory has the shape of the caller's, see src/shape.c. If no chunk is large enough,
 * several smaller ones are used, and the memory is "reshaped".
 *
 * Pure, but for the allocation: no locks, any context. Belongs to one context.
 */
#include <linux/blkdev.h>
#include <linux/bvec.h>
#include <linux/gfp.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/pfn.h>

#include "supply.h"

/**
 * blkv_supply_init() - begin to collect the chunks of a request
 * @supply: set up here
 * @lates: for late data in the chunks
 * @nr: number of chunks that are needed, by order
 * @max_order: of the largest chunk
 * @nr_vecs: number of pages for bvecs that are needed
 *
 * Context: Any.
 */
void blkv_supply_init(struct blkv_supply *supply, struct blkv_lates *lates, const unsigned int *nr,
		      unsigned int max_order, unsigned int nr_vecs)
{
	unsigned int order;

	supply->late = lates;
	supply->max_order = max_order;
	for (order = 0; order <= max_order; order++) {
		INIT_LIST_HEAD(&supply->chunks[order]);
		supply->missing[order] = nr[order];
		supply->nr_new[order] = 0;
	}
	INIT_LIST_HEAD(&supply->vecs);
	supply->missing_vecs = nr_vecs;
	supply->nr_new_vecs = 0;
	supply->spare = false;
	supply->nr_spare = 0;
	supply->surplus = false;
	blkv_supply_allow(supply, 0);
}

/**
 * blkv_supply_missing() - count what is missing
 * @supply: the supply
 *
 * Context: Any.
 * Return: number of pages, of both kinds.
 */
unsigned int blkv_supply_missing(const struct blkv_supply *supply)
{
	unsigned int order, nr = supply->missing_vecs;

	for (order = 0; order <= supply->max_order; order++)
		nr += supply->missing[order] << order;
	return nr;
}

static struct page *supply_alloc(struct blkv_supply *supply, unsigned int order, gfp_t gfp)
{
	struct page *chunk;
	unsigned int i;

	if (supply->allowed < 1U << order)
		return NULL;
	chunk = blkv_chunk_alloc(order, gfp);
	if (!chunk)
		return NULL;
	supply->allowed -= 1U << order;
	supply->nr_new[order]++;
	for (i = 0; i < 1U << order; i++)
		blkv_page_mark(supply->late->marks, chunk + i);
	return chunk;
}

static struct page *supply_alloc_vecs(struct blkv_supply *supply, gfp_t gfp)
{
	struct page *page = supply->allowed ? blkv_chunk_alloc(0, gfp) : NULL;

	if (page) {
		supply->allowed--;
		supply->nr_new_vecs++;
	}
	return page;
}

/**
 * blkv_supply_fill() - allocate what is missing, or as much as possible
 * @supply: the supply; allowed to allocate
 * @gfp: how to allocate
 *
 * Context: As @gfp says.
 */
void blkv_supply_fill(struct blkv_supply *supply, gfp_t gfp)
{
	struct page *chunk;
	unsigned int order;

	for (; supply->missing_vecs; supply->missing_vecs--) {
		chunk = supply_alloc_vecs(supply, gfp);
		if (!chunk)
			break;
		list_add_tail(&chunk->lru, &supply->vecs);
	}
	for (order = 0; order <= supply->max_order; order++)
		for (; supply->missing[order]; supply->missing[order]--) {
			chunk = supply_alloc(supply, order, gfp);
			if (!chunk)
				break;
			list_add_tail(&chunk->lru, &supply->chunks[order]);
		}
}

/**
 * blkv_supply_pour() - move all chunks out of a supply
 * @supply: the supply; empty afterwards
 * @chunks: initialised; get the chunks
 *
 * Context: Any.
 */
void blkv_supply_pour(struct blkv_supply *supply, struct blkv_chunks *chunks)
{
	struct page *chunk, *next;
	unsigned int order;

	chunks->surplus = supply->surplus;
	for (order = 0; order <= supply->max_order; order++)
		list_for_each_entry_safe_reverse(chunk, next, &supply->chunks[order], lru) {
			list_del(&chunk->lru);
			blkv_chunks_add(chunks, chunk);
		}
	list_for_each_entry_safe(chunk, next, &supply->vecs, lru) {
		list_del(&chunk->lru);
		blkv_chunks_add_vecs(chunks, chunk);
	}
}

/*
 * Take a chunk, preferably one that neither begins at @end, where the previous one ends, nor is
 * followed by the next: what is not contiguous in the caller's memory should not be so in ours.
 */
static struct page *supply_take(struct blkv_supply *supply, unsigned int order,
				const struct page *end)
{
	struct list_head *chunks = &supply->chunks[order];
	struct page *chunk, *next;

	if (list_empty(chunks))
		return supply_alloc(supply, order, GFP_NOWAIT);
	chunk = list_first_entry(chunks, struct page, lru);
	if (!list_is_singular(chunks)) {
		next = list_next_entry(chunk, lru);
		if (chunk == end || chunk + (1U << order) == next)
			chunk = next;
	}
	list_del(&chunk->lru);
	return chunk;
}

/* The same, or else a smaller one. */
static struct page *supply_take_up_to(struct blkv_supply *supply, unsigned int *order,
				      const struct page *end)
{
	for (;; --*order) {
		struct page *chunk = supply_take(supply, *order, end);

		if (chunk || !*order)
			return chunk;
	}
}

/* ---- building memory ---------------------------------------------------------------------- */

static void memory_set_up(struct blkv_memory *memory, struct blkv_supply *supply)
{
	struct page *page = list_first_entry_or_null(&supply->vecs, struct page, lru);

	blkv_memory_clear(memory, supply->surplus);
	if (page) {
		list_del(&page->lru);
		memory->vecs = page_address(page);
	}
}

static bool has_vecs_page(const struct blkv_memory *memory)
{
	return memory->vecs != memory->inline_vecs;
}

/**
 * blkv_memory_fill() - build private memory of whole pages
 * @memory: set up here, and marked
 * @supply: has exactly the pages that it needs
 * @apart: no page follows the previous one, so that they do not coalesce, as in a caller's memory:
 *	of two that do, the second comes first
 *
 * Context: Any.
 */
void blkv_memory_fill(struct blkv_memory *memory, struct blkv_supply *supply, bool apart)
{
	struct page *page, *next;

	BUILD_BUG_ON((BLKV_REGION_SECTORS >> (PAGE_SHIFT - SECTOR_SHIFT)) > BLKV_MAX_VECS);
	memory_set_up(memory, supply);
	list_for_each_entry(page, &supply->chunks[0], lru)
		blkv_page_check(supply->late, page);
	list_for_each_entry_safe(page, next, &supply->chunks[0], lru) {
		struct bio_vec *vec = &memory->vecs[memory->nr_vecs++];

		list_del(&page->lru);
		if (apart && vec > memory->vecs && vec[-1].bv_page + 1 == page)
			swap(vec[-1].bv_page, page);
		bvec_set_page(vec, page, PAGE_SIZE, 0);
	}
}

/**
 * blkv_memory_imitate() - let whole pages stand in for memory of a caller
 * @memory: the memory; its last page will be as long as the caller's
 * @nr_sectors: its length
 * @plain: it has the shape of the caller's
 *
 * Context: Any.
 */
void blkv_memory_imitate(struct blkv_memory *memory, unsigned int nr_sectors, bool plain)
{
	struct bio_vec *last = &memory->vecs[memory->nr_vecs - 1];

	last->bv_len = (nr_sectors << SECTOR_SHIFT) - (memory->nr_vecs - 1) * PAGE_SIZE;
	memory->reshaped = !plain;
}

/**
 * blkv_memory_shape() - build private memory of a certain shape
 * @memory: set up here, and marked
 * @shape: the shape
 * @supply: may be allowed to allocate more chunks
 *
 * Context: Any.
 * Return: false if the supply is not sufficient; then the memory is incomplete.
 */
bool blkv_memory_shape(struct blkv_memory *memory, const struct blkv_shape *shape,
		       struct blkv_supply *supply)
{
	size_t run = 0, offset = 0, at = 0, end = 0;
	struct blkv_shape rest = *shape;
	unsigned int max_vecs, i;
	struct page *chunk = NULL, *after = NULL;

	memory_set_up(memory, supply);
	memory->shaped = true;
	max_vecs = has_vecs_page(memory) ? BLKV_MAX_VECS : BLKV_INLINE_VECS;
	while (rest.iter.bi_size) {
		struct bio_vec vec = mp_bvec_iter_bvec(rest.vecs, rest.iter);
		size_t len;

		if (memory->nr_vecs == max_vecs)
			return false;
		if (!run) {
			run = blkv_shape_run(&rest);
			offset = offset_in_page(vec.bv_offset);
			after = chunk ? chunk + PFN_UP(end) : NULL;
			at = end;
		}
		if (at == end) {
			unsigned int wanted = get_order(offset + run), order;

			order = min_t(unsigned int, wanted, BLKV_MAX_ORDER);
			chunk = supply_take_up_to(supply, &order, after);
			if (!chunk)
				return false;
			memory->reshaped |= order < wanted;
			at = offset;
			end = min(offset + run, PAGE_SIZE << order);
			offset = 0;
			after = NULL;
			for (i = 0; i < PFN_UP(end); i++)
				blkv_page_check(supply->late, chunk + i);
		}
		len = min_t(size_t, vec.bv_len, end - at);
		bvec_set_page(&memory->vecs[memory->nr_vecs++], chunk + (at >> PAGE_SHIFT), len,
			      offset_in_page(at));
		at += len;
		run -= len;
		bvec_iter_advance_single(rest.vecs, &rest.iter, len);
	}
	return true;
}

/**
 * blkv_vec_chunk() - the chunk that a segment is in
 * @memory: the memory
 * @n: which segment
 *
 * Context: Any.
 * Return: the chunk, or NULL if an earlier segment is in the same one.
 */
struct page *blkv_vec_chunk(const struct blkv_memory *memory, unsigned int n)
{
	struct page *chunk = compound_head(memory->vecs[n].bv_page);

	return n && compound_head(memory->vecs[n - 1].bv_page) == chunk ? NULL : chunk;
}

/**
 * blkv_memory_dissolve() - take the chunks out of private memory
 * @memory: the memory; empty afterwards
 * @chunks: gets the chunks, in the order in which they are taken
 *
 * Context: Any.
 */
void blkv_memory_dissolve(struct blkv_memory *memory, struct blkv_chunks *chunks)
{
	struct page *chunk;
	unsigned int i;

	chunks->surplus = memory->surplus;
	/* Backwards: the last pages are still in the caches. */
	for (i = memory->nr_vecs; i--;) {
		chunk = memory->shaped ? blkv_vec_chunk(memory, i) : NULL;
		if (!memory->shaped)
			blkv_chunks_add_page(chunks, memory->vecs[i].bv_page);
		else if (chunk)
			blkv_chunks_add(chunks, chunk);
	}
	if (has_vecs_page(memory))
		blkv_chunks_add_vecs(chunks, virt_to_page(memory->vecs));
	memory->nr_vecs = 0;
}
