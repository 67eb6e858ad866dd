/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by several units: the legs, the size of a region, how to allocate. */
#ifndef DM_BLKVERIFY_TYPES_H
#define DM_BLKVERIFY_TYPES_H

#include <linux/blkdev.h>
#include <linux/gfp.h>
#include <linux/sizes.h>
#include <linux/types.h>

#define DM_MSG_PREFIX "blkverify"

/*
 * The unit of trust, of private memory that is always there, and of re-reads. Reads and writes may
 * be longer.
 */
#define BLKV_REGION_SECTORS ((unsigned int)(SZ_1M >> SECTOR_SHIFT))

/* Marks, and what is said about data, are in words of 64 bits. */
#define BLKV_SECTOR_WORDS (SECTOR_SIZE / sizeof(u64))

/*
 * For optional allocations in the I/O path. They must not use the reserves: the request may be
 * part of memory reclaim.
 */
#define BLKV_GFP_NOWAIT (GFP_NOWAIT | __GFP_NOMEMALLOC | __GFP_NOWARN)

enum blkv_leg_nr { BLKV_RAW, BLKV_TEST, BLKV_LEGS };

#endif /* DM_BLKVERIFY_TYPES_H */
