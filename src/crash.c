// SPDX-License-Identifier: GPL-2.0-only
/*
 * Power cuts: what the target does so that src/versions.c knows what the test leg may hold after
 * one, and what the messages change.
 *
 * The user tells when the test leg may lose power, when it has lost it, and when it is back. While
 * it is off, no request is sent to either leg. When it is back, sectors whose newest version is not
 * durable are uncertain, and src/settle.c handles reads of them.
 *
 * (C1) A cut is recorded while no request is in flight: requests are counted from map to their end,
 *	and the power is checked after a request is counted. A request that waits for its range
 *	checks it again.
 * (C2) A request that the test leg fails switches an armed target off before its range is unlocked.
 *	So no later request of these sectors gets an answer that is out of date.
 * (C3) Sectors that are not trusted are neither uncertain nor judged. A write to them first makes
 *	them unproven, because nothing is known about what they held.
 *
 * Locks: blkv_crash.mutex, taken here by messages and when a target resumes. All else is atomic or
 * changed while no request is in flight. blkv_versions.lock is taken by the calls into that unit.
 */
#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/gfp.h>
#include <linux/jiffies.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "crash.h"
#include "dm-blkverify.h"
#include "request.h"
#include "words.h"

#define BUFFER_BYTES ((size_t)BLKV_CRASH_SECTORS << SECTOR_SHIFT)

/* What a longer zeroing overwrites is not read before. */
#define MAX_ZEROS ((sector_t)BLKV_REGION_SECTORS)

/* ---- start and end ------------------------------------------------------------------------ */

static struct block_device *test_bdev(struct blkverify *blkv)
{
	return blkv->legs[BLKV_TEST] ? blkv->legs[BLKV_TEST]->bdev : NULL;
}

/* The sectors of a block that the test leg writes as a whole. */
static unsigned int block_unit(struct blkverify *blkv)
{
	unsigned int unit = blkv->options.number[BLKV_OPTION_CRASH_UNIT];
	struct block_device *test = test_bdev(blkv);

	if (!unit && test)
		unit = bdev_logical_block_size(test) >> SECTOR_SHIFT;
	return clamp(unit, 1U, BLKV_VERSIONS_MAX_UNIT);
}

static void unit_set(struct blkverify *blkv, unsigned int unit)
{
	struct block_device *raw = blkv->legs[BLKV_RAW]->bdev, *test = test_bdev(blkv);
	unsigned int grain = max(unit, bdev_logical_block_size(raw) >> SECTOR_SHIFT);

	if (test)
		grain = max(grain, bdev_logical_block_size(test) >> SECTOR_SHIFT);
	blkv->crash->versions.unit = unit;
	blkv->crash->grain = grain;
}

static bool has_large_blocks(struct block_device *bdev)
{
	return bdev && bdev_logical_block_size(bdev) > BUFFER_BYTES;
}

static int crash_check(struct blkverify *blkv)
{
	unsigned int unit = blkv->options.number[BLKV_OPTION_CRASH_UNIT];
	struct dm_target *ti = blkv->ti;

	if (unit && !is_power_of_2(unit)) {
		ti->error = "crash_unit is not a power of two";
		return -EINVAL;
	}
	if (!(dm_table_get_mode(ti->table) & BLK_OPEN_WRITE)) {
		ti->error = "crash needs a table that is not read-only";
		return -EINVAL;
	}
	if (has_large_blocks(blkv->legs[BLKV_RAW]->bdev) || has_large_blocks(test_bdev(blkv))) {
		ti->error = "crash needs legs with blocks of at most 32 KiB";
		return -EINVAL;
	}
	return 0;
}

/* Whole pages, and not of the slab allocator: a driver may take references to them. */
static void *buffer_alloc(gfp_t gfp)
{
	return alloc_pages_exact(BUFFER_BYTES, gfp | __GFP_ZERO);
}

static void buffer_free(void *buffer)
{
	if (buffer)
		free_pages_exact(buffer, BUFFER_BYTES);
}

