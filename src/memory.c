// SPDX-License-Identifier: GPL-2.0-only
/*
 * Private memory: the buffer for reads of the test leg, and the copies of a write for the legs.
 *
 * A pool always owns enough pages for one request of the maximum length: they are idle, resting, or
 * held by requests that return them when their legs are done. A request first tries to get its
 * pages without waiting, from the idle ones or the system. If that fails, it waits in an ordered
 * workqueue, so that only one request at a time collects pages while it holds some; newer requests
 * get no pages until it has been served, unless they leave more than it can need. Hence it always
 * gets them.
 *
 * Pages return to the pool, not to the system: kernels that zero pages on allocation would
 * otherwise make each request pay for a second pass over its data. Every 0.4 s, pages that have
 * not been needed since the last look are freed, down to the reserve; a pool that was idle for a
 * second holds no more than that. The pages in use have a limit, because not every leg limits how
 * many requests it takes.
 *
 * Pages come out of the pool in the order in which they went in, and of the system mostly in
 * ascending order: so physically contiguous pages stay together, and coalesce in the legs.
 *
 * A faulty leg may write to memory after it has completed the request. To contain and detect this:
 *
 *   - A target has one pool for the test leg's read buffers and another one for copies of writes.
 *     Pages never move between them: a page that the test leg has read into is never used for data
 *     sent to the raw leg, or for bvecs.
 *   - Pages are marked when they return, in the last bytes of each sector, and the marks are
 *     checked when the pages are used again: a mark that has changed in between means late data. A
 *     sector that is still marked when its read completes was not filled. A leg that fetches the
 *     data of a write too late stores marks.
 *   - With a quarantine, pages rest in FIFO order before they are used again, and are filled with
 *     marks, so that late data are detected wherever they are written.
 *   - Pages of a request that a leg failed are suspect: they rest for 30 to 60 s, or less if memory
 *     is short, and then return to the system, except for those that the reserve needs.
 *
 * Locks: blkv_pool.lock, taken here, any context. blkv_memory_wait() sleeps, nothing else does.
 */
#include <kunit/static_stub.h>
#include <kunit/visibility.h>
#include <linux/bio.h>
#include <linux/crc32c.h>
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/mm.h>

#include "memory.h"

#define REGION_PAGES ((unsigned int)(SZ_1M >> PAGE_SHIFT))
/* One request of the maximum length: its data, and the page that its bvecs are in. */
#define RESERVE_DATA REGION_PAGES
#define RESERVE_VECS 1U
#define TRIM_INTERVAL (2 * HZ / 5)
/*
 * Suspect pages rest for one to two intervals, or less once they exceed a quarter of the limit of
 * the pool: a leg that fails every request must not make all requests wait for memory.
 */
#define SUSPECT_INTERVAL (30 * HZ)
#define SUSPECT_FRACTION 4
/* The pools of a target may own 2 % of the memory, as dm-crypt; beyond that, requests wait. */
#define LIMIT_FRACTION 100

/* ---- marks -------------------------------------------------------------------------------- */

#define SECTOR_WORDS (SECTOR_SIZE / sizeof(u64))
#define PAGE_WORDS (PAGE_SIZE / sizeof(u64))

/* The mark of a word of a page: a number that data are unlikely to contain, unique to each word. */
static u64 mark_of(const struct blkv_pool *pool, struct page *page, unsigned int word)
{
	return pool->mark + (u64)page_to_pfn(page) * PAGE_WORDS + word;
}

/*
 * The marked words: the last one of each sector or, if the pool has a quarantine, all of them. The
 * loops are inlined with constants, because they run for each page of each request.
 */
static __always_inline void words_mark(u64 *words, u64 mark, unsigned int first, unsigned int step)
{
	unsigned int word;

	for (word = first; word < PAGE_WORDS; word += step)
		words[word] = mark + word;
}

static __always_inline unsigned int words_find_change(const u64 *words, u64 mark,
						      unsigned int first, unsigned int step)
{
	unsigned int word;

	for (word = first; word < PAGE_WORDS; word += step)
		if (READ_ONCE(words[word]) != mark + word)
			return word;
	return PAGE_WORDS;
}

static void page_mark(const struct blkv_pool *pool, struct page *page)
{
	u64 mark = mark_of(pool, page, 0);

	if (pool->quarantine)
		words_mark(page_address(page), mark, 0, 1);
	else
		words_mark(page_address(page), mark, SECTOR_WORDS - 1, SECTOR_WORDS);
}

/* The first word of a page whose mark has changed, or PAGE_WORDS. */
static unsigned int page_find_change(const struct blkv_pool *pool, struct page *page)
{
	u64 mark = mark_of(pool, page, 0);

	if (pool->quarantine)
		return words_find_change(page_address(page), mark, 0, 1);
	return words_find_change(page_address(page), mark, SECTOR_WORDS - 1, SECTOR_WORDS);
}

