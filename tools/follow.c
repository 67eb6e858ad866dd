// SPDX-License-Identifier: GPL-2.0-only
/* See follow.h. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dm.h"
#include "follow.h"
#include "json.h"
#include "kernel-log.h"
#include "options.h"
#include "print.h"
#include "results.h"
#include "status.h"
#include "text.h"
#include "util.h"

#define RECORD_MAX 16384	/* longer than any record of the kernel */
#define MARK_MAX 47		/* the longest text of the message mark */

/* How often, and how long, to wait for counts and reports that agree. */
#define AGREE_TRIES 5
#define AGREE_WAIT_US 2000

/* Its findings are shown like those of a test. */
#define BEFORE_THE_FIRST "before-the-first-test"

/* ---- one device ----------------------------------------------------------------------------- */

static uint64_t growth(const struct followed *d, enum field field)
{
	return status_growth(&d->before.status, &d->now.status, field);
}

static uint64_t count_findings(const struct followed *d)
{
	return growth(d, FIELD_MISMATCHES) + growth(d, FIELD_DIVERGENCES);
}

/* A device that is gone stays as it was seen last. */
static void look(struct followed *d)
{
	struct device device;

	if (d->gone)
		return;
	if (device_get(d->before.name, &device))
		d->gone = true;
	else
		d->now = device;
}

/* The reports that are newer than what the last test got; false if they cannot be read. */
static bool list_new(struct followed *d, struct list *list)
{
	size_t old;

	memset(list, 0, sizeof(*list));
	if (d->gone || device_list(d->before.name, list))
		return false;
	old = list_first_new(list, &d->seen);
	list->nr -= old;
	memmove(list->reports, list->reports + old, list->nr * sizeof(*list->reports));
	return true;
}

static void set_mark(const struct followed *d, const char *text)
{
	char message[MARK_MAX + 8];
	int r;

	snprintf(message, sizeof(message), "%s%s%.*s", message_words[MESSAGE_MARK],
		 *text ? " " : "", MARK_MAX, text);
	r = d->gone ? 0 : dm_message(d->before.name, 0, message, NULL);
	/* A device that is gone is reported when it is looked at. */
	if (r && r != -ENXIO)
		say_error("cannot send the message \"%s\" to %s: --debug shows more", message,
			  d->before.name);
}

static bool has_mark(const struct report *r, const char *text)
{
	const char *mark = words_find(&r->more, "mark");

	return mark && !strncmp(mark, text, MARK_MAX);
}

/*
 * Leave the reports that already have the mark of the next test to that test, with their counts. A
 * test that runs twice in a row has the same mark.
 */
static void leave_to_next(struct followed *d, struct list *list, const char *next)
{
	while (list->nr && has_mark(&list->reports[list->nr - 1], next)) {
		enum kind kind = list->reports[--list->nr].kind;
		enum field field = kind == KIND_MISMATCH ? FIELD_MISMATCHES : FIELD_DIVERGENCES;

		if (d->now.status.value[field])
			d->now.status.value[field]--;
	}
}

/*
 * Look at the counts and the reports of the test. A finding is counted before it is recorded, and
 * may arrive in between: try again until they agree. After a reset they do not.
 */
static void look_at_all(struct followed *d, struct list *list)
{
	uint64_t newest;
	int tries = AGREE_TRIES;

	for (;;) {
		look(d);
		d->unlisted = !list_new(d, list);
		if (d->unlisted)
			return;
		newest = list->nr ? list->reports[list->nr - 1].number : d->seen;
		if (newest - d->seen == count_findings(d) || !--tries)
			return;
		list_free(list);
		usleep(AGREE_WAIT_US);
	}
}

/* ---- files ---------------------------------------------------------------------------------- */

/* Make the folders of a path. */
static void make_folders(char *path)
{
	char *slash;

	for (slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0777);
		*slash = '/';
	}
}

static void close_file(struct follow *f, FILE *file, const char *path)
{
	int r = close_written(file);

	if (!r)
		return;
	say_error("cannot write %s: %s", path, strerror(-r));
	f->failed = true;
}

