/* SPDX-License-Identifier: GPL-2.0-only */
/* What the suites share: reproducible randomness, and access to sectors. */
#ifndef BLKVERIFY_KUNIT_H
#define BLKVERIFY_KUNIT_H

#include <kunit/test.h>
#include <linux/bvec.h>
#include <linux/mm.h>
#include <linux/prandom.h>

#include "memory.h"

struct rnd_state *bvtest_random(struct kunit *test);
unsigned int bvtest_rounds(unsigned int n);
struct blkv_memory *bvtest_memory(struct kunit *test, unsigned int nr_pages);

/* A random number below @n, which is not 0. */
static inline u32 below(struct rnd_state *random, u32 n)
{
	return prandom_u32_state(random) % n;
}

/* A random number from @low to @high. */
static inline u32 between(struct rnd_state *random, u32 low, u32 high)
{
	return low + below(random, high - low + 1);
}

/* True once in @n times. */
static inline bool one_in(struct rnd_state *random, u32 n)
{
	return !below(random, n);
}

/* A sector of segments that are a whole page each. */
static inline u8 *bvtest_sector(const struct bio_vec *vecs, unsigned int n)
{
	return (u8 *)page_address(vecs[n / PAGE_SECTORS].bv_page) +
	       (n % PAGE_SECTORS << SECTOR_SHIFT);
}

#endif /* BLKVERIFY_KUNIT_H */