/*
 * The request that a page was used for last: the sector of its data, and whether it was a write. On
 * 32-bit kernels, only the low 31 bits of the sector are kept.
 */
static void page_set_origin(struct page *page, sector_t sector, bool written)
{
	set_page_private(page, (unsigned long)sector << 1 | written);
}

static sector_t page_origin(struct page *page, bool *written)
{
	*written = page_private(page) & 1;
	return page_private(page) >> 1;
}

/* Before a page is used again or freed: if a mark has changed, record that as late data. */
static void page_check(struct blkv_pool *pool, struct page *page)
{
	unsigned int word = page_find_change(pool, page);
	struct blkv_late late;
	unsigned long flags;

	if (likely(word >= PAGE_WORDS))
		return;
	late.sector = page_origin(page, &late.written) + word / SECTOR_WORDS;
	late.byte = word % SECTOR_WORDS * sizeof(u64);
	late.expected = mark_of(pool, page, word);
	late.found = ((u64 *)page_address(page))[word];

	spin_lock_irqsave(&pool->lock, flags);
	if (pool->nr_late < BLKV_MAX_LATE)
		pool->late[pool->nr_late++] = late;
	spin_unlock_irqrestore(&pool->lock, flags);
	schedule_work(&pool->late_work);
	/* Otherwise a changed word would make the next read into this page look filled. */
	page_mark(pool, page);
}

/**
 * blkv_pool_next_late() - take a finding of late data
 * @pool: the pool
 * @late: filled in
 *
 * At most BLKV_MAX_LATE findings are kept until they are taken; further ones are lost.
 *
 * Context: Process.
 * Return: false if there is none.
 */
bool blkv_pool_next_late(struct blkv_pool *pool, struct blkv_late *late)
{
	bool found;

	spin_lock_irq(&pool->lock);
	found = pool->nr_late;
	if (found)
		*late = pool->late[--pool->nr_late];
	spin_unlock_irq(&pool->lock);
	return found;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_pool_next_late);

/* ---- the pool ----------------------------------------------------------------------------- */

static unsigned int pages_for_data(unsigned int nr_sectors)
{
	return DIV_ROUND_UP(nr_sectors, PAGE_SIZE >> SECTOR_SHIFT);
}

static unsigned int pages_for_vecs(unsigned int nr_pages)
{
	BUILD_BUG_ON(REGION_PAGES * sizeof(struct bio_vec) > PAGE_SIZE);
	return nr_pages > BLKV_INLINE_VECS;
}

static void idle_init(struct blkv_idle *idle)
{
	INIT_LIST_HEAD(&idle->pages);
}

/* Move up to @nr idle pages to the tail of @pages; returns how many. */
static unsigned int idle_take(struct blkv_idle *idle, struct list_head *pages, unsigned int nr)
{
	unsigned int taken;

	for (taken = 0; taken < nr && idle->nr; taken++, idle->nr--)
		list_move_tail(idle->pages.next, pages);
	idle->low = min(idle->low, idle->nr);
	return taken;
}

/* Move pages that were not needed since the last trim to @unused, the longest idle first. */
static void idle_trim(struct blkv_idle *idle, unsigned int reserve, struct list_head *unused)
{
	unsigned int nr = idle->low > reserve ? idle->low - reserve : 0;

	for (; nr; nr--, idle->nr--, idle->nr_owned--)
		list_move(idle->pages.prev, unused);
	idle->low = idle->nr;
}

/* Move up to @nr resting pages to the tail of @pages, the oldest first; returns how many. */
static unsigned int resting_take(struct blkv_pool *pool, struct list_head *pages, unsigned int nr)
{
	unsigned int taken;

	lockdep_assert_held(&pool->lock);
	for (taken = 0; taken < nr && pool->nr_resting; taken++, pool->nr_resting--)
		list_move_tail(pool->resting.next, pages);
	return taken;
}

/* All pages of a pool come from here. */
VISIBLE_IF_KUNIT struct page *blkv_page_alloc(gfp_t gfp)
{
	KUNIT_STATIC_STUB_REDIRECT(blkv_page_alloc, gfp);
	return alloc_page(gfp | __GFP_NOMEMALLOC | __GFP_NOWARN);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_page_alloc);

/* Allocate up to @nr pages, to the tail of @pages; returns how many. */
static unsigned int alloc_new_pages(struct list_head *pages, unsigned int nr, gfp_t gfp)
{
	unsigned int taken;

	for (taken = 0; taken < nr; taken++) {
		struct page *page = blkv_page_alloc(gfp);

		if (!page)
			break;
		list_add_tail(&page->lru, pages);
	}
	return taken;
}

static void idle_fill(struct blkv_idle *idle, unsigned int nr)
{
	idle->nr = alloc_new_pages(&idle->pages, nr, GFP_KERNEL);
	idle->nr_owned = idle->nr;
	idle->low = idle->nr;
}

