/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Protection information that the submitter attached to a request. The test leg gets it with the
 * clone. The raw leg does not: its driver makes its own, and the format may be another one.
 */
#ifndef DM_BLKVERIFY_INTEGRITY_H
#define DM_BLKVERIFY_INTEGRITY_H

#include <linux/bio.h>
#include <linux/blk-integrity.h>

/**
 * struct blkv_integrity - where the protection information of a bio begins
 * @iter: as it was before the first submission
 */
struct blkv_integrity {
#ifdef CONFIG_BLK_DEV_INTEGRITY
	struct bvec_iter iter;
#endif
};

/* Before the first submission. */
static inline void blkv_integrity_record(struct blkv_integrity *integrity, struct bio *bio)
{
#ifdef CONFIG_BLK_DEV_INTEGRITY
	if (bio_integrity(bio))
		integrity->iter = bio_integrity(bio)->bip_iter;
#endif
}

/* Before any other one, which a leg may have begun to process. */
static inline void blkv_integrity_restore(const struct blkv_integrity *integrity, struct bio *bio)
{
#ifdef CONFIG_BLK_DEV_INTEGRITY
	if (bio_integrity(bio))
		bio_integrity(bio)->bip_iter = integrity->iter;
#endif
}

#endif /* DM_BLKVERIFY_INTEGRITY_H */
