// SPDX-License-Identifier: GPL-2.0-only
/*
 * run: one command for CI.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "create.h"
#include "device.h"
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

/* From the device, its reports, and the status of the command. */
static int exit_code(const struct run_outcome *o)
{
	if (status_is_bad(&o->device->status))
		return o->raw_failed ? INCONCLUSIVE : FOUND;
	if (o->status || o->device->status.value[FIELD_COMPARED])
		return o->status;
	return INCONCLUSIVE;
}

/* What to do next. */
static void say_advice(const struct run_outcome *o)
{
	const struct status *status = &o->device->status;

	if (o->raw_failed)
		session_say_reference_failed(o->device);
	if (status_is_bad(status))
		return;
	say_coverage(o->device);
	if (exit_code(o) != INCONCLUSIVE || o->status)
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

static int sum_up(const struct session *s, int status, char **command, double seconds)
{
	struct device device;
	struct list list = { 0 };
	struct run_outcome outcome = { .device = &device,
				       .list = &list,
				       .command = command,
				       .status = status,
				       .seconds = seconds };

	if (device_get(s->name, &device))
		return INCONCLUSIVE;
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

static int run_on(struct session *s, char **command)
{
	const struct variable variables[] = { { "BLKVERIFY_DEVICE", s->path }, { NULL, NULL } };
	double start = seconds_now();
	int status, r;

	signal(SIGPIPE, SIG_IGN);
	status = command_run(command, variables, NULL, NULL);
	session_flush(s);
	r = sum_up(s, status, command, seconds_now() - start);
	fflush(stdout);
	if (session_end(s) && r == DONE)
		r = BUSY;
	return r;
}

int verb_run(char **argv)
{
	struct session session;
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
	if (!r)
		r = session_begin(&session, opts.name ? opts.name : name, opts.raw, opts.test);
	return r ? r : run_on(&session, argv);
}
