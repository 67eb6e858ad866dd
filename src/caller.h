/* SPDX-License-Identifier: GPL-2.0-only */
/* Marks in the caller's memory. */
#ifndef DM_BLKVERIFY_CALLER_H
#define DM_BLKVERIFY_CALLER_H

#include <linux/bvec.h>
#include <linux/types.h>

void blkv_caller_mark(const struct bio_vec *vecs, struct bvec_iter iter, u64 mark);
unsigned int blkv_caller_find_mark(const struct bio_vec *vecs, struct bvec_iter iter,
				   unsigned int from, u64 mark);

#endif /* DM_BLKVERIFY_CALLER_H */