/* A test that runs again gets another file: X.2.blkverify.json */
static size_t count_earlier(const struct follow *f, const char *name)
{
	size_t i, nr = 0;

	for (i = 0; i < f->nr_tests; i++)
		nr += !strcmp(f->tests[i].name, name);
	return nr;
}

static void path_of_document(const struct follow *f, char *path, size_t size)
{
	size_t earlier = count_earlier(f, f->marker.test);
	char again[24] = "";

	if (earlier)
		snprintf(again, sizeof(again), ".%zu", earlier + 1);
	snprintf(path, size, "%s/%s%s.blkverify.json", opts.out, f->marker.test, again);
}

static void write_document(struct follow *f, const struct list *lists)
{
	const struct json_test test = {
		.suite = f->marker.suite < NR_SUITES ? suite_words[f->marker.suite] : NULL,
		.name = f->marker.test,
		.started = f->marker.started,
		.seconds = seconds_now() - f->since,
		.devices = f->devices,
		.lists = lists,
		.nr = f->nr_devices,
	};
	char path[4096];
	FILE *file;

	path_of_document(f, path, sizeof(path));
	make_folders(path);
	file = fopen(path, "we");
	if (file)
		json_test(file, &test);
	close_file(f, file, path);
}

static void path_of_hint(const struct follow *f, char *path, size_t size)
{
	snprintf(path, size, "%s/%s.hints", opts.hints, f->marker.test);
}

static void write_hint(struct follow *f)
{
	char path[4096];
	FILE *file;

	path_of_hint(f, path, sizeof(path));
	file = fopen(path, "ae");
	if (file)
		fputs(f->hint, file);
	else
		f->hint[0] = '\0';
	close_file(f, file, path);
}

/* Two lines that xfstests prints with the failure of the test. */
static void make_hint(struct follow *f, const struct followed *d, const struct report *r)
{
	char what[320], class[48];

	text_of_class(r, class, sizeof(class));
	if (r->kind == KIND_MISMATCH)
		snprintf(what, sizeof(what), "contents mismatch in sector %" PRIu64
			 " of %s (class=%s)", r->bad_sector, d->now.path, class);
	else
		snprintf(what, sizeof(what), "%s divergence in sector %" PRIu64
			 " of %s (raw=%d test=%d)", r->op, r->sector, d->now.path, r->raw_error,
			 r->test_error);
	snprintf(f->hint, sizeof(f->hint),
		 "HINT: blkverify: %s during this test\n"
		 "      \"blkverify report %s\" shows the reports with mark=\"%.*s\"\n",
		 what, d->now.name, MARK_MAX, f->marker.test);
	write_hint(f);
}

/* The target has logged something. */
static void look_for_hint(struct follow *f, struct followed *d)
{
	struct list list;

	if (!opts.hints || !f->in_test || f->marker.suite != SUITE_FSTESTS || f->hinted)
		return;
	list_new(d, &list);
	if (list.nr) {
		make_hint(f, d, &list.reports[0]);
		f->hinted = true;
	}
	list_free(&list);
}

/*
 * A test of xfstests removes the file when it begins. By then the suite has wiped the scratch
 * device for it, and a bad sector may have been read.
 */
static void keep_hint(struct follow *f)
{
	char path[4096];

	if (!f->hint[0])
		return;
	path_of_hint(f, path, sizeof(path));
	if (access(path, F_OK) && errno == ENOENT)
		write_hint(f);
}

/* ---- tests ---------------------------------------------------------------------------------- */

static const char *verdict_of(const struct follow *f, const struct tested *test)
{
	uint64_t mismatches = 0;
	size_t i;

	for (i = 0; i < f->nr_devices; i++)
		mismatches += growth(&f->devices[i], FIELD_MISMATCHES);
	if (test->findings)
		return mismatches ? "mismatch found" : "divergence found";
	if (test->gone)
		return "a device is gone";
	return test->compared ? "no mismatch found" : "nothing compared";
}

struct reports {
	const struct follow *follow;
	const struct list *lists;
};

