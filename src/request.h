/* SPDX-License-Identifier: GPL-2.0-only */
/* The life of a request. */
#ifndef DM_BLKVERIFY_REQUEST_H
#define DM_BLKVERIFY_REQUEST_H

#include <linux/atomic.h>
#include <linux/bio.h>
#include <linux/device-mapper.h>
#include <linux/sched.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "integrity.h"
#include "memory.h"
#include "operation.h"
#include "origin.h"
#include "polled.h"
#include "range.h"
#include "types.h"
#include "versions.h"

struct blkverify;

/**
 * enum blkv_early - signs that the test leg completed a read before all data had arrived
 * @BLKV_EARLY_NOT: no such sign
 * @BLKV_EARLY_UNFILLED: a trusted sector was still marked at completion
 * @BLKV_EARLY_CHANGED: the data changed after completion
 */
enum blkv_early { BLKV_EARLY_NOT, BLKV_EARLY_UNFILLED, BLKV_EARLY_CHANGED };

/**
 * struct blkv_request - one request, in the per-bio data of the clone that dm made of it
 * @blkv: the target
 * @range: its sectors, in the range lock until the request ends; not used for a flush
 * @nr_sectors: its length, 0 for a flush
 * @operation: its operation
 * @memory: private memory: the data of the test leg for a read, the copy of a write; for a read
 *	@in_place the data of the raw leg, and later a copy of those of the test leg
 * @work: the next step, if that is left to a workqueue; or only that of the raw leg, or for a read
 *	that of the test leg, until it is done
 * @pending: legs that are not done, and a worker that polls
 * @submitted: the bios for the legs are initialised
 * @handed_over: the range was handed over to a label
 * @cut: it is a part of a longer request that could not get private memory in one piece
 * @in_place: a read that the test leg reads into the caller's memory, and the raw leg into @memory
 * @mark: of the first sector of the caller's memory, see src/caller.c; valid with @in_place
 * @nowait: the submitter must not block, not even in a leg; workqueue context may
 * @raw_nowait: the raw leg gets the request with NOWAIT, and may refuse it
 * @submitter: the task that submitted it to the legs; only ever compared with current
 * @pid: of the task that submitted it to us, for the history and for reports
 * @comm: name of that task
 * @submit_cpu: the CPU that submitted it to the test leg
 * @complete_cpu: the CPU on which the test leg completed it
 * @opf: operation and flags, as the submitter set them
 * @counts_waits: it counts as in flight while it waits in here: iostats was on when it came
 * @caller_vecs: the caller's memory
 * @caller_iter: what of it is to be transferred
 * @integrity: where the submitter's protection information begins, if there is any
 * @ending: the clone, which was the test leg's bio until then, goes back to dm
 * @status: of each leg; written by its completion, read after @pending fell to 0
 * @begun: when each leg got it, in ns since boot; 0 unless its time is measured
 * @took: how long that took, in ns
 * @raw_bio: for the raw leg; the test leg gets the clone, so that it can be polled
 * @polled: used while the legs have it, if the submitter polls
 * @all_trusted: every sector was trusted when the legs were compared
 * @differ: the legs differed
 * @differs_in: in which sector of the request, the first one; valid with @differ
 * @differ_sum: checksum of the test leg's data there, at that time; valid with @differ unless
 *	@in_place
 * @early: whether the test leg completed a read too early
 * @early_sector: the first sector of the request that shows it; valid with @early
 * @sum: checksum of the test leg's memory at completion of a read, or of the copies of a write
 *	before submission
 * @injected: some bytes of the test leg's data were flipped by an inject message
 * @reread: the raw leg was re-read; from now on a failed readahead is reported, too
 * @settles: a read whose range is extended, so that it can settle its uncertain sectors first
 * @prepared: what it overwrites has been read, as far as a power cut may bring it back
 * @first: its first sector; valid with @settles
 * @version: a write that the test leg has, for power cuts
 * @flush: the same for a flush
 * @test_copy: the test leg's copy of a write with separate_copies, otherwise not set up; last, so
 *	that most requests do not touch it
 *
 *                    blkv_request_map() --- too long, or no memory for so much: cut
 *                           |
 *                       range lock --- conflict: parked until an unlock grants it --- wq
 *                           |                                                         |
 *                     request_start() <-----------------------------------------------'
 *                           |--- NOWAIT, without data: wq: request_start() again
 *                           |--- crash, and overwrites durable data: preimage_wq: the same
 *                           |--- crash, and touches uncertain sectors: settle_wq: locks again
 *                           |
 *                    private memory --- none: wait_wq, request_wait_memory() --.
 *                           |                                                  |
 *                    request_submit() <----------------------------------------'
 *                      |         |
 *                     test      raw --- submitter is plugged: waits until it unplugs
 *                      |         |--- would block: raw_wq, see src/raw.c
 *                      |         |--- not offered by it: nothing, or wq
 *                      |         |
 *                     blkv_request_leg_done(), twice; the second: request_join()
 *                           |   '--- NOWAIT, and test would have to wait: wq: request_resubmit()
 *                           |
 *                     blkv_verdict(), see there; may leave the rest to a workqueue
 *                           |
 *                    blkv_request_end(): memory back, unlock, end the clone
 */
