/* SPDX-License-Identifier: GPL-2.0-only */
/* Bytes to be flipped. */
#ifndef DM_BLKVERIFY_INJECT_H
#define DM_BLKVERIFY_INJECT_H

#include <linux/spinlock.h>
#include <linux/types.h>

#define BLKV_MAX_INJECTIONS 16

struct blkv_io;

/**
 * struct blkv_injection - a byte of test's answer to be flipped
 * @sector: where
 * @xor: what with
 * @met_by: the read in which that was done, until it ends; NULL before
 */
struct blkv_injection {
	sector_t sector;
	u8 xor ;
	const struct blkv_io *met_by;
};

/**
 * struct blkv_injections - what is to be flipped, to prove that the alarm works
 * @lock: protects the members below; process context. @nr is read without it to see whether
 *	there is anything to do; a read that is under way when the message comes may miss it.
 * @nr: entries in use
 * @all: the entries
 */
struct blkv_injections {
	spinlock_t lock; /* the entries */
	unsigned int nr;
	struct blkv_injection all[BLKV_MAX_INJECTIONS];
};

#endif /* DM_BLKVERIFY_INJECT_H */
