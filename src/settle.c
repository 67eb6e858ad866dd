// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads of sectors that are uncertain since a power cut. Before such a read is served, both legs
 * are read here, block by block. If the test leg may hold what it returned, that is final: it is
 * written to the raw leg, and the read goes on as if there had been no power cut. Otherwise it is a
 * mismatch, and the block remains uncertain.
 *
 * One read at a time, in settle_wq: process context. The range of the request is extended to whole
 * blocks, and not shared.
 */
#include <linux/bitops.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "caller.h"
#include "compare.h"
#include "crash.h"
#include "dm-blkverify.h"
#include "label.h"
#include "memory.h"
#include "request.h"
#include "settle.h"
#include "trace.h"
#include "verdict.h"

/**
 * struct piece - some blocks of a read
 * @req: the read
 * @start: first sector
 * @nr_sectors: length
 * @mark: of the first sector of the buffer for the test leg; see src/caller.c
 * @unfilled: sectors that were still marked when the test leg had completed the read
 */
struct piece {
	struct blkv_request *req;
	sector_t start;
	unsigned int nr_sectors;
	u64 mark;
	u64 unfilled;
};

/**
 * struct bad - what is wrong in a read
 * @nr: sectors that differ
 * @report: of the first block that is wrong, if @nr is not 0
 * @lost_power: the test leg was without power for a moment
 */
struct bad {
	unsigned int nr;
	struct blkv_report report;
	bool lost_power;
};

static void *piece_sector(void *data, const struct piece *piece, sector_t sector)
{
	return data + ((sector - piece->start) << SECTOR_SHIFT);
}

/* The buffer for the test leg, as blkv_caller_mark() and its kin need it. */
static struct bio_vec piece_vec(const struct piece *piece, struct bvec_iter *iter)
{
	void *data = piece->req->blkv->crash->lent;

	*iter = (struct bvec_iter){ .bi_size = piece->nr_sectors << SECTOR_SHIFT };
	return (struct bio_vec){
		.bv_page = virt_to_page(data),
		.bv_len = iter->bi_size,
		.bv_offset = offset_in_page(data),
	};
}

static void piece_mark(struct piece *piece)
{
	struct bvec_iter iter;
	struct bio_vec vec = piece_vec(piece, &iter);

	piece->mark = get_random_u64();
	blkv_caller_mark(&vec, iter, piece->mark);
}

/*
 * Does it matter what the test leg holds there? Not if the sector is untrusted: then only the raw
 * leg has what the caller may get. If it is uncertain, too, a write to raw has failed before, and
 * is made again.
 */
static bool sector_matters(const struct piece *piece, unsigned int n)
{
	struct blkverify *blkv = piece->req->blkv;
	sector_t sector = piece->start + n, nr = 1;
	bool trusted;

	blkv_trust_run(&blkv->trust, sector, 1, &trusted);
	return trusted || blkv_versions_find_uncertain(&blkv->crash->versions, &sector, &nr);
}

/* The test leg has completed a read: which sectors that matter has it not transferred? */
static void piece_check_arrival(struct piece *piece)
{
	struct blkv_crash *crash = piece->req->blkv->crash;
	struct bvec_iter iter;
	struct bio_vec vec = piece_vec(piece, &iter);
	unsigned int n;

	bool late = false;

	piece->unfilled = 0;
	for (n = 0; n < piece->nr_sectors; n++) {
		n = blkv_caller_find_mark(&vec, iter, n, piece->mark);
		if (n == piece->nr_sectors)
			break;
		late = true;
		if (sector_matters(piece, n))
			piece->unfilled |= BIT_ULL(n);
	}
	/* What arrives from now on changes neither the judgement nor what the raw leg gets. */
	memcpy(crash->test, crash->lent, piece->nr_sectors << SECTOR_SHIFT);
	if (late)
		blkv_crash_replace_lent(crash);
}

/* ---- findings ----------------------------------------------------------------------------- */

/* Are these the data of another sector, and of which write? */
static void data_look_elsewhere(struct blkverify *blkv, const void *sector,
				struct blkv_report *report)
{
	u64 hash = blkv_crash_hash(blkv->crash, sector), time;
	struct blkv_write write;

