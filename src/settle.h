/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads of sectors that are uncertain since a power cut. */
#ifndef DM_BLKVERIFY_SETTLE_H
#define DM_BLKVERIFY_SETTLE_H

#include <linux/types.h>

#include "report.h"
#include "versions.h"

struct blkv_request;
struct blkverify;

bool blkv_settle(struct blkv_request *req);
void blkv_settle_describe(struct blkverify *blkv, const struct blkv_judgement *judgement,
			  const void *sector, struct blkv_report *report);

#endif /* DM_BLKVERIFY_SETTLE_H */
