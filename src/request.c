// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of a request: from map to both legs, until both are done; and its end.
 *
 * src/verdict.c interprets the results of the legs. Nothing here blocks in map: the
 * submitter may hold bios of ours in current->bio_list. Nothing sleeps in a completion, which may
 * be a hard interrupt. What has to wait is queued to a workqueue, see struct blkverify.
 * A request belongs to one context at a time; it is handed over by blkv_range_lock() and
 * blkv_range_unlock(), by queue_work(), and by the count of pending legs, and the previous owner
 * must not touch it afterwards.
 */
#include <linux/hash.h>
#include <linux/jiffies.h>
#include <linux/part_stat.h>
#include <linux/random.h>

#include "caller.h"
#include "compare.h"
#include "crash.h"
#include "dm-blkverify.h"
#include "outcome.h"
#include "raw.h"
#include "request.h"
#include "settle.h"
#include "trace.h"
#include "verdict.h"

/* A longer read that is completed with interrupts off is left to a worker. */
#define CHECK_IN_IRQ_SECTORS ((unsigned int)(SZ_64K >> SECTOR_SHIFT))

/* A longer read or write is cut. Cutting is up to the legs, but memory has its limits. */
#define MAX_SECTORS ((unsigned int)(SZ_16M >> SECTOR_SHIFT))

static void request_start(struct blkv_request *req);

static bool has_two_copies(struct blkv_request *req)
{
	return req->operation == BLKV_OPERATION_WRITE &&
	       blkv_option(&req->blkv->options, SEPARATE_COPIES);
}

/* The private memory that the leg's bio uses, or NULL if it uses the caller's memory. */
static struct blkv_memory *leg_memory(struct blkv_request *req, enum blkv_leg_nr leg)
{
	switch (req->operation) {
	case BLKV_OPERATION_READ:
		return (leg == BLKV_TEST) != req->in_place ? &req->memory : NULL;
	case BLKV_OPERATION_WRITE:
		if (blkv_option(&req->blkv->options, NO_WRITE_COPY))
			return NULL;
		return leg == BLKV_TEST && has_two_copies(req) ? &req->test_copy : &req->memory;
	default:
		return NULL;
	}
}

static bool has_memory(struct blkv_request *req)
{
	return leg_memory(req, BLKV_RAW) || leg_memory(req, BLKV_TEST);
}

/* The pool of req->memory: does the test leg read into it? */
static struct blkv_pool *memory_pool(struct blkv_request *req)
{
	return req->operation == BLKV_OPERATION_READ && !req->in_place ? &req->blkv->test_pool :
									 &req->blkv->copy_pool;
}

/**
 * blkv_request_test_data() - find the data that the test leg returned for a read
 * @req: the read; no difference has been settled yet
 * @data: filled in; a view, maybe of the caller's memory
 *
 * Context: Any.
 */
void blkv_request_test_data(struct blkv_request *req, struct blkv_memory *data)
{
	if (req->in_place)
		blkv_memory_view_caller(blkv_request_caller_vecs(req),
					blkv_request_caller_iter(req), data);
	else
		blkv_memory_view(&req->memory, 0, data);
}

/**
 * blkv_request_test_sum() - the checksum of the data that the test leg returned for a read
 * @req: the read; no difference has been settled yet
 *
 * Context: Any.
 * Return: the checksum.
 */
noinline_for_stack u32 blkv_request_test_sum(struct blkv_request *req)
{
	struct blkv_memory data;

	blkv_request_test_data(req, &data);
	return blkv_memory_sum(&data, req->nr_sectors);
}

/**
 * blkv_request_queue() - leave the next step of a request to a workqueue
 * @req: the request
 * @wq: the workqueue
 * @step: the next step; in process context, where a leg may block
 *
 * Context: Any. The caller must not touch the request afterwards.
 */
void blkv_request_queue(struct blkv_request *req, struct workqueue_struct *wq, work_func_t step)
{
	req->nowait = false;
	INIT_WORK(&req->work, step);
	queue_work(wq, &req->work);
}

/*
 * dm counts a request as in flight from its submission to the legs on. Before that, these two count
 * one that waits in here, because on the test device alone it would be in flight. Only the sum over
 * all CPUs matters, so a wait may even end before its begin is counted.
 */