static int members_init(struct blkverify *blkv, struct blkv_crash *crash)
{
	const char *device = dm_table_device_name(blkv->ti->table);
	unsigned int max_mib = blkv->options.number[BLKV_OPTION_CRASH_MAX_MIB] ?:
			       BLKV_CRASH_DEFAULT_MIB;

	crash->preimage_wq =
		alloc_ordered_workqueue("blkverify_preimage/%s", WQ_MEM_RECLAIM | WQ_HIGHPRI,
					device);
	crash->settle_wq = alloc_ordered_workqueue("blkverify_settle/%s", WQ_MEM_RECLAIM, device);
	crash->preimage = buffer_alloc(GFP_KERNEL);
	crash->raw = buffer_alloc(GFP_KERNEL);
	crash->test = buffer_alloc(GFP_KERNEL);
	crash->lent = buffer_alloc(GFP_KERNEL);
	if (!crash->preimage_wq || !crash->settle_wq || !crash->preimage || !crash->raw ||
	    !crash->test || !crash->lent)
		return -ENOMEM;
	/* The buffer has zeros now. */
	return blkv_versions_init(&crash->versions, blkv->ti->len, (size_t)max_mib * SZ_1M,
				  block_unit(blkv), blkv_crash_hash(crash, crash->raw));
}

/**
 * blkv_crash_init() - prepare a target for power cuts, if it has the option
 * @blkv: the target, with its legs
 *
 * Context: Process; sleeps.
 * Return: 0, or a negative errno with an error in the target. In either case, blkv_crash_exit() is
 *	due.
 */
int blkv_crash_init(struct blkverify *blkv)
{
	struct block_device *test = test_bdev(blkv);
	struct blkv_crash *crash;
	int r;

	if (!blkv_option(&blkv->options, CRASH))
		return 0;
	r = crash_check(blkv);
	if (r)
		return r;
	crash = kvzalloc_obj(*crash);
	blkv->crash = crash;
	if (!crash) {
		blkv->ti->error = "Cannot allocate versions";
		return -ENOMEM;
	}
	get_random_bytes(&crash->key, sizeof(crash->key));
	mutex_init(&crash->mutex);
	init_waitqueue_head(&crash->idle);
	atomic_set(&crash->power, test ? BLKV_POWER_ON : BLKV_POWER_OFF);
	if (test) {
		crash->test_sectors = bdev_nr_sectors(test);
		crash->test_block = bdev_logical_block_size(test);
	}
	r = members_init(blkv, crash);
	unit_set(blkv, block_unit(blkv));
	if (r)
		blkv->ti->error = "Cannot allocate versions";
	return r;
}

/**
 * blkv_crash_exit() - undo blkv_crash_init()
 * @blkv: the target
 *
 * Context: Process; sleeps. No request is in flight.
 */
void blkv_crash_exit(struct blkverify *blkv)
{
	struct blkv_crash *crash = blkv->crash;

	if (!crash)
		return;
	if (crash->settle_wq)
		destroy_workqueue(crash->settle_wq);
	if (crash->preimage_wq)
		destroy_workqueue(crash->preimage_wq);
	blkv_versions_exit(&crash->versions);
	buffer_free(crash->preimage);
	buffer_free(crash->raw);
	buffer_free(crash->test);
	buffer_free(crash->lent);
	buffer_free(crash->spent);
	blkv->crash = NULL;
	kvfree(crash);
}

/* ---- reloads ------------------------------------------------------------------------------ */

/* Give up on what is still uncertain: distrust it. */
static void uncertain_distrust(struct blkv_crash *crash, struct blkverify *blkv)
{
	struct blkv_findings *findings = &blkv->findings;
	sector_t end = min(crash->versions.nr_sectors, blkv->trust.nr_sectors);
	sector_t start = 0, nr = end;

	while (blkv_versions_find_uncertain(&crash->versions, &start, &nr)) {
		blkv_findings_add_distrust(findings, BLKV_DISTRUST_MEMORY,
					   blkv_trust_set(&blkv->trust, start, nr, false));
		blkv_findings_add_distrust(findings, BLKV_DISTRUST_MESSAGE, nr);
		start += nr;
		nr = end - start;
		cond_resched();
	}
	blkv_versions_done(&crash->versions);
}

