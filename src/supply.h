/* SPDX-License-Identifier: GPL-2.0-only */
/* The chunks of one request, and private memory that is built of them. */
#ifndef DM_BLKVERIFY_SUPPLY_H
#define DM_BLKVERIFY_SUPPLY_H

#include <linux/bvec.h>
#include <linux/list.h>
#include <linux/types.h>

#include "chunk.h"
#include "late.h"
#include "memory.h"
#include "shape.h"

/* A page for bvecs has room for so many. */
#define BLKV_MAX_VECS (PAGE_SIZE / sizeof(struct bio_vec))

/**
 * struct blkv_supply - where a request gets its chunks from
 * @late: looks for late data, and knows the marks
 * @max_order: of the largest chunk
 * @missing: number of chunks that are still missing, by order
 * @missing_vecs: and of pages for bvecs
 * @chunks: chunks that the request has got, and that are marked, by order
 * @vecs: the page for bvecs, if one is needed
 * @promised: number of pages that it may allocate; the depot counts them
 * @allowed: and that it has not allocated yet
 * @spare: it is for a long request, which leaves the reserve alone
 * @nr_spare: single pages that the depot counts as those of long requests
 * @surplus: its chunks belong to a magazine, not to the depot
 * @nr_new: number of chunks that were allocated, by order
 * @nr_new_vecs: and of pages for bvecs
 */
struct blkv_supply {
	struct blkv_lates *late;
	unsigned int max_order;
	unsigned int missing[BLKV_ORDERS];
	unsigned int missing_vecs;
	struct list_head chunks[BLKV_ORDERS];
	struct list_head vecs;
	unsigned int promised;
	unsigned int allowed;
	bool spare;
	unsigned int nr_spare;
	bool surplus;
	unsigned int nr_new[BLKV_ORDERS];
	unsigned int nr_new_vecs;
};

void blkv_supply_init(struct blkv_supply *supply, struct blkv_lates *lates, const unsigned int *nr,
		      unsigned int max_order, unsigned int nr_vecs);
unsigned int blkv_supply_missing(const struct blkv_supply *supply);
void blkv_supply_fill(struct blkv_supply *supply, gfp_t gfp);
void blkv_supply_pour(struct blkv_supply *supply, struct blkv_chunks *chunks);

void blkv_memory_fill(struct blkv_memory *memory, struct blkv_supply *supply, bool apart);
void blkv_memory_imitate(struct blkv_memory *memory, unsigned int nr_sectors, bool plain);
bool blkv_memory_shape(struct blkv_memory *memory, const struct blkv_shape *shape,
		       struct blkv_supply *supply);
void blkv_memory_dissolve(struct blkv_memory *memory, struct blkv_chunks *chunks);
struct page *blkv_vec_chunk(const struct blkv_memory *memory, unsigned int n);

static inline void blkv_supply_allow(struct blkv_supply *supply, unsigned int promised)
{
	supply->promised = promised;
	supply->allowed = promised;
}

/**
 * blkv_memory_clear() - begin to build private memory
 * @memory: set up here, without segments
 * @surplus: its chunks are from a magazine
 *
 * Context: Any.
 */
static inline void blkv_memory_clear(struct blkv_memory *memory, bool surplus)
{
	memory->vecs = memory->inline_vecs;
	memory->nr_vecs = 0;
	memory->skip_vecs = 0;
	memory->skip_bytes = 0;
	memory->lead = 0;
	memory->nr_spare = 0;
	memory->surplus = surplus;
	memory->shaped = false;
	memory->reshaped = false;
}

/**
 * blkv_memory_hold() - build private memory of a single page, without a supply
 * @memory: set up here, and marked
 * @lates: for late data in the page
 * @page: the page, from a magazine
 *
 * Context: Any.
 */
static inline void blkv_memory_hold(struct blkv_memory *memory, struct blkv_lates *lates,
				    struct page *page)
{
	blkv_memory_clear(memory, true);
	blkv_page_check(lates, page);
	bvec_set_page(&memory->vecs[0], page, PAGE_SIZE, 0);
	memory->nr_vecs = 1;
}

#endif /* DM_BLKVERIFY_SUPPLY_H */
