// SPDX-License-Identifier: GPL-2.0-only
/*
 * The raw leg of a request: it must not block the submitter, and what it does not offer is done in
 * another way, or not at all.
 *
 * The test leg gets each request as if it was alone, so it has no unit like this one.
 */
#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/device-mapper.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "dm-blkverify.h"
#include "integrity.h"
#include "limits.h"
#include "operation.h"
#include "outcome.h"
#include "raw.h"
#include "request.h"
#include "zeros.h"

/*
 * Flags that must not be passed on to the raw leg. Most describe the bio that it came with (its
 * poller, where it was allocated, what is attached to it), or its submitter, which @nowait keeps,
 * but not the request. The limits of atomic writes are those of the test leg, and of the raw leg
 * only the result matters.
 */
#define OPF_NOT_FOR_RAW                                                                            \
	(REQ_POLLED | REQ_NOWAIT | REQ_ALLOC_CACHE | REQ_INTEGRITY | REQ_ATOMIC | REQ_DRV)

/* ---- what the raw leg does not offer ------------------------------------------------------- */

/*
 * Did the raw leg find out, by a request that it failed, that it does not offer the operation? Its
 * limits do not show that in advance.
 */
static bool raw_is_unable(struct blkv_request *req, blk_status_t status)
{
	return blkv_outcome(req->opf, status, 0) == BLKV_OUTCOME_UNSUPPORTED;
}

/*
 * Zero sectors of the raw leg from @done on, by write zeroes or else by writes of zeros. Sets @nr
 * to how many.
 */
static blk_status_t raw_zero_some(struct blkv_request *req, enum req_op op, sector_t done,
				  sector_t *nr)
{
	blk_opf_t flags = req->opf & ~(REQ_OP_MASK | REQ_NOUNMAP | OPF_NOT_FOR_RAW);
	blk_status_t status;
	struct bio bio;

	bio_init(&bio, req->blkv->legs[BLKV_RAW]->bdev, NULL, 0, op | flags);
	/* The bio does not own its segments. */
	bio_set_flag(&bio, BIO_CLONED);
	bio.bi_ioprio = req->raw_bio.bi_ioprio;
	bio_clone_blkg_association(&bio, &req->raw_bio);
	bio.bi_iter = req->caller_iter;
	bio.bi_iter.bi_sector = req->range.start + done;
	*nr = req->nr_sectors;
	if (op == REQ_OP_WRITE)
		*nr = blkv_zeros_attach(&req->blkv->zeros, &bio, req->nr_sectors - done);
	submit_bio_wait(&bio);
	status = bio.bi_status;
	bio_uninit(&bio);
	return status;
}

static blk_status_t raw_write_zeros(struct blkv_request *req)
{
	blk_status_t status = BLK_STS_OK;
	sector_t done, nr;

	for (done = 0; done < req->nr_sectors && !status; done += nr) {
		status = raw_zero_some(req, REQ_OP_WRITE, done, &nr);
		cond_resched();
	}
	return status;
}

/* Zero the sectors on the raw leg, which does not offer the operation. Process context. */
static void raw_zero(struct work_struct *work)
{
	struct blkv_request *req = blkv_request_of_work(work);
	blk_status_t status = BLK_STS_NOTSUPP;
	sector_t nr;

	if (req->operation != BLKV_OPERATION_WRITE_ZEROES &&
	    blkv_leg_offers(req->blkv->legs[BLKV_RAW]->bdev, BLKV_OPERATION_WRITE_ZEROES))
		status = raw_zero_some(req, REQ_OP_WRITE_ZEROES, 0, &nr);
	if (raw_is_unable(req, status))
		status = raw_write_zeros(req);
	/* Every leg has to support writes, so a failure is the leg's fault, whatever the status. */
	blkv_request_leg_done(req, BLKV_RAW, status ? BLK_STS_IOERR : BLK_STS_OK);
}

/* Do what src/limits.c says in place of the request. Returns false if that is to send it. */
static bool raw_substitute(struct blkv_request *req, bool offered)
{
	switch (blkv_raw_action(req->operation, offered, blkv_request_leaves_zeros(req))) {
	case BLKV_RAW_SKIP:
		blkv_request_leg_done(req, BLKV_RAW, BLK_STS_OK);
		return true;
	case BLKV_RAW_ZERO:
		blkv_request_step_queue(req, raw_zero);
		return true;
	default:
		return false;
	}
}

