// SPDX-License-Identifier: GPL-2.0-only
/* See run-output.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crash-output.h"
#include "guard.h"
#include "json.h"
#include "members.h"
#include "print.h"
#include "results.h"
#include "run-output.h"
#include "status.h"
#include "text.h"
#include "util.h"

const char *const format_words[NR_FORMATS] = {
	[FORMAT_TEXT] = "text",
	[FORMAT_JSON] = "json",
	[FORMAT_KTAP] = "ktap",
	[FORMAT_JUNIT] = "junit",
};

bool parse_format(const char *word, enum format *format)
{
	for (*format = 0; *format < NR_FORMATS; (*format)++)
		if (!strcmp(word, format_words[*format]))
			return true;
	return false;
}

static void print_text(const struct run_outcome *o)
{
	if (status_is_bad(&o->device->status))
		print_reports(stdout, o->device, o->list);
	if (o->series)
		crash_print_counts(o->series);
	if (o->members)
		members_print(stdout, o->members);
	if (o->guard)
		guard_print(stdout, o->guard);
	print_status(o->device);
}

static void print_all_reports(FILE *out, const void *outcome)
{
	const struct run_outcome *o = outcome;

	print_reports(out, o->device, o->list);
}

static void print_members(FILE *out, const void *members)
{
	members_print(out, members);
}

static void print_guard(FILE *out, const void *guard)
{
	guard_print(out, guard);
}

static struct result nothing_found(const struct run_outcome *o, const char *reports)
{
	struct result r = { .name = "nothing was found", .seconds = o->seconds };

	if (!status_is_bad(&o->device->status))
		return r;
	r.outcome = NOT_PASSED;
	r.reason = o->raw_failed ? "the reference file failed, so the test leg was not verified" :
				   status_verdict(&o->device->status);
	r.details = reports;
	return r;
}

static struct result something_compared(const struct run_outcome *o)
{
	struct result r = { .name = "something was compared" };

	if (o->device->status.value[FIELD_COMPARED])
		return r;
	r.outcome = NOT_PASSED;
	r.reason = o->device->status.present[FIELD_COMPARED] ?
		   "nothing was compared" : "the module does not report how much it compared";
	return r;
}

static struct result raw_healthy(const struct run_outcome *o, char *reason, size_t size)
{
	struct result r = { .name = "the raw leg is healthy" };

	if (status_is_zero(&o->device->status, FIELD_RAW_ERRORS))
		return r;
	r.outcome = NOT_PASSED;
	r.reason = "the module does not report errors of the raw leg";
	if (o->device->status.present[FIELD_RAW_ERRORS]) {
		snprintf(reason, size, "the raw leg failed %" PRIu64 " requests",
			 o->device->status.value[FIELD_RAW_ERRORS]);
		r.reason = reason;
	}
	return r;
}

static struct result something_proven(const struct run_outcome *o)
{
	struct result r = { .name = "a power cut has proved something" };

	if (crash_counts_prove(&o->series->counts))
		return r;
	r.outcome = NOT_PASSED;
	r.reason = o->series->counts.cuts ? "no block was uncertain after a power cut" :
					    "the power was not cut";
	return r;
}

static struct result right_without_members(const struct run_outcome *o, const char *rounds)
{
	struct result r = { .name = "the data is right without each member" };

	if (o->members->complete)
		return r;
	r.outcome = NOT_PASSED;
	r.reason = members_found(o->members) ? "wrong data without a member of the test device" :
					       "not everything was read without each member";
	r.details = rounds;
	return r;
}

static struct result margins_unchanged(const struct run_outcome *o, const char *damages)
{
	struct result r = { .name = "nothing was written outside" };

	if (guard_is_checked(o->guard) && !guard_found(o->guard))
		return r;
	r.outcome = NOT_PASSED;
	r.reason = guard_found(o->guard) ? "the margins of the test device were overwritten" :
					   "the margins of the test device were not checked";
	r.details = damages;
	return r;
}

static void print_results(enum format format, const struct run_outcome *o)
{
	char reason[64], *reports = text_printed(print_all_reports, o);
	char *rounds = o->members ? text_printed(print_members, o->members) : NULL;
	char *damages = o->guard ? text_printed(print_guard, o->guard) : NULL;
	struct result result[6] = {
		nothing_found(o, reports),
		something_compared(o),
		raw_healthy(o, reason, sizeof(reason)),
	};
	struct results results = { "blkverify run", result, 3 };

	if (o->series)
		result[results.nr++] = something_proven(o);
	if (o->members)
		result[results.nr++] = right_without_members(o, rounds);
	if (o->guard)
		result[results.nr++] = margins_unchanged(o, damages);
	if (format == FORMAT_KTAP)
		results_ktap(stdout, &results);
	else
		results_junit(stdout, &results);
	free(reports);
	free(rounds);
	free(damages);
}

void run_print(enum format format, const struct run_outcome *o)
{
	if (format == FORMAT_TEXT) {
		print_text(o);
		return;
	}
	if (format == FORMAT_JSON)
		json_run(o);
	else
		print_results(format, o);
}
