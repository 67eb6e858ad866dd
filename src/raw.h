/* SPDX-License-Identifier: GPL-2.0-only */
/* The raw leg of a request. */
#ifndef DM_BLKVERIFY_RAW_H
#define DM_BLKVERIFY_RAW_H

#include <linux/bio.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

struct blkv_request;

/**
 * struct blkv_backlog - requests that a worker submits to the raw leg
 * @work: submits them
 * @lock: protects @bios; any context
 * @bios: for the raw leg, in the order in which they were queued
 */
struct blkv_backlog {
	struct work_struct work;

	spinlock_t lock; /* the bios */
	struct bio_list bios;
};

int blkv_raw_init(struct blkv_request *req);
void blkv_raw_submit(struct blkv_request *req);
void blkv_backlog_init(struct blkv_backlog *backlog);

#endif /* DM_BLKVERIFY_RAW_H */
