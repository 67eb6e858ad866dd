/* SPDX-License-Identifier: GPL-2.0-only */
/* The differences between two reads of the same sectors. */
#ifndef DM_BLKVERIFY_DIFFERENCE_H
#define DM_BLKVERIFY_DIFFERENCE_H

#include <linux/types.h>

#include "evidence.h"
#include "memory.h"

/**
 * struct blkv_difference - the differences between two reads of the same sectors
 * @nr: number of sectors that differ
 * @first: the first such sector, relative to the read
 * @byte: the first byte of @first that differs
 * @runs: the first runs of such sectors, relative to the read
 */
struct blkv_difference {
	unsigned int nr;
	unsigned int first;
	unsigned int byte;
	struct blkv_runs runs;
};

void blkv_difference_add(struct blkv_difference *difference, const struct blkv_memory *raw,
			 const struct blkv_memory *test, unsigned int first,
			 unsigned int nr_sectors);
void blkv_difference_set(struct blkv_difference *difference, unsigned int sector,
			 unsigned int byte);

#endif /* DM_BLKVERIFY_DIFFERENCE_H */
