// SPDX-License-Identifier: GPL-2.0-only
/* Unit tests of the pure units: parsers, ranges, diagnosis. Built with ASan and UBSan. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coverage.h"
#include "diagnose.h"
#include "hexdump.h"
#include "margin.h"
#include "marker.h"
#include "md.h"
#include "parse.h"
#include "ranges.h"
#include "results.h"
#include "status.h"
#include "text.h"
#include "util.h"

/* ---- status and table ----------------------------------------------------------------------- */

static void status_is_parsed(void **state)
{
	struct status s;

	(void)state;
	assert_true(parse_status("C 99 1 2 300 4 500 6 7 8 9", &s));
	assert_int_equal(s.state, 'C');
	assert_true(s.present[FIELD_FIRST_MISMATCH]);
	assert_int_equal(s.value[FIELD_FIRST_MISMATCH], 99);
	assert_int_equal(s.value[FIELD_MISMATCHES], 1);
	assert_int_equal(s.value[FIELD_COMPARED], 300);
	assert_int_equal(s.value[FIELD_UNTRUSTED], 9);
}

static void absent_and_appended_fields_are_fine(void **state)
{
	char text[512] = "V - 0 0 18446744073709551615";
	struct status s;
	int field;

	(void)state;
	/* All known fields, and two unknown ones. */
	for (field = FIELD_COMPARED + 1; field < NR_FIELDS; field++)
		strcat(text, field == NR_FIELDS - 1 ? " 8" : " 0");
	strcat(text, " new=1 12");
	assert_true(parse_status(text, &s));
	assert_false(s.present[FIELD_FIRST_MISMATCH]);
	assert_true(s.value[NR_FIELDS - 1] == 8);
	assert_true(s.value[FIELD_COMPARED] == UINT64_MAX);
}

/* An older target may have any smaller number of fields. */
static void a_shorter_status_is_parsed(void **state)
{
	char text[128] = "C";
	struct status s;
	enum field nr, field;

	(void)state;
	for (nr = FIELD_STATE; nr < NR_FIELDS; nr++) {
		if (nr > FIELD_STATE)
			strcat(text, nr % 2 ? " 7" : " 7 ");
		assert_true(parse_status(text, &s));
		assert_int_equal(s.state, 'C');
		for (field = FIELD_STATE + 1; field < NR_FIELDS; field++) {
			assert_int_equal(s.present[field], field <= nr);
			/* A word has no value. */
			assert_int_equal(s.value[field],
					 field <= nr && field != FIELD_POWER ? 7 : 0);
		}
	}
}

/* The power of the test leg is a word. */
static void power_is_a_word(void **state)
{
	char text[256] = "V -", power[24];
	struct status s;
	int field;

	(void)state;
	for (field = FIELD_MISMATCHES; field < FIELD_POWER; field++)
		strcat(text, " 0");
	assert_true(parse_status(text, &s));
	assert_false(s.present[FIELD_POWER]);
	status_text(&s, FIELD_POWER, power, sizeof(power));
	assert_string_equal(power, "-");
	strcat(text, " settling 3");
	assert_true(parse_status(text, &s));
	status_text(&s, FIELD_POWER, power, sizeof(power));
	assert_string_equal(power, "settling");
	assert_int_equal(s.value[FIELD_CUTS], 3);
	strcat(text, "aword");
	assert_false(parse_status(text, &s));
}

static const char *verdict_of(const char *text)
{
	struct status s;

	assert_true(parse_status(text, &s));
	return status_verdict(&s);
}

/* A field that is absent is not zero. */
static void verdict_does_not_guess(void **state)
{
	char text[32];
	struct status s;

	(void)state;
	assert_string_equal(verdict_of("V - 0 0 0"), "nothing compared so far");
	assert_string_equal(verdict_of("V - 0 0 5"), "no mismatch found");
	assert_string_equal(verdict_of("V - 0 0"), "no mismatch found");
	assert_string_equal(verdict_of("C 5 0 1"), "divergence found");
	assert_string_equal(verdict_of("C 5 1 1"), "mismatch found");
	assert_string_equal(verdict_of("C 5"), "mismatch found");
	assert_string_equal(verdict_of("F"), "frozen");
	assert_true(parse_status("C - 3", &s));
	status_text(&s, FIELD_FIRST_MISMATCH, text, sizeof(text));
	assert_string_equal(text, "-");
	status_text(&s, FIELD_MISMATCHES, text, sizeof(text));
	assert_string_equal(text, "3");
	status_text(&s, FIELD_DIVERGENCES, text, sizeof(text));
	assert_string_equal(text, "-");
}

static void bad_status_is_refused(void **state)
{
	static const struct {
		const char *text;
		enum field bad;
	} bad[] = {
		{ "", FIELD_STATE },
		{ "X - 0 0 0 0 0 0 0 0 0", FIELD_STATE },
		{ "VV - 0 0 0 0 0 0 0 0 0", FIELD_STATE },
		{ "V x", FIELD_FIRST_MISMATCH },
		{ "V - 0 x 0 0 0 0 0 0 0", FIELD_DIVERGENCES },
		{ "V - -1 0 0 0 0 0 0 0 0", FIELD_MISMATCHES },
		{ "V - 18446744073709551616 0 0 0 0 0 0 0 0", FIELD_MISMATCHES },
		{ "V - 1x 0 0 0 0 0 0 0 0", FIELD_MISMATCHES },
		{ "V - 0000000000000000000000000000000000000 0 0 0 0 0 0 0 0", FIELD_MISMATCHES },
		{ "V - 0 0 0 0 0 0 0 0 0x", FIELD_UNTRUSTED },
	};
	struct status s;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (parse_status(bad[i].text, &s))
			fail_msg("accepted \"%s\"", bad[i].text);
		assert_int_equal(s.bad, bad[i].bad);
	}
}