static bool raw_offers(struct blkv_request *req)
{
	struct block_device *raw = req->blkv->legs[BLKV_RAW]->bdev;

	if (req->operation == BLKV_OPERATION_DISCARD && blkv_request_leaves_zeros(req) &&
	    !blkv_leg_discards_all(raw, req->range.start, req->nr_sectors))
		return false;
	return blkv_leg_offers(raw, req->operation);
}

/* ---- submission ---------------------------------------------------------------------------- */

/*
 * Leave submissions to the raw leg to a worker, which may block. If the submitter blocked, the
 * depth of the raw leg's queue would be that of the test leg's, too.
 */
static void backlog_add_list(struct blkverify *blkv, struct bio_list *bios)
{
	unsigned long flags;

	spin_lock_irqsave(&blkv->backlog.lock, flags);
	bio_list_merge(&blkv->backlog.bios, bios);
	/* Under the lock: when the worker has taken them, they may end, and the target may go. */
	queue_work(blkv->raw_wq, &blkv->backlog.work);
	spin_unlock_irqrestore(&blkv->backlog.lock, flags);
}

static void backlog_add(struct blkv_request *req)
{
	struct bio_list bios;

	bio_list_init(&bios);
	bio_list_add(&bios, &req->raw_bio);
	backlog_add_list(req->blkv, &bios);
}

static void raw_endio(struct bio *bio)
{
	struct blkv_request *req = bio->bi_private;

	if (req->raw_nowait && blkv_request_would_wait(req, bio->bi_status))
		backlog_add(req);
	else if (likely(!bio->bi_status) || !raw_is_unable(req, bio->bi_status) ||
		 !raw_substitute(req, false))
		blkv_request_leg_done(req, BLKV_RAW, bio->bi_status);
}

/**
 * blkv_raw_init() - initialise the bio for the raw leg
 * @req: a request whose clone the test leg has not got yet
 *
 * The clone is copied: priority and hints are passed on. Only a crypto payload could fail, and dm
 * lets none through; protection information would have to be allocated, but the copy gets none.
 *
 * Context: Any.
 * Return: 0, or a negative errno.
 */
int blkv_raw_init(struct blkv_request *req)
{
	struct bio *clone = blkv_request_clone(req);
	struct bio *bio = &req->raw_bio;
	int r;

	blkv_integrity_record(&req->integrity, clone);
	clone->bi_opf &= ~REQ_INTEGRITY;
	r = bio_init_clone(req->blkv->legs[BLKV_RAW]->bdev, bio, clone, GFP_NOIO);
	clone->bi_opf = req->opf;
	bio->bi_end_io = raw_endio;
	bio->bi_private = req;
	return r;
}

/* Does not block with @raw_nowait. */
static void raw_send(struct blkv_request *req)
{
	blkv_request_bio_prepare(req, &req->raw_bio, BLKV_RAW);
	req->raw_bio.bi_opf = req->opf & ~OPF_NOT_FOR_RAW;
	if (req->raw_nowait)
		req->raw_bio.bi_opf |= REQ_NOWAIT;
	blkv_request_leg_begin(req, BLKV_RAW);
	dm_submit_bio_remap(blkv_request_clone(req), &req->raw_bio);
}

static void backlog_submit(struct work_struct *work)
{
	struct blkv_backlog *backlog = container_of(work, struct blkv_backlog, work);
	struct bio_list bios;
	struct blk_plug plug;
	struct bio *bio;

	spin_lock_irq(&backlog->lock);
	bios = backlog->bios;
	bio_list_init(&backlog->bios);
	spin_unlock_irq(&backlog->lock);

	blk_start_plug(&plug);
	while ((bio = bio_list_pop(&bios))) {
		struct blkv_request *req = container_of(bio, struct blkv_request, raw_bio);

		req->raw_nowait = false;
		raw_send(req);
	}
	blk_finish_plug(&plug);
}

/**
 * blkv_backlog_init() - prepare the backlog of a target
 * @backlog: zeroed
 *
 * Context: Any.
 */
