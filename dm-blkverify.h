/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dm-blkverify: mirror every write to two devices, compare them on every read.
 *
 * Words: the raw leg is trusted, the test leg is verified against it. A mismatch is a read for
 * which both legs succeeded and returned different bytes; a divergence is a request that one leg
 * failed and the other completed. A sector is trusted while both legs are known to hold the same
 * data in it; only trusted sectors are compared.
 *
 * Sectors are 512 bytes, counted from the start of the target, unless a comment says otherwise.
 * What a person sees (log, status, messages) counts from the start of the mapped device.
 *
 * Locks. All are spinlocks, and but for the last two they are taken with interrupts off, because
 * a leg may complete in hard-interrupt context. None is taken while another of them is held,
 * except that a reload takes the same one of both tables, the new table's first:
 *
 *   blkv_ranges.lock        the tree of requests in flight
 *   blkv_trust.lock         the trust map
 *   blkv_pool.lock          the idle private pages
 *   blkv_reports.lock       state, finding counters and the ring of reports
 *   blkv_history.lock       the ring of writes
 *   blkv_fingerprints.lock  checksums of written sectors; process context
 *   blkv_injections.lock    bytes to be flipped on request; process context
 *
 * On top of them the range lock (src/range.c) makes a request the only owner of its
 * sectors, from before its first leg is submitted until it is compared. It is held across sleeps
 * and handed over between contexts, so lockdep cannot see it; it cannot deadlock, because a
 * request takes it once, for all its sectors, and waits only for requests that came before it.
 */
#ifndef DM_BLKVERIFY_H
#define DM_BLKVERIFY_H

#include <linux/device-mapper.h>
#include <linux/list.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "args.h"
#include "fingerprint.h"
#include "history.h"
#include "inject.h"
#include "memory.h"
#include "range.h"
#include "report.h"
#include "trust.h"
#include "types.h"

/**
 * struct blkverify - one target
 * @ti: the target, and back
 * @instance: in the list of all targets; under its mutex, as @knows
 * @knows: what the legs hold: has been resumed, or has taken it over, and has not handed it on
 * @legs: raw and test
 * @options: from the table line
 * @ranges: the range lock
 * @trust: the trust map
 * @pool: private pages
 * @reports: counters and findings
 * @history: the last writes
 * @prints: checksums of written sectors
 * @injections: bytes to be flipped
 * @cookie: what test's pages are marked with before a read, to see that they were filled
 * @recheck: where raw is read again; one request at a time, in @recheck_wq
 * @wq: comparing, settling and late submission; may wait for a leg, but not for private pages
 *	and not for a request that needs this queue to go on
 * @wait_wq: ordered; requests that wait for private pages
 * @recheck_wq: ordered; mismatches
 *
 * Three queues, because each may wait for the next: a request that waits for pages waits for
 * requests that are compared, and those with a mismatch for the recheck. With one queue, and no
 * memory for a second worker, they would wait for each other.
 */
struct blkverify {
	struct dm_target *ti;
	struct list_head instance;
	bool knows;
	struct dm_dev *legs[BLKV_LEGS];
	struct blkv_options options;
	struct blkv_ranges ranges;
	struct blkv_trust trust;
	struct blkv_pool pool;
	struct blkv_reports reports;
	struct blkv_history history;
	struct blkv_fingerprints prints;
	struct blkv_injections injections;
	u64 cookie;
	struct blkv_memory recheck;
	struct workqueue_struct *wq;
	struct workqueue_struct *wait_wq;
	struct workqueue_struct *recheck_wq;
};

#endif /* DM_BLKVERIFY_H */
