/* SPDX-License-Identifier: GPL-2.0-only */
/* One finding. */
#ifndef DM_BLKVERIFY_REPORT_H
#define DM_BLKVERIFY_REPORT_H

#include <linux/types.h>

#include "classify.h"
#include "evidence.h"
#include "history.h"
#include "moments.h"
#include "operation.h"
#include "origin.h"
#include "types.h"
#include "versions.h"
#include "words.h"

#define BLKV_WINDOW 16
#define BLKV_MARK_LEN 48

enum blkv_kind {
#define KIND_ID(id, ...) BLKV_##id,
	BLKV_KINDS(KIND_ID)
#undef KIND_ID
	BLKV_KINDS_NR
};

/**
 * enum blkv_label - the result of re-reading the test leg
 * @BLKV_LABEL_NONE: not re-read, or not yet
 * @BLKV_LABEL_TRANSIENT: the second read was correct
 * @BLKV_LABEL_PERSISTENT: the second read was wrong or failed
 */
enum blkv_label {
	BLKV_LABEL_NONE,
	BLKV_LABEL_TRANSIENT,
	BLKV_LABEL_PERSISTENT,
};

/**
 * struct blkv_report - one finding
 * @number: 1 for the first finding of the target, and so on
 * @kind: mismatch or divergence
 * @operation: of the request
 * @sector: first sector of the request
 * @nr_sectors: length of the request
 * @errnos: the error of each leg (divergence)
 * @unverified: the legs returned different data, but the raw leg failed the re-read, so this is a
 *	divergence; @bad_sector is where they differed
 * @bad_sector: first sector that differs (mismatch, or as above)
 * @nr_bad: sectors of the request that differ (mismatch, as everything that follows)
 * @byte: first byte of that sector that differs
 * @window_offset: of @window in that sector
 * @window: the bytes around @byte, for each leg
 * @evidence: how the data differ; its runs are relative to @sector
 * @label: the result of re-reading the test leg
 * @injected: the difference was made by an inject message
 * @diagnosis: the class of the difference
 * @provenance: whether @write is known
 * @write: the last write that covered @bad_sector
 * @latest_clear: for the classes zeros and stale, the latest discard or zeroing since @write, of
 *	any sectors; its @order is 0 if there is none
 * @nearest_clear: for the same classes, the discard or zeroing since @write that is nearest to
 *	@bad_sector
 * @mark: the text of the last mark message, or empty
 * @random_shape: the number that the shape of the test leg's memory was derived from, or 0
 * @crash: how many power cuts there were; 0 for none
 * @promise: for the class lost, what the test leg had promised about the write that is gone
 * @gone: for the same class, when that was submitted, in ns since boot; 0 if that is not known.
 *	Then @write is that write
 * @belongs_in: for the class misplaced, the sector whose data they are
 * @belongs_order: for the same class, the order in the history of the write that wrote them there;
 *	0 if that is not known
 * @origin: of the request
 * @ages: what had happened before it was found
 * @time_ms: when it was found, in ms since 1970
 * @repeated: the ring already holds a report of the same kind and place
 *
 * Sectors are the target's; they become those of the mapped device when they are printed.
 */
struct blkv_report {
	u64 number;
	enum blkv_kind kind;
	enum blkv_operation operation;
	sector_t sector;
	sector_t nr_sectors;
	int errnos[BLKV_LEGS];
	bool unverified;
	sector_t bad_sector;
	unsigned int nr_bad;
	unsigned int byte;
	unsigned int window_offset;
	u8 window[BLKV_LEGS][BLKV_WINDOW];
	struct blkv_evidence evidence;
	enum blkv_label label;
	bool injected;
	struct blkv_diagnosis diagnosis;
	enum blkv_provenance provenance;
	struct blkv_write write;
	struct blkv_write latest_clear;
	struct blkv_write nearest_clear;
	char mark[BLKV_MARK_LEN];
	unsigned int random_shape;
	u64 crash;
	enum blkv_promise promise;
	u64 gone;
	sector_t belongs_in;
	u64 belongs_order;
	struct blkv_origin origin;
	struct blkv_ages ages;
	u64 time_ms;
	bool repeated;
};

const char *blkv_label_name(enum blkv_label label);
const char *blkv_kind_name(enum blkv_kind kind);
sector_t blkv_report_sector(const struct blkv_report *report);
int blkv_report_emit(const struct blkv_report *report, sector_t begin, char *text, size_t size);
int blkv_report_emit_summary(const struct blkv_report *report, sector_t begin, char *text,
			     size_t size);
int blkv_report_emit_details(const struct blkv_report *report, char *text, size_t size);

#endif /* DM_BLKVERIFY_REPORT_H */
