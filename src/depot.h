/* SPDX-License-Identifier: GPL-2.0-only */
/* Private memory that is not in use. */
#ifndef DM_BLKVERIFY_DEPOT_H
#define DM_BLKVERIFY_DEPOT_H

#include <linux/cache.h>
#include <linux/list.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "budget.h"
#include "chunk.h"
#include "late.h"
#include "rest.h"
#include "shape.h"
#include "supply.h"

/* One request of BLKV_REGION_SECTORS: its data, and the page that its bvecs are in. */
#define BLKV_RESERVE_DATA ((unsigned int)(SZ_1M >> PAGE_SHIFT))
#define BLKV_RESERVE_VECS 1U

/**
 * struct blkv_idle - chunks of one kind that are not in use
 * @pages: linked by page->lru, the most recently used ones first
 * @nr: length of @pages
 * @low: the lowest @nr since the last trim
 * @nr_owned: chunks of this kind that the depot has allocated, in use or not
 */
struct blkv_idle {
	struct list_head pages;
	unsigned int nr;
	unsigned int low;
	unsigned long nr_owned;
};

/**
 * struct blkv_depot - chunks that no request uses
 * @late: looks for late data, and knows the marks
 * @reserve: number of pages for data that the depot always owns; 0 if it is not set up
 * @waiters: requests that got no pages at first and still wait; while there are any, new requests
 *	get only what these cannot need, so that they do not starve; changes under @lock
 * @trim: returns pages that have been idle for a while to the system
 * @room: returns idle ones soon, because a request may not allocate others
 * @release: returns suspect pages to the system
 * @wait: the one request that waits for pages sleeps here
 * @lock: protects the members below; any context
 * @data: idle chunks for data, by order
 * @vecs: idle pages for bvecs; these are never lent to a leg
 * @rest: chunks that rest
 * @budget: what all targets may own together
 * @unclaimed: number of pages that the depot may own without a claim on the budget: the reserve,
 *	and the quarantine
 * @claimed: pages that it has claimed beyond that
 * @nr_spare: single pages that long requests hold: these may wait for others, which may wait for
 *	the reserve
 * @nr_surplus: pages in magazines, and in use by requests that return them there
 * @nr_promised: pages that requests are about to allocate
 *
 * Healthy short requests read the first members and write none; those that others write are in
 * cache lines of their own.
 */
struct blkv_depot {
	struct blkv_lates *late;
	unsigned int reserve;
	unsigned int waiters;
	struct delayed_work trim;
	struct delayed_work room;
	struct delayed_work release;
	wait_queue_head_t wait;

	spinlock_t lock ____cacheline_aligned_in_smp; /* the chunks that are not in use */
	struct blkv_idle data[BLKV_ORDERS];
	struct blkv_idle vecs;
	struct blkv_rest rest;
	struct blkv_budget *budget;
	unsigned long unclaimed;
	unsigned long claimed;
	unsigned long nr_spare;
	unsigned long nr_surplus;
	unsigned long nr_promised;
};

int blkv_depot_init(struct blkv_depot *depot, struct blkv_lates *lates, unsigned int requests,
		    unsigned int quarantine, work_func_t trim);
void blkv_depot_exit(struct blkv_depot *depot);
bool blkv_depot_draw(struct blkv_depot *depot, struct blkv_supply *supply, bool spare);
bool blkv_depot_refill(struct blkv_depot *depot, struct blkv_supply *supply,
		       struct blkv_chunks *extra);
void blkv_depot_settle(struct blkv_depot *depot, struct blkv_supply *supply, bool waits);
void blkv_depot_give_back(struct blkv_depot *depot, struct blkv_chunks *chunks);
void blkv_depot_suspect(struct blkv_depot *depot, struct blkv_chunks *chunks);
void blkv_depot_schedule_trim(struct blkv_depot *depot);
bool blkv_depot_trim(struct blkv_depot *depot);
void blkv_depot_free_surplus(struct blkv_depot *depot, struct blkv_chunks *chunks);
void blkv_depot_drop_spare(struct blkv_depot *depot, unsigned int nr);
void blkv_depot_check(struct blkv_depot *depot);
void blkv_depot_await(struct blkv_depot *depot);
bool blkv_depot_collect(struct blkv_depot *depot, struct blkv_supply *supply);
void blkv_depot_sleep(struct blkv_depot *depot, const struct blkv_supply *supply);

#endif /* DM_BLKVERIFY_DEPOT_H */
