/* SPDX-License-Identifier: GPL-2.0-only */
/* Polled requests whose submitter does not poll. */
#ifndef DM_BLKVERIFY_POLLED_H
#define DM_BLKVERIFY_POLLED_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

struct blkv_request;

/**
 * struct blkv_polled - the polled requests that the legs have
 * @work: polls those that have been there for a while
 * @wq: for @work; set by the owner
 * @lock: protects the members below; any context
 * @nr: entries in @requests
 * @requests: in the order in which they were visited
 */
struct blkv_polled {
	struct delayed_work work;
	struct workqueue_struct *wq;

	spinlock_t lock; /* the list */
	unsigned int nr;
	struct list_head requests;
};

/**
 * struct blkv_polled_entry - what a polled request has for it
 * @list: in the list of all
 * @overdue: the worker has seen it before
 * @taken_over: only the worker polls it
 */
struct blkv_polled_entry {
	struct list_head list;
	bool overdue;
	bool taken_over;
};

void blkv_polled_init(struct blkv_polled *polled);
void blkv_polled_exit(struct blkv_polled *polled);
void blkv_polled_add(struct blkv_polled *polled, struct blkv_request *req);
void blkv_polled_del(struct blkv_polled *polled, struct blkv_request *req);

#endif /* DM_BLKVERIFY_POLLED_H */
