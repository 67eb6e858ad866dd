// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of a request: to both legs, and what their two answers mean.
 *
 * Nothing in map blocks: the submitter may hold bios of ours in current->bio_list. Nothing in a
 * completion sleeps: it may be a hard interrupt. What has to wait is queued to one of three
 * workqueues, see struct blkverify. The request belongs to one context at a time; it is handed on
 * by blkv_range_lock() and blkv_range_unlock(), by queue_work(), and by the count of pending legs,
 * and after any of these the giver does not touch it any more.
 */
#include "dm-blkverify.h"
#include "io.h"
#include "compare.h"
#include "classify.h"

/*
 * Up to this length a read is compared in the completion of its last leg, whatever that is; and up
 * to this one where interrupts are off.
 */
#define COMPARE_NOW_BYTES SZ_16K
#define COMPARE_IN_IRQ_BYTES SZ_4K

/*
 * Up to this length a request whose submitter must not wait is sent to the legs by it: what is
 * longer may have to be split for a leg, and then that refuses it.
 */
#define NOWAIT_BYTES SZ_128K

/*
 * These must not be passed on: each says something about the bio that it came with (who polls
 * it, where it was allocated), or about its submitter, which @nowait keeps, not about the request.
 */
#define OPF_NOT_FOR_LEGS (REQ_POLLED | REQ_NOWAIT | REQ_ALLOC_CACHE | REQ_DRV)

/**
 * struct blkv_io - one request, in the per-bio data of the clone that dm made of it
 * @blkv: the target
 * @range: its sectors, in the range lock until it is finished; not used for a flush
 * @nr_sectors: its length, 0 for a flush
 * @buffer: private pages: test's answer to a read, the copy of a write
 * @work: the next step, when that is left to a workqueue
 * @pending: legs that are not done
 * @submitted: the bios are initialised
 * @nowait: who submits must not be made to wait, also by a leg; a workqueue may
 * @all_trusted: verify() found every sector trusted
 * @differ: verify() saw a difference
 * @differs_in: in which sector of the request, the first one; valid with @differ
 * @injected: bytes of test's answer were flipped by us; which ones is in blkv->injections
 * @rechecked: raw was read again; then readahead is no excuse any more
 * @submitter: the task that sent it to the legs; only ever compared with current
 * @pid: of the task that submitted it, for the history
 * @comm: its name
 * @status: what each leg said; written by its completion, read after @pending fell to 0
 * @raw_bio: what raw gets
 * @test_bio: what test gets
 *
 *                       blkv_io_map()
 *                           |
 *                       range lock --- conflict: parked until an unlock grants it --- wq
 *                           |                                                         |
 *                        start() <----------------------------------------------------'
 *                           |--- NOWAIT, and long or without data: wq: start() again
 *                           |
 *                     private pages --- none: wait_wq, wait_for_buffer() --.
 *                           |                                              |
 *                     submit_legs() <--------------------------------------'
 *                      |         |
 *                     raw       test
 *                      |         |
 *                     leg_endio(), twice; the second: both_done()
 *                           |   '--- NOWAIT, and a leg would have to wait: wq: submit_again()
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
struct blkv_io {
	struct blkverify *blkv;
	struct blkv_range range;
	sector_t nr_sectors;
	struct blkv_memory buffer;
	struct work_struct work;
	atomic_t pending;
	bool submitted;
	bool nowait;
	bool all_trusted;
	bool differ;
	unsigned int differs_in;
	bool injected;
	bool rechecked;
	struct task_struct *submitter;
	pid_t pid;
	char comm[TASK_COMM_LEN];
	blk_status_t status[BLKV_LEGS];
	struct bio raw_bio;
	struct bio test_bio;
};

static void start(struct blkv_io *io);

static struct bio *clone_of(struct blkv_io *io)
{
	return dm_bio_from_per_bio_data(io, sizeof(*io));
}

static struct bio *bio_of(struct blkv_io *io, enum blkv_leg_nr leg)
{
	return leg == BLKV_RAW ? &io->raw_bio : &io->test_bio;
}

static enum req_op op_of(struct blkv_io *io)
{
	return bio_op(clone_of(io));
}

static bool is_write(struct blkv_io *io)
{
	return io->nr_sectors && op_of(io) != REQ_OP_READ;
}

static bool has_data(struct blkv_io *io)
{
	return io->nr_sectors && (op_of(io) == REQ_OP_READ || op_of(io) == REQ_OP_WRITE);
}

/* Does the leg's bio carry our pages rather than the caller's? */
static bool is_private(struct blkv_io *io, enum blkv_leg_nr leg)
{
	if (!has_data(io))
		return false;
	if (op_of(io) == REQ_OP_READ)
		return leg == BLKV_TEST;
	return !io->blkv->options.no_write_copy;
}