static void wait_begin(struct blkverify *blkv, blk_opf_t opf)
{
	bdev_start_io_acct(blkv->bdev, (__force enum req_op)(opf & REQ_OP_MASK), jiffies);
}

static void wait_end(struct blkv_request *req)
{
	if (!req->counts_waits)
		return;
	/* Not bdev_end_io_acct(), which would count a request that is done. */
	part_stat_lock();
	part_stat_local_dec(req->blkv->bdev, in_flight[op_is_write(req->opf)]);
	part_stat_unlock();
}

static void request_wait(struct blkv_request *req, struct workqueue_struct *wq, work_func_t step)
{
	if (req->counts_waits)
		wait_begin(req->blkv, req->opf);
	blkv_request_queue(req, wq, step);
}

/* Start a request, and let another worker go on with those that were granted with it. */
static void start_granted(struct work_struct *work)
{
	struct blkv_request *req = blkv_request_of_work(work), *next;

	if (!list_empty(&req->range.granted)) {
		next = list_next_entry(req, range.granted);
		list_del_init(&req->range.granted);
		blkv_request_queue(next, next->blkv->wq, start_granted);
	}
	wait_end(req);
	request_start(req);
}

/**
 * blkv_request_unlock() - unlock a range, and start the requests that waited for it
 * @blkv: the target
 * @range: a granted range
 *
 * Context: Any.
 */
void blkv_request_unlock(struct blkverify *blkv, struct blkv_range *range)
{
	struct blkv_range *first;
	LIST_HEAD(granted);

	blkv_range_unlock(&blkv->ranges, range, &granted);
	first = list_first_entry_or_null(&granted, struct blkv_range, granted);
	if (!first)
		return;
	/* A crowd may have been granted, and this may be an interrupt: each one queues the next. */
	list_del(&granted);
	blkv_request_queue(container_of(first, struct blkv_request, range), blkv->wq,
			   start_granted);
}

/* Replace statuses that are private to a driver and the block layer. */
static blk_status_t status_for_caller(blk_status_t status)
{
	if (status == BLK_STS_DM_REQUEUE || status == BLK_STS_DEV_RESOURCE)
		return BLK_STS_IOERR;
	return status;
}

/* May the leg still transfer data although it has completed the request? */
static bool leg_is_suspect(struct blkv_request *req, enum blkv_leg_nr leg)
{
	blk_status_t status = req->submitted ? req->status[leg] : BLK_STS_OK;

	return status && !blkv_status_is_refusal(status);
}

static void memories_put(struct blkv_request *req)
{
	sector_t start = req->range.start;
	unsigned int flags = req->operation == BLKV_OPERATION_READ ? 0 : BLKV_WRITTEN;
	bool suspect = false;
	enum blkv_leg_nr leg;

	for (leg = BLKV_RAW; leg < BLKV_LEGS; leg++)
		if (leg_memory(req, leg) == &req->memory)
			suspect |= leg_is_suspect(req, leg);
	blkv_memory_put(memory_pool(req), &req->memory, start,
			flags | (suspect ? BLKV_SUSPECT : 0));
	if (has_two_copies(req))
		blkv_memory_put(&req->blkv->test_pool, &req->test_copy, start,
				flags | (leg_is_suspect(req, BLKV_TEST) ? BLKV_SUSPECT : 0));
}

/**
 * blkv_request_end() - end a request
 * @req: the request
 * @status: for its submitter
 *
 * Context: Any; process if bytes were injected. The request is gone afterwards. Ending the clone
 * comes last: then the target may be suspended and freed.
 */
void blkv_request_end(struct blkv_request *req, blk_status_t status)
{
	struct blkverify *blkv = req->blkv;
	struct bio *clone = blkv_request_clone(req);

	if (req->submitted) {
		bio_uninit(&req->raw_bio);
		trace_blkverify_request(req);
	}
	if (req->injected)
		blkv_injections_end(&blkv->injections, req);
	memories_put(req);
	if (req->nr_sectors && !req->handed_over)
		blkv_request_unlock(blkv, &req->range);
	if (blkv->crash)
		blkv_crash_leave(blkv->crash);

	req->ending = true;
	clone->bi_status = status_for_caller(status);
	bio_endio(clone);
}