/* Untrusted sectors are not compared, so they need not be settled. */
static void untrusted_exempt(struct blkverify *blkv)
{
	struct blkv_crash *crash = blkv->crash;
	sector_t start, run;
	bool trusted;

	for (start = 0; start < blkv->ti->len; start += run) {
		run = blkv_trust_run(&blkv->trust, start, blkv->ti->len - start, &trusted);
		if (!trusted)
			blkv_versions_exempt(&crash->versions, start, run);
		cond_resched();
	}
}

static void begun_set(struct blkv_crash *crash)
{
	/* All that was recorded before is seen by those that blkv_crash_has_begun() lets pass. */
	smp_store_release(&crash->began, true);
}

/* Take over what an old target knows. Returns false if the sizes or the options differ. */
static bool crash_take_over(struct blkv_crash *to, struct blkv_crash *from, bool has_test)
{
	to->key = from->key;
	to->versions.zero_hash = from->versions.zero_hash;
	if (!blkv_versions_move(&to->versions, &from->versions))
		return false;
	to->test_sectors = from->test_sectors;
	to->test_block = from->test_block;
	atomic64_set(&to->unreadable, atomic64_read(&from->unreadable));
	to->settling = from->settling;
	atomic_set(&to->power, has_test ? atomic_read(&from->power) : BLKV_POWER_OFF);
	return true;
}

/**
 * blkv_crash_is_like() - can one target take over what the other one knows?
 * @blkv: a target with the option
 * @other: another one
 *
 * Context: Any.
 * Return: whether the sizes and the options are the same.
 */
bool blkv_crash_is_like(const struct blkverify *blkv, const struct blkverify *other)
{
	const unsigned int *number = blkv->options.number;

	return other->crash && other->ti->len == blkv->ti->len &&
	       other->options.number[BLKV_OPTION_CRASH_MAX_MIB] ==
		       number[BLKV_OPTION_CRASH_MAX_MIB] &&
	       other->options.number[BLKV_OPTION_CRASH_UNIT] == number[BLKV_OPTION_CRASH_UNIT];
}

static void crash_move(struct blkverify *to, struct blkverify *from)
{
	struct blkv_crash *old = from->crash;

	/* Without the option crash_unit, the length of a block does not depend on where test is. */
	if (to->crash && !to->options.number[BLKV_OPTION_CRASH_UNIT] &&
	    !from->options.number[BLKV_OPTION_CRASH_UNIT])
		unit_set(to, old->versions.unit);
	if (to->crash && crash_take_over(to->crash, old, test_bdev(to))) {
		/* Perhaps the trust was not taken over. */
		untrusted_exempt(to);
		begun_set(to->crash);
		return;
	}
	if (to->crash)
		unit_set(to, block_unit(to));
	if (atomic_read(&old->power) == BLKV_POWER_OFF)
		blkv_versions_cut(&old->versions);
	uncertain_distrust(old, to);
}

/**
 * blkv_crash_move() - let a new target continue in the state of an old one
 * @to: the new target, whose trust has been taken over
 * @from: the old one
 *
 * If the option is gone, or is not the same, what is uncertain becomes untrusted.
 *
 * Context: Process; sleeps. No request is in flight on either.
 */
void blkv_crash_move(struct blkverify *to, struct blkverify *from)
{
	if (!from->crash)
		return;
	if (to->crash)
		mutex_lock(&to->crash->mutex);
	crash_move(to, from);
	if (to->crash)
		mutex_unlock(&to->crash->mutex);
}

/**
 * blkv_crash_begin() - begin to record what the test leg may hold, unless that was taken over
 * @blkv: the target, which resumes
 *
 * Both legs hold the same data, but the test leg may have some of it in its cache only.
 *
 * Context: Process; sleeps. No request is in flight.
 */
void blkv_crash_begin(struct blkverify *blkv)
{
	struct block_device *test = test_bdev(blkv);
	struct blkv_crash *crash = blkv->crash;

	/* If so, a message may hold the mutex for long. */
	if (!crash || blkv_crash_has_begun(crash))
		return;
	mutex_lock(&crash->mutex);
	if (!test || blkdev_issue_flush(test))
		blkv_versions_write_begin(&crash->versions, 0, blkv->ti->len,
					  BLKV_VERSION_ANYTHING, 0);
	begun_set(crash);
	mutex_unlock(&crash->mutex);
}

