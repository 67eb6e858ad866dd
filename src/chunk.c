// SPDX-License-Identifier: GPL-2.0-only
/*
 * Chunks of private memory: a page, or 2, 4, 8 ... contiguous ones.
 *
 * A larger chunk is a compound page, as the caller's memory is: some drivers take a reference of
 * each page.
 *
 * Pure, but for the allocation: no locks, any context.
 */
#include <kunit/static_stub.h>
#include <kunit/visibility.h>
#include <linux/gfp.h>
#include <linux/minmax.h>

#include "chunk.h"

/**
 * blkv_chunk_alloc() - allocate a chunk
 * @order: how many pages, as a power of two
 * @gfp: how to allocate
 *
 * All private memory comes from here.
 *
 * Context: As @gfp says.
 * Return: its first page, or NULL.
 */
struct page *blkv_chunk_alloc(unsigned int order, gfp_t gfp)
{
	KUNIT_STATIC_STUB_REDIRECT(blkv_chunk_alloc, order, gfp);
	gfp |= __GFP_NOMEMALLOC | __GFP_NOWARN;
	if (order)
		gfp |= __GFP_COMP | __GFP_NORETRY;
	return alloc_pages(gfp, order);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_chunk_alloc);

/**
 * blkv_chunk_origin() - what the request was that a chunk was used for last
 * @chunk: the chunk
 * @nr_sectors: how many sectors after the first byte of the chunk
 * @written: set to whether it was a write
 *
 * Context: Any.
 * Return: the sector.
 */
sector_t blkv_chunk_origin(struct page *chunk, unsigned int nr_sectors, bool *written)
{
	s64 sector = ((long)page_private(chunk) >> 1) + nr_sectors;

	*written = page_private(chunk) & 1;
	return max(sector, 0);
}

/**
 * blkv_list_free() - return chunks to the system
 * @chunks: a list of them
 *
 * Context: Any.
 */
void blkv_list_free(struct list_head *chunks)
{
	struct page *chunk, *next;

	KUNIT_STATIC_STUB_REDIRECT(blkv_list_free, chunks);
	list_for_each_entry_safe(chunk, next, chunks, lru) {
		list_del(&chunk->lru);
		set_page_private(chunk, 0);
		__free_pages(chunk, blkv_chunk_order(chunk));
	}
}
EXPORT_SYMBOL_IF_KUNIT(blkv_list_free);

/**
 * blkv_chunks_move() - move all chunks
 * @from: the chunks; empty afterwards
 * @to: where to, in front of the others
 *
 * Context: Any.
 */
void blkv_chunks_move(struct blkv_chunks *from, struct blkv_chunks *to)
{
	list_splice_init(&from->pages, &to->pages);
	list_splice_init(&from->larger, &to->larger);
	list_splice_init(&from->vecs, &to->vecs);
	to->nr_pages += from->nr_pages;
	to->nr_vecs += from->nr_vecs;
	from->nr_pages = 0;
	from->nr_vecs = 0;
}