/**
 * blkv_request_step_queue() - leave the next step of one leg to a worker
 * @req: the request, which the other leg may still need: unlike blkv_request_queue(), this does not
 *	hand it over
 * @step: the next step; in process context, where a leg may block
 *
 * Context: Any.
 */
void blkv_request_step_queue(struct blkv_request *req, work_func_t step)
{
	INIT_WORK(&req->work, step);
	queue_work(req->blkv->wq, &req->work);
}

/* ---- submission --------------------------------------------------------------------------- */

/* Mark the caller's memory, which the test leg is going to read into. */
static void caller_mark(struct blkv_request *req)
{
	req->mark = get_random_u64();
	blkv_caller_mark(blkv_request_caller_vecs(req), blkv_request_caller_iter(req), req->mark);
}

/* The first sector of a read from @from on that is still marked, or its length. */
static unsigned int read_find_mark(struct blkv_request *req, unsigned int from)
{
	const struct blkv_marks *marks = &req->blkv->test_pool.marks;

	if (req->in_place)
		return blkv_caller_find_mark(blkv_request_caller_vecs(req),
					     blkv_request_caller_iter(req), from, req->mark);
	if (!from)
		return blkv_memory_first_marked(marks, &req->memory, req->nr_sectors);
	while (from < req->nr_sectors && !blkv_memory_is_marked(marks, &req->memory, from))
		from++;
	return from;
}

/*
 * The test leg has completed a read, so all of its data must have arrived, even if the raw leg is
 * still busy: without this target, the caller would use the data now. Any context.
 */
static void read_check_arrival(struct blkv_request *req)
{
	struct blkverify *blkv = req->blkv;
	unsigned int n;
	bool trusted;

	for (n = read_find_mark(req, 0); n < req->nr_sectors; n = read_find_mark(req, n + 1)) {
		blkv_trust_run(&blkv->trust, req->range.start + n, 1, &trusted);
		if (!trusted)
			continue;
		req->early = BLKV_EARLY_UNFILLED;
		req->early_sector = n;
		break;
	}
	if (blkv_option(&blkv->options, STRICT_COMPLETION))
		req->sum = blkv_request_test_sum(req);
}

static void request_join(struct blkv_request *req);

/**
 * blkv_request_hold() - let a request not go on before blkv_request_release()
 * @req: a request that the legs may have
 *
 * Context: Any; under the lock that blkv_polled_del() takes.
 * Return: false if the legs do not have it any more.
 */
bool blkv_request_hold(struct blkv_request *req)
{
	return atomic_inc_not_zero(&req->pending);
}

/**
 * blkv_request_release() - let a request go on, if the legs are done
 * @req: the request, held or with a pending leg
 *
 * Context: Any. The caller must not touch the request afterwards.
 */
void blkv_request_release(struct blkv_request *req)
{
	/* Orders the other leg's status before request_join() reads it. */
	if (atomic_dec_and_test(&req->pending))
		request_join(req);
}

static void read_check_arrival_queued(struct work_struct *work)
{
	struct blkv_request *req = blkv_request_of_work(work);

	read_check_arrival(req);
	blkv_request_release(req);
}

/**
 * blkv_request_leg_done() - a leg has completed a request
 * @req: the request
 * @leg: the leg
 * @status: its status
 *
 * Context: Any. The caller must not touch the request afterwards.
 */
void blkv_request_leg_done(struct blkv_request *req, enum blkv_leg_nr leg, blk_status_t status)
{
	req->status[leg] = status;
	if (leg == BLKV_TEST)
		req->complete_cpu = raw_smp_processor_id();
	req->took[leg] = unlikely(req->begun[leg]) ? ktime_get_ns() - req->begun[leg] : 0;
	if (leg == BLKV_TEST && req->blkv->crash &&
	    !(req->nowait && blkv_request_would_wait(req, status)))
		blkv_crash_test_done(req, status);
	if (leg == BLKV_TEST && req->operation == BLKV_OPERATION_READ && !status) {
		if ((in_hardirq() || irqs_disabled()) && req->nr_sectors > CHECK_IN_IRQ_SECTORS) {
			blkv_request_step_queue(req, read_check_arrival_queued);
			return;
		}
		read_check_arrival(req);
	}
	blkv_request_release(req);
}

