/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The margins of a test device, the pattern in them, and what has become of it. Pure.
 */
#ifndef BLKVERIFY_MARGIN_H
#define BLKVERIFY_MARGIN_H

#include <stddef.h>
#include <stdint.h>

/* So many damaged ranges are kept; the others are counted. */
#define DAMAGES_MAX 64
/* So many bytes are shown of each. */
#define DAMAGE_BYTES 16

enum margin_fit { MARGIN_FITS, MARGIN_UNALIGNED, MARGIN_TOO_LARGE };

/* Sectors in a row that differ from the pattern. The members from @byte on are about the first. */
struct damage {
	uint64_t start, nr;
	unsigned int byte;			/* the first one that differs */
	unsigned int offset;			/* of the bytes below */
	uint8_t expected[DAMAGE_BYTES], found[DAMAGE_BYTES];
	const char *looks;			/* what it looks like, in a few words */
};

struct damages {
	uint64_t seed;				/* of the pattern */
	uint64_t sectors;			/* all that differ */
	uint64_t last;				/* the last one of them */
	uint64_t ranges;			/* all, of which DAMAGES_MAX are kept */
	struct damage damage[DAMAGES_MAX];
};

/* Whether both ends of a device of @end sectors can have a margin of @size sectors, not 0. */
enum margin_fit margin_fit(uint64_t size, uint64_t end, uint64_t block);
/* The pattern of @nr sectors from @sector on. No two sectors, or words, are alike. */
void margin_fill(uint8_t *data, uint64_t seed, uint64_t sector, uint64_t nr);
/* Compare what was read with the pattern. The sectors must come in order. */
void margin_compare(struct damages *damages, const uint8_t *data, uint64_t sector, uint64_t nr);

#endif
