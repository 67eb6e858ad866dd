/* SPDX-License-Identifier: GPL-2.0-only */
/* The shape of the caller's memory. */
#ifndef DM_BLKVERIFY_SHAPE_H
#define DM_BLKVERIFY_SHAPE_H

#include <linux/bvec.h>
#include <linux/sizes.h>
#include <linux/types.h>

/* The largest chunk of contiguous memory is 4 MiB; most kernels allocate no more. */
#define BLKV_MAX_ORDER ilog2(SZ_4M >> PAGE_SHIFT)
#define BLKV_ORDERS (BLKV_MAX_ORDER + 1)

/**
 * struct blkv_shape - the segments of the caller's memory
 * @vecs: the segments; each may extend over several pages
 * @iter: the part of them
 */
struct blkv_shape {
	const struct bio_vec *vecs;
	struct bvec_iter iter;
};

/* Most segments that a random shape has. */
#define BLKV_RANDOM_VECS 16

/**
 * struct blkv_plan - the private memory that has a certain shape
 * @nr_vecs: number of segments
 * @nr: number of chunks of each order
 * @max_order: of the largest chunk
 */
struct blkv_plan {
	unsigned int nr_vecs;
	unsigned int nr[BLKV_ORDERS];
	unsigned int max_order;
};

unsigned int blkv_shape_lead(struct blkv_shape *shape);
bool blkv_shape_is_plain(const struct blkv_shape *shape);
size_t blkv_shape_run(const struct blkv_shape *shape);
void blkv_shape_random(struct blkv_shape *shape, struct bio_vec *vecs, unsigned int bytes,
		       unsigned int align, unsigned int block, u64 seed);
void blkv_shape_plan(const struct blkv_shape *shape, struct blkv_plan *plan);

#endif /* DM_BLKVERIFY_SHAPE_H */