/* ---- requests ----------------------------------------------------------------------------- */

/**
 * blkv_crash_enter() - count a request as in flight
 * @crash: the power cuts
 *
 * Context: Any.
 * Return: false, and it is not counted, if the test leg has lost power.
 */
bool blkv_crash_enter(struct blkv_crash *crash)
{
	/* Not counted, or requests that fail at once could keep requests_drain() waiting. */
	if (blkv_crash_is_off(crash))
		return false;
	/* Ordered before the power is read, as requests_drain() reads them in the other order. */
	atomic_inc_return(&crash->nr_requests);
	if (likely(!blkv_crash_is_off(crash)))
		return true;
	blkv_crash_leave(crash);
	return false;
}

/**
 * blkv_crash_leave() - a request is not in flight any more
 * @crash: the power cuts
 *
 * Context: Any.
 */
void blkv_crash_leave(struct blkv_crash *crash)
{
	/* A waiter queues itself before it reads the number, and this is a full barrier. */
	if (atomic_dec_and_test(&crash->nr_requests) && waitqueue_active(&crash->idle))
		wake_up(&crash->idle);
}

/**
 * blkv_crash_extend() - let a read of uncertain sectors settle them before it is served
 * @req: a read whose range is not locked yet
 *
 * For that, it needs all sectors of their blocks, for itself.
 *
 * Context: Any.
 */
void blkv_crash_extend(struct blkv_request *req)
{
	struct blkv_crash *crash = req->blkv->crash;
	unsigned int grain = crash->grain;
	sector_t start = round_down(req->range.start, grain);
	sector_t end = min_t(sector_t, round_up(req->range.last + 1, grain),
			     crash->versions.nr_sectors);
	sector_t first = start, nr = end - start;

	req->settles = READ_ONCE(crash->settling) &&
		       blkv_versions_find_uncertain(&crash->versions, &first, &nr);
	if (!req->settles)
		return;
	req->first = req->range.start;
	req->range.start = start;
	req->range.last = end - 1;
	req->range.shared = false;
}

/* What a request does to its sectors. */
static enum blkv_version_kind request_kind(struct blkv_request *req)
{
	if (req->operation == BLKV_OPERATION_WRITE)
		return BLKV_VERSION_DATA;
	if (req->operation == BLKV_OPERATION_WRITE_ZEROES && req->nr_sectors <= MAX_ZEROS)
		return BLKV_VERSION_ZEROS;
	return BLKV_VERSION_ANYTHING;
}

/* Nothing is known about what untrusted sectors hold: see (C3). */
static void untrusted_unprove(struct blkv_request *req)
{
	struct blkverify *blkv = req->blkv;
	sector_t done, run;
	bool trusted;

	for (done = 0; done < req->nr_sectors; done += run) {
		run = blkv_trust_run(&blkv->trust, req->range.start + done,
				     req->nr_sectors - done, &trusted);
		if (!trusted)
			blkv_versions_write_begin(&blkv->crash->versions, req->range.start + done,
						  run, BLKV_VERSION_ANYTHING, 0);
	}
}

/**
 * blkv_crash_needs_preimages() - must data be read before a request overwrites it?
 * @req: a request whose range is locked
 *
 * Context: Any.
 * Return: true if blkv_crash_read_preimages() is due.
 */
bool blkv_crash_needs_preimages(struct blkv_request *req)
{
	sector_t start = req->range.start, nr = req->nr_sectors;

	if (req->prepared || !blkv_operation_changes_data(req->operation) ||
	    request_kind(req) == BLKV_VERSION_ANYTHING)
		return false;
	req->prepared = true;
	untrusted_unprove(req);
	return blkv_versions_find_bare(&req->blkv->crash->versions, &start, &nr);
}

/**
 * blkv_crash_io() - read or write sectors of one leg, and wait for it
 * @blkv: the target
 * @leg: the leg
 * @opf: the operation
 * @data: at most BLKV_CRASH_SECTORS, in one piece
 * @start: first sector
 * @nr_sectors: number of sectors
 *
 * Context: Process; sleeps.
 * Return: the status of the leg.
 */
