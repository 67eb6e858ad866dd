// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interpret the results of both legs: compare, re-read, mismatch, divergence.
 *
 *                     blkv_verdict()
 *                           |
 *        .------------------+--------------------.
 *        | both read        | both wrote         | a leg failed, or both did
 *        |                  |                    | something without data
 *    legs_compare()   write_judge()        wq: request_settle()
 *        |                  |                    |
 *        |                  |-- changed: wq: write_report_modified()
 *        |-- differ: recheck_wq: difference_recheck() -- raw fails: request_settle()
 *        |                  |          |         |
 *        '------------------+----------+---------'
 *                           |
 *                   blkv_request_end()
 *
 * The range of the request stays locked, so no other request of this target changes the legs in
 * between. A finding is reported before the test leg is read again, because that read may hang.
 */
#include "caller.h"
#include "classify.h"
#include "compare.h"
#include "crash.h"
#include "difference.h"
#include "dm-blkverify.h"
#include "label.h"
#include "outcome.h"
#include "report.h"
#include "request.h"
#include "settle.h"
#include "trace.h"
#include "verdict.h"

/*
 * Up to this length a read is compared in the completion of its last leg, whatever context that
 * is; and up to the second one if interrupts are off.
 */
#define COMPARE_NOW_BYTES SZ_16K
#define COMPARE_IN_IRQ_BYTES SZ_4K

/* ---- reports ------------------------------------------------------------------------------ */

static void report_set_origin(struct blkv_request *req, struct blkv_origin *origin)
{
	struct bio_vec *vecs = blkv_request_caller_vecs(req);
	struct bvec_iter iter = blkv_request_caller_iter(req);

	origin->known = true;
	origin->pid = req->pid;
	memcpy(origin->comm, req->comm, sizeof(origin->comm));
	origin->opf = req->opf;
	if (blkv_operation_has_data(req->operation)) {
		origin->offset = bvec_iter_offset(vecs, iter);
		for (; iter.bi_size; origin->segments++)
			bvec_iter_advance(vecs, &iter, mp_bvec_iter_len(vecs, iter));
	}
	origin->served = req->submitted;
	if (!req->submitted)
		return;
	origin->submit_cpu = req->submit_cpu;
	origin->complete_cpu = req->complete_cpu;
	memcpy(origin->took, req->took, sizeof(origin->took));
}

/**
 * blkv_verdict_report_init() - begin a report
 * @req: the request
 * @report: filled in
 * @kind: the kind of finding
 *
 * Context: Any.
 */
void blkv_verdict_report_init(struct blkv_request *req, struct blkv_report *report,
			      enum blkv_kind kind)
{
	memset(report, 0, sizeof(*report));
	report->kind = kind;
	report->operation = req->operation;
	/* To settle it, its range has been extended. */
	report->sector = req->blkv->crash && req->settles ? req->first : req->range.start;
	report->nr_sectors = req->nr_sectors;
	report->random_shape = req->blkv->options.number[BLKV_OPTION_RANDOM_SHAPE];
	report_set_origin(req, &report->origin);
}

/* Count, record and log a report, and raise its events. Returns whether it was logged. */
static bool report_publish(struct blkverify *blkv, struct blkv_report *report)
{
	bool first;

	report->time_ms = ktime_to_ms(ktime_get_real());
	blkv_moments_ages(&blkv->moments, jiffies, &report->ages);
	if (report->kind == BLKV_MISMATCH)
		trace_blkverify_mismatch(blkv, report);
	else
		trace_blkverify_divergence(blkv, report);
	/* First: a target that shows the finding is frozen. */
	if (blkv_option(&blkv->options, FREEZE))
		blkv_findings_freeze(&blkv->findings);
	blkv_findings_add(&blkv->findings, report);
	first = blkv_ring_add(&blkv->ring, report);
	return blkv_channels_publish(&blkv->channels, report, first);
}

static void mismatch_panic(struct blkverify *blkv, const struct blkv_report *report)
{
	if (blkv_option(&blkv->options, PANIC))
		panic("dm-" DM_MSG_PREFIX ": contents mismatch in sector %llu",
		      (unsigned long long)(blkv->ti->begin + report->bad_sector));
}

/**
 * blkv_verdict_publish() - count, record and log a mismatch, and raise its events
 * @blkv: the target
 * @report: the mismatch
 *
 * Context: Process. Does not return with panic_on_mismatch.
 * Return: whether it was logged.
 */
bool blkv_verdict_publish(struct blkverify *blkv, struct blkv_report *report)
{
	bool logged = report_publish(blkv, report);

	mismatch_panic(blkv, report);
	return logged;
}

/* ---- failed legs -------------------------------------------------------------------------- */

