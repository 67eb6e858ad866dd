/* SPDX-License-Identifier: GPL-2.0-only */
/* Interpret the results of both legs. */
#ifndef DM_BLKVERIFY_VERDICT_H
#define DM_BLKVERIFY_VERDICT_H

struct blkv_request;

void blkv_verdict(struct blkv_request *req);

#endif /* DM_BLKVERIFY_VERDICT_H */