static void table_is_parsed(void **state)
{
	struct table t;

	(void)state;
	assert_true(parse_table("7:0 7:1", &t));
	assert_string_equal(t.test, "7:1");
	assert_string_equal(t.options, "");
	assert_true(parse_table("7:0 7:1 3 written_only fingerprint_max_mib 7", &t));
	assert_string_equal(t.options, "written_only fingerprint_max_mib 7");
	assert_false(parse_table("7:0", &t));
	assert_false(parse_table("7:0 7:1 x", &t));
}

/* ---- sizes ---------------------------------------------------------------------------------- */

static void sizes_are_parsed(void **state)
{
	static const struct {
		const char *text;
		uint64_t sectors;
	} sizes[] = {
		{ "0", 0 },
		{ "1", 1 },
		{ "18446744073709551615", UINT64_MAX },
		{ "1K", 2 },
		{ "64M", 131072 },
		{ "64m", 131072 },
		{ "64MiB", 131072 },
		{ "3G", 6291456 },
		{ "2T", (uint64_t)2 << 31 },
		{ "2P", (uint64_t)2 << 41 },
		{ "15EiB", (uint64_t)15 << 51 },
		{ "64KB", 125 },
		{ "8MB", 15625 },
		{ "1GB", 1953125 },
		{ "18EB", 18 * (uint64_t)1953125000000000 },
		{ "0K", 0 },
	};
	uint64_t sectors;
	size_t i;

	(void)state;
	for (i = 0; i < NR_OF(sizes); i++) {
		assert_null(parse_size(sizes[i].text, &sectors));
		assert_true(sectors == sizes[i].sectors);
	}
}

static void bad_sizes_are_refused(void **state)
{
	static const struct {
		const char *text, *reason;
	} bad[] = {
		{ "", "not a number" },
		{ "x", "not a number" },
		{ "K", "not a number" },
		{ "-1", "not a number" },
		{ " 1", "not a number" },
		{ "1 ", "not a number" },
		{ "1x", "not a number" },
		{ "1Z", "not a number" },
		{ "1Ki", "not a number" },
		{ "1KiBx", "not a number" },
		{ "1KBx", "not a number" },
		{ "1Kib", "not a number" },
		{ "1B", "not a number" },
		{ "1.5G", "not a number" },
		{ "0x10", "not a number" },
		{ "1KB", "not a multiple of 512 bytes" },
		{ "511KB", "not a multiple of 512 bytes" },
		{ "16E", "too large" },
		{ "19EB", "too large" },
		{ "18446744073709551616", "too large" },
		{ "18446744073709551616K", "too large" },
	};
	uint64_t sectors;
	const char *reason;
	size_t i;

	(void)state;
	for (i = 0; i < NR_OF(bad); i++) {
		reason = parse_size(bad[i].text, &sectors);
		if (!reason || strncmp(reason, bad[i].reason, strlen(bad[i].reason)))
			fail_msg("\"%s\": %s", bad[i].text, reason ? reason : "accepted");
	}
}

/* ---- times ---------------------------------------------------------------------------------- */

static void spans_are_parsed(void **state)
{
	static const struct {
		const char *text;
		double low, high;
	} good[] = {
		{ "2", 2, 2 }, { "0.5", 0.5, 0.5 }, { "1..5", 1, 5 }, { "0.25..10.5", 0.25, 10.5 },
		{ "0..0", 0, 0 },
	};
	static const char *const bad[] = {
		"", "-1", "1.", "1..", "..5", "5..1", "1..5..9", "1...5", "1e3", "0x10", " 1", "1 ",
		"inf", "nan", "1,5", "10000000", ".5",
	};
	double low, high;
	size_t i;

	(void)state;
	for (i = 0; i < NR_OF(good); i++) {
		assert_true(parse_span(good[i].text, &low, &high));
		assert_true(low == good[i].low && high == good[i].high);
	}
	for (i = 0; i < NR_OF(bad); i++)
		assert_false(parse_span(bad[i], &low, &high));
}

/* ---- coverage ------------------------------------------------------------------------------- */

static void shares_are_rounded_up(void **state)
{
	(void)state;
	assert_int_equal(coverage_share(0, 100), 0);
	assert_int_equal(coverage_share(100, 100), 10000);
	assert_int_equal(coverage_share(1, 3), 3334);
	/* A small non-zero share is not shown as 0. */
	assert_int_equal(coverage_share(1, UINT64_MAX), 1);
	assert_int_equal(coverage_share(UINT64_MAX, UINT64_MAX), 10000);
	assert_int_equal(coverage_share(0, 0), 0);
}

static void coverage_names_the_reasons(void **state)
{
	struct status s = { .state = 'V' };
	char text[512];

	(void)state;
	coverage_of_device(&s, 1000, text, sizeof(text));
	assert_string_equal(text, "");
	coverage_of_reads(&s, text, sizeof(text));
	assert_string_equal(text, "");
	coverage_offer(&s, "written_only", text, sizeof(text));
	assert_string_equal(text, "");

	s.value[FIELD_UNTRUSTED] = 250;
	s.value[FIELD_SKIPPED] = 1;
	s.value[FIELD_COMPARED] = 3;
	coverage_of_device(&s, 1000, text, sizeof(text));
	assert_string_equal(text, "25.00 % of the device (250 sectors)");
	coverage_of_reads(&s, text, sizeof(text));
	assert_string_equal(text, "25.00 % of the data read (1 sectors)");
	coverage_offer(&s, "fingerprint", text, sizeof(text));
	assert_string_equal(text, "");
	coverage_offer(&s, "fingerprint written_only", text, sizeof(text));
	assert_non_null(strstr(text, "--zeroed"));
	assert_null(strstr(text, "--discard-zeroes"));

	s.value[FIELD_DISTRUSTED_DISCARD] = 200;
	s.value[FIELD_DISTRUSTED_MEMORY] = 50;
	coverage_of_device(&s, 1000, text, sizeof(text));
	assert_string_equal(text, "25.00 % of the device (250 sectors): 200 discarded, "
				  "50 for lack of memory");
	coverage_offer(&s, "", text, sizeof(text));
	assert_non_null(strstr(text, "--discard-zeroes"));
	coverage_offer(&s, "discard_zeroes quarantine_mib 5", text, sizeof(text));
	assert_string_equal(text, "");
	/* The text is truncated to the size of the buffer. */
	coverage_of_device(&s, 1000, text, 8);
	assert_string_equal(text, "25.00 %");
}