/* The place of the request in a buffer of private pages and on the legs. */
static struct bvec_iter private_iter(struct blkv_io *io)
{
	return (struct bvec_iter){
		.bi_sector = io->range.start,
		.bi_size = io->nr_sectors << SECTOR_SHIFT,
	};
}

/* A sector of the target as a person knows it. */
static sector_t device_sector(struct blkv_io *io, sector_t sector)
{
	return io->blkv->ti->begin + sector;
}

static bool is_frozen(struct blkverify *blkv)
{
	return READ_ONCE(blkv->reports.frozen);
}

static void queue_step(struct workqueue_struct *wq, struct blkv_io *io, work_func_t step)
{
	io->nowait = false;
	INIT_WORK(&io->work, step);
	queue_work(wq, &io->work);
}

/* Those that this request has met are of no use any more. Process context. */
static void forget_injections(struct blkv_io *io)
{
	struct blkv_injections *injections = &io->blkv->injections;
	unsigned int i;

	spin_lock(&injections->lock);
	for (i = injections->nr; i--;)
		if (injections->all[i].met_by == io) {
			WRITE_ONCE(injections->nr, injections->nr - 1);
			injections->all[i] = injections->all[injections->nr];
		}
	spin_unlock(&injections->lock);
}

static void start_granted(struct work_struct *work)
{
	start(container_of(work, struct blkv_io, work));
}

/*
 * End of the request, in any context. Ending the clone comes last: then the target may be
 * suspended and freed.
 */
static void finish(struct blkv_io *io, blk_status_t status)
{
	struct blkverify *blkv = io->blkv;
	struct bio *clone = clone_of(io);
	struct blkv_range *range, *next;
	LIST_HEAD(granted);

	if (io->submitted) {
		bio_uninit(&io->raw_bio);
		bio_uninit(&io->test_bio);
	}
	if (io->injected)
		forget_injections(io);
	blkv_memory_put(&blkv->pool, &io->buffer);
	if (io->nr_sectors)
		blkv_range_unlock(&blkv->ranges, &io->range, &granted);
	list_for_each_entry_safe(range, next, &granted, granted)
		queue_step(blkv->wq, container_of(range, struct blkv_io, range), start_granted);

	clone->bi_status = status;
	bio_endio(clone);
}

/* ---- the marks in test's pages ------------------------------------------------------------- */

/*
 * Private pages still hold what an earlier request left there, which may well be what test should
 * return now: a leg that completes a read without filling all of it would go unnoticed. So the
 * last bytes of each sector are overwritten with a number that is in no data before test is read.
 */
static u64 cookie_of(struct blkv_io *io, unsigned int sector)
{
	return io->blkv->cookie + io->range.start + sector;
}

static u64 *cookie_place(struct blkv_io *io, unsigned int sector)
{
	return blkv_memory_sector(&io->buffer, sector) + SECTOR_SIZE - sizeof(u64);
}

