/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dm-blkverify: mirror every write to two devices, compare them on every read.
 *
 * Words: the raw leg is trusted, the test leg is verified against it. A mismatch is a read for
 * which both legs succeeded and returned different data; a divergence is a request that one leg
 * failed and the other completed; a finding is either of them. A sector is trusted while both legs
 * are known to hold the same data in it; only trusted sectors are compared.
 *
 * Sectors are 512 bytes and relative to the start of the target, everywhere. They become relative
 * to the mapped device when they are printed, and the other way round when a message is parsed.
 *
 * Locks: all are spinlocks. None is taken while another one is held, with three exceptions: a
 * reload takes the same one of both tables, the new table's first; that of a shard is taken under
 * blkv_ranges.wide.lock, one shard at a time; those of a trust map are taken under
 * blkv_versions.lock. Those for any context are taken with interrupts off, because a leg may
 * complete in hard-interrupt context.
 *
 *   blkv_ranges.wide.lock   requests in flight that touch several shards  any context
 *   blkv_range_shard.lock   requests in flight that touch one shard       any context
 *   blkv_trust_leaf.lock    the trust of the sectors of a region          any context
 *   blkv_trust_table.lock   the trust of the regions of a group           any context
 *   blkv_magazine.lock      private memory that one CPU keeps at hand     any context
 *   blkv_depot.lock         other private memory that is not in use       any context
 *   blkv_lates.lock         findings of late data                         any context
 *   blkv_backlog.lock       requests that wait for the raw leg            any context
 *   blkv_polled.lock        polled requests that the legs have            any context
 *   blkv_versions.lock      what test may hold after a power cut          any context
 *   blkv_findings.lock      state and counters of findings                any context
 *   blkv_history_ring.lock  the last writes of a CPU                      any context
 *   blkv_ring.lock          the ring of reports                           process context
 *   blkv_counters.lock      the base of the per-CPU counters              process context
 *   blkv_fingerprints.lock  checksums of written sectors                  process context
 *   blkv_injections.lock    bytes to be flipped on request                process context
 *
 * A mutex, blkv_crash.mutex, is taken by messages about power cuts, and by a target that resumes
 * and takes over what an old one knows; before any spinlock.
 *
 * On top of them, the range lock (src/range.c) makes a request the only owner of its sectors, from
 * before the first leg is submitted until the data have been compared. It is held across sleeps and
 * handed over between contexts, so lockdep cannot see it. It cannot deadlock: a request takes it
 * once, for all its sectors, and waits only for earlier requests.
 *
 * Where things are: src/request.c has the life of a request, src/raw.c what is special about its
 * raw leg. The other units are a noun each. Those that are easy to confuse:
 *
 *   outcome   what the status of one leg means: ok, its fault, the caller's fault, try again
 *   verdict   what the results of both legs mean: equal, a mismatch, a divergence
 *   classify  which kind of bug a difference points to
 *   label     whether the test leg returns the wrong data again: persistent or transient
 *   report    what is known about one finding
 *   ring      the first and the last reports
 *   findings  the state of the target, and the counters of findings
 *   evidence  how the data of a mismatch differ
 *   origin    where the request of a finding came from, and how it was served
 *   moments   what happened before a finding
 *   channels  how a report gets out: the kernel log, dm events, uevents
 *   counters  the counters of healthy requests
 *   limits    the queue limits, and what the raw leg gets instead of what it does not offer
 *   versions  what the test leg may hold after a power cut
 *   crash     what makes versions valid: power, pre-images, records of writes and flushes
 *   settle    reads of sectors that are uncertain since a power cut
 *   caller    the caller's memory, if the test leg reads into it
 *   memory    the private memory of one request
 *   pool      private memory that is not in use
 */
#ifndef DM_BLKVERIFY_H
#define DM_BLKVERIFY_H

