/* SPDX-License-Identifier: GPL-2.0-only */
/* When things last happened to a target. */
#ifndef DM_BLKVERIFY_MOMENTS_H
#define DM_BLKVERIFY_MOMENTS_H

#include <linux/types.h>

#include "words.h"

enum blkv_moment {
#define MOMENT_ID(id, ...) BLKV_MOMENT_##id,
	BLKV_MOMENTS(MOMENT_ID)
#undef MOMENT_ID
	BLKV_MOMENTS_NR
};

/**
 * struct blkv_moments - when things last happened
 * @last: of each kind, in jiffies; 0 for never
 */
struct blkv_moments {
	unsigned long last[BLKV_MOMENTS_NR];
};

/**
 * struct blkv_ages - how long ago things last happened
 * @happened: a bit for each kind
 * @ms: of each kind, in ms; valid if it happened
 */
struct blkv_ages {
	unsigned int happened;
	unsigned int ms[BLKV_MOMENTS_NR];
};

void blkv_moments_note(struct blkv_moments *moments, enum blkv_moment moment, unsigned long now);
void blkv_moments_ages(const struct blkv_moments *moments, unsigned long now,
		       struct blkv_ages *ages);
int blkv_ages_emit(const struct blkv_ages *ages, char *text, size_t size);

#endif /* DM_BLKVERIFY_MOMENTS_H */
