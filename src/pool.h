/* SPDX-License-Identifier: GPL-2.0-only */
/* Where private memory comes from. */
#ifndef DM_BLKVERIFY_POOL_H
#define DM_BLKVERIFY_POOL_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "memory.h"
#include "shape.h"
#include "types.h"

/**
 * struct blkv_idle - chunks of one kind that are not in use
 * @pages: linked by page->lru, the most recently used ones first
 * @nr: length of @pages
 * @low: the lowest @nr since the last trim
 * @nr_owned: chunks of this kind that the pool has allocated, in use or not
 */
struct blkv_idle {
	struct list_head pages;
	unsigned int nr;
	unsigned int low;
	unsigned long nr_owned;
};

/**
 * struct blkv_late - a finding of late data: memory that changed after its request
 * @sector: the sector of the request that this memory was used for
 * @written: that request was a write
 * @byte: offset in the sector of the first word that has changed
 * @expected: the mark of that word
 * @found: its current value
 */
struct blkv_late {
	sector_t sector;
	bool written;
	unsigned int byte;
	u64 expected;
	u64 found;
};

#define BLKV_MAX_LATE 16

/* For blkv_memory_put(): a leg failed the request, and may still use the memory; it was a write. */
#define BLKV_SUSPECT BIT(0)
#define BLKV_WRITTEN BIT(1)

/**
 * struct blkv_pool - where private memory comes from and returns to
 * @mark: the number that the marks are derived from
 * @quarantine: number of pages that rest before they are used again
 * @reserve: number of pages for data that the pool always owns
 * @trim: returns pages that have been idle for a while to the system
 * @release: returns suspect pages to the system
 * @late_work: reports @late
 * @wait: the one request that waits for pages sleeps here
 * @lock: protects the members below; any context
 * @data: idle chunks for data, by order; a chunk is one page or a power of two of contiguous ones
 * @vecs: idle pages for bvecs; these are never lent to a leg
 * @resting: chunks in quarantine, oldest first
 * @nr_resting: pages in @resting
 * @suspects: chunks of requests that a leg failed: [0] since the last release, [1] before that
 * @nr_suspects: pages in both lists
 * @limit: of the pages that the pool may own
 * @nr_spare: single pages that long requests hold: these may wait for others, which may wait for
 *	the reserve
 * @nr_promised: pages that requests are about to allocate
 * @waiters: requests that got no pages at first and still wait; while there are any, new requests
 *	get only what these cannot need, so that they do not starve
 * @nr_late: number of entries in @late
 * @late: findings of late data, until they are taken
 */
struct blkv_pool {
	u64 mark;
	unsigned int quarantine;
	unsigned int reserve;
	struct delayed_work trim;
	struct delayed_work release;
	struct work_struct late_work;
	wait_queue_head_t wait;

	spinlock_t lock; /* the pages that are not in use */
	struct blkv_idle data[BLKV_ORDERS];
	struct blkv_idle vecs;
	struct list_head resting;
	unsigned int nr_resting;
	struct list_head suspects[2];
	unsigned int nr_suspects;
	unsigned long limit;
	unsigned long nr_spare;
	unsigned long nr_promised;
	unsigned int waiters;
	unsigned int nr_late;
	struct blkv_late late[BLKV_MAX_LATE];
};

int blkv_pool_init(struct blkv_pool *pool, u64 mark, unsigned int quarantine_mib,
		   work_func_t late, struct blkv_memory *kept);
void blkv_pool_exit(struct blkv_pool *pool);
void blkv_pool_check(struct blkv_pool *pool);
bool blkv_pool_next_late(struct blkv_pool *pool, struct blkv_late *late);
bool blkv_memory_get(struct blkv_pool *pool, struct blkv_memory *memory, unsigned int nr_sectors,
		     const struct blkv_shape *shape);
bool blkv_memory_get_long(struct blkv_pool *pool, struct blkv_memory *memory,
			  const struct blkv_shape *shape);
bool blkv_memory_try(struct blkv_pool *pool, struct blkv_memory *memory, unsigned int nr_sectors);
void blkv_pool_await(struct blkv_pool *pool);
void blkv_memory_wait(struct blkv_pool *pool, struct blkv_memory *memory, unsigned int nr_sectors,
		      const struct blkv_shape *shape);
void blkv_memory_put(struct blkv_pool *pool, struct blkv_memory *memory, sector_t start,
		     unsigned int flags);

void blkv_memory_mark(const struct blkv_pool *pool, struct blkv_memory *memory);
bool blkv_memory_is_marked(const struct blkv_pool *pool, const struct blkv_memory *memory,
			   unsigned int n);
unsigned int blkv_memory_first_marked(const struct blkv_pool *pool,
				      const struct blkv_memory *memory, unsigned int nr_sectors);

#if IS_ENABLED(CONFIG_KUNIT)
struct page *blkv_pages_alloc(unsigned int order, gfp_t gfp);
#endif

#endif /* DM_BLKVERIFY_POOL_H */
