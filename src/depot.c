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
 * second holds no more than that. The pages in use have a limit, see src/budget.c, because not
 * every leg limits how many requests it takes.
 *
 * (P1) What the depot owns, without the chunks of magazines (src/magazine.c) and the pages of long
 * requests, always covers the reserve: a magazine gets only chunks that are idle beyond the
 * reserve, or new ones. All of that is surplus, until it returns to the depot.
 *
 * Chunks in the depot are marked. Suspect ones rest for 30 to 60 s, or less if memory is short or a
 * waiter needs them, and then return to the system, except for those that the reserve needs.
 *
 * Locks: blkv_depot.lock, taken here, any context. blkv_depot_sleep() sleeps.
 */
#include <kunit/static_stub.h>
#include <kunit/visibility.h>
#include <linux/gfp.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include "depot.h"
#include "magazine.h"

#define TRIM_INTERVAL (2 * HZ / 5)
/* When idle chunks are freed because a request may not allocate others. */
#define ROOM_DELAY (HZ / 100)
/*
 * Suspect pages rest for one to two intervals, or less once those of all targets exceed a fraction
 * of what they may own: a leg that fails every request must not make all requests wait for memory.
 * If a waiter needs them, they rest for two short ones.
 */
#define SUSPECT_INTERVAL (30 * HZ)
#define SUSPECT_LEAST (HZ / 50)

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

static unsigned int idle_surplus(const struct blkv_idle *idle, unsigned int reserve)
{
	return idle->nr > reserve ? idle->nr - reserve : 0;
}

/*
 * Move up to BLKV_MAX_TRIM chunks that were not needed since the last trim to @unused, the longest
 * idle first. Returns true if there are more of them.
 */
static bool idle_trim(struct blkv_idle *idle, unsigned int reserve, struct list_head *unused)
{
	unsigned int nr;

	for (nr = 0; nr < BLKV_MAX_TRIM && idle->low > reserve; nr++) {
		list_move(idle->pages.prev, unused);
		idle->nr--;
		idle->low--;
		idle->nr_owned--;
	}
	if (idle->low > reserve)
		return true;
	idle->low = idle->nr;
	return false;
}

static void depot_add_idle(struct blkv_depot *depot, struct page *chunk)
{
	struct blkv_idle *idle = &depot->data[blkv_chunk_order(chunk)];

	lockdep_assert_held(&depot->lock);
	list_add(&chunk->lru, &idle->pages);
	idle->nr++;
}

/* Are more chunks idle than the reserve needs? */
static bool depot_has_idle(const struct blkv_depot *depot)
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

/* Are there, here or in magazines, so that a trim is due? */
static bool depot_has_surplus(const struct blkv_depot *depot)
{
	return depot->nr_surplus || depot_has_idle(depot);
}

/**
 * blkv_depot_schedule_trim() - let idle chunks be freed after a while
 * @depot: the depot
 *
 * Context: Any. Only reads if that is so already.
 */
void blkv_depot_schedule_trim(struct blkv_depot *depot)
{
	if (!delayed_work_pending(&depot->trim))
		schedule_delayed_work(&depot->trim, TRIM_INTERVAL);
}

/* ---- what a request takes and returns ----------------------------------------------------- */

static unsigned int larger_pages(const struct blkv_chunks *chunks)
{
	struct page *chunk;
	unsigned int nr = 0;

	list_for_each_entry(chunk, &chunks->larger, lru)
		nr += 1U << blkv_chunk_order(chunk);
	return nr;
}

/* Own chunks for data again that were surplus. */
static void depot_adopt_data(struct blkv_depot *depot, const struct blkv_chunks *chunks)
{
	struct page *chunk;

	lockdep_assert_held(&depot->lock);
	depot->nr_surplus -= chunks->nr_pages + larger_pages(chunks);
	depot->data[0].nr_owned += chunks->nr_pages;
	list_for_each_entry(chunk, &chunks->larger, lru)
		depot->data[blkv_chunk_order(chunk)].nr_owned++;
}

