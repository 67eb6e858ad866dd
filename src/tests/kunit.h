/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the suites share: randomness that can be had again, and how much of it.
 */
#ifndef BLKVERIFY_KUNIT_H
#define BLKVERIFY_KUNIT_H

#include <kunit/test.h>
#include <linux/prandom.h>

struct rnd_state *bvtest_random(struct kunit *test);
unsigned int bvtest_rounds(unsigned int n);

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

#endif /* BLKVERIFY_KUNIT_H */
