// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of a request: to both legs, and what their two answers mean.
 *
 * Nothing in map blocks: the submitter may hold bios of ours in current->bio_list. Nothing in a
 * completion sleeps: it may be a hard interrupt. What has to wait is queued to one of three
 * workqueues, see struct blkverify. The request belongs to one context at a time; it is handed on
 * by bv_range_lock() and bv_range_unlock(), by queue_work(), and by the count of pending legs,
 * and after any of these the giver does not touch it any more.
 */
#include <linux/highmem.h>

#include "dm-blkverify.h"

/* Up to this length a read is compared in the completion of its last leg. */
#define COMPARE_NOW_BYTES SZ_16K

/*
 * These must not be passed on: each says something about the bio that it came with (who polls
 * it, where it was allocated, that its submitter may not sleep), not about the request.
 */
#define OPF_NOT_FOR_LEGS (REQ_POLLED | REQ_NOWAIT | REQ_ALLOC_CACHE | REQ_DRV)

/**
 * struct bv_io - one request, in the per-bio data of the clone that dm made of it
 * @bv: the target
 * @range: its sectors, in the range lock until it is finished; not used for a flush
 * @nr_sectors: its length, 0 for a flush
 * @buffer: private pages: test's answer to a read, the copy of a write
 * @work: the next step, when that is left to a workqueue
 * @pending: legs that are not done
 * @submitted: the bios are initialised
 * @status: what each leg said; written by its completion, read after @pending fell to 0
 * @raw_bio: what raw gets
 * @test_bio: what test gets
 *
 *                       bv_io_map()
 *                           |
 *                       range lock --- conflict: parked until an unlock grants it --- wq
 *                           |                                                         |
 *                        start() <----------------------------------------------------'
 *                           |
 *                     private pages --- none: wait_wq, wait_for_buffer() --.
 *                           |                                              |
 *                     submit_legs() <--------------------------------------'
 *                      |         |
 *                     raw       test
 *                      |         |
 *                     leg_endio(), twice; the second: both_done()
 *                           |
 *        .------------------+-----------------------.
 *        | both read        | both did the rest     | any failed
 *     verify()              |                   wq: settle()
 *        |                  |                       |
 *        |-- differ: recheck_wq: recheck()          |
 *        |                  |        |              |
 *        '------------------+--------+--------------'
 *                           |
 *                       finish(): pages back, unlock, end the clone
 */
struct bv_io {
	struct blkverify *bv;
	struct bv_range range;
	sector_t nr_sectors;
	struct bv_buffer buffer;
	struct work_struct work;
	atomic_t pending;
	bool submitted;
	blk_status_t status[BV_LEGS];
	struct bio raw_bio;
	struct bio test_bio;
};

static void start(struct bv_io *io);

static struct bio *clone_of(struct bv_io *io)
{
	return dm_bio_from_per_bio_data(io, sizeof(*io));
}

static struct bio *bio_of(struct bv_io *io, enum bv_leg_nr leg)
{
	return leg == BV_RAW ? &io->raw_bio : &io->test_bio;
}

static enum req_op op_of(struct bv_io *io)
{
	return bio_op(clone_of(io));
}

static bool has_data(struct bv_io *io)
{
	return io->nr_sectors && (op_of(io) == REQ_OP_READ || op_of(io) == REQ_OP_WRITE);
}

/* Does the leg's bio carry our pages rather than the caller's? */
static bool is_private(struct bv_io *io, enum bv_leg_nr leg)
{
	if (!has_data(io))
		return false;
	if (op_of(io) == REQ_OP_READ)
		return leg == BV_TEST;
	return !io->bv->options.no_write_copy;
}

/* The place of the request in a buffer of private pages and on the legs. */
static struct bvec_iter private_iter(struct bv_io *io)
{
	return (struct bvec_iter) {
		.bi_sector = io->range.start,
		.bi_size = io->nr_sectors << SECTOR_SHIFT,
	};
}

/* A sector of the target as a person knows it. */
static sector_t device_sector(struct bv_io *io, sector_t sector)
{
	return io->bv->ti->begin + sector;
}