	if (blkv_sector_is_pattern(sector) ||
	    !blkv_versions_find_hash(&blkv->crash->versions, hash, report->bad_sector,
				     &report->belongs_in, &time))
		return;
	report->diagnosis.class = BLKV_CLASS_MISPLACED;
	/* The history records a write before the versions do. */
	if (time && blkv_history_find(&blkv->history, report->belongs_in, time + 1, &write) ==
			    BLKV_PROVENANCE_FOUND)
		report->belongs_order = write.order;
}

/**
 * blkv_settle_describe() - say what is known about data that the test leg must not return
 * @blkv: the target
 * @judgement: of the data
 * @sector: the data of the sector of the report
 * @report: of a mismatch; its class, and what is specific to power cuts, is filled in
 *
 * Context: Process; sleeps.
 */
void blkv_settle_describe(struct blkverify *blkv, const struct blkv_judgement *judgement,
			  const void *sector, struct blkv_report *report)
{
	report->diagnosis = (struct blkv_diagnosis){ .class = BLKV_CLASS_OTHER };
	switch (judgement->answer) {
	case BLKV_ANSWER_TORN:
		report->diagnosis.class = BLKV_CLASS_TORN;
		break;
	case BLKV_ANSWER_LOST:
		report->diagnosis.class = BLKV_CLASS_LOST;
		if (judgement->is_known) {
			report->promise = judgement->version.promise;
			report->gone = judgement->version.time;
		}
		break;
	case BLKV_ANSWER_FLAPPING:
		report->diagnosis.class = BLKV_CLASS_FLAPPING;
		break;
	case BLKV_ANSWER_ZEROS:
		report->diagnosis.class = BLKV_CLASS_ZEROS;
		break;
	default:
		data_look_elsewhere(blkv, sector, report);
		break;
	}
	report->crash = blkv_versions_cuts(&blkv->crash->versions);
}

/* The first sector of a block that differs: of a mix of versions, some may be equal. */
static sector_t block_differs_in(const struct piece *piece, sector_t start, unsigned int nr,
				 sector_t bad)
{
	struct blkv_crash *crash = piece->req->blkv->crash;
	unsigned int i;

	if (memcmp(piece_sector(crash->test, piece, bad), piece_sector(crash->raw, piece, bad),
		   SECTOR_SIZE))
		return bad;
	for (i = 0; i < nr; i++)
		if (memcmp(piece_sector(crash->test, piece, start + i),
			   piece_sector(crash->raw, piece, start + i), SECTOR_SIZE))
			return start + i;
	return bad;
}

static void report_fill(const struct piece *piece, sector_t sector,
			const struct blkv_judgement *judgement, struct blkv_report *report)
{
	struct blkverify *blkv = piece->req->blkv;
	const u8 *raw = piece_sector(blkv->crash->raw, piece, sector);
	const u8 *test = piece_sector(blkv->crash->test, piece, sector);
	unsigned int n;

	blkv_verdict_report_init(piece->req, report, BLKV_MISMATCH);
	report->bad_sector = sector;
	while (report->byte < SECTOR_SIZE - 1 && raw[report->byte] == test[report->byte])
		report->byte++;
	if (raw[report->byte] == test[report->byte])
		report->byte = 0;
	report->window_offset = round_down(report->byte, BLKV_WINDOW);
	memcpy(report->window[BLKV_RAW], raw + report->window_offset, BLKV_WINDOW);
	memcpy(report->window[BLKV_TEST], test + report->window_offset, BLKV_WINDOW);
	for (n = 0; n < BLKV_SECTOR_WORDS; n++)
		blkv_words_add(&report->evidence.words, n, raw + n * BLKV_WORD_BYTES,
			       test + n * BLKV_WORD_BYTES);
	blkv_settle_describe(blkv, judgement, test, report);
	blkv_verdict_add_provenance(blkv, report);
}

static void block_report(const struct piece *piece, sector_t start, unsigned int nr,
			 const struct blkv_judgement *judgement, struct bad *bad)
{
	struct blkv_crash *crash = piece->req->blkv->crash;
	unsigned int i, differ = 0;

	if (!bad->nr)
		report_fill(piece, block_differs_in(piece, start, nr, judgement->sector),
			    judgement, &bad->report);
	for (i = 0; i < nr; i++)
		differ += !!memcmp(piece_sector(crash->test, piece, start + i),
				   piece_sector(crash->raw, piece, start + i), SECTOR_SIZE);
	bad->nr += max(differ, 1U);
}