/* May the pool allocate @nr more pages of a kind? Returns how many, and counts them as owned. */
static unsigned int pool_allow_new(struct blkv_pool *pool, struct blkv_idle *kind, unsigned int nr)
{
	unsigned long owned = pool->data.nr_owned + pool->vecs.nr_owned;
	unsigned int allowed = 0;

	lockdep_assert_held(&pool->lock);
	if (owned < pool->limit)
		allowed = min_t(unsigned long, nr, pool->limit - owned);
	kind->nr_owned += allowed;
	return allowed;
}

static void free_page_list(struct list_head *pages)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, pages, lru) {
		list_del(&page->lru);
		set_page_private(page, 0);
		__free_page(page);
	}
}

/* Check the marks of data pages, and free the pages. */
static void free_checked_pages(struct blkv_pool *pool, struct list_head *pages)
{
	struct page *page;

	list_for_each_entry(page, pages, lru)
		page_check(pool, page);
	free_page_list(pages);
}

/* Are there more idle pages than the reserve needs, so that a trim is due? */
static bool pool_has_surplus(const struct blkv_pool *pool)
{
	lockdep_assert_held(&pool->lock);
	return pool->data.nr > RESERVE_DATA || pool->vecs.nr > RESERVE_VECS;
}

/*
 * Return pages to the pool: data pages, which are marked, to the quarantine if there is one, else
 * to the idle pages; and pages for bvecs.
 */
static void pool_give_back(struct blkv_pool *pool, struct list_head *data, unsigned int nr_data,
			   struct list_head *vecs, unsigned int nr_vecs)
{
	unsigned long flags;
	bool surplus, waiters;

	spin_lock_irqsave(&pool->lock, flags);
	if (pool->quarantine) {
		list_splice_tail(data, &pool->resting);
		pool->nr_resting += nr_data;
		if (pool->nr_resting > pool->quarantine) {
			LIST_HEAD(rested);

			pool->data.nr += resting_take(pool, &rested,
						      pool->nr_resting - pool->quarantine);
			list_splice(&rested, &pool->data.pages);
		}
	} else {
		list_splice(data, &pool->data.pages);
		pool->data.nr += nr_data;
	}
	list_splice(vecs, &pool->vecs.pages);
	pool->vecs.nr += nr_vecs;
	surplus = pool_has_surplus(pool);
	/* Pairs with the lock in memory_take(): a waiter not seen here sees these pages. */
	waiters = pool->waiters;
	spin_unlock_irqrestore(&pool->lock, flags);

	if (waiters)
		wake_up(&pool->wait);
	if (surplus && !delayed_work_pending(&pool->trim))
		schedule_delayed_work(&pool->trim, TRIM_INTERVAL);
}

/* Put aside pages that a leg may still write to. */
static void pool_suspect(struct blkv_pool *pool, struct list_head *pages, unsigned int nr)
{
	unsigned long flags;
	bool many;

	spin_lock_irqsave(&pool->lock, flags);
	list_splice_tail_init(pages, &pool->suspects[0]);
	pool->nr_suspects += nr;
	many = pool->nr_suspects > pool->limit / SUSPECT_FRACTION;
	spin_unlock_irqrestore(&pool->lock, flags);
	if (many)
		cancel_delayed_work(&pool->release);
	schedule_delayed_work(&pool->release, many ? 0 : SUSPECT_INTERVAL);
}

/*
 * Return pages that were already suspect at the previous call to the system, except for those that
 * the reserve needs, which become idle. Returns whether there are other suspect pages. Process
 * context.
 */
static bool suspects_release(struct blkv_pool *pool)
{
	struct page *page, *next;
	LIST_HEAD(rested);
	LIST_HEAD(kept);
	LIST_HEAD(none);
	unsigned int nr_kept = 0;
	bool again;

	spin_lock_irq(&pool->lock);
	list_splice_init(&pool->suspects[1], &rested);
	list_splice_init(&pool->suspects[0], &pool->suspects[1]);
	list_for_each_entry_safe(page, next, &rested, lru) {
		pool->nr_suspects--;
		if (pool->data.nr_owned > pool->reserve) {
			pool->data.nr_owned--;
		} else {
			list_move_tail(&page->lru, &kept);
			nr_kept++;
		}
	}
	again = pool->nr_suspects;
	spin_unlock_irq(&pool->lock);

	free_checked_pages(pool, &rested);
	pool_give_back(pool, &kept, nr_kept, &none, 0);
	/* A waiter may now allocate pages, because the pool is further below its limit. */
	wake_up(&pool->wait);
	return again;
}

static void pool_release_suspects(struct work_struct *work)
{
	struct blkv_pool *pool = container_of(work, struct blkv_pool, release.work);

	if (suspects_release(pool))
		schedule_delayed_work(&pool->release, SUSPECT_INTERVAL);
}

