// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where private memory comes from: the buffers for reads of the test leg, and the copies of a write
 * for the legs.
 *
 * Private memory has the shape of the caller's, see src/shape.c: it consists of chunks, which are
 * one page each, or 2, 4, 8 ... contiguous pages. If there are not enough, or no more may be
 * allocated, a request gets whole pages, in any order: this always works, but the memory is
 * "reshaped". A request first tries to get its chunks without waiting, from the idle ones or the
 * system. If that fails, it waits in an ordered workqueue, see src/depot.c. Longer requests never
 * wait, and leave the reserve alone. Short requests are served from the magazine of their CPU, see
 * src/magazine.c, and write no memory of the pool that other CPUs use.
 *
 * A faulty leg may write to memory after it has completed the request. To contain and detect this:
 *
 *   - A target has one pool for the test leg's read buffers and another one for copies of writes.
 *     Pages never move between them: a page that the test leg has read into is never used for data
 *     sent to the raw leg, or for bvecs.
 *   - Memory is marked when it returns, and the marks are checked when it is used again: see
 *     src/marks.c and src/late.c.
 *   - With a quarantine, pages rest before they are used again. Pages of a request that a leg
 *     failed are suspect, and rest as well: see src/rest.c.
 *
 * Locks: none of its own. blkv_memory_wait() sleeps, nothing else does.
 */
#include <kunit/visibility.h>
#include <linux/blkdev.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/sizes.h>

#include "pool.h"
#include "supply.h"

/* Free what was not needed since the last trim. */
static void pool_trim(struct work_struct *work)
{
	struct blkv_pool *pool = container_of(work, struct blkv_pool, depot.trim.work);
	struct blkv_chunks unused;
	unsigned int cpu;
	bool more;

	for (cpu = 0; cpu < pool->magazines.nr; cpu++)
		do {
			blkv_chunks_init(&unused);
			more = blkv_magazine_trim(&pool->magazines, cpu, &unused);
			if (!blkv_chunks_are_empty(&unused))
				blkv_depot_free_surplus(&pool->depot, &unused);
		} while (more);
	if (blkv_depot_trim(&pool->depot))
		blkv_depot_schedule_trim(&pool->depot);
}

/* Return what is in the magazines to the depot, one at a time: its lock is not held for long. */
static void pool_empty_magazines(struct blkv_pool *pool)
{
	struct blkv_chunks chunks;
	unsigned int cpu;

	for (cpu = 0; cpu < pool->magazines.nr; cpu++) {
		blkv_chunks_init(&chunks);
		chunks.surplus = true;
		blkv_magazine_steal(&pool->magazines, cpu, &chunks);
		if (!blkv_chunks_are_empty(&chunks))
			blkv_depot_give_back(&pool->depot, &chunks);
	}
}

/**
 * blkv_pool_init() - make a pool with its reserve
 * @pool: zeroed
 * @mark: a random number that the marks are derived from
 * @quarantine_mib: how much memory rests before it is used again; 0 for none
 * @late: called in process context when blkv_lates_next() has findings
 * @kept: private memory of BLKV_REGION_SECTORS, which the caller keeps; returned with
 *	blkv_memory_put(). Or NULL.
 *
 * Context: Process; sleeps.
 * Return: 0 or -ENOMEM; blkv_pool_exit() is due in both cases.
 */
int blkv_pool_init(struct blkv_pool *pool, u64 mark, unsigned int quarantine_mib,
		   work_func_t late, struct blkv_memory *kept)
{
	unsigned int quarantine = (u64)quarantine_mib * SZ_1M >> PAGE_SHIFT;
	int r;

	/* What all CPUs read is in other cache lines than what the lock of the depot protects. */
	if (IS_ENABLED(CONFIG_SMP))
		BUILD_BUG_ON(offsetof(struct blkv_pool, depot.lock) % SMP_CACHE_BYTES);
	BUILD_BUG_ON(offsetof(struct blkv_pool, magazines) > offsetof(struct blkv_pool, depot));
	BUILD_BUG_ON(offsetof(struct blkv_depot, waiters) > offsetof(struct blkv_depot, lock));
	BUILD_BUG_ON(offsetof(struct blkv_depot, trim) > offsetof(struct blkv_depot, lock));
	pool->marks.base = mark;
	pool->marks.everywhere = quarantine;
	pool->local_pages = quarantine ? 0 : BLKV_MAGAZINE_PAGES;
	blkv_lates_init(&pool->late, &pool->marks, late);
	r = blkv_depot_init(&pool->depot, &pool->late, kept ? 2 : 1, quarantine, pool_trim);
	if (!r && pool->local_pages)
		r = blkv_magazines_init(&pool->magazines, nr_cpu_ids);
	if (r)
		return r;
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
	pool_empty_magazines(pool);
	blkv_depot_exit(&pool->depot);
	blkv_magazines_exit(&pool->magazines);
	if (pool->late.marks)
		cancel_work_sync(&pool->late.work);
	memset(pool, 0, sizeof(*pool));
}
EXPORT_SYMBOL_IF_KUNIT(blkv_pool_exit);