/* It returned a block without having transferred @sector. */
static void block_report_unfilled(const struct piece *piece, sector_t start, unsigned int nr,
				  sector_t sector, struct bad *bad)
{
	const struct blkv_judgement judgement = {
		.answer = BLKV_ANSWER_OTHER,
		.sector = sector,
	};
	bool is_first = !bad->nr;

	block_report(piece, start, nr, &judgement, bad);
	if (is_first)
		bad->report.diagnosis.class = BLKV_CLASS_UNFILLED;
}

/* ---- blocks ------------------------------------------------------------------------------- */

static void piece_trust(const struct piece *piece, unsigned int from, unsigned int nr,
			bool trusted)
{
	struct blkverify *blkv = piece->req->blkv;

	blkv_findings_add_distrust(&blkv->findings, BLKV_DISTRUST_MEMORY,
				   blkv_trust_set(&blkv->trust, piece->start + from, nr, trusted));
}

/*
 * Hash both legs. Where it does not matter what the test leg holds, the raw leg must not get it:
 * blocks are judged as if the legs were equal there, and raw is written with its own data.
 */
static void piece_hash(const struct piece *piece, struct blkv_answers *answers)
{
	struct blkverify *blkv = piece->req->blkv;
	struct blkv_crash *crash = blkv->crash;
	unsigned int i;
	bool trusted;

	for (i = 0; i < piece->nr_sectors; i++) {
		answers->test[i] = blkv_crash_hash(crash, crash->test + i * SECTOR_SIZE);
		answers->raw[i] = blkv_crash_hash(crash, crash->raw + i * SECTOR_SIZE);
		blkv_trust_run(&blkv->trust, piece->start + i, 1, &trusted);
		if (!trusted)
			answers->raw[i] = answers->test[i];
		if (!sector_matters(piece, i))
			memcpy(crash->test + i * SECTOR_SIZE, crash->raw + i * SECTOR_SIZE,
			       SECTOR_SIZE);
	}
}

/* Is it an allowed answer for an uncertain block? The raw leg has to follow it then. */
static bool answer_is_final(enum blkv_answer answer)
{
	return blkv_answer_is_allowed(answer) && answer != BLKV_ANSWER_CERTAIN;
}

/*
 * Is what would be wrong in a certain sector, or after an answer that was final, the result of
 * another power cut? That does not tear blocks.
 */
static bool judgement_is_explained(const struct piece *piece, const struct blkv_answers *answers,
				   const struct blkv_judgement *judgement)
{
	return judgement->answer != BLKV_ANSWER_TORN &&
	       blkv_crash_explains(piece->req->blkv->crash, judgement->sector,
				   answers->test[judgement->sector - piece->start]);
}

/* Judge a block. If its answer is allowed, prepare what the raw leg will hold. */
static void block_judge(const struct piece *piece, unsigned int from, unsigned int nr,
			struct blkv_answers *answers, struct bad *bad)
{
	struct blkv_crash *crash = piece->req->blkv->crash;
	void *test = crash->test + from * SECTOR_SIZE, *raw = crash->raw + from * SECTOR_SIZE;
	u64 unfilled = piece->unfilled & GENMASK_ULL(from + nr - 1, from);
	struct blkv_judgement judgement;

	if (unfilled) {
		answers->answer[from] = BLKV_ANSWER_OTHER;
		block_report_unfilled(piece, piece->start + from, nr,
				      piece->start + __ffs64(unfilled), bad);
		return;
	}
	answers->answer[from] = blkv_versions_judge(&crash->versions, piece->start + from,
						    answers->test + from, answers->raw + from,
						    &judgement);
	/*
	 * A message may have distrusted the sector since it was hashed, and made it certain after
	 * that. Pairs with the locks that blkv_trust_set() takes for both.
	 */
	smp_rmb();
	if (!blkv_answer_is_allowed(judgement.answer) &&
	    !sector_matters(piece, judgement.sector - piece->start)) {
		answers->answer[from] = BLKV_ANSWER_OTHER;
	} else if (!blkv_answer_is_allowed(judgement.answer) &&
		   judgement_is_explained(piece, answers, &judgement)) {
		bad->lost_power = true;
	} else if (!blkv_answer_is_allowed(judgement.answer)) {
		block_report(piece, piece->start + from, nr, &judgement, bad);
	} else if (answer_is_final(judgement.answer) && memcmp(test, raw, nr * SECTOR_SIZE)) {
		memcpy(raw, test, nr * SECTOR_SIZE);
		answers->differs = true;
	}
}

