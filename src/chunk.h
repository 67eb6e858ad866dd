/* SPDX-License-Identifier: GPL-2.0-only */
/* Chunks of contiguous pages. */
#ifndef DM_BLKVERIFY_CHUNK_H
#define DM_BLKVERIFY_CHUNK_H

#include <linux/list.h>
#include <linux/mm.h>
#include <linux/types.h>

#include "types.h"

/**
 * struct blkv_chunks - chunks of both kinds
 * @pages: single pages for data, in order; as the other lists, linked by page->lru
 * @nr_pages: length of @pages
 * @larger: larger chunks for data
 * @vecs: pages for bvecs
 * @nr_vecs: length of @vecs
 * @surplus: they are, or were, in a magazine, so that the depot does not count them as its own
 */
struct blkv_chunks {
	struct list_head pages;
	unsigned int nr_pages;
	struct list_head larger;
	struct list_head vecs;
	unsigned int nr_vecs;
	bool surplus;
};

static inline unsigned int blkv_chunk_order(struct page *chunk)
{
	return folio_order(page_folio(chunk));
}

struct page *blkv_chunk_alloc(unsigned int order, gfp_t gfp);
sector_t blkv_chunk_origin(struct page *chunk, unsigned int nr_sectors, bool *written);
void blkv_list_free(struct list_head *chunks);
void blkv_chunks_move(struct blkv_chunks *from, struct blkv_chunks *to);

/**
 * blkv_chunk_set_origin() - record the request that a chunk was used for last
 * @chunk: the chunk
 * @sector: the sector of the first byte of the chunk, extrapolated if the data begin later
 * @written: the request was a write
 *
 * On 32-bit kernels, only the low 31 bits of the sector are kept.
 *
 * Context: Any.
 */
static inline void blkv_chunk_set_origin(struct page *chunk, s64 sector, bool written)
{
	set_page_private(chunk, (unsigned long)sector << 1 | written);
}

/**
 * blkv_chunks_init() - begin without any chunks
 * @chunks: set up here
 *
 * Context: Any.
 */
static inline void blkv_chunks_init(struct blkv_chunks *chunks)
{
	INIT_LIST_HEAD(&chunks->pages);
	INIT_LIST_HEAD(&chunks->larger);
	INIT_LIST_HEAD(&chunks->vecs);
	chunks->nr_pages = 0;
	chunks->nr_vecs = 0;
	chunks->surplus = false;
}

/**
 * blkv_chunks_add_page() - add a page for data in front of the others
 * @chunks: the chunks
 * @page: the page, in no list
 *
 * Context: Any.
 */
static inline void blkv_chunks_add_page(struct blkv_chunks *chunks, struct page *page)
{
	list_add(&page->lru, &chunks->pages);
	chunks->nr_pages++;
}

/**
 * blkv_chunks_add() - add a chunk for data in front of the others
 * @chunks: the chunks
 * @chunk: the chunk, in no list
 *
 * Context: Any.
 */
static inline void blkv_chunks_add(struct blkv_chunks *chunks, struct page *chunk)
{
	if (blkv_chunk_order(chunk))
		list_add(&chunk->lru, &chunks->larger);
	else
		blkv_chunks_add_page(chunks, chunk);
}

/**
 * blkv_chunks_add_vecs() - add a page for bvecs in front of the others
 * @chunks: the chunks
 * @page: the page, in no list
 *
 * Context: Any.
 */
static inline void blkv_chunks_add_vecs(struct blkv_chunks *chunks, struct page *page)
{
	list_add(&page->lru, &chunks->vecs);
	chunks->nr_vecs++;
}

static inline bool blkv_chunks_are_empty(const struct blkv_chunks *chunks)
{
	return list_empty(&chunks->pages) && list_empty(&chunks->larger) &&
	       list_empty(&chunks->vecs);
}

#endif /* DM_BLKVERIFY_CHUNK_H */
