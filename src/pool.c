// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where private memory comes from: the buffers for reads of the test leg, and the copies of a write
 * for the legs.
 *
 * Private memory has the shape of the caller's, see src/shape.c: it consists of chunks, which are
 * one page each, or 2, 4, 8 ... contiguous pages. If no chunk is large enough, several smaller ones
 * are used. If there are not enough, or no more may be allocated, a
 * request gets whole pages, in any order: this always works, but the memory is "reshaped".
 *
 * A pool always owns enough pages for one request of BLKV_REGION_SECTORS: they are idle, resting,
 * or held by requests that return them when their legs are done. A request first tries to get its
 * chunks without waiting, from the idle ones or the system. If that fails, it waits in an ordered
 * workqueue, so that only one request at a time collects pages while it holds some; newer requests
 * get no pages until it has been served, unless they leave more than it can need. Hence it always
 * gets them. Longer requests never wait, and leave the reserve alone.
 *
 * Pages return to the pool, not to the system: kernels that zero pages on allocation would
 * otherwise make each request pay for a second pass over its data. Every 0.4 s, pages that have
 * not been needed since the last look are freed, down to the reserve; a pool that was idle for a
 * second holds no more than that. The pages in use have a limit, because not every leg limits how
 * many requests it takes.
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
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/mm.h>

#include "pool.h"

#define REGION_PAGES ((unsigned int)(SZ_1M >> PAGE_SHIFT))
/* One request of BLKV_REGION_SECTORS: its data, and the page that its bvecs are in. */
#define RESERVE_DATA REGION_PAGES
#define RESERVE_VECS 1U
#define MAX_VECS (PAGE_SIZE / sizeof(struct bio_vec))
#define TRIM_INTERVAL (2 * HZ / 5)
/*
 * Suspect pages rest for one to two intervals, or less once they exceed a quarter of the limit of
 * the pool: a leg that fails every request must not make all requests wait for memory.
 */
#define SUSPECT_INTERVAL (30 * HZ)
#define SUSPECT_FRACTION 4
/*
 * The pools of a target may own 2 % of the memory, as dm-crypt, or enough for a few requests;
 * beyond that, requests wait.
 */
#define LIMIT_FRACTION 100
#define LIMIT_LEAST ((unsigned long)(SZ_32M >> PAGE_SHIFT))

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

static unsigned int chunk_order(struct page *chunk)
{
	return folio_order(page_folio(chunk));
}

static void chunk_mark(const struct blkv_pool *pool, struct page *chunk)
{
	unsigned int i;

	for (i = 0; i < 1U << chunk_order(chunk); i++)
		page_mark(pool, chunk + i);
}

/*
 * The request that a chunk was used for last: the sector of the first byte of the chunk,
 * extrapolated if the data begin later, and whether it was a write. On 32-bit kernels, only the low
 * 31 bits of the sector are kept.
 */
static void chunk_set_origin(struct page *chunk, s64 sector, bool written)
{
	set_page_private(chunk, (unsigned long)sector << 1 | written);
}

static sector_t chunk_origin(struct page *chunk, unsigned int nr_sectors, bool *written)
{
	s64 sector = ((long)page_private(chunk) >> 1) + nr_sectors;

	*written = page_private(chunk) & 1;
	return max(sector, 0);
}

