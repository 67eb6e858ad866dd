// SPDX-License-Identifier: GPL-2.0-only
/*
 * Polled requests whose submitter does not poll.
 *
 * A driver completes a polled request when its submitter polls. But the submitter may wait for
 * another request first, one that does not depend on the polled one where the test leg is alone,
 * but does here: it waits for the same sectors, or for private memory. So a worker polls whatever
 * the test leg has had for a while.
 */
#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/device-mapper.h>
#include <linux/rcupdate.h>

#include "polled.h"
#include "request.h"

/* From the second visit on, the worker polls a request. */
#define VISIT_AFTER msecs_to_jiffies(50)

/*
 * Only the drivers of disks have locks for this. A device on top of others, such as another dm
 * device, must not be polled by two at once, so its request is taken over: without a cookie,
 * bio_poll() does nothing, and all submitters call it under RCU. They still find the request when
 * it is completed: dm polls its own bio, not the clone.
 */
static void request_poll(struct blkv_request *req)
{
	struct bio *clone = blkv_request_clone(req);
	struct block_device *bdev = READ_ONCE(clone->bi_bdev);

	if (queue_is_mq(bdev_get_queue(bdev))) {
		bio_poll(clone, NULL, BLK_POLL_ONESHOT);
		return;
	}
	if (!req->polled.taken_over) {
		if (READ_ONCE(clone->bi_cookie) == BLK_QC_T_NONE)
			return;
		WRITE_ONCE(clone->bi_cookie, BLK_QC_T_NONE);
		synchronize_rcu();
		req->polled.taken_over = true;
	}
	if (bdev->bd_disk->fops->poll_bio)
		bdev->bd_disk->fops->poll_bio(clone, NULL, BLK_POLL_ONESHOT);
}

/* Visit the request that was not visited for longest. Returns false if there is none. */
static bool polled_visit(struct blkv_polled *polled)
{
	struct blkv_request *req;
	bool held = false;

	spin_lock_irq(&polled->lock);
	req = list_first_entry_or_null(&polled->requests, struct blkv_request, polled.list);
	if (req) {
		list_move_tail(&req->polled.list, &polled->requests);
		held = req->polled.overdue && blkv_request_hold(req);
		req->polled.overdue = true;
	}
	spin_unlock_irq(&polled->lock);

	if (held) {
		request_poll(req);
		blkv_request_release(req);
	}
	return req;
}

static void polled_visit_all(struct work_struct *work)
{
	struct blkv_polled *polled = container_of(to_delayed_work(work), struct blkv_polled, work);
	unsigned int nr;

	spin_lock_irq(&polled->lock);
	nr = polled->nr;
	spin_unlock_irq(&polled->lock);

	while (nr && polled_visit(polled)) {
		nr--;
		cond_resched();
	}

	spin_lock_irq(&polled->lock);
	if (!list_empty(&polled->requests))
		queue_delayed_work(polled->wq, &polled->work, VISIT_AFTER);
	spin_unlock_irq(&polled->lock);
}

/**
 * blkv_polled_init() - prepare for polled requests
 * @polled: zeroed
 *
 * Context: Process.
 */
void blkv_polled_init(struct blkv_polled *polled)
{
	INIT_DELAYED_WORK(&polled->work, polled_visit_all);
	spin_lock_init(&polled->lock);
	INIT_LIST_HEAD(&polled->requests);
}

/**
 * blkv_polled_exit() - wait for the worker
 * @polled: no request is in it; zeroed if it was never initialised
 *
 * Context: Process; sleeps. Before the workqueue is destroyed.
 */
void blkv_polled_exit(struct blkv_polled *polled)
{
	if (polled->work.work.func)
		cancel_delayed_work_sync(&polled->work);
}

/**
 * blkv_polled_add() - a leg is about to get a polled request
 * @polled: the list
 * @req: the request, until blkv_polled_del()
 *
 * Context: Any.
 */
void blkv_polled_add(struct blkv_polled *polled, struct blkv_request *req)
{
	unsigned long flags;

	req->polled.overdue = false;
	req->polled.taken_over = false;
	spin_lock_irqsave(&polled->lock, flags);
	list_add_tail(&req->polled.list, &polled->requests);
	polled->nr++;
	spin_unlock_irqrestore(&polled->lock, flags);
	queue_delayed_work(polled->wq, &polled->work, VISIT_AFTER);
}

/**
 * blkv_polled_del() - the legs have completed a polled request
 * @polled: the list
 * @req: the request, no longer held
 *
 * Context: Any.
 */
void blkv_polled_del(struct blkv_polled *polled, struct blkv_request *req)
{
	unsigned long flags;

	spin_lock_irqsave(&polled->lock, flags);
	list_del(&req->polled.list);
	polled->nr--;
	spin_unlock_irqrestore(&polled->lock, flags);
}
