// SPDX-License-Identifier: GPL-2.0-only
/*
 * Private memory that one CPU keeps at hand, so that healthy short requests on different CPUs share
 * no cache line of the pool.
 *
 * A request takes its chunks from the magazine of the CPU that it runs on, and returns them to that
 * of the CPU that it ends on. A magazine that runs empty gets a batch of chunks from the depot; one
 * that is full returns a batch. Batches are half of a magazine, so that a CPU which takes and
 * returns a few chunks in turn does not exchange them each time.
 *
 * Invariants; (P3), the limit, is in src/budget.c:
 *
 *   (P1) Magazines hold surplus only: chunks that the reserve does not need. The depot does not
 *        count them as its own, and keeps its reserve beside them: see src/depot.c. What was taken
 *        from a magazine returns to one, and what was taken from the depot returns to that.
 *   (P2) While a request waits for memory, nothing is put into a magazine, and the request takes
 *        everything out of all of them. Whether one waits is looked at with the lock of the
 *        magazine held: a chunk is put in before the waiter takes that lock, and is taken out, or
 *        after that, and then the waiter is seen.
 *   (P4) A pool has its own magazines: chunks of two pools are never mixed, nor are those for data
 *        and those for bvecs.
 *
 * The chunks are in arrays, and not linked: a batch touches no page that is not taken. The locks
 * are spinlocks for the sake of (P2); only their own CPU takes them while requests are healthy.
 *
 * Locks: blkv_magazine.lock, taken here, any context.
 */
#include <kunit/static_stub.h>
#include <kunit/visibility.h>
#include <linux/gfp.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/topology.h>

#include "magazine.h"

#if IS_ENABLED(CONFIG_KUNIT)
unsigned int blkv_magazine_cpu(void)
{
	KUNIT_STATIC_STUB_REDIRECT(blkv_magazine_cpu);
	return raw_smp_processor_id();
}
EXPORT_SYMBOL_IF_KUNIT(blkv_magazine_cpu);
#endif

/* Move up to @nr of the chunks that were returned last to the tail of @list; returns how many. */
static unsigned int magazine_take(struct blkv_magazine *magazine, unsigned int kind,
				  unsigned int nr, struct list_head *list)
{
	struct page **chunks = magazine->chunks[kind];
	unsigned int n = magazine->nr[kind], taken;

	lockdep_assert_held(&magazine->lock);
	for (taken = 0; taken < nr && n; taken++)
		list_add_tail(&chunks[--n]->lru, list);
	magazine->nr[kind] = n;
	magazine->low[kind] = min(magazine->low[kind], n);
	return taken;
}

static void chunks_add_kind(struct blkv_chunks *chunks, unsigned int kind, struct page *chunk)
{
	if (kind == BLKV_MAGAZINE_VECS)
		blkv_chunks_add_vecs(chunks, chunk);
	else
		blkv_chunks_add(chunks, chunk);
}

/* Move @nr of the chunks that have been there for the longest time to @chunks. */
static void magazine_drain(struct blkv_magazine *magazine, unsigned int kind, unsigned int nr,
			   struct blkv_chunks *chunks)
{
	struct page **first = magazine->chunks[kind];
	unsigned int i;

	lockdep_assert_held(&magazine->lock);
	for (i = 0; i < nr; i++)
		chunks_add_kind(chunks, kind, first[i]);
	magazine->nr[kind] -= nr;
	magazine->low[kind] = min(magazine->low[kind], magazine->nr[kind]);
	memmove(first, first + nr, magazine->nr[kind] * sizeof(*first));
}

/* Put chunks into a magazine, the first one last; from a full one, a batch is moved to @over. */
static void magazine_add(struct blkv_magazine *magazine, unsigned int kind,
			 struct list_head *list, struct blkv_chunks *over)
{
	struct page *chunk, *next;

	lockdep_assert_held(&magazine->lock);
	list_for_each_entry_safe_reverse(chunk, next, list, lru) {
		unsigned int to = kind == BLKV_MAGAZINE_VECS ? kind : blkv_chunk_order(chunk);

		list_del(&chunk->lru);
		if (magazine->nr[to] == blkv_magazine_most(to))
			magazine_drain(magazine, to, blkv_magazine_batch(to), over);
		magazine->chunks[to][magazine->nr[to]++] = chunk;
	}
}

/**
 * blkv_magazines_draw() - take chunks of a short request from the magazine of this CPU
 * @magazines: the magazines
 * @supply: gets what it misses, or a part of it
 *
 * Context: Any.
 */
void blkv_magazines_draw(struct blkv_magazines *magazines, struct blkv_supply *supply)
{
	struct blkv_magazine *magazine = magazines->cpu[blkv_magazine_cpu()];
	unsigned long flags;
	unsigned int order;

	spin_lock_irqsave(&magazine->lock, flags);
	for (order = 0; order <= supply->max_order; order++)
		supply->missing[order] -= magazine_take(magazine, order, supply->missing[order],
							&supply->chunks[order]);
	supply->missing_vecs -= magazine_take(magazine, BLKV_MAGAZINE_VECS, supply->missing_vecs,
					      &supply->vecs);
	spin_unlock_irqrestore(&magazine->lock, flags);
}

