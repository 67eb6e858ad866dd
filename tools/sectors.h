/* SPDX-License-Identifier: GPL-2.0-only */
/* Complete reads and writes. */
#ifndef BLKVERIFY_SECTORS_H
#define BLKVERIFY_SECTORS_H

#include <stddef.h>
#include <stdint.h>

#define CHUNK_SECTORS 2048	/* the size of the target's regions: longer reads are split */

/* Returns NULL, and reports it, if out of memory. */
void *aligned_buffer(size_t size);
/* Return 0 or -errno; -ENODATA if the file ends early. */
int read_at_least(int fd, void *buffer, uint64_t sector, size_t least, size_t size);
int read_sectors(int fd, void *buffer, uint64_t sector, uint64_t nr);
int write_sectors(int fd, const void *buffer, uint64_t sector, uint64_t nr);

#endif
