// SPDX-License-Identifier: GPL-2.0-only
/* See crash-cycle.h. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "child.h"
#include "crash-cycle.h"
#include "dm.h"
#include "kernel-log.h"
#include "parse.h"
#include "reader.h"
#include "util.h"

/* How often to look for the test device, and to try to load a table with it. */
#define LOOK_US 50000
/* The share of the timeout after which a device seems to hold requests. */
#define DRAIN_SHARE 4

/* ---- messages and tables -------------------------------------------------------------------- */

struct target_message {
	const char *name, *text;
};

static int send_message(void *data)
{
	const struct target_message *m = data;

	return dm_message(m->name, 0, m->text, NULL);
}

static int say_failure(const struct crash_cycle *cycle, const char *what, int error, int log)
{
	kernel_log_say(log);
	if (error == -ETIMEDOUT)
		say_error("%s of %s did not end within %g s: the test device neither completes "
			  "nor fails its requests",
			  what, cycle->device.name, cycle->timeout);
	else if (error == -EINTR)
		say_error("interrupted: %s of %s has not ended", what, cycle->device.name);
	else
		say_error("%s of %s failed: %s", what, cycle->device.name, strerror(-error));
	return error == -EINTR ? INCONCLUSIVE : exit_code_of(error);
}

/* In a child: "crash cut" waits for requests, and all others wait for "crash cut". */
static int tell_target(const struct crash_cycle *cycle, const char *text)
{
	struct target_message message = { cycle->device.name, text };
	int log = kernel_log_open();
	int r = child_call(send_message, &message, cycle->timeout);
	char what[64];

	snprintf(what, sizeof(what), "the message \"%s\"", text);
	if (r)
		r = say_failure(cycle, what, r, log);
	kernel_log_close(log);
	return r;
}

struct table_line {
	const char *name;
	uint64_t sectors;
	char params[1024];
};

static int replace_table(void *data)
{
	const struct table_line *line = data;

	return dm_replace(line->name, line->sectors, line->params);
}

static unsigned int count_words(const char *text)
{
	unsigned int nr = 0;

	for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
		text += strcspn(text, " ");
		nr++;
	}
	return nr;
}

/* The same table, with another test device, which may still be in use for a moment. */
static int load_table_with(const struct crash_cycle *cycle, const char *test)
{
	const struct device *device = &cycle->device;
	struct table_line line = { .name = device->name, .sectors = device->length };
	double end = seconds_now() + cycle->timeout;
	int log = kernel_log_open(), r;

	snprintf(line.params, sizeof(line.params), "%s %s %u %s", device->table.raw, test,
		 count_words(device->table.options), device->table.options);
	say_debug("0 %llu blkverify %s", (unsigned long long)line.sectors, line.params);
	while ((r = child_call(replace_table, &line, cycle->timeout)) == -EBUSY &&
	       seconds_now() < end && interrupted < 2)
		usleep(LOOK_US);
	if (r)
		r = say_failure(cycle, *test == '-' ? "a table without the test device" :
				"a table with the test device", r, log);
	kernel_log_close(log);
	return r;
}

/* ---- the cut -------------------------------------------------------------------------------- */

static void say_off(const struct crash_cycle *cycle)
{
	say_error("%s has no power now: all requests fail. While it exists, nothing is forgotten, "
		  "and another \"blkverify crash\" begins with restoring it",
		  cycle->device.name);
}

/* The cutter has failed: the test device may have power. If it has not, the target is off. */
static void disarm(const struct crash_cycle *cycle)
{
	struct target_message message = { cycle->device.name, "crash done" };

	if (child_call(send_message, &message, cycle->timeout))
		say_off(cycle);
}

/* Wait for requests in flight, and let go of the test device. */
static int let_go(const struct crash_cycle *cycle)
{
	int r = tell_target(cycle, "crash cut");

	return r ? r : load_table_with(cycle, "-");
}

/*
 * The same, soon after the cut. Some devices, such as those on a network, hold requests until they
 * are back: then this has to be done when the power is restored.
 */
static int let_go_if_possible(struct crash_cycle *cycle)
{
	struct target_message message = { cycle->device.name, "crash cut" };
	int r = child_call(send_message, &message, cycle->timeout / DRAIN_SHARE);

	cycle->holds = r == -ETIMEDOUT;
	return cycle->holds ? DONE : let_go(cycle);
}

int crash_cycle_cut(struct crash_cycle *cycle)
{
	int r = tell_target(cycle, "crash arm");

	if (r)
		return r;
	/* At once: a flush promises nothing while the target is armed. */
	r = cutter_run(cycle->cutter, CUTTER_CUT, cycle->timeout);
	if (r) {
		disarm(cycle);
		return r;
	}
	r = let_go_if_possible(cycle);
	if (r)
		say_off(cycle);
	return r;
}

/* ---- the way back --------------------------------------------------------------------------- */

struct arrival {
	dev_t number;
	uint64_t sectors;
	int error;			/* of the last try; 0: it is there */
};

