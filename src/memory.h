/* SPDX-License-Identifier: GPL-2.0-only */
/* Private memory. */
#ifndef DM_BLKVERIFY_MEMORY_H
#define DM_BLKVERIFY_MEMORY_H

#include <linux/bvec.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "types.h"

struct bio;

#define BLKV_INLINE_VECS 4

/**
 * struct blkv_memory - the private memory of one request
 * @vecs: its segments; @inline_vecs or a separate page
 * @nr_pages: pages in @vecs, 0 if it is empty
 * @inline_vecs: serves small requests
 *
 * The members are for memory.c only. The layout of the segments is private to it: other
 * units walk them with a bvec_iter, or sector by sector with struct blkv_sector_iter.
 */
struct blkv_memory {
	struct bio_vec *vecs;
	unsigned int nr_pages;
	struct bio_vec inline_vecs[BLKV_INLINE_VECS];
};

/**
 * struct blkv_idle - pages of one kind that are not in use
 * @pages: linked by page->lru, the most recently used ones first
 * @nr: length of @pages
 * @low: the lowest @nr since the last trim
 * @nr_owned: pages of this kind that the pool has allocated, in use or not
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
 * @data: idle pages for data
 * @vecs: idle pages for bvecs; these are never lent to a leg
 * @resting: pages in quarantine, oldest first
 * @nr_resting: length of @resting
 * @suspects: pages of requests that a leg failed: [0] since the last release, [1] before that
 * @nr_suspects: length of both lists
 * @limit: of the pages of both kinds that the pool may own
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
	struct blkv_idle data;
	struct blkv_idle vecs;
	struct list_head resting;
	unsigned int nr_resting;
	struct list_head suspects[2];
	unsigned int nr_suspects;
	unsigned long limit;
	unsigned int waiters;
	unsigned int nr_late;
	struct blkv_late late[BLKV_MAX_LATE];
};

/**
 * struct blkv_sector_iter - a walk over private memory, sector by sector
 * @vecs: the segments
 * @at: the sectors that are left
 */
struct blkv_sector_iter {
	const struct bio_vec *vecs;
	struct bvec_iter at;
};

/* Where a sector is copied to if it is not in one piece. */
struct blkv_bounce {
	u8 bytes[SECTOR_SIZE];
};

int blkv_pool_init(struct blkv_pool *pool, u64 mark, unsigned int quarantine_mib,
		   work_func_t late, struct blkv_memory *kept);
void blkv_pool_exit(struct blkv_pool *pool);
void blkv_pool_check(struct blkv_pool *pool);
bool blkv_pool_next_late(struct blkv_pool *pool, struct blkv_late *late);
bool blkv_memory_get(struct blkv_pool *pool, struct blkv_memory *memory, unsigned int nr_sectors);
bool blkv_memory_try(struct blkv_pool *pool, struct blkv_memory *memory, unsigned int nr_sectors);
void blkv_pool_await(struct blkv_pool *pool);
void blkv_memory_wait(struct blkv_pool *pool, struct blkv_memory *memory, unsigned int nr_sectors);
void blkv_memory_put(struct blkv_pool *pool, struct blkv_memory *memory, sector_t start,
		     unsigned int flags);

void blkv_memory_mark(const struct blkv_pool *pool, struct blkv_memory *memory);
bool blkv_memory_is_marked(const struct blkv_pool *pool, const struct blkv_memory *memory,
			   unsigned int n);
unsigned int blkv_memory_first_marked(const struct blkv_pool *pool,
				      const struct blkv_memory *memory, unsigned int nr_sectors);

void blkv_memory_attach(const struct blkv_memory *memory, struct bio *bio,
			unsigned int nr_sectors);
struct bvec_iter blkv_memory_iter(const struct blkv_memory *memory, unsigned int first,
				  unsigned int nr_sectors);
struct blkv_sector_iter blkv_memory_walk(const struct blkv_memory *memory, unsigned int first,
					 unsigned int nr_sectors);
const u8 *blkv_sector_next(struct blkv_sector_iter *iter, struct blkv_bounce *bounce);
const u8 *blkv_memory_sector(const struct blkv_memory *memory, unsigned int n,
			     struct blkv_bounce *bounce);
void blkv_memory_read(const struct blkv_memory *memory, size_t offset, void *to, size_t len);
unsigned int blkv_memory_find(const struct blkv_memory *memory, unsigned int nr_sectors,
			      const struct blkv_memory *other, unsigned int n, bool last);
bool blkv_memory_is_pattern(const struct blkv_memory *memory, unsigned int n);
u32 blkv_memory_sum(const struct blkv_memory *memory, unsigned int nr_sectors);
void blkv_memory_flip(struct blkv_memory *memory, unsigned int n, u8 xor);

#if IS_ENABLED(CONFIG_KUNIT)
struct page *blkv_page_alloc(gfp_t gfp);
#endif

/* The segments, for the functions that take a list of them and a bvec_iter. */
static inline const struct bio_vec *blkv_memory_vecs(const struct blkv_memory *memory)
{
	return memory->vecs;
}

/* There is none yet. blkv_memory_put() is fine with that. */
static inline void blkv_memory_init(struct blkv_memory *memory)
{
	memory->nr_pages = 0;
}

#endif /* DM_BLKVERIFY_MEMORY_H */