static void print_all_reports(FILE *out, const void *reports)
{
	const struct reports *r = reports;
	size_t i;

	for (i = 0; i < r->follow->nr_devices; i++) {
		const struct followed *d = &r->follow->devices[i];

		if (r->lists[i].nr)
			print_reports(out, &d->now, &r->lists[i]);
		else if (d->unlisted && count_findings(d))
			print_reports(out, &d->now, NULL);
	}
}

static void add_test(struct follow *f, const struct list *lists)
{
	struct tested *tests = realloc(f->tests, (f->nr_tests + 1) * sizeof(*tests)), *test;
	const struct reports reports = { f, lists };
	size_t i;

	if (!tests) {
		say_error("no memory for the result of %s", f->marker.test);
		f->failed = true;
		return;
	}
	f->tests = tests;
	test = &tests[f->nr_tests++];
	memset(test, 0, sizeof(*test));
	snprintf(test->name, sizeof(test->name), "%s", f->marker.test);
	test->seconds = seconds_now() - f->since;
	for (i = 0; i < f->nr_devices; i++) {
		test->compared += growth(&f->devices[i], FIELD_COMPARED);
		test->findings += count_findings(&f->devices[i]);
		test->gone |= f->devices[i].gone;
	}
	test->verdict = verdict_of(f, test);
	if (test->findings)
		test->details = text_printed(print_all_reports, &reports);
}

/* What happened before the first test is only shown if something was found. */
static bool is_shown(const struct follow *f)
{
	uint64_t findings = 0;
	size_t i;

	for (i = 0; i < f->nr_devices; i++)
		findings += count_findings(&f->devices[i]);
	return f->in_test || findings;
}

/* @next: the mark of the next test, which the devices have already; NULL if there is none */
static void end_test(struct follow *f, const char *next)
{
	struct list *lists = calloc(f->nr_devices, sizeof(*lists));
	size_t i;

	for (i = 0; i < f->nr_devices; i++) {
		if (lists)
			look_at_all(&f->devices[i], &lists[i]);
		else
			look(&f->devices[i]);
		if (lists && next && strncmp(next, f->marker.test, MARK_MAX))
			leave_to_next(&f->devices[i], &lists[i], next);
	}
	if (lists && is_shown(f)) {
		if (opts.out)
			write_document(f, lists);
		add_test(f, lists);
	}
	for (i = 0; i < f->nr_devices; i++) {
		f->devices[i].before = f->devices[i].now;
		if (lists && lists[i].nr)
			f->devices[i].seen = lists[i].reports[lists[i].nr - 1].number;
		if (lists)
			list_free(&lists[i]);
	}
	free(lists);
}

/*
 * The suite does not wait: mark the devices first, so that a finding from now on belongs to this
 * test both by its mark and by the counts.
 */
static void begin_test(struct follow *f, const struct marker *marker)
{
	size_t i;

	for (i = 0; i < f->nr_devices; i++)
		set_mark(&f->devices[i], marker->test);
	end_test(f, marker->test);
	f->marker = *marker;
	f->in_test = true;
	f->hinted = false;
	f->hint[0] = '\0';
	f->since = seconds_now();
	say_debug("test %s begins", f->marker.test);
}

/* ---- the kernel log ------------------------------------------------------------------------- */

static void handle_record(struct follow *f, const char *record)
{
	char text[RECORD_MAX], ours[160];
	struct marker marker;
	size_t i;

	if (!kmsg_text(record, text, sizeof(text)))
		return;
	if (parse_marker(text, &marker)) {
		begin_test(f, &marker);
		return;
	}
	for (i = 0; i < f->nr_devices; i++) {
		snprintf(ours, sizeof(ours), " blkverify: %s: ", f->devices[i].before.name);
		if (strstr(text, ours))
			look_for_hint(f, &f->devices[i]);
	}
}

/* Each read returns one record. */
static void read_records(struct follow *f)
{
	char record[RECORD_MAX];
	ssize_t len;

	for (;;) {
		len = read(f->kmsg, record, sizeof(record) - 1);
		if (len >= 0) {
			record[len] = '\0';
			handle_record(f, record);
		} else if (errno == EPIPE) {
			say_error("the kernel has overwritten lines of its log that were not read yet: "
				  "a test may be counted as part of the one before it");
		} else if (errno != EINTR) {
			return;
		}
	}
}