/**
 * blkv_request_would_wait() - does a leg refuse a request only because of NOWAIT?
 * @req: the request, submitted to the leg with it
 * @status: the status of the leg
 *
 * Context: Any.
 * Return: true if so.
 */
bool blkv_request_would_wait(const struct blkv_request *req, blk_status_t status)
{
	return status &&
	       blkv_outcome(req->opf, status, BLKV_HAD_NOWAIT) == BLKV_OUTCOME_RETRY;
}

/**
 * blkv_request_test_done() - the test leg has completed a request
 * @req: the request
 * @status: the status of the leg
 *
 * Context: Any. The caller must not touch the request afterwards.
 */
void blkv_request_test_done(struct blkv_request *req, blk_status_t status)
{
	/* Clear what the queue of the leg noted in the clone, which will be completed once more. */
	blkv_request_clone(req)->bi_flags = BIT(BIO_CLONED);
	blkv_request_leg_done(req, BLKV_TEST, status);
}

/**
 * blkv_request_bio_prepare() - prepare a bio for a submission to a leg
 * @req: the request
 * @bio: the bio; initialised, or completed by the leg
 * @leg: the leg
 *
 * Context: Any.
 */
void blkv_request_bio_prepare(struct blkv_request *req, struct bio *bio, enum blkv_leg_nr leg)
{
	const struct blkv_memory *memory = leg_memory(req, leg);

	bio->bi_status = BLK_STS_OK;
	bio->bi_flags = BIT(BIO_CLONED);
	atomic_set(&bio->__bi_remaining, 1);
	bio->bi_io_vec = req->caller_vecs;
	bio->bi_iter = req->caller_iter;
	bio->bi_iter.bi_sector = req->range.start;
	if (memory)
		blkv_memory_attach(memory, bio, req->nr_sectors);
}

/**
 * blkv_request_leg_begin() - a leg is about to get a request
 * @req: the request
 * @leg: the leg
 *
 * Its time is measured for the trace event only: reading the clock is not free.
 *
 * Context: Any.
 */
void blkv_request_leg_begin(struct blkv_request *req, enum blkv_leg_nr leg)
{
	if (trace_blkverify_request_enabled() && !req->begun[leg])
		req->begun[leg] = ktime_get_ns();
}

static void test_submit(struct blkv_request *req)
{
	struct bio *clone = blkv_request_clone(req);

	req->submit_cpu = raw_smp_processor_id();
	blkv_request_leg_begin(req, BLKV_TEST);
	blkv_request_bio_prepare(req, clone, BLKV_TEST);
	bio_set_dev(clone, req->blkv->legs[BLKV_TEST]->bdev);
	clone->bi_opf = req->nowait ? req->opf : req->opf & ~REQ_NOWAIT;
	blkv_integrity_restore(&req->integrity, clone);
	if (req->opf & REQ_POLLED)
		blkv_polled_add(&req->blkv->polled, req);
	dm_submit_bio_remap(clone, NULL);
}

/**
 * blkv_request_leaves_zeros() - does a request leave zeros on both legs?
 * @req: the request
 *
 * Context: Any.
 * Return: true for write zeroes, and for a discard with discard_zeroes.
 */
bool blkv_request_leaves_zeros(const struct blkv_request *req)
{
	return req->operation == BLKV_OPERATION_WRITE_ZEROES ||
	       (req->operation == BLKV_OPERATION_DISCARD &&
		blkv_option(&req->blkv->options, DISCARD_ZEROES));
}

/* Record a request that changes data, so that later reports can name it. */
static void history_record(struct blkv_request *req)
{
	struct blkv_write write = {
		.start = req->range.start,
		.nr_sectors = req->nr_sectors,
		.operation = req->operation,
		.fua = req->opf & REQ_FUA,
		.pid = req->pid,
	};

	memcpy(write.comm, req->comm, sizeof(write.comm));
	blkv_history_add(&req->blkv->history, &write);
}

/* Record which version of its sectors a request makes. Process context. */
static void prints_record(struct blkv_request *req)
{
	struct blkverify *blkv = req->blkv;

	if (!blkv_option(&blkv->options, FINGERPRINT))
		return;
	if (req->operation == BLKV_OPERATION_WRITE)
		blkv_fingerprints_write(&blkv->prints, req->range.start, &req->memory,
					req->nr_sectors);
	else
		blkv_fingerprints_fill(&blkv->prints, req->range.start, req->nr_sectors,
				       blkv_request_leaves_zeros(req));
}

