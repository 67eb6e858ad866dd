/* SPDX-License-Identifier: GPL-2.0-only */
/* The operations of requests. */
#ifndef DM_BLKVERIFY_OPERATION_H
#define DM_BLKVERIFY_OPERATION_H

#include <linux/blk_types.h>
#include <linux/types.h>

#include "words.h"

enum blkv_operation {
#define OPERATION_ID(id, ...) BLKV_OPERATION_##id,
	BLKV_OPERATIONS(OPERATION_ID)
#undef OPERATION_ID
	BLKV_OPERATIONS_NR
};

bool blkv_operation_of(enum req_op op, sector_t nr_sectors, enum blkv_operation *operation);
const char *blkv_operation_name(enum blkv_operation operation);

/* Is it a read or a write, which transfer data? */
static inline bool blkv_operation_has_data(enum blkv_operation operation)
{
	return operation == BLKV_OPERATION_READ || operation == BLKV_OPERATION_WRITE;
}

/* Does it change the contents of the legs? */
static inline bool blkv_operation_changes_data(enum blkv_operation operation)
{
	return operation != BLKV_OPERATION_READ && operation != BLKV_OPERATION_FLUSH;
}

#endif /* DM_BLKVERIFY_OPERATION_H */