static void depot_adopt_vecs(struct blkv_depot *depot, const struct blkv_chunks *chunks)
{
	lockdep_assert_held(&depot->lock);
	depot->nr_surplus -= chunks->nr_vecs;
	depot->vecs.nr_owned += chunks->nr_vecs;
}

/* Everything that was allocated and not freed, in use or not. */
static unsigned long depot_owned(const struct blkv_depot *depot)
{
	unsigned long owned = depot->vecs.nr_owned + depot->nr_surplus;
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
	unsigned long promised = 0, total, limit;

	lockdep_assert_held(&depot->lock);
	if (nr) {
		total = depot_owned(depot) + depot->nr_promised;
		limit = depot->unclaimed + depot->claimed;
		if (total + nr > limit) {
			depot->claimed += blkv_budget_claim(depot->budget, total + nr - limit);
			limit = depot->unclaimed + depot->claimed;
		}
		if (total < limit)
			promised = min(limit - total, (unsigned long)nr);
		depot->nr_promised += promised;
	}
	blkv_supply_allow(supply, promised);
}

/* Return claims on the budget that are not needed any more. */
static void depot_unclaim(struct blkv_depot *depot)
{
	unsigned long total, needed = 0, excess = 0;

	spin_lock_irq(&depot->lock);
	total = depot_owned(depot) + depot->nr_promised;
	if (total > depot->unclaimed)
		needed = total - depot->unclaimed + BLKV_CLAIM_BATCH;
	if (depot->claimed > needed)
		excess = depot->claimed - needed;
	depot->claimed -= excess;
	spin_unlock_irq(&depot->lock);
	if (excess)
		blkv_budget_return(depot->budget, excess);
}

/*
 * Count single pages that a long request gets: the reserve must be there without them. They are
 * counted as spare before, or while, they are counted as owned.
 */
static void depot_count_spare(struct blkv_depot *depot, struct blkv_supply *supply, unsigned int nr)
{
	lockdep_assert_held(&depot->lock);
	if (!supply->spare)
		return;
	supply->nr_spare += nr;
	depot->nr_spare += nr;
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
	unsigned int order, wanted = supply->missing[0];
	unsigned long flags;
	bool rich, room;

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
	supply->spare = spare;
	depot_count_spare(depot, supply, wanted - supply->missing[0]);
	depot_promise(depot, supply, blkv_supply_missing(supply));
	/* The rest of what the depot may own may be idle chunks of other orders. */
	room = supply->promised < blkv_supply_missing(supply) && depot_has_idle(depot);
	spin_unlock_irqrestore(&depot->lock, flags);
	if (room)
		schedule_delayed_work(&depot->room, ROOM_DELAY);
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
	unsigned int order, unused = supply->allowed;
	unsigned long flags;

	KUNIT_STATIC_STUB_REDIRECT(blkv_depot_settle, depot, supply, waits);
	spin_lock_irqsave(&depot->lock, flags);
	WRITE_ONCE(depot->waiters, depot->waiters + waits);
	depot->nr_promised -= supply->promised;
	depot_count_spare(depot, supply, supply->nr_new[0]);
	for (order = 0; order <= supply->max_order; order++) {
		if (supply->surplus)
			depot->nr_surplus += supply->nr_new[order] << order;
		else
			depot->data[order].nr_owned += supply->nr_new[order];
		supply->nr_new[order] = 0;
	}
	if (supply->surplus)
		depot->nr_surplus += supply->nr_new_vecs;
	else
		depot->vecs.nr_owned += supply->nr_new_vecs;
	supply->nr_new_vecs = 0;
	blkv_supply_allow(supply, 0);
	spin_unlock_irqrestore(&depot->lock, flags);
	/* It returns the claims for them. */
	if (unused)
		blkv_depot_schedule_trim(depot);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_depot_settle);

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
	bool surplus, waiters;

	KUNIT_STATIC_STUB_REDIRECT(blkv_depot_give_back, depot, chunks);
	spin_lock_irqsave(&depot->lock, flags);
	if (chunks->surplus) {
		depot_adopt_data(depot, chunks);
		depot_adopt_vecs(depot, chunks);
	}
	if (depot->rest.quarantine) {
		blkv_rest_add(&depot->rest, chunks);
		while ((chunk = blkv_rest_surplus(&depot->rest)))
			depot_add_idle(depot, chunk);
	} else {
		list_splice_init(&chunks->pages, &depot->data[0].pages);
		depot->data[0].nr += chunks->nr_pages;
		chunks->nr_pages = 0;
		list_for_each_entry_safe(chunk, next, &chunks->larger, lru) {
			list_del(&chunk->lru);
			depot_add_idle(depot, chunk);
		}
	}
	list_splice_init(&chunks->vecs, &depot->vecs.pages);
	depot->vecs.nr += chunks->nr_vecs;
	chunks->nr_vecs = 0;
	surplus = depot_has_surplus(depot);
	/* Pairs with the lock in blkv_depot_settle(): a waiter not seen here sees these pages. */
	waiters = depot->waiters;
	spin_unlock_irqrestore(&depot->lock, flags);

	if (waiters)
		wake_up(&depot->wait);
	if (surplus)
		blkv_depot_schedule_trim(depot);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_depot_give_back);