/**
 * blkv_pool_check() - check all memory that is not in use for late data
 * @pool: the pool; no request is in flight
 *
 * Context: Process; sleeps until the findings have been handled.
 */
void blkv_pool_check(struct blkv_pool *pool)
{
	pool_empty_magazines(pool);
	blkv_depot_check(&pool->depot);
	flush_work(&pool->late.work);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_pool_check);

/* ---- getting memory ----------------------------------------------------------------------- */

/* Begin to collect whole pages. */
static void supply_init_pages(struct blkv_supply *supply, struct blkv_pool *pool,
			      unsigned int nr_sectors)
{
	unsigned int nr = DIV_ROUND_UP(nr_sectors, PAGE_SECTORS);

	blkv_supply_init(supply, &pool->late, &nr, 0, nr > BLKV_INLINE_VECS);
}

/* Return chunks that were not used. */
static void supply_return(struct blkv_pool *pool, struct blkv_supply *supply)
{
	struct blkv_chunks chunks;

	blkv_chunks_init(&chunks);
	blkv_supply_pour(supply, &chunks);
	blkv_depot_give_back(&pool->depot, &chunks);
}

/* Return chunks of memory that could not be built. */
static void memory_abandon(struct blkv_pool *pool, struct blkv_memory *memory)
{
	struct blkv_chunks chunks;

	if (memory->nr_spare)
		blkv_depot_drop_spare(&pool->depot, memory->nr_spare);
	blkv_chunks_init(&chunks);
	blkv_memory_dissolve(memory, &chunks);
	blkv_depot_give_back(&pool->depot, &chunks);
}

/* Put chunks from a magazine back into this CPU's, unless a request waits for memory. */
static void pool_put_surplus(struct blkv_pool *pool, struct blkv_chunks *chunks)
{
	blkv_magazines_put(&pool->magazines, &pool->depot.waiters, chunks);
	if (!blkv_chunks_are_empty(chunks))
		blkv_depot_give_back(&pool->depot, chunks);
	blkv_depot_schedule_trim(&pool->depot);
}

/*
 * Get all chunks of a short request from the magazine of this CPU, which gets more of them if it
 * has not enough. Returns false if the depot has to be asked for all of them.
 */
static bool supply_draw_local(struct blkv_supply *supply, struct blkv_pool *pool)
{
	struct blkv_chunks extra;

	if (READ_ONCE(pool->depot.waiters))
		return false;
	supply->surplus = true;
	blkv_magazines_draw(&pool->magazines, supply);
	if (likely(!blkv_supply_missing(supply)))
		return true;
	blkv_chunks_init(&extra);
	if (blkv_depot_refill(&pool->depot, supply, &extra)) {
		if (supply->promised == blkv_supply_missing(supply))
			blkv_supply_fill(supply, GFP_NOWAIT);
		if (supply->promised)
			blkv_depot_settle(&pool->depot, supply, false);
		if (!blkv_chunks_are_empty(&extra))
			pool_put_surplus(pool, &extra);
	}
	if (!blkv_supply_missing(supply))
		return true;
	supply_return(pool, supply);
	return false;
}

/* The shortest requests take their page without a supply. */
static bool memory_take_page(struct blkv_pool *pool, struct blkv_memory *memory,
			     unsigned int nr_sectors)
{
	struct page *page;

	if (nr_sectors > PAGE_SECTORS || !pool->local_pages || READ_ONCE(pool->depot.waiters))
		return false;
	page = blkv_magazines_pop(&pool->magazines);
	if (page)
		blkv_memory_hold(memory, &pool->late, page);
	return page;
}

