// SPDX-License-Identifier: GPL-2.0-only
/*
 * The range lock: which request may access which sectors of both legs.
 *
 * Overlapping requests must reach both legs in the same order, or the legs differ from then on; and
 * a read must see the same state on both. So:
 *
 *   Two ranges conflict if they overlap and at least one of them is not shared. A range is granted
 *   once no earlier range that conflicts with it is held or waiting.
 *
 * A waiting range holds back later ones that conflict with it, so no request starves, and ranges
 * are granted in FIFO order wherever order matters. One interval tree holds ranges of any length,
 * held and waiting alike: a discard of the whole device is one entry. Each range counts its
 * blockers when it arrives; an unlock takes one off every later range that it blocked.
 *
 * Pure: knows no device. Locks: blkv_ranges.lock, taken here, any context. A waiting range is
 * parked, its request does not sleep: the unlock that grants it returns it to its caller, who
 * starts the request.
 *
 * (Rejected: a list per hash bucket of regions. Every request longer than a region would need a
 * place in several buckets and a second lock against deadlock, and a crowd in one bucket would make
 * each lock operation walk all of it.)
 */
#include <kunit/visibility.h>
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
EXPORT_SYMBOL_IF_KUNIT(blkv_ranges_init);

/* Can @range not conflict at all? Saves the walk while there are only reads. */
static bool is_conflict_free(struct blkv_ranges *ranges, struct blkv_range *range)
{
	lockdep_assert_held(&ranges->lock);
	return range->shared && !ranges->exclusive;
}

/**
 * blkv_range_lock() - take the sectors of a request, or queue for them
 * @ranges: the lock
 * @range: the request's range; @start, @last and @shared are set. The range stays in the lock
 *	until blkv_range_unlock().
 *
 * If this returns false, another CPU may already have been handed the range and be working on the
 * request: the caller must not touch it afterwards.
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
	if (!is_conflict_free(ranges, range))
		for (other = tree_iter_first(&ranges->root, range->start, range->last); other;
		     other = tree_iter_next(other, range->start, range->last))
			blockers += !(range->shared && other->shared);
	range->blockers = blockers;
	ranges->exclusive += !range->shared;
	tree_insert(range, &ranges->root);
	spin_unlock_irqrestore(&ranges->lock, flags);

	return !blockers;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_range_lock);

/**
 * blkv_range_unlock() - release the sectors of a request
 * @ranges: the lock
 * @range: a granted range
 * @granted: ranges that this grants are added to the tail. No two of them conflict, so they may be
 *	started in any order.
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
	if (is_conflict_free(ranges, range))
		goto out;

	for (other = tree_iter_first(&ranges->root, range->start, range->last); other;
	     other = tree_iter_next(other, range->start, range->last)) {
		/* All conflicting ranges are later ones, or this one would still wait. */
		if (range->shared && other->shared)
			continue;
		if (!--other->blockers)
			list_add_tail(&other->granted, granted);
	}
out:
	spin_unlock_irqrestore(&ranges->lock, flags);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_range_unlock);

/**
 * blkv_range_hand_over() - replace a granted range by another one
 * @ranges: the lock
 * @from: the granted range; no longer in the lock afterwards
 * @to: takes its place; blkv_range_unlock() is due for this one instead
 *
 * Context: Any.
 */
void blkv_range_hand_over(struct blkv_ranges *ranges, struct blkv_range *from,
			  struct blkv_range *to)
{
	unsigned long flags;

	spin_lock_irqsave(&ranges->lock, flags);
	WARN_ON_ONCE(from->blockers);
	*to = *from;
	rb_replace_node_cached(&from->node, &to->node, &ranges->root);
	spin_unlock_irqrestore(&ranges->lock, flags);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_range_hand_over);
