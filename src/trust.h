/* SPDX-License-Identifier: GPL-2.0-only */
/* The trust map. */
#ifndef DM_BLKVERIFY_TRUST_H
#define DM_BLKVERIFY_TRUST_H

#include <linux/atomic.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "types.h"

/**
 * struct blkv_trust - the sectors in which both legs are known to hold the same data
 * @nr_sectors: size of the map
 * @nr_groups: entries of @groups
 * @lock: protects the members below; any context
 * @groups: per group of regions: all trusted, none trusted, or a table of regions
 * @untrusted: sectors not trusted; read without @lock by blkv_trust_run()
 */
struct blkv_trust {
	sector_t nr_sectors;
	unsigned long nr_groups;

	spinlock_t lock; /* the map */
	void **groups;
	atomic64_t untrusted;
};

int blkv_trust_init(struct blkv_trust *trust, sector_t nr_sectors, bool trusted);
void blkv_trust_exit(struct blkv_trust *trust);
u64 blkv_trust_set(struct blkv_trust *trust, sector_t start, sector_t nr, bool trusted);
sector_t blkv_trust_run(struct blkv_trust *trust, sector_t start, sector_t nr, bool *trusted);
void blkv_trust_move(struct blkv_trust *to, struct blkv_trust *from);
u64 blkv_trust_untrusted(struct blkv_trust *trust);

#if IS_ENABLED(CONFIG_KUNIT)
void *blkv_trust_alloc(size_t size);
#endif

#endif /* DM_BLKVERIFY_TRUST_H */
