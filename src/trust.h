/* SPDX-License-Identifier: GPL-2.0-only */
/* The trust map. */
#ifndef DM_BLKVERIFY_TRUST_H
#define DM_BLKVERIFY_TRUST_H

#include <linux/bitops.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "types.h"

/**
 * struct blkv_trust_leaf - the sectors of a region in which some are trusted and some are not
 * @lock: taken to change the members below; any context
 * @dead: it has been replaced in its table, so its sectors must be looked up again
 * @nr_untrusted: clear bits of sectors that the map has
 * @rcu: frees it
 * @bits: a set bit is a trusted sector; read without @lock, so it is written a word at a time
 */
struct blkv_trust_leaf {
	spinlock_t lock; /* the bits */
	bool dead;
	u16 nr_untrusted;
	struct rcu_head rcu;
	unsigned long bits[BITS_TO_LONGS(BLKV_REGION_SECTORS)];
};

/**
 * struct blkv_trust_table - the regions of a group in which some sectors are trusted, some are not
 * @lock: taken to change @dead, and every entry of @regions that is not a leaf; any context
 * @dead: it has been replaced in its map, so its regions must be looked up again
 * @rcu: frees it
 * @regions: for each region: all trusted, none trusted, or a struct blkv_trust_leaf, which is
 *	replaced by who holds its lock; read without a lock
 */
struct blkv_trust_table {
	spinlock_t lock; /* the regions */
	bool dead;
	struct rcu_head rcu;
	void **regions;
};

/**
 * struct blkv_trust_map - the sectors of a target
 * @untrusted: sums to the number of untrusted sectors; a CPU may have a negative share
 * @tainted: some sector has been untrusted since the map was made; never becomes false again
 * @groups: for each group of regions: all trusted, none trusted, or a struct blkv_trust_table,
 *	which is replaced by who holds its lock; read without a lock
 */
struct blkv_trust_map {
	s64 __percpu *untrusted;
	bool tainted;
	void *groups[];
};

/**
 * struct blkv_trust - the sectors in which both legs are known to hold the same data
 * @nr_sectors: size of the map
 * @nr_groups: entries of the map
 * @map: the map; only a reload changes it
 */
struct blkv_trust {
	sector_t nr_sectors;
	unsigned long nr_groups;
	struct blkv_trust_map __rcu *map;
};

int blkv_trust_init(struct blkv_trust *trust, sector_t nr_sectors, bool trusted);
void blkv_trust_exit(struct blkv_trust *trust);
u64 blkv_trust_set(struct blkv_trust *trust, sector_t start, sector_t nr, bool trusted);
sector_t blkv_trust_run(struct blkv_trust *trust, sector_t start, sector_t nr, bool *trusted);
void blkv_trust_move(struct blkv_trust *to, struct blkv_trust *from);
u64 blkv_trust_untrusted(struct blkv_trust *trust);
int blkv_trust_cache_create(void);
void blkv_trust_cache_destroy(void);

#if IS_ENABLED(CONFIG_KUNIT)
void *blkv_trust_alloc(struct kmem_cache *cache, size_t size);
bool blkv_trust_race(void);
#endif

#endif /* DM_BLKVERIFY_TRUST_H */
