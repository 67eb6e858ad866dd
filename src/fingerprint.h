/* SPDX-License-Identifier: GPL-2.0-only */
/* Checksums of written sectors. */
#ifndef DM_BLKVERIFY_FINGERPRINT_H
#define DM_BLKVERIFY_FINGERPRINT_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "memory.h"

/* How many earlier versions of a sector are kept. With the current one, a power of two. */
#define BLKV_FINGERPRINTS_EARLIER 3U

/**
 * struct blkv_fingerprints - checksums of the last versions of each written sector
 * @bucket_bits: there are 2 to the power of this many @buckets
 * @max_chunks: limit of @nr_chunks
 * @lock: protects the members below; process context
 * @buckets: chunks by number; NULL without the option
 * @by_age: all chunks, the least recently written one first
 * @nr_chunks: how many there are
 */
struct blkv_fingerprints {
	unsigned int bucket_bits;
	unsigned long max_chunks;

	spinlock_t lock; /* the chunks */
	struct hlist_head *buckets;
	struct list_head by_age;
	unsigned long nr_chunks;
};

int blkv_fingerprints_init(struct blkv_fingerprints *prints, unsigned int max_mib);
void blkv_fingerprints_exit(struct blkv_fingerprints *prints);
void blkv_fingerprints_write(struct blkv_fingerprints *prints, sector_t start,
			     const struct blkv_memory *memory, unsigned int nr_sectors);
void blkv_fingerprints_fill(struct blkv_fingerprints *prints, sector_t start, sector_t nr_sectors,
			    bool zeroed);
unsigned int blkv_fingerprints_versions_ago(struct blkv_fingerprints *prints, sector_t sector,
					    const struct blkv_memory *memory, unsigned int n);
void blkv_fingerprints_move(struct blkv_fingerprints *to, struct blkv_fingerprints *from);

#if IS_ENABLED(CONFIG_KUNIT)
void *blkv_fingerprints_alloc(size_t size);
#endif

#endif /* DM_BLKVERIFY_FINGERPRINT_H */
