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
 * are granted in FIFO order wherever order matters. Each range counts its blockers when it arrives;
 * an unlock takes one off every later range that it blocked.
 *
 * Shards. Each region of the device belongs to one of 64 shards, with a lock, trees and a cache
 * line of its own. A range that touches one shard is in the trees of that shard, and requests in
 * different regions share nothing. A range that touches several is wide: it is in the trees of
 * blkv_ranges.wide, and it marks every shard that it touches until it is unlocked. A caller that
 * finds a shard marked takes the wide lock instead, and checks both. The holder of the wide lock
 * owns all marked shards, and needs their locks only to add and remove marks. A wide range
 * allocates nothing, and the lock cannot run out of memory.
 *
 * (R1) Two ranges that conflict meet: in a shard, or under the wide lock. The later one sees the
 *	earlier one.
 * (R2) Wide ranges enter one at a time. A range that came after a wide one in one shard came after
 *	it in all, and after all wide ones before it. So waiting ranges cannot form a cycle.
 * (R3) A wide range is not granted before all its shards are marked and its blockers there are
 *	counted. Blockers that are unlocked in the meantime wait for the wide lock.
 * (R4) An unlock happens before each grant that it causes, through the lock that both take.
 *
 * Convoys. Equal ranges share one node of the tree, so a crowd of requests on one block costs O(1)
 * each. Shared ones are held together. Of exclusive ones, the first is held, and an unlock passes
 * the node on to the next.
 *
 * (C1) A range joins a convoy only if nothing waits for it, or it would overtake what waits.
 *
 * Crowds. Interrupts are off in here, so each walk is bounded: no node has more than a limit of
 * blockers or of waiters, where a convoy counts as one. A range that would break the limit goes to
 * a queue, with all shards that it touches marked. What then arrives in a marked shard queues up
 * behind it. Unlocks in these shards admit ranges from the queue, in order, a few at a time.
 *
 * (Q1) While a range is queued, an unlock is due that tries the first one again: it failed because
 *	of a node with too many waiters, which is a blocker, or because of too many blockers, or an
 *	admitted range that is still marked has not been unlocked. All of these are in marked
 *	shards, so their unlocks take the wide lock.
 *
 * Pure: knows no device. Locks: blkv_ranges.wide.lock, then that of one shard; taken here, any
 * context. A waiting range is parked, its request does not sleep: the unlock that grants it returns
 * it to the caller, which starts the request.
 */
#include <kunit/visibility.h>
#include <linux/bitops.h>
#include <linux/hash.h>
#include <linux/interval_tree_generic.h>

#include "range.h"
#include "types.h"

/* The most nodes that a walk visits. */
#define LIMIT 64

#define RANGE_START(range) ((range)->start)
#define RANGE_LAST(range) ((range)->last)

INTERVAL_TREE_DEFINE(struct blkv_range, node, sector_t, subtree_last, RANGE_START, RANGE_LAST,
		     static inline __maybe_unused, tree)

/* What became of a range that arrived. */
enum arrival { ARRIVAL_GRANTED, ARRIVAL_WAITS, ARRIVAL_QUEUES };

static void shard_init(struct blkv_range_shard *shard)
{
	shard->marks = 0;
	shard->steps = 0;
	shard->roots[0] = RB_ROOT_CACHED;
	shard->roots[1] = RB_ROOT_CACHED;
}

/**
 * blkv_ranges_init() - make an empty range lock
 * @ranges: the lock
 */
void blkv_ranges_init(struct blkv_ranges *ranges)
{
	unsigned int i;

	ranges->limit = LIMIT;
	/* Here, and not in a function for both: lockdep takes each of these for one class. */
	spin_lock_init(&ranges->wide.lock);
	shard_init(&ranges->wide);
	INIT_LIST_HEAD(&ranges->queue);
	ranges->patience = 0;
	for (i = 0; i < BLKV_RANGE_SHARDS; i++) {
		spin_lock_init(&ranges->shards[i].lock);
		shard_init(&ranges->shards[i]);
	}
}
EXPORT_SYMBOL_IF_KUNIT(blkv_ranges_init);

/* ---- shards ------------------------------------------------------------------------------- */

/*
 * Neighbours are in different shards, so that CPUs that work on different parts of a small area do
 * not meet. The area is hashed, twice: once would put regions at some distances into few shards,
 * because the hash multiplies by the golden ratio.
 */
static unsigned int region_shard(u64 region)
{
	u32 hash = hash_64(region / BLKV_RANGE_SHARDS, 32);

	return (region + hash_32(hash ^ hash >> 16, BLKV_RANGE_SHARD_BITS)) % BLKV_RANGE_SHARDS;
}

