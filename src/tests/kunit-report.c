// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the text of a finding.
 *
 * All texts are written out: people and scripts search the kernel log for them.
 */
#include <linux/string.h>
#include <linux/timekeeping.h>

#include "kunit.h"
#include "report.h"

/* Where the target begins in the mapped device. */
#define BEGIN 1000
#define TEXT_MAX 448

/* Parts of the texts. */
#define PLACE_TEXT "read sector=1008 nr=16 contents mismatch in sector 1010 "
#define MISMATCH_TEXT PLACE_TEXT "byte=100 raw=0xab test=0xa9 "
#define WRITE_TEXT " write_order=12 write_start=1004 write_nr=32 write_op=write,fua write_age_ms="
#define TIME_TEXT " time_ms=1796000000123"
#define WINDOWS_TEXT " at=96 raw_bytes=00010203ab05060708090a0b0c0d0e0f test_bytes=00010203a905060708090a0b0c0d0e0f"
#define EVIDENCE_TEXT " bad=2+3 words=0x0000000000001000 set=0x0000000000000000 cleared=0x0000000002000000"
#define LATEST_TEXT \
	" latest_clear_order=20 latest_clear_start=1500 latest_clear_nr=8 latest_clear_op=write_zeroes"
#define NEAREST_TEXT \
	" nearest_clear_order=13 nearest_clear_start=1000 nearest_clear_nr=8 nearest_clear_op=discard"
#define ZEROS_TEXT MISMATCH_TEXT "persistent class=zeros differ=3 write=none"
#define DIVERGENCE_TEXT "sector=1008 nr=16 divergence "

static struct blkv_report mismatch(void)
{
	return (struct blkv_report) {
		.number = 7,
		.kind = BLKV_MISMATCH,
		.operation = BLKV_OPERATION_READ,
		.sector = 8,
		.nr_sectors = 16,
		.bad_sector = 10,
		.nr_bad = 3,
		.byte = 100,
		.window_offset = 96,
		.window = {
			{ 0, 1, 2, 3, 0xab, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 },
			{ 0, 1, 2, 3, 0xa9, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 },
		},
		.evidence = {
			.runs = { .nr = 1, .first = { 2 }, .length = { 3 } },
			.words = { .differ = BIT_ULL(12), .cleared = { 0, 0, 0, 0, 2 } },
		},
		.time_ms = 1796000000123,
		.label = BLKV_LABEL_PERSISTENT,
		.diagnosis = { .class = BLKV_CLASS_BITFLIP, .number = 1 },
		.provenance = BLKV_PROVENANCE_NONE,
	};
}

static struct blkv_report divergence(void)
{
	return (struct blkv_report){
		.number = 8,
		.kind = BLKV_DIVERGENCE,
		.operation = BLKV_OPERATION_WRITE,
		.sector = 8,
		.nr_sectors = 16,
		.errnos = { 0, -EIO },
		.bad_sector = 10,
	};
}

static void expect_text(struct kunit *test, const struct blkv_report *report, const char *expected)
{
	char text[TEXT_MAX];
	int len;

	memset(text, 'x', sizeof(text));
	len = blkv_report_emit(report, BEGIN, text, sizeof(text));
	KUNIT_EXPECT_STREQ(test, text, expected);
	KUNIT_EXPECT_EQ(test, len, (int)strlen(expected));
}

static void summary_is_short(struct kunit *test)
{
	struct blkv_report report = mismatch();
	char text[TEXT_MAX];
	int len;

	len = blkv_report_emit_summary(&report, BEGIN, text, sizeof(text));
	KUNIT_EXPECT_STREQ(test, text, "contents mismatch in sector 1010 (class=bitflip(1))");
	KUNIT_EXPECT_EQ(test, len, (int)strlen(text));

	report = divergence();
	len = blkv_report_emit_summary(&report, BEGIN, text, sizeof(text));
	KUNIT_EXPECT_STREQ(test, text, "write divergence in sector 1008 (raw=0 test=-5)");
	KUNIT_EXPECT_EQ(test, len, (int)strlen(text));
	report.unverified = true;
	blkv_report_emit_summary(&report, BEGIN, text, sizeof(text));
	KUNIT_EXPECT_STREQ(test, text, "write divergence in sector 1010 (raw=0 test=-5)");
	len = blkv_report_emit_summary(&report, BEGIN, text, 10);
	KUNIT_EXPECT_EQ(test, len, 9);
}