static void divergence_report(struct blkv_request *req)
{
	struct blkv_report report;

	blkv_verdict_report_init(req, &report, BLKV_DIVERGENCE);
	report.errnos[BLKV_RAW] = blk_status_to_errno(req->status[BLKV_RAW]);
	report.errnos[BLKV_TEST] = blk_status_to_errno(req->status[BLKV_TEST]);
	report.unverified = req->reread && (req->differ || req->early);
	if (report.unverified)
		report.bad_sector = req->range.start +
				    (req->differ ? req->differs_in : req->early_sector);
	report_publish(req->blkv, &report);
}

static bool leg_failed(struct blkv_request *req, enum blkv_leg_nr leg)
{
	blk_opf_t opf = req->opf;

	/* The raw leg did not get the submitter's protection information. */
	if (leg == BLKV_RAW)
		opf &= ~REQ_INTEGRITY;
	return blkv_outcome(opf, req->status[leg], req->reread ? BLKV_REREAD : 0) ==
	       BLKV_OUTCOME_LEG_FAULT;
}

/*
 * Record whether both legs now hold the same data. After a failed write or a discard the contents
 * of the range are undefined and may differ between the legs. Unless the failure is @reported, the
 * status counts the sectors under @reason. Any context for a write, whose length is limited;
 * process context otherwise.
 */
static void trust_record(struct blkv_request *req, bool same, enum blkv_distrust reason,
			 bool reported)
{
	struct blkverify *blkv = req->blkv;
	u64 lost = blkv_trust_set(&blkv->trust, req->range.start, req->nr_sectors, same);

	blkv_findings_add_distrust(&blkv->findings, BLKV_DISTRUST_MEMORY, lost);
	if (!same && !reported)
		blkv_findings_add_distrust(&blkv->findings, reason, req->nr_sectors);
}

/* Both legs completed a request that changes data. Any context, as trust_record(). */
static void trust_record_done(struct blkv_request *req)
{
	bool writes = req->operation == BLKV_OPERATION_WRITE ||
		      req->operation == BLKV_OPERATION_WRITE_ZEROES;

	trust_record(req, writes || blkv_request_leaves_zeros(req), BLKV_DISTRUST_DISCARD, false);
	if (writes)
		blkv_count_written(&req->blkv->counters, req->nr_sectors);
}

/*
 * Did only the test leg fail a request, because it lost power? Then it may hold what a write of
 * known data left there, or what was there before. So these sectors become uncertain, and remain
 * trusted.
 */
static bool is_power_loss(struct blkv_request *req)
{
	return blkv_crash_is_off(req->blkv->crash) && !req->status[BLKV_RAW] &&
	       (req->operation == BLKV_OPERATION_WRITE ||
		req->operation == BLKV_OPERATION_WRITE_ZEROES);
}

/* At least one leg failed: count that, and report it if only one did. Process context. */
static void leg_errors_handle(struct blkv_request *req)
{
	struct blkverify *blkv = req->blkv;
	bool failed[BLKV_LEGS], diverged;
	enum blkv_leg_nr leg;

	for (leg = BLKV_RAW; leg < BLKV_LEGS; leg++) {
		failed[leg] = leg_failed(req, leg);
		if (failed[leg])
			blkv_findings_add_leg_error(&blkv->findings, leg);
	}
	diverged = (failed[BLKV_RAW] && !req->status[BLKV_TEST]) ||
		   (failed[BLKV_TEST] && !req->status[BLKV_RAW] &&
		    !blkv_crash_excuses(blkv->crash));
	/* A failed read changes no data, so it does not affect trust. */
	if (blkv_operation_changes_data(req->operation) && !is_power_loss(req))
		trust_record(req, false,
			     failed[BLKV_RAW] && failed[BLKV_TEST] ? BLKV_DISTRUST_FAILED :
								     BLKV_DISTRUST_REFUSED,
			     diverged);
	if (diverged)
		divergence_report(req);
	if (failed[BLKV_TEST])
		blkv_moments_note(&blkv->moments, BLKV_MOMENT_TEST_ERROR, jiffies);
}

/**
 * blkv_verdict_failed() - end a request that a leg failed
 * @req: the request, with the status of both legs
 *
 * Context: Process. The request is gone afterwards.
 */
void blkv_verdict_failed(struct blkv_request *req)
{
	leg_errors_handle(req);
	blkv_request_end(req, req->status[BLKV_RAW] ?: req->status[BLKV_TEST]);
}

/* At least one leg failed, or both completed a request whose trust takes time to record. */
static void request_settle(struct work_struct *work)
{
	struct blkv_request *req = blkv_request_of_work(work);

	if (req->status[BLKV_RAW] || req->status[BLKV_TEST]) {
		blkv_verdict_failed(req);
		return;
	}
	trust_record_done(req);
	blkv_request_end(req, BLK_STS_OK);
}

/* ---- different contents ------------------------------------------------------------------- */

/*
 * As blkv_trust_run(), for compared sectors: if memory has been short since the comparison, the map
 * may have lost some trust, and that must not make us forget a difference.
 */
