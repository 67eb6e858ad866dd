/* SPDX-License-Identifier: GPL-2.0-only */
/* Requests. */
#ifndef DM_BLKVERIFY_IO_H
#define DM_BLKVERIFY_IO_H

#include <linux/bio.h>
#include <linux/types.h>

struct blkverify;

size_t blkv_io_size(void);
int blkv_io_map(struct blkverify *blkv, struct bio *bio);
bool blkv_io_inject(struct blkverify *blkv, sector_t sector, u8 xor);

#endif /* DM_BLKVERIFY_IO_H */
