/* SPDX-License-Identifier: GPL-2.0-only */
/* Whole reads and writes. */
#ifndef BLKVERIFY_SECTORS_H
#define BLKVERIFY_SECTORS_H

#include <stddef.h>
#include <stdint.h>

#define CHUNK_SECTORS 2048	/* the target's region: a longer read would only be split */

/* NULL, which is said, when memory is short. */
void *aligned_buffer(size_t size);
/* All of it, or -errno; a file that ends early is -ENODATA. */
int read_at_least(int fd, void *buffer, uint64_t sector, size_t least, size_t size);
int read_sectors(int fd, void *buffer, uint64_t sector, uint64_t nr);
int write_sectors(int fd, const void *buffer, uint64_t sector, uint64_t nr);

#endif
