// SPDX-License-Identifier: GPL-2.0-only
/*
 * run: one command for CI.
 *
 * As soon as the device exists, it is marked for removal on last close, and this process keeps it
 * open: so nothing is left behind even if this process is killed.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "create.h"
#include "device.h"
#include "dm.h"
#include "leg.h"
#include "module.h"
#include "options.h"
#include "parse.h"
#include "run-output.h"
#include "status.h"
#include "text.h"
#include "users.h"
#include "util.h"
#include "verbs.h"

#define COMMAND_NOT_RUN 127

/* How often, and how long, to wait for the labels of the reports. */
#define LABEL_TRIES 20
#define LABEL_WAIT_US 50000

static enum format format;

/* ---- the reference file --------------------------------------------------------------------- */

/* A sparse, unnamed file as large as the test leg; it exists as long as its loop device. */
static int make_reference(uint64_t sectors, char *path, size_t size)
{
	const char *dir = opts.raw_dir ? opts.raw_dir : getenv("TMPDIR");
	int fd, r;

	if (!dir || !*dir)
		dir = "/var/tmp";
	fd = open(dir, O_TMPFILE | O_RDWR, 0600);
	if (fd < 0 || ftruncate(fd, (off_t)(sectors * SECTOR))) {
		r = errno;
		say_error("cannot create a reference file in %s: %s: use --raw-dir to choose another "
			  "directory",
			  dir, strerror(r));
		if (fd >= 0)
			close(fd);
		return -r;
	}
	snprintf(path, size, "/proc/self/fd/%d", fd);
	return fd;
}

/* Used as the raw leg. */
static int open_reference(struct leg *raw, const struct leg *test)
{
	char path[64];
	int fd, r;

	fd = make_reference(test->sectors, path, sizeof(path));
	if (fd < 0)
		return exit_code_of(fd);
	r = leg_open(raw, "raw", path, false);
	raw->path = "reference file";
	close(fd);
	if (!opts.words[OPTION_WRITTEN_ONLY] && !opts.zeroed)
		opts.words[OPTION_WRITTEN_ONLY] = "";
	return r;
}

/* ---- the device ----------------------------------------------------------------------------- */

static int open_legs(const char *name, struct leg *raw, struct leg *test)
{
	int r;

	if (opts.raw) {
		r = legs_reject_same(opts.raw, opts.test);
		if (!r)
			r = legs_open(raw, opts.raw, test, opts.test, false);
	} else {
		r = leg_open(test, "test", opts.test, false);
		if (!r)
			r = open_reference(raw, test);
	}
	if (!r)
		r = create_device(name, raw, test);
	leg_close(raw);
	leg_close(test);
	return r;
}

static int hold_device(const char *name, int *fd)
{
	char path[160];

	snprintf(path, sizeof(path), "/dev/mapper/%s", name);
	*fd = open(path, O_RDONLY | O_CLOEXEC);
	if (*fd < 0) {
		say_error("cannot open %s: %s: is udev running?", path, strerror(errno));
		dm_remove(name, false);
		return WRONG_DEVICE;
	}
	dm_remove(name, true);
	return DONE;
}

#define PATIENCE 5.0	/* seconds; udev opens devices that have just changed, for a moment */

static bool is_gone(const char *name, dev_t *number)
{
	double until = seconds_now() + PATIENCE;
	struct dm_device device;
	int r;

	do {
		r = dm_get(name, DM_INFO_LINE, &device);
		if (r)
			return r == -ENXIO;
		free(device.params);
		*number = makedev(device.major, device.minor);
		usleep(50000);
	} while (seconds_now() < until);
	return false;
}

/* The mapped device releases its legs shortly after its name is gone. */
static void wait_for_leg(const struct leg *leg)
{
	double until = seconds_now() + PATIENCE;
	int fd;

	do {
		fd = open(leg->node, O_RDONLY | O_EXCL | O_CLOEXEC);
		if (fd >= 0)
			close(fd);
		if (fd >= 0 || errno != EBUSY)
			return;
		usleep(20000);
	} while (seconds_now() < until);
}

/*
 * The last close removes it. Removing it here would need the mark to be cancelled first, and a kill
 * in between would leave the device.
 */
static int release_device(const char *name, int fd, const struct leg *raw, const struct leg *test)
{
	char users[1024] = "";
	dev_t number = 0;

	close(fd);
	if (is_gone(name, &number)) {
		dm_settle_node(name);
		wait_for_leg(raw);
		wait_for_leg(test);
		return DONE;
	}
	users_of_device(number, users, sizeof(users));
	say_error("the command left %s in use by %s: it will be removed on last close", name,
		  users[0] ? users : "a process");
	/* Again: the command may have cancelled the mark. */
	dm_remove(name, true);
	return BUSY;
}

/* ---- the command ---------------------------------------------------------------------------- */

/* A signal that arrived during fork() is delivered to the child now, and ends it. */
static void run_child(const char *name, char **command, const sigset_t *mask)
{
	char path[160];

	catch_signals_by(SIG_DFL, 0);
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, mask, NULL);
	dm_end();
	snprintf(path, sizeof(path), "/dev/mapper/%s", name);
	setenv("BLKVERIFY_DEVICE", path, 1);
	/* The standard output has the document, and nothing else. */
	if (format != FORMAT_TEXT)
		dup2(STDERR_FILENO, STDOUT_FILENO);
	execvp(command[0], command);
	say_error("cannot run %s: %s: check the command after --", command[0], strerror(errno));
	_exit(COMMAND_NOT_RUN);
}

