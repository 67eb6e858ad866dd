// SPDX-License-Identifier: GPL-2.0-only
/*
 * Private pages: where test's answer goes, and what both legs are sent of a write.
 *
 * The pool always owns enough pages for one request of the greatest length: they are idle, or in
 * the hands of requests that give them back when their legs are done. A request first tries to
 * get its pages without waiting, from the idle ones or the system. When that fails, it waits in
 * an ordered workqueue, so that only one request at a time collects pages while it holds some,
 * and newer requests are refused until it has been served, unless they leave it more than it can
 * need. Hence it always gets them.
 *
 * Pages come back to the pool, not to the system: kernels that zero pages on allocation would
 * otherwise make each request pay for a second pass over its data. Every 0.4 s the pages that were
 * not needed since the last look are returned, down to the reserve, so that a pool that was idle
 * for a second has no more. What may be in use at once has a limit, because not every leg limits
 * how many requests it takes.
 *
 * Locks: blkv_pool.lock, taken here, any context. blkv_memory_wait() sleeps, nothing else does.
 */
#include <linux/gfp.h>

#include "memory.h"

/* The longest request, and the page that its bvecs are in. */
#define RESERVE (BLKV_REGION_PAGES + 1)
#define TRIM_INTERVAL (2 * HZ / 5)
/* A pool may have 2 % of the memory, as dm-crypt, beyond which requests wait for each other. */
#define LIMIT_FRACTION 50

static unsigned int pages_for_data(unsigned int nr_sectors)
{
	return DIV_ROUND_UP(nr_sectors, PAGE_SIZE >> SECTOR_SHIFT);
}

static unsigned int pages_for_vecs(unsigned int nr_pages)
{
	BUILD_BUG_ON(BLKV_REGION_PAGES * sizeof(struct bio_vec) > PAGE_SIZE);
	return nr_pages > BLKV_INLINE_VECS;
}

/* Move up to @nr idle pages to @pages; returns how many. */
static unsigned int take_idle(struct blkv_pool *pool, struct list_head *pages, unsigned int nr)
{
	unsigned int taken;

	lockdep_assert_held(&pool->lock);
	for (taken = 0; taken < nr && pool->nr_idle; taken++, pool->nr_idle--)
		list_move(pool->idle.next, pages);
	pool->low = min(pool->low, pool->nr_idle);
	return taken;
}

/* Add up to @nr pages of the system to @pages; returns how many. */
static unsigned int take_new(struct list_head *pages, unsigned int nr, gfp_t gfp)
{
	unsigned int taken;

	for (taken = 0; taken < nr; taken++) {
		struct page *page = alloc_page(gfp | __GFP_NOMEMALLOC | __GFP_NOWARN);

		if (!page)
			break;
		list_add(&page->lru, pages);
	}
	return taken;
}

/* May the pool have @nr more pages of the system? Returns how many of them, and counts them. */
static unsigned int allow_new(struct blkv_pool *pool, unsigned int nr)
{
	unsigned int allowed = 0;

	lockdep_assert_held(&pool->lock);
	if (pool->nr_owned < pool->limit)
		allowed = min_t(unsigned long, nr, pool->limit - pool->nr_owned);
	pool->nr_owned += allowed;
	return allowed;
}

static void free_pages_list(struct list_head *pages)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, pages, lru) {
		list_del(&page->lru);
		__free_page(page);
	}
}

static void give_back(struct blkv_pool *pool, struct list_head *pages, unsigned int nr)
{
	unsigned long flags;
	bool surplus, waiters;

	spin_lock_irqsave(&pool->lock, flags);
	list_splice(pages, &pool->idle);
	pool->nr_idle += nr;
	surplus = pool->nr_idle > RESERVE;
	/* Pairs with the lock in refuse(): a waiter that we do not see here sees our pages. */
	waiters = pool->waiters;
	spin_unlock_irqrestore(&pool->lock, flags);

	if (waiters)
		wake_up(&pool->wait);
	if (surplus && !delayed_work_pending(&pool->trim))
		schedule_delayed_work(&pool->trim, TRIM_INTERVAL);
}

/* Build the buffer from a list of exactly the pages that it needs. */
static void fill(struct blkv_memory *buffer, struct list_head *pages, unsigned int nr_pages)
{
	struct page *page, *next;
	unsigned int i = 0;

	buffer->vecs = buffer->inline_vecs;
	if (pages_for_vecs(nr_pages)) {
		page = list_first_entry(pages, struct page, lru);
		list_del(&page->lru);
		buffer->vecs = page_address(page);
	}

	list_for_each_entry_safe(page, next, pages, lru) {
		list_del(&page->lru);
		bvec_set_page(&buffer->vecs[i++], page, PAGE_SIZE, 0);
	}
	buffer->nr_pages = nr_pages;
}

static void trim(struct work_struct *work)
{
	struct blkv_pool *pool = container_of(work, struct blkv_pool, trim.work);
	LIST_HEAD(unused);
	bool again;

	spin_lock_irq(&pool->lock);
	if (pool->low > RESERVE) {
		unsigned int nr = pool->low - RESERVE;

		/* From the tail: those have been idle for longest. */
		for (; nr; nr--, pool->nr_idle--, pool->nr_owned--)
			list_move(pool->idle.prev, &unused);
	}
	pool->low = pool->nr_idle;
	again = pool->nr_idle > RESERVE;
	spin_unlock_irq(&pool->lock);

	free_pages_list(&unused);
	if (again)
		schedule_delayed_work(&pool->trim, TRIM_INTERVAL);
}

