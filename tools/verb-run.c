// SPDX-License-Identifier: GPL-2.0-only
/*
 * run: one command for CI.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "crash-series.h"
#include "create.h"
#include "device.h"
#include "guard.h"
#include "members.h"
#include "module.h"
#include "options.h"
#include "run-output.h"
#include "session.h"
#include "status.h"
#include "text.h"
#include "util.h"
#include "verbs.h"

static enum format format;

/* A command that reads back little of what it wrote proves little. */
static void say_coverage(const struct device *device)
{
	uint64_t compared = device->status.value[FIELD_COMPARED];
	uint64_t written = device->status.value[FIELD_WRITTEN];
	char all[32], some[32];

	if (!compared || compared >= written / 2)
		return;
	text_of_size(written, all, sizeof(all));
	text_of_size(compared, some, sizeof(some));
	say_error("%s were written and only %s read back and compared: end the command with "
		  "\"blkverify scrub $BLKVERIFY_DEVICE\" to compare all",
		  all, some);
}

/* From the device, its reports, the margins, and the status of the command. */
static int exit_code(const struct run_outcome *o)
{
	if (o->guard && guard_found(o->guard))
		return FOUND;
	if (status_is_bad(&o->device->status))
		return o->raw_failed ? INCONCLUSIVE : FOUND;
	if (o->status)
		return o->status;
	if (o->series && (interrupted || !crash_counts_prove(&o->series->counts)))
		return INCONCLUSIVE;
	if ((o->members && !o->members->complete) || (o->guard && !guard_is_checked(o->guard)))
		return INCONCLUSIVE;
	return o->device->status.value[FIELD_COMPARED] ? DONE : INCONCLUSIVE;
}

/* What to do next. */
static void say_advice(const struct run_outcome *o)
{
	const struct status *status = &o->device->status;

	if (o->raw_failed)
		session_say_reference_failed(o->device);
	if (status_is_bad(status))
		return;
	if (o->series) {
		crash_series_advise(o->series);
		return;
	}
	say_coverage(o->device);
	if (status->value[FIELD_COMPARED] || o->status)
		return;
	if (!status->present[FIELD_COMPARED])
		say_error("the module does not report how much it compared on %s",
			  o->device->path);
	else
		say_error("nothing was compared: the command did not read a sector of %s that could be "
			  "compared%s",
			  o->device->path, opts.raw ? "" :
			  "; without --raw only sectors that it wrote before can be");
}

/* The device cannot be asked: the margins are all that is known. */
static int sum_up_margins(const struct guard *guard)
{
	if (!guard || !guard_found(guard))
		return INCONCLUSIVE;
	guard_print(stderr, guard);
	return FOUND;
}

static int sum_up(const struct session *s, const struct run_outcome *of_command)
{
	struct run_outcome outcome = *of_command;
	struct list list = { 0 };
	struct device device;

	if (device_get(s->name, &device))
		return sum_up_margins(s->guard);
	outcome.device = &device;
	outcome.list = &list;
	if (status_is_bad(&device.status)) {
		if (session_list(&device, &list))
			outcome.raw_failed = session_reference_failed(s, &device, &list);
		else
			outcome.list = NULL;
	}
	run_print(format, &outcome);
	say_advice(&outcome);
	list_free(&list);
	return exit_code(&outcome);
}

/* Returns an error of the power cuts, or DONE. */
static int run_command(struct session *s, struct crash_series *series, struct run_outcome *outcome)
{
	const struct variable variables[] = { { "BLKVERIFY_DEVICE", s->path }, { NULL, NULL } };
	double start = seconds_now();
	int r = DONE;

	if (series) {
		series->name = s->name;
		series->command = outcome->command;
		series->variables = variables;
		r = crash_series_run(series);
		series->variables = NULL;
		outcome->status = series->command_status;
	} else {
		outcome->status = command_run(outcome->command, variables, NULL, NULL);
	}
	outcome->series = series;
	outcome->seconds = seconds_now() - start;
	return r;
}