blk_status_t blkv_crash_io(struct blkverify *blkv, enum blkv_leg_nr leg, blk_opf_t opf,
			   void *data, sector_t start, unsigned int nr_sectors)
{
	struct bio_vec vec;
	struct bio bio;
	blk_status_t status;

	bio_init(&bio, blkv->legs[leg]->bdev, &vec, 1, opf);
	bio.bi_iter.bi_sector = start;
	__bio_add_page(&bio, virt_to_page(data), nr_sectors << SECTOR_SHIFT, offset_in_page(data));
	submit_bio_wait(&bio);
	status = bio.bi_status;
	bio_uninit(&bio);
	return status;
}

/**
 * blkv_crash_replace_lent() - lend other memory to the test leg from now on
 * @crash: the power cuts
 *
 * It has failed a read, or completed it without all data: they may arrive later. Without memory the
 * same is lent again.
 *
 * Context: Process; sleeps. In settle_wq.
 */
void blkv_crash_replace_lent(struct blkv_crash *crash)
{
	void *lent = buffer_alloc(GFP_NOIO | __GFP_NORETRY | __GFP_NOWARN);

	if (!lent)
		return;
	buffer_free(crash->spent);
	crash->spent = crash->lent;
	crash->lent = lent;
}

/**
 * blkv_crash_hash() - hash a sector
 * @crash: the power cuts
 * @sector: its data
 *
 * Context: Any.
 * Return: the hash.
 */
u64 blkv_crash_hash(const struct blkv_crash *crash, const void *sector)
{
	return siphash(sector, SECTOR_SIZE, &crash->key);
}

/**
 * blkv_crash_read_preimages() - record durable data before a request overwrites it
 * @req: the request
 *
 * What cannot be read becomes unproven when it is written.
 *
 * Context: Process; sleeps. In preimage_wq, under the range lock.
 */
void blkv_crash_read_preimages(struct blkv_request *req)
{
	sector_t start = req->range.start, end = start + req->nr_sectors, nr = end - start;
	struct blkverify *blkv = req->blkv;
	struct blkv_crash *crash = blkv->crash;
	unsigned int grain = crash->grain, i;
	u64 hashes[BLKV_CRASH_SECTORS];

	/* The sectors that are found are in one chunk, so they fit into the buffer. */
	while (blkv_versions_find_bare(&crash->versions, &start, &nr)) {
		sector_t from = round_down(start, grain);
		sector_t to = min_t(sector_t, round_up(start + nr, grain), blkv->ti->len);

		if (!blkv_crash_io(blkv, BLKV_RAW, REQ_OP_READ, crash->preimage, from, to - from)) {
			for (i = 0; i < nr; i++)
				hashes[i] = blkv_crash_hash(crash, crash->preimage +
						((start - from + i) << SECTOR_SHIFT));
			blkv_versions_add_preimage(&crash->versions, start, nr, hashes);
		}
		start += nr;
		nr = end - start;
		cond_resched();
	}
}

/* Apart: the bounce buffer takes a lot of stack. */
static noinline_for_stack void sectors_hash(const struct blkv_crash *crash,
					    struct blkv_sector_iter *iter, unsigned int nr,
					    u64 *hashes)
{
	struct blkv_bounce bounce;
	unsigned int i;

	for (i = 0; i < nr; i++)
		hashes[i] = blkv_crash_hash(crash, blkv_sector_next(iter, &bounce));
}

static noinline_for_stack void write_record(struct blkv_request *req)
{
	struct blkv_crash *crash = req->blkv->crash;
	struct blkv_sector_iter iter = blkv_memory_walk(&req->memory, 0, req->nr_sectors);
	sector_t start = req->range.start, end = start + req->nr_sectors;
	u64 hashes[BLKV_CRASH_SECTORS];
	unsigned int nr;

	for (; start < end; start += nr) {
		/* Parts end where blocks do. */
		nr = min_t(sector_t, end - start,
			   BLKV_CRASH_SECTORS - start % BLKV_CRASH_SECTORS);
		sectors_hash(crash, &iter, nr, hashes);
		blkv_versions_write_add(&crash->versions, req->version, start, nr, hashes);
	}
}

