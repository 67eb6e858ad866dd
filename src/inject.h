/* SPDX-License-Identifier: GPL-2.0-only */
/* Bytes to be flipped on request. */
#ifndef DM_BLKVERIFY_INJECT_H
#define DM_BLKVERIFY_INJECT_H

#include <linux/compiler.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "memory.h"

#define BLKV_MAX_INJECTIONS 16U

/**
 * struct blkv_injection - a byte of the test leg's data to be flipped
 * @sector: in which sector; its first byte
 * @xor: xored to the byte
 * @owner: the read in which that was done, until the read ends; NULL before
 */
struct blkv_injection {
	sector_t sector;
	u8 xor;
	const void *owner;
};

/**
 * struct blkv_injections - what is to be flipped, to prove that the alarm works
 * @nr: entries in use; written under @lock, read without it to see whether there is anything to
 *	do, so a read in flight may miss a new entry
 * @lock: protects the members below; process context
 * @all: the entries
 */
struct blkv_injections {
	unsigned int nr;

	spinlock_t lock; /* the entries */
	struct blkv_injection all[BLKV_MAX_INJECTIONS];
};

void blkv_injections_init(struct blkv_injections *injections);
bool blkv_injections_add(struct blkv_injections *injections, sector_t sector, u8 xor);
bool blkv_injections_apply(struct blkv_injections *injections, const void *owner, sector_t start,
			   sector_t nr_sectors, struct blkv_memory *memory);
bool blkv_injections_did(struct blkv_injections *injections, const void *owner, sector_t sector);
void blkv_injections_end(struct blkv_injections *injections, const void *owner);

/* Is there anything to be flipped? Any context. */
static inline bool blkv_injections_pending(const struct blkv_injections *injections)
{
	return READ_ONCE(injections->nr);
}

#endif /* DM_BLKVERIFY_INJECT_H */