/**
 * blkv_magazines_put() - put chunks into the magazine of this CPU
 * @magazines: the magazines
 * @waiters: number of requests that wait for memory
 * @chunks: chunks that came from a magazine; afterwards, those that are for the depot
 *
 * Context: Any.
 */
void blkv_magazines_put(struct blkv_magazines *magazines, const unsigned int *waiters,
			struct blkv_chunks *chunks)
{
	struct blkv_magazine *magazine = magazines->cpu[blkv_magazine_cpu()];
	struct blkv_chunks over;
	unsigned long flags;

	blkv_chunks_init(&over);
	spin_lock_irqsave(&magazine->lock, flags);
	/* See (P2). */
	if (!READ_ONCE(*waiters)) {
		magazine_add(magazine, 0, &chunks->pages, &over);
		magazine_add(magazine, 0, &chunks->larger, &over);
		magazine_add(magazine, BLKV_MAGAZINE_VECS, &chunks->vecs, &over);
		chunks->nr_pages = 0;
		chunks->nr_vecs = 0;
	}
	spin_unlock_irqrestore(&magazine->lock, flags);
	blkv_chunks_move(&over, chunks);
}

/**
 * blkv_magazine_steal() - take everything out of a magazine
 * @magazines: the magazines
 * @cpu: which one
 * @chunks: gets the chunks
 *
 * Context: Any.
 */
void blkv_magazine_steal(struct blkv_magazines *magazines, unsigned int cpu,
			 struct blkv_chunks *chunks)
{
	struct blkv_magazine *magazine = magazines->cpu[cpu];
	unsigned long flags;
	unsigned int kind;

	if (!magazine)
		return;
	spin_lock_irqsave(&magazine->lock, flags);
	for (kind = 0; kind < BLKV_MAGAZINE_KINDS; kind++)
		magazine_drain(magazine, kind, magazine->nr[kind], chunks);
	spin_unlock_irqrestore(&magazine->lock, flags);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_magazine_steal);

/**
 * blkv_magazine_trim() - take chunks that were not needed since the last trim out of a magazine
 * @magazines: the magazines
 * @cpu: which one
 * @unused: gets up to BLKV_MAX_TRIM of them, those that have been there for the longest time
 *
 * Context: Any.
 * Return: true if there are more of them, so that it has to be called again.
 */
bool blkv_magazine_trim(struct blkv_magazines *magazines, unsigned int cpu,
			struct blkv_chunks *unused)
{
	struct blkv_magazine *magazine = magazines->cpu[cpu];
	unsigned int kind, nr, left = BLKV_MAX_TRIM;
	unsigned long flags;
	bool more = false;

	if (!magazine)
		return false;
	spin_lock_irqsave(&magazine->lock, flags);
	for (kind = 0; kind < BLKV_MAGAZINE_KINDS; kind++) {
		nr = min(magazine->low[kind], left);
		magazine->low[kind] -= nr;
		more |= magazine->low[kind];
		if (nr)
			magazine_drain(magazine, kind, nr, unused);
		left -= nr;
	}
	if (!more)
		memcpy(magazine->low, magazine->nr, sizeof(magazine->low));
	spin_unlock_irqrestore(&magazine->lock, flags);
	return more;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_magazine_trim);

/**
 * blkv_magazines_init() - make empty magazines
 * @magazines: zeroed
 * @nr: how many CPUs there may be
 *
 * Context: Process; sleeps.
 * Return: 0 or -ENOMEM; blkv_magazines_exit() is due in both cases.
 */
int blkv_magazines_init(struct blkv_magazines *magazines, unsigned int nr)
{
	unsigned int cpu;

	magazines->cpu = kvcalloc(nr, sizeof(*magazines->cpu), GFP_KERNEL);
	if (!magazines->cpu)
		return -ENOMEM;
	magazines->nr = nr;
	for (cpu = 0; cpu < nr; cpu++) {
		struct blkv_magazine *magazine;
		int node = NUMA_NO_NODE;

		/* Only a test has magazines of CPUs beyond them. */
		if (cpu < nr_cpu_ids) {
			if (!cpu_possible(cpu))
				continue;
			node = cpu_to_node(cpu);
		}
		magazine = kzalloc_node(sizeof(*magazine), GFP_KERNEL, node);
		if (!magazine)
			return -ENOMEM;
		spin_lock_init(&magazine->lock);
		magazines->cpu[cpu] = magazine;
	}
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_magazines_init);

/**
 * blkv_magazines_exit() - free magazines
 * @magazines: empty magazines; zeroed memory is fine
 *
 * Context: Process.
 */
void blkv_magazines_exit(struct blkv_magazines *magazines)
{
	while (magazines->nr)
		kfree(magazines->cpu[--magazines->nr]);
	kvfree(magazines->cpu);
	magazines->cpu = NULL;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_magazines_exit);