static bool is_frozen(struct blkverify *bv)
{
	return READ_ONCE(bv->reports.frozen);
}

static void queue_step(struct workqueue_struct *wq, struct bv_io *io, work_func_t step)
{
	INIT_WORK(&io->work, step);
	queue_work(wq, &io->work);
}

static void start_granted(struct work_struct *work)
{
	start(container_of(work, struct bv_io, work));
}

/*
 * End of the request, in any context. Ending the clone comes last: then the target may be
 * suspended and freed.
 */
static void finish(struct bv_io *io, blk_status_t status)
{
	struct blkverify *bv = io->bv;
	struct bio *clone = clone_of(io);
	struct bv_range *range, *next;
	LIST_HEAD(granted);

	if (io->submitted) {
		bio_uninit(&io->raw_bio);
		bio_uninit(&io->test_bio);
	}
	bv_buffer_put(&bv->pool, &io->buffer);
	if (io->nr_sectors)
		bv_range_unlock(&bv->ranges, &io->range, &granted);
	list_for_each_entry_safe(range, next, &granted, granted)
		queue_step(bv->wq, container_of(range, struct bv_io, range), start_granted);

	clone->bi_status = status;
	bio_endio(clone);
}

/* ---- submission --------------------------------------------------------------------------- */

static void both_done(struct bv_io *io);

static void leg_done(struct bv_io *io, enum bv_leg_nr leg, blk_status_t status)
{
	io->status[leg] = status;
	/* Orders the other leg's status before both_done() reads it. */
	if (atomic_dec_and_test(&io->pending))
		both_done(io);
}

static void leg_endio(struct bio *bio)
{
	struct bv_io *io = bio->bi_private;

	leg_done(io, bio == &io->raw_bio ? BV_RAW : BV_TEST, bio->bi_status);
}

/*
 * Make the bio for a leg: a clone, so that priority, hints and cgroup come along, whose pages are
 * replaced where the leg must not have the caller's.
 */
static int init_leg(struct bv_io *io, enum bv_leg_nr leg, struct bv_buffer *buffer)
{
	struct bio *bio = bio_of(io, leg);

	if (bio_init_clone(io->bv->legs[leg]->bdev, bio, clone_of(io), GFP_NOIO))
		return -ENOMEM;
	bio->bi_opf &= ~OPF_NOT_FOR_LEGS;
	bio->bi_iter.bi_sector = io->range.start;
	if (buffer) {
		bio->bi_io_vec = buffer->vecs;
		bio->bi_iter = private_iter(io);
	}
	bio->bi_end_io = leg_endio;
	bio->bi_private = io;
	return 0;
}

static void submit_leg(struct bv_io *io, enum bv_leg_nr leg)
{
	/* Only a bio with an integrity or crypto payload can fail, and dm lets none through. */
	if (init_leg(io, leg, is_private(io, leg) ? &io->buffer : NULL))
		leg_done(io, leg, BLK_STS_RESOURCE);
	else
		dm_submit_bio_remap(clone_of(io), bio_of(io, leg));
}

static void submit_legs(struct bv_io *io)
{
	struct bio *clone = clone_of(io);

	if (op_of(io) == REQ_OP_WRITE && is_private(io, BV_RAW))
		bv_copy_vecs(io->buffer.vecs, private_iter(io), clone->bi_io_vec, clone->bi_iter);

	/* A leg may complete before its submission returns; the second one may end the request. */
	io->submitted = true;
	atomic_set(&io->pending, BV_LEGS);
	submit_leg(io, BV_RAW);
	submit_leg(io, BV_TEST);
}

static void wait_for_buffer(struct work_struct *work)
{
	struct bv_io *io = container_of(work, struct bv_io, work);

	bv_buffer_wait(&io->bv->pool, &io->buffer, io->nr_sectors);
	submit_legs(io);
}

