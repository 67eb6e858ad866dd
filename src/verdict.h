/* SPDX-License-Identifier: GPL-2.0-only */
/* Interpret the results of both legs. */
#ifndef DM_BLKVERIFY_VERDICT_H
#define DM_BLKVERIFY_VERDICT_H

#include "operation.h"

struct blkv_pool;
struct blkv_request;
struct blkverify;

void blkv_verdict(struct blkv_request *req);
void blkv_verdict_late(struct blkverify *blkv, struct blkv_pool *pool);

#endif /* DM_BLKVERIFY_VERDICT_H */