/**
 * blkv_depot_drop_spare() - a long request is about to return its single pages
 * @depot: the depot
 * @nr: how many of them it has
 *
 * Context: Any.
 */
void blkv_depot_drop_spare(struct blkv_depot *depot, unsigned int nr)
{
	unsigned long flags;

	spin_lock_irqsave(&depot->lock, flags);
	depot->nr_spare -= nr;
	spin_unlock_irqrestore(&depot->lock, flags);
}

/* ---- surplus ------------------------------------------------------------------------------ */

/* Take what a supply misses of one kind, and some for the magazine; none that the reserve needs. */
static unsigned int depot_part_with(struct blkv_depot *depot, struct blkv_idle *idle,
				    unsigned int reserve, unsigned int *missing,
				    struct list_head *list, struct list_head *extra,
				    unsigned int batch)
{
	unsigned int most = *missing ? max(*missing, batch) : 0, taken, more;

	lockdep_assert_held(&depot->lock);
	most = min(most, idle_surplus(idle, reserve));
	taken = idle_take(idle, list, min(most, *missing));
	*missing -= taken;
	more = idle_take(idle, extra, most - taken);
	idle->nr_owned -= taken + more;
	return more;
}

/**
 * blkv_depot_refill() - take chunks for a magazine that has not enough for a request
 * @depot: the depot
 * @supply: gets surplus chunks that it misses, or a part of them, and may allocate the rest; then
 *	blkv_depot_settle() is due
 * @extra: without chunks; gets more surplus chunks, for the magazine
 *
 * Context: Any.
 * Return: false if a request waits, which may need everything.
 */
bool blkv_depot_refill(struct blkv_depot *depot, struct blkv_supply *supply,
		       struct blkv_chunks *extra)
{
	unsigned int before = blkv_supply_missing(supply), order;
	unsigned long flags;

	supply->surplus = true;
	extra->surplus = true;
	spin_lock_irqsave(&depot->lock, flags);
	if (depot->waiters) {
		spin_unlock_irqrestore(&depot->lock, flags);
		return false;
	}
	extra->nr_vecs = depot_part_with(depot, &depot->vecs, BLKV_RESERVE_VECS,
					 &supply->missing_vecs, &supply->vecs, &extra->vecs,
					 blkv_magazine_batch(BLKV_MAGAZINE_VECS));
	extra->nr_pages = depot_part_with(depot, &depot->data[0], BLKV_RESERVE_DATA,
					  &supply->missing[0], &supply->chunks[0],
					  &extra->pages, blkv_magazine_batch(0));
	for (order = 1; order <= supply->max_order; order++)
		depot_part_with(depot, &depot->data[order], 0, &supply->missing[order],
				&supply->chunks[order], &extra->larger,
				blkv_magazine_batch(order));
	depot->nr_surplus += before - blkv_supply_missing(supply) + extra->nr_vecs +
			     extra->nr_pages + larger_pages(extra);
	depot_promise(depot, supply, blkv_supply_missing(supply));
	spin_unlock_irqrestore(&depot->lock, flags);
	return true;
}

