// SPDX-License-Identifier: GPL-2.0-only
/*
 * fstests: run xfstests on two devices, and assign findings to its tests.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "create.h"
#include "follow.h"
#include "module.h"
#include "options.h"
#include "print.h"
#include "sectors.h"
#include "session.h"
#include "status.h"
#include "util.h"
#include "verbs.h"

enum { TEST_DEV, SCRATCH_DEV, NR_DEVICES };

#define LOOK_MS 100

/* ---- reading back --------------------------------------------------------------------------- */

/* Read a range through the device. The target reports what differs, so errors do not matter. */
static void read_range(int fd, void *buffer, uint64_t start, uint64_t end)
{
	uint64_t nr;

	for (; start < end && !interrupted; start += nr) {
		nr = end - start < CHUNK_SECTORS ? end - start : CHUNK_SECTORS;
		read_sectors(fd, buffer, start, nr);
	}
}

/*
 * Read what was written and not discarded since: the data of the reference file. The suite may not
 * have read it back.
 */
static void read_back(const struct session *s, uint64_t sectors)
{
	void *buffer = aligned_buffer(CHUNK_SECTORS * SECTOR);
	int fd = open(s->path, O_RDONLY | O_DIRECT | O_CLOEXEC);
	off_t start = 0, end;

	if (fd < 0)
		say_error("cannot open %s to read back what was written: %s", s->path,
			  strerror(errno));
	while (fd >= 0 && buffer && (start = lseek(s->reference, start, SEEK_DATA)) >= 0) {
		end = lseek(s->reference, start, SEEK_HOLE);
		/* Whole blocks of the device: a page of the file has at least one. */
		read_range(fd, buffer, (uint64_t)start / SECTOR,
			   (uint64_t)end / SECTOR < sectors ? (uint64_t)end / SECTOR : sectors);
		start = end;
	}
	if (fd >= 0)
		close(fd);
	free(buffer);
}

/* ---- the verdict ---------------------------------------------------------------------------- */

/* With what the tests add up to. */
static int judge(const struct session *sessions, const struct follow *f, int followed, int status)
{
	bool failed = false, found = false;
	struct list list;
	size_t i;

	for (i = 0; i < NR_DEVICES; i++) {
		const struct device *device = &f->devices[i].now;

		if (!status_is_bad(&device->status) || !session_list(device, &list))
			continue;
		if (session_reference_failed(&sessions[i], device, &list)) {
			failed = true;
			say_error("the reference file of %s failed: is the filesystem full? Use "
				  "--raw-dir to choose another directory",
				  device->name);
		} else {
			found = true;
			print_reports(stderr, device, &list);
		}
		list_free(&list);
	}
	if (found)
		return FOUND;
	if (failed)
		return INCONCLUSIVE;
	return status ? status : followed;
}

/* ---- the run -------------------------------------------------------------------------------- */

static void look_at_log(void *data)
{
	follow_wait(data, LOOK_MS);
}

static int run_suite(struct session *sessions, struct follow *f, char **command)
{
	const struct variable variables[] = { { "TEST_DEV", sessions[TEST_DEV].path },
					      { "SCRATCH_DEV", sessions[SCRATCH_DEV].path },
					      { NULL, NULL } };
	int status = command_run(command, variables, look_at_log, f), followed;
	size_t i;

	for (i = 0; i < NR_DEVICES; i++)
		session_flush(&sessions[i]);
	follow_begin(f, "reading-back");
	for (i = 0; i < NR_DEVICES; i++)
		read_back(&sessions[i], f->devices[i].now.length);
	followed = follow_end(f);
	fflush(stdout);
	return judge(sessions, f, followed, status);
}

static int run_on(struct session *sessions, char **command)
{
	char *names[] = { sessions[TEST_DEV].name, sessions[SCRATCH_DEV].name, NULL };
	struct follow f;
	int r;

	signal(SIGPIPE, SIG_IGN);
	r = follow_start(&f, names);
	if (!r) {
		r = run_suite(sessions, &f, command);
		follow_free(&f);
	}
	return r;
}

static int run_on_devices(char **command)
{
	struct session sessions[NR_DEVICES];
	int r = session_begin(&sessions[TEST_DEV], "blkverify-test", NULL, opts.test), i, nr = 0;

	if (!r) {
		nr = 1;
		r = session_begin(&sessions[SCRATCH_DEV], "blkverify-scratch", NULL, opts.scratch);
	}
	if (!r) {
		nr = NR_DEVICES;
		r = run_on(sessions, command);
	}
	for (i = 0; i < nr; i++)
		if (session_end(&sessions[i]) && r == DONE)
			r = BUSY;
	return r;
}

/* The folder in which xfstests expects hints. */
static const char *results_folder(void)
{
	const char *base = getenv("RESULT_BASE");

	return base && *base ? base : "results";
}

int verb_fstests(char **argv)
{
	int r;

	if (!opts.test || !opts.scratch) {
		say_error("--%s is missing: specify a device or image that xfstests may overwrite",
			  opts.test ? "scratch" : "test");
		return FAILED;
	}
	if (opts.ktap && opts.junit) {
		say_error("--ktap, --junit are mutually exclusive");
		return FAILED;
	}
	if (!opts.hints)
		opts.hints = results_folder();
	catch_signals_by(command_pass_signal_on, SA_RESTART);
	command_keep_output();
	r = create_check_options();
	if (!r)
		r = module_need_target();
	if (!r)
		r = module_report_as_bug();
	return r ? r : run_on_devices(argv);
}
