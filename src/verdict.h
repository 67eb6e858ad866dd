/* SPDX-License-Identifier: GPL-2.0-only */
/* Interpret the results of both legs. */
#ifndef DM_BLKVERIFY_VERDICT_H
#define DM_BLKVERIFY_VERDICT_H

#include <linux/types.h>

#include "operation.h"
#include "report.h"

struct blkv_pool;
struct blkv_request;
struct blkverify;

void blkv_verdict(struct blkv_request *req);
void blkv_verdict_failed(struct blkv_request *req);
void blkv_verdict_report_init(struct blkv_request *req, struct blkv_report *report,
			      enum blkv_kind kind);
void blkv_verdict_add_provenance(struct blkverify *blkv, struct blkv_report *report);
bool blkv_verdict_publish(struct blkverify *blkv, struct blkv_report *report);
void blkv_verdict_late(struct blkverify *blkv, struct blkv_pool *pool);

#endif /* DM_BLKVERIFY_VERDICT_H */