static void pool_trim(struct work_struct *work)
{
	struct blkv_pool *pool = container_of(work, struct blkv_pool, trim.work);
	LIST_HEAD(data);
	LIST_HEAD(vecs);
	bool again;

	spin_lock_irq(&pool->lock);
	idle_trim(&pool->data, RESERVE_DATA, &data);
	idle_trim(&pool->vecs, RESERVE_VECS, &vecs);
	again = pool_has_surplus(pool);
	spin_unlock_irq(&pool->lock);

	free_checked_pages(pool, &data);
	free_page_list(&vecs);
	if (again)
		schedule_delayed_work(&pool->trim, TRIM_INTERVAL);
}

/**
 * blkv_pool_init() - make a pool with its reserve
 * @pool: zeroed
 * @mark: a random number that the marks are derived from
 * @quarantine_mib: how much memory rests before it is used again; 0 for none
 * @late: called in process context when blkv_pool_next_late() has findings
 * @kept: private memory of the maximum length, which the caller keeps; returned with
 *	blkv_memory_put(). Or NULL.
 *
 * Context: Process; sleeps.
 * Return: 0 or -ENOMEM; blkv_pool_exit() is due in both cases.
 */
int blkv_pool_init(struct blkv_pool *pool, u64 mark, unsigned int quarantine_mib,
		   work_func_t late, struct blkv_memory *kept)
{
	unsigned int times = kept ? 2 : 1;
	struct page *page;

	spin_lock_init(&pool->lock);
	init_waitqueue_head(&pool->wait);
	INIT_DELAYED_WORK(&pool->trim, pool_trim);
	INIT_DELAYED_WORK(&pool->release, pool_release_suspects);
	INIT_WORK(&pool->late_work, late);
	idle_init(&pool->data);
	idle_init(&pool->vecs);
	INIT_LIST_HEAD(&pool->resting);
	INIT_LIST_HEAD(&pool->suspects[0]);
	INIT_LIST_HEAD(&pool->suspects[1]);
	pool->mark = mark;
	pool->quarantine = (u64)quarantine_mib * SZ_1M >> PAGE_SHIFT;
	pool->reserve = times * RESERVE_DATA;
	pool->limit = max_t(unsigned long, 2 * times * (RESERVE_DATA + RESERVE_VECS),
			    totalram_pages() / LIMIT_FRACTION) +
		      pool->quarantine;

	idle_fill(&pool->data, times * RESERVE_DATA);
	idle_fill(&pool->vecs, times * RESERVE_VECS);
	list_for_each_entry(page, &pool->data.pages, lru)
		page_mark(pool, page);
	if (pool->data.nr < times * RESERVE_DATA || pool->vecs.nr < times * RESERVE_VECS)
		return -ENOMEM;

	return !kept || blkv_memory_get(pool, kept, BLKV_REGION_SECTORS) ? 0 : -ENOMEM;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_pool_init);

/**
 * blkv_pool_exit() - free all pages of a pool
 * @pool: the pool; zeroed memory is fine; no memory is in use
 *
 * Context: Process; sleeps.
 */
void blkv_pool_exit(struct blkv_pool *pool)
{
	if (!pool->reserve)
		return;
	/* It schedules the trim. */
	cancel_delayed_work_sync(&pool->release);
	cancel_delayed_work_sync(&pool->trim);
	cancel_work_sync(&pool->late_work);
	free_page_list(&pool->data.pages);
	free_page_list(&pool->vecs.pages);
	free_page_list(&pool->resting);
	free_page_list(&pool->suspects[0]);
	free_page_list(&pool->suspects[1]);
	memset(pool, 0, sizeof(*pool));
}
EXPORT_SYMBOL_IF_KUNIT(blkv_pool_exit);

/* ---- getting and returning memory --------------------------------------------------------- */

/* Pages that a request collects. */
struct collected {
	struct list_head used; /* pages that were in the pool, and are marked */
	struct list_head fresh;
	struct list_head vecs;
};

static void collected_init(struct collected *collected)
{
	INIT_LIST_HEAD(&collected->used);
	INIT_LIST_HEAD(&collected->fresh);
	INIT_LIST_HEAD(&collected->vecs);
}

/* Build private memory from exactly the pages that it needs. All of it is marked afterwards. */
static void memory_fill(struct blkv_pool *pool, struct blkv_memory *memory,
			struct collected *collected, unsigned int nr_pages)
{
	struct page *page, *next;
	unsigned int i = 0;

	memory->vecs = memory->inline_vecs;
	if (pages_for_vecs(nr_pages)) {
		page = list_first_entry(&collected->vecs, struct page, lru);
		list_del(&page->lru);
		memory->vecs = page_address(page);
	}