/* Page by page, because the address of one takes longer than all the numbers in it. */
static void mark_unfilled(struct blkv_io *io)
{
	unsigned int i, first;

	for (first = 0; first < io->nr_sectors; first += PAGE_SECTORS) {
		unsigned int nr = min_t(unsigned int, io->nr_sectors - first, PAGE_SECTORS);
		u64 *place = cookie_place(io, first);

		for (i = 0; i < nr; i++, place += SECTOR_SIZE / sizeof(*place))
			*place = cookie_of(io, first + i);
	}
}

static bool is_unfilled(struct blkv_io *io, unsigned int sector)
{
	return *cookie_place(io, sector) == cookie_of(io, sector);
}

/* ---- submission --------------------------------------------------------------------------- */

static void both_done(struct blkv_io *io);

static void leg_done(struct blkv_io *io, enum blkv_leg_nr leg, blk_status_t status)
{
	io->status[leg] = status;
	/* Orders the other leg's status before both_done() reads it. */
	if (atomic_dec_and_test(&io->pending))
		both_done(io);
}

static void leg_endio(struct bio *bio)
{
	struct blkv_io *io = bio->bi_private;

	leg_done(io, bio == &io->raw_bio ? BLKV_RAW : BLKV_TEST, bio->bi_status);
}

/*
 * Make the bio for a leg: a clone, so that priority, hints and cgroup come along, whose pages are
 * replaced where the leg must not have the caller's.
 */
static int init_leg(struct blkv_io *io, enum blkv_leg_nr leg, struct blkv_memory *buffer)
{
	struct bio *bio = bio_of(io, leg);

	if (bio_init_clone(io->blkv->legs[leg]->bdev, bio, clone_of(io), GFP_NOIO))
		return -ENOMEM;
	bio->bi_opf &= ~OPF_NOT_FOR_LEGS;
	if (io->nowait)
		bio->bi_opf |= REQ_NOWAIT;
	bio->bi_iter.bi_sector = io->range.start;
	if (buffer) {
		bio->bi_io_vec = buffer->vecs;
		bio->bi_iter = private_iter(io);
	}
	bio->bi_end_io = leg_endio;
	bio->bi_private = io;
	return 0;
}

static void submit_leg(struct blkv_io *io, enum blkv_leg_nr leg)
{
	/* Only a bio with an integrity or crypto payload can fail, and dm lets none through. */
	if (init_leg(io, leg, is_private(io, leg) ? &io->buffer : NULL))
		leg_done(io, leg, BLK_STS_RESOURCE);
	else
		dm_submit_bio_remap(clone_of(io), bio_of(io, leg));
}

/* Keep what later reports want to know of a request that changes data. */
static void remember(struct blkv_io *io)
{
	struct blkverify *blkv = io->blkv;
	struct blkv_write write = {
		.start = io->range.start,
		.nr_sectors = io->nr_sectors,
		.op = op_of(io),
		.fua = clone_of(io)->bi_opf & REQ_FUA,
		.pid = io->pid,
	};

	memcpy(write.comm, io->comm, sizeof(write.comm));
	blkv_history_add(&blkv->history, &write);

	if (!blkv->options.fingerprint)
		return;
	if (op_of(io) == REQ_OP_WRITE)
		blkv_fingerprints_write(&blkv->prints, io->range.start, &io->buffer,
					io->nr_sectors);
	else
		blkv_fingerprints_fill(&blkv->prints, io->range.start, io->nr_sectors,
				       op_of(io) == REQ_OP_WRITE_ZEROES);
}

static void submit_legs(struct blkv_io *io)
{
	struct bio *clone = clone_of(io);

	if (op_of(io) == REQ_OP_WRITE && is_private(io, BLKV_RAW))
		blkv_copy_vecs(io->buffer.vecs, private_iter(io), clone->bi_io_vec, clone->bi_iter);
	if (op_of(io) == REQ_OP_READ)
		mark_unfilled(io);
	if (is_write(io))
		remember(io);

	/* A leg may complete before its submission returns; the second one may end the request. */
	io->submitted = true;
	io->submitter = current;
	atomic_set(&io->pending, BLKV_LEGS);
	submit_leg(io, BLKV_RAW);
	submit_leg(io, BLKV_TEST);
}