#include <linux/atomic.h>
#include <linux/cache.h>
#include <linux/device-mapper.h>
#include <linux/list.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "args.h"
#include "channels.h"
#include "counters.h"
#include "crash.h"
#include "findings.h"
#include "fingerprint.h"
#include "history.h"
#include "inject.h"
#include "memory.h"
#include "moments.h"
#include "polled.h"
#include "pool.h"
#include "range.h"
#include "raw.h"
#include "request.h"
#include "ring.h"
#include "trust.h"
#include "types.h"
#include "zeros.h"

/**
 * struct blkverify - one target
 * @ti: the target, and back
 * @bdev: the mapped device, which stays the same if the table is replaced
 * @legs: raw and test; test is NULL while it is away
 * @options: from the table line
 * @trust: the trust map
 * @history: the last writes
 * @counters: the counters of healthy requests
 * @crash: power cuts of the test leg; NULL without the option
 * @wq: comparing, settling, late submission and polling; may wait for a leg, but not for private
 *	memory and not for a request that needs this queue to make progress
 * @raw_wq: ordered; submission to the raw leg where that may block
 * @wait_wq: ordered; requests that wait for private memory
 * @recheck_wq: ordered; reads whose legs differ
 * @zeros: for a raw leg that does not offer write zeroes
 * @ranges: the range lock
 * @test_pool: private memory for the test leg: read buffers, and its own copies of writes
 * @copy_pool: private memory that the test leg never reads into: copies of writes, and buffers for
 *	reads of the raw leg
 * @findings: the state, and the counters of unhealthy requests
 * @prints: checksums of written sectors
 * @backlog: requests that a worker submits to the raw leg
 * @polled: the polled requests that the legs have
 * @moments: when things last happened, for reports
 * @injections: bytes to be flipped
 * @ring: the first and the last reports
 * @channels: where reports are sent
 * @label_wq: ordered; re-reads both legs after a mismatch was reported
 * @nr_labels: pending labels
 * @recheck: the buffer for re-reads of the raw leg; one request at a time, in @recheck_wq
 * @instance: in the list of all targets; under its mutex, as @owns_state
 * @owns_state: resumed, or inherited the state of the previous table, and not handed over yet
 *
 * Several queues, because each may wait for the next: a request that waits for memory waits for
 * requests that are compared, and those that differ wait for the recheck. With one queue, and no
 * memory for a second worker, they would deadlock.
 *
 * Layout: a cache line that one CPU writes is taken away from all others. So what every request
 * reads stands together and is not written meanwhile, and what requests write stands in lines of
 * its own, together with what is written with it.
 */
struct blkverify {
	/* Read by requests, and written by no request. */
	struct dm_target *ti;
	struct block_device *bdev;
	struct dm_dev *legs[BLKV_LEGS];
	struct blkv_options options;
	struct blkv_trust trust;
	struct blkv_history history;
	struct blkv_counters counters;
	struct blkv_crash *crash;
	struct workqueue_struct *wq;
	struct workqueue_struct *raw_wq;
	struct workqueue_struct *wait_wq;
	struct workqueue_struct *recheck_wq;
	struct blkv_zeros zeros;

	/* Written by requests. */
	struct blkv_ranges ranges ____cacheline_aligned_in_smp;
	struct blkv_pool test_pool ____cacheline_aligned_in_smp;
	struct blkv_pool copy_pool ____cacheline_aligned_in_smp;
	struct blkv_findings findings ____cacheline_aligned_in_smp;
	struct blkv_fingerprints prints ____cacheline_aligned_in_smp;
	struct blkv_backlog backlog ____cacheline_aligned_in_smp;
	struct blkv_polled polled ____cacheline_aligned_in_smp;
	struct blkv_moments moments ____cacheline_aligned_in_smp;

	/* Written for a report or a message only. */
	struct blkv_injections injections ____cacheline_aligned_in_smp;
	struct blkv_ring ring;
	struct blkv_channels channels;
	struct workqueue_struct *label_wq;
	atomic_t nr_labels;
	struct blkv_memory recheck;
	struct list_head instance;
	bool owns_state;
};

#endif /* DM_BLKVERIFY_H */