static u64 shards_touched(sector_t start, sector_t last)
{
	u64 region = start / BLKV_REGION_SECTORS, end = last / BLKV_REGION_SECTORS, touched = 0;

	if (end - region >= BLKV_RANGE_SHARDS)
		return ~0ULL;
	for (; region <= end; region++)
		touched |= BIT_ULL(region_shard(region));
	return touched;
}

static bool is_wide(const struct blkv_range *range)
{
	return range->touched & (range->touched - 1);
}

/* The next shard of those in @mask, which starts as @touched of a range; NULL after the last. */
static struct blkv_range_shard *shard_next(struct blkv_ranges *ranges, u64 *mask)
{
	unsigned int bit;

	if (!*mask)
		return NULL;
	bit = __ffs64(*mask);
	*mask &= *mask - 1;
	return &ranges->shards[bit];
}

/* The shard whose trees have the range. */
static struct blkv_range_shard *range_home(struct blkv_ranges *ranges,
					   const struct blkv_range *range)
{
	return is_wide(range) ? &ranges->wide : &ranges->shards[__ffs64(range->touched)];
}

/* Own the shards that @range touches, for as long as the wide lock is held. */
static void shards_mark(struct blkv_ranges *ranges, const struct blkv_range *range)
{
	struct blkv_range_shard *shard;
	u64 mask = range->touched;

	lockdep_assert_held(&ranges->wide.lock);
	while ((shard = shard_next(ranges, &mask))) {
		spin_lock(&shard->lock);
		shard->marks++;
		spin_unlock(&shard->lock);
	}
}

static void shards_unmark(struct blkv_ranges *ranges, const struct blkv_range *range)
{
	struct blkv_range_shard *shard;
	u64 mask = range->touched;

	lockdep_assert_held(&ranges->wide.lock);
	while ((shard = shard_next(ranges, &mask))) {
		spin_lock(&shard->lock);
		shard->marks--;
		spin_unlock(&shard->lock);
	}
}

/* ---- conflicts ---------------------------------------------------------------------------- */

/* The next node of a shard that conflicts with @range; @other is NULL at first, and at the end. */
static bool conflict_next(struct blkv_range_shard *shard, const struct blkv_range *range,
			  struct blkv_range **other)
{
	bool in_shared = *other && (*other)->shared;

	*other = *other ? tree_iter_next(*other, range->start, range->last) :
			  tree_iter_first(&shard->roots[false], range->start, range->last);
	if (!*other && !in_shared && !range->shared)
		*other = tree_iter_first(&shard->roots[true], range->start, range->last);
	shard->steps += !!*other;
	return *other;
}

/* Count the blockers of @range in a shard. Returns false if that would break a limit. */
static bool blockers_count(const struct blkv_ranges *ranges, struct blkv_range_shard *shard,
			   struct blkv_range *range)
{
	struct blkv_range *other = NULL;

	while (conflict_next(shard, range, &other)) {
		if (other->waiters >= ranges->limit)
			return false;
		if (++range->blockers > ranges->limit)
			return false;
	}
	return true;
}

/* Count @range as a waiter of its blockers in a shard. */
static void waiters_add(struct blkv_range_shard *shard, const struct blkv_range *range)
{
	struct blkv_range *other = NULL;

	while (conflict_next(shard, range, &other))
		other->waiters++;
}

/* Grant a range, and all shared ones that are in its convoy. */
static void range_grant(struct blkv_range *range, struct list_head *granted)
{
	LIST_HEAD(together);

	list_add_tail(&together, &range->granted);
	list_splice_tail(&together, granted);
}

/* @range is gone from its tree: all that conflict with it came later, and counted it. */
static void waiters_release(struct blkv_range_shard *shard, const struct blkv_range *range,
			    struct list_head *granted)
{
	struct blkv_range *other = NULL;

	while (conflict_next(shard, range, &other))
		if (!--other->blockers)
			range_grant(other, granted);
}

/* ---- convoys ------------------------------------------------------------------------------ */

/*
 * The node of a convoy that @range may join. Of the nodes with its start, this is the newest. A
 * shared range may miss one if others with its start have another length.
 */
static struct blkv_range *convoy_find(struct blkv_range_shard *home, const struct blkv_range *range)
{
	struct rb_node *node = home->roots[range->shared].rb_root.rb_node;
	struct blkv_range *found = NULL;

	while (node) {
		struct blkv_range *other = rb_entry(node, struct blkv_range, node);

		if (range->start < other->start) {
			node = node->rb_left;
		} else {
			found = other;
			node = node->rb_right;
		}
	}
	if (!found || found->start != range->start || found->last != range->last || found->waiters)
		return NULL;
	return found;
}

