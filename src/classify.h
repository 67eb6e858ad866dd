/* SPDX-License-Identifier: GPL-2.0-only */
/* What a difference looks like. */
#ifndef DM_BLKVERIFY_CLASSIFY_H
#define DM_BLKVERIFY_CLASSIFY_H

#include <linux/types.h>

#include "memory.h"

enum blkv_class {
	BLKV_CLASS_OTHER,
	BLKV_CLASS_ZEROS,
	BLKV_CLASS_ONES,
	BLKV_CLASS_BITFLIP,
	BLKV_CLASS_SHIFTED,
	BLKV_CLASS_TORN,
	BLKV_CLASS_STALE,
	BLKV_CLASS_UNFILLED,
};

/* Up to this many differing bits in a sector are a bit flip. */
#define BLKV_BITFLIP_MAX 8

/**
 * struct blkv_diagnosis - what a mismatch looks like
 * @class: see enum blkv_class
 * @number: of bits for a bit flip, of sectors for shifted, else 0
 */
struct blkv_diagnosis {
	enum blkv_class class;
	int number;
};

void blkv_classify(struct blkv_diagnosis *diagnosis, const struct blkv_memory *raw,
		   const struct blkv_memory *test, unsigned int nr_sectors, unsigned int bad,
		   unsigned int nr_bad);
int blkv_class_emit(const struct blkv_diagnosis *diagnosis, char *text, size_t size);

#endif /* DM_BLKVERIFY_CLASSIFY_H */