static unsigned int trust_run(struct blkv_request *req, unsigned int from, bool *trusted)
{
	*trusted = true;
	if (req->all_trusted)
		return req->nr_sectors - from;
	return blkv_trust_run(&req->blkv->trust, req->range.start + from, req->nr_sectors - from,
			      trusted);
}

/**
 * struct part - a part of a read, short enough for the buffer that the raw leg is re-read into
 * @req: the read
 * @first: first sector of the part, relative to the request
 * @nr_sectors: its length
 * @test: the data that the test leg returned for it, in private memory
 * @vanished: it differed, and the test leg has changed that since
 * @lost_power: it differs because the test leg was without power for a moment
 *
 * Sectors of a struct blkv_difference are relative to the part.
 */
struct part {
	struct blkv_request *req;
	unsigned int first;
	unsigned int nr_sectors;
	struct blkv_memory test;
	bool vanished;
	bool lost_power;
};

static sector_t part_sector(const struct part *part, unsigned int n)
{
	return part->req->range.start + part->first + n;
}

/* Which trusted sectors differ between the re-read of the raw leg and the test leg's data? */
static void difference_find(const struct part *part, struct blkv_difference *difference)
{
	struct blkv_request *req = part->req;
	unsigned int n, run;
	bool trusted;

	difference->nr = 0;
	for (n = 0; n < part->nr_sectors; n += run) {
		run = min(trust_run(req, part->first + n, &trusted), part->nr_sectors - n);
		if (trusted)
			blkv_difference_add(difference, &req->blkv->recheck, &part->test, n, run);
	}
}

static bool part_has(const struct part *part, unsigned int n)
{
	return n >= part->first && n - part->first < part->nr_sectors;
}

/* Number of sectors on each side of a request that are searched for the test leg's data. */
#define SEARCH_SECTORS 256U

/*
 * Search @nr sectors of the raw leg, from @start on, for the data that the test leg returned for
 * sector @bad of the part. Returns the distance, or 0 if they are not found. Those sectors are
 * not locked, so the result is only a hint.
 */
static int shift_search(const struct part *part, unsigned int bad, sector_t start, unsigned int nr,
			bool last)
{
	struct blkverify *blkv = part->req->blkv;
	blk_status_t status = BLK_STS_OK;
	struct blkv_memory around;
	unsigned int n = nr;

	blkv_memory_init(&around);
	if (nr && blkv_memory_try(&blkv->copy_pool, &around, nr)) {
		status = blkv_leg_read(blkv, BLKV_RAW, &around, start, nr);
		if (!status)
			n = blkv_memory_find(&around, nr, &part->test, bad, last);
	}
	blkv_memory_put(&blkv->copy_pool, &around, start, status ? BLKV_SUSPECT : 0);
	return n < nr ? (s64)(start + n) - (s64)part_sector(part, bad) : 0;
}

/* Before "torn" or "other" is the answer, search the sectors around the part for the data. */
static void shift_look_around(const struct part *part, unsigned int bad,
			      struct blkv_diagnosis *diagnosis)
{
	sector_t start = part_sector(part, 0), end = part_sector(part, part->nr_sectors);
	unsigned int before = min_t(sector_t, start, SEARCH_SECTORS);
	unsigned int after = min_t(sector_t, part->req->blkv->ti->len - end, SEARCH_SECTORS);
	int shift;

	if (diagnosis->class != BLKV_CLASS_TORN && diagnosis->class != BLKV_CLASS_OTHER)
		return;
	/* A pattern that fills sectors proves nothing: its neighbours may hold the same. */
	if (blkv_memory_is_pattern(&part->test, bad))
		return;
	shift = shift_search(part, bad, end, after, false);
	if (!shift)
		shift = shift_search(part, bad, start - before, before, true);
	if (!shift)
		return;
	diagnosis->class = BLKV_CLASS_SHIFTED;
	diagnosis->number = shift;
}

/* Did the test leg not transfer sector @n of the part? */
static bool part_is_marked(const struct part *part, unsigned int n)
{
	struct blkv_request *req = part->req;

	if (!req->in_place)
		return blkv_memory_is_marked(&req->blkv->test_pool.marks, &part->test, n);
	return !blkv_caller_find_mark(blkv_memory_vecs(&part->test),
				      blkv_memory_iter(&part->test, n, 1), 0,
				      req->mark + part->first + n);
}

/*
 * How many versions ago did the sector hold what the test leg returned? 0 if that is not known.
 * That a sector was once filled with a pattern, such as zeros, proves nothing.
 */
static unsigned int versions_ago(const struct part *part, unsigned int bad)
{
	struct blkverify *blkv = part->req->blkv;
	unsigned int ago;

	if (!blkv_option(&blkv->options, FINGERPRINT))
		return 0;
	ago = blkv_fingerprints_versions_ago(&blkv->prints, part_sector(part, bad), &part->test,
					     bad);
	return ago > 1 && blkv_memory_is_pattern(&part->test, bad) ? 0 : ago;
}