/**
 * blkv_crash_record() - record what a request is going to do
 * @req: a request that is going to be submitted to the test leg; the copy of its data is made
 *
 * Context: Process; does not block. Under the range lock.
 */
void blkv_crash_record(struct blkv_request *req)
{
	struct blkv_crash *crash = req->blkv->crash;
	unsigned int flags = 0;

	if (req->operation == BLKV_OPERATION_FLUSH)
		blkv_versions_flush_begin(&crash->versions, &req->flush);
	if (!blkv_operation_changes_data(req->operation))
		return;
	if (req->opf & REQ_FUA)
		flags |= BLKV_VERSION_FUA;
	if (req->opf & REQ_ATOMIC)
		flags |= BLKV_VERSION_ATOMIC;
	if (!bdev_write_cache(test_bdev(req->blkv)))
		flags |= BLKV_VERSION_NO_CACHE;
	req->version = blkv_versions_write_begin(&crash->versions, req->range.start,
						 req->nr_sectors, request_kind(req), flags);
	if (req->version && req->operation == BLKV_OPERATION_WRITE)
		write_record(req);
}

/* May a request have this status because the test leg has lost power? */
static bool status_is_power_loss(blk_status_t status)
{
	return status == BLK_STS_OFFLINE || status == BLK_STS_TRANSPORT ||
	       status == BLK_STS_TIMEOUT || status == BLK_STS_IOERR;
}

/**
 * blkv_crash_note_status() - the test leg has completed a request
 * @crash: the power cuts
 * @status: the status of the leg
 *
 * Context: Any, before the range of the request is unlocked.
 */
void blkv_crash_note_status(struct blkv_crash *crash, blk_status_t status)
{
	if (status && status_is_power_loss(status))
		atomic_cmpxchg(&crash->power, BLKV_POWER_ARMED, BLKV_POWER_OFF);
}

/*
 * A flush that ends when the power may be off promises nothing: see blkv_crash_cut(). If it fails
 * for another reason, no later one makes up for that, whether the power fails or not.
 */
static enum blkv_flush_end flush_end(struct blkv_crash *crash, blk_status_t status)
{
	if (atomic_read(&crash->power) != BLKV_POWER_ON)
		return status && !status_is_power_loss(status) ? BLKV_FLUSH_FAILED :
								 BLKV_FLUSH_CUT;
	return status ? BLKV_FLUSH_FAILED : BLKV_FLUSH_OK;
}

/*
 * For a device without FUA, the block layer sends a flush after the data. If the device was without
 * power between the two, the flush does not cover the data.
 */
static bool fua_is_promise(struct blkv_request *req)
{
	return atomic_read(&req->blkv->crash->power) == BLKV_POWER_ON ||
	       bdev_fua(test_bdev(req->blkv));
}

/* The test leg has completed a request that changes data. */
static void write_done(struct blkv_request *req, blk_status_t status)
{
	struct blkv_versions *versions = &req->blkv->crash->versions;

	if (req->opf & REQ_FUA && !fua_is_promise(req))
		blkv_versions_write_drop_fua(versions, req->version);
	blkv_versions_write_end(versions, req->version, !status,
				!bdev_write_cache(test_bdev(req->blkv)));
}

/**
 * blkv_crash_test_done() - the test leg has completed a request, and will not get it again
 * @req: the request, recorded by blkv_crash_record()
 * @status: the status of the leg
 *
 * Context: Any.
 */
void blkv_crash_test_done(struct blkv_request *req, blk_status_t status)
{
	struct blkv_crash *crash = req->blkv->crash;

	/* A readahead may fail at any time. */
	if (!(req->opf & REQ_RAHEAD))
		blkv_crash_note_status(crash, status);
	if (req->operation == BLKV_OPERATION_FLUSH)
		blkv_versions_flush_end(&crash->versions, &req->flush, flush_end(crash, status));
	else if (blkv_operation_changes_data(req->operation))
		write_done(req, status);
}