static int run_on(struct session *s, struct crash_series *series, struct members *members,
		  char **command)
{
	struct run_outcome outcome = {
		.command = command, .members = members, .guard = s->guard
	};
	int failed, r;

	signal(SIGPIPE, SIG_IGN);
	failed = run_command(s, series, &outcome);
	session_flush(s);
	if (members)
		members_run(members, s->name);
	if (s->guard)
		guard_check(s->guard);
	r = sum_up(s, &outcome);
	if (failed && r != FOUND)
		r = failed;
	fflush(stdout);
	if (session_end(s) && r == DONE)
		r = BUSY;
	return r;
}

/* ---- power cuts ----------------------------------------------------------------------------- */

/* Options that have no effect without --crash. */
static const char *crash_option(void)
{
	return opts.cut ? "--cut" : opts.restore ? "--restore" : opts.wait_for ? "--wait-for" :
	       opts.every ? "--every" : opts.full ? "--full" : opts.has_timeout ? "--timeout" :
	       opts.state ? "--state" : NULL;
}

/* An image file has no power, and its loop device goes away with the first cut. */
static int check_test(void)
{
	struct stat st;

	if (stat(opts.test, &st) || S_ISBLK(st.st_mode))
		return DONE; /* opening it will report the error */
	say_error("%s is an image file, which has no power to cut: serve it with nbdkit or "
		  "qemu-nbd",
		  opts.test);
	return WRONG_DEVICE;
}

static int prepare_crash(struct crash_series *series)
{
	int r;

	if (!opts.has_crash && crash_option()) {
		say_error("%s needs --crash N", crash_option());
		return FAILED;
	}
	if (!opts.has_crash)
		return DONE;
	if (!opts.crash) {
		say_error("--crash 0 cuts nothing: specify how often to cut the power");
		return FAILED;
	}
	if (!opts.cut) {
		say_error("--crash %" PRIu64 " needs --cut: specify what cuts the power of the "
			  "test device, such as --cut null_blk:nullb0",
			  opts.crash);
		return FAILED;
	}
	r = check_test();
	if (r)
		return r;
	opts.words[OPTION_CRASH] = "";
	series->wanted = opts.crash;
	r = crash_series_prepare(series);
	if (!series->path)
		series->path = opts.test;
	return r;
}

/* ---- margins, members ----------------------------------------------------------------------- */

/* A device on top, or an array, would not let go of what has lost its power. */
static int check_crash_alone(void)
{
	if (!opts.has_crash || !(opts.has_guard || opts.fail_members))
		return DONE;
	say_error("%s and --crash are mutually exclusive",
		  opts.has_guard ? "--guard" : "--fail-members");
	return FAILED;
}

/* The margins are filled last, when nothing else can fail. */
static int begin_session(struct session *s, const char *name, struct guard *guard)
{
	int r = session_begin(s, name, opts.raw, opts.test, guard);

	if (r || !guard)
		return r;
	r = guard_fill(guard);
	if (r)
		session_end(s);
	return r;
}

/* --------------------------------------------------------------------------------------------- */

int verb_run(char **argv)
{
	struct crash_series series = { 0 };
	struct members members = { 0 };
	struct session session;
	struct guard guard;
	char name[32];
	int r;

	if (opts.output && !parse_format(opts.output, &format)) {
		say_error("--output \"%s\" is none of text, json, ktap, junit", opts.output);
		return FAILED;
	}
	if (!opts.test) {
		say_error("--test is missing: specify the device or image under test");
		return FAILED;
	}
	r = check_crash_alone();
	if (!r)
		r = prepare_crash(&series);
	if (!r && opts.has_guard)
		r = guard_prepare(&guard);
	if (r)
		return r;
	snprintf(name, sizeof(name), "blkverify-%ld", (long)getpid());
	/* A signal between the creation of the device and the command must not leave the device. */
	catch_signals_by(command_pass_signal_on, SA_RESTART);
	if (format != FORMAT_TEXT)
		command_keep_output();
	r = create_check_options();
	if (!r)
		r = module_need_target();
	if (!r && opts.report_as_bug)
		r = module_report_as_bug();
	if (!r && opts.fail_members)
		r = members_prepare(&members, opts.test);
	if (!r)
		r = begin_session(&session, opts.name ? opts.name : name,
				  opts.has_guard ? &guard : NULL);
	if (!r)
		r = run_on(&session, opts.has_crash ? &series : NULL,
			   opts.fail_members ? &members : NULL, argv);
	members_free(&members);
	return r;
}