/* Classes that depend on the request take precedence over those that depend on the data. */
static void difference_classify(const struct part *part, const struct blkv_difference *difference,
				struct blkv_diagnosis *diagnosis)
{
	struct blkv_request *req = part->req;
	struct blkverify *blkv = req->blkv;
	unsigned int bad = difference->first, ago = versions_ago(part, bad);

	diagnosis->number = 0;
	if ((req->early == BLKV_EARLY_UNFILLED && part->first + bad == req->early_sector) ||
	    part_is_marked(part, bad)) {
		diagnosis->class = BLKV_CLASS_UNFILLED;
	} else if (part->vanished || req->early == BLKV_EARLY_CHANGED) {
		diagnosis->class = BLKV_CLASS_LATE;
	} else if (ago) {
		diagnosis->class = BLKV_CLASS_STALE;
		diagnosis->number = ago;
	} else {
		blkv_classify(diagnosis, &blkv->recheck, &part->test, part->nr_sectors, bad,
			      difference->nr);
		shift_look_around(part, bad, diagnosis);
	}
}

/**
 * blkv_verdict_add_provenance() - add the last write to a report
 * @blkv: the target
 * @report: a mismatch
 *
 * Or the write that is gone, if the class is lost; and for the classes zeros and stale, the
 * discards that may be the cause.
 *
 * Context: Process.
 */
void blkv_verdict_add_provenance(struct blkverify *blkv, struct blkv_report *report)
{
	/* The history knows it first. */
	u64 before = report->gone ? report->gone + 1 : U64_MAX, after = 0;

	report->provenance = blkv_history_find(&blkv->history, report->bad_sector, before,
					       &report->write);
	if (report->diagnosis.class != BLKV_CLASS_ZEROS &&
	    report->diagnosis.class != BLKV_CLASS_STALE)
		return;
	if (report->provenance == BLKV_PROVENANCE_FOUND)
		after = report->write.time;
	blkv_history_find_clears(&blkv->history, report->bad_sector, after, &report->latest_clear,
				 &report->nearest_clear);
}

/* Hash a sector. Apart: the bounce buffer takes a lot of stack. */
static noinline_for_stack u64 sector_hash(struct blkverify *blkv, const struct blkv_memory *memory,
					  unsigned int n)
{
	struct blkv_bounce bounce;

	return blkv_crash_hash(blkv->crash, blkv_memory_sector(memory, n, &bounce));
}

/*
 * After a power cut, ask what the test leg may hold. That is known for whole blocks. A class that
 * depends on the request remains, and so does one that no power cut explains.
 */
static noinline_for_stack void difference_judge(const struct part *part,
						const struct blkv_difference *difference,
						struct blkv_report *report)
{
	struct blkverify *blkv = part->req->blkv;
	struct blkv_versions *versions = &blkv->crash->versions;
	/* Of one mismatch at a time; too large for the stack. */
	struct blkv_answers *answers = &blkv->crash->recheck;
	sector_t bad = part_sector(part, difference->first);
	sector_t start = round_down(bad, versions->unit);
	unsigned int i, first, nr = min_t(sector_t, versions->unit, blkv->ti->len - start);
	struct blkv_diagnosis diagnosis = report->diagnosis;
	struct blkv_judgement judgement;
	struct blkv_bounce bounce;
	bool trusted;

	report->crash = blkv_versions_cuts(versions);
	if (report->diagnosis.class == BLKV_CLASS_UNFILLED ||
	    report->diagnosis.class == BLKV_CLASS_LATE)
		return;
	if (start < part_sector(part, 0) || start + nr > part_sector(part, part->nr_sectors))
		return;
	first = start - part_sector(part, 0);
	for (i = 0; i < nr; i++) {
		answers->test[i] = sector_hash(blkv, &part->test, first + i);
		trust_run(part->req, part->first + first + i, &trusted);
		answers->raw[i] = trusted ? sector_hash(blkv, &blkv->recheck, first + i) :
					    answers->test[i];
	}
	if (!blkv_answer_is_allowed(blkv_versions_judge(versions, start, answers->test,
							answers->raw, &judgement)))
		blkv_settle_describe(blkv, &judgement,
				     blkv_memory_sector(&part->test, difference->first, &bounce),
				     report);
	if (report->diagnosis.class == BLKV_CLASS_OTHER)
		report->diagnosis = diagnosis;
}

static void words_describe(const struct part *part, unsigned int sector, struct blkv_words *words)
{
	size_t offset = (size_t)sector << SECTOR_SHIFT;
	u8 raw[BLKV_WORD_BYTES], test[BLKV_WORD_BYTES];
	unsigned int n;

	for (n = 0; n < BLKV_SECTOR_WORDS; n++, offset += BLKV_WORD_BYTES) {
		blkv_memory_read(&part->req->blkv->recheck, offset, raw, BLKV_WORD_BYTES);
		blkv_memory_read(&part->test, offset, test, BLKV_WORD_BYTES);
		blkv_words_add(words, n, raw, test);
	}
}

