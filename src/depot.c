// SPDX-License-Identifier: GPL-2.0-only
/*
 * Private memory that is not in use, the reserve, and those who wait for it.
 *
 * The depot always owns enough pages for one request of BLKV_REGION_SECTORS: they are idle,
 * resting, or held by requests that return them when their legs are done. One request at a time
 * waits for pages, and collects them while it holds some; newer requests get none until it has been
 * served, unless they leave more than it can need. Hence it always gets them. Long requests never
 * wait, and leave the reserve alone.
 *
 * Pages return to the depot, not to the system: kernels that zero pages on allocation would
 * otherwise make each request pay for a second pass over its data. Every 0.4 s, pages that have
 * not been needed since the last look are freed, down to the reserve; a depot that was idle for a
 * second holds no more than that. The pages in use have a limit, because not every leg limits how
 * many requests it takes.
 *
 * Chunks in the depot are marked. Suspect ones rest for 30 to 60 s, or less if memory is short, and
 * then return to the system, except for those that the reserve needs.
 *
 * Locks: blkv_depot.lock, taken here, any context. blkv_depot_sleep() sleeps.
 */
#include <kunit/visibility.h>
#include <linux/gfp.h>
#include <linux/minmax.h>
#include <linux/mm.h>

#include "depot.h"

#define TRIM_INTERVAL (2 * HZ / 5)
/*
 * Suspect pages rest for one to two intervals, or less once they exceed a quarter of the limit of
 * the depot: a leg that fails every request must not make all requests wait for memory.
 */
#define SUSPECT_INTERVAL (30 * HZ)
#define SUSPECT_FRACTION 4
/*
 * The depots of a target may own 2 % of the memory, as dm-crypt, or enough for a few requests;
 * beyond that, requests wait.
 */
#define LIMIT_FRACTION 100
#define LIMIT_LEAST ((unsigned long)(SZ_32M >> PAGE_SHIFT))

/* ---- idle chunks -------------------------------------------------------------------------- */

static void idle_init(struct blkv_idle *idle)
{
	INIT_LIST_HEAD(&idle->pages);
}

/* Allocate the first pages; returns whether there are enough. */
static bool idle_fill(struct blkv_idle *idle, unsigned int nr)
{
	for (; idle->nr < nr; idle->nr++) {
		struct page *page = blkv_chunk_alloc(0, GFP_KERNEL);

		if (!page)
			break;
		list_add_tail(&page->lru, &idle->pages);
	}
	idle->nr_owned = idle->nr;
	idle->low = idle->nr;
	return idle->nr == nr;
}

/* Move up to @nr idle chunks to the tail of @pages; returns how many. */
static unsigned int idle_take(struct blkv_idle *idle, struct list_head *pages, unsigned int nr)
{
	unsigned int taken;

	for (taken = 0; taken < nr && idle->nr; taken++, idle->nr--)
		list_move_tail(idle->pages.next, pages);
	idle->low = min(idle->low, idle->nr);
	return taken;
}

/* Move chunks that were not needed since the last trim to @unused, the longest idle first. */
static void idle_trim(struct blkv_idle *idle, unsigned int reserve, struct list_head *unused)
{
	unsigned int nr = idle->low > reserve ? idle->low - reserve : 0;

	for (; nr; nr--, idle->nr--, idle->nr_owned--)
		list_move(idle->pages.prev, unused);
	idle->low = idle->nr;
}

static void depot_add_idle(struct blkv_depot *depot, struct page *chunk)
{
	struct blkv_idle *idle = &depot->data[blkv_chunk_order(chunk)];

	lockdep_assert_held(&depot->lock);
	list_add(&chunk->lru, &idle->pages);
	idle->nr++;
}

/* Are there more idle pages than the reserve needs, so that a trim is due? */
static bool depot_has_surplus(const struct blkv_depot *depot)
{
	unsigned int order;

	lockdep_assert_held(&depot->lock);
	if (depot->data[0].nr > BLKV_RESERVE_DATA || depot->vecs.nr > BLKV_RESERVE_VECS)
		return true;
	for (order = 1; order < BLKV_ORDERS; order++)
		if (depot->data[order].nr)
			return true;
	return false;
}

static void depot_trim(struct work_struct *work)
{
	struct blkv_depot *depot = container_of(work, struct blkv_depot, trim.work);
	LIST_HEAD(data);
	LIST_HEAD(vecs);
	unsigned int order;
	bool again;

	spin_lock_irq(&depot->lock);
	for (order = 0; order < BLKV_ORDERS; order++)
		idle_trim(&depot->data[order], order ? 0 : BLKV_RESERVE_DATA, &data);
	idle_trim(&depot->vecs, BLKV_RESERVE_VECS, &vecs);
	again = depot_has_surplus(depot);
	spin_unlock_irq(&depot->lock);

	blkv_list_check(depot->late, &data);
	blkv_list_free(&data);
	blkv_list_free(&vecs);
	if (again)
		schedule_delayed_work(&depot->trim, TRIM_INTERVAL);
}

