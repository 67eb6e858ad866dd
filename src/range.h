/* SPDX-License-Identifier: GPL-2.0-only */
/* The range lock. */
#ifndef DM_BLKVERIFY_RANGE_H
#define DM_BLKVERIFY_RANGE_H

#include <linux/bits.h>
#include <linux/blkdev.h>
#include <linux/cache.h>
#include <linux/list.h>
#include <linux/rbtree.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#define BLKV_RANGE_SHARD_BITS 6
#define BLKV_RANGE_SHARDS BIT(BLKV_RANGE_SHARD_BITS)

/**
 * struct blkv_range - the sectors of one request, in the lock from lock to unlock
 * @start: first sector
 * @last: last sector, inclusive
 * @shared: may be held together with other shared ranges
 * @marked: it keeps its shards marked until it is unlocked; under blkv_ranges.wide.lock
 * @granted: links the ranges that an unlock has granted; before that, ranges that will be granted
 *	together, or those in blkv_ranges.queue
 * @touched: a bit for each shard that it touches
 * @node: in the tree of its home, or empty if another range of its convoy is there
 * @subtree_last: the highest @last in the subtree (interval tree)
 * @convoy: links all ranges of a convoy, in order of arrival, without a head
 * @blockers: conflicting nodes that came before this one; granted at 0
 * @waiters: conflicting nodes that came after this one
 */
struct blkv_range {
	sector_t start;
	sector_t last;
	bool shared;
	bool marked;
	struct list_head granted;

	u64 touched;
	struct rb_node node;
	sector_t subtree_last;
	struct list_head convoy;
	unsigned int blockers;
	unsigned int waiters;
};

/**
 * struct blkv_range_shard - one part of the lock
 * @lock: protects @marks, and the other members while that is 0; any context
 * @marks: ranges that have this shard marked
 * @steps: nodes visited in walks over conflicting ranges; for tests
 * @roots: interval trees of struct blkv_range: of exclusive ranges, and of shared ones
 */
struct blkv_range_shard {
	spinlock_t lock; /* the shard, unless it is marked */
	unsigned int marks;
	unsigned long steps;
	struct rb_root_cached roots[2];
} ____cacheline_aligned_in_smp;

/**
 * struct blkv_ranges - the ranges of all requests in flight, granted and waiting
 * @limit: most blockers, and most waiters, of a range; only changed by tests
 * @wide: the ranges that touch several shards. Its lock is taken before that of a shard, and
 *	protects marked shards, @queue and @patience, too; its marks are not used.
 * @queue: ranges that are in no tree yet, in order of arrival, because of the limit
 * @patience: after so many unlocks, try the first one in @queue again; never if 0
 * @shards: the ranges that touch one shard
 */
struct blkv_ranges {
	unsigned int limit;
	struct blkv_range_shard wide;
	struct list_head queue;
	unsigned int patience;
	struct blkv_range_shard shards[BLKV_RANGE_SHARDS];
};

void blkv_ranges_init(struct blkv_ranges *ranges);
bool blkv_range_lock(struct blkv_ranges *ranges, struct blkv_range *range);
void blkv_range_hand_over(struct blkv_ranges *ranges, struct blkv_range *from,
			  struct blkv_range *to);
void blkv_range_unlock(struct blkv_ranges *ranges, struct blkv_range *range,
		       struct list_head *granted);

#endif /* DM_BLKVERIFY_RANGE_H */