static void mismatch_describe(const struct part *part, const struct blkv_difference *difference,
			      struct blkv_report *report)
{
	struct blkv_request *req = part->req;
	struct blkverify *blkv = req->blkv;
	size_t window;

	blkv_verdict_report_init(req, report, BLKV_MISMATCH);
	report->bad_sector = part_sector(part, difference->first);
	report->nr_bad = difference->nr;
	report->byte = difference->byte;
	report->window_offset = round_down(difference->byte, BLKV_WINDOW);

	window = ((size_t)difference->first << SECTOR_SHIFT) + report->window_offset;
	blkv_memory_read(&blkv->recheck, window, report->window[BLKV_RAW], BLKV_WINDOW);
	blkv_memory_read(&part->test, window, report->window[BLKV_TEST], BLKV_WINDOW);

	report->evidence.runs = difference->runs;
	blkv_runs_move(&report->evidence.runs, part->first);
	words_describe(part, difference->first, &report->evidence.words);

	difference_classify(part, difference, &report->diagnosis);
	if (blkv->crash && blkv_versions_cuts(&blkv->crash->versions))
		difference_judge(part, difference, report);
	report->injected = req->injected &&
			   blkv_injections_did(&blkv->injections, req, report->bad_sector);
	blkv_verdict_add_provenance(blkv, report);
}

static void copy_raw_to_caller(const struct part *part)
{
	struct blkv_memory *raw = &part->req->blkv->recheck;
	const struct bio_vec *caller_vecs = blkv_request_caller_vecs(part->req);
	struct bvec_iter caller = blkv_request_caller_iter(part->req);

	bvec_iter_advance(caller_vecs, &caller, part->first << SECTOR_SHIFT);
	caller.bi_size = part->nr_sectors << SECTOR_SHIFT;
	blkv_vecs_copy(caller_vecs, caller, blkv_memory_vecs(raw),
		       blkv_memory_iter(raw, 0, part->nr_sectors));
}

/**
 * struct mismatches - the mismatches of a read
 * @nr: number of parts that have one
 * @first: the report of the first one
 * @logged: that was logged
 */
struct mismatches {
	unsigned int nr;
	struct blkv_report first;
	bool logged;
};

/* Report a confirmed mismatch. The raw leg's data are in blkv->recheck. */
static noinline_for_stack void mismatch_handle(const struct part *part,
					       const struct blkv_difference *difference,
					       struct mismatches *mismatches)
{
	struct blkverify *blkv = part->req->blkv;
	struct blkv_report report;
	bool logged;

	mismatch_describe(part, difference, &report);
	logged = blkv_verdict_publish(blkv, &report);
	if (mismatches->nr++)
		return;
	mismatches->first = report;
	mismatches->logged = logged;
}

static noinline_for_stack u32 sector_sum(const struct blkv_memory *memory, unsigned int sector)
{
	struct blkv_memory view;

	blkv_memory_view(memory, sector, &view);
	return blkv_memory_sum(&view, 1);
}

/*
 * Did the test leg write to its buffer after the comparison, so that the legs match now? Only the
 * test leg writes to private memory.
 */
static bool difference_vanished(const struct part *part)
{
	struct blkv_request *req = part->req;

	return req->differ && !req->in_place && part_has(part, req->differs_in) &&
	       sector_sum(&req->memory, req->differs_in) != req->differ_sum;
}

/* Does sector @n of a part differ because an armed test leg was without power for a moment? */
static bool is_explained(const struct part *part, unsigned int n)
{
	struct blkverify *blkv = part->req->blkv;

	return blkv_crash_excuses(blkv->crash) &&
	       blkv_crash_explains(blkv->crash, part_sector(part, n),
				   sector_hash(blkv, &part->test, n));
}

/* Re-read a part of a read from the raw leg, and settle the difference. */
static blk_status_t part_recheck(struct part *part, struct mismatches *mismatches)
{
	struct blkv_request *req = part->req;
	struct blkverify *blkv = req->blkv;
	struct blkv_difference difference;
	blk_status_t status;

	status = blkv_leg_read(blkv, BLKV_RAW, &blkv->recheck, part_sector(part, 0),
			       part->nr_sectors);
	if (status)
		return status;

	difference_find(part, &difference);
	/* Data that were late differ no longer: without power they would not have arrived. */
	part->lost_power = difference.nr && is_explained(part, difference.first);
	if (part->lost_power)
		return BLK_STS_OK;
	part->vanished = false;
	if (!difference.nr && req->early && part_has(part, req->early_sector)) {
		/* The data are correct now, but were not when the test leg completed the read. */
		blkv_difference_set(&difference, req->early_sector - part->first,
				    SECTOR_SIZE - sizeof(u64));
	} else if (!difference.nr && difference_vanished(part)) {
		part->vanished = true;
		blkv_difference_set(&difference, req->differs_in - part->first, 0);
	}
	if (difference.nr)
		mismatch_handle(part, &difference, mismatches);
	copy_raw_to_caller(part);
	return BLK_STS_OK;
}