static enum arrival convoy_join(struct blkv_range *first, struct blkv_range *range)
{
	RB_CLEAR_NODE(&range->node);
	range->waiters = 0;
	list_add_tail(&range->convoy, &first->convoy);
	if (!range->shared)
		return ARRIVAL_WAITS;
	if (!first->blockers)
		return ARRIVAL_GRANTED;
	list_add_tail(&range->granted, &first->granted);
	return ARRIVAL_WAITS;
}

/* Leave a convoy of several; the next one gets the node, and is granted unless it already is. */
static void convoy_leave(struct blkv_range_shard *home, struct blkv_range *range,
			 struct list_head *granted)
{
	struct blkv_range *next = list_next_entry(range, convoy);

	list_del(&range->convoy);
	if (RB_EMPTY_NODE(&range->node))
		return;
	next->subtree_last = range->subtree_last;
	next->blockers = 0;
	next->waiters = range->waiters;
	range->waiters = 0;
	rb_replace_node_cached(&range->node, &next->node, &home->roots[range->shared]);
	if (!range->shared)
		range_grant(next, granted);
}

/* ---- arrival and departure ---------------------------------------------------------------- */

/*
 * Insert a range. @wide is NULL if its only shard is not marked: no wide range conflicts with it.
 * Nothing has changed if it has to queue.
 */
static enum arrival range_insert(struct blkv_ranges *ranges, struct blkv_range *range,
				 struct blkv_range_shard *wide)
{
	struct blkv_range_shard *home = range_home(ranges, range), *shard;
	struct blkv_range *first = convoy_find(home, range);
	u64 mask = range->touched;

	if (first)
		return convoy_join(first, range);

	range->blockers = 0;
	range->waiters = 0;
	if (wide && !blockers_count(ranges, wide, range))
		return ARRIVAL_QUEUES;
	while ((shard = shard_next(ranges, &mask)))
		if (!blockers_count(ranges, shard, range))
			return ARRIVAL_QUEUES;

	if (range->blockers) {
		if (wide)
			waiters_add(wide, range);
		mask = range->touched;
		while ((shard = shard_next(ranges, &mask)))
			waiters_add(shard, range);
	}
	tree_insert(range, &home->roots[range->shared]);
	return range->blockers ? ARRIVAL_WAITS : ARRIVAL_GRANTED;
}

/* Remove a range. Its waiters are now those of a node that is gone; 0 if others have the node. */
static void range_remove(struct blkv_ranges *ranges, struct blkv_range *range,
			 struct blkv_range_shard *wide, struct list_head *granted)
{
	struct blkv_range_shard *home = range_home(ranges, range), *shard;
	u64 mask = range->touched;

	if (!list_empty(&range->convoy)) {
		convoy_leave(home, range, granted);
		return;
	}
	WARN_ON_ONCE(range->blockers);
	tree_remove(range, &home->roots[range->shared]);
	if (!range->waiters)
		return;
	if (wide)
		waiters_release(wide, range, granted);
	while ((shard = shard_next(ranges, &mask)))
		waiters_release(shard, range, granted);
}

static void range_replace(struct blkv_ranges *ranges, struct blkv_range *from,
			  struct blkv_range *to)
{
	*to = *from;
	INIT_LIST_HEAD(&to->granted);
	INIT_LIST_HEAD(&to->convoy);
	list_splice(&from->convoy, &to->convoy);
	if (RB_EMPTY_NODE(&from->node))
		RB_CLEAR_NODE(&to->node);
	else
		rb_replace_node_cached(&from->node, &to->node,
				       &range_home(ranges, to)->roots[to->shared]);
}

/* ---- the queue ---------------------------------------------------------------------------- */

/*
 * The first range in the queue could not be inserted. If it has too many blockers, that many
 * unlocks are due. Otherwise one of them has too many waiters, and only its own unlock helps.
 */
static void queue_wait(struct blkv_ranges *ranges, const struct blkv_range *first)
{
	ranges->patience = first->blockers > ranges->limit ? max(ranges->limit / 2, 1U) : 0;
}

/*
 * A range was unlocked, and @released nodes had waited for it. Insert what was queued: not all at
 * once, because interrupts are off, but one at least, because of (Q1).
 */
static void queue_admit(struct blkv_ranges *ranges, unsigned int released,
			struct list_head *granted)
{
	bool due = released >= ranges->limit;
	unsigned int work = released;
	struct blkv_range *range;
	enum arrival arrival;

	if (list_empty(&ranges->queue))
		return;
	if (ranges->patience && !--ranges->patience)
		due = true;
	if (!due)
		return;