/* What was uncertain is equal now. Untrusted sectors beside it remain untrusted. */
static void uncertain_trust(const struct piece *piece, unsigned int from, unsigned int nr)
{
	struct blkv_versions *versions = &piece->req->blkv->crash->versions;
	sector_t start = piece->start + from, end = start + nr, run = nr;

	while (blkv_versions_find_uncertain(versions, &start, &run)) {
		piece_trust(piece, start - piece->start, run, true);
		start += run;
		run = end - start;
	}
}

/* The raw leg holds what is allowed: that is final. */
static void block_settle(const struct piece *piece, unsigned int from, unsigned int nr,
			 const struct blkv_answers *answers)
{
	struct blkverify *blkv = piece->req->blkv;
	enum blkv_answer answer = answers->answer[from];

	if (!blkv_answer_is_allowed(answer))
		return;
	if (answer_is_final(answer))
		uncertain_trust(piece, from, nr);
	blkv_versions_settle(&blkv->crash->versions, piece->start + from, answers->test + from,
			     answer);
	if (answer_is_final(answer) && answers->differs &&
	    blkv_option(&blkv->options, FINGERPRINT))
		blkv_fingerprints_fill(&blkv->prints, piece->start + from, nr, false);
}

/* Bring the raw leg to what the test leg holds. Returns false if the raw leg fails. */
static bool piece_write(const struct piece *piece, const struct blkv_answers *answers)
{
	struct blkv_request *req = piece->req;
	struct blkv_crash *crash = req->blkv->crash;
	unsigned int unit = crash->versions.unit, from;

	req->status[BLKV_RAW] = blkv_crash_io(req->blkv, BLKV_RAW, REQ_OP_WRITE, crash->raw,
					      piece->start, piece->nr_sectors);
	if (!req->status[BLKV_RAW])
		return true;
	/* These blocks may hold anything now; all others were rewritten with their own data. */
	for (from = 0; from < piece->nr_sectors; from += unit)
		if (answer_is_final(answers->answer[from]))
			piece_trust(piece, from, min(unit, piece->nr_sectors - from), false);
	/* The write failed, not the read: the flags of the read, such as RAHEAD, do not count. */
	req->opf = REQ_OP_WRITE;
	return false;
}

/* Judge and settle the blocks of a piece. Returns false if a leg fails. */
static bool piece_settle(const struct piece *piece, struct bad *bad)
{
	struct blkv_request *req = piece->req;
	struct blkv_crash *crash = req->blkv->crash;
	struct blkv_answers *answers = &crash->answers;
	unsigned int unit = crash->versions.unit, from;

	answers->differs = false;
	piece_hash(piece, answers);
	for (from = 0; from < piece->nr_sectors; from += unit) {
		unsigned int nr = min(unit, piece->nr_sectors - from);

		block_judge(piece, from, nr, answers, bad);
		if (answers->answer[from] != BLKV_ANSWER_CERTAIN)
			trace_blkverify_settle(req->blkv, piece->start + from, nr,
					       answers->answer[from]);
	}
	if (bad->lost_power) {
		req->status[BLKV_TEST] = BLK_STS_IOERR;
		return false;
	}
	if (answers->differs && !piece_write(piece, answers))
		return false;
	for (from = 0; from < piece->nr_sectors; from += unit)
		block_settle(piece, from, min(unit, piece->nr_sectors - from), answers);
	return true;
}

/* The next blocks of both legs that have uncertain sectors, from @start on. */
static bool piece_find(struct piece *piece, sector_t start)
{
	struct blkv_request *req = piece->req;
	sector_t end = req->range.last + 1, nr = end - start, last;
	unsigned int grain = req->blkv->crash->grain;

	if (!blkv_versions_find_uncertain(&req->blkv->crash->versions, &start, &nr))
		return false;
	last = min_t(sector_t, round_up(start + nr, grain), end);
	piece->start = round_down(start, grain);
	piece->nr_sectors = min_t(sector_t, last - piece->start, BLKV_CRASH_SECTORS);
	return true;
}

