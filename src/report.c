// SPDX-License-Identifier: GPL-2.0-only
/*
 * One finding, as text: the line in the kernel log and in the reply to "list".
 *
 * Pure: no locks, any context.
 */
#include <kunit/visibility.h>
#include <linux/kernel.h>

#include "report.h"

/**
 * blkv_kind_name() - the word for a kind of finding
 * @kind: the kind
 *
 * Return: the word, as events print it.
 */
const char *blkv_kind_name(enum blkv_kind kind)
{
	static const char *const names[BLKV_KINDS_NR] = {
#define KIND_NAME(id, word) \
	[BLKV_##id] = word,
		BLKV_KINDS(KIND_NAME)
#undef KIND_NAME
	};

	return names[kind];
}
EXPORT_SYMBOL_IF_KUNIT(blkv_kind_name);

/**
 * blkv_label_name() - the word for a label
 * @label: the label
 *
 * Return: the word, or an empty string for BLKV_LABEL_NONE.
 */
const char *blkv_label_name(enum blkv_label label)
{
	switch (label) {
	case BLKV_LABEL_TRANSIENT:
		return "transient";
	case BLKV_LABEL_PERSISTENT:
		return "persistent";
	case BLKV_LABEL_NONE:
		break;
	}
	return "";
}
EXPORT_SYMBOL_IF_KUNIT(blkv_label_name);

/**
 * blkv_report_sector() - the sector of interest
 * @report: the report
 *
 * Return: the first sector that differs if one is known, else the first sector of the request;
 * in sectors of the target.
 */
sector_t blkv_report_sector(const struct blkv_report *report)
{
	if (report->kind == BLKV_MISMATCH || report->unverified)
		return report->bad_sector;
	return report->sector;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_report_sector);

static int provenance_emit(const struct blkv_report *report, sector_t begin, char *text,
			   size_t size)
{
	int len;

	if (report->provenance != BLKV_PROVENANCE_FOUND)
		return scnprintf(text, size, " write=%s",
				 report->provenance == BLKV_PROVENANCE_NONE ? "none" : "forgotten");
	len = scnprintf(text, size, " ");
	return len + blkv_write_emit(&report->write, begin, "write_", text + len, size - len);
}

/* Print the main fields of a discard or zeroing. */
static int clear_emit(const struct blkv_write *clear, sector_t begin, const char *prefix,
		      char *text, size_t size)
{
	if (!clear->order)
		return 0;
	return scnprintf(text, size, "%sorder=%llu%sstart=%llu%snr=%llu%sop=%s", prefix,
			 clear->order, prefix, (unsigned long long)(begin + clear->start), prefix,
			 (unsigned long long)clear->nr_sectors, prefix,
			 blkv_operation_name(clear->operation));
}

/* What is specific to power cuts. */
static int crash_emit(const struct blkv_report *report, sector_t begin, char *text, size_t size)
{
	int len = scnprintf(text, size, " crash=%llu", report->crash);

	if (report->diagnosis.class == BLKV_CLASS_LOST)
		len += scnprintf(text + len, size - len, " promise=%s",
				 blkv_promise_name(report->promise));
	if (report->diagnosis.class != BLKV_CLASS_MISPLACED)
		return len;
	len += scnprintf(text + len, size - len, " belongs_in=%llu",
			 (unsigned long long)(begin + report->belongs_in));
	if (report->belongs_order)
		len += scnprintf(text + len, size - len, " belongs_order=%llu",
				 report->belongs_order);
	return len;
}

static int mismatch_emit(const struct blkv_report *report, sector_t begin, char *text, size_t size)
{
	unsigned int at = report->byte - report->window_offset;
	int len;

	len = scnprintf(text, size, BLKV_TEXT_MISMATCH "%llu byte=%u raw=0x%02x test=0x%02x",
			(unsigned long long)(begin + report->bad_sector), report->byte,
			report->window[BLKV_RAW][at], report->window[BLKV_TEST][at]);
	if (report->label)
		len += scnprintf(text + len, size - len, " %s", blkv_label_name(report->label));
	len += scnprintf(text + len, size - len, " class=");
	len += blkv_diagnosis_emit(&report->diagnosis, text + len, size - len);
	len += scnprintf(text + len, size - len, " differ=%u", report->nr_bad);
	if (report->injected)
		len += scnprintf(text + len, size - len, " injected");
	if (report->crash)
		len += crash_emit(report, begin, text + len, size - len);
	len += provenance_emit(report, begin, text + len, size - len);
	len += clear_emit(&report->latest_clear, begin, " latest_clear_", text + len, size - len);
	if (report->nearest_clear.order != report->latest_clear.order)
		len += clear_emit(&report->nearest_clear, begin, " nearest_clear_", text + len,
				  size - len);
	return len;
}

static int divergence_emit(const struct blkv_report *report, sector_t begin, char *text,
			   size_t size)
{
	int len;

	len = scnprintf(text, size, BLKV_TEXT_DIVERGENCE " raw=%d test=%d",
			report->errnos[BLKV_RAW], report->errnos[BLKV_TEST]);
	if (report->unverified)
		len += scnprintf(text + len, size - len, " differed_in=%llu",
				 (unsigned long long)(begin + report->bad_sector));
	return len;
}

/**
 * blkv_report_emit() - print a report in one line, without a newline
 * @report: the report
 * @begin: where the target begins in the mapped device, in sectors
 * @text: where to print
 * @size: of @text
 *
 * Return: length printed, without the terminating zero.
 */
int blkv_report_emit(const struct blkv_report *report, sector_t begin, char *text, size_t size)
{
	int len;

	len = scnprintf(text, size, "%s sector=%llu nr=%llu ",
			blkv_operation_name(report->operation),
			(unsigned long long)(begin + report->sector),
			(unsigned long long)report->nr_sectors);
	if (report->kind == BLKV_MISMATCH)
		len += mismatch_emit(report, begin, text + len, size - len);
	else
		len += divergence_emit(report, begin, text + len, size - len);
	if (report->random_shape)
		len += scnprintf(text + len, size - len, " random_shape=%u", report->random_shape);
	if (report->mark[0])
		len += scnprintf(text + len, size - len, " mark=\"%s\"", report->mark);
	return len;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_report_emit);

/**
 * blkv_report_emit_summary() - print what a person has to know first, without a newline
 * @report: the report
 * @begin: where the target begins in the mapped device, in sectors
 * @text: where to print
 * @size: of @text
 *
 * Return: length printed, without the terminating zero.
 */
int blkv_report_emit_summary(const struct blkv_report *report, sector_t begin, char *text,
			     size_t size)
{
	unsigned long long sector = begin + blkv_report_sector(report);
	int len;

	if (report->kind != BLKV_MISMATCH)
		return scnprintf(text, size,
				 "%s " BLKV_TEXT_DIVERGENCE " in sector %llu (raw=%d test=%d)",
				 blkv_operation_name(report->operation), sector,
				 report->errnos[BLKV_RAW], report->errnos[BLKV_TEST]);
	len = scnprintf(text, size, BLKV_TEXT_MISMATCH "%llu (class=", sector);
	len += blkv_diagnosis_emit(&report->diagnosis, text + len, size - len);
	return len + scnprintf(text + len, size - len, ")");
}
EXPORT_SYMBOL_IF_KUNIT(blkv_report_emit_summary);

/* Print the bytes around the first difference. */
static int windows_emit(const struct blkv_report *report, char *text, size_t size)
{
	return scnprintf(text, size, " at=%u raw_bytes=%*phN test_bytes=%*phN",
			 report->window_offset, BLKV_WINDOW, report->window[BLKV_RAW], BLKV_WINDOW,
			 report->window[BLKV_TEST]);
}

/**
 * blkv_report_emit_details() - print what is too long for the kernel log, without a newline
 * @report: the report
 * @text: where to print
 * @size: of @text
 *
 * Return: length printed, without the terminating zero.
 */
int blkv_report_emit_details(const struct blkv_report *report, char *text, size_t size)
{
	int len = 0;

	if (report->kind == BLKV_MISMATCH) {
		len = windows_emit(report, text, size);
		len += blkv_evidence_emit(&report->evidence, text + len, size - len);
	}
	len += blkv_origin_emit(&report->origin, text + len, size - len);
	len += blkv_ages_emit(&report->ages, text + len, size - len);
	return len + scnprintf(text + len, size - len, " time_ms=%llu", report->time_ms);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_report_emit_details);