void follow_begin(struct follow *f, const char *test)
{
	struct marker marker = { .suite = NR_SUITES };

	read_records(f);
	snprintf(marker.test, sizeof(marker.test), "%s", test);
	begin_test(f, &marker);
}

void follow_wait(struct follow *f, int milliseconds)
{
	struct pollfd kmsg = { .fd = f->kmsg, .events = POLLIN };

	poll(&kmsg, 1, milliseconds);
	read_records(f);
	keep_hint(f);
}

/* ---- start and end -------------------------------------------------------------------------- */

int follow_start(struct follow *f, char **names)
{
	struct list list;
	size_t i;
	int r;

	*f = (struct follow){ .kmsg = kernel_log_open(), .since = seconds_now(),
			      .marker.suite = NR_SUITES };
	if (f->kmsg < 0) {
		say_error("cannot read the kernel log, /dev/kmsg: %s", strerror(-f->kmsg));
		return exit_code_of(f->kmsg);
	}
	snprintf(f->marker.test, sizeof(f->marker.test), BEFORE_THE_FIRST);
	while (names[f->nr_devices])
		f->nr_devices++;
	f->devices = calloc(f->nr_devices, sizeof(*f->devices));
	if (!f->devices)
		return NO_MEMORY;
	for (i = 0; i < f->nr_devices; i++) {
		r = device_get(names[i], &f->devices[i].before);
		if (!r)
			r = device_list(f->devices[i].before.name, &list);
		if (r)
			return r;
		f->devices[i].now = f->devices[i].before;
		if (list.nr)
			f->devices[i].seen = list.reports[list.nr - 1].number;
		list_free(&list);
	}
	return DONE;
}

static void print_tests(const struct follow *f)
{
	size_t i;

	printf("%-24s %12s %10s  %s\n", "TEST", "COMPARED", "FINDINGS", "VERDICT");
	for (i = 0; i < f->nr_tests; i++)
		printf("%-24s %12" PRIu64 " %10" PRIu64 "  %s\n", f->tests[i].name,
		       f->tests[i].compared, f->tests[i].findings, f->tests[i].verdict);
}

static enum outcome outcome_of(const struct tested *test)
{
	if (test->findings)
		return NOT_PASSED;
	return test->gone || !test->compared ? SKIPPED : PASSED;
}

static void print_results(const struct follow *f)
{
	struct result *result = calloc(f->nr_tests + 1, sizeof(*result));
	struct results results = { "blkverify follow", result, f->nr_tests };
	size_t i;

	for (i = 0; result && i < f->nr_tests; i++)
		result[i] = (struct result){ .name = f->tests[i].name,
					     .outcome = outcome_of(&f->tests[i]),
					     .reason = f->tests[i].verdict,
					     .details = f->tests[i].details,
					     .seconds = f->tests[i].seconds };
	if (result && opts.ktap)
		results_ktap(stdout, &results);
	else if (result)
		results_junit(stdout, &results);
	free(result);
}

static int exit_code(const struct follow *f)
{
	bool compared = false, gone = false;
	size_t i;

	for (i = 0; i < f->nr_tests; i++) {
		if (f->tests[i].findings)
			return FOUND;
		compared |= f->tests[i].compared > 0;
		gone |= f->tests[i].gone;
	}
	if (f->failed)
		return FAILED;
	if (!f->nr_tests)
		say_error("no test of blktests or xfstests began while this ran");
	else if (!compared)
		say_error("nothing was compared during the tests: do they use the device?");
	return compared && !gone ? DONE : INCONCLUSIVE;
}

int follow_end(struct follow *f)
{
	size_t i;

	read_records(f);
	end_test(f, NULL);
	for (i = 0; i < f->nr_devices; i++)
		set_mark(&f->devices[i], "");
	if (opts.ktap || opts.junit)
		print_results(f);
	else
		print_tests(f);
	return exit_code(f);
}

void follow_free(struct follow *f)
{
	size_t i;

	for (i = 0; i < f->nr_tests; i++)
		free(f->tests[i].details);
	free(f->tests);
	free(f->devices);
	close(f->kmsg);
}
