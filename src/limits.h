/* SPDX-License-Identifier: GPL-2.0-only */
/* The limits of the mapped device, and what the raw leg does not offer. */
#ifndef DM_BLKVERIFY_LIMITS_H
#define DM_BLKVERIFY_LIMITS_H

#include <linux/blkdev.h>
#include <linux/device-mapper.h>
#include <linux/types.h>

#include "operation.h"
#include "words.h"

/**
 * enum blkv_raw_action - what is sent to the raw leg
 * @BLKV_RAW_SEND: the request as it is
 * @BLKV_RAW_SKIP: nothing; the raw leg keeps its data, which are not compared afterwards
 * @BLKV_RAW_ZERO: zeros
 */
enum blkv_raw_action { BLKV_RAW_SEND, BLKV_RAW_SKIP, BLKV_RAW_ZERO };

/* Features of the test leg that the mapped device may lack: see src/words.h. */
enum blkv_unpassed {
#define BLKV_UNPASSED_ID(id, ...) BLKV_UNPASSED_##id,
	BLKV_UNPASSED(BLKV_UNPASSED_ID)
#undef BLKV_UNPASSED_ID
	BLKV_UNPASSED_NR
};

enum blkv_raw_action blkv_raw_action(enum blkv_operation operation, bool offered,
				     bool leaves_zeros);
bool blkv_leg_offers(struct block_device *bdev, enum blkv_operation operation);
bool blkv_leg_discards_all(struct block_device *bdev, sector_t start, sector_t nr_sectors);
bool blkv_granules_are_whole(unsigned int granularity, unsigned int alignment, u64 start, u64 len);
bool blkv_leg_has_unpassed(const struct dm_dev *leg, enum blkv_unpassed feature);
void blkv_limits_add_raw(struct queue_limits *limits, unsigned int block_size);
void blkv_limits_bound_atomic(struct queue_limits *limits);

#endif /* DM_BLKVERIFY_LIMITS_H */