	list_for_each_entry(page, &collected->used, lru)
		page_check(pool, page);
	list_for_each_entry(page, &collected->fresh, lru)
		page_mark(pool, page);
	list_splice_tail(&collected->fresh, &collected->used);
	list_for_each_entry_safe(page, next, &collected->used, lru) {
		list_del(&page->lru);
		bvec_set_page(&memory->vecs[i++], page, PAGE_SIZE, 0);
	}
	memory->nr_pages = nr_pages;
}

/* Return collected pages: @nr_data for data, and @nr_vecs for bvecs. */
static void collected_return(struct blkv_pool *pool, struct collected *collected,
			     unsigned int nr_data, unsigned int nr_vecs)
{
	struct page *page;

	list_for_each_entry(page, &collected->fresh, lru)
		page_mark(pool, page);
	list_splice_tail(&collected->fresh, &collected->used);
	if (nr_data || nr_vecs)
		pool_give_back(pool, &collected->used, nr_data, &collected->vecs, nr_vecs);
}

static bool memory_take(struct blkv_pool *pool, struct blkv_memory *memory,
			unsigned int nr_sectors, bool will_wait)
{
	unsigned int nr_pages = pages_for_data(nr_sectors), nr_vecs = pages_for_vecs(nr_pages);
	unsigned int data = 0, vecs = 0, new_data = 0, new_vecs = 0;
	unsigned int allowed_data = 0, allowed_vecs = 0;
	struct collected collected;
	unsigned long flags;

	collected_init(&collected);
	spin_lock_irqsave(&pool->lock, flags);
	if (!pool->waiters || (pool->data.nr >= RESERVE_DATA + nr_pages &&
			       pool->vecs.nr >= RESERVE_VECS + nr_vecs)) {
		data = idle_take(&pool->data, &collected.used, nr_pages);
		vecs = idle_take(&pool->vecs, &collected.vecs, nr_vecs);
		allowed_data = pool_allow_new(pool, &pool->data, nr_pages - data);
		allowed_vecs = pool_allow_new(pool, &pool->vecs, nr_vecs - vecs);
	}
	spin_unlock_irqrestore(&pool->lock, flags);

	if (data + allowed_data == nr_pages && vecs + allowed_vecs == nr_vecs) {
		new_data = alloc_new_pages(&collected.fresh, allowed_data, GFP_NOWAIT);
		new_vecs = alloc_new_pages(&collected.vecs, allowed_vecs, GFP_NOWAIT);
	}
	if (data + new_data == nr_pages && vecs + new_vecs == nr_vecs) {
		memory_fill(pool, memory, &collected, nr_pages);
		return true;
	}

	/* Count the waiter before the pages go back, so that no newer request gets them. */
	spin_lock_irqsave(&pool->lock, flags);
	pool->waiters += will_wait;
	pool->data.nr_owned -= allowed_data - new_data;
	pool->vecs.nr_owned -= allowed_vecs - new_vecs;
	spin_unlock_irqrestore(&pool->lock, flags);
	collected_return(pool, &collected, data + new_data, vecs + new_vecs);
	return false;
}

/**
 * blkv_pool_check() - check all memory that is not in use for late data
 * @pool: the pool; no request is in flight
 *
 * Context: Process; sleeps until the findings have been handled.
 */
void blkv_pool_check(struct blkv_pool *pool)
{
	struct collected collected;
	LIST_HEAD(suspects);
	struct page *page;
	unsigned int nr;

	collected_init(&collected);
	spin_lock_irq(&pool->lock);
	nr = idle_take(&pool->data, &collected.used, UINT_MAX);
	nr += resting_take(pool, &collected.used, UINT_MAX);
	list_splice_init(&pool->suspects[1], &suspects);
	list_splice_init(&pool->suspects[0], &suspects);
	spin_unlock_irq(&pool->lock);

	list_for_each_entry(page, &collected.used, lru)
		page_check(pool, page);
	list_for_each_entry(page, &suspects, lru)
		page_check(pool, page);

	spin_lock_irq(&pool->lock);
	list_splice_tail(&suspects, &pool->suspects[0]);
	spin_unlock_irq(&pool->lock);
	collected_return(pool, &collected, nr, 0);
	flush_work(&pool->late_work);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_pool_check);

/**
 * blkv_memory_get() - get private memory without waiting
 * @pool: the pool
 * @memory: set up here, and marked
 * @nr_sectors: at most BLKV_REGION_SECTORS
 *
 * If this fails, blkv_memory_wait() is due for the same memory; until then it fails for others,
 * too, unless enough is idle for both.
 *
 * Context: Any.
 * Return: true if @memory is set up.
 */
bool blkv_memory_get(struct blkv_pool *pool, struct blkv_memory *memory, unsigned int nr_sectors)
{
	return memory_take(pool, memory, nr_sectors, true);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_memory_get);

