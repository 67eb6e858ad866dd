/* SPDX-License-Identifier: GPL-2.0-only */
/* One side of what "compare" reads and "sync" copies. */
#ifndef BLKVERIFY_SIDE_H
#define BLKVERIFY_SIDE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "nbd.h"

/* A device, an image, or the nbd device of a qcow2 image. */
struct side {
	const char *word, *path;
	struct nbd nbd;
	int fd;
	uint64_t bytes, sectors;	/* the last sector of a file may be partial */
	bool is_block;
	dev_t number;
	uint8_t *buffer;		/* of CHUNK_SECTORS */
};

#define SIDE_BLOCK 4096

int side_open(struct side *side, const char *word, const char *path, bool writable);
void side_close(struct side *side);
/* Reads into its buffer; returns 0 or -errno. */
int side_read(const struct side *side, uint64_t at, uint64_t nr);
/* The number of sectors of the chunk that begins at @at. */
uint64_t side_chunk(uint64_t at, uint64_t end);

#endif