	do {
		range = list_first_entry_or_null(&ranges->queue, struct blkv_range, granted);
		if (!range)
			return;
		list_del_init(&range->granted);
		arrival = range_insert(ranges, range, &ranges->wide);
		if (arrival == ARRIVAL_QUEUES) {
			list_add(&range->granted, &ranges->queue);
			queue_wait(ranges, range);
			return;
		}
		if (arrival == ARRIVAL_GRANTED)
			list_add_tail(&range->granted, granted);
		work += hweight64(range->touched) + 2 * range->blockers;
	} while (work < ranges->limit);
	/* The ranges just admitted keep their marks, so their unlocks come here. */
	ranges->patience = 1;
}

/* ---- interface ---------------------------------------------------------------------------- */

static enum arrival narrow_lock(struct blkv_ranges *ranges, struct blkv_range *range)
{
	struct blkv_range_shard *shard = range_home(ranges, range);
	enum arrival arrival = ARRIVAL_QUEUES;
	unsigned long flags;

	spin_lock_irqsave(&shard->lock, flags);
	if (!shard->marks)
		arrival = range_insert(ranges, range, NULL);
	spin_unlock_irqrestore(&shard->lock, flags);
	return arrival;
}

static enum arrival wide_lock(struct blkv_ranges *ranges, struct blkv_range *range)
{
	enum arrival arrival = ARRIVAL_QUEUES;
	unsigned long flags;

	spin_lock_irqsave(&ranges->wide.lock, flags);
	shards_mark(ranges, range);
	if (list_empty(&ranges->queue)) {
		arrival = range_insert(ranges, range, &ranges->wide);
		if (arrival == ARRIVAL_QUEUES)
			queue_wait(ranges, range);
	}
	if (arrival == ARRIVAL_QUEUES)
		list_add_tail(&range->granted, &ranges->queue);
	range->marked = is_wide(range) || arrival == ARRIVAL_QUEUES;
	if (!range->marked)
		shards_unmark(ranges, range);
	spin_unlock_irqrestore(&ranges->wide.lock, flags);
	return arrival;
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
	enum arrival arrival = ARRIVAL_QUEUES;

	range->touched = shards_touched(range->start, range->last);
	range->marked = false;
	INIT_LIST_HEAD(&range->granted);
	INIT_LIST_HEAD(&range->convoy);
	if (!is_wide(range))
		arrival = narrow_lock(ranges, range);
	if (arrival == ARRIVAL_QUEUES)
		arrival = wide_lock(ranges, range);
	return arrival == ARRIVAL_GRANTED;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_range_lock);

static bool narrow_unlock(struct blkv_ranges *ranges, struct blkv_range *range,
			  struct list_head *granted)
{
	struct blkv_range_shard *shard = range_home(ranges, range);
	unsigned long flags;
	bool done;

	spin_lock_irqsave(&shard->lock, flags);
	done = !shard->marks;
	if (done)
		range_remove(ranges, range, NULL, granted);
	spin_unlock_irqrestore(&shard->lock, flags);
	return done;
}

static void wide_unlock(struct blkv_ranges *ranges, struct blkv_range *range,
			struct list_head *granted)
{
	unsigned long flags;

	spin_lock_irqsave(&ranges->wide.lock, flags);
	if (!range->marked)
		shards_mark(ranges, range);
	range_remove(ranges, range, &ranges->wide, granted);
	shards_unmark(ranges, range);
	queue_admit(ranges, range->waiters, granted);
	spin_unlock_irqrestore(&ranges->wide.lock, flags);
}

/**
 * blkv_range_unlock() - release the sectors of a request
 * @ranges: the lock
 * @range: a granted range
 * @granted: ranges that this grants are added to the tail. No two of them conflict, so they may be
 *	started in any order. There may be very many: do not walk the list with interrupts off.
 *
 * Context: Any.
 */
void blkv_range_unlock(struct blkv_ranges *ranges, struct blkv_range *range,
		       struct list_head *granted)
{
	if (is_wide(range) || range->marked || !narrow_unlock(ranges, range, granted))
		wide_unlock(ranges, range, granted);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_range_unlock);

static bool narrow_hand_over(struct blkv_ranges *ranges, struct blkv_range *from,
			     struct blkv_range *to)
{
	struct blkv_range_shard *shard = range_home(ranges, from);
	unsigned long flags;
	bool done;

	spin_lock_irqsave(&shard->lock, flags);
	done = !shard->marks;
	if (done)
		range_replace(ranges, from, to);
	spin_unlock_irqrestore(&shard->lock, flags);
	return done;
}

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

	if (!is_wide(from) && !from->marked && narrow_hand_over(ranges, from, to))
		return;
	spin_lock_irqsave(&ranges->wide.lock, flags);
	if (!from->marked)
		shards_mark(ranges, from);
	range_replace(ranges, from, to);
	if (!from->marked)
		shards_unmark(ranges, from);
	spin_unlock_irqrestore(&ranges->wide.lock, flags);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_range_hand_over);
