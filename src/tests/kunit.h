/* SPDX-License-Identifier: GPL-2.0-only */
/* What the suites share: reproducible randomness, and access to sectors. */
#ifndef BLKVERIFY_KUNIT_H
#define BLKVERIFY_KUNIT_H

#include <kunit/test.h>
#include <linux/bvec.h>
#include <linux/mm.h>
#include <linux/prandom.h>

#include "memory.h"
#include "shape.h"

#define BVTEST_CALLER_VECS 24
#define BVTEST_CALLER_ORDER 6

/**
 * struct bvtest_caller - memory of a caller
 * @random: what it is made from
 * @block: its segments are anywhere in these contiguous pages, and may overlap
 * @vecs: the segments
 * @nr_vecs: length of @vecs
 * @shape: of the segments
 */
struct bvtest_caller {
	struct rnd_state *random;
	struct page *block;
	struct bio_vec vecs[BVTEST_CALLER_VECS];
	unsigned int nr_vecs;
	struct blkv_shape shape;
};

struct bvtest_caller *bvtest_caller(struct kunit *test);
void bvtest_caller_add(struct bvtest_caller *caller, size_t at, size_t len);
void bvtest_caller_reset(struct bvtest_caller *caller);
void bvtest_caller_cut(struct bvtest_caller *caller);
void bvtest_caller_skip(struct bvtest_caller *caller, unsigned int bytes);
bool bvtest_continues(const struct bio_vec *vec, const struct bio_vec *next);
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