/* Read a piece from both legs. Returns false if one fails. */
static bool piece_read(struct piece *piece)
{
	struct blkv_request *req = piece->req;
	struct blkverify *blkv = req->blkv;
	struct blkv_crash *crash = blkv->crash;

	/* Perhaps since the last piece. */
	if (blkv_request_is_stopped(blkv)) {
		req->status[BLKV_TEST] = BLK_STS_IOERR;
		return false;
	}
	piece_mark(piece);
	req->status[BLKV_TEST] = blkv_crash_io(blkv, BLKV_TEST, REQ_OP_READ, crash->lent,
					       piece->start, piece->nr_sectors);
	if (req->status[BLKV_TEST]) {
		blkv_crash_replace_lent(crash);
		blkv_crash_note_status(crash, req->status[BLKV_TEST]);
		/* It need not be able to return a block whose write it has not promised. */
		if (!blkv_crash_excuses(crash))
			atomic64_inc(&crash->unreadable);
		return false;
	}
	/* Now, not when the raw leg is done, too: the data may arrive in between. */
	piece_check_arrival(piece);
	req->status[BLKV_RAW] = blkv_crash_io(blkv, BLKV_RAW, REQ_OP_READ, crash->raw,
					      piece->start, piece->nr_sectors);
	return !req->status[BLKV_RAW];
}

/* ---- reads -------------------------------------------------------------------------------- */

/* With ignore_mismatch, the caller gets the data of the raw leg, which must not be judged again. */
static blk_status_t read_serve(struct blkv_request *req)
{
	const struct bio_vec *caller_vecs = blkv_request_caller_vecs(req);
	struct bvec_iter caller = blkv_request_caller_iter(req);
	void *data = req->blkv->crash->raw;
	blk_status_t status = BLK_STS_OK;
	unsigned int done, nr;

	for (done = 0; done < req->nr_sectors && !status; done += nr) {
		struct bvec_iter part = caller, from = {};
		struct bio_vec vec;

		nr = min_t(sector_t, req->nr_sectors - done, BLKV_CRASH_SECTORS);
		status = blkv_crash_io(req->blkv, BLKV_RAW, REQ_OP_READ, data, req->first + done,
				       nr);
		from.bi_size = nr << SECTOR_SHIFT;
		part.bi_size = from.bi_size;
		vec = (struct bio_vec){
			.bv_page = virt_to_page(data),
			.bv_len = from.bi_size,
			.bv_offset = offset_in_page(data),
		};
		if (!status)
			blkv_vecs_copy(caller_vecs, part, &vec, from);
		bvec_iter_advance(caller_vecs, &caller, from.bi_size);
	}
	return status;
}

/* Returns whether it was logged. */
static bool bad_publish(struct blkverify *blkv, struct bad *bad)
{
	bad->report.nr_bad = bad->nr;
	return blkv_verdict_publish(blkv, &bad->report);
}

/* A leg has failed. That does not hide what is wrong in the blocks before. */
static void read_fail(struct blkv_request *req, struct bad *bad)
{
	if (bad->nr)
		bad_publish(req->blkv, bad);
	if (req->status[BLKV_TEST])
		blkv_request_end(req, req->status[BLKV_TEST]);
	else
		blkv_verdict_failed(req);
}

static void read_report(struct blkv_request *req, struct bad *bad)
{
	blk_status_t status = BLK_STS_PROTECTION;
	bool logged = bad_publish(req->blkv, bad);

	if (blkv_option(&req->blkv->options, IGNORE))
		status = read_serve(req);
	blkv_label_start(req, &bad->report, logged);
	blkv_request_end(req, status);
}

/**
 * blkv_settle() - settle the uncertain sectors of a read
 * @req: the read, with an extended range that is locked
 *
 * Context: Process; sleeps. In settle_wq.
 * Return: true if the read is to be served; false if it has ended.
 */
bool blkv_settle(struct blkv_request *req)
{
	struct blkv_crash *crash = req->blkv->crash;
	sector_t start = req->range.start;
	struct piece piece = { .req = req };
	struct bad bad = {};

	while (start <= req->range.last && piece_find(&piece, start)) {
		if (!piece_read(&piece) || !piece_settle(&piece, &bad)) {
			read_fail(req, &bad);
			return false;
		}
		start = piece.start + piece.nr_sectors;
		cond_resched();
	}
	if (bad.nr) {
		read_report(req, &bad);
		return false;
	}
	/* A cut, which would make others uncertain, waits for this request. */
	if (!blkv_versions_uncertain(&crash->versions))
		WRITE_ONCE(crash->settling, false);
	return true;
}