/* The range is ours. Does not block. */
static void start(struct bv_io *io)
{
	struct blkverify *bv = io->bv;

	if (is_frozen(bv))
		finish(io, BLK_STS_IOERR);
	else if (is_private(io, BV_TEST) && !bv_buffer_get(&bv->pool, &io->buffer, io->nr_sectors))
		queue_step(bv->wait_wq, io, wait_for_buffer);
	else
		submit_legs(io);
}

/* ---- legs that failed --------------------------------------------------------------------- */

/*
 * Statuses that say "this request", not "this leg": what the leg cannot do, a bio that does not
 * suit it, and readahead, which may fail at any time.
 */
static bool nobodys_fault(struct bv_io *io, blk_status_t status)
{
	if (status == BLK_STS_NOTSUPP || status == BLK_STS_AGAIN || status == BLK_STS_INVAL)
		return true;
	return op_of(io) == REQ_OP_READ && (clone_of(io)->bi_opf & REQ_RAHEAD);
}

static void init_report(struct bv_io *io, struct bv_report *report, enum bv_kind kind)
{
	memset(report, 0, sizeof(*report));
	report->kind = kind;
	report->op = op_of(io);
	report->sector = device_sector(io, io->range.start);
	report->nr_sectors = io->nr_sectors;
}

static void report_divergence(struct bv_io *io)
{
	struct blkverify *bv = io->bv;
	struct bv_report report;

	init_report(io, &report, BV_DIVERGENCE);
	report.errnos[BV_RAW] = blk_status_to_errno(io->status[BV_RAW]);
	report.errnos[BV_TEST] = blk_status_to_errno(io->status[BV_TEST]);
	bv_report(&bv->reports, &report, bv->options.mode == BV_MODE_FREEZE);
}

/*
 * At least one leg failed; or both completed a request whose trust takes time to record. Process
 * context.
 */
static void settle(struct work_struct *work)
{
	struct bv_io *io = container_of(work, struct bv_io, work);
	struct blkverify *bv = io->bv;
	blk_status_t raw = io->status[BV_RAW], test = io->status[BV_TEST];
	bool is_write = io->nr_sectors && op_of(io) != REQ_OP_READ;
	bool both = !raw && !test;

	if (raw && !nobodys_fault(io, raw))
		bv_count_leg_error(&bv->reports, BV_RAW);
	if (test && !nobodys_fault(io, test))
		bv_count_leg_error(&bv->reports, BV_TEST);

	/*
	 * What a failed write left on the legs is anybody's guess, and they may guess differently.
	 * A failed read changes nothing: what was trusted still is.
	 */
	if (is_write)
		bv_trust_set(&bv->trust, io->range.start, io->nr_sectors,
			     both && op_of(io) == REQ_OP_WRITE_ZEROES);
	if (both && op_of(io) == REQ_OP_WRITE_ZEROES)
		this_cpu_add(bv->reports.counts->written, io->nr_sectors);
	if (!raw != !test && !nobodys_fault(io, raw ?: test))
		report_divergence(io);

	/* For dm: has the leg just found out that it cannot do this at all? */
	if (is_write && (raw ?: test) == BLK_STS_TARGET)
		bio_set_dev(clone_of(io), bv->legs[raw ? BV_RAW : BV_TEST]->bdev);
	finish(io, raw ?: test);
}

/* ---- contents that differ ----------------------------------------------------------------- */

struct difference {
	unsigned int first;
	unsigned int nr;
};

/* Which trusted sectors differ between what @raw and @test hold of a request? */
static void find_difference(struct bv_io *io, const struct bv_buffer *raw,
			    const struct bv_buffer *test, struct difference *difference)
{
	unsigned int i, run;

	difference->nr = 0;
	for (i = 0; i < io->nr_sectors; i += run) {
		unsigned int end;
		bool trusted;

		run = bv_trust_run(&io->bv->trust, io->range.start + i, io->nr_sectors - i,
				   &trusted);
		for (end = i + run; trusted && i < end; i++, run--) {
			if (!memcmp(bv_buffer_sector(raw, i), bv_buffer_sector(test, i),
				    SECTOR_SIZE))
				continue;
			if (!difference->nr++)
				difference->first = i;
		}
	}
}