/* Before a page is used again or freed: if a mark has changed, record that as late data. */
static void page_check(struct blkv_pool *pool, struct page *page)
{
	unsigned int word = page_find_change(pool, page);
	struct page *chunk = compound_head(page);
	struct blkv_late late;
	unsigned long flags;

	if (likely(word >= PAGE_WORDS))
		return;
	late.sector = chunk_origin(chunk, (page - chunk) * PAGE_SECTORS + word / SECTOR_WORDS,
				   &late.written);
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

static void chunk_check(struct blkv_pool *pool, struct page *chunk)
{
	unsigned int i;

	for (i = 0; i < 1U << chunk_order(chunk); i++)
		page_check(pool, chunk + i);
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

static unsigned int pages_for_vecs(unsigned int nr_vecs)
{
	BUILD_BUG_ON(REGION_PAGES > MAX_VECS);
	return nr_vecs > BLKV_INLINE_VECS;
}

static void idle_init(struct blkv_idle *idle)
{
	INIT_LIST_HEAD(&idle->pages);
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

static void idle_add(struct blkv_pool *pool, struct page *chunk)
{
	struct blkv_idle *idle = &pool->data[chunk_order(chunk)];

	lockdep_assert_held(&pool->lock);
	list_move(&chunk->lru, &idle->pages);
	idle->nr++;
}

/* Let the chunk that has rested for the longest time become idle. */
static void resting_pop(struct blkv_pool *pool)
{
	struct page *chunk = list_first_entry(&pool->resting, struct page, lru);

	lockdep_assert_held(&pool->lock);
	pool->nr_resting -= 1U << chunk_order(chunk);
	idle_add(pool, chunk);
}

/* All pages of a pool come from here. */
VISIBLE_IF_KUNIT struct page *blkv_pages_alloc(unsigned int order, gfp_t gfp)
{
	KUNIT_STATIC_STUB_REDIRECT(blkv_pages_alloc, order, gfp);
	gfp |= __GFP_NOMEMALLOC | __GFP_NOWARN;
	/* Compound, as the caller's: each page of it may be referenced. */
	if (order)
		gfp |= __GFP_COMP | __GFP_NORETRY;
	return alloc_pages(gfp, order);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_pages_alloc);

/* Allocate up to @nr pages, to the tail of @pages; returns how many. */
static unsigned int alloc_new_pages(struct list_head *pages, unsigned int nr, gfp_t gfp)
{
	unsigned int taken;

	for (taken = 0; taken < nr; taken++) {
		struct page *page = blkv_pages_alloc(0, gfp);

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

static unsigned long pool_owned(const struct blkv_pool *pool)
{
	unsigned long owned = pool->vecs.nr_owned;
	unsigned int order;

	for (order = 0; order < BLKV_ORDERS; order++)
		owned += pool->data[order].nr_owned << order;
	return owned;
}

/*
 * May the pool allocate @nr more pages? Returns how many, and counts them as promised, until the
 * caller knows how many it got.
 */
static unsigned int pool_promise(struct blkv_pool *pool, unsigned int nr)
{
	unsigned int promised = 0;
	unsigned long total;

	lockdep_assert_held(&pool->lock);
	if (!nr)
		return 0;
	total = pool_owned(pool) + pool->nr_promised;
	if (total < pool->limit)
		promised = min_t(unsigned long, nr, pool->limit - total);
	pool->nr_promised += promised;
	return promised;
}

static void free_page_list(struct list_head *pages)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, pages, lru) {
		list_del(&page->lru);
		set_page_private(page, 0);
		__free_pages(page, chunk_order(page));
	}
}

/* Check the marks of chunks, and free them. */
static void free_checked_pages(struct blkv_pool *pool, struct list_head *pages)
{
	struct page *page;

	list_for_each_entry(page, pages, lru)
		chunk_check(pool, page);
	free_page_list(pages);
}

/* Are there more idle pages than the reserve needs, so that a trim is due? */
static bool pool_has_surplus(const struct blkv_pool *pool)
{
	unsigned int order;

	lockdep_assert_held(&pool->lock);
	if (pool->data[0].nr > RESERVE_DATA || pool->vecs.nr > RESERVE_VECS)
		return true;
	for (order = 1; order < BLKV_ORDERS; order++)
		if (pool->data[order].nr)
			return true;
	return false;
}

/* Chunks that return to the pool, or that a request collects. */
struct returned {
	struct list_head pages; /* single pages, in order */
	unsigned int nr_pages;
	struct list_head chunks; /* larger chunks */
	struct list_head vecs;
	unsigned int nr_vecs;
};

static void returned_init(struct returned *returned)
{
	INIT_LIST_HEAD(&returned->pages);
	INIT_LIST_HEAD(&returned->chunks);
	INIT_LIST_HEAD(&returned->vecs);
	returned->nr_pages = 0;
	returned->nr_vecs = 0;
}

/* Add a data chunk in front of the others. */
static void returned_add_page(struct returned *returned, struct page *page)
{
	list_add(&page->lru, &returned->pages);
	returned->nr_pages++;
}

static void returned_add(struct returned *returned, struct page *chunk)
{
	if (chunk_order(chunk))
		list_add(&chunk->lru, &returned->chunks);
	else
		returned_add_page(returned, chunk);
}

/* Return chunks, which are marked, to the quarantine if there is one, else to the idle ones. */
static void pool_give_back(struct blkv_pool *pool, struct returned *returned)
{
	struct page *chunk, *next;
	unsigned long flags;
	bool surplus = !list_empty(&returned->chunks), waiters;

	spin_lock_irqsave(&pool->lock, flags);
	if (pool->quarantine) {
		pool->nr_resting += returned->nr_pages;
		list_for_each_entry(chunk, &returned->chunks, lru)
			pool->nr_resting += 1U << chunk_order(chunk);
		list_splice_tail(&returned->pages, &pool->resting);
		list_splice_tail(&returned->chunks, &pool->resting);
		while (pool->nr_resting > pool->quarantine)
			resting_pop(pool);
	} else {
		list_splice(&returned->pages, &pool->data[0].pages);
		pool->data[0].nr += returned->nr_pages;
		list_for_each_entry_safe(chunk, next, &returned->chunks, lru)
			idle_add(pool, chunk);
	}
	list_splice(&returned->vecs, &pool->vecs.pages);
	pool->vecs.nr += returned->nr_vecs;
	surplus |= pool->data[0].nr > RESERVE_DATA || pool->vecs.nr > RESERVE_VECS;
	/* Pairs with the lock in memory_take(): a waiter not seen here sees these pages. */
	waiters = pool->waiters;
	spin_unlock_irqrestore(&pool->lock, flags);

	if (waiters)
		wake_up(&pool->wait);
	if (surplus && !delayed_work_pending(&pool->trim))
		schedule_delayed_work(&pool->trim, TRIM_INTERVAL);
}

/* Put aside chunks that a leg may still write to. */
static void pool_suspect(struct blkv_pool *pool, struct returned *returned)
{
	struct page *chunk;
	unsigned long flags;
	bool many;

	spin_lock_irqsave(&pool->lock, flags);
	pool->nr_suspects += returned->nr_pages;
	list_for_each_entry(chunk, &returned->chunks, lru)
		pool->nr_suspects += 1U << chunk_order(chunk);
	list_splice_tail_init(&returned->pages, &pool->suspects[0]);
	list_splice_tail_init(&returned->chunks, &pool->suspects[0]);
	returned->nr_pages = 0;
	many = pool->nr_suspects > pool->limit / SUSPECT_FRACTION;
	spin_unlock_irqrestore(&pool->lock, flags);
	if (many)
		cancel_delayed_work(&pool->release);
	schedule_delayed_work(&pool->release, many ? 0 : SUSPECT_INTERVAL);
}

/*
 * Return chunks that were already suspect at the previous call to the system, except for the pages
 * that the reserve needs, which become idle. Returns whether there are other suspect ones. Process
 * context.
 */
static bool suspects_release(struct blkv_pool *pool)
{
	struct returned kept;
	struct page *chunk, *next;
	LIST_HEAD(rested);
	bool again;

	returned_init(&kept);
	spin_lock_irq(&pool->lock);
	list_splice_init(&pool->suspects[1], &rested);
	list_splice_init(&pool->suspects[0], &pool->suspects[1]);
	list_for_each_entry_safe(chunk, next, &rested, lru) {
		unsigned int order = chunk_order(chunk);

		pool->nr_suspects -= 1U << order;
		if (order || pool->data[0].nr_owned > pool->reserve + pool->nr_spare) {
			pool->data[order].nr_owned--;
		} else {
			list_move_tail(&chunk->lru, &kept.pages);
			kept.nr_pages++;
		}
	}
	again = pool->nr_suspects;
	spin_unlock_irq(&pool->lock);

	free_checked_pages(pool, &rested);
	pool_give_back(pool, &kept);
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
	unsigned int order;
	bool again;

	spin_lock_irq(&pool->lock);
	for (order = 0; order < BLKV_ORDERS; order++)
		idle_trim(&pool->data[order], order ? 0 : RESERVE_DATA, &data);
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
 * @kept: private memory of BLKV_REGION_SECTORS, which the caller keeps; returned with
 *	blkv_memory_put(). Or NULL.
 *
 * Context: Process; sleeps.
 * Return: 0 or -ENOMEM; blkv_pool_exit() is due in both cases.
 */
int blkv_pool_init(struct blkv_pool *pool, u64 mark, unsigned int quarantine_mib,
		   work_func_t late, struct blkv_memory *kept)
{
	unsigned int times = kept ? 2 : 1, order;
	struct page *page;

	spin_lock_init(&pool->lock);
	init_waitqueue_head(&pool->wait);
	INIT_DELAYED_WORK(&pool->trim, pool_trim);
	INIT_DELAYED_WORK(&pool->release, pool_release_suspects);
	INIT_WORK(&pool->late_work, late);
	for (order = 0; order < BLKV_ORDERS; order++)
		idle_init(&pool->data[order]);
	idle_init(&pool->vecs);
	INIT_LIST_HEAD(&pool->resting);
	INIT_LIST_HEAD(&pool->suspects[0]);
	INIT_LIST_HEAD(&pool->suspects[1]);
	pool->mark = mark;
	pool->quarantine = (u64)quarantine_mib * SZ_1M >> PAGE_SHIFT;
	pool->reserve = times * RESERVE_DATA;
	pool->limit = max(LIMIT_LEAST, totalram_pages() / LIMIT_FRACTION) + pool->quarantine;

	idle_fill(&pool->data[0], times * RESERVE_DATA);
	idle_fill(&pool->vecs, times * RESERVE_VECS);
	list_for_each_entry(page, &pool->data[0].pages, lru)
		page_mark(pool, page);
	if (pool->data[0].nr < times * RESERVE_DATA || pool->vecs.nr < times * RESERVE_VECS)
		return -ENOMEM;

	return !kept || blkv_memory_get(pool, kept, BLKV_REGION_SECTORS, NULL) ? 0 : -ENOMEM;
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
	unsigned int order;

	if (!pool->reserve)
		return;
	/* It schedules the trim. */
	cancel_delayed_work_sync(&pool->release);
	cancel_delayed_work_sync(&pool->trim);
	cancel_work_sync(&pool->late_work);
	for (order = 0; order < BLKV_ORDERS; order++)
		free_page_list(&pool->data[order].pages);
	free_page_list(&pool->vecs.pages);
	free_page_list(&pool->resting);
	free_page_list(&pool->suspects[0]);
	free_page_list(&pool->suspects[1]);
	memset(pool, 0, sizeof(*pool));
}
EXPORT_SYMBOL_IF_KUNIT(blkv_pool_exit);

/* ---- whole pages -------------------------------------------------------------------------- */

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

static void memory_set_up(struct blkv_memory *memory, struct list_head *vecs)
{
	struct page *page = list_first_entry_or_null(vecs, struct page, lru);

	memory->vecs = memory->inline_vecs;
	if (page) {
		list_del(&page->lru);
		memory->vecs = page_address(page);
	}
	memory->nr_vecs = 0;
	memory->skip_vecs = 0;
	memory->skip_bytes = 0;
	memory->lead = 0;
	memory->nr_spare = 0;
	memory->shaped = false;
	memory->reshaped = false;
}

static bool has_vecs_page(const struct blkv_memory *memory)
{
	return memory->vecs != memory->inline_vecs;
}

/*
 * Build private memory from exactly the pages that it needs. All of it is marked afterwards. If it
 * is to be like a caller's, no page follows the previous one, so that they do not coalesce: of two
 * that do, the second comes first.
 */
static void memory_fill(struct blkv_pool *pool, struct blkv_memory *memory,
			struct collected *collected, bool apart)
{
	struct page *page, *next;

	memory_set_up(memory, &collected->vecs);
	list_for_each_entry(page, &collected->used, lru)
		page_check(pool, page);
	list_for_each_entry(page, &collected->fresh, lru)
		page_mark(pool, page);
	list_splice_tail(&collected->fresh, &collected->used);
	list_for_each_entry_safe(page, next, &collected->used, lru) {
		struct bio_vec *vec = &memory->vecs[memory->nr_vecs++];

		list_del(&page->lru);
		if (apart && vec > memory->vecs && vec[-1].bv_page + 1 == page)
			swap(vec[-1].bv_page, page);
		bvec_set_page(vec, page, PAGE_SIZE, 0);
	}
}

/* Return collected pages: @nr_data for data, and @nr_vecs for bvecs. */
static void collected_return(struct blkv_pool *pool, struct collected *collected,
			     unsigned int nr_data, unsigned int nr_vecs)
{
	struct returned returned;
	struct page *page;

	if (!nr_data && !nr_vecs)
		return;
	list_for_each_entry(page, &collected->fresh, lru)
		page_mark(pool, page);
	returned_init(&returned);
	list_splice(&collected->fresh, &returned.pages);
	list_splice(&collected->used, &returned.pages);
	returned.nr_pages = nr_data;
	list_splice(&collected->vecs, &returned.vecs);
	returned.nr_vecs = nr_vecs;
	pool_give_back(pool, &returned);
}

static bool memory_take(struct blkv_pool *pool, struct blkv_memory *memory,
			unsigned int nr_sectors, bool will_wait, bool apart)
{
	unsigned int nr_pages = pages_for_data(nr_sectors), nr_vecs = pages_for_vecs(nr_pages);
	unsigned int data = 0, vecs = 0, new_data = 0, new_vecs = 0, promised = 0;
	struct collected collected;
	unsigned long flags;
	bool done;

	collected_init(&collected);
	spin_lock_irqsave(&pool->lock, flags);
	if (!pool->waiters || (pool->data[0].nr >= RESERVE_DATA + nr_pages &&
			       pool->vecs.nr >= RESERVE_VECS + nr_vecs)) {
		data = idle_take(&pool->data[0], &collected.used, nr_pages);
		vecs = idle_take(&pool->vecs, &collected.vecs, nr_vecs);
		promised = pool_promise(pool, nr_pages - data + nr_vecs - vecs);
	}
	spin_unlock_irqrestore(&pool->lock, flags);

	if (data + vecs + promised == nr_pages + nr_vecs) {
		new_data = alloc_new_pages(&collected.fresh, nr_pages - data, GFP_NOWAIT);
		new_vecs = alloc_new_pages(&collected.vecs, nr_vecs - vecs, GFP_NOWAIT);
	}
	done = data + new_data == nr_pages && vecs + new_vecs == nr_vecs;
	if (promised || !done) {
		spin_lock_irqsave(&pool->lock, flags);
		/* Count the waiter before the pages go back, so that no newer request gets them. */
		pool->waiters += !done && will_wait;
		pool->nr_promised -= promised;
		pool->data[0].nr_owned += new_data;
		pool->vecs.nr_owned += new_vecs;
		spin_unlock_irqrestore(&pool->lock, flags);
	}
	if (done)
		memory_fill(pool, memory, &collected, apart);
	else
		collected_return(pool, &collected, data + new_data, vecs + new_vecs);
	return done;
}

/* Whole pages stand in for memory of a caller: the last one is as long as the caller's. */
static void memory_imitate(struct blkv_memory *memory, unsigned int nr_sectors, bool plain)
{
	struct bio_vec *last = &memory->vecs[memory->nr_vecs - 1];

	last->bv_len = (nr_sectors << SECTOR_SHIFT) - (memory->nr_vecs - 1) * PAGE_SIZE;
	memory->reshaped = !plain;
}

/* ---- chunks of a certain shape ------------------------------------------------------------ */

/**
 * struct supply - where a request gets its chunks from
 * @chunks: chunks that the plan needs, and that are marked, by order
 * @vecs: the page for bvecs, if one is needed
 * @allowed: number of pages that may still be allocated
 * @nr_new: number of chunks that were allocated, by order
 * @nr_new_vecs: and of pages for bvecs
 */
struct supply {
	struct list_head chunks[BLKV_ORDERS];
	struct list_head vecs;
	unsigned int allowed;
	unsigned int nr_new[BLKV_ORDERS];
	unsigned int nr_new_vecs;
};

static void supply_init(struct supply *supply, unsigned int max_order)
{
	unsigned int order;

	for (order = 0; order <= max_order; order++) {
		INIT_LIST_HEAD(&supply->chunks[order]);
		supply->nr_new[order] = 0;
	}
	INIT_LIST_HEAD(&supply->vecs);
	supply->nr_new_vecs = 0;
}

static struct page *supply_alloc(struct blkv_pool *pool, struct supply *supply, unsigned int order)
{
	struct page *chunk;

	if (supply->allowed < 1U << order)
		return NULL;
	chunk = blkv_pages_alloc(order, GFP_NOWAIT);
	if (!chunk)
		return NULL;
	supply->allowed -= 1U << order;
	supply->nr_new[order]++;
	chunk_mark(pool, chunk);
	return chunk;
}

/* Allocate what the pool did not have: @missing chunks of each order, and pages for bvecs. */
static void supply_fill(struct blkv_pool *pool, struct supply *supply, const unsigned int *missing,
			unsigned int max_order, unsigned int missing_vecs)
{
	struct page *chunk;
	unsigned int order, nr;

	if (missing_vecs && supply->allowed) {
		supply->nr_new_vecs = alloc_new_pages(&supply->vecs, 1, GFP_NOWAIT);
		supply->allowed--;
	}
	for (order = 0; order <= max_order; order++)
		for (nr = missing[order]; nr; nr--) {
			chunk = supply_alloc(pool, supply, order);
			if (!chunk)
				break;
			list_add_tail(&chunk->lru, &supply->chunks[order]);
		}
}

/*
 * Take a chunk, preferably one that neither begins at @end, where the previous one ends, nor is
 * followed by the next: what is not contiguous in the caller's memory should not be so in ours.
 */
static struct page *supply_take(struct blkv_pool *pool, struct supply *supply, unsigned int order,
				const struct page *end)
{
	struct list_head *chunks = &supply->chunks[order];
	struct page *chunk, *next;

	if (list_empty(chunks))
		return supply_alloc(pool, supply, order);
	chunk = list_first_entry(chunks, struct page, lru);
	if (!list_is_singular(chunks)) {
		next = list_next_entry(chunk, lru);
		if (chunk == end || chunk + (1U << order) == next)
			chunk = next;
	}
	list_del(&chunk->lru);
	return chunk;
}

/* The same, or else a smaller one. */
static struct page *supply_take_up_to(struct blkv_pool *pool, struct supply *supply,
				      unsigned int *order, const struct page *end)
{
	for (;; --*order) {
		struct page *chunk = supply_take(pool, supply, *order, end);

		if (chunk || !*order)
			return chunk;
	}
}

/*
 * Build private memory of a certain shape. Returns false if the supply is not sufficient; then the
 * memory is incomplete.
 */
static bool memory_shape(struct blkv_pool *pool, struct blkv_memory *memory,
			 const struct blkv_shape *shape, struct supply *supply)
{
	size_t run = 0, offset = 0, at = 0, end = 0;
	struct blkv_shape rest = *shape;
	unsigned int max_vecs, i;
	struct page *chunk = NULL, *after = NULL;

	memory_set_up(memory, &supply->vecs);
	max_vecs = has_vecs_page(memory) ? MAX_VECS : BLKV_INLINE_VECS;
	while (rest.iter.bi_size) {
		struct bio_vec vec = mp_bvec_iter_bvec(rest.vecs, rest.iter);
		size_t len;

		if (memory->nr_vecs == max_vecs)
			return false;
		if (!run) {
			run = blkv_shape_run(&rest);
			offset = offset_in_page(vec.bv_offset);
			after = chunk ? chunk + PFN_UP(end) : NULL;
			at = end;
		}
		if (at == end) {
			unsigned int wanted = get_order(offset + run), order;

			order = min_t(unsigned int, wanted, BLKV_MAX_ORDER);
			chunk = supply_take_up_to(pool, supply, &order, after);
			if (!chunk)
				return false;
			memory->reshaped |= order < wanted;
			at = offset;
			end = min(offset + run, PAGE_SIZE << order);
			offset = 0;
			after = NULL;
			for (i = 0; i < PFN_UP(end); i++)
				page_check(pool, chunk + i);
		}
		len = min_t(size_t, vec.bv_len, end - at);
		bvec_set_page(&memory->vecs[memory->nr_vecs++], chunk + (at >> PAGE_SHIFT), len,
			      offset_in_page(at));
		at += len;
		run -= len;
		bvec_iter_advance_single(rest.vecs, &rest.iter, len);
	}
	return true;
}

/* The chunk that a segment is in, if no earlier segment is in the same one. */
static struct page *vec_chunk(const struct blkv_memory *memory, unsigned int n)
{
	struct page *chunk = compound_head(memory->vecs[n].bv_page);

	return n && compound_head(memory->vecs[n - 1].bv_page) == chunk ? NULL : chunk;
}

static void memory_return_vecs_page(struct blkv_memory *memory, struct returned *returned)
{
	if (has_vecs_page(memory)) {
		list_add(&virt_to_page(memory->vecs)->lru, &returned->vecs);
		returned->nr_vecs++;
	}
	memory->nr_vecs = 0;
}

/* Return all chunks, used or not, of memory that could not be built. */
static void supply_return(struct blkv_pool *pool, struct supply *supply, unsigned int max_order,
			  struct blkv_memory *memory)
{
	struct returned returned;
	struct page *chunk, *next;
	unsigned int order, i;

	returned_init(&returned);
	for (order = 0; order <= max_order; order++)
		list_for_each_entry_safe(chunk, next, &supply->chunks[order], lru) {
			list_del(&chunk->lru);
			returned_add(&returned, chunk);
		}
	for (i = memory->nr_vecs; i--;) {
		chunk = vec_chunk(memory, i);
		if (chunk)
			returned_add(&returned, chunk);
	}
	memory_return_vecs_page(memory, &returned);
	pool_give_back(pool, &returned);
}

/* Count the single pages of a long request: the reserve must be there without them. */
static void pool_count_spare(struct blkv_pool *pool, struct blkv_memory *memory)
{
	struct page *chunk;
	unsigned long flags;
	unsigned int i;

	for (i = 0; i < memory->nr_vecs; i++) {
		chunk = vec_chunk(memory, i);
		memory->nr_spare += chunk && !chunk_order(chunk);
	}
	spin_lock_irqsave(&pool->lock, flags);
	pool->nr_spare += memory->nr_spare;
	spin_unlock_irqrestore(&pool->lock, flags);
}

/* If it is @spare, leave the reserve to others. */
static bool memory_take_planned(struct blkv_pool *pool, struct blkv_memory *memory,
				const struct blkv_shape *shape, const struct blkv_plan *plan,
				bool spare)
{
	unsigned int nr_vecs = plan->nr_vecs > BLKV_INLINE_VECS || plan->max_order;
	unsigned int order, promised, missing_vecs = nr_vecs, nr_missing;
	unsigned int missing[BLKV_ORDERS];
	struct supply supply;
	unsigned long flags;
	bool rich, done;

	if (plan->nr_vecs > MAX_VECS)
		return false;
	supply_init(&supply, plan->max_order);
	spin_lock_irqsave(&pool->lock, flags);
	rich = pool->data[0].nr >= RESERVE_DATA + plan->nr[0] &&
	       pool->vecs.nr >= RESERVE_VECS + nr_vecs;
	if (pool->waiters && !rich) {
		spin_unlock_irqrestore(&pool->lock, flags);
		return false;
	}
	if (rich || !spare)
		missing_vecs -= idle_take(&pool->vecs, &supply.vecs, nr_vecs);
	nr_missing = missing_vecs;
	for (order = 0; order <= plan->max_order; order++) {
		missing[order] = plan->nr[order];
		if (order || rich || !spare)
			missing[order] -= idle_take(&pool->data[order], &supply.chunks[order],
						    missing[order]);
		nr_missing += missing[order] << order;
	}
	promised = pool_promise(pool, nr_missing);
	spin_unlock_irqrestore(&pool->lock, flags);

	/* The rest of what the pool may own may be idle chunks of other orders. */
	if (promised < nr_missing)
		mod_delayed_work(system_wq, &pool->trim, 0);
	supply.allowed = promised;
	if (promised)
		supply_fill(pool, &supply, missing, plan->max_order, missing_vecs);
	done = memory_shape(pool, memory, shape, &supply);
	if (promised) {
		spin_lock_irqsave(&pool->lock, flags);
		pool->nr_promised -= promised;
		for (order = 0; order <= plan->max_order; order++)
			pool->data[order].nr_owned += supply.nr_new[order];
		pool->vecs.nr_owned += supply.nr_new_vecs;
		spin_unlock_irqrestore(&pool->lock, flags);
	}
	if (done && spare)
		pool_count_spare(pool, memory);
	if (!done)
		supply_return(pool, &supply, plan->max_order, memory);
	return done;
}

static bool memory_take_shaped(struct blkv_pool *pool, struct blkv_memory *memory,
			       const struct blkv_shape *shape, bool spare)
{
	struct blkv_shape whole = *shape;
	unsigned int lead = blkv_shape_lead(&whole);
	struct bvec_iter skip = { .bi_size = whole.iter.bi_size };
	struct blkv_plan plan;

	blkv_shape_plan(&whole, &plan);
	if (!memory_take_planned(pool, memory, &whole, &plan, spare))
		return false;
	/* The lead may be a segment of its own. */
	bvec_iter_advance(memory->vecs, &skip, lead);
	memory->skip_vecs = skip.bi_idx;
	memory->skip_bytes = skip.bi_offset;
	memory->lead = lead;
	memory->shaped = true;
	return true;
}

/* ---- getting and returning memory --------------------------------------------------------- */

/**
 * blkv_pool_check() - check all memory that is not in use for late data
 * @pool: the pool; no request is in flight
 *
 * Context: Process; sleeps until the findings have been handled.
 */
void blkv_pool_check(struct blkv_pool *pool)
{
	struct page *chunk, *next;
	struct returned returned;
	LIST_HEAD(suspects);
	unsigned int order;

	returned_init(&returned);
	spin_lock_irq(&pool->lock);
	returned.nr_pages = idle_take(&pool->data[0], &returned.pages, UINT_MAX);
	for (order = 1; order < BLKV_ORDERS; order++)
		idle_take(&pool->data[order], &returned.chunks, UINT_MAX);
	list_for_each_entry_safe_reverse(chunk, next, &pool->resting, lru) {
		list_del(&chunk->lru);
		returned_add(&returned, chunk);
	}
	pool->nr_resting = 0;
	list_splice_init(&pool->suspects[1], &suspects);
	list_splice_init(&pool->suspects[0], &suspects);
	spin_unlock_irq(&pool->lock);

	list_for_each_entry(chunk, &returned.pages, lru)
		chunk_check(pool, chunk);
	list_for_each_entry(chunk, &returned.chunks, lru)
		chunk_check(pool, chunk);
	list_for_each_entry(chunk, &suspects, lru)
		chunk_check(pool, chunk);

	spin_lock_irq(&pool->lock);
	list_splice_tail(&suspects, &pool->suspects[0]);
	spin_unlock_irq(&pool->lock);
	pool_give_back(pool, &returned);
	flush_work(&pool->late_work);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_pool_check);

/**
 * blkv_memory_get() - get private memory without waiting
 * @pool: the pool
 * @memory: set up here, and marked
 * @nr_sectors: at most BLKV_REGION_SECTORS
 * @shape: the shape that the memory should have, or NULL for whole pages
 *
 * If this fails, blkv_memory_wait() is due for the same memory; until then it fails for others,
 * too, unless enough is idle for both.
 *
 * Context: Any.
 * Return: true if @memory is set up.
 */
bool blkv_memory_get(struct blkv_pool *pool, struct blkv_memory *memory, unsigned int nr_sectors,
		     const struct blkv_shape *shape)
{
	bool plain = !shape || blkv_shape_is_plain(shape);

	if (!plain && memory_take_shaped(pool, memory, shape, false))
		return true;
	if (!memory_take(pool, memory, nr_sectors, true, shape))
		return false;
	if (shape)
		memory_imitate(memory, nr_sectors, plain);
	return true;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_memory_get);

/**
 * blkv_memory_get_long() - get private memory of any length without waiting, or do without it
 * @pool: the pool
 * @memory: set up here, and marked
 * @shape: the shape that the memory should have
 *
 * Leaves enough for a request of BLKV_REGION_SECTORS in the pool, so the owner of the memory may
 * wait for others, which may wait for memory. A failure does not oblige the caller to wait.
 *
 * Context: Any.
 * Return: true if @memory is set up.
 */
bool blkv_memory_get_long(struct blkv_pool *pool, struct blkv_memory *memory,
			  const struct blkv_shape *shape)
{
	return memory_take_shaped(pool, memory, shape, true);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_memory_get_long);

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
	return memory_take(pool, memory, nr_sectors, false, false);
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
	return (data && (READ_ONCE(pool->data[0].nr) || READ_ONCE(pool->nr_resting))) ||
	       (vecs && READ_ONCE(pool->vecs.nr));
}

/**
 * blkv_memory_wait() - get private memory, waiting for other requests to return theirs
 * @pool: the pool
 * @memory: set up here, and marked; blkv_memory_get() has failed for it, or blkv_pool_await() was
 *	called
 * @nr_sectors: at most BLKV_REGION_SECTORS
 * @shape: the shape that the memory should have, or NULL for whole pages
 *
 * The memory consists of whole pages, because only these are sure to return.
 *
 * Context: Process; sleeps. One caller at a time, from an ordered workqueue. No request that holds
 * pages may depend on that workqueue.
 */
void blkv_memory_wait(struct blkv_pool *pool, struct blkv_memory *memory, unsigned int nr_sectors,
		      const struct blkv_shape *shape)
{
	unsigned int data = pages_for_data(nr_sectors), vecs = pages_for_vecs(data);
	struct collected collected;

	collected_init(&collected);
	for (;;) {
		unsigned int promised = 0, taken = 0;

		spin_lock_irq(&pool->lock);
		while (data > pool->data[0].nr && pool->nr_resting)
			resting_pop(pool);
		data -= idle_take(&pool->data[0], &collected.used, data);
		vecs -= idle_take(&pool->vecs, &collected.vecs, vecs);
		if (!data && !vecs)
			pool->waiters--;
		else
			promised = pool_promise(pool, 1);
		spin_unlock_irq(&pool->lock);
		if (!data && !vecs)
			break;
		if (promised)
			taken = alloc_new_pages(data ? &collected.fresh : &collected.vecs, 1,
						GFP_NOIO | __GFP_NORETRY);
		spin_lock_irq(&pool->lock);
		pool->nr_promised -= promised;
		if (data)
			pool->data[0].nr_owned += taken;
		else
			pool->vecs.nr_owned += taken;
		spin_unlock_irq(&pool->lock);
		if (data)
			data -= taken;
		else
			vecs -= taken;
		if (taken)
			continue;
		/* All pages may be suspect. Release them, and try the system again. */
		if (!wait_event_timeout(pool->wait, pool_has_any(pool, data, vecs), HZ))
			suspects_release(pool);
	}
	memory_fill(pool, memory, &collected, shape);
	if (shape)
		memory_imitate(memory, nr_sectors, blkv_shape_is_plain(shape));
}
EXPORT_SYMBOL_IF_KUNIT(blkv_memory_wait);

/* Mark all pages that a segment touches. */
static void vec_mark(const struct blkv_pool *pool, const struct bio_vec *vec)
{
	unsigned int i, nr = PFN_UP(vec->bv_offset + vec->bv_len);

	for (i = 0; i < nr; i++)
		page_mark(pool, vec->bv_page + i);
}

/*
 * The sector that the first byte of a chunk would be in, relative to the request, if the data did
 * not begin later in the chunk: at @offset, with byte @at of the request. The marked word at the
 * end of the first 512 bytes decides, because the end of a sector may be elsewhere.
 */
static s64 chunk_first_sector(s64 at, size_t offset)
{
	s64 bytes = at - (s64)offset;

	return (bytes + SECTOR_SIZE - (s64)sizeof(u64)) >> SECTOR_SHIFT;
}

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
	struct returned returned;
	s64 at = -(s64)memory->lead;
	unsigned int i;

	if (!memory->nr_vecs)
		return;
	returned_init(&returned);
	for (i = 0; i < memory->nr_vecs; i++)
		at += memory->vecs[i].bv_len;
	/* Backwards: the last pages are still in the caches. */
	for (i = memory->nr_vecs; i--;) {
		struct bio_vec *vec = &memory->vecs[i];
		struct page *chunk = memory->shaped ? vec_chunk(memory, i) : vec->bv_page;
		size_t offset;

		at -= vec->bv_len;
		vec_mark(pool, vec);
		if (!chunk)
			continue;
		offset = ((vec->bv_page - chunk) << PAGE_SHIFT) + vec->bv_offset;
		chunk_set_origin(chunk, start + chunk_first_sector(at, offset),
				 flags & BLKV_WRITTEN);
		/* In the order in which they are taken. */
		if (memory->shaped)
			returned_add(&returned, chunk);
		else
			returned_add_page(&returned, chunk);
	}
	memory_return_vecs_page(memory, &returned);

	if (memory->nr_spare) {
		unsigned long irq;

		spin_lock_irqsave(&pool->lock, irq);
		pool->nr_spare -= memory->nr_spare;
		spin_unlock_irqrestore(&pool->lock, irq);
	}
	if (flags & BLKV_SUSPECT)
		pool_suspect(pool, &returned);
	if (!(flags & BLKV_SUSPECT) || returned.nr_vecs)
		pool_give_back(pool, &returned);
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

	for (i = 0; i < memory->nr_vecs; i++)
		vec_mark(pool, &memory->vecs[i]);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_memory_mark);

/*
 * Is the sector that @iter begins with still marked? Marks are at the end of each aligned 512 bytes
 * of a page, so that they are in the same places whatever the shape; a sector has one of them. If
 * the data are so misaligned that a sector has none that is whole, it counts as transferred.
 */
static bool sector_is_marked(const struct blkv_pool *pool, const struct bio_vec *vecs,
			     struct bvec_iter iter)
{
	unsigned int left = SECTOR_SIZE;

	while (left) {
		struct bio_vec vec = bvec_iter_bvec(vecs, iter);
		unsigned int len = min(left, vec.bv_len);
		unsigned int at = round_up(vec.bv_offset + sizeof(u64), SECTOR_SIZE) - sizeof(u64);

		if (at + sizeof(u64) <= vec.bv_offset + len) {
			u64 *words = page_address(vec.bv_page);
			unsigned int word = at / sizeof(u64);

			return READ_ONCE(words[word]) == mark_of(pool, vec.bv_page, word);
		}
		bvec_iter_advance_single(vecs, &iter, len);
		left -= len;
	}
	return false;
}

/**
 * blkv_memory_is_marked() - is a sector still marked?
 * @pool: where the memory came from
 * @memory: the memory
 * @n: which sector
 *
 * Context: Any.
 * Return: true if the leg has not transferred the sector, or not all of it.
 */
bool blkv_memory_is_marked(const struct blkv_pool *pool, const struct blkv_memory *memory,
			   unsigned int n)
{
	return sector_is_marked(pool, memory->vecs, blkv_memory_iter(memory, n, 1));
}
EXPORT_SYMBOL_IF_KUNIT(blkv_memory_is_marked);

/* How many sectors at the start of a segment of aligned sectors are not marked any more? */
static unsigned int vec_first_marked(const struct blkv_pool *pool, const struct bio_vec *vec)
{
	unsigned int word = (vec->bv_offset + SECTOR_SIZE) / sizeof(u64) - 1;
	u64 *at = (u64 *)page_address(vec->bv_page) + word;
	u64 mark = mark_of(pool, vec->bv_page, word);
	unsigned int n, nr = vec->bv_len >> SECTOR_SHIFT;

	for (n = 0; n < nr; n++, at += SECTOR_WORDS, mark += SECTOR_WORDS)
		if (READ_ONCE(*at) == mark)
			break;
	return n;
}

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
	struct bvec_iter iter = blkv_memory_iter(memory, 0, nr_sectors);
	unsigned int n = 0;

	while (iter.bi_size) {
		struct bio_vec vec = bvec_iter_bvec(memory->vecs, iter);

		/* Page by page: getting the address of one costs more than checking its marks. */
		if (IS_ALIGNED(vec.bv_offset | vec.bv_len, SECTOR_SIZE)) {
			unsigned int nr = vec_first_marked(pool, &vec);

			n += nr;
			if (nr < vec.bv_len >> SECTOR_SHIFT)
				break;
			bvec_iter_advance_single(memory->vecs, &iter, vec.bv_len);
		} else {
			if (sector_is_marked(pool, memory->vecs, iter))
				break;
			n++;
			bvec_iter_advance(memory->vecs, &iter, SECTOR_SIZE);
		}
	}
	return n;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_memory_first_marked);