static int exit_status(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static volatile sig_atomic_t child;

/* A signal that would end this process ends the command; the summary follows. */
static void pass_signal_on(int signal)
{
	(void)signal;
	interrupted = 1;
	if (child)
		kill((pid_t)child, SIGTERM);
}

/* Returns 0, and starts nothing, if a signal has already arrived. */
static pid_t start_command(const char *name, char **command)
{
	sigset_t ours, before;
	pid_t pid = 0;

	sigemptyset(&ours);
	sigaddset(&ours, SIGINT);
	sigaddset(&ours, SIGTERM);
	sigaddset(&ours, SIGHUP);
	/* No signal may arrive between this check and setting the pid to pass it on to. */
	sigprocmask(SIG_BLOCK, &ours, &before);
	if (!interrupted) {
		pid = fork();
		if (!pid)
			run_child(name, command, &before);
		child = pid > 0 ? pid : 0;
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	return pid;
}

/* The exit status as in a shell. */
static int run_command(const char *name, char **command)
{
	int status = 0;
	pid_t pid;

	pid = start_command(name, command);
	if (!pid)
		return 128 + SIGTERM;
	if (pid < 0) {
		say_error("cannot start a process: %s", strerror(errno));
		return COMMAND_NOT_RUN;
	}
	pid = waitpid(pid, &status, 0);
	child = 0;
	return pid < 0 ? COMMAND_NOT_RUN : exit_status(status);
}

/* ---- the verdict ---------------------------------------------------------------------------- */

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

/* Whether the reference file is the only leg that is known to have failed. */
static bool only_reference_failed(const struct device *device, const struct list *list)
{
	const uint64_t *value = device->status.value;
	size_t i;

	if (opts.raw || !value[FIELD_RAW_ERRORS] ||
	    !status_is_zero(&device->status, FIELD_TEST_ERRORS) ||
	    !status_is_zero(&device->status, FIELD_MISMATCHES))
		return false;
	/* The test leg had returned other data when the reference file failed. */
	for (i = 0; i < list->nr; i++)
		if (words_find(&list->reports[i].more, "differed_in"))
			return false;
	return true;
}

/* A mismatch of a read gets its label after a re-read of the legs, unless the device is frozen. */
static bool lacks_label(const struct list *list)
{
	size_t i;

	for (i = 0; i < list->nr; i++)
		if (list->reports[i].kind == KIND_MISMATCH && !list->reports[i].label &&
		    !strcmp(list->reports[i].op, "read"))
			return true;
	return false;
}

/* The reports, with their labels if these come soon. */
static bool list_with_labels(const struct device *device, struct list *list)
{
	int tries = device->status.state == 'F' ? 0 : LABEL_TRIES;

	while (!device_list(device->name, list)) {
		if (!tries-- || !lacks_label(list))
			return true;
		list_free(list);
		usleep(LABEL_WAIT_US);
	}
	return false;
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
		say_error("the reference file failed %" PRIu64 " requests, so the test leg was not "
			  "verified; is the filesystem full? Use --raw-dir to choose another directory",
			  status->value[FIELD_RAW_ERRORS]);
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

static int sum_up(const char *name, int status, char **command, double seconds)
{
	struct device device;
	struct list list = { 0 };
	struct run_outcome outcome = { .device = &device,
				       .list = &list,
				       .command = command,
				       .status = status,
				       .seconds = seconds };

	if (device_get(name, &device))
		return INCONCLUSIVE;
	if (status_is_bad(&device.status) && list_with_labels(&device, &list))
		outcome.raw_failed = only_reference_failed(&device, &list);
	run_print(format, &outcome);
	say_advice(&outcome);
	list_free(&list);
	return exit_code(&outcome);
}

static int run_on(const char *name, char **command, const struct leg *raw, const struct leg *test)
{
	int fd, status, r = hold_device(name, &fd);
	double start = seconds_now();

	if (r)
		return r;
	signal(SIGPIPE, SIG_IGN);
	status = run_command(name, command);
	/*
	 * This process has it open, so the command was not the last to close it, and its writes may
	 * still be in the page cache. Not fsync(): that would wait for a suspended device.
	 */
	ioctl(fd, BLKFLSBUF);
	r = sum_up(name, status, command, seconds_now() - start);
	fflush(stdout);
	if (release_device(name, fd, raw, test) && r == DONE)
		r = BUSY;
	return r;
}

int verb_run(char **argv)
{
	struct leg raw = { .fd = -1 }, test = { .fd = -1 };
	char name[128];
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
	/* A name that is too long is rejected below. */
	if (opts.name)
		snprintf(name, sizeof(name), "%s", opts.name);
	/* A signal between the creation of the device and the command must not leave the device. */
	catch_signals_by(pass_signal_on, SA_RESTART);
	r = create_check_options();
	if (!r)
		r = module_need_target();
	if (!r && opts.report_as_bug)
		r = module_report_as_bug();
	if (!r)
		r = create_check_name(opts.name ? opts.name : name);
	if (!r)
		r = open_legs(name, &raw, &test);
	return r ? r : run_on(name, argv, &raw, &test);
}