/* Copy the data of a write, once for both legs or once for each leg. */
static void write_copy(struct blkv_request *req)
{
	blkv_vecs_copy(blkv_memory_vecs(&req->memory),
		       blkv_memory_iter(&req->memory, 0, req->nr_sectors),
		       blkv_request_caller_vecs(req), blkv_request_caller_iter(req));
	/* Copy from the first copy: the caller may have changed its memory since. */
	if (has_two_copies(req))
		blkv_vecs_copy(blkv_memory_vecs(&req->test_copy),
			       blkv_memory_iter(&req->test_copy, 0, req->nr_sectors),
			       blkv_memory_vecs(&req->memory),
			       blkv_memory_iter(&req->memory, 0, req->nr_sectors));
	if (blkv_checks_copies(&req->blkv->options))
		req->sum = blkv_memory_sum(&req->memory, req->nr_sectors);
}

/* Count requests without data that are submitted to the test leg, and note when. */
static void request_count(struct blkv_request *req)
{
	struct blkv_counters *counters = &req->blkv->counters;
	struct blkv_moments *moments = &req->blkv->moments;

	switch (req->operation) {
	case BLKV_OPERATION_DISCARD:
	case BLKV_OPERATION_SECURE_ERASE:
		blkv_count_discard(counters);
		blkv_moments_note(moments, BLKV_MOMENT_DISCARD, jiffies);
		break;
	case BLKV_OPERATION_WRITE_ZEROES:
		blkv_count_zeroing(counters);
		blkv_moments_note(moments, BLKV_MOMENT_ZEROES, jiffies);
		break;
	case BLKV_OPERATION_FLUSH:
		blkv_count_flush(counters);
		blkv_moments_note(moments, BLKV_MOMENT_FLUSH, jiffies);
		break;
	default:
		break;
	}
}

static void request_submit(struct blkv_request *req)
{
	struct blkv_memory *memory;

	if (blkv_raw_init(req)) {
		blkv_request_end(req, BLK_STS_RESOURCE);
		return;
	}
	if (req->operation == BLKV_OPERATION_WRITE && leg_memory(req, BLKV_RAW))
		write_copy(req);
	if (blkv_operation_changes_data(req->operation)) {
		history_record(req);
		prints_record(req);
	}
	if (req->blkv->crash)
		blkv_crash_record(req);
	request_count(req);
	if (req->in_place)
		caller_mark(req);
	memory = leg_memory(req, BLKV_TEST);
	if (req->cut || (memory && memory->reshaped))
		blkv_count_reshaped(&req->blkv->counters, req->nr_sectors);

	/*
	 * The test leg comes first, as if it was alone. A leg may complete before its submission
	 * returns; the second one may end the request.
	 */
	req->submitted = true;
	req->submitter = current;
	req->begun[BLKV_RAW] = 0;
	req->begun[BLKV_TEST] = 0;
	atomic_set(&req->pending, BLKV_LEGS);
	test_submit(req);
	blkv_raw_submit(req);
}

/*
 * The test leg would have had to wait; now it may. Passing on its status would be simpler, but the
 * raw leg may already have written its half. Process context.
 */
static void request_resubmit(struct work_struct *work)
{
	struct blkv_request *req = blkv_request_of_work(work);

	if (req->in_place)
		caller_mark(req);
	else if (req->operation == BLKV_OPERATION_READ)
		blkv_memory_mark(&req->blkv->test_pool.marks, &req->memory);
	req->submitter = current;
	atomic_set(&req->pending, 1);
	test_submit(req);
}

/* Both legs are done. Any context. */
static void request_join(struct blkv_request *req)
{
	if (req->opf & REQ_POLLED)
		blkv_polled_del(&req->blkv->polled, req);
	if (req->nowait && blkv_request_would_wait(req, req->status[BLKV_TEST]))
		blkv_request_queue(req, req->blkv->wq, request_resubmit);
	else
		blkv_verdict(req);
}

/**
 * blkv_leg_read() - read sectors from one leg, and wait for it
 * @blkv: the target
 * @leg: the leg
 * @memory: the buffer
 * @start: first sector
 * @nr_sectors: number of sectors
 *
 * Context: Process; sleeps.
 * Return: the status of the leg.
 */