static void mismatch_is_described(struct kunit *test)
{
	struct blkv_report report = mismatch();

	expect_text(test, &report, MISMATCH_TEXT "persistent class=bitflip(1) differ=3 write=none");
	report.label = BLKV_LABEL_TRANSIENT;
	report.provenance = BLKV_PROVENANCE_FORGOTTEN;
	report.diagnosis = (struct blkv_diagnosis){ .class = BLKV_CLASS_OTHER };
	expect_text(test, &report, MISMATCH_TEXT "transient class=other differ=3 write=forgotten");
	report.injected = true;
	expect_text(test, &report,
		    MISMATCH_TEXT "transient class=other differ=3 injected write=forgotten");
	/* As in the log, before the label is known. */
	report.label = BLKV_LABEL_NONE;
	expect_text(test, &report, MISMATCH_TEXT "class=other differ=3 injected write=forgotten");
}

static void power_cut_is_described(struct kunit *test)
{
#define LOST_TEXT MISMATCH_TEXT "class=lost differ=3 crash=2 "
	static const struct {
		enum blkv_promise promise;
		const char *text;
	} promises[] = {
		{ BLKV_PROMISE_FLUSH, LOST_TEXT "promise=flush write=none" },
		{ BLKV_PROMISE_FUA, LOST_TEXT "promise=fua write=none" },
		{ BLKV_PROMISE_NO_CACHE, LOST_TEXT "promise=no_cache write=none" },
		{ BLKV_PROMISE_PREIMAGE, LOST_TEXT "promise=preimage write=none" },
	};
#undef LOST_TEXT
	struct blkv_report report = mismatch();
	unsigned int i;

	report.label = BLKV_LABEL_NONE;
	report.crash = 2;
	report.belongs_in = 5;
	report.diagnosis = (struct blkv_diagnosis){ .class = BLKV_CLASS_LOST };
	for (i = 0; i < ARRAY_SIZE(promises); i++) {
		report.promise = promises[i].promise;
		expect_text(test, &report, promises[i].text);
	}
	report.diagnosis.class = BLKV_CLASS_FLAPPING;
	expect_text(test, &report, MISMATCH_TEXT "class=flapping differ=3 crash=2 write=none");
	report.diagnosis.class = BLKV_CLASS_MISPLACED;
	expect_text(test, &report,
		    MISMATCH_TEXT "class=misplaced differ=3 crash=2 belongs_in=1005 write=none");
	report.belongs_order = 3;
	expect_text(test, &report,
		    MISMATCH_TEXT
		    "class=misplaced differ=3 crash=2 belongs_in=1005 belongs_order=3 write=none");
	report.diagnosis.class = BLKV_CLASS_FLAPPING;
	expect_text(test, &report, MISMATCH_TEXT "class=flapping differ=3 crash=2 write=none");
}

static void every_label_has_its_name(struct kunit *test)
{
	KUNIT_EXPECT_STREQ(test, blkv_label_name(BLKV_LABEL_NONE), "");
	KUNIT_EXPECT_STREQ(test, blkv_label_name(BLKV_LABEL_TRANSIENT), "transient");
	KUNIT_EXPECT_STREQ(test, blkv_label_name(BLKV_LABEL_PERSISTENT), "persistent");
}

/* Discards that may be the cause: the nearest one is shown only if it is not the latest one. */
static void clears_are_described(struct kunit *test)
{
	struct blkv_report report = mismatch();

	report.diagnosis = (struct blkv_diagnosis){ .class = BLKV_CLASS_ZEROS };
	report.latest_clear = (struct blkv_write){
		.order = 20,
		.start = 500,
		.nr_sectors = 8,
		.operation = BLKV_OPERATION_WRITE_ZEROES,
	};
	report.nearest_clear = report.latest_clear;
	expect_text(test, &report, ZEROS_TEXT LATEST_TEXT);
	report.nearest_clear.order = 13;
	report.nearest_clear.start = 0;
	report.nearest_clear.operation = BLKV_OPERATION_DISCARD;
	strscpy(report.mark, "a", sizeof(report.mark));
	expect_text(test, &report, ZEROS_TEXT LATEST_TEXT NEAREST_TEXT " mark=\"a\"");
}