/* A disk that is being set up has size 0, and an open node may be of one that is gone. */
static void look_for(const char *path, struct arrival *arrival)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	uint64_t bytes;

	*arrival = (struct arrival){ 0 };
	if (fd < 0 || fstat(fd, &st) || (S_ISBLK(st.st_mode) && ioctl(fd, BLKGETSIZE64, &bytes))) {
		arrival->error = errno;
	} else if (!S_ISBLK(st.st_mode)) {
		arrival->error = ENOTBLK;
	} else {
		arrival->number = st.st_rdev;
		arrival->sectors = bytes / SECTOR;
	}
	if (fd >= 0)
		close(fd);
}

static bool is_complete(const struct crash_cycle *cycle, const struct arrival *arrival)
{
	return !arrival->error && arrival->sectors &&
	       (!cycle->test_sectors || arrival->sectors == cycle->test_sectors);
}

static int say_absent(const struct crash_cycle *cycle, const struct arrival *arrival)
{
	if (interrupted > 1)
		say_error("interrupted: the test device %s is not back yet", cycle->path);
	else if (arrival->error)
		say_error("the test device did not come back within %g s: %s: %s", cycle->timeout,
			  cycle->path, strerror(arrival->error));
	else if (!arrival->sectors)
		say_error("the test device did not come back within %g s: %s has size 0",
			  cycle->timeout, cycle->path);
	else
		say_error("the test device came back with another size: %s has %llu sectors, "
			  "not %llu",
			  cycle->path, (unsigned long long)arrival->sectors,
			  (unsigned long long)cycle->test_sectors);
	return WRONG_DEVICE;
}

static int wait_for_test(const struct crash_cycle *cycle, char *numbers, size_t size)
{
	double end = seconds_now() + cycle->timeout;
	struct arrival arrival;

	for (;;) {
		look_for(cycle->path, &arrival);
		if (is_complete(cycle, &arrival))
			break;
		if (seconds_now() >= end || interrupted > 1)
			return say_absent(cycle, &arrival);
		usleep(LOOK_US);
	}
	snprintf(numbers, size, "%u:%u", major(arrival.number), minor(arrival.number));
	return DONE;
}

int crash_cycle_restore(const struct crash_cycle *cycle)
{
	char numbers[32];
	int r = cutter_run(cycle->cutter, CUTTER_RESTORE, cycle->timeout);

	if (!r && cycle->holds)
		r = let_go(cycle);
	if (!r)
		r = wait_for_test(cycle, numbers, sizeof(numbers));
	if (!r)
		r = load_table_with(cycle, numbers);
	if (!r)
		r = tell_target(cycle, "crash back");
	if (r)
		say_off(cycle);
	return r;
}

int crash_cycle_recover(struct crash_cycle *cycle)
{
	int r = let_go_if_possible(cycle);

	return r ? r : crash_cycle_restore(cycle);
}

/* ---- reading -------------------------------------------------------------------------------- */

/* What cannot be read is asked for again, in case it is settled now. */
#define MAX_PASSES 2

/* Read the ranges of a reply. Returns whether there are more, from @next on. */
static bool read_ranges(struct reader *reader, const char *reply, uint64_t *next)
{
	uint64_t start, nr;

	for (;;) {
		switch (parse_uncertain(&reply, &start, &nr)) {
		case UNCERTAIN_RANGE:
			reader_read(reader, start, start + nr);
			break;
		case UNCERTAIN_MORE:
			*next = start;
			return true;
		default:
			return false;
		}
	}
}

static int read_uncertain(const struct crash_cycle *cycle, struct reader *reader)
{
	const char *name = cycle->device.name;
	char message[64], *reply;
	uint64_t next = 0;
	bool more = true;
	int r;

	while (more && !reader_has_enough(reader)) {
		snprintf(message, sizeof(message), "uncertain %llu", (unsigned long long)next);
		r = dm_message(name, 0, message, &reply);
		if (r) {
			say_error("cannot ask %s what is uncertain: %s", name, strerror(-r));
			return exit_code_of(r);
		}
		more = read_ranges(reader, reply, &next);
		free(reply);
	}
	return DONE;
}

static int settle_with(const struct crash_cycle *cycle, struct reader *reader)
{
	struct device now;
	int r = DONE, pass;

	if (cycle->full)
		reader_read(reader, 0, cycle->device.length);
	for (pass = 0; !r && pass < MAX_PASSES && !reader_has_enough(reader); pass++)
		r = read_uncertain(cycle, reader);
	if (!r)
		r = device_get(cycle->device.name, &now);
	/* What is bad, or cannot be read, stays uncertain. */
	if (!r && !now.status.value[FIELD_UNCERTAIN])
		r = tell_target(cycle, "crash done");
	return r;
}

int crash_cycle_settle(const struct crash_cycle *cycle)
{
	struct reader reader;
	int r = reader_open(&reader, &cycle->device);

	if (!r)
		r = settle_with(cycle, &reader);
	reader_close(&reader);
	return r;
}