/*
 * Would the leg have had to wait? One that is a dm device may also have got a table since that
 * knows no NOWAIT.
 */
static bool would_wait(struct blkv_io *io, enum blkv_leg_nr leg)
{
	return io->status[leg] == BLK_STS_AGAIN || io->status[leg] == BLK_STS_NOTSUPP;
}

/*
 * The legs that would have had to wait now may. Passing on what they said would be simpler, but
 * of a write the other leg may have done its half. Process context.
 */
static void submit_again(struct work_struct *work)
{
	struct blkv_io *io = container_of(work, struct blkv_io, work);
	bool raw = would_wait(io, BLKV_RAW), test = would_wait(io, BLKV_TEST);

	if (test && op_of(io) == REQ_OP_READ)
		mark_unfilled(io);
	io->submitter = current;
	atomic_set(&io->pending, raw + test);
	if (raw) {
		bio_uninit(&io->raw_bio);
		submit_leg(io, BLKV_RAW);
	}
	if (test) {
		bio_uninit(&io->test_bio);
		submit_leg(io, BLKV_TEST);
	}
}

static void wait_for_buffer(struct work_struct *work)
{
	struct blkv_io *io = container_of(work, struct blkv_io, work);

	blkv_memory_wait(&io->blkv->pool, &io->buffer, io->nr_sectors);
	if (is_frozen(io->blkv))
		finish(io, BLK_STS_IOERR);
	else
		submit_legs(io);
}

/*
 * Must a worker send it to the legs, because the submitter must not wait? Others than reads and
 * writes are never sent with NOWAIT: raid5 of 6.12 does not end a discard that has it.
 */
static bool needs_worker(struct blkv_io *io)
{
	return io->nowait && (!has_data(io) || io->nr_sectors > NOWAIT_BYTES >> SECTOR_SHIFT);
}

/* The range is ours. Does not block. */
static void start(struct blkv_io *io)
{
	struct blkverify *blkv = io->blkv;

	if (is_frozen(blkv))
		finish(io, BLK_STS_IOERR);
	else if (needs_worker(io))
		queue_step(blkv->wq, io, start_granted);
	else if (is_private(io, BLKV_TEST) &&
		 !blkv_memory_get(&blkv->pool, &io->buffer, io->nr_sectors))
		queue_step(blkv->wait_wq, io, wait_for_buffer);
	else
		submit_legs(io);
}

/* ---- legs that failed --------------------------------------------------------------------- */

/*
 * Has the leg found out, by the request that it just failed, that it cannot do this? Its limits do
 * not tell: a disk that refuses WRITE SAME with UNMAP ends its discards for that, and a device
 * below it may have the news while its own limits are still the old ones.
 */
static bool has_given_up(struct blkv_io *io, enum blkv_leg_nr leg)
{
	return is_write(io) && !has_data(io) && io->status[leg] == BLK_STS_TARGET;
}

/*
 * Statuses that say "this request", not "this leg": what the leg cannot do, a bio that does not
 * suit it, and readahead, which may fail at any time.
 */
static bool nobodys_fault(struct blkv_io *io, enum blkv_leg_nr leg)
{
	blk_status_t status = io->status[leg];

	/* What kept us from finding out about a difference is always told. */
	if (io->rechecked)
		return false;
	if (status == BLK_STS_NOTSUPP || status == BLK_STS_AGAIN || status == BLK_STS_INVAL)
		return true;
	if (has_given_up(io, leg))
		return true;
	return op_of(io) == REQ_OP_READ && (clone_of(io)->bi_opf & REQ_RAHEAD);
}

static void init_report(struct blkv_io *io, struct blkv_report *report, enum blkv_kind kind)
{
	memset(report, 0, sizeof(*report));
	report->kind = kind;
	report->op = op_of(io);
	report->sector = device_sector(io, io->range.start);
	report->nr_sectors = io->nr_sectors;
}

