/* SPDX-License-Identifier: GPL-2.0-only */
/* A sorted set of sector ranges, for the summaries. Pure. */
#ifndef BLKVERIFY_RANGES_H
#define BLKVERIFY_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct range {
	uint64_t start, nr;
};

struct ranges {
	struct range *range;
	size_t nr, room;
	bool incomplete;	/* out of memory */
};

void ranges_add(struct ranges *ranges, uint64_t start, uint64_t nr);
uint64_t ranges_sectors(const struct ranges *ranges);
/* The exit code for these ranges. */
int ranges_verdict(const struct ranges *bad, const struct ranges *unreadable);
void ranges_free(struct ranges *ranges);

#endif
