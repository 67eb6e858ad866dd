// SPDX-License-Identifier: GPL-2.0-only
/*
 * Label a mismatch as persistent or transient. Both legs are re-read after the mismatch has been
 * reported, so that a test leg that hangs delays neither the report nor the end of the read. The
 * label is informational only.
 *
 * The read hands its range over to the label, so that the legs do not change until they have been
 * re-read. Labels are made one at a time in an ordered workqueue, in process context; a suspend
 * waits for pending ones. No label is made while memory is short, or if it would come late.
 */
#include <linux/jiffies.h>
#include <linux/slab.h>

#include "difference.h"
#include "dm-blkverify.h"
#include "label.h"
#include "report.h"
#include "request.h"

/*
 * Pending labels keep ranges locked, and a suspend waits for them. If the test leg takes long for
 * each read, no label is made of a report that is older than MAX_AGE.
 */
#define MAX_LABELS 64
#define MAX_AGE (30 * HZ)

/**
 * struct label - a pending label
 * @work: makes the label
 * @blkv: the target
 * @range: the range of the read, taken over from the request; at most a region of it is re-read
 * @report: a copy of the report; the log line of the label refers to its number and sector
 * @end: in jiffies; not made after that
 * @logged: the report was logged, so log the label, too
 */
struct label {
	struct work_struct work;
	struct blkverify *blkv;
	struct blkv_range range;
	struct blkv_report report;
	unsigned long end;
	bool logged;
};

/* Does sector @bad, which has been reported, or any trusted sector of the range differ now? */
static bool range_differs(struct blkverify *blkv, sector_t start, unsigned int nr, sector_t bad,
			  const struct blkv_memory *raw, const struct blkv_memory *test)
{
	struct blkv_difference difference = {};
	unsigned int done, run;
	bool trusted;

	/* It may have become untrusted since then. */
	blkv_difference_add(&difference, raw, test, bad - start, 1);
	for (done = 0; done < nr; done += run) {
		run = blkv_trust_run(&blkv->trust, start + done, nr - done, &trusted);
		if (trusted)
			blkv_difference_add(&difference, raw, test, done, run);
	}
	return difference.nr;
}

/* Re-read both legs, each into memory from a pool that the leg may read into. */
static enum blkv_label range_label(struct blkverify *blkv, const struct blkv_range *range,
				   sector_t bad)
{
	sector_t start = bad - (bad - range->start) % BLKV_REGION_SECTORS;
	unsigned int nr = min_t(sector_t, range->last - start + 1, BLKV_REGION_SECTORS);
	enum blkv_label label = BLKV_LABEL_NONE;
	struct blkv_memory raw, test;
	blk_status_t raw_status = BLK_STS_OK, test_status = BLK_STS_OK;

	blkv_memory_init(&raw);
	blkv_memory_init(&test);
	if (!blkv_memory_try(&blkv->copy_pool, &raw, nr) ||
	    !blkv_memory_try(&blkv->test_pool, &test, nr))
		goto out;
	raw_status = blkv_leg_read(blkv, BLKV_RAW, &raw, start, nr);
	if (raw_status)
		goto out;
	test_status = blkv_leg_read(blkv, BLKV_TEST, &test, start, nr);
	label = test_status || range_differs(blkv, start, nr, bad, &raw, &test) ?
			BLKV_LABEL_PERSISTENT :
			BLKV_LABEL_TRANSIENT;
out:
	blkv_memory_put(&blkv->copy_pool, &raw, start, raw_status ? BLKV_SUSPECT : 0);
	blkv_memory_put(&blkv->test_pool, &test, start, test_status ? BLKV_SUSPECT : 0);
	return label;
}

static void label_make(struct work_struct *work)
{
	struct label *label = container_of(work, struct label, work);
	struct blkverify *blkv = label->blkv;
	enum blkv_label result = BLKV_LABEL_NONE;

	if (!blkv_request_is_stopped(blkv) && time_before(jiffies, label->end))
		result = range_label(blkv, &label->range, label->report.bad_sector);
	blkv_request_unlock(blkv, &label->range);

	if (result) {
		blkv_ring_label(&blkv->ring, label->report.number, result);
		if (label->logged)
			blkv_channels_label(&blkv->channels, &label->report, result);
	}
	atomic_dec(&blkv->nr_labels);
	kfree(label);
}

/**
 * blkv_label_start() - queue the labelling of a mismatch
 * @req: the read, which may end right afterwards; its range is handed over unless this gives up
 * @report: the mismatch, which is already in the ring
 * @logged: the mismatch was logged
 *
 * Context: Process.
 */
void blkv_label_start(struct blkv_request *req, const struct blkv_report *report, bool logged)
{
	struct blkverify *blkv = req->blkv;
	struct label *label;

	if (atomic_inc_return(&blkv->nr_labels) > MAX_LABELS)
		goto out;
	label = kmalloc_obj(*label, BLKV_GFP_NOWAIT);
	if (!label)
		goto out;
	INIT_WORK(&label->work, label_make);
	label->blkv = blkv;
	label->report = *report;
	label->end = jiffies + MAX_AGE;
	label->logged = logged;
	blkv_range_hand_over(&blkv->ranges, &req->range, &label->range);
	req->handed_over = true;
	queue_work(blkv->label_wq, &label->work);
	return;
out:
	atomic_dec(&blkv->nr_labels);
}