static void report_divergence(struct blkv_io *io)
{
	struct blkverify *blkv = io->blkv;
	struct blkv_report report;

	init_report(io, &report, BLKV_DIVERGENCE);
	report.errnos[BLKV_RAW] = blk_status_to_errno(io->status[BLKV_RAW]);
	report.errnos[BLKV_TEST] = blk_status_to_errno(io->status[BLKV_TEST]);
	/* Raw said something else than test, and could not be asked again. */
	report.unverified = io->rechecked && io->differ;
	if (report.unverified)
		report.bad_sector = device_sector(io, io->range.start + io->differs_in);
	blkv_found(&blkv->reports, &report, blkv->options.mode == BLKV_MODE_FREEZE);
	blkv_report(&blkv->reports, &report);
}

/*
 * At least one leg failed; or both completed a request whose trust takes time to record. Process
 * context.
 */
static void settle(struct work_struct *work)
{
	struct blkv_io *io = container_of(work, struct blkv_io, work);
	struct blkverify *blkv = io->blkv;
	blk_status_t raw = io->status[BLKV_RAW], test = io->status[BLKV_TEST];
	bool both = !raw && !test;

	if (raw && !nobodys_fault(io, BLKV_RAW))
		blkv_count_leg_error(&blkv->reports, BLKV_RAW);
	if (test && !nobodys_fault(io, BLKV_TEST))
		blkv_count_leg_error(&blkv->reports, BLKV_TEST);

	/*
	 * What a failed write left on the legs is anybody's guess, and they may guess differently.
	 * A failed read changes nothing: what was trusted still is.
	 */
	if (is_write(io))
		blkv_trust_set(&blkv->trust, io->range.start, io->nr_sectors,
			       both && op_of(io) == REQ_OP_WRITE_ZEROES);
	if (both && op_of(io) == REQ_OP_WRITE_ZEROES)
		this_cpu_add(blkv->reports.counts->written, io->nr_sectors);
	if (!raw != !test && !nobodys_fault(io, raw ? BLKV_RAW : BLKV_TEST))
		report_divergence(io);

	/* dm looks there whether to offer such requests any longer. */
	if (is_write(io) && (raw ?: test) == BLK_STS_TARGET)
		bio_set_dev(clone_of(io), blkv->legs[raw ? BLKV_RAW : BLKV_TEST]->bdev);
	finish(io, raw ?: test);
}

/* ---- contents that differ ----------------------------------------------------------------- */

struct difference {
	unsigned int first;
	unsigned int nr;
};

/*
 * As blkv_trust_run(), for what was compared at first: where memory was short since, the map may
 * say less now than it did then, and must not make us forget a difference.
 */
static unsigned int trust_run(struct blkv_io *io, unsigned int from, bool *trusted)
{
	*trusted = true;
	if (io->all_trusted)
		return io->nr_sectors - from;
	return blkv_trust_run(&io->blkv->trust, io->range.start + from, io->nr_sectors - from,
			      trusted);
}

/* Which trusted sectors differ between what @raw and @test hold of a request? */
static void find_difference(struct blkv_io *io, const struct blkv_memory *raw,
			    const struct blkv_memory *test, struct difference *difference)
{
	unsigned int i, run;

	difference->nr = 0;
	for (i = 0; i < io->nr_sectors; i += run) {
		unsigned int end;
		bool trusted;

		run = trust_run(io, i, &trusted);
		for (end = i + run; trusted && i < end; i++, run--) {
			if (!memcmp(blkv_memory_sector(raw, i), blkv_memory_sector(test, i),
				    SECTOR_SIZE))
				continue;
			if (!difference->nr++)
				difference->first = i;
		}
	}
}

/* Read the request again from one leg, into @buffer, and wait for it. */
static blk_status_t read_again(struct blkv_io *io, enum blkv_leg_nr leg, struct blkv_memory *buffer)
{
	struct bio *bio = bio_of(io, leg);

	bio_uninit(bio);
	if (init_leg(io, leg, buffer))
		return BLK_STS_RESOURCE;
	bio->bi_opf &= ~REQ_RAHEAD;
	submit_bio_wait(bio);
	return bio->bi_status;
}