/* ---- reports -------------------------------------------------------------------------------- */

#define MISMATCH "7 read sector=96 nr=8 contents mismatch in sector 99 byte=17 raw=0xcd test=0x00 " \
	"persistent class=zeros differ=3 at=16 raw_bytes=00cd0102 test_bytes=00000000"

static void mismatch_is_parsed(void **state)
{
	struct report r;

	(void)state;
	assert_true(parse_report(MISMATCH, &r));
	assert_int_equal(r.kind, KIND_MISMATCH);
	assert_int_equal(r.number, 7);
	assert_string_equal(r.op, "read");
	assert_int_equal(r.sector, 96);
	assert_int_equal(r.nr, 8);
	assert_int_equal(r.bad_sector, 99);
	assert_int_equal(r.byte, 17);
	assert_int_equal(r.raw_byte, 0xcd);
	assert_int_equal(r.test_byte, 0);
	assert_int_equal(r.label, LABEL_PERSISTENT);
	assert_string_equal(r.class, "zeros");
	assert_false(r.has_class_number);
	assert_int_equal(r.differ, 3);
	assert_int_equal(r.window_offset, 16);
	assert_int_equal(r.window_len, 4);
	assert_int_equal(r.raw_window[1], 0xcd);
	assert_int_equal(r.more.nr, 0);
}

static void divergence_is_parsed(void **state)
{
	struct report r;

	(void)state;
	assert_true(parse_report("1 write_zeroes sector=96 nr=8 divergence raw=0 test=-5", &r));
	assert_int_equal(r.kind, KIND_DIVERGENCE);
	assert_int_equal(r.raw_error, 0);
	assert_int_equal(r.test_error, -5);
	assert_int_equal(r.bad_sector, 96);
}

static void class_numbers_are_parsed(void **state)
{
	struct report r;

	(void)state;
	assert_true(parse_report("1 read sector=0 nr=8 contents mismatch in sector 1 byte=0 raw=0x00 "
				 "test=0x01 transient class=shifted(-8)", &r));
	assert_string_equal(r.class, "shifted");
	assert_int_equal(r.class_number, -8);
	assert_int_equal(r.label, LABEL_TRANSIENT);
	assert_true(parse_report("1 read sector=0 nr=8 contents mismatch in sector 1 class=shifted(+8)",
				 &r));
	assert_int_equal(r.class_number, 8);
	/* A report without a label. */
	assert_int_equal(r.label, LABEL_NONE);
	assert_string_equal(label_word(r.label), "-");
}

/* The longest report is parsed completely. */
static void discards_of_a_report_are_kept(void **state)
{
	struct report r;

	(void)state;
	assert_true(parse_report(
		"1 read sector=0 nr=8 " BLKV_TEXT_MISMATCH "1 byte=0 raw=0x01 test=0x00 persistent "
		"class=zeros differ=8 injected write_order=1 write_start=0 write_nr=8 "
		"write_op=write,fua write_age_ms=5 write_pid=7 write_comm=\"a b\" "
		"latest_clear_order=5 latest_clear_start=800 latest_clear_nr=8 "
		"latest_clear_op=discard nearest_clear_order=3 nearest_clear_start=16 "
		"nearest_clear_nr=8 nearest_clear_op=write_zeroes mark=\"c d\" at=0 "
		"raw_bytes=01 test_bytes=00", &r));
	assert_int_equal(r.label, LABEL_PERSISTENT);
	assert_string_equal(words_find(&r.more, "latest_clear_op"), "discard");
	assert_string_equal(words_find(&r.more, "nearest_clear_start"), "16");
	assert_string_equal(words_find(&r.more, "mark"), "c d");
	assert_int_equal(r.window_len, 1);
}

/* Each class, with its argument. */
static void each_class_is_parsed(void **state)
{
	static const char *const arguments[] = {
		[CLASS_NONE] = "", [CLASS_COUNT] = "(3)", [CLASS_DISTANCE] = "(-8)",
	};
	static const long numbers[] = { 0, 3, -8 };
	char line[128];
	struct report r;
	size_t i;

	(void)state;
	for (i = 0; i < NR_CLASSES; i++) {
		enum class_argument argument = classes[i].argument;

		snprintf(line, sizeof(line), "1 read sector=0 nr=8 " BLKV_TEXT_MISMATCH "1 class=%s%s",
			 classes[i].word, arguments[argument]);
		assert_true(parse_report(line, &r));
		assert_ptr_equal(class_find(r.class), &classes[i]);
		assert_int_equal(r.has_class_number, argument != CLASS_NONE);
		assert_int_equal(r.class_number, numbers[argument]);
		assert_true(*classes[i].help);
	}
	assert_null(class_find("newer"));
}

/* The output of a newer target: other class arguments, other words anywhere, other lines. */
static void appended_words_are_fine(void **state)
{
	struct history h;
	struct report r;
	struct list l;

	(void)state;
	assert_true(parse_report("1 read sector=0 nr=8 contents mismatch in sector 1 new(3) byte=2 "
				 "class=torn(0-3) newer=\"a b\" differ=3", &r));
	assert_string_equal(r.class, "torn(0-3)");
	assert_false(r.has_class_number);
	assert_int_equal(r.byte, 2);
	assert_int_equal(r.differ, 3);
	assert_string_equal(words_find(&r.more, "newer"), "a b");
	assert_true(parse_report("1 read sector=0 nr=8 divergence raw=0 test=-5 later", &r));
	assert_non_null(words_find(&r.more, "later"));
	assert_true(parse_list("1 read sector=0 nr=8 other mismatch\ndropped=3 since=5\nlater=1", &l));
	assert_int_equal(l.nr, 0);
	assert_int_equal(l.dropped, 3);
	assert_int_equal(l.not_understood, 2);
	list_free(&l);
	assert_true(parse_history("later=1\norder=5 start=96 nr=8 op=write more\ncomplete now", &h));
	assert_int_equal(h.nr, 1);
	assert_true(h.complete);
	history_free(&h);
}