/* Read the request again from one leg, into @buffer, and wait for it. */
static blk_status_t read_again(struct bv_io *io, enum bv_leg_nr leg, struct bv_buffer *buffer)
{
	struct bio *bio = bio_of(io, leg);

	bio_uninit(bio);
	if (init_leg(io, leg, buffer))
		return BLK_STS_RESOURCE;
	bio->bi_opf &= ~REQ_RAHEAD;
	submit_bio_wait(bio);
	return bio->bi_status;
}

static void describe(struct bv_io *io, struct bv_report *report,
		     const struct difference *difference)
{
	const struct bv_buffer *raw_buffer = &io->bv->recheck, *test_buffer = &io->buffer;
	const u8 *raw = bv_buffer_sector(raw_buffer, difference->first);
	const u8 *test = bv_buffer_sector(test_buffer, difference->first);
	unsigned int byte = 0;

	while (byte < SECTOR_SIZE - 1 && raw[byte] == test[byte])
		byte++;

	init_report(io, report, BV_MISMATCH);
	report->bad_sector = device_sector(io, io->range.start + difference->first);
	report->nr_bad = difference->nr;
	report->byte = byte;
	report->window_offset = round_down(byte, BV_WINDOW);
	memcpy(report->window[BV_RAW], raw + report->window_offset, BV_WINDOW);
	memcpy(report->window[BV_TEST], test + report->window_offset, BV_WINDOW);
	bv_classify(&report->diagnosis, raw_buffer, test_buffer, io->nr_sectors,
		    difference->first, difference->nr);
}

static void give_caller_raws_data(struct bv_io *io)
{
	struct bio *clone = clone_of(io);

	bv_copy_vecs(clone->bi_io_vec, clone->bi_iter, io->bv->recheck.vecs, private_iter(io));
}

/*
 * This owns the consequence of a mismatch. bv->recheck holds what raw has, io->buffer what test
 * answered at first.
 */
static void handle_mismatch(struct bv_io *io, const struct difference *difference)
{
	struct blkverify *bv = io->bv;
	struct difference again;
	struct bv_report report;

	describe(io, &report, difference);
	/* This can only change the label: test's first answer is not forgiven. */
	report.persistent = read_again(io, BV_TEST, &io->buffer) != BLK_STS_OK;
	if (!report.persistent) {
		find_difference(io, &bv->recheck, &io->buffer, &again);
		report.persistent = again.nr;
	}
	bv_report(&bv->reports, &report, bv->options.mode == BV_MODE_FREEZE);

	if (bv->options.mode == BV_MODE_PANIC)
		panic("dm-" DM_MSG_PREFIX ": contents mismatch in sector %llu",
		      (unsigned long long)report.bad_sector);
	if (bv->options.mode == BV_MODE_IGNORE) {
		give_caller_raws_data(io);
		finish(io, BLK_STS_OK);
	} else {
		finish(io, BLK_STS_PROTECTION);
	}
}

/*
 * The caller's pages and test's answer differ. The pages are not ours: the caller may have changed
 * them, or used one of them for several segments. Only what raw says now, into pages of ours and
 * with the range still locked, can tell. Process context, one request at a time.
 */
static void recheck(struct work_struct *work)
{
	struct bv_io *io = container_of(work, struct bv_io, work);
	struct blkverify *bv = io->bv;
	struct difference difference;

	io->status[BV_RAW] = read_again(io, BV_RAW, &bv->recheck);
	if (io->status[BV_RAW]) {
		settle(work);
		return;
	}

	find_difference(io, &bv->recheck, &io->buffer, &difference);
	if (difference.nr) {
		handle_mismatch(io, &difference);
		return;
	}
	bv_count_unstable(&bv->reports);
	give_caller_raws_data(io);
	finish(io, BLK_STS_OK);
}

/*
 * Both legs have read: compare what is trusted. Any context but a hard interrupt, for the time
 * that it takes.
 */