/**
 * blkv_memory_try() - get private memory without waiting, or do without it
 * @pool: the pool
 * @memory: set up here, and marked
 * @nr_sectors: at most BLKV_REGION_SECTORS
 *
 * Unlike blkv_memory_get(), a failure does not oblige the caller to wait.
 *
 * Context: Any.
 * Return: true if @memory is set up.
 */
bool blkv_memory_try(struct blkv_pool *pool, struct blkv_memory *memory, unsigned int nr_sectors)
{
	return memory_take(pool, memory, nr_sectors, false);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_memory_try);

/**
 * blkv_pool_await() - announce a blkv_memory_wait() that does not follow a failed blkv_memory_get()
 * @pool: the pool
 *
 * Context: Any.
 */
void blkv_pool_await(struct blkv_pool *pool)
{
	unsigned long flags;

	spin_lock_irqsave(&pool->lock, flags);
	pool->waiters++;
	spin_unlock_irqrestore(&pool->lock, flags);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_pool_await);

/* Does the pool have any page for a waiter that still needs @data and @vecs? */
static bool pool_has_any(struct blkv_pool *pool, unsigned int data, unsigned int vecs)
{
	return (data && (READ_ONCE(pool->data.nr) || READ_ONCE(pool->nr_resting))) ||
	       (vecs && READ_ONCE(pool->vecs.nr));
}

/**
 * blkv_memory_wait() - get private memory, waiting for other requests to return theirs
 * @pool: the pool
 * @memory: set up here, and marked; blkv_memory_get() has failed for it, or blkv_pool_await() was
 *	called
 * @nr_sectors: at most BLKV_REGION_SECTORS
 *
 * Context: Process; sleeps. One caller at a time, from an ordered workqueue. No request that holds
 * pages may depend on that workqueue.
 */
void blkv_memory_wait(struct blkv_pool *pool, struct blkv_memory *memory, unsigned int nr_sectors)
{
	unsigned int nr_pages = pages_for_data(nr_sectors);
	unsigned int data = nr_pages, vecs = pages_for_vecs(nr_pages);
	struct collected collected;

	collected_init(&collected);
	for (;;) {
		struct blkv_idle *kind;
		unsigned int allowed = 0;

		spin_lock_irq(&pool->lock);
		data -= idle_take(&pool->data, &collected.used, data);
		data -= resting_take(pool, &collected.used, data);
		vecs -= idle_take(&pool->vecs, &collected.vecs, vecs);
		kind = data ? &pool->data : &pool->vecs;
		if (!data && !vecs)
			pool->waiters--;
		else
			allowed = pool_allow_new(pool, kind, 1);
		spin_unlock_irq(&pool->lock);
		if (!data && !vecs)
			break;
		if (allowed && alloc_new_pages(data ? &collected.fresh : &collected.vecs, 1,
					       GFP_NOIO | __GFP_NORETRY)) {
			if (data)
				data--;
			else
				vecs--;
			continue;
		}
		spin_lock_irq(&pool->lock);
		kind->nr_owned -= allowed;
		spin_unlock_irq(&pool->lock);
		/* All pages may be suspect. Release them, and try the system again. */
		if (!wait_event_timeout(pool->wait, pool_has_any(pool, data, vecs), HZ))
			suspects_release(pool);
	}
	memory_fill(pool, memory, &collected, nr_pages);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_memory_wait);

/**
 * blkv_memory_put() - return private memory
 * @pool: where blkv_memory_get() or blkv_memory_wait() took it
 * @memory: the memory; may be empty
 * @start: first sector of the request that it was used for
 * @flags: any of BLKV_SUSPECT and BLKV_WRITTEN
 *
 * Context: Any.
 */
void blkv_memory_put(struct blkv_pool *pool, struct blkv_memory *memory, sector_t start,
		     unsigned int flags)
{
	unsigned int nr = memory->nr_pages, nr_vecs = pages_for_vecs(nr), i;
	LIST_HEAD(data);
	LIST_HEAD(vecs);

	if (!nr)
		return;
	/* Backwards: the last pages are still in the caches. */
	for (i = nr; i--;) {
		struct page *page = memory->vecs[i].bv_page;

		page_set_origin(page, start + i * PAGE_SECTORS, flags & BLKV_WRITTEN);
		page_mark(pool, page);
		/* In the order in which memory_fill() takes them. */
		list_add(&page->lru, &data);
	}
	if (nr_vecs)
		list_add(&virt_to_page(memory->vecs)->lru, &vecs);
	memory->nr_pages = 0;

	if (flags & BLKV_SUSPECT) {
		pool_suspect(pool, &data, nr);
		nr = 0;
	}
	if (nr || nr_vecs)
		pool_give_back(pool, &data, nr, &vecs, nr_vecs);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_memory_put);

/* ---- marks of memory in use --------------------------------------------------------------- */

/**
 * blkv_memory_mark() - mark private memory again before another read into it
 * @pool: where it came from
 * @memory: the memory
 *
 * Context: Any.
 */