static void unknown_words_are_kept(void **state)
{
	struct report r;

	(void)state;
	assert_true(parse_report(MISMATCH " injected mark=\"a \\\"b\\\" \\\\ \\x41\\102\" write_pid=12 "
				 "write_comm=\"my prog\" empty=", &r));
	assert_non_null(words_find(&r.more, "injected"));
	assert_string_equal(words_find(&r.more, "mark"), "a \"b\" \\ AB");
	assert_string_equal(words_find(&r.more, "write_pid"), "12");
	assert_string_equal(words_find(&r.more, "write_comm"), "my prog");
	assert_string_equal(words_find(&r.more, "empty"), "");
	assert_null(words_find(&r.more, "none"));
}

static void too_much_is_cut(void **state)
{
	char line[8192] = MISMATCH " mark=\"";
	struct report r;
	int i;

	(void)state;
	memset(line + strlen(line), 'x', 500);
	strcat(line, "\"");
	for (i = 0; i < 200; i++)
		strcat(line, " another=1");
	assert_true(parse_report(line, &r));
	assert_true(r.more.nr <= WORDS_MAX);
	assert_int_equal(strlen(words_find(&r.more, "mark")), sizeof(r.more.word[0].value) - 1);
}

static void bad_reports_are_refused(void **state)
{
	static const char *const bad[] = {
		"", "x", "1", "1 read", "1 read sector=1", "1 read sector=1 nr=8",
		"1 read sector=1 nr=8 nonsense", "1 read sector=-1 nr=8 divergence raw=0 test=0",
		"1 read sector=1 nr=8 divergence raw=0 test=5",
		"1 read sector=1 nr=8 divergence raw=0 test=-99999",
		"1 read sector=1 nr=8 contents mismatch in sector x",
		"1 read sector=1 nr=8 contents mismatch in sector 1 raw=0x1",
		"1 read sector=1 nr=8 contents mismatch in sector 1 class=bitflip(",
		"1 read sector=1 nr=8 contents mismatch in sector 1 class=)(",
		"1 read sector=1 nr=8 contents mismatch in sector 1 raw_bytes=0g",
		"1 read sector=1 nr=8 contents mismatch in sector 1 =x",
		"1 anoperationwithanamethatismuchtoolong sector=1 nr=8 divergence raw=0 test=0",
	};
	struct report r;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (parse_report(bad[i], &r))
			fail_msg("accepted \"%s\"", bad[i]);
}

static void list_is_parsed(void **state)
{
	struct list l;

	(void)state;
	assert_true(parse_list(MISMATCH "\nnonsense\n8 flush sector=0 nr=0 divergence raw=0 "
			       "test=-5\ndropped=12", &l));
	assert_int_equal(l.nr, 2);
	assert_int_equal(l.dropped, 12);
	assert_int_equal(l.not_understood, 1);
	assert_string_equal(l.reports[1].op, "flush");
	list_free(&l);
	assert_true(parse_list("dropped=0", &l));
	assert_int_equal(l.nr, 0);
	list_free(&l);
	assert_false(parse_list(MISMATCH "\n", &l));	/* cut off */
}

/* Numbers of reports are not used again after a reset, but begin with 1 for a new device. */
static void new_reports_are_found(void **state)
{
	struct report reports[3] = { { .number = 4 }, { .number = 5 }, { .number = 7 } };
	const struct list list = { .reports = reports, .nr = 3 }, none = { 0 };
	uint64_t seen = 5;

	(void)state;
	assert_int_equal(list_first_new(&list, &seen), 2);
	seen = 7;
	assert_int_equal(list_first_new(&list, &seen), 3);
	assert_int_equal(list_first_new(&none, &seen), 0);
	assert_int_equal(seen, 7);
	seen = 8;
	assert_int_equal(list_first_new(&list, &seen), 0);
	assert_int_equal(seen, 0);
}

static void history_is_parsed(void **state)
{
	struct history h;

	(void)state;
	assert_true(parse_history("order=5 start=96 nr=8 op=write,fua age_ms=12 pid=77 "
				  "comm=\"a b\" later=1\norder=4 start=0 nr=200 op=discard\n"
				  "complete", &h));
	assert_int_equal(h.nr, 2);
	assert_true(h.complete);
	assert_int_equal(h.writes[0].pid, 77);
	assert_string_equal(h.writes[0].op, "write,fua");
	assert_string_equal(h.writes[0].comm, "a b");
	assert_int_equal(h.writes[1].nr, 200);
	history_free(&h);
	assert_true(parse_history("older writes are forgotten", &h));
	assert_int_equal(h.nr, 0);
	assert_false(h.complete);
	history_free(&h);
}

