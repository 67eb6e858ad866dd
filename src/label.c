// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is a mismatch persistent? The test leg is re-read after the mismatch was reported and the read
 * has ended: whatever the leg does then, it delays neither. The result is only a label.
 *
 * The range of the read is handed over to this, so that both legs still hold what they held then.
 * Labels are made one at a time in an ordered workqueue, in process context, and are done before
 * the target is suspended. A label that would need memory that is short is left out.
 */
#include <linux/slab.h>

#include "difference.h"
#include "dm-blkverify.h"
#include "label.h"
#include "report.h"
#include "request.h"

/* More of them would only hold ranges for a leg that does not answer. */
#define MAX_LABELS 64

/**
 * struct label - a label to be made
 * @work: makes it
 * @blkv: the target
 * @range: of the read; ours now
 * @report: the report, with what a person needs to find it in the log
 * @logged: the report was logged, and the label will be
 */
struct label {
	struct work_struct work;
	struct blkverify *blkv;
	struct blkv_range range;
	struct blkv_report report;
	bool logged;
};

/* Which trusted sectors differ now? */
static bool range_differs(struct blkverify *blkv, const struct blkv_range *range,
			  const struct blkv_memory *raw, const struct blkv_memory *test)
{
	unsigned int nr = range->last - range->start + 1, done, run;
	struct blkv_difference difference = {};
	bool trusted;

	for (done = 0; done < nr; done += run) {
		run = blkv_trust_run(&blkv->trust, range->start + done, nr - done, &trusted);
		if (trusted)
			blkv_difference_add(&difference, raw, test, done, run);
	}
	return difference.nr;
}

/* Re-read both legs into memory of the kind that each of them may have. */
static enum blkv_label range_label(struct blkverify *blkv, const struct blkv_range *range)
{
	unsigned int nr = range->last - range->start + 1;
	enum blkv_label label = BLKV_LABEL_NONE;
	struct blkv_memory raw, test;
	bool failed = false;

	blkv_memory_init(&raw);
	blkv_memory_init(&test);
	if (blkv_memory_try(&blkv->copy_pool, &raw, nr) &&
	    blkv_memory_try(&blkv->test_pool, &test, nr) &&
	    !blkv_leg_read(blkv, BLKV_RAW, &raw, range->start, nr)) {
		failed = blkv_leg_read(blkv, BLKV_TEST, &test, range->start, nr);
		label = failed || range_differs(blkv, range, &raw, &test) ?
				BLKV_LABEL_PERSISTENT :
				BLKV_LABEL_TRANSIENT;
	}
	blkv_memory_put(&blkv->copy_pool, &raw, range->start, false);
	blkv_memory_put(&blkv->test_pool, &test, range->start, failed);
	return label;
}

static void label_make(struct work_struct *work)
{
	struct label *label = container_of(work, struct label, work);
	struct blkverify *blkv = label->blkv;
	enum blkv_label result = BLKV_LABEL_NONE;

	/* A frozen target reads neither leg any more. */
	if (!blkv_is_frozen(&blkv->findings))
		result = range_label(blkv, &label->range);
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
 * blkv_label_start() - label a mismatch, later
 * @req: the read; may end now, and need not be unlocked
 * @report: the mismatch, which is in the ring already
 * @logged: it was logged
 *
 * Context: Process.
 */
void blkv_label_start(struct blkv_request *req, const struct blkv_report *report, bool logged)
{
	struct blkverify *blkv = req->blkv;
	struct label *label;

	if (atomic_inc_return(&blkv->nr_labels) > MAX_LABELS)
		goto out;
	label = kmalloc(sizeof(*label), BLKV_GFP_NOWAIT);
	if (!label)
		goto out;
	INIT_WORK(&label->work, label_make);
	label->blkv = blkv;
	label->report = *report;
	label->logged = logged;
	blkv_range_hand_over(&blkv->ranges, &req->range, &label->range);
	req->handed_over = true;
	queue_work(blkv->label_wq, &label->work);
	return;
out:
	atomic_dec(&blkv->nr_labels);
}