static noinline_for_stack bool memory_take_local(struct blkv_pool *pool,
						 struct blkv_memory *memory,
						 unsigned int nr_sectors, bool apart)
{
	struct blkv_supply supply;

	if (DIV_ROUND_UP(nr_sectors, PAGE_SECTORS) > pool->local_pages)
		return false;
	supply_init_pages(&supply, pool, nr_sectors);
	if (!supply_draw_local(&supply, pool))
		return false;
	blkv_memory_fill(memory, &supply, apart);
	return true;
}

static noinline_for_stack bool memory_take_depot(struct blkv_pool *pool,
						 struct blkv_memory *memory,
						 unsigned int nr_sectors, bool will_wait,
						 bool apart)
{
	struct blkv_supply supply;
	bool done;

	supply_init_pages(&supply, pool, nr_sectors);
	blkv_depot_draw(&pool->depot, &supply, false);
	/* All or nothing. */
	if (supply.promised && supply.promised == blkv_supply_missing(&supply))
		blkv_supply_fill(&supply, GFP_NOWAIT);
	done = !blkv_supply_missing(&supply);
	if (supply.promised || !done)
		blkv_depot_settle(&pool->depot, &supply, !done && will_wait);
	if (done)
		blkv_memory_fill(memory, &supply, apart);
	else
		supply_return(pool, &supply);
	return done;
}

/*
 * From the nearest place to the farthest. The last two are functions of their own because of the
 * stack: many kernels zero all of a function's variables whenever it is called.
 */
static bool memory_take(struct blkv_pool *pool, struct blkv_memory *memory,
			unsigned int nr_sectors, bool will_wait, bool apart)
{
	return likely(memory_take_page(pool, memory, nr_sectors)) ||
	       memory_take_local(pool, memory, nr_sectors, apart) ||
	       memory_take_depot(pool, memory, nr_sectors, will_wait, apart);
}

/* Build memory from a supply, or return the supply. */
static bool memory_build(struct blkv_pool *pool, struct blkv_memory *memory,
			 const struct blkv_shape *shape, struct blkv_supply *supply)
{
	bool done = blkv_memory_shape(memory, shape, supply);

	if (supply->promised)
		blkv_depot_settle(&pool->depot, supply, false);
	memory->nr_spare = supply->nr_spare;
	if (!done) {
		memory_abandon(pool, memory);
		supply_return(pool, supply);
	}
	return done;
}

/* If it is @spare, leave the reserve to others. */
static bool memory_take_planned(struct blkv_pool *pool, struct blkv_memory *memory,
				const struct blkv_shape *shape, const struct blkv_plan *plan,
				bool spare)
{
	struct blkv_supply supply;

	if (plan->nr_vecs > BLKV_MAX_VECS)
		return false;
	blkv_supply_init(&supply, &pool->late, plan->nr, plan->max_order,
			 plan->nr_vecs > BLKV_INLINE_VECS || plan->max_order);
	if (!blkv_depot_draw(&pool->depot, &supply, spare))
		return false;
	if (supply.promised)
		blkv_supply_fill(&supply, GFP_NOWAIT);
	return memory_build(pool, memory, shape, &supply);
}

static bool memory_take_planned_local(struct blkv_pool *pool, struct blkv_memory *memory,
				      const struct blkv_shape *shape, const struct blkv_plan *plan)
{
	unsigned int order, nr_pages = 0;
	struct blkv_supply supply;

	for (order = 0; order <= plan->max_order; order++)
		nr_pages += plan->nr[order] << order;
	if (nr_pages > pool->local_pages)
		return false;
	blkv_supply_init(&supply, &pool->late, plan->nr, plan->max_order,
			 plan->nr_vecs > BLKV_INLINE_VECS);
	if (!supply_draw_local(&supply, pool))
		return false;
	return memory_build(pool, memory, shape, &supply);
}