/* ---- what a request takes and returns ----------------------------------------------------- */

static unsigned long depot_owned(const struct blkv_depot *depot)
{
	unsigned long owned = depot->vecs.nr_owned;
	unsigned int order;

	for (order = 0; order < BLKV_ORDERS; order++)
		owned += depot->data[order].nr_owned << order;
	return owned;
}

/*
 * May the depot allocate @nr more pages? Allows the supply as many, and counts them as promised,
 * until it is known how many it got.
 */
static void depot_promise(struct blkv_depot *depot, struct blkv_supply *supply, unsigned int nr)
{
	unsigned int promised = 0;
	unsigned long total;

	lockdep_assert_held(&depot->lock);
	if (nr) {
		total = depot_owned(depot) + depot->nr_promised;
		if (total < depot->limit)
			promised = min_t(unsigned long, nr, depot->limit - total);
		depot->nr_promised += promised;
	}
	blkv_supply_allow(supply, promised);
}

/**
 * blkv_depot_draw() - take chunks of a request without waiting
 * @depot: the depot
 * @supply: gets what it misses, or a part of it, and may allocate the rest; then
 *	blkv_depot_settle() is due
 * @spare: leave the reserve to others
 *
 * Context: Any.
 * Return: false if a request that waits needs everything.
 */
bool blkv_depot_draw(struct blkv_depot *depot, struct blkv_supply *supply, bool spare)
{
	unsigned int order;
	unsigned long flags;
	bool rich;

	spin_lock_irqsave(&depot->lock, flags);
	rich = depot->data[0].nr >= BLKV_RESERVE_DATA + supply->missing[0] &&
	       depot->vecs.nr >= BLKV_RESERVE_VECS + supply->missing_vecs;
	if (depot->waiters && !rich) {
		spin_unlock_irqrestore(&depot->lock, flags);
		return false;
	}
	if (rich || !spare)
		supply->missing_vecs -= idle_take(&depot->vecs, &supply->vecs,
						  supply->missing_vecs);
	for (order = 0; order <= supply->max_order; order++)
		if (order || rich || !spare)
			supply->missing[order] -= idle_take(&depot->data[order],
							    &supply->chunks[order],
							    supply->missing[order]);
	depot_promise(depot, supply, blkv_supply_missing(supply));
	spin_unlock_irqrestore(&depot->lock, flags);
	return true;
}

/**
 * blkv_depot_settle() - count what a request has allocated
 * @depot: the depot
 * @supply: will not allocate more
 * @waits: the request will wait; counted before it returns its pages, so that no newer one gets
 *	them
 *
 * Context: Any.
 */
void blkv_depot_settle(struct blkv_depot *depot, struct blkv_supply *supply, bool waits)
{
	unsigned long flags;
	unsigned int order;

	spin_lock_irqsave(&depot->lock, flags);
	depot->waiters += waits;
	depot->nr_promised -= supply->promised;
	for (order = 0; order <= supply->max_order; order++) {
		depot->data[order].nr_owned += supply->nr_new[order];
		supply->nr_new[order] = 0;
	}
	depot->vecs.nr_owned += supply->nr_new_vecs;
	supply->nr_new_vecs = 0;
	blkv_supply_allow(supply, 0);
	spin_unlock_irqrestore(&depot->lock, flags);
}

/**
 * blkv_depot_give_back() - return chunks, to the quarantine if there is one, else to the idle ones
 * @depot: where they were taken from
 * @chunks: the chunks, which are marked; empty afterwards
 *
 * Context: Any.
 */
void blkv_depot_give_back(struct blkv_depot *depot, struct blkv_chunks *chunks)
{
	struct page *chunk, *next;
	unsigned long flags;
	bool surplus = !list_empty(&chunks->larger), waiters;

	spin_lock_irqsave(&depot->lock, flags);
	if (depot->rest.quarantine) {
		blkv_rest_add(&depot->rest, chunks);
		while ((chunk = blkv_rest_surplus(&depot->rest)))
			depot_add_idle(depot, chunk);
	} else {
		list_splice(&chunks->pages, &depot->data[0].pages);
		depot->data[0].nr += chunks->nr_pages;
		list_for_each_entry_safe(chunk, next, &chunks->larger, lru) {
			list_del(&chunk->lru);
			depot_add_idle(depot, chunk);
		}
	}
	list_splice(&chunks->vecs, &depot->vecs.pages);
	depot->vecs.nr += chunks->nr_vecs;
	surplus |= depot->data[0].nr > BLKV_RESERVE_DATA || depot->vecs.nr > BLKV_RESERVE_VECS;
	/* Pairs with the lock in blkv_depot_settle(): a waiter not seen here sees these pages. */
	waiters = depot->waiters;
	spin_unlock_irqrestore(&depot->lock, flags);

	if (waiters)
		wake_up(&depot->wait);
	if (surplus && !delayed_work_pending(&depot->trim))
		schedule_delayed_work(&depot->trim, TRIM_INTERVAL);
}