blk_status_t blkv_leg_read(struct blkverify *blkv, enum blkv_leg_nr leg,
			   const struct blkv_memory *memory, sector_t start,
			   unsigned int nr_sectors)
{
	struct bio bio;
	blk_status_t status;

	bio_init(&bio, blkv->legs[leg]->bdev, NULL, 0, REQ_OP_READ);
	/* The bio does not own its segments. */
	bio_set_flag(&bio, BIO_CLONED);
	bio.bi_iter.bi_sector = start;
	blkv_memory_attach(memory, &bio, nr_sectors);
	submit_bio_wait(&bio);
	status = bio.bi_status;
	bio_uninit(&bio);
	return status;
}

/* ---- entry -------------------------------------------------------------------------------- */

/* The shape of the caller's memory. */
static struct blkv_shape caller_shape(struct blkv_request *req)
{
	return (struct blkv_shape) { .vecs = req->caller_vecs, .iter = req->caller_iter };
}

static u64 random_shape_seed(struct blkv_request *req)
{
	return req->blkv->options.number[BLKV_OPTION_RANDOM_SHAPE];
}

/*
 * The shape that private memory should have: that of the caller's, or one that depends on the
 * request only, so that it is the same each time.
 */
static struct blkv_shape request_shape(struct blkv_request *req, struct bio_vec *random)
{
	struct block_device *raw = req->blkv->legs[BLKV_RAW]->bdev;
	struct block_device *test = req->blkv->legs[BLKV_TEST]->bdev;
	struct blkv_shape shape = caller_shape(req);
	u64 seed = random_shape_seed(req);

	if (seed)
		blkv_shape_random(&shape, random, shape.iter.bi_size,
				  max(bdev_dma_alignment(raw), bdev_dma_alignment(test)) + 1,
				  max(bdev_logical_block_size(raw), bdev_logical_block_size(test)),
				  hash_64(req->range.start, 64) + hash_64(req->nr_sectors, 64) +
					  (seed << 8) + req->operation);
	return shape;
}

static bool memories_get_shape(struct blkv_request *req, const struct blkv_shape *shape)
{
	struct blkverify *blkv = req->blkv;

	if (!blkv_memory_get(memory_pool(req), &req->memory, req->nr_sectors, shape)) {
		if (has_two_copies(req))
			blkv_pool_await(&blkv->test_pool);
		return false;
	}
	if (!has_two_copies(req) ||
	    blkv_memory_get(&blkv->test_pool, &req->test_copy, req->nr_sectors, shape))
		return true;
	blkv_pool_await(memory_pool(req));
	blkv_memory_put(memory_pool(req), &req->memory, req->range.start, 0);
	return false;
}

/* Apart: many kernels zero all of a function's variables whenever it is called. */
static noinline_for_stack bool memories_get_random(struct blkv_request *req)
{
	struct bio_vec random[BLKV_RANDOM_VECS];
	struct blkv_shape shape = request_shape(req, random);

	return memories_get_shape(req, &shape);
}

/*
 * Get all private memory of a request without waiting, or none: a request that waits for one of its
 * memories must not hold the other one, which an earlier waiter may need. Returns false if
 * memories_wait() is due.
 */
static bool memories_get(struct blkv_request *req)
{
	struct blkv_shape shape = caller_shape(req);

	if (random_shape_seed(req))
		return memories_get_random(req);
	return memories_get_shape(req, &shape);
}

/* In wait_wq, which is ordered: only one request at a time holds one memory while it waits. */
static void memories_wait(struct blkv_request *req)
{
	struct bio_vec random[BLKV_RANDOM_VECS];
	struct blkv_shape shape = request_shape(req, random);
	struct blkverify *blkv = req->blkv;

	blkv_memory_wait(memory_pool(req), &req->memory, req->nr_sectors, &shape);
	if (has_two_copies(req))
		blkv_memory_wait(&blkv->test_pool, &req->test_copy, req->nr_sectors, &shape);
}

/*
 * Get all private memory of a request that is longer than the pools can guarantee, or none.
 */