void blkv_memory_mark(const struct blkv_pool *pool, struct blkv_memory *memory)
{
	unsigned int i;

	for (i = 0; i < memory->nr_pages; i++)
		page_mark(pool, memory->vecs[i].bv_page);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_memory_mark);

/**
 * blkv_memory_is_marked() - is a sector still marked?
 * @pool: where the memory came from
 * @memory: the memory
 * @n: which sector
 *
 * Context: Any.
 * Return: true if the leg has not transferred the end of the sector.
 */
bool blkv_memory_is_marked(const struct blkv_pool *pool, const struct blkv_memory *memory,
			   unsigned int n)
{
	unsigned int word = n % PAGE_SECTORS * SECTOR_WORDS + SECTOR_WORDS - 1;
	struct page *page = memory->vecs[n / PAGE_SECTORS].bv_page;

	return READ_ONCE(((u64 *)page_address(page))[word]) == mark_of(pool, page, word);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_memory_is_marked);

/**
 * blkv_memory_first_marked() - find the first sector that is still marked
 * @pool: where the memory came from
 * @memory: the memory
 * @nr_sectors: how many sectors to check
 *
 * Context: Any. Checks one word of each sector.
 * Return: the sector, or @nr_sectors if there is none.
 */
unsigned int blkv_memory_first_marked(const struct blkv_pool *pool,
				      const struct blkv_memory *memory, unsigned int nr_sectors)
{
	unsigned int n, first;

	/* Page by page: getting the address of a page costs more than checking its marks. */
	for (first = 0; first < nr_sectors; first += PAGE_SECTORS) {
		unsigned int nr = min_t(unsigned int, nr_sectors - first, PAGE_SECTORS);
		struct page *page = memory->vecs[first / PAGE_SECTORS].bv_page;
		u64 *word = page_address(page) + SECTOR_SIZE - sizeof(u64);
		u64 mark = mark_of(pool, page, SECTOR_WORDS - 1);

		for (n = 0; n < nr; n++, word += SECTOR_WORDS, mark += SECTOR_WORDS)
			if (READ_ONCE(*word) == mark)
				return first + n;
	}
	return nr_sectors;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_memory_first_marked);

/* ---- walking it --------------------------------------------------------------------------- */

/**
 * blkv_memory_attach() - let a bio transfer private memory instead of the caller's
 * @memory: the private memory
 * @bio: a clone of the caller's bio
 * @nr_sectors: how much
 *
 * Context: Any.
 */
void blkv_memory_attach(const struct blkv_memory *memory, struct bio *bio, unsigned int nr_sectors)
{
	bio->bi_io_vec = memory->vecs;
	bio->bi_iter = (struct bvec_iter) {
		.bi_sector = bio->bi_iter.bi_sector,
		.bi_size = nr_sectors << SECTOR_SHIFT,
	};
	/* The clone inherited this from the caller's segments. */
	compat_clear_bvec_gap(bio);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_memory_attach);

/**
 * blkv_memory_iter() - iterate over some sectors of private memory
 * @memory: the memory
 * @first: first sector
 * @nr_sectors: how many
 *
 * Context: Any.
 * Return: the iterator, for blkv_memory_vecs(); its bi_sector is 0.
 */
struct bvec_iter blkv_memory_iter(const struct blkv_memory *memory, unsigned int first,
				  unsigned int nr_sectors)
{
	struct bvec_iter iter = { .bi_size = (first + nr_sectors) << SECTOR_SHIFT };

	bvec_iter_advance(memory->vecs, &iter, first << SECTOR_SHIFT);
	return iter;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_memory_iter);

/**
 * blkv_memory_walk() - walk some sectors of private memory
 * @memory: the memory
 * @first: first sector
 * @nr_sectors: how many
 *
 * Context: Any.
 * Return: the walk, for blkv_sector_next().
 */
struct blkv_sector_iter blkv_memory_walk(const struct blkv_memory *memory, unsigned int first,
					 unsigned int nr_sectors)
{
	return (struct blkv_sector_iter) {
		.vecs = memory->vecs,
		.at = blkv_memory_iter(memory, first, nr_sectors),
	};
}
EXPORT_SYMBOL_IF_KUNIT(blkv_memory_walk);

/* The bytes at the start of @iter; private memory is never in high memory. */
static u8 *iter_address(const struct bio_vec *vecs, struct bvec_iter iter)
{
	struct bio_vec vec = bvec_iter_bvec(vecs, iter);

	return page_address(vec.bv_page) + vec.bv_offset;
}

/* Copy the next @len bytes, which may be in several segments, and step over them. */
static void iter_copy(const struct bio_vec *vecs, struct bvec_iter *iter, void *to, size_t len)
{
	while (len) {
		unsigned int part = min_t(size_t, len, bvec_iter_len(vecs, *iter));

		memcpy(to, iter_address(vecs, *iter), part);
		bvec_iter_advance_single(vecs, iter, part);
		to += part;
		len -= part;
	}
}