/**
 * blkv_depot_add_spare() - count the single pages of a long request
 * @depot: the depot: the reserve must be there without them
 * @nr: how many more, or fewer
 *
 * Context: Any.
 */
void blkv_depot_add_spare(struct blkv_depot *depot, int nr)
{
	unsigned long flags;

	spin_lock_irqsave(&depot->lock, flags);
	depot->nr_spare += nr;
	spin_unlock_irqrestore(&depot->lock, flags);
}

/* ---- suspects ----------------------------------------------------------------------------- */

/**
 * blkv_depot_suspect() - put aside chunks that a leg may still write to
 * @depot: where they were taken from
 * @chunks: the chunks, which are marked; only those for bvecs are left afterwards
 *
 * Context: Any.
 */
void blkv_depot_suspect(struct blkv_depot *depot, struct blkv_chunks *chunks)
{
	unsigned long flags;
	bool many;

	spin_lock_irqsave(&depot->lock, flags);
	blkv_rest_suspect(&depot->rest, chunks);
	many = depot->rest.nr_suspects > depot->limit / SUSPECT_FRACTION;
	spin_unlock_irqrestore(&depot->lock, flags);
	if (many)
		cancel_delayed_work(&depot->release);
	schedule_delayed_work(&depot->release, many ? 0 : SUSPECT_INTERVAL);
}

/*
 * Return chunks that were already suspect at the previous call to the system, except for the pages
 * that the reserve needs, which become idle. Returns whether there are other suspect ones. Process
 * context.
 */
static bool suspects_release(struct blkv_depot *depot)
{
	struct blkv_chunks kept;
	struct page *chunk, *next;
	LIST_HEAD(rested);
	bool again;

	blkv_chunks_init(&kept);
	spin_lock_irq(&depot->lock);
	blkv_rest_rotate(&depot->rest, &rested);
	list_for_each_entry_safe(chunk, next, &rested, lru) {
		unsigned int order = blkv_chunk_order(chunk);

		depot->rest.nr_suspects -= 1U << order;
		if (order || depot->data[0].nr_owned > depot->reserve + depot->nr_spare) {
			depot->data[order].nr_owned--;
		} else {
			list_move_tail(&chunk->lru, &kept.pages);
			kept.nr_pages++;
		}
	}
	again = depot->rest.nr_suspects;
	spin_unlock_irq(&depot->lock);

	blkv_list_check(depot->late, &rested);
	blkv_list_free(&rested);
	blkv_depot_give_back(depot, &kept);
	/* A waiter may now allocate pages, because the depot is further below its limit. */
	wake_up(&depot->wait);
	return again;
}

static void depot_release(struct work_struct *work)
{
	struct blkv_depot *depot = container_of(work, struct blkv_depot, release.work);

	if (suspects_release(depot))
		schedule_delayed_work(&depot->release, SUSPECT_INTERVAL);
}

/* ---- waiting ------------------------------------------------------------------------------ */

/**
 * blkv_depot_await() - announce a request that will wait
 * @depot: the depot
 *
 * Context: Any.
 */
void blkv_depot_await(struct blkv_depot *depot)
{
	unsigned long flags;

	spin_lock_irqsave(&depot->lock, flags);
	depot->waiters++;
	spin_unlock_irqrestore(&depot->lock, flags);
}

/**
 * blkv_depot_collect() - take single pages of the request that waits
 * @depot: the depot
 * @supply: gets what it misses, or a part of it, and may allocate a page; then
 *	blkv_depot_settle() is due
 *
 * Context: Process.
 * Return: true if nothing is missing any more; then the request does not wait any more, either.
 */
bool blkv_depot_collect(struct blkv_depot *depot, struct blkv_supply *supply)
{
	struct page *chunk;
	bool done;

	spin_lock_irq(&depot->lock);
	while (supply->missing[0] > depot->data[0].nr &&
	       (chunk = blkv_rest_oldest(&depot->rest)))
		depot_add_idle(depot, chunk);
	supply->missing[0] -= idle_take(&depot->data[0], &supply->chunks[0], supply->missing[0]);
	supply->missing_vecs -= idle_take(&depot->vecs, &supply->vecs, supply->missing_vecs);
	done = !blkv_supply_missing(supply);
	if (done)
		depot->waiters--;
	else
		depot_promise(depot, supply, 1);
	spin_unlock_irq(&depot->lock);
	return done;
}