/**
 * blkv_pool_init() - make a pool with its reserve
 * @pool: the pool
 * @kept: a buffer of the greatest length that the caller keeps for itself; goes back with
 *	blkv_memory_put()
 *
 * Context: Process; sleeps.
 * Return: 0 or -ENOMEM; blkv_pool_exit() is due in both cases.
 */
int blkv_pool_init(struct blkv_pool *pool, struct blkv_memory *kept)
{
	spin_lock_init(&pool->lock);
	init_waitqueue_head(&pool->wait);
	INIT_DELAYED_WORK(&pool->trim, trim);
	INIT_LIST_HEAD(&pool->idle);
	pool->waiters = 0;
	pool->nr_idle = take_new(&pool->idle, 2 * RESERVE, GFP_KERNEL);
	pool->low = pool->nr_idle;
	pool->nr_owned = pool->nr_idle;
	pool->limit = max_t(unsigned long, 4 * RESERVE, totalram_pages() / LIMIT_FRACTION);
	if (pool->nr_idle < 2 * RESERVE)
		return -ENOMEM;

	return blkv_memory_get(pool, kept, BLKV_REGION_SECTORS) ? 0 : -ENOMEM;
}

/**
 * blkv_pool_exit() - free all pages of a pool
 * @pool: the pool; zeroed memory is fine; no buffer is out
 *
 * Context: Process; sleeps.
 */
void blkv_pool_exit(struct blkv_pool *pool)
{
	if (!pool->idle.next)
		return;
	cancel_delayed_work_sync(&pool->trim);
	free_pages_list(&pool->idle);
	pool->nr_idle = 0;
	pool->nr_owned = 0;
}

/**
 * blkv_memory_get() - get private pages without waiting
 * @pool: where from
 * @buffer: what to fill
 * @nr_sectors: at most BLKV_REGION_SECTORS
 *
 * After a refusal the caller owes a blkv_memory_wait() for the same buffer; until then others are
 * refused as well, if what is idle is not more than enough for both.
 *
 * Context: Any.
 * Return: true when the buffer is filled.
 */
bool blkv_memory_get(struct blkv_pool *pool, struct blkv_memory *buffer, unsigned int nr_sectors)
{
	unsigned int nr_pages = pages_for_data(nr_sectors);
	unsigned int nr = nr_pages + pages_for_vecs(nr_pages);
	unsigned int taken = 0, allowed = 0, new = 0;
	unsigned long flags;
	LIST_HEAD(pages);

	spin_lock_irqsave(&pool->lock, flags);
	if (!pool->waiters || pool->nr_idle >= RESERVE + nr) {
		taken = take_idle(pool, &pages, nr);
		allowed = allow_new(pool, nr - taken);
	}
	spin_unlock_irqrestore(&pool->lock, flags);

	if (allowed && taken + allowed == nr)
		new = take_new(&pages, allowed, GFP_NOWAIT);
	taken += new;
	if (taken == nr) {
		fill(buffer, &pages, nr_pages);
		return true;
	}

	/* Before the pages go back, so that they are not given to a newer request. */
	spin_lock_irqsave(&pool->lock, flags);
	pool->waiters++;
	pool->nr_owned -= allowed - new;
	spin_unlock_irqrestore(&pool->lock, flags);
	if (taken)
		give_back(pool, &pages, taken);
	return false;
}

/**
 * blkv_memory_wait() - get private pages, waiting for other requests to return theirs
 * @pool: where from
 * @buffer: what to fill; blkv_memory_get() has refused it
 * @nr_sectors: as there
 *
 * Context: Process; sleeps. One caller at a time (an ordered workqueue sees to it), on whom no
 * request that holds pages may depend.
 */
void blkv_memory_wait(struct blkv_pool *pool, struct blkv_memory *buffer, unsigned int nr_sectors)
{
	unsigned int nr_pages = pages_for_data(nr_sectors);
	unsigned int missing = nr_pages + pages_for_vecs(nr_pages);
	LIST_HEAD(pages);

	for (;;) {
		unsigned int allowed;

		spin_lock_irq(&pool->lock);
		missing -= take_idle(pool, &pages, missing);
		if (!missing)
			pool->waiters--;
		allowed = missing ? allow_new(pool, 1) : 0;
		spin_unlock_irq(&pool->lock);
		if (!missing)
			break;
		if (allowed && take_new(&pages, 1, GFP_NOIO | __GFP_NORETRY)) {
			missing--;
			continue;
		}
		spin_lock_irq(&pool->lock);
		pool->nr_owned -= allowed;
		spin_unlock_irq(&pool->lock);
		wait_event(pool->wait, READ_ONCE(pool->nr_idle));
	}
	fill(buffer, &pages, nr_pages);
}

/**
 * blkv_memory_put() - return private pages
 * @pool: where blkv_memory_get() or blkv_memory_wait() took them
 * @buffer: the buffer; may be empty
 *
 * Context: Any.
 */
void blkv_memory_put(struct blkv_pool *pool, struct blkv_memory *buffer)
{
	unsigned int nr = buffer->nr_pages;
	LIST_HEAD(pages);
	unsigned int i;

	if (!nr)
		return;
	for (i = 0; i < nr; i++)
		list_add(&buffer->vecs[i].bv_page->lru, &pages);
	if (buffer->vecs != buffer->inline_vecs) {
		list_add(&virt_to_page(buffer->vecs)->lru, &pages);
		nr++;
	}
	buffer->nr_pages = 0;
	give_back(pool, &pages, nr);
}
