// SPDX-License-Identifier: GPL-2.0-only
/*
 * The range lock: who may touch which sectors of both legs.
 *
 * Requests that overlap must reach both legs in one order, else the legs differ for good, and a
 * read must see the same state on both. So:
 *
 *   Two ranges conflict when they overlap and at least one of them is not shared. A range is
 *   granted when no range that came before it and conflicts with it is still held or waiting.
 *
 * A range that waits holds back later ones that conflict with it, so nobody starves, and order
 * of arrival is order of service wherever order matters. One interval tree holds ranges of any
 * length, held and waiting alike: a discard of the whole device is one entry. Each range counts
 * its blockers when it comes; an unlock takes one off every later range that it blocked.
 *
 * Locks: blkv_ranges.lock, taken here, any context. A waiting range is parked, never slept on: the
 * unlock that frees it hands it to its caller, who starts it.
 *
 * (Considered: a list per hash bucket of regions. Every request longer than a region then needs
 * a place in several buckets and a second lock against cycles, and a crowd in one bucket makes
 * each lock a walk over all of it.)
 */
#include <linux/interval_tree_generic.h>

#include "range.h"

#define RANGE_START(range) ((range)->start)
#define RANGE_LAST(range) ((range)->last)

INTERVAL_TREE_DEFINE(struct blkv_range, node, sector_t, subtree_last, RANGE_START, RANGE_LAST,
		     static inline __maybe_unused, tree)

/**
 * blkv_ranges_init() - make an empty range lock
 * @ranges: the lock
 */
void blkv_ranges_init(struct blkv_ranges *ranges)
{
	spin_lock_init(&ranges->lock);
	ranges->root = RB_ROOT_CACHED;
	ranges->exclusive = 0;
}

/* May a shared range skip looking for conflicts? Saves the walk when everybody reads. */
static bool all_shared(struct blkv_ranges *ranges, struct blkv_range *range)
{
	lockdep_assert_held(&ranges->lock);
	return range->shared && !ranges->exclusive;
}

/**
 * blkv_range_lock() - take or queue for the sectors of a request
 * @ranges: the lock
 * @range: the request's range; @start, @last and @shared are set. The range stays in the lock
 *	until blkv_range_unlock().
 *
 * When this returns false, another CPU may have been granted the range already and be working
 * on the request: the caller must not touch it any more.
 *
 * Context: Any.
 * Return: true if the range is granted; false if a later blkv_range_unlock() will grant it.
 */
bool blkv_range_lock(struct blkv_ranges *ranges, struct blkv_range *range)
{
	struct blkv_range *other;
	unsigned long flags;
	unsigned int blockers = 0;

	spin_lock_irqsave(&ranges->lock, flags);
	if (!all_shared(ranges, range))
		for (other = tree_iter_first(&ranges->root, range->start, range->last); other;
		     other = tree_iter_next(other, range->start, range->last))
			blockers += !(range->shared && other->shared);
	range->blockers = blockers;
	ranges->exclusive += !range->shared;
	tree_insert(range, &ranges->root);
	spin_unlock_irqrestore(&ranges->lock, flags);

	return !blockers;
}

/**
 * blkv_range_unlock() - release the sectors of a request
 * @ranges: the lock
 * @range: a granted range
 * @granted: ranges that this grants are added to the tail; no two of them conflict, so they may be
 *	started in any order
 *
 * Context: Any.
 */
void blkv_range_unlock(struct blkv_ranges *ranges, struct blkv_range *range,
		       struct list_head *granted)
{
	struct blkv_range *other;
	unsigned long flags;

	spin_lock_irqsave(&ranges->lock, flags);
	WARN_ON_ONCE(range->blockers);
	tree_remove(range, &ranges->root);
	ranges->exclusive -= !range->shared;
	if (all_shared(ranges, range))
		goto out;

	for (other = tree_iter_first(&ranges->root, range->start, range->last); other;
	     other = tree_iter_next(other, range->start, range->last)) {
		/* All that conflicts came later: this range would not have been granted else. */
		if (range->shared && other->shared)
			continue;
		if (!--other->blockers)
			list_add_tail(&other->granted, granted);
	}
out:
	spin_unlock_irqrestore(&ranges->lock, flags);
}
