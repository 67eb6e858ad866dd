/* SPDX-License-Identifier: GPL-2.0-only */
/* The meaning of a leg's status. */
#ifndef DM_BLKVERIFY_OUTCOME_H
#define DM_BLKVERIFY_OUTCOME_H

#include <linux/blk_types.h>
#include <linux/types.h>

/**
 * enum blkv_outcome - the meaning of a leg's status
 * @BLKV_OUTCOME_OK: the leg completed the request
 * @BLKV_OUTCOME_LEG_FAULT: the leg failed the request, and is to blame
 * @BLKV_OUTCOME_UNSUPPORTED: the leg does not support the operation
 * @BLKV_OUTCOME_RETRY: the leg would have had to wait; resubmit without REQ_NOWAIT
 * @BLKV_OUTCOME_CALLER_FAULT: the request is to blame, not the leg
 */
enum blkv_outcome {
	BLKV_OUTCOME_OK,
	BLKV_OUTCOME_LEG_FAULT,
	BLKV_OUTCOME_UNSUPPORTED,
	BLKV_OUTCOME_RETRY,
	BLKV_OUTCOME_CALLER_FAULT,
};

/* The request was sent to the legs with REQ_NOWAIT. */
#define BLKV_HAD_NOWAIT BIT(0)
/* The raw leg was re-read, to confirm a difference. */
#define BLKV_REREAD BIT(1)

bool blkv_status_is_refusal(blk_status_t status);
enum blkv_outcome blkv_outcome(blk_opf_t opf, blk_status_t status, unsigned int flags);

#endif /* DM_BLKVERIFY_OUTCOME_H */