static void verify(struct bv_io *io)
{
	struct blkverify *bv = io->bv;
	struct bio *clone = clone_of(io);
	struct bvec_iter caller = clone->bi_iter, private = private_iter(io);
	sector_t compared = 0, run;
	bool differ = false;

	while (private.bi_size) {
		sector_t sector = private.bi_sector;
		struct bvec_iter part = caller;
		bool trusted;

		run = bv_trust_run(&bv->trust, sector, private.bi_size >> SECTOR_SHIFT, &trusted);
		part.bi_size = run << SECTOR_SHIFT;
		if (trusted) {
			compared += run;
			differ |= bv_compare(clone->bi_io_vec, part, io->buffer.vecs, private) <
				  part.bi_size;
		}
		bvec_iter_advance(clone->bi_io_vec, &caller, part.bi_size);
		bvec_iter_advance(io->buffer.vecs, &private, part.bi_size);
		private.bi_sector = sector + run;
	}

	this_cpu_add(bv->reports.counts->compared, compared);
	if (compared < io->nr_sectors)
		this_cpu_add(bv->reports.counts->skipped, io->nr_sectors - compared);
	if (differ)
		queue_step(bv->recheck_wq, io, recheck);
	else
		finish(io, BLK_STS_OK);
}

static void verify_queued(struct work_struct *work)
{
	verify(container_of(work, struct bv_io, work));
}

/* Both legs are done. Any context. */
static void both_done(struct bv_io *io)
{
	struct blkverify *bv = io->bv;

	if (io->status[BV_RAW] || io->status[BV_TEST]) {
		queue_step(bv->wq, io, settle);
	} else if (!io->nr_sectors) {
		finish(io, BLK_STS_OK);
	} else if (op_of(io) == REQ_OP_READ) {
		if (io->nr_sectors << SECTOR_SHIFT > COMPARE_NOW_BYTES || in_hardirq() ||
		    irqs_disabled())
			queue_step(bv->wq, io, verify_queued);
		else
			verify(io);
	} else if (op_of(io) == REQ_OP_WRITE) {
		bv_trust_set(&bv->trust, io->range.start, io->nr_sectors, true);
		this_cpu_add(bv->reports.counts->written, io->nr_sectors);
		finish(io, BLK_STS_OK);
	} else {
		/* Of any length: too much to record here. */
		queue_step(bv->wq, io, settle);
	}
}

/* ---- entry -------------------------------------------------------------------------------- */

/**
 * bv_io_size() - how much per-bio data a request needs
 *
 * Return: bytes.
 */
size_t bv_io_size(void)
{
	return sizeof(struct bv_io);
}

/**
 * bv_io_map() - take a bio
 * @bv: the target
 * @bio: dm's clone; a read or write is at most BV_REGION_SECTORS long
 *
 * Context: Process, with bios of ours possibly waiting in current->bio_list: does not block.
 * Return: a DM_MAPIO_ value.
 */
int bv_io_map(struct blkverify *bv, struct bio *bio)
{
	struct bv_io *io = dm_per_bio_data(bio, sizeof(*io));

	switch (bio_op(bio)) {
	case REQ_OP_READ:
	case REQ_OP_WRITE:
	case REQ_OP_DISCARD:
	case REQ_OP_SECURE_ERASE:
	case REQ_OP_WRITE_ZEROES:
		break;
	default:
		return DM_MAPIO_KILL;
	}

	io->bv = bv;
	io->nr_sectors = bio_sectors(bio);
	io->range.start = io->nr_sectors ? dm_target_offset(bv->ti, bio->bi_iter.bi_sector) : 0;
	io->range.last = io->range.start + io->nr_sectors - 1;
	io->range.shared = bio_op(bio) == REQ_OP_READ;
	io->buffer.nr_pages = 0;
	io->submitted = false;

	/* A request without sectors, a flush, conflicts with nobody. */
	if (!io->nr_sectors || bv_range_lock(&bv->ranges, &io->range))
		start(io);
	return DM_MAPIO_SUBMITTED;
}