/**
 * blkv_depot_free_surplus() - free chunks that were in a magazine
 * @depot: the depot
 * @chunks: the chunks; empty afterwards
 *
 * Context: Process.
 */
void blkv_depot_free_surplus(struct blkv_depot *depot, struct blkv_chunks *chunks)
{
	unsigned int nr = chunks->nr_pages + larger_pages(chunks) + chunks->nr_vecs;

	blkv_list_check(depot->late, &chunks->pages);
	blkv_list_check(depot->late, &chunks->larger);
	blkv_list_free(&chunks->pages);
	blkv_list_free(&chunks->larger);
	blkv_list_free(&chunks->vecs);
	chunks->nr_pages = 0;
	chunks->nr_vecs = 0;
	spin_lock_irq(&depot->lock);
	depot->nr_surplus -= nr;
	spin_unlock_irq(&depot->lock);
}

/* ---- trimming ----------------------------------------------------------------------------- */

/* Free idle chunks of one kind. The lock is held for a few of them at a time. */
static void depot_trim_kind(struct blkv_depot *depot, struct blkv_idle *idle, unsigned int reserve)
{
	LIST_HEAD(unused);
	bool more;

	do {
		spin_lock_irq(&depot->lock);
		more = idle_trim(idle, reserve, &unused);
		spin_unlock_irq(&depot->lock);
		/* No leg knows pages for bvecs, and these have no marks. */
		if (idle != &depot->vecs)
			blkv_list_check(depot->late, &unused);
		blkv_list_free(&unused);
		cond_resched();
	} while (more);
}

/**
 * blkv_depot_trim() - free chunks that were not needed since the last trim
 * @depot: the depot
 *
 * Context: Process.
 * Return: true if another trim is due later.
 */
bool blkv_depot_trim(struct blkv_depot *depot)
{
	unsigned int order;
	bool again;

	for (order = 0; order < BLKV_ORDERS; order++)
		depot_trim_kind(depot, &depot->data[order], order ? 0 : BLKV_RESERVE_DATA);
	depot_trim_kind(depot, &depot->vecs, BLKV_RESERVE_VECS);
	spin_lock_irq(&depot->lock);
	again = depot_has_surplus(depot);
	spin_unlock_irq(&depot->lock);
	depot_unclaim(depot);
	return again;
}

/* Free what is idle at short notice. The magazines are left alone. */
static void depot_make_room(struct work_struct *work)
{
	blkv_depot_trim(container_of(work, struct blkv_depot, room.work));
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
	bool many, waiters;
	unsigned long flags;
	unsigned int before;

	spin_lock_irqsave(&depot->lock, flags);
	if (chunks->surplus)
		depot_adopt_data(depot, chunks);
	before = depot->rest.nr_suspects;
	blkv_rest_suspect(&depot->rest, chunks);
	many = blkv_budget_add_suspects(depot->budget, depot->rest.nr_suspects - before);
	waiters = depot->waiters;
	spin_unlock_irqrestore(&depot->lock, flags);

	/* A waiter may need them. */
	if (waiters)
		wake_up(&depot->wait);
	if (many)
		cancel_delayed_work(&depot->release);
	schedule_delayed_work(&depot->release, many ? 0 : SUSPECT_INTERVAL);
}

/*
 * Return some of the chunks that have rested to the system, except for the pages that the reserve
 * needs, which become idle.
 */
static void suspects_release_some(struct blkv_depot *depot, struct list_head *rested)
{
	unsigned int left = BLKV_MAX_TRIM, before;
	struct blkv_chunks kept;
	struct page *chunk;
	LIST_HEAD(unused);

	blkv_chunks_init(&kept);
	spin_lock_irq(&depot->lock);
	before = depot->rest.nr_suspects;
	for (; left && !list_empty(rested); left--) {
		unsigned int order;

		chunk = list_first_entry(rested, struct page, lru);
		order = blkv_chunk_order(chunk);
		depot->rest.nr_suspects -= 1U << order;
		if (order || depot->data[0].nr_owned > depot->reserve + depot->nr_spare) {
			depot->data[order].nr_owned--;
			list_move_tail(&chunk->lru, &unused);
		} else {
			list_move_tail(&chunk->lru, &kept.pages);
			kept.nr_pages++;
		}
	}
	blkv_budget_add_suspects(depot->budget, (long)depot->rest.nr_suspects - before);
	spin_unlock_irq(&depot->lock);

	blkv_list_check(depot->late, &unused);
	blkv_list_free(&unused);
	blkv_depot_give_back(depot, &kept);
}

