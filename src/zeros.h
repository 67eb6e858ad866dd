/* SPDX-License-Identifier: GPL-2.0-only */
/* Zeros to be written. */
#ifndef DM_BLKVERIFY_ZEROS_H
#define DM_BLKVERIFY_ZEROS_H

#include <linux/bio.h>
#include <linux/sizes.h>
#include <linux/types.h>

/* As many segments as make 1 MiB. */
#define BLKV_ZEROS_NR (SZ_1M / PAGE_SIZE)

/**
 * struct blkv_zeros - a list of segments that are all the same page of zeros
 * @vecs: the list; only read after its initialisation, so that all bios share it
 */
struct blkv_zeros {
	struct bio_vec vecs[BLKV_ZEROS_NR];
};

void blkv_zeros_init(struct blkv_zeros *zeros);
unsigned int blkv_zeros_attach(struct blkv_zeros *zeros, struct bio *bio, sector_t nr_sectors);

#endif /* DM_BLKVERIFY_ZEROS_H */
