/* SPDX-License-Identifier: GPL-2.0-only */
/* Label a mismatch as persistent or transient. */
#ifndef DM_BLKVERIFY_LABEL_H
#define DM_BLKVERIFY_LABEL_H

#include <linux/types.h>

struct blkv_report;
struct blkv_request;

void blkv_label_start(struct blkv_request *req, const struct blkv_report *report, bool logged);

#endif /* DM_BLKVERIFY_LABEL_H */
