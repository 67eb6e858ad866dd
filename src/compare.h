/* SPDX-License-Identifier: GPL-2.0-only */
/* Compare and copy the data of two bvec lists. */
#ifndef DM_BLKVERIFY_COMPARE_H
#define DM_BLKVERIFY_COMPARE_H

#include <linux/bvec.h>
#include <linux/types.h>

size_t blkv_compare(const struct bio_vec *a, struct bvec_iter a_iter, const struct bio_vec *b,
		    struct bvec_iter b_iter);
bool blkv_vecs_alias(const struct bio_vec *vecs, struct bvec_iter iter);
void blkv_vecs_read(const struct bio_vec *vecs, struct bvec_iter iter, unsigned int offset,
		    u8 *to, unsigned int len);
void blkv_vecs_copy(const struct bio_vec *dst, struct bvec_iter dst_iter, const struct bio_vec *src,
		    struct bvec_iter src_iter);

#endif /* DM_BLKVERIFY_COMPARE_H */
