// SPDX-License-Identifier: GPL-2.0-only
/*
 * Zeros to be written.
 *
 * blkdev_issue_zeroout() would do, but it allocates bios from a pool that is shared with the bios
 * of the caller, which may have exhausted it and now wait for this request.
 *
 * Pure: no locks, any context.
 */
#include <kunit/visibility.h>
#include <linux/kernel.h>
#include <linux/mm.h>

#include "zeros.h"

/**
 * blkv_zeros_init() - initialise a list of zeros
 * @zeros: the list
 */
void blkv_zeros_init(struct blkv_zeros *zeros)
{
	unsigned int i;

	for (i = 0; i < BLKV_ZEROS_NR; i++)
		zeros->vecs[i] = (struct bio_vec){
			.bv_page = ZERO_PAGE(0),
			.bv_len = PAGE_SIZE,
		};
}
EXPORT_SYMBOL_IF_KUNIT(blkv_zeros_init);

/**
 * blkv_zeros_attach() - let a bio write zeros
 * @zeros: the list
 * @bio: a clone, with its first sector set
 * @nr_sectors: how many sectors are to be zeroed
 *
 * Return: how many of them this bio writes.
 */
unsigned int blkv_zeros_attach(struct blkv_zeros *zeros, struct bio *bio, sector_t nr_sectors)
{
	unsigned int nr = min_t(sector_t, nr_sectors, SZ_1M >> SECTOR_SHIFT);

	bio->bi_io_vec = zeros->vecs;
	bio->bi_iter = (struct bvec_iter) {
		.bi_sector = bio->bi_iter.bi_sector,
		.bi_size = nr << SECTOR_SHIFT,
	};
	return nr;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_zeros_attach);