static bool long_memories_get(struct blkv_request *req)
{
	struct bio_vec random[BLKV_RANDOM_VECS];
	struct blkv_shape shape = request_shape(req, random);
	struct blkverify *blkv = req->blkv;

	if (!has_memory(req))
		return true;
	if (!blkv_memory_get_long(memory_pool(req), &req->memory, &shape))
		return false;
	if (!has_two_copies(req) ||
	    blkv_memory_get_long(&blkv->test_pool, &req->test_copy, &shape))
		return true;
	blkv_memory_put(memory_pool(req), &req->memory, req->range.start, 0);
	return false;
}

/**
 * blkv_request_is_stopped() - do the legs get no more requests?
 * @blkv: the target
 *
 * Context: Any.
 * Return: true if the target is frozen, or its test leg has no power.
 */
bool blkv_request_is_stopped(struct blkverify *blkv)
{
	return blkv_is_frozen(&blkv->findings) || blkv_crash_is_off(blkv->crash);
}

static void request_wait_memory(struct work_struct *work)
{
	struct blkv_request *req = blkv_request_of_work(work);

	memories_wait(req);
	wait_end(req);
	if (blkv_request_is_stopped(req->blkv))
		blkv_request_end(req, BLK_STS_IOERR);
	else
		request_submit(req);
}

/*
 * Must a worker submit it to the legs, because the submitter must not block? Only reads and writes
 * are ever submitted with NOWAIT: raid5 of 6.12 never completes a discard that has it.
 */
static bool request_needs_worker(struct blkv_request *req)
{
	return req->nowait && !blkv_operation_has_data(req->operation);
}

/* Lock the range, and start the request if it is granted. Does not block. */
static void request_lock(struct blkv_request *req)
{
	bool counts_waits = req->counts_waits;
	struct blkverify *blkv = req->blkv;
	blk_opf_t opf = req->opf;

	if (blkv_range_lock(&blkv->ranges, &req->range))
		request_start(req);
	else if (counts_waits)
		/* The request may have ended by now. */
		wait_begin(blkv, opf);
}

/* Settle the uncertain sectors of a read, then serve it as any other. Process context. */
static void request_settle_first(struct work_struct *work)
{
	struct blkv_request *req = blkv_request_of_work(work);

	wait_end(req);
	if (!blkv_settle(req))
		return;
	blkv_request_unlock(req->blkv, &req->range);
	req->settles = false;
	req->range.start = req->first;
	req->range.last = req->first + req->nr_sectors - 1;
	req->range.shared = true;
	request_lock(req);
}

static void request_read_preimages(struct work_struct *work)
{
	struct blkv_request *req = blkv_request_of_work(work);

	/* If not, request_start() ends it. */
	if (!blkv_request_is_stopped(req->blkv))
		blkv_crash_read_preimages(req);
	wait_end(req);
	request_start(req);
}

/* Is there something to be done first, because of a power cut? */
static bool request_defer_for_crash(struct blkv_request *req)
{
	struct blkv_crash *crash = req->blkv->crash;

	if (req->settles)
		request_wait(req, crash->settle_wq, request_settle_first);
	else if (blkv_crash_needs_preimages(req))
		request_wait(req, crash->preimage_wq, request_read_preimages);
	else
		return false;
	return true;
}

/* The range is granted. Does not block. */
static void request_start(struct blkv_request *req)
{
	struct blkverify *blkv = req->blkv;

	if (blkv_request_is_stopped(blkv))
		blkv_request_end(req, BLK_STS_IOERR);
	else if (blkv->crash && request_defer_for_crash(req))
		return;
	else if (request_needs_worker(req))
		request_wait(req, blkv->wq, start_granted);
	else if (has_memory(req) && blkv_memory_is_empty(&req->memory) && !memories_get(req))
		request_wait(req, blkv->wait_wq, request_wait_memory);
	else
		request_submit(req);
}

/* Record the submitter, for the history and for reports. */
static void request_identify_submitter(struct blkv_request *req)
{
	req->pid = task_pid_nr(current);
	/*
	 * Not get_task_comm(), which takes a lock on older kernels. If the name is changed at this
	 * moment, the copy may be a mix of both; it is terminated all the same.
	 */
	data_race(memcpy(req->comm, current->comm, sizeof(req->comm)));
}