/* With everything that a report may have, at its longest. */
static void longest_report_is_whole(void **state)
{
	static const char *const ages = "flush:4294967295,discard:4294967295,write_zeroes:4294967295,"
		"test_error:4294967295,suspend:4294967295,mark:4294967295,cut:4294967295";
	static const char line[] = "18446744073709551615 secure_erase sector=18446744073709551615 "
		"nr=18446744073709551615 contents mismatch in sector 18446744073709551615 byte=511 "
		"raw=0xff test=0xff persistent class=shifted(-2147483648) differ=4294967295 injected "
		"crash=9 promise=preimage belongs_in=9 belongs_order=1 write_order=1 write_start=1 "
		"write_nr=1 "
		"write_op=write,fua write_age_ms=1 write_pid=1 write_comm=\"a\" "
		"latest_clear_order=1 latest_clear_start=1 latest_clear_nr=1 latest_clear_op=discard "
		"nearest_clear_order=1 nearest_clear_start=1 nearest_clear_nr=1 "
		"nearest_clear_op=discard random_shape=2147483647 mark=\"m\" at=496 "
		"raw_bytes=00000000000000000000000000000000 "
		"test_bytes=00000000000000000000000000000000 "
		"bad=4294967295+4294967295,4294967295+4294967295,4294967295+4294967295,...  "
		"words=0xffffffffffffffff set=0xffffffffffffffff cleared=0xffffffffffffffff "
		"pid=2147483647 comm=\"c\" flags=sync,meta,prio,idle,fua,rahead,background,nowait,"
		"polled,swap,integrity,atomic segments=4294967295 offset=4095 "
		"cpus=4294967295,4294967295 raw_us=1 test_us=1 near=flush:4294967295,"
		"discard:4294967295,write_zeroes:4294967295,test_error:4294967295,"
		"suspend:4294967295,mark:4294967295,cut:4294967295 time_ms=18446744073709551615";
	struct report r;

	(void)state;
	assert_true(parse_report(line, &r));
	assert_string_equal(words_find(&r.more, "near"), ages);
	assert_string_equal(words_find(&r.more, "time_ms"), "18446744073709551615");
	assert_string_equal(words_find(&r.more, "cpus"), "4294967295,4294967295");
}

static void cpus_are_parsed(void **state)
{
	struct list list = { 0 };

	(void)state;
	parse_cpus("cpu=0 compared=26208 later=1\ncpu=x compared=1\ncpu=12 compared=8\ncomplete",
		   &list);
	assert_int_equal(list.nr_cpus, 2);
	assert_int_equal(list.cpus[0].compared, 26208);
	assert_int_equal(list.cpus[1].cpu, 12);
	parse_cpus("complete", &list);
	assert_non_null(list.cpus);
	assert_int_equal(list.nr_cpus, 0);
	list_free(&list);
	assert_null(list.cpus);
}

/* ---- power cuts ----------------------------------------------------------------------------- */

static void uncertain_ranges_are_parsed(void **state)
{
	const char *text = "8 24\n18446744073709551614 1\nmore=96";
	uint64_t start, nr;

	(void)state;
	assert_int_equal(parse_uncertain(&text, &start, &nr), UNCERTAIN_RANGE);
	assert_true(start == 8 && nr == 24);
	assert_int_equal(parse_uncertain(&text, &start, &nr), UNCERTAIN_RANGE);
	assert_true(start == UINT64_MAX - 1 && nr == 1);
	assert_int_equal(parse_uncertain(&text, &start, &nr), UNCERTAIN_MORE);
	assert_true(start == 96);
	text = "complete";
	assert_int_equal(parse_uncertain(&text, &start, &nr), UNCERTAIN_COMPLETE);
}

static void bad_uncertain_ranges_are_refused(void **state)
{
	static const char *const bad[] = {
		"", "8", "8\n9 1", "-8 1", "8 24 1", "more=", "more=x", "completely", "8 x", "\n",
	};
	const char *text;
	uint64_t start, nr;
	size_t i;

	(void)state;
	for (i = 0; i < NR_OF(bad); i++) {
		text = bad[i];
		assert_int_equal(parse_uncertain(&text, &start, &nr), UNCERTAIN_BAD);
	}
}

/* ---- ranges --------------------------------------------------------------------------------- */

#define MODEL 200

/* Compare with a map of one byte per sector. */
static void verdict_counts_ranges_that_were_lost(void **state)
{
	const struct ranges none = { 0 }, lost = { .incomplete = true };

	(void)state;
	assert_int_equal(ranges_verdict(&none, &none), DONE);
	assert_int_equal(ranges_verdict(&none, &lost), INCONCLUSIVE);
	assert_int_equal(ranges_verdict(&lost, &none), FOUND);
	assert_int_equal(ranges_verdict(&lost, &lost), FOUND);
}

static void ranges_agree_with_a_map(void **state)
{
	int round, i;

	(void)state;
	srand(1);
	for (round = 0; round < 300; round++) {
		char map[MODEL + 1] = { 0 }, got[MODEL + 1] = { 0 };
		struct ranges r = { 0 };
		size_t j;

		for (i = 0; i < 20; i++) {
			int start = rand() % MODEL, nr = rand() % 12;

			nr = start + nr > MODEL ? MODEL - start : nr;
			memset(map + start, 1, (size_t)nr);
			ranges_add(&r, (uint64_t)start, (uint64_t)nr);
		}
		for (j = 0; j < r.nr; j++) {
			memset(got + r.range[j].start, 1, r.range[j].nr);
			/* Sorted, with a gap between neighbours. */
			assert_true(!j || r.range[j - 1].start + r.range[j - 1].nr < r.range[j].start);
		}
		assert_memory_equal(map, got, MODEL);
		ranges_free(&r);
	}
}

/* ---- diagnosis ------------------------------------------------------------------------------ */

static uint8_t raw[16 * 512], test[16 * 512];

static void fill(void)
{
	size_t i;

	srand(2);
	for (i = 0; i < sizeof(raw); i++)
		raw[i] = test[i] = (uint8_t)rand();
}

static const char *diagnosis_of(size_t at)
{
	static char text[512];
	struct diagnosis d;

	diagnose_sector(&d, raw, test, 16, at);
	text_of_diagnosis(&d, 1000 + at, text, sizeof(text));
	return text;
}