/* Does the depot have any page for a waiter? */
static bool depot_has_any(struct blkv_depot *depot, const struct blkv_supply *supply)
{
	return (supply->missing[0] &&
		(READ_ONCE(depot->data[0].nr) || READ_ONCE(depot->rest.nr_resting))) ||
	       (supply->missing_vecs && READ_ONCE(depot->vecs.nr));
}

/**
 * blkv_depot_sleep() - wait for other requests to return pages
 * @depot: the depot
 * @supply: of the request that waits
 *
 * Context: Process; sleeps, for at most about a second.
 */
void blkv_depot_sleep(struct blkv_depot *depot, const struct blkv_supply *supply)
{
	/* All pages may be suspect. Release them; the caller tries the system again. */
	if (!wait_event_timeout(depot->wait, depot_has_any(depot, supply), HZ))
		suspects_release(depot);
}

/* ---- the depot ---------------------------------------------------------------------------- */

/**
 * blkv_depot_check() - check all memory that is not in use for late data
 * @depot: the depot; no request is in flight
 *
 * Context: Process.
 */
void blkv_depot_check(struct blkv_depot *depot)
{
	struct blkv_chunks chunks;
	struct page *chunk;
	LIST_HEAD(suspects);
	LIST_HEAD(resting);
	unsigned int order;

	blkv_chunks_init(&chunks);
	spin_lock_irq(&depot->lock);
	chunks.nr_pages = idle_take(&depot->data[0], &chunks.pages, UINT_MAX);
	for (order = 1; order < BLKV_ORDERS; order++)
		idle_take(&depot->data[order], &chunks.larger, UINT_MAX);
	while ((chunk = blkv_rest_oldest(&depot->rest)))
		list_add(&chunk->lru, &resting);
	list_splice_init(&depot->rest.suspects[1], &suspects);
	list_splice_init(&depot->rest.suspects[0], &suspects);
	spin_unlock_irq(&depot->lock);

	while ((chunk = list_first_entry_or_null(&resting, struct page, lru))) {
		list_del(&chunk->lru);
		blkv_chunks_add(&chunks, chunk);
	}
	blkv_list_check(depot->late, &chunks.pages);
	blkv_list_check(depot->late, &chunks.larger);
	blkv_list_check(depot->late, &suspects);

	spin_lock_irq(&depot->lock);
	list_splice_tail(&suspects, &depot->rest.suspects[0]);
	spin_unlock_irq(&depot->lock);
	blkv_depot_give_back(depot, &chunks);
}

/**
 * blkv_depot_init() - make a depot with its reserve
 * @depot: zeroed
 * @lates: for late data in the chunks
 * @requests: how many requests of BLKV_REGION_SECTORS the depot has pages for
 * @quarantine: number of pages that rest before they are used again; 0 for none
 *
 * Context: Process; sleeps.
 * Return: 0 or -ENOMEM; blkv_depot_exit() is due in both cases.
 */
int blkv_depot_init(struct blkv_depot *depot, struct blkv_lates *lates, unsigned int requests,
		    unsigned int quarantine)
{
	struct page *page;
	unsigned int order;
	bool enough;

	spin_lock_init(&depot->lock);
	init_waitqueue_head(&depot->wait);
	INIT_DELAYED_WORK(&depot->trim, depot_trim);
	INIT_DELAYED_WORK(&depot->release, depot_release);
	for (order = 0; order < BLKV_ORDERS; order++)
		idle_init(&depot->data[order]);
	idle_init(&depot->vecs);
	blkv_rest_init(&depot->rest, quarantine);
	depot->late = lates;
	depot->reserve = requests * BLKV_RESERVE_DATA;
	depot->limit = max(LIMIT_LEAST, totalram_pages() / LIMIT_FRACTION) + quarantine;

	enough = idle_fill(&depot->data[0], depot->reserve);
	enough &= idle_fill(&depot->vecs, requests * BLKV_RESERVE_VECS);
	list_for_each_entry(page, &depot->data[0].pages, lru)
		blkv_page_mark(lates->marks, page);
	return enough ? 0 : -ENOMEM;
}

/**
 * blkv_depot_exit() - free all pages of a depot
 * @depot: the depot; zeroed memory is fine; no memory is in use
 *
 * Context: Process; sleeps.
 */
void blkv_depot_exit(struct blkv_depot *depot)
{
	unsigned int order;

	if (!depot->reserve)
		return;
	/* It schedules the trim. */
	cancel_delayed_work_sync(&depot->release);
	cancel_delayed_work_sync(&depot->trim);
	for (order = 0; order < BLKV_ORDERS; order++)
		blkv_list_free(&depot->data[order].pages);
	blkv_list_free(&depot->vecs.pages);
	blkv_list_free(&depot->rest.resting);
	blkv_list_free(&depot->rest.suspects[0]);
	blkv_list_free(&depot->rest.suspects[1]);
}
