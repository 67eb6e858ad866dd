/* SPDX-License-Identifier: GPL-2.0-only */
/* Classes of differences. */
#ifndef DM_BLKVERIFY_CLASSIFY_H
#define DM_BLKVERIFY_CLASSIFY_H

#include <linux/types.h>

#include "memory.h"
#include "words.h"

enum blkv_class {
#define CLASS_ID(id, ...) BLKV_CLASS_##id,
	BLKV_CLASSES(CLASS_ID)
#undef CLASS_ID
	BLKV_CLASSES_NR
};

/* Up to this many differing bits in a sector are a bit flip. */
#define BLKV_BITFLIP_MAX 8

/**
 * struct blkv_diagnosis - the class of a mismatch
 * @class: its class
 * @number: the argument of the class: bits, sectors, or 0 if the class has none
 */
struct blkv_diagnosis {
	enum blkv_class class;
	int number;
};

void blkv_classify(struct blkv_diagnosis *diagnosis, const struct blkv_memory *raw,
		   const struct blkv_memory *test, unsigned int nr_sectors, unsigned int bad,
		   unsigned int nr_bad);
const char *blkv_class_name(enum blkv_class class);
int blkv_diagnosis_emit(const struct blkv_diagnosis *diagnosis, char *text, size_t size);

#endif /* DM_BLKVERIFY_CLASSIFY_H */