static void diagnosis_names_the_damage(void **state)
{
	(void)state;
	fill();
	assert_string_equal(diagnosis_of(4), "the legs are equal here");
	test[4 * 512 + 7] ^= 0x10;
	assert_string_equal(diagnosis_of(4),
			    "1 byte, 1 bit differ, in bytes 7 to 7; looks like flipped bits");
	memset(test + 5 * 512, 0, 512);
	assert_non_null(strstr(diagnosis_of(5), "the test leg returned only zeros"));
	memset(test + 5 * 512, 0xff, 512);
	assert_non_null(strstr(diagnosis_of(5), "the test leg returned only ones"));
}

static void diagnosis_finds_what_moved(void **state)
{
	(void)state;
	fill();
	memcpy(test + 6 * 512, raw + 9 * 512, 512);
	assert_non_null(strstr(diagnosis_of(6),
			       "; the test leg returned what the raw leg has in sector 1009 (+3)"));
	assert_null(strstr(diagnosis_of(6), "the data of the raw leg"));
	memcpy(test + 9 * 512, raw + 6 * 512, 512);
	assert_non_null(strstr(diagnosis_of(6), "; swapped with sector 1009 (+3)"));
	assert_non_null(strstr(diagnosis_of(9), "; swapped with sector 1006 (-3)"));
	fill();
	memcpy(test + 2 * 512, raw + 9 * 512, 512);
	memset(test + 9 * 512, 3, 512);
	assert_non_null(strstr(diagnosis_of(9),
			       "the data of the raw leg is in sector 1002 (-7) of the test leg"));
}

/* ---- text ----------------------------------------------------------------------------------- */

static const char *cleaned(const char *text, bool for_terminal)
{
	static char clean[64];

	strcpy(clean, text);
	text_clean(clean, for_terminal);
	return clean;
}

static void text_is_utf8_without_control(void **state)
{
	(void)state;
	assert_string_equal(cleaned("", true), "");
	assert_string_equal(cleaned("na\303\257ve \342\202\254 \360\237\230\200", true),
			    "na\303\257ve \342\202\254 \360\237\230\200");
	/* Not UTF-8: alone, cut off, longer than needed, a surrogate, too large. */
	assert_string_equal(cleaned("a\377b\200c\303", false), "a?b?c?");
	assert_string_equal(cleaned("\300\200 \340\200\200 \360\200\200\200", false), "?? ??? ????");
	assert_string_equal(cleaned("\355\240\200 \364\220\200\200 \365\200\200\200", false),
			    "??? ???? ????");
	assert_string_equal(cleaned("\342\202", false), "??");
	/* Control: escape, delete, and C1, which is two bytes. */
	assert_string_equal(cleaned("\033[7m\177\302\233\302\240", true), "?[7m???\302\240");
	assert_string_equal(cleaned("\033\n", false), "\033\n");
}

/* ---- hexdump -------------------------------------------------------------------------------- */

static void hexdump_marks_differences(void **state)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	(void)state;
	memset(raw, 'a', 512);
	memset(test, 'a', 512);
	test[17] = '\n';
	hexdump_sector(f, raw, test, false);
	fclose(f);
	assert_non_null(strstr(text, " 16  61616161 61616161 61616161 61616161 |aaaaaaaaaaaaaaaa| * "
			       "610a6161 61616161 61616161 61616161 |a.aaaaaaaaaaaaaa|\n"));
	assert_null(strstr(text, "\033"));
	assert_null(strstr(strstr(text, " * ") + 1, " * "));
	free(text);
}

/* ---- test suites ---------------------------------------------------------------------------- */

static const char *test_of(const char *text)
{
	static struct marker marker;

	return parse_marker(text, &marker) ? marker.test : NULL;
}

static void markers_are_parsed(void **state)
{
	char text[64];
	struct marker marker;

	(void)state;
	assert_true(kmsg_text("6,1234,98765,-;run fstests generic/001 at x\n KEY=value\n", text,
			      sizeof(text)));
	assert_string_equal(text, "run fstests generic/001 at x");
	assert_false(kmsg_text(" KEY=value;x", text, sizeof(text)));
	assert_false(kmsg_text("6,1234", text, sizeof(text)));

	assert_true(parse_marker("run blktests nvme/004 (tr=tcp) at 2026-11-29 01:02:03", &marker));
	assert_int_equal(marker.suite, SUITE_BLKTESTS);
	assert_string_equal(marker.test, "nvme/004__tr_tcp_");
	assert_string_equal(marker.started, "2026-11-29 01:02:03");
	assert_string_equal(test_of("run fstests look at me at x"), "look_at_me");
	assert_null(test_of("run fstests generic/001"));
	assert_null(test_of("run fstests  at x"));
	assert_null(test_of("run xfstests generic/001 at x"));
	assert_null(test_of("rerun fstests generic/001 at x"));
	assert_null(test_of("run fstests"));
}

/* A name of a test is a path below a folder. */
static void markers_name_no_other_place(void **state)
{
	char text[400];

	(void)state;
	assert_string_equal(test_of("run fstests ../../etc/x at y"), "_./_./etc/x");
	assert_string_equal(test_of("run fstests /etc/x at y"), "_etc/x");
	assert_string_equal(test_of("run fstests a//b/ at y"), "a/_b_");
	assert_string_equal(test_of("run fstests .hidden at y"), "_hidden");
	assert_string_equal(test_of("run fstests a\"\\\n;b at y"), "a____b");
	snprintf(text, sizeof(text), "run fstests %0300d at y", 1);
	assert_int_equal(strlen(test_of(text)), sizeof(((struct marker *)NULL)->test) - 1);
}

static char *printed(void (*print)(FILE *out, const struct results *results))
{
	static const struct result result[] = {
		{ "a # SKIP <b>\"&\001\xff", PASSED, NULL, NULL, 1 },
		{ "c", NOT_PASSED, "found", "ok 1 c\n# Subtest: d\nKTAP version 1\n]]>&\357\277\276", 2 },
		{ "e", SKIPPED, "# why", NULL, 0.5 },
	};
	const struct results results = { "suite # 1", result, 3 };
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	print(out, &results);
	fclose(out);
	return text;
}