/*
 * Copy what the test leg read into the caller's memory to private memory, over the data of the raw
 * leg, which is re-read. From now on it makes no difference where the test leg read to.
 */
static void answer_set_aside(struct blkv_request *req)
{
	blkv_vecs_copy(blkv_memory_vecs(&req->memory),
		       blkv_memory_iter(&req->memory, 0, req->nr_sectors),
		       blkv_request_caller_vecs(req), blkv_request_caller_iter(req));
}

/*
 * The caller's memory differs from the data in private memory. But the caller may have changed it,
 * or used the same memory for several segments. Only a re-read of the raw leg into private memory,
 * while the range is still locked, can decide. Process context, one request at a time.
 */
static void difference_recheck(struct work_struct *work)
{
	struct blkv_request *req = blkv_request_of_work(work);
	struct blkverify *blkv = req->blkv;
	struct mismatches mismatches = {};
	struct part part = { .req = req };
	blk_status_t status = BLK_STS_OK;

	req->reread = true;
	if (req->in_place)
		answer_set_aside(req);
	for (; part.first < req->nr_sectors; part.first += part.nr_sectors) {
		part.nr_sectors = min_t(sector_t, req->nr_sectors - part.first,
					BLKV_REGION_SECTORS);
		blkv_memory_view(&req->memory, part.first, &part.test);
		req->status[BLKV_RAW] = part_recheck(&part, &mismatches);
		if (req->status[BLKV_RAW]) {
			request_settle(work);
			return;
		}
		if (part.lost_power || blkv_is_frozen(&blkv->findings))
			break;
	}

	/* Only now: the range stays locked until then. */
	if (mismatches.nr)
		blkv_label_start(req, &mismatches.first, mismatches.logged);
	else if (req->differ && !part.lost_power)
		blkv_findings_add_unstable(&blkv->findings);
	if (mismatches.nr && !blkv_option(&blkv->options, IGNORE))
		status = BLK_STS_PROTECTION;
	else if (part.lost_power)
		status = BLK_STS_IOERR;
	/* If it was frozen in between, the caller's memory still has the test leg's data. */
	else if (req->in_place && part.first + part.nr_sectors < req->nr_sectors)
		status = BLK_STS_IOERR;
	blkv_request_end(req, status);
}

/* ---- comparing ---------------------------------------------------------------------------- */

/*
 * With strict_completion: have the data changed since the test leg completed the read? To be asked
 * after the comparison, or data that change in between would be missed. But before anything else
 * changes them.
 */
static void read_check_sum(struct blkv_request *req)
{
	bool trusted;

	if (!blkv_option(&req->blkv->options, STRICT_COMPLETION) || req->early)
		return;
	if (blkv_request_test_sum(req) == req->sum)
		return;
	req->early = BLKV_EARLY_CHANGED;
	/* The checksum does not tell in which sector. */
	req->early_sector = blkv_trust_run(&req->blkv->trust, req->range.start, req->nr_sectors,
					   &trusted);
	if (trusted)
		req->early_sector = 0;
}

/* Compare the trusted sectors. Any context; see may_compare_now() for the time that it takes. */
static void legs_compare(struct blkv_request *req)
{
	struct blkverify *blkv = req->blkv;
	const struct bio_vec *private_vecs = blkv_memory_vecs(&req->memory);
	struct bvec_iter private = blkv_memory_iter(&req->memory, 0, req->nr_sectors);
	const struct bio_vec *caller_vecs = blkv_request_caller_vecs(req);
	struct bvec_iter caller = blkv_request_caller_iter(req);
	sector_t done, run, compared = 0;
	bool trusted, aliased;

	if (req->in_place)
		read_check_sum(req);
	for (done = 0; done < req->nr_sectors; done += run) {
		struct bvec_iter part = caller;
		size_t equal;

		run = blkv_trust_run(&blkv->trust, req->range.start + done, req->nr_sectors - done,
				     &trusted);
		part.bi_size = run << SECTOR_SHIFT;
		if (trusted) {
			compared += run;
			equal = blkv_compare(caller_vecs, part, private_vecs, private);
			if (equal < part.bi_size && !req->differ) {
				req->differ = true;
				req->differs_in = done + (equal >> SECTOR_SHIFT);
				if (!req->in_place)
					req->differ_sum = sector_sum(&req->memory, req->differs_in);
			}
		} else if (req->in_place) {
			/* Whatever the test leg has there, the caller gets the raw leg's data. */
			blkv_vecs_copy(caller_vecs, part, private_vecs, private);
		}
		bvec_iter_advance(caller_vecs, &caller, part.bi_size);
		bvec_iter_advance(private_vecs, &private, part.bi_size);
	}

	if (!req->in_place && !req->injected)
		read_check_sum(req);
	blkv_count_compared(&blkv->counters, compared);
	if (compared < req->nr_sectors)
		blkv_count_skipped(&blkv->counters, req->nr_sectors - compared);
	req->all_trusted = compared == req->nr_sectors;
	/* Memory that appears twice in the list holds only the data that arrived last. */
	aliased = compared && !req->in_place &&
		  blkv_vecs_alias(caller_vecs, blkv_request_caller_iter(req));
	if (req->differ || (compared && req->early) || aliased)
		blkv_request_queue(req, blkv->recheck_wq, difference_recheck);
	else
		blkv_request_end(req, BLK_STS_OK);
}