static void request_set_length(struct blkv_request *req, unsigned int nr_sectors)
{
	req->nr_sectors = nr_sectors;
	req->caller_iter.bi_size = nr_sectors << SECTOR_SHIFT;
	req->range.last = req->range.start + nr_sectors - 1;
}

/*
 * Cut a request to at most @max sectors, where the queue of the test leg would cut it, too. The
 * device mapper maps the rest as another request.
 */
static void request_cut(struct blkv_request *req, unsigned int max)
{
	struct block_device *raw = req->blkv->legs[BLKV_RAW]->bdev;
	struct block_device *test = req->blkv->legs[BLKV_TEST]->bdev;
	unsigned int block = max(bdev_logical_block_size(raw), bdev_logical_block_size(test));
	unsigned int piece = queue_max_sectors(bdev_get_queue(test));

	piece = round_down(piece, block >> SECTOR_SHIFT);
	if (piece && piece < max)
		max -= max % piece;
	dm_accept_partial_bio(blkv_request_clone(req), max);
	if (bio_integrity(blkv_request_clone(req)))
		bio_integrity_trim(blkv_request_clone(req));
	request_set_length(req, max);
}

/*
 * Does the test leg read into the caller's memory? Not if that contains the same memory twice: it
 * would hold only what the test leg read last.
 */
static bool read_is_in_place(struct blkv_request *req)
{
	return req->operation == BLKV_OPERATION_READ &&
	       blkv_option(&req->blkv->options, NO_READ_COPY) &&
	       !blkv_vecs_alias(blkv_request_caller_vecs(req), blkv_request_caller_iter(req));
}

static void request_init_for_crash(struct blkv_request *req)
{
	req->settles = false;
	req->prepared = false;
	req->version = NULL;
	if (req->operation == BLKV_OPERATION_READ)
		blkv_crash_extend(req);
}

/**
 * blkv_request_map() - take a bio
 * @blkv: the target
 * @bio: dm's clone
 *
 * Context: Process, with bios of ours possibly waiting in current->bio_list: does not block.
 * Return: a DM_MAPIO_ value.
 */
int blkv_request_map(struct blkverify *blkv, struct bio *bio)
{
	struct blkv_request *req = dm_per_bio_data(bio, sizeof(*req));
	bool counts_waits = blk_queue_io_stat(bdev_get_queue(blkv->bdev));
	blk_opf_t opf = bio->bi_opf;

	if (!blkv_operation_of(bio_op(bio), bio_sectors(bio), &req->operation))
		return DM_MAPIO_KILL;
	if (blkv->crash && !blkv_crash_enter(blkv->crash))
		return DM_MAPIO_KILL;
	req->blkv = blkv;
	req->range.start = bio_sectors(bio) ? dm_target_offset(blkv->ti, bio->bi_iter.bi_sector) :
					      0;
	req->opf = opf;
	req->counts_waits = counts_waits;
	req->caller_vecs = bio->bi_io_vec;
	req->caller_iter = bio->bi_iter;
	request_set_length(req, bio_sectors(bio));
	req->range.shared = req->operation == BLKV_OPERATION_READ;
	blkv_memory_init(&req->memory);
	if (has_two_copies(req))
		blkv_memory_init(&req->test_copy);
	req->submitted = false;
	req->ending = false;
	req->handed_over = false;
	req->cut = false;
	req->nowait = opf & REQ_NOWAIT;
	req->differ = false;
	req->early = BLKV_EARLY_NOT;
	req->injected = false;
	req->reread = false;
	request_identify_submitter(req);

	if (blkv_operation_has_data(req->operation) && req->nr_sectors > MAX_SECTORS)
		request_cut(req, MAX_SECTORS);
	req->in_place = read_is_in_place(req);
	if (blkv_operation_has_data(req->operation) && req->nr_sectors > BLKV_REGION_SECTORS &&
	    !long_memories_get(req)) {
		req->cut = true;
		request_cut(req, BLKV_REGION_SECTORS);
	}

	if (blkv->crash)
		request_init_for_crash(req);
	/* A request without sectors, a flush, conflicts with nothing. */
	if (!req->nr_sectors) {
		INIT_LIST_HEAD(&req->range.granted);
		request_start(req);
	} else {
		request_lock(req);
	}
	return DM_MAPIO_SUBMITTED;
}