static void ktap_is_not_confused_by_names(void **state)
{
	char *text = printed(results_ktap);

	(void)state;
	assert_string_equal(text, "KTAP version 1\n1..1\n"
			    "  KTAP version 1\n  # Subtest: suite _ 1\n  1..3\n"
			    "  ok 1 a _ SKIP <b>\"&??\n"
			    "  #  found\n  #  ok 1 c\n  #  # Subtest: d\n  #  KTAP version 1\n"
			    "  #  ]]>&\357\277\276\n"
			    "  not ok 2 c\n  ok 3 e # SKIP _ why\nnot ok 1 suite _ 1\n");
	free(text);
}

static void xml_is_not_confused_by_names(void **state)
{
	char *text = printed(results_junit);

	(void)state;
	assert_non_null(strstr(text, "<testcase name=\"a # SKIP &lt;b&gt;&quot;&amp;??\" "
				     "classname=\"suite # 1\" time=\"1.000\"/>"));
	assert_non_null(strstr(text, "<failure message=\"found\" type=\"blkverify\">ok 1 c\n"
				     "# Subtest: d\nKTAP version 1\n]]&gt;&amp;?</failure>"));
	assert_non_null(strstr(text, "<skipped># why</skipped>"));
	assert_non_null(strstr(text, "tests=\"3\" failures=\"1\" errors=\"0\" time=\"3.500\" "
				     "skipped=\"1\""));
	free(text);
}

/* ---- files ---------------------------------------------------------------------------------- */

static int written(const char *path, size_t size)
{
	FILE *file = fopen(path, "we");
	size_t i;

	for (i = 0; i < size; i++)
		fputc('x', file);
	return close_written(file);
}

/* Small output is only written when the file is closed. */
static void lost_output_is_an_error(void **state)
{
	(void)state;
	assert_int_equal(written("/dev/null", 10), 0);
	assert_int_equal(written("/dev/full", 0), 0);
	assert_int_equal(written("/dev/full", 10), -ENOSPC);
	assert_int_equal(written("/dev/full", 100000), -ENOSPC);
	assert_int_equal(written("/no/such/folder/file", 0), -ENOENT);
}

/* ---- margins -------------------------------------------------------------------------------- */

static void margins_fit_or_not(void **state)
{
	(void)state;
	assert_int_equal(margin_fit(2048, 32768, 1), MARGIN_FITS);
	assert_int_equal(margin_fit(4, 32768, 8), MARGIN_UNALIGNED);
	assert_int_equal(margin_fit(2047, 32768, 8), MARGIN_UNALIGNED);
	/* Something must be left in between: at least a block. */
	assert_int_equal(margin_fit(16384, 32768, 8), MARGIN_TOO_LARGE);
	assert_int_equal(margin_fit(16380, 32768, 8), MARGIN_UNALIGNED);
	assert_int_equal(margin_fit(16376, 32768, 8), MARGIN_FITS);
	assert_int_equal(margin_fit(1, 2, 1), MARGIN_TOO_LARGE);
	assert_int_equal(margin_fit(1, 3, 1), MARGIN_FITS);
	/* Twice the size is more than a number can hold. */
	assert_int_equal(margin_fit(UINT64_MAX / 512 * 8, 32768, 8), MARGIN_TOO_LARGE);
	assert_int_equal(margin_fit(UINT64_C(1) << 63, 32768, 8), MARGIN_TOO_LARGE);
}

static int compare_words(const void *a, const void *b)
{
	uint64_t one, other;

	memcpy(&one, a, sizeof(one));
	memcpy(&other, b, sizeof(other));
	return one < other ? -1 : one > other;
}

static void margins_have_no_two_words_alike(void **state)
{
	static uint8_t data[64 * SECTOR], one[SECTOR];
	size_t i;

	(void)state;
	margin_fill(data, 7, 1000, 64);
	/* A piece is the same on its own. */
	margin_fill(one, 7, 1063, 1);
	assert_memory_equal(one, data + 63 * SECTOR, SECTOR);
	margin_fill(one, 8, 1063, 1);
	assert_true(memcmp(one, data + 63 * SECTOR, SECTOR));
	qsort(data, sizeof(data) / 8, 8, compare_words);
	for (i = 8; i < sizeof(data); i += 8)
		assert_true(memcmp(data + i - 8, data + i, 8));
}

static void damage_is_described(void **state)
{
	static uint8_t data[16 * SECTOR];
	struct damages d = { .seed = 3 };

	(void)state;
	margin_fill(data, 3, 100, 16);
	margin_compare(&d, data, 100, 16);
	assert_int_equal(d.sectors, 0);
	data[SECTOR + 37] ^= 0x10;
	memset(data + 4 * SECTOR, 0, 2 * SECTOR);
	memset(data + 6 * SECTOR, 0xff, SECTOR);
	memset(data + 15 * SECTOR, 'x', SECTOR);
	/* In two pieces: a range that goes on in the next piece is one. */
	margin_compare(&d, data, 100, 5);
	margin_compare(&d, data + 5 * SECTOR, 105, 11);
	assert_int_equal(d.sectors, 5);
	assert_int_equal(d.ranges, 3);
	assert_int_equal(d.damage[0].start, 101);
	assert_int_equal(d.damage[0].nr, 1);
	assert_int_equal(d.damage[0].byte, 37);
	assert_int_equal(d.damage[0].offset, 32);
	assert_int_equal(d.damage[0].expected[5] ^ d.damage[0].found[5], 0x10);
	assert_string_equal(d.damage[0].looks, "flipped bits");
	assert_int_equal(d.damage[1].start, 104);
	assert_int_equal(d.damage[1].nr, 3);
	assert_string_equal(d.damage[1].looks, "only zeros");
	assert_int_equal(d.damage[2].start, 115);
	assert_string_equal(d.damage[2].looks, "other data");
}