/* What only the request knows comes before what the data look like. */
static void classify(struct blkv_io *io, struct blkv_diagnosis *diagnosis,
		     const struct difference *difference)
{
	struct blkverify *blkv = io->blkv;
	unsigned int bad = difference->first;

	diagnosis->number = 0;
	if (is_unfilled(io, bad))
		diagnosis->class = BLKV_CLASS_UNFILLED;
	else if (blkv->options.fingerprint &&
		 blkv_fingerprints_is_stale(&blkv->prints, io->range.start + bad,
					    blkv_memory_sector(&io->buffer, bad)))
		diagnosis->class = BLKV_CLASS_STALE;
	else
		blkv_classify(diagnosis, &blkv->recheck, &io->buffer, io->nr_sectors, bad,
			      difference->nr);
}

/* Was it us who flipped a byte in this sector of test's answer? */
static bool is_injected(struct blkv_io *io, unsigned int sector)
{
	struct blkv_injections *injections = &io->blkv->injections;
	bool found = false;
	unsigned int i;

	if (!io->injected)
		return false;
	spin_lock(&injections->lock);
	for (i = 0; i < injections->nr; i++)
		found |= injections->all[i].met_by == io &&
			 injections->all[i].sector == io->range.start + sector;
	spin_unlock(&injections->lock);
	return found;
}

static void describe(struct blkv_io *io, struct blkv_report *report,
		     const struct difference *difference)
{
	const u8 *raw = blkv_memory_sector(&io->blkv->recheck, difference->first);
	const u8 *test = blkv_memory_sector(&io->buffer, difference->first);
	unsigned int byte = 0;

	while (byte < SECTOR_SIZE - 1 && raw[byte] == test[byte])
		byte++;

	init_report(io, report, BLKV_MISMATCH);
	report->bad_sector = device_sector(io, io->range.start + difference->first);
	report->nr_bad = difference->nr;
	report->byte = byte;
	report->window_offset = round_down(byte, BLKV_WINDOW);
	memcpy(report->window[BLKV_RAW], raw + report->window_offset, BLKV_WINDOW);
	memcpy(report->window[BLKV_TEST], test + report->window_offset, BLKV_WINDOW);
	classify(io, &report->diagnosis, difference);
	report->injected = is_injected(io, difference->first);
	report->provenance = blkv_history_find(
		&io->blkv->history, io->range.start + difference->first, U64_MAX, &report->write);
}

static void give_caller_raws_data(struct blkv_io *io)
{
	struct bio *clone = clone_of(io);

	blkv_copy_vecs(clone->bi_io_vec, clone->bi_iter, io->blkv->recheck.vecs, private_iter(io));
}

/*
 * This owns the consequence of a mismatch. blkv->recheck holds what raw has, io->buffer what test
 * answered at first.
 */