/* The byte is anywhere in the window, also at its ends. */
static void differing_byte_is_printed(struct kunit *test)
{
	struct blkv_report report = mismatch();

	report.byte = 0;
	report.window_offset = 0;
	report.window[BLKV_TEST][0] = 0xff;
	expect_text(test, &report,
		    PLACE_TEXT
		    "byte=0 raw=0x00 test=0xff persistent class=bitflip(1) differ=3 write=none");
	report.byte = 511;
	report.window_offset = 496;
	report.window[BLKV_RAW][15] = 0x7f;
	expect_text(test, &report,
		    PLACE_TEXT
		    "byte=511 raw=0x7f test=0x0f persistent class=bitflip(1) differ=3 write=none");
}

static void last_write_is_described(struct kunit *test)
{
	static const char before[] = MISMATCH_TEXT "persistent class=stale(2) differ=3" WRITE_TEXT;
	static const char after[] = " write_pid=99 write_comm=\"fio\" mark=\"run 2\"";
	struct blkv_report report = mismatch();
	char text[TEXT_MAX], *age;
	int len;

	report.diagnosis = (struct blkv_diagnosis){ .class = BLKV_CLASS_STALE, .number = 2 };
	report.provenance = BLKV_PROVENANCE_FOUND;
	report.write = (struct blkv_write){
		.order = 12,
		.time = ktime_get_coarse_ns() - 5 * NSEC_PER_SEC,
		.start = 4,
		.nr_sectors = 32,
		.operation = BLKV_OPERATION_WRITE,
		.fua = true,
		.pid = 99,
		.comm = "fio",
	};
	strscpy(report.mark, "run 2", sizeof(report.mark));

	len = blkv_report_emit(&report, BEGIN, text, sizeof(text));
	KUNIT_EXPECT_EQ(test, len, (int)strlen(text));
	KUNIT_ASSERT_EQ(test, strncmp(text, before, strlen(before)), 0);
	age = text + strlen(before);
	KUNIT_EXPECT_EQ(test, age[0], '5');
	KUNIT_EXPECT_STREQ(test, age + strspn(age, "0123456789"), after);
}

static void divergence_is_described(struct kunit *test)
{
	struct blkv_report report = divergence();

	expect_text(test, &report, "write " DIVERGENCE_TEXT "raw=0 test=-5");
	report.operation = BLKV_OPERATION_DISCARD;
	report.errnos[BLKV_RAW] = -ENOSPC;
	report.errnos[BLKV_TEST] = 0;
	expect_text(test, &report, "discard sector=1008 nr=16 divergence raw=-28 test=0");
	/* A flush has no sectors. */
	report.operation = BLKV_OPERATION_FLUSH;
	report.sector = 0;
	report.nr_sectors = 0;
	expect_text(test, &report, "flush sector=1000 nr=0 divergence raw=-28 test=0");
}

static void unverified_difference_is_located(struct kunit *test)
{
	struct blkv_report report = divergence();

	report.operation = BLKV_OPERATION_READ;
	report.unverified = true;
	expect_text(test, &report, "read " DIVERGENCE_TEXT "raw=0 test=-5 differed_in=1010");
	strscpy(report.mark, "run 2", sizeof(report.mark));
	expect_text(test, &report,
		    "read " DIVERGENCE_TEXT "raw=0 test=-5 differed_in=1010 mark=\"run 2\"");
}

static void random_shape_is_appended(struct kunit *test)
{
	struct blkv_report report = divergence();

	report.random_shape = 7;
	expect_text(test, &report, "write " DIVERGENCE_TEXT "raw=0 test=-5 random_shape=7");
	strscpy(report.mark, "a", sizeof(report.mark));
	expect_text(test, &report,
		    "write " DIVERGENCE_TEXT "raw=0 test=-5 random_shape=7 mark=\"a\"");
}

static void mark_is_appended(struct kunit *test)
{
	struct blkv_report report = divergence();

	strscpy(report.mark, "a", sizeof(report.mark));
	expect_text(test, &report, "write " DIVERGENCE_TEXT "raw=0 test=-5 mark=\"a\"");
	report = mismatch();
	strscpy(report.mark, "after the power cut", sizeof(report.mark));
	expect_text(test, &report,
		    MISMATCH_TEXT
		    "persistent class=bitflip(1) differ=3 write=none mark=\"after the power cut\"");
}

static void high_sectors_are_not_truncated(struct kunit *test)
{
	struct blkv_report report = divergence();

	report.sector = 1ULL << 40;
	expect_text(test, &report, "write sector=1099511628776 nr=16 divergence raw=0 test=-5");
}