/* Also if the first damage is in sector 0 or 1: nothing was damaged before it. */
static void first_damage_begins_a_range(void **state)
{
	static uint8_t data[SECTOR];
	struct damages d = { .seed = 3 };

	(void)state;
	margin_compare(&d, data, 1, 1);
	assert_int_equal(d.ranges, 1);
	assert_int_equal(d.damage[0].start, 1);
	d = (struct damages){ .seed = 3 };
	margin_compare(&d, data, 0, 1);
	assert_int_equal(d.ranges, 1);
	assert_int_equal(d.damage[0].nr, 1);
}

static void too_much_damage_is_counted(void **state)
{
	static uint8_t data[SECTOR];
	struct damages d = { .seed = 3 };
	uint64_t i;

	(void)state;
	for (i = 0; i < 2 * DAMAGES_MAX; i++) {
		margin_compare(&d, data, 4 * i, 1);
		margin_compare(&d, data, 4 * i + 1, 1);
	}
	assert_int_equal(d.sectors, 4 * DAMAGES_MAX);
	assert_int_equal(d.ranges, 2 * DAMAGES_MAX);
	assert_int_equal(d.damage[DAMAGES_MAX - 1].start, 4 * (DAMAGES_MAX - 1));
	assert_int_equal(d.damage[DAMAGES_MAX - 1].nr, 2);
}

/* ---- md ------------------------------------------------------------------------------------- */

static void members_are_parsed(void **state)
{
	struct md_state s;
	int slot;

	(void)state;
	md_parse_state("in_sync,write_mostly", &s);
	assert_true(!s.faulty && !s.journal && !s.replacement);
	md_parse_state("faulty,write_error", &s);
	assert_true(s.faulty && !s.journal);
	md_parse_state("spare,want_replacement", &s);
	assert_false(s.replacement);
	md_parse_state("replacement", &s);
	assert_true(s.replacement);
	md_parse_state("in_sync,journal", &s);
	assert_true(s.journal && !s.faulty);
	md_parse_state(",,", &s);
	assert_false(s.faulty);
	md_parse_state("", &s);
	assert_false(s.faulty);
	assert_true(md_parse_slot("3", &slot));
	assert_int_equal(slot, 3);
	assert_true(md_parse_slot("none", &slot));
	assert_int_equal(slot, -1);
	assert_false(md_parse_slot("journal", &slot));
	assert_false(md_parse_slot("", &slot));
	assert_false(md_parse_slot("4294967296", &slot));
}

static void arrays_are_parsed(void **state)
{
	uint64_t done, all;

	(void)state;
	assert_int_equal(md_redundancy("raid1"), MD_COPIES);
	assert_int_equal(md_redundancy("raid10"), MD_ONE_SPARE);
	assert_int_equal(md_redundancy("raid5"), MD_ONE_SPARE);
	assert_int_equal(md_redundancy("raid0"), MD_NONE);
	assert_int_equal(md_redundancy("linear"), MD_NONE);
	assert_int_equal(md_redundancy(""), MD_NONE);
	assert_true(md_parse_progress("128 / 4096", &done, &all));
	assert_int_equal(done, 128);
	assert_int_equal(all, 4096);
	assert_false(md_parse_progress("none", &done, &all));
	assert_false(md_parse_progress("delayed", &done, &all));
	assert_false(md_parse_progress("1 / 0", &done, &all));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(status_is_parsed),
		cmocka_unit_test(absent_and_appended_fields_are_fine),
		cmocka_unit_test(a_shorter_status_is_parsed),
		cmocka_unit_test(power_is_a_word),
		cmocka_unit_test(verdict_does_not_guess),
		cmocka_unit_test(bad_status_is_refused),
		cmocka_unit_test(table_is_parsed),
		cmocka_unit_test(sizes_are_parsed),
		cmocka_unit_test(bad_sizes_are_refused),
		cmocka_unit_test(spans_are_parsed),
		cmocka_unit_test(uncertain_ranges_are_parsed),
		cmocka_unit_test(bad_uncertain_ranges_are_refused),
		cmocka_unit_test(shares_are_rounded_up),
		cmocka_unit_test(coverage_names_the_reasons),
		cmocka_unit_test(mismatch_is_parsed),
		cmocka_unit_test(divergence_is_parsed),
		cmocka_unit_test(class_numbers_are_parsed),
		cmocka_unit_test(discards_of_a_report_are_kept),
		cmocka_unit_test(each_class_is_parsed),
		cmocka_unit_test(appended_words_are_fine),
		cmocka_unit_test(unknown_words_are_kept),
		cmocka_unit_test(too_much_is_cut),
		cmocka_unit_test(bad_reports_are_refused),
		cmocka_unit_test(list_is_parsed),
		cmocka_unit_test(new_reports_are_found),
		cmocka_unit_test(history_is_parsed),
		cmocka_unit_test(longest_report_is_whole),
		cmocka_unit_test(cpus_are_parsed),
		cmocka_unit_test(verdict_counts_ranges_that_were_lost),
		cmocka_unit_test(ranges_agree_with_a_map),
		cmocka_unit_test(diagnosis_names_the_damage),
		cmocka_unit_test(diagnosis_finds_what_moved),
		cmocka_unit_test(text_is_utf8_without_control),
		cmocka_unit_test(hexdump_marks_differences),
		cmocka_unit_test(markers_are_parsed),
		cmocka_unit_test(markers_name_no_other_place),
		cmocka_unit_test(ktap_is_not_confused_by_names),
		cmocka_unit_test(xml_is_not_confused_by_names),
		cmocka_unit_test(lost_output_is_an_error),
		cmocka_unit_test(margins_fit_or_not),
		cmocka_unit_test(margins_have_no_two_words_alike),
		cmocka_unit_test(damage_is_described),
		cmocka_unit_test(first_damage_begins_a_range),
		cmocka_unit_test(too_much_damage_is_counted),
		cmocka_unit_test(members_are_parsed),
		cmocka_unit_test(arrays_are_parsed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