static bool memory_take_shaped(struct blkv_pool *pool, struct blkv_memory *memory,
			       const struct blkv_shape *shape, bool spare)
{
	struct blkv_shape whole = *shape;
	unsigned int lead = blkv_shape_lead(&whole);
	struct bvec_iter skip = { .bi_size = whole.iter.bi_size };
	struct blkv_plan plan;

	blkv_shape_plan(&whole, &plan);
	if (!(!spare && memory_take_planned_local(pool, memory, &whole, &plan)) &&
	    !memory_take_planned(pool, memory, &whole, &plan, spare))
		return false;
	/* The lead may be a segment of its own. */
	bvec_iter_advance(memory->vecs, &skip, lead);
	memory->skip_vecs = skip.bi_idx;
	memory->skip_bytes = skip.bi_offset;
	memory->lead = lead;
	return true;
}

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
		blkv_memory_imitate(memory, nr_sectors, plain);
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
	blkv_depot_await(&pool->depot);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_pool_await);

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
	struct blkv_supply supply;

	supply_init_pages(&supply, pool, nr_sectors);
	/* Others put nothing into a magazine while this one waits. */
	pool_empty_magazines(pool);
	while (!blkv_depot_collect(&pool->depot, &supply)) {
		unsigned int missing = blkv_supply_missing(&supply);

		if (supply.promised) {
			blkv_supply_fill(&supply, GFP_NOIO | __GFP_NORETRY);
			blkv_depot_settle(&pool->depot, &supply, false);
		}
		if (missing == blkv_supply_missing(&supply))
			blkv_depot_sleep(&pool->depot, &supply);
	}
	blkv_memory_fill(memory, &supply, shape);
	if (shape)
		blkv_memory_imitate(memory, nr_sectors, blkv_shape_is_plain(shape));
}
EXPORT_SYMBOL_IF_KUNIT(blkv_memory_wait);

/* ---- returning memory --------------------------------------------------------------------- */

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

/* Mark memory, and record which request it was used for. */
static void memory_sign(struct blkv_pool *pool, struct blkv_memory *memory, sector_t start,
			bool written)
{
	s64 at = -(s64)memory->lead;
	unsigned int i;

	for (i = 0; i < memory->nr_vecs; i++)
		at += memory->vecs[i].bv_len;
	/* Backwards: the last pages are still in the caches. */
	for (i = memory->nr_vecs; i--;) {
		struct bio_vec *vec = &memory->vecs[i];
		struct page *chunk = memory->shaped ? blkv_vec_chunk(memory, i) : vec->bv_page;
		size_t offset;

		at -= vec->bv_len;
		blkv_vec_mark(&pool->marks, vec);
		if (!chunk)
			continue;
		offset = ((vec->bv_page - chunk) << PAGE_SHIFT) + vec->bv_offset;
		blkv_chunk_set_origin(chunk, start + chunk_first_sector(at, offset), written);
	}
}

/* Return memory that memory_take_page() has taken, to the magazine of this CPU if it has room. */
static bool memory_put_page(struct blkv_pool *pool, struct blkv_memory *memory)
{
	if (memory->nr_vecs > 1 || memory->shaped || !memory->surplus ||
	    !blkv_magazines_push(&pool->magazines, &pool->depot.waiters, memory->vecs->bv_page))
		return false;
	memory->nr_vecs = 0;
	blkv_depot_schedule_trim(&pool->depot);
	return true;
}

/* Apart because of the stack, see memory_take(). */
static noinline_for_stack void memory_put_chunks(struct blkv_pool *pool,
						 struct blkv_memory *memory, bool suspect)
{
	struct blkv_chunks chunks;

	if (memory->nr_spare)
		blkv_depot_drop_spare(&pool->depot, memory->nr_spare);
	blkv_chunks_init(&chunks);
	blkv_memory_dissolve(memory, &chunks);
	if (suspect)
		blkv_depot_suspect(&pool->depot, &chunks);
	if (chunks.surplus)
		pool_put_surplus(pool, &chunks);
	else if (!suspect || chunks.nr_vecs)
		blkv_depot_give_back(&pool->depot, &chunks);
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
	if (!memory->nr_vecs)
		return;
	memory_sign(pool, memory, start, flags & BLKV_WRITTEN);
	if (!(flags & BLKV_SUSPECT) && memory_put_page(pool, memory))
		return;
	memory_put_chunks(pool, memory, flags & BLKV_SUSPECT);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_memory_put);
