/* SPDX-License-Identifier: GPL-2.0-only */
/* What the difference between two sectors looks like. Pure. */
#ifndef BLKVERIFY_DIAGNOSE_H
#define BLKVERIFY_DIAGNOSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Up to this many differing bits are called a bit flip, as the target does. */
#define BITFLIP_MAX 8

struct diagnosis {
	unsigned int bytes, bits;	/* that differ */
	unsigned int first, last;	/* differing byte */
	bool zeros, ones;		/* all of test's sector */
	bool test_found;		/* raw holds what test returned, test_at sectors further */
	int64_t test_at;
	bool raw_found;			/* test holds what it should have returned there */
	int64_t raw_at;
};

/* raw and test: nr sectors each; at: the one in question. */
void diagnose_sector(struct diagnosis *d, const uint8_t *raw, const uint8_t *test, size_t nr,
		     size_t at);
/* A sentence, or several parted by "; ". */
void text_of_diagnosis(const struct diagnosis *d, uint64_t sector, char *text, size_t size);

#endif
