/* SPDX-License-Identifier: GPL-2.0-only */
/* Private memory. */
#ifndef DM_BLKVERIFY_MEMORY_H
#define DM_BLKVERIFY_MEMORY_H

#include <linux/bvec.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "types.h"

#define BLKV_INLINE_VECS 4

/**
 * struct blkv_memory - the private pages of one request
 * @vecs: one entry a page, whole pages, in order; @inline_vecs or a page of its own
 * @nr_pages: pages in @vecs, 0 while there is no buffer
 * @inline_vecs: serves small requests
 */
struct blkv_memory {
	struct bio_vec *vecs;
	unsigned int nr_pages;
	struct bio_vec inline_vecs[BLKV_INLINE_VECS];
};

/**
 * struct blkv_pool - where private pages come from and return to
 * @trim: gives pages that were idle for a while back to the system
 * @wait: the one request that waits for pages sleeps here
 * @lock: protects the members below; any context
 * @idle: pages not in use, linked by page->lru, the last one used first
 * @nr_idle: length of @idle
 * @low: the lowest @nr_idle since the last trim
 * @nr_owned: pages that this pool has of the system, idle or in buffers
 * @limit: of @nr_owned
 * @waiters: requests that were refused pages and not served since; while there are any,
 *	new requests get only what they cannot need, so that they cannot starve them
 */
struct blkv_pool {
	struct delayed_work trim;
	wait_queue_head_t wait;

	spinlock_t lock; /* the idle pages */
	struct list_head idle;
	unsigned int nr_idle;
	unsigned int low;
	unsigned long nr_owned;
	unsigned long limit;
	unsigned int waiters;
};

int blkv_pool_init(struct blkv_pool *pool, struct blkv_memory *kept);
void blkv_pool_exit(struct blkv_pool *pool);
bool blkv_memory_get(struct blkv_pool *pool, struct blkv_memory *buffer, unsigned int nr_sectors);
void blkv_memory_wait(struct blkv_pool *pool, struct blkv_memory *buffer, unsigned int nr_sectors);
void blkv_memory_put(struct blkv_pool *pool, struct blkv_memory *buffer);

/* The address of sector @n of a buffer; private pages are never in high memory. */
static inline void *blkv_memory_sector(const struct blkv_memory *buffer, unsigned int n)
{
	size_t offset = (size_t)n << SECTOR_SHIFT;

	return page_address(buffer->vecs[offset >> PAGE_SHIFT].bv_page) + offset_in_page(offset);
}

#endif /* DM_BLKVERIFY_MEMORY_H */
