// SPDX-License-Identifier: GPL-2.0-only
/*
 * See session.h. As soon as the device exists, it is marked for removal on last close, and this
 * process keeps it open: so nothing is left behind even if this process is killed.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "create.h"
#include "dm.h"
#include "options.h"
#include "session.h"
#include "status.h"
#include "users.h"
#include "util.h"

/* How often, and how long, to wait for the labels of the reports. */
#define LABEL_TRIES 20
#define LABEL_WAIT_US 50000

/* ---- the reference file --------------------------------------------------------------------- */

/* A sparse, unnamed file as large as the test leg; it exists as long as its loop device. */
static int make_reference(uint64_t sectors, char *path, size_t size)
{
	const char *dir = opts.raw_dir ? opts.raw_dir : getenv("TMPDIR");
	int fd, r;

	if (!dir || !*dir)
		dir = "/var/tmp";
	fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
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
static int open_reference(struct leg *raw, const struct leg *test, int *reference)
{
	char path[64];
	int fd, r;

	fd = make_reference(test->sectors, path, sizeof(path));
	if (fd < 0)
		return exit_code_of(fd);
	r = leg_open(raw, "raw", path, false);
	raw->path = "reference file";
	*reference = fd;
	if (!opts.words[OPTION_WRITTEN_ONLY] && !opts.zeroed)
		opts.words[OPTION_WRITTEN_ONLY] = "";
	return r;
}

/* ---- the device ----------------------------------------------------------------------------- */

static int open_given(struct session *s, const char *raw_path, const char *test_path)
{
	int r;

	if (!raw_path)
		return leg_open(&s->test, "test", test_path, false);
	r = legs_reject_same(raw_path, test_path);
	return r ? r : legs_open(&s->raw, raw_path, &s->test, test_path, false);
}

static int open_legs(struct session *s, const char *raw_path, const char *test_path)
{
	struct leg *raw = &s->raw, *test = s->guard ? &s->guard->leg : &s->test;
	int r = open_given(s, raw_path, test_path);

	if (!r && s->guard)
		r = guard_begin(s->guard, s->name, &s->test);
	if (!r && !raw_path)
		r = open_reference(raw, test, &s->reference);
	if (!r)
		r = create_device(s->name, raw, test);
	leg_close(raw);
	leg_close(test);
	leg_close(&s->test);
	if (r && s->guard)
		guard_end(s->guard);
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

/* So does that of the part between the margins. */
static void settle_middle(const struct session *s)
{
	dev_t number;

	if (s->guard && is_gone(s->guard->name, &number))
		dm_settle_node(s->guard->name);
}

/*
 * The last close removes it. Removing it here would need the mark to be cancelled first, and a kill
 * in between would leave the device.
 */
int session_end(struct session *s)
{
	const char *name = s->name;
	char users[1024] = "";
	dev_t number = 0;

	if (s->reference >= 0)
		close(s->reference);
	close(s->fd);
	if (s->guard)
		guard_end(s->guard);
	if (is_gone(name, &number)) {
		dm_settle_node(name);
		settle_middle(s);
		wait_for_leg(&s->raw);
		wait_for_leg(&s->test);
		return DONE;
	}
	users_of_device(number, users, sizeof(users));
	say_error("the command left %s in use by %s: it will be removed on last close", name,
		  users[0] ? users : "a process");
	/* Again: the command may have cancelled the mark. */
	dm_remove(name, true);
	return BUSY;
}

int session_begin(struct session *s, const char *name, const char *raw, const char *test,
		  struct guard *guard)
{
	int r;

	*s = (struct session){
		.fd = -1, .reference = -1, .raw.fd = -1, .test.fd = -1, .guard = guard
	};
	snprintf(s->name, sizeof(s->name), "%s", name);
	snprintf(s->path, sizeof(s->path), "/dev/mapper/%s", s->name);
	r = create_check_name(name);
	if (!r)
		r = open_legs(s, raw, test);
	return r ? r : hold_device(s->name, &s->fd);
}

void session_flush(struct session *s)
{
	/*
	 * This process has it open, so the command was not the last to close it, and its writes may
	 * still be in the page cache. Not fsync(): that would wait for a suspended device.
	 */
	ioctl(s->fd, BLKFLSBUF);
}

/* ---- what was found ------------------------------------------------------------------------- */

bool session_reference_failed(const struct session *s, const struct device *device,
			      const struct list *list)
{
	const uint64_t *value = device->status.value;
	size_t i;

	if (s->reference < 0 || !value[FIELD_RAW_ERRORS] ||
	    !status_is_zero(&device->status, FIELD_TEST_ERRORS) ||
	    !status_is_zero(&device->status, FIELD_MISMATCHES))
		return false;
	/* The test leg had returned other data when the reference file failed. */
	for (i = 0; i < list->nr; i++)
		if (words_find(&list->reports[i].more, "differed_in"))
			return false;
	return true;
}

void session_say_reference_failed(const struct device *device)
{
	say_error("the reference file of %s failed %" PRIu64 " requests, so the test leg was not "
		  "verified; is the filesystem full? Use --raw-dir to choose another directory",
		  device->name, device->status.value[FIELD_RAW_ERRORS]);
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
bool session_list(const struct device *device, struct list *list)
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