static void details_are_printed(struct kunit *test)
{
	struct blkv_report report = mismatch();
	char text[TEXT_MAX];

	KUNIT_EXPECT_EQ(test, blkv_report_emit_details(&report, text, sizeof(text)),
			(int)strlen(WINDOWS_TEXT EVIDENCE_TEXT TIME_TEXT));
	KUNIT_EXPECT_STREQ(test, text, WINDOWS_TEXT EVIDENCE_TEXT TIME_TEXT);
	report = divergence();
	report.time_ms = 1796000000123;
	blkv_report_emit_details(&report, text, sizeof(text));
	KUNIT_EXPECT_STREQ(test, text, TIME_TEXT);
}

static void sector_to_look_at_is_the_most_precise(struct kunit *test)
{
	struct blkv_report report = mismatch();

	KUNIT_EXPECT_EQ(test, blkv_report_sector(&report), 10);
	report = divergence();
	KUNIT_EXPECT_EQ(test, blkv_report_sector(&report), 8);
	report.unverified = true;
	KUNIT_EXPECT_EQ(test, blkv_report_sector(&report), 10);
}

static void every_kind_has_its_name(struct kunit *test)
{
	static const char *const names[BLKV_KINDS_NR] = {
		[BLKV_MISMATCH] = "mismatch",
		[BLKV_DIVERGENCE] = "divergence",
	};
	enum blkv_kind kind;

	for (kind = 0; kind < BLKV_KINDS_NR; kind++) {
		KUNIT_ASSERT_NOT_NULL(test, names[kind]);
		KUNIT_ASSERT_NOT_NULL(test, blkv_kind_name(kind));
		KUNIT_EXPECT_STREQ(test, blkv_kind_name(kind), names[kind]);
	}
}

/* Whatever the length of the buffer, it is not overrun, and the string in it is terminated. */
static noinline_for_stack void expect_inside(struct kunit *test, const struct blkv_report *report)
{
	char full[TEXT_MAX], text[TEXT_MAX];
	unsigned int size;
	int nr, printed;

	nr = blkv_report_emit(report, BEGIN, full, sizeof(full));
	for (size = 1; size <= nr + 2; size++) {
		memset(text, 'x', sizeof(text));
		printed = blkv_report_emit(report, BEGIN, text, size);
		KUNIT_ASSERT_NULL(test, memchr_inv(text + size, 'x', sizeof(text) - size));
		KUNIT_ASSERT_EQ(test, (int)strnlen(text, size), printed);
		/* The age of the write grows meanwhile. */
		if (report->provenance == BLKV_PROVENANCE_FOUND)
			continue;
		KUNIT_ASSERT_EQ(test, printed, min_t(int, nr, size - 1));
		KUNIT_ASSERT_EQ(test, memcmp(text, full, printed), 0);
	}
}

static void text_stays_inside_short_buffers(struct kunit *test)
{
	struct blkv_report reports[] = { mismatch(), mismatch(), divergence() };
	unsigned int i;

	reports[1].provenance = BLKV_PROVENANCE_FOUND;
	reports[1].injected = true;
	reports[1].write.operation = BLKV_OPERATION_WRITE;
	reports[2].unverified = true;
	for (i = 0; i < ARRAY_SIZE(reports); i++) {
		reports[i].random_shape = 12345;
		strscpy(reports[i].mark, "mark", sizeof(reports[i].mark));
		expect_inside(test, &reports[i]);
	}
}

static struct kunit_case report_cases[] = {
	KUNIT_CASE(summary_is_short),
	KUNIT_CASE(mismatch_is_described),
	KUNIT_CASE(power_cut_is_described),
	KUNIT_CASE(every_label_has_its_name),
	KUNIT_CASE(clears_are_described),
	KUNIT_CASE(differing_byte_is_printed),
	KUNIT_CASE(last_write_is_described),
	KUNIT_CASE(divergence_is_described),
	KUNIT_CASE(unverified_difference_is_located),
	KUNIT_CASE(random_shape_is_appended),
	KUNIT_CASE(mark_is_appended),
	KUNIT_CASE(high_sectors_are_not_truncated),
	KUNIT_CASE(details_are_printed),
	KUNIT_CASE(sector_to_look_at_is_the_most_precise),
	KUNIT_CASE(every_kind_has_its_name),
	KUNIT_CASE(text_stays_inside_short_buffers),
	{}
};

static struct kunit_suite report_suite = {
	.name = "report",
	.test_cases = report_cases,
};

kunit_test_suite(report_suite);