void blkv_backlog_init(struct blkv_backlog *backlog)
{
	INIT_WORK(&backlog->work, backlog_submit);
	spin_lock_init(&backlog->lock);
	bio_list_init(&backlog->bios);
}

/*
 * How to submit to the raw leg without blocking the submitter. If it has a queue of requests, that
 * may be full: with NOWAIT, it then refuses the request instead. Requests that it would have to
 * split, and so always refuse, are left to a worker; returns true for those.
 */
static bool raw_defer(struct blkv_request *req)
{
	struct block_device *raw = req->blkv->legs[BLKV_RAW]->bdev;
	struct request_queue *queue = bdev_get_queue(raw);

	req->raw_nowait = false;
	if (!blkv_operation_has_data(req->operation))
		return false;
	if (!bdev_nowait(raw))
		return req->nowait;
	if (queue_is_mq(queue) && req->nr_sectors > queue_max_sectors(queue))
		return true;
	req->raw_nowait = req->nowait || queue_is_mq(queue);
	return false;
}

/* ---- batches ------------------------------------------------------------------------------- */

/* As long as the block layer lets wait in a plug: it sends what is longer, and all before it. */
#define BATCH_BIO_SECTORS (SZ_128K >> SECTOR_SHIFT)

/**
 * struct raw_batch - bios for the raw leg whose submitter is plugged
 * @cb: called when the submitter unplugs
 * @bios: the bios; only the submitter uses them. Never empty: nothing else keeps the target.
 *
 * Their number is not limited: that of the test leg's bios in the plug is not, because those that
 * were merged count as one.
 */
struct raw_batch {
	struct blk_plug_cb cb;
	struct bio_list bios;
};

/*
 * The submitter unplugs: after the test leg has got its part, send the raw leg its own with another
 * plug. If both parts were in one plug, some kernels would not let the driver of the test leg queue
 * them as a batch.
 */
static void raw_batch_send(struct blk_plug_cb *cb, bool from_schedule)
{
	struct raw_batch *batch = container_of(cb, struct raw_batch, cb);
	struct blk_plug *submitters = current->plug;
	struct blk_plug plug;
	struct bio *bio;

	if (from_schedule) {
		backlog_add_list(cb->data, &batch->bios);
	} else {
		/* Flush the test leg's part. Modules cannot call blk_flush_plug(). */
		blk_finish_plug(submitters);
		blk_start_plug(&plug);
		while ((bio = bio_list_pop(&batch->bios)))
			raw_send(container_of(bio, struct blkv_request, raw_bio));
		blk_finish_plug(&plug);
		current->plug = submitters;
	}
	kfree(batch);
}

/*
 * Let a request wait until its submitter unplugs, as the test leg's part does. Returns false if
 * that is not plugged, or without memory.
 */
static bool raw_batch_add(struct blkv_request *req)
{
	struct blkverify *blkv = req->blkv;
	struct raw_batch *batch;
	struct blk_plug_cb *cb;

	/* A leg without a queue of requests is not plugged. */
	if (!queue_is_mq(bdev_get_queue(blkv->legs[BLKV_RAW]->bdev)) ||
	    !queue_is_mq(bdev_get_queue(blkv->legs[BLKV_TEST]->bdev)))
		return false;
	if (!blkv_operation_has_data(req->operation) || req->nr_sectors >= BATCH_BIO_SECTORS)
		return false;
	cb = blk_check_plugged(raw_batch_send, blkv, sizeof(*batch));
	if (!cb)
		return false;
	batch = container_of(cb, struct raw_batch, cb);
	bio_list_add(&batch->bios, &req->raw_bio);
	return true;
}

/**
 * blkv_raw_submit() - submit a request to the raw leg, or do what replaces it
 * @req: a request with a pending raw leg; it may be gone afterwards
 *
 * Context: Process; does not block.
 */
void blkv_raw_submit(struct blkv_request *req)
{
	bool defer = raw_defer(req);

	if (!blkv_operation_has_data(req->operation) && raw_substitute(req, raw_offers(req)))
		return;
	if (defer)
		backlog_add(req);
	else if (!raw_batch_add(req))
		raw_send(req);
}