struct blkv_request {
	struct blkverify *blkv;
	struct blkv_range range;
	sector_t nr_sectors;
	enum blkv_operation operation;
	struct blkv_memory memory;
	struct work_struct work;
	atomic_t pending;
	bool submitted;
	bool handed_over;
	bool cut;
	bool in_place;
	u64 mark;
	bool nowait;
	bool raw_nowait;
	struct task_struct *submitter;
	pid_t pid;
	char comm[TASK_COMM_LEN];
	unsigned int submit_cpu;
	unsigned int complete_cpu;
	blk_opf_t opf;
	bool counts_waits;
	struct bio_vec *caller_vecs;
	struct bvec_iter caller_iter;
	struct blkv_integrity integrity;
	bool ending;
	blk_status_t status[BLKV_LEGS];
	u64 begun[BLKV_LEGS];
	u64 took[BLKV_LEGS];
	struct bio raw_bio;
	struct blkv_polled_entry polled;

	/* For the verdict. */
	bool all_trusted;
	bool differ;
	unsigned int differs_in;
	u32 differ_sum;
	enum blkv_early early;
	unsigned int early_sector;
	u32 sum;
	bool injected;
	bool reread;

	/* For power cuts; not set up without the option. */
	bool settles;
	bool prepared;
	sector_t first;
	struct blkv_version_write *version;
	struct blkv_version_flush flush;

	struct blkv_memory test_copy;
};

void blkv_request_step_queue(struct blkv_request *req, work_func_t step);
void blkv_request_bio_prepare(struct blkv_request *req, struct bio *bio, enum blkv_leg_nr leg);
bool blkv_request_would_wait(const struct blkv_request *req, blk_status_t status);
void blkv_request_leg_begin(struct blkv_request *req, enum blkv_leg_nr leg);
void blkv_request_leg_done(struct blkv_request *req, enum blkv_leg_nr leg, blk_status_t status);
void blkv_request_test_done(struct blkv_request *req, blk_status_t status);
bool blkv_request_hold(struct blkv_request *req);
void blkv_request_release(struct blkv_request *req);
int blkv_request_map(struct blkverify *blkv, struct bio *bio);
bool blkv_request_is_stopped(struct blkverify *blkv);
void blkv_request_queue(struct blkv_request *req, struct workqueue_struct *wq, work_func_t step);
void blkv_request_end(struct blkv_request *req, blk_status_t status);
u32 blkv_request_test_sum(struct blkv_request *req);
void blkv_request_test_data(struct blkv_request *req, struct blkv_memory *data);
bool blkv_request_leaves_zeros(const struct blkv_request *req);
void blkv_request_unlock(struct blkverify *blkv, struct blkv_range *range);
blk_status_t blkv_leg_read(struct blkverify *blkv, enum blkv_leg_nr leg,
			   const struct blkv_memory *memory, sector_t start,
			   unsigned int nr_sectors);

static inline struct bio *blkv_request_clone(struct blkv_request *req)
{
	return dm_bio_from_per_bio_data(req, sizeof(*req));
}

/* The clone's own may be those of the test leg. */
static inline struct bio_vec *blkv_request_caller_vecs(const struct blkv_request *req)
{
	return req->caller_vecs;
}

static inline struct bvec_iter blkv_request_caller_iter(const struct blkv_request *req)
{
	return req->caller_iter;
}

static inline struct blkv_request *blkv_request_of_work(struct work_struct *work)
{
	return container_of(work, struct blkv_request, work);
}

#endif /* DM_BLKVERIFY_REQUEST_H */