/**
 * blkv_memory_read() - copy bytes out of private memory
 * @memory: the memory
 * @offset: first byte
 * @to: where to
 * @len: how many bytes
 *
 * Context: Any.
 */
void blkv_memory_read(const struct blkv_memory *memory, size_t offset, void *to, size_t len)
{
	struct bvec_iter iter = { .bi_size = offset + len };

	bvec_iter_advance(memory->vecs, &iter, offset);
	iter_copy(memory->vecs, &iter, to, len);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_memory_read);

/**
 * blkv_sector_next() - the next sector of a walk
 * @iter: the walk
 * @bounce: where the sector is copied to if it is not in one piece; valid until it is used again
 *
 * Context: Any.
 * Return: its bytes, for reading only, or NULL at the end of the walk.
 */
const u8 *blkv_sector_next(struct blkv_sector_iter *iter, struct blkv_bounce *bounce)
{
	const u8 *bytes;

	if (!iter->at.bi_size)
		return NULL;
	if (bvec_iter_len(iter->vecs, iter->at) < SECTOR_SIZE) {
		iter_copy(iter->vecs, &iter->at, bounce->bytes, SECTOR_SIZE);
		return bounce->bytes;
	}
	bytes = iter_address(iter->vecs, iter->at);
	bvec_iter_advance_single(iter->vecs, &iter->at, SECTOR_SIZE);
	return bytes;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_sector_next);

/**
 * blkv_memory_sector() - one sector of private memory
 * @memory: the memory
 * @n: which sector
 * @bounce: where the sector is copied to if it is not in one piece
 *
 * Context: Any.
 * Return: its bytes, for reading only.
 */
const u8 *blkv_memory_sector(const struct blkv_memory *memory, unsigned int n,
			     struct blkv_bounce *bounce)
{
	struct blkv_sector_iter iter = blkv_memory_walk(memory, n, 1);

	return blkv_sector_next(&iter, bounce);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_memory_sector);

/**
 * blkv_memory_find() - search private memory for a sector of other private memory
 * @memory: the memory to search
 * @nr_sectors: how many sectors of it to search
 * @other: the other memory
 * @n: which sector of @other to search for
 * @last: find the last match instead of the first one
 *
 * Context: Any. A pass over the data.
 * Return: the sector with the same data, or @nr_sectors.
 */
noinline_for_stack unsigned int blkv_memory_find(const struct blkv_memory *memory,
						 unsigned int nr_sectors,
						 const struct blkv_memory *other, unsigned int n,
						 bool last)
{
	struct blkv_sector_iter iter = blkv_memory_walk(memory, 0, nr_sectors);
	struct blkv_bounce bounce, wanted_bounce;
	const u8 *wanted = blkv_memory_sector(other, n, &wanted_bounce);
	unsigned int i, found = nr_sectors;

	for (i = 0; i < nr_sectors && (last || found == nr_sectors); i++)
		if (!memcmp(blkv_sector_next(&iter, &bounce), wanted, SECTOR_SIZE))
			found = i;
	return found;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_memory_find);

/**
 * blkv_memory_is_pattern() - is a sector the same eight bytes all over?
 * @memory: the memory
 * @n: which sector
 *
 * Context: Any.
 * Return: true if it is.
 */
noinline_for_stack bool blkv_memory_is_pattern(const struct blkv_memory *memory, unsigned int n)
{
	struct blkv_bounce bounce;
	const u8 *sector = blkv_memory_sector(memory, n, &bounce);

	return !memcmp(sector, sector + sizeof(u64), SECTOR_SIZE - sizeof(u64));
}
EXPORT_SYMBOL_IF_KUNIT(blkv_memory_is_pattern);

/**
 * blkv_memory_sum() - checksum of private memory
 * @memory: the memory
 * @nr_sectors: how much of it
 *
 * Context: Any. A pass over the data.
 * Return: its CRC32C.
 */
u32 blkv_memory_sum(const struct blkv_memory *memory, unsigned int nr_sectors)
{
	struct bvec_iter iter = blkv_memory_iter(memory, 0, nr_sectors);
	u32 sum = ~0;

	while (iter.bi_size) {
		unsigned int len = bvec_iter_len(memory->vecs, iter);

		sum = crc32c(sum, iter_address(memory->vecs, iter), len);
		bvec_iter_advance_single(memory->vecs, &iter, len);
	}
	return sum;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_memory_sum);

/**
 * blkv_memory_flip() - flip bits of the first byte of a sector
 * @memory: the memory
 * @n: which sector
 * @xor: xored to the byte
 *
 * Context: Any.
 */
void blkv_memory_flip(struct blkv_memory *memory, unsigned int n, u8 xor)
{
	*iter_address(memory->vecs, blkv_memory_iter(memory, n, 1)) ^= xor;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_memory_flip);