static void handle_mismatch(struct blkv_io *io, const struct difference *difference)
{
	struct blkverify *blkv = io->blkv;
	struct difference again;
	struct blkv_report report;

	describe(io, &report, difference);
	/* Before test is read again, which may take long. */
	blkv_found(&blkv->reports, &report, blkv->options.mode == BLKV_MODE_FREEZE);
	/* This can only change the label: test's first answer is not forgiven. */
	mark_unfilled(io);
	report.persistent = read_again(io, BLKV_TEST, &io->buffer) != BLK_STS_OK;
	if (!report.persistent) {
		find_difference(io, &blkv->recheck, &io->buffer, &again);
		report.persistent = again.nr;
	}
	blkv_report(&blkv->reports, &report);

	if (blkv->options.mode == BLKV_MODE_PANIC)
		panic("dm-" DM_MSG_PREFIX ": contents mismatch in sector %llu",
		      (unsigned long long)report.bad_sector);
	if (blkv->options.mode == BLKV_MODE_IGNORE) {
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
	struct blkv_io *io = container_of(work, struct blkv_io, work);
	struct blkverify *blkv = io->blkv;
	struct difference difference;

	io->rechecked = true;
	io->status[BLKV_RAW] = read_again(io, BLKV_RAW, &blkv->recheck);
	if (io->status[BLKV_RAW]) {
		settle(work);
		return;
	}

	find_difference(io, &blkv->recheck, &io->buffer, &difference);
	if (difference.nr) {
		handle_mismatch(io, &difference);
		return;
	}
	if (io->differ)
		blkv_count_unstable(&blkv->reports);
	give_caller_raws_data(io);
	finish(io, BLK_STS_OK);
}

/*
 * Both legs have read: compare what is trusted. Any context, see may_compare_now() for the time
 * that it takes.
 */
static void verify(struct blkv_io *io)
{
	struct blkverify *blkv = io->blkv;
	struct bio *clone = clone_of(io);
	struct bvec_iter caller = clone->bi_iter, private = private_iter(io);
	sector_t compared = 0, run;

	while (private.bi_size) {
		sector_t sector = private.bi_sector;
		struct bvec_iter part = caller;
		size_t equal;
		bool trusted;

		run = blkv_trust_run(&blkv->trust, sector, private.bi_size >> SECTOR_SHIFT,
				     &trusted);
		part.bi_size = run << SECTOR_SHIFT;
		if (trusted) {
			compared += run;
			equal = blkv_compare(clone->bi_io_vec, part, io->buffer.vecs, private);
			if (equal < part.bi_size && !io->differ) {
				io->differ = true;
				io->differs_in = sector - io->range.start + (equal >> SECTOR_SHIFT);
			}
		}
		bvec_iter_advance(clone->bi_io_vec, &caller, part.bi_size);
		bvec_iter_advance(io->buffer.vecs, &private, part.bi_size);
		private.bi_sector = sector + run;
	}

	this_cpu_add(blkv->reports.counts->compared, compared);
	if (compared < io->nr_sectors)
		this_cpu_add(blkv->reports.counts->skipped, io->nr_sectors - compared);
	io->all_trusted = compared == io->nr_sectors;
	/* Of memory that was read into twice, only the last is left to compare. */
	if (io->differ || (compared && blkv_has_alias(clone->bi_io_vec, clone->bi_iter)))
		queue_step(blkv->recheck_wq, io, recheck);
	else
		finish(io, BLK_STS_OK);
}

static void verify_queued(struct work_struct *work)
{
	verify(container_of(work, struct blkv_io, work));
}

/* Flip what a message asked to be flipped in this answer. Process context. */
static void inject_and_verify(struct work_struct *work)
{
	struct blkv_io *io = container_of(work, struct blkv_io, work);
	struct blkv_injections *injections = &io->blkv->injections;
	unsigned int i;

	spin_lock(&injections->lock);
	for (i = 0; i < injections->nr; i++) {
		struct blkv_injection *injection = &injections->all[i];

		if (injection->met_by || injection->sector < io->range.start ||
		    injection->sector > io->range.last)
			continue;
		*(u8 *)blkv_memory_sector(&io->buffer, injection->sector - io->range.start) ^=
			injection->xor
			;
		injection->met_by = io;
		io->injected = true;
	}
	spin_unlock(&injections->lock);
	verify(io);
}

/*
 * May what both legs have read be compared in this completion, or is it for a worker?
 *
 * Legs that complete a bio in its submission (ramdisks, most of what is stacked) do so in the
 * task that submitted it, whose time it is anyway: there, any length. The data is still in the
 * caches and the private pages are free for the next request; with a worker between, reads of 1 MiB
 * from ramdisks take 15 % longer. A task that completes for others, such as the thread of a loop
 * device, does not have to compare for them.
 */
static bool may_compare_now(struct blkv_io *io)
{
	sector_t bytes = io->nr_sectors << SECTOR_SHIFT;

	if (in_hardirq() || irqs_disabled())
		return bytes <= COMPARE_IN_IRQ_BYTES;
	return bytes <= COMPARE_NOW_BYTES || (in_task() && io->submitter == current);
}

/* Both legs are done. Any context. */
static void both_done(struct blkv_io *io)
{
	struct blkverify *blkv = io->blkv;

	if (io->nowait && (would_wait(io, BLKV_RAW) || would_wait(io, BLKV_TEST))) {
		queue_step(blkv->wq, io, submit_again);
	} else if (io->status[BLKV_RAW] || io->status[BLKV_TEST]) {
		queue_step(blkv->wq, io, settle);
	} else if (!io->nr_sectors) {
		finish(io, BLK_STS_OK);
	} else if (op_of(io) == REQ_OP_READ) {
		if (READ_ONCE(blkv->injections.nr))
			queue_step(blkv->wq, io, inject_and_verify);
		else if (may_compare_now(io))
			verify(io);
		else
			queue_step(blkv->wq, io, verify_queued);
	} else if (op_of(io) == REQ_OP_WRITE) {
		blkv_trust_set(&blkv->trust, io->range.start, io->nr_sectors, true);
		this_cpu_add(blkv->reports.counts->written, io->nr_sectors);
		finish(io, BLK_STS_OK);
	} else {
		/* Of any length: too much to record here. */
		queue_step(blkv->wq, io, settle);
	}
}

/* ---- entry -------------------------------------------------------------------------------- */

/**
 * blkv_io_size() - how much per-bio data a request needs
 *
 * Return: bytes.
 */
size_t blkv_io_size(void)
{
	return sizeof(struct blkv_io);
}

/**
 * blkv_io_map() - take a bio
 * @blkv: the target
 * @bio: dm's clone; a read or write is at most BLKV_REGION_SECTORS long
 *
 * Context: Process, with bios of ours possibly waiting in current->bio_list: does not block.
 * Return: a DM_MAPIO_ value.
 */
int blkv_io_map(struct blkverify *blkv, struct bio *bio)
{
	struct blkv_io *io = dm_per_bio_data(bio, sizeof(*io));

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

	io->blkv = blkv;
	io->nr_sectors = bio_sectors(bio);
	io->range.start = io->nr_sectors ? dm_target_offset(blkv->ti, bio->bi_iter.bi_sector) : 0;
	io->range.last = io->range.start + io->nr_sectors - 1;
	io->range.shared = bio_op(bio) == REQ_OP_READ;
	io->buffer.nr_pages = 0;
	io->submitted = false;
	io->nowait = bio->bi_opf & REQ_NOWAIT;
	io->differ = false;
	io->injected = false;
	io->rechecked = false;
	if (is_write(io)) {
		io->pid = task_pid_nr(current);
		get_task_comm(io->comm, current);
	}

	/* A request without sectors, a flush, conflicts with nobody. */
	if (!io->nr_sectors || blkv_range_lock(&blkv->ranges, &io->range))
		start(io);
	return DM_MAPIO_SUBMITTED;
}

/**
 * blkv_io_inject() - flip a byte of what test returns for the next read of a sector
 * @blkv: the target
 * @sector: which
 * @xor: what its first byte is xored with
 *
 * In our private pages only: what is on test does not change.
 *
 * Context: Process.
 * Return: false if too many are waiting for their read.
 */
bool blkv_io_inject(struct blkverify *blkv, sector_t sector, u8 xor)
{
	struct blkv_injections *injections = &blkv->injections;
	bool room;

	spin_lock(&injections->lock);
	room = injections->nr < BLKV_MAX_INJECTIONS;
	if (room) {
		injections->all[injections->nr] = (struct blkv_injection){
			.sector = sector,
			.xor = xor,
		};
		WRITE_ONCE(injections->nr, injections->nr + 1);
	}
	spin_unlock(&injections->lock);
	return room;
}