static void compare_queued(struct work_struct *work)
{
	legs_compare(blkv_request_of_work(work));
}

/* Apply pending injections to the data of the test leg. Process context. */
static void inject_and_compare(struct work_struct *work)
{
	struct blkv_request *req = blkv_request_of_work(work);
	struct blkv_memory data;

	read_check_sum(req);
	blkv_request_test_data(req, &data);
	req->injected = blkv_injections_apply(&req->blkv->injections, req, req->range.start,
					      req->nr_sectors, &data);
	legs_compare(req);
}

/*
 * May the data be compared in this completion, or is that left to a worker?
 *
 * Legs that complete a bio in its submission (RAM disks, many stacked devices) do so in the task
 * that submitted it, which has to wait anyway: there, any length. The data are still in the caches,
 * and the private memory is free for the next request; with a worker in between, 1 MiB reads from
 * RAM disks take 15 % longer. A task that completes for others, such as the thread of a loop
 * device, should not compare for them.
 */
static bool may_compare_now(struct blkv_request *req)
{
	sector_t bytes = req->nr_sectors << SECTOR_SHIFT;

	if (in_hardirq() || irqs_disabled())
		return bytes <= COMPARE_IN_IRQ_BYTES;
	return bytes <= COMPARE_NOW_BYTES || (in_task() && req->submitter == current);
}

static void read_judge(struct blkv_request *req)
{
	struct blkverify *blkv = req->blkv;

	if (blkv_injections_pending(&blkv->injections))
		blkv_request_queue(req, blkv->wq, inject_and_compare);
	else if (may_compare_now(req))
		legs_compare(req);
	else
		blkv_request_queue(req, blkv->wq, compare_queued);
}

/* ---- writes ------------------------------------------------------------------------------- */

/*
 * Find the modified part of the test leg's data: compare it with the raw leg's copy if there is
 * one, else with the caller's memory, which may have changed, too.
 */
static void write_find_change(struct blkv_request *req, struct blkv_difference *difference)
{
	struct bvec_iter caller = blkv_request_caller_iter(req);
	size_t equal;

	*difference = (struct blkv_difference){};
	if (blkv_option(&req->blkv->options, SEPARATE_COPIES)) {
		blkv_difference_add(difference, &req->memory, &req->test_copy, 0, req->nr_sectors);
		return;
	}
	equal = blkv_compare(blkv_request_caller_vecs(req), caller, blkv_memory_vecs(&req->memory),
			     blkv_memory_iter(&req->memory, 0, req->nr_sectors));
	if (equal < caller.bi_size)
		blkv_difference_set(difference, equal >> SECTOR_SHIFT, equal % SECTOR_SIZE);
}

/* The data of a write as the caller gave them, as far as is known. */
static void write_read_caller(struct blkv_request *req, size_t offset, u8 *to, size_t len)
{
	if (blkv_option(&req->blkv->options, SEPARATE_COPIES))
		blkv_memory_read(&req->memory, offset, to, len);
	else
		blkv_vecs_read(blkv_request_caller_vecs(req), blkv_request_caller_iter(req), offset,
			       to, len);
}

static void write_describe(struct blkv_request *req, const struct blkv_difference *difference,
			   const struct blkv_memory *test, struct blkv_report *report)
{
	size_t offset = (size_t)difference->first << SECTOR_SHIFT;
	size_t window = offset + round_down(difference->byte, BLKV_WINDOW);
	u8 raw[BLKV_WORD_BYTES], word[BLKV_WORD_BYTES];
	unsigned int n;

	report->bad_sector = req->range.start + difference->first;
	report->nr_bad = difference->nr;
	report->byte = difference->byte;
	report->window_offset = window - offset;
	blkv_memory_read(test, window, report->window[BLKV_TEST], BLKV_WINDOW);
	write_read_caller(req, window, report->window[BLKV_RAW], BLKV_WINDOW);
	report->evidence.runs = difference->runs;
	for (n = 0; n < BLKV_SECTOR_WORDS; n++, offset += BLKV_WORD_BYTES) {
		write_read_caller(req, offset, raw, BLKV_WORD_BYTES);
		blkv_memory_read(test, offset, word, BLKV_WORD_BYTES);
		blkv_words_add(&report->evidence.words, n, raw, word);
	}
}