/**
 * blkv_crash_excuses() - may the test leg fail requests, because it may have no power?
 * @crash: the power cuts; may be NULL
 *
 * Context: Any.
 * Return: whether it may.
 */
bool blkv_crash_excuses(struct blkv_crash *crash)
{
	return crash && atomic_read(&crash->power) != BLKV_POWER_ON;
}

/**
 * blkv_crash_explains() - may the test leg return this, because it had no power for a moment?
 * @crash: the power cuts
 * @sector: the sector
 * @hash: of what the test leg returned
 *
 * If so, an armed target switches off.
 *
 * Context: Any, before the range of the request is unlocked.
 * Return: whether it may.
 */
bool blkv_crash_explains(struct blkv_crash *crash, sector_t sector, u64 hash)
{
	if (!blkv_crash_excuses(crash) ||
	    !blkv_versions_may_hold(&crash->versions, sector, hash))
		return false;
	atomic_cmpxchg(&crash->power, BLKV_POWER_ARMED, BLKV_POWER_OFF);
	return true;
}

/* ---- messages ----------------------------------------------------------------------------- */

/*
 * Lock out other messages. Fails if the target has not resumed: a message may come while it takes
 * over what an old one knows.
 */
static int messages_lock(struct blkv_crash *crash, const char **error)
{
	if (mutex_lock_killable(&crash->mutex)) {
		*error = "interrupted while another message waits for requests";
		return -EINTR;
	}
	if (blkv_crash_has_begun(crash))
		return 0;
	mutex_unlock(&crash->mutex);
	*error = "the device has not resumed yet";
	return -EAGAIN;
}

/* Wait until requests that were there before the power went off have ended. */
static int requests_drain(struct blkverify *blkv, const char **error)
{
	struct blkv_crash *crash = blkv->crash;

	/*
	 * The power has been set or found to be off, maybe by a request. Pairs with
	 * blkv_crash_enter(): that counts a request before it reads the power.
	 */
	smp_mb();
	if (wait_event_killable(crash->idle, !atomic_read(&crash->nr_requests))) {
		*error = "interrupted while requests are in flight";
		return -EINTR;
	}
	/* What the requests did is seen from now on. Pairs with blkv_crash_leave(). */
	smp_mb();
	/* Labels read the legs. */
	flush_workqueue(blkv->label_wq);
	return 0;
}

/**
 * blkv_crash_arm() - the test leg may lose power from now on
 * @blkv: the target
 * @error: set to a sentence on failure
 *
 * Context: Process; sleeps.
 * Return: 0 or a negative errno.
 */
int blkv_crash_arm(struct blkverify *blkv, const char **error)
{
	struct blkv_crash *crash = blkv->crash;
	int r = messages_lock(crash, error);

	if (r)
		return r;
	if (atomic_cmpxchg(&crash->power, BLKV_POWER_ON, BLKV_POWER_ARMED) == BLKV_POWER_OFF) {
		*error = "the test device has no power: \"crash back\" comes first";
		r = -EINVAL;
	}
	mutex_unlock(&crash->mutex);
	return r;
}

/**
 * blkv_crash_cut() - the test leg has lost power
 * @blkv: the target
 * @error: set to a sentence on failure
 *
 * Waits for requests in flight. A flush among them promises nothing: it may have been completed
 * after the cut.
 *
 * Context: Process; sleeps.
 * Return: 0 or a negative errno.
 */
int blkv_crash_cut(struct blkverify *blkv, const char **error)
{
	struct blkv_crash *crash = blkv->crash;
	int r = messages_lock(crash, error);

	if (r)
		return r;
	atomic_xchg(&crash->power, BLKV_POWER_OFF);
	blkv_moments_note(&blkv->moments, BLKV_MOMENT_CUT, jiffies);
	r = requests_drain(blkv, error);
	mutex_unlock(&crash->mutex);
	return r;
}

/* Is this the device that has lost power, as far as one can tell? */
static int test_check(struct blkverify *blkv, const char **error)
{
	struct blkv_crash *crash = blkv->crash;
	struct block_device *test = test_bdev(blkv);

	if (!blkv_crash_is_off(crash))
		*error = "the test device has power: \"crash cut\" comes first";
	else if (!test)
		*error = "the test device is away: load a table with it";
	else if (bdev_nr_sectors(test) != crash->test_sectors)
		*error = "the test device has another size than before";
	else if (bdev_logical_block_size(test) != crash->test_block)
		*error = "the test device has another logical block size than before";
	else
		return 0;
	return -EINVAL;
}