/*
 * Release the chunks that were already suspect at the previous call. Returns whether there are
 * other suspect ones. Process context.
 */
static bool suspects_release(struct blkv_depot *depot)
{
	LIST_HEAD(rested);
	bool others;

	spin_lock_irq(&depot->lock);
	blkv_rest_rotate(&depot->rest, &rested);
	spin_unlock_irq(&depot->lock);
	while (!list_empty(&rested)) {
		suspects_release_some(depot, &rested);
		cond_resched();
	}
	depot_unclaim(depot);
	/* A waiter may now allocate pages, because the depot is further below its limit. */
	wake_up(&depot->wait);
	spin_lock_irq(&depot->lock);
	others = depot->rest.nr_suspects;
	spin_unlock_irq(&depot->lock);
	return others;
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
	WRITE_ONCE(depot->waiters, depot->waiters + 1);
	spin_unlock_irqrestore(&depot->lock, flags);
}

/**
 * blkv_depot_collect() - take single pages of the request that waits
 * @depot: the depot
 * @supply: gets what it misses, or a part of it, and may allocate a page; then
 *	blkv_depot_settle() is due
 *
 * Ends the rest of up to BLKV_MAX_TRIM chunks for it.
 *
 * Context: Process.
 * Return: true if nothing is missing any more; then the request does not wait any more, either.
 */
bool blkv_depot_collect(struct blkv_depot *depot, struct blkv_supply *supply)
{
	unsigned int left = BLKV_MAX_TRIM;
	struct page *chunk;
	bool done, surplus;

	spin_lock_irq(&depot->lock);
	/* If this is not enough, blkv_depot_sleep() returns at once. */
	for (; left && supply->missing[0] > depot->data[0].nr; left--) {
		chunk = blkv_rest_oldest(&depot->rest);
		if (!chunk)
			break;
		depot_add_idle(depot, chunk);
	}
	supply->missing[0] -= idle_take(&depot->data[0], &supply->chunks[0], supply->missing[0]);
	supply->missing_vecs -= idle_take(&depot->vecs, &supply->vecs, supply->missing_vecs);
	done = !blkv_supply_missing(supply);
	if (done)
		WRITE_ONCE(depot->waiters, depot->waiters - 1);
	else
		depot_promise(depot, supply, 1);
	surplus = depot_has_surplus(depot);
	spin_unlock_irq(&depot->lock);
	if (surplus)
		blkv_depot_schedule_trim(depot);
	return done;
}

/* Does the depot have any page for a waiter? */
static bool depot_has_any(struct blkv_depot *depot, const struct blkv_supply *supply)
{
	bool any;

	spin_lock_irq(&depot->lock);
	any = (supply->missing[0] && (depot->data[0].nr || depot->rest.nr_resting)) ||
	      (supply->missing_vecs && depot->vecs.nr);
	spin_unlock_irq(&depot->lock);
	return any;
}

/* Are too few pages left for a waiter, all of its own included, without those that are suspect? */
static bool depot_lacks_suspects(struct blkv_depot *depot, const struct blkv_supply *supply)
{
	/* Whoever made the pool keeps the reserve of the other requests. */
	unsigned long needed = depot->reserve - BLKV_RESERVE_DATA + supply->missing[0];
	struct page *page;
	bool lacks;

	list_for_each_entry(page, &supply->chunks[0], lru)
		needed++;
	spin_lock_irq(&depot->lock);
	lacks = needed + depot->nr_spare + depot->rest.nr_suspects > depot->data[0].nr_owned;
	spin_unlock_irq(&depot->lock);
	return lacks && supply->missing[0];
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
	wait_event_timeout(depot->wait, depot_has_any(depot, supply) ||
			   depot_lacks_suspects(depot, supply), HZ);
	/* Release the suspect pages; the caller tries the system again. */
	if (!wait_event_timeout(depot->wait, depot_has_any(depot, supply), SUSPECT_LEAST))
		suspects_release(depot);
}