/*
 * A leg modified the memory of a write, which it may only read. If the legs shared the copy, the
 * raw leg may have written the modified data, so the contents of the sectors are unknown. Process
 * context.
 */
static void write_report_modified(struct work_struct *work)
{
	struct blkv_request *req = blkv_request_of_work(work);
	struct blkverify *blkv = req->blkv;
	struct blkv_memory *test = blkv_option(&blkv->options, SEPARATE_COPIES) ? &req->test_copy :
										  &req->memory;
	struct blkv_difference difference;
	struct blkv_report report;

	write_find_change(req, &difference);
	blkv_verdict_report_init(req, &report, BLKV_MISMATCH);
	write_describe(req, &difference, test, &report);
	report.diagnosis.class = BLKV_CLASS_MODIFIED;
	blkv_verdict_add_provenance(blkv, &report);

	trust_record(req, false, BLKV_DISTRUST_FAILED, true);
	blkv_verdict_publish(blkv, &report);
	blkv_request_end(req, blkv_option(&blkv->options, IGNORE) ? BLK_STS_OK :
								    BLK_STS_PROTECTION);
}

/* Did neither leg modify the memory of a write? One or two passes over the data. */
static bool write_is_intact(struct blkv_request *req)
{
	if (!blkv_checks_copies(&req->blkv->options))
		return true;
	if (blkv_memory_sum(&req->memory, req->nr_sectors) != req->sum)
		return false;
	return !blkv_option(&req->blkv->options, SEPARATE_COPIES) ||
	       blkv_memory_sum(&req->test_copy, req->nr_sectors) == req->sum;
}

static void write_judge(struct blkv_request *req)
{
	if (!write_is_intact(req)) {
		blkv_request_queue(req, req->blkv->wq, write_report_modified);
		return;
	}
	trust_record_done(req);
	blkv_request_end(req, BLK_STS_OK);
}

static void write_judge_queued(struct work_struct *work)
{
	write_judge(blkv_request_of_work(work));
}

/* ---- late data ---------------------------------------------------------------------------- */

/**
 * blkv_verdict_late() - report late data: memory that changed after its request
 * @blkv: the target
 * @pool: the pool that found the late data
 *
 * The request has ended already, so it does not fail.
 *
 * Context: Process.
 */
void blkv_verdict_late(struct blkverify *blkv, struct blkv_pool *pool)
{
	struct blkv_late late;

	while (blkv_lates_next(&pool->late, &late)) {
		struct blkv_report report = {
			.kind = BLKV_MISMATCH,
			.operation = late.written ? BLKV_OPERATION_WRITE : BLKV_OPERATION_READ,
			.sector = late.sector,
			.nr_sectors = 1,
			.bad_sector = late.sector,
			.nr_bad = 1,
			.byte = late.byte,
			.window_offset = round_down(late.byte, BLKV_WINDOW),
			.diagnosis.class = BLKV_CLASS_LATE,
			.random_shape = blkv->options.number[BLKV_OPTION_RANDOM_SHAPE],
		};
		unsigned int at = late.byte - report.window_offset;

		blkv_words_add(&report.evidence.words, late.byte / BLKV_WORD_BYTES,
			       (const u8 *)&late.expected, (const u8 *)&late.found);
		memcpy(report.window[BLKV_RAW] + at, &late.expected, sizeof(late.expected));
		memcpy(report.window[BLKV_TEST] + at, &late.found, sizeof(late.found));
		blkv_verdict_add_provenance(blkv, &report);
		blkv_verdict_publish(blkv, &report);
	}
}

/**
 * blkv_verdict() - interpret the results of both legs, and end the request
 * @req: a request that both legs have completed, with no resubmission left to do
 *
 * Context: Any. The caller must not touch the request afterwards.
 */
void blkv_verdict(struct blkv_request *req)
{
	if (req->status[BLKV_RAW] || req->status[BLKV_TEST]) {
		blkv_request_queue(req, req->blkv->wq, request_settle);
		return;
	}
	switch (req->operation) {
	case BLKV_OPERATION_READ:
		read_judge(req);
		break;
	case BLKV_OPERATION_WRITE:
		if (!blkv_checks_copies(&req->blkv->options) || may_compare_now(req))
			write_judge(req);
		else
			blkv_request_queue(req, req->blkv->wq, write_judge_queued);
		break;
	case BLKV_OPERATION_FLUSH:
		blkv_request_end(req, BLK_STS_OK);
		break;
	default:
		/* These have any length: it would take too long to record their trust here. */
		blkv_request_queue(req, req->blkv->wq, request_settle);
		break;
	}
}
