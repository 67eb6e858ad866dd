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

/* The target reports what differs. Returns false if a part could not be read. */
static bool read_range(int fd, void *buffer, uint64_t start, uint64_t end)
{
	bool all = true;
	uint64_t nr;

	for (; start < end && !interrupted; start += nr) {
		nr = end - start < CHUNK_SECTORS ? end - start : CHUNK_SECTORS;
		all &= !read_sectors(fd, buffer, start, nr);
	}
	return all && start >= end;
}

/* The data of the reference file, in whole blocks of the device. */
static bool read_data(const struct session *s, int fd, void *buffer, uint64_t sectors)
{
	uint64_t block = s->raw.block > s->test.block ? s->raw.block : s->test.block, first, last;
	off_t start = 0, end;
	bool all = true;

	while ((start = lseek(s->reference, start, SEEK_DATA)) >= 0) {
		end = lseek(s->reference, start, SEEK_HOLE);
		if (end < 0)
			return false;
		first = (uint64_t)start / SECTOR / block * block;
		last = ((uint64_t)end / SECTOR + block - 1) / block * block;
		all &= read_range(fd, buffer, first, last < sectors ? last : sectors);
		start = end;
	}
	/* Past the last data, lseek() fails with ENXIO. */
	return all && errno == ENXIO;
}

/*
 * Read what was written and not discarded since: the data of the reference file. The suite may not
 * have read it back. Returns false if a part could not be read.
 */
static bool read_back(const struct session *s, uint64_t sectors)
{
	void *buffer = aligned_buffer(CHUNK_SECTORS * SECTOR);
	int fd = open(s->path, O_RDONLY | O_DIRECT | O_CLOEXEC);
	bool all = false;

	if (fd < 0)
		say_error("cannot open %s to read back what was written: %s", s->path,
			  strerror(errno));
	else if (buffer)
		all = read_data(s, fd, buffer, sectors);
	if (fd >= 0)
		close(fd);
	free(buffer);
	return all;
}

/* Of what was written, nothing may be left out of the comparison but what was discarded since. */
static bool is_comparable(const struct status *status)
{
	return !status->value[FIELD_DISTRUSTED_FAILED] && !status->value[FIELD_DISTRUSTED_MEMORY];
}

/* ---- the verdict ---------------------------------------------------------------------------- */

/* Whether something was found on the device that is not only its reference file that failed. */
static bool has_findings(const struct session *s, const struct device *device, bool *failed)
{
	struct list list;
	bool reference;

	if (!status_is_bad(&device->status))
		return false;
	if (!session_list(device, &list)) {
		print_reports(stderr, device, NULL);
		return true;
	}
	reference = session_reference_failed(s, device, &list);
	if (reference)
		session_say_reference_failed(device);
	else
		print_reports(stderr, device, &list);
	list_free(&list);
	*failed |= reference;
	return !reference;
}

/* With what the tests add up to, and whether all was read back. */
static int judge(const struct session *sessions, const struct follow *f, int followed, int status,
		 bool all)
{
	bool failed = false, found = false;
	size_t i;

	for (i = 0; i < NR_DEVICES; i++)
		found |= has_findings(&sessions[i], &f->devices[i].now, &failed);
	/* They may have been reset since. */
	if (found || (followed == FOUND && !failed))
		return FOUND;
	if (failed)
		return INCONCLUSIVE;
	if (status)
		return status;
	if (all)
		return followed;
	say_error("not all that was written could be read back and compared");
	return INCONCLUSIVE;
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
	bool all = true;
	size_t i;

	for (i = 0; i < NR_DEVICES; i++)
		session_flush(&sessions[i]);
	follow_begin(f, "reading-back");
	for (i = 0; i < NR_DEVICES; i++)
		all &= read_back(&sessions[i], f->devices[i].now.length);
	followed = follow_end(f);
	for (i = 0; i < NR_DEVICES; i++)
		all &= is_comparable(&f->devices[i].now.status);
	fflush(stdout);
	return judge(sessions, f, followed, status, all);
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
	int r = session_begin(&sessions[TEST_DEV], "blkverify-test", NULL, opts.test, NULL), i, nr = 0;

	if (!r) {
		nr = 1;
		r = session_begin(&sessions[SCRATCH_DEV], "blkverify-scratch", NULL, opts.scratch, NULL);
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