/**
 * blkv_crash_back() - the test leg has power again
 * @blkv: the target
 * @error: set to a sentence on failure
 *
 * Context: Process; sleeps.
 * Return: 0 or a negative errno.
 */
int blkv_crash_back(struct blkverify *blkv, const char **error)
{
	struct blkv_crash *crash = blkv->crash;
	int r = messages_lock(crash, error);

	if (r)
		return r;
	r = test_check(blkv, error) ?: requests_drain(blkv, error);
	if (!r) {
		blkv_versions_cut(&crash->versions);
		untrusted_exempt(blkv);
		/* Ordered before the power, which blkv_crash_is_off() reads with acquire. */
		WRITE_ONCE(crash->settling, blkv_versions_uncertain(&crash->versions));
		atomic_xchg(&crash->power, BLKV_POWER_ON);
	}
	mutex_unlock(&crash->mutex);
	return r;
}

/**
 * blkv_crash_done() - stop waiting for answers, and expect no power cut
 * @blkv: the target
 * @error: set to a sentence on failure
 *
 * What is uncertain becomes untrusted.
 *
 * Context: Process; sleeps.
 * Return: 0 or a negative errno.
 */
int blkv_crash_done(struct blkverify *blkv, const char **error)
{
	struct blkv_crash *crash = blkv->crash;
	int r = messages_lock(crash, error);

	if (r)
		return r;
	if (atomic_cmpxchg(&crash->power, BLKV_POWER_ARMED, BLKV_POWER_ON) == BLKV_POWER_OFF) {
		*error = "the test device has no power: \"crash back\" comes first";
		r = -EINVAL;
	} else {
		uncertain_distrust(crash, blkv);
		WRITE_ONCE(crash->settling, false);
	}
	mutex_unlock(&crash->mutex);
	return r;
}

/**
 * blkv_crash_trust() - the user says whether both legs hold the same data
 * @blkv: the target
 * @start: first sector
 * @nr: how many
 * @trusted: whether they do
 *
 * If so, how they came there is not known, and whether they are durable is not, either. If not, no
 * answer is of interest: see (C3).
 *
 * Context: Process; sleeps.
 */
void blkv_crash_trust(struct blkverify *blkv, sector_t start, sector_t nr, bool trusted)
{
	if (!blkv->crash)
		return;
	if (trusted)
		blkv_versions_unprove(&blkv->crash->versions, start, nr);
	blkv_versions_exempt(&blkv->crash->versions, start, nr);
}

/**
 * blkv_crash_reset() - start counting answers from zero
 * @crash: the power cuts; may be NULL
 *
 * Context: Process.
 */
void blkv_crash_reset(struct blkv_crash *crash)
{
	if (!crash)
		return;
	blkv_versions_reset(&crash->versions);
	atomic64_set(&crash->unreadable, 0);
}

/* The messages may wait for requests, so this does not wait for them. */
static const char *power_word(struct blkv_crash *crash, u64 uncertain)
{
	switch (atomic_read(&crash->power)) {
	case BLKV_POWER_OFF:
		return "off";
	case BLKV_POWER_ARMED:
		return "armed";
	default:
		return uncertain ? "settling" : "on";
	}
}

/**
 * blkv_crash_read_status() - get what the status shows
 * @crash: the power cuts
 * @status: filled in
 *
 * Context: Process.
 */
void blkv_crash_read_status(struct blkv_crash *crash, struct blkv_crash_status *status)
{
	status->uncertain = blkv_versions_uncertain(&crash->versions);
	status->power = power_word(crash, status->uncertain);
	status->cuts = blkv_versions_cuts(&crash->versions);
	status->unproven = blkv_versions_unproven(&crash->versions);
	status->unreadable = atomic64_read(&crash->unreadable);
	blkv_versions_count(&crash->versions, &status->counters);
}