/* ---- the depot ---------------------------------------------------------------------------- */

/* Check the chunks of a list, which is empty and has length 0 meanwhile. */
static void depot_check_list(struct blkv_depot *depot, struct list_head *list, unsigned int *nr,
			     unsigned int *low)
{
	unsigned int taken;
	LIST_HEAD(chunks);

	spin_lock_irq(&depot->lock);
	list_splice_init(list, &chunks);
	taken = *nr;
	*nr = 0;
	*low = 0;
	spin_unlock_irq(&depot->lock);

	blkv_list_check(depot->late, &chunks);

	spin_lock_irq(&depot->lock);
	list_splice(&chunks, list);
	*nr += taken;
	spin_unlock_irq(&depot->lock);
}

/**
 * blkv_depot_check() - check all memory that is not in use for late data
 * @depot: the depot; no request is in flight
 *
 * Context: Process.
 */
void blkv_depot_check(struct blkv_depot *depot)
{
	unsigned int i, uncounted = 0, none;

	for (i = 0; i < BLKV_ORDERS; i++) {
		struct blkv_idle *idle = &depot->data[i];

		depot_check_list(depot, &idle->pages, &idle->nr, &idle->low);
	}
	depot_check_list(depot, &depot->rest.resting, &depot->rest.nr_resting, &none);
	for (i = 0; i < ARRAY_SIZE(depot->rest.suspects); i++)
		depot_check_list(depot, &depot->rest.suspects[i], &uncounted, &none);
	/* One that ran meanwhile may have seen no surplus. */
	blkv_depot_schedule_trim(depot);
}

/**
 * blkv_depot_init() - make a depot with its reserve
 * @depot: zeroed
 * @lates: for late data in the chunks
 * @requests: how many requests of BLKV_REGION_SECTORS the depot has pages for
 * @quarantine: number of pages that rest before they are used again; 0 for none
 * @trim: called every 0.4 s, by the work of that name, while there are more pages than the reserve
 *	needs; calls blkv_depot_trim()
 *
 * Context: Process; sleeps.
 * Return: 0 or -ENOMEM; blkv_depot_exit() is due in both cases.
 */
int blkv_depot_init(struct blkv_depot *depot, struct blkv_lates *lates, unsigned int requests,
		    unsigned int quarantine, work_func_t trim)
{
	struct page *page;
	unsigned int order;
	bool enough;

	spin_lock_init(&depot->lock);
	init_waitqueue_head(&depot->wait);
	INIT_DELAYED_WORK(&depot->trim, trim);
	INIT_DELAYED_WORK(&depot->room, depot_make_room);
	INIT_DELAYED_WORK(&depot->release, depot_release);
	for (order = 0; order < BLKV_ORDERS; order++)
		idle_init(&depot->data[order]);
	idle_init(&depot->vecs);
	blkv_rest_init(&depot->rest, quarantine);
	depot->late = lates;
	depot->reserve = requests * BLKV_RESERVE_DATA;
	depot->budget = blkv_budget_of_machine();
	depot->unclaimed = requests * (BLKV_RESERVE_DATA + BLKV_RESERVE_VECS) + quarantine;

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
	cancel_delayed_work_sync(&depot->room);
	for (order = 0; order < BLKV_ORDERS; order++)
		blkv_list_free(&depot->data[order].pages);
	blkv_list_free(&depot->vecs.pages);
	blkv_list_free(&depot->rest.resting);
	blkv_list_free(&depot->rest.suspects[0]);
	blkv_list_free(&depot->rest.suspects[1]);
	blkv_budget_add_suspects(depot->budget, -(long)depot->rest.nr_suspects);
	blkv_budget_return(depot->budget, depot->claimed);
}
