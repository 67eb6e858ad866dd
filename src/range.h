/* SPDX-License-Identifier: GPL-2.0-only */
/* The range lock. */
#ifndef DM_BLKVERIFY_RANGE_H
#define DM_BLKVERIFY_RANGE_H

#include <linux/blkdev.h>
#include <linux/list.h>
#include <linux/rbtree.h>
#include <linux/spinlock.h>
#include <linux/types.h>

/**
 * struct blkv_range - the sectors of one request, in the lock's tree from lock to unlock
 * @start: first sector
 * @last: last sector, inclusive
 * @shared: may be held together with other shared ranges
 * @granted: links the ranges that an unlock has granted
 * @node: in blkv_ranges.root; under blkv_ranges.lock, as the members below
 * @subtree_last: the highest @last in the subtree (interval tree)
 * @blockers: conflicting ranges in the tree that came before this one; granted at 0
 */
struct blkv_range {
	sector_t start;
	sector_t last;
	bool shared;
	struct list_head granted;

	struct rb_node node;
	sector_t subtree_last;
	unsigned int blockers;
};

/**
 * struct blkv_ranges - the ranges of all requests in flight, granted and waiting
 * @lock: protects all members and those of the ranges in the tree; any context
 * @root: interval tree of struct blkv_range
 * @exclusive: ranges in the tree that are not shared
 */
struct blkv_ranges {
	spinlock_t lock; /* the tree */
	struct rb_root_cached root;
	unsigned int exclusive;
};

void blkv_ranges_init(struct blkv_ranges *ranges);
bool blkv_range_lock(struct blkv_ranges *ranges, struct blkv_range *range);
void blkv_range_hand_over(struct blkv_ranges *ranges, struct blkv_range *from,
			  struct blkv_range *to);
void blkv_range_unlock(struct blkv_ranges *ranges, struct blkv_range *range,
		       struct list_head *granted);

#endif /* DM_BLKVERIFY_RANGE_H */
