// SPDX-License-Identifier: GPL-2.0-only
/*
 * Legs: opening the devices or files given as RAW and TEST, and finding their other users.
 */
#include <blkid/blkid.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "device.h"
#include "leg.h"
#include "loop.h"
#include "nbd.h"
#include "text.h"
#include "users.h"
#include "util.h"

/* ---- opening -------------------------------------------------------------------------------- */

/*
 * "open" checks that a leg is free and then uses it: two at the same time must not both find it
 * free. The lock of a device ends when it is closed here; by then the mapped device holds it. The
 * lock of a file lasts as long as its loop device, which uses the same open file. udev locks
 * devices for short times, too.
 */
static bool lock_leg(int fd, bool is_file, bool readonly)
{
	int kind = is_file && readonly ? LOCK_SH : LOCK_EX, tries = is_file ? 1 : 100;

	while (flock(fd, kind | LOCK_NB)) {
		/* The file system does not support locks. */
		if (errno != EWOULDBLOCK)
			return true;
		if (!--tries || interrupted)
			return false;
		usleep(50000);
	}
	return true;
}

/* QEMU locks the images of its machines this way. */
static bool locked_by_other(int fd, bool readonly)
{
	struct flock lock = { .l_type = readonly ? F_RDLCK : F_WRLCK, .l_whence = SEEK_SET };

	return !fcntl(fd, F_OFD_GETLK, &lock) && lock.l_type != F_UNLCK;
}

static int reject_attached(const char *word, const char *path, const char *node)
{
	char users[1024] = "";
	struct stat st;

	if (!stat(node, &st))
		users_of_device(st.st_rdev, users, sizeof(users));
	say_error("%s file %s is attached to %s already%s%s: detach it first (losetup -d %s), or "
		  "use %s instead",
		  word, path, node, users[0] ? ", which is used by " : "", users, node, node);
	return BUSY;
}

int file_reject_used(const char *word, const char *path, int fd, bool readonly)
{
	char node[64], users[1024] = "";
	struct stat st;

	if (fstat(fd, &st))
		return exit_code_of(errno);
	if (users_is_swap(&st)) {
		say_error("%s file %s is in use by swap: swapoff that first", word, path);
		return BUSY;
	}
	if (!readonly && loop_find(&st, node, sizeof(node)))
		return reject_attached(word, path, node);
	if (!locked_by_other(fd, readonly) && lock_leg(fd, true, readonly))
		return DONE;
	if (loop_find(&st, node, sizeof(node)))
		return reject_attached(word, path, node);
	users_add_processes(&st, users, sizeof(users));
	say_error("%s file %s is locked by %s: close that first", word, path,
		  users[0] ? users : "another program");
	return BUSY;
}

static int open_file(struct leg *leg, int file_fd, const struct stat *st, bool readonly)
{
	int r;

	if (st->st_size < SECTOR) {
		say_error("%s file %s has %lld bytes, less than a sector: set its size with truncate -s",
			  leg->word, leg->path, (long long)st->st_size);
		return WRONG_DEVICE;
	}
	if (is_qcow2(leg->path)) {
		say_error("%s file %s is a qcow2 image: attach it with qemu-nbd "
			  "--connect=/dev/nbd0 %s and use /dev/nbd0",
			  leg->word, leg->path, leg->path);
		return WRONG_DEVICE;
	}
	r = file_reject_used(leg->word, leg->path, file_fd, readonly);
	if (r)
		return r;
	leg->is_file = true;
	r = loop_attach(file_fd, leg->path, readonly, leg->node, sizeof(leg->node));
	if (r < 0) {
		say_error("cannot attach %s file %s to a loop device: %s%s", leg->word, leg->path,
			  strerror(-r),
			  r == -ENOENT || r == -ENODEV ? ": load the module (modprobe loop)" : "");
		return exit_code_of(r);
	}
	leg->fd = r;
	return DONE;
}

static int leg_measure(struct leg *leg)
{
	int block = SECTOR;
	struct stat st;
	uint64_t bytes;

	if (fstat(leg->fd, &st) || ioctl(leg->fd, BLKGETSIZE64, &bytes) ||
	    ioctl(leg->fd, BLKSSZGET, &block)) {
		say_error("cannot get the size of %s %s: %s", leg->word, leg->path, strerror(errno));
		return WRONG_DEVICE;
	}
	leg->number = st.st_rdev;
	leg->sectors = bytes / SECTOR;
	if (!leg->sectors) {
		say_error("%s %s has size 0: is a medium inserted, and the device attached or "
			  "connected?",
			  leg->word, leg->path);
		return WRONG_DEVICE;
	}
	leg->block = (uint64_t)block / SECTOR;
	return DONE;
}

static int open_device_leg(struct leg *leg, int fd, const struct stat *st)
{
	char users[1024] = "";

	snprintf(leg->node, sizeof(leg->node), "/proc/self/fd/%d", fd);
	leg->fd = fd;
	if (lock_leg(fd, false, false))
		return DONE;
	users_add_processes(st, users, sizeof(users));
	say_error("%s %s is locked by %s: close that first", leg->word, leg->path,
		  users[0] ? users : "another program");
	return BUSY;
}

int leg_say_used(const char *word, const char *path)
{
	char users[1024] = "";
	struct stat st = { 0 };

	if (!stat(path, &st) && S_ISBLK(st.st_mode))
		users_of_device(st.st_rdev, users, sizeof(users));
	if (!users[0])
		users_add_processes(&st, users, sizeof(users));
	if (!users[0])
		snprintf(users, sizeof(users), "unknown (try lsblk)");
	say_error("%s %s is in use by %s: unmount or close that first", word, path, users);
	return BUSY;
}

static int open_leg(struct leg *leg, bool readonly)
{
	int fd, r;
	struct stat st;

	fd = open(leg->path, (readonly ? O_RDONLY : O_RDWR) | O_CLOEXEC);
	/* Without CONFIG_BLK_DEV_WRITE_MOUNTED this already fails if it is mounted. */
	if (fd < 0 && errno == EBUSY)
		return leg_say_used(leg->word, leg->path);
	if (fd < 0 || fstat(fd, &st)) {
		int error = errno;

		r = exit_code_of(error);
		say_error("cannot open %s %s: %s%s", leg->word, leg->path, strerror(error),
			  error == EROFS       ? ": use --readonly to only read it"
			  : r == NO_PERMISSION ? ": become root"
					       : ": check the path");
		if (fd >= 0)
			close(fd);
		return r;
	}
	if (S_ISBLK(st.st_mode))
		return open_device_leg(leg, fd, &st);
	if (!S_ISREG(st.st_mode)) {
		say_error("%s %s is neither a block device nor a regular file",
			  leg->word, leg->path);
		r = WRONG_DEVICE;
	} else {
		r = open_file(leg, fd, &st, readonly);
	}
	close(fd);
	return r;
}

int leg_open(struct leg *leg, const char *word, const char *path, bool readonly)
{
	char numbers[32];
	int r;

	memset(leg, 0, sizeof(*leg));
	leg->word = word;
	leg->path = path;
	leg->fd = -1;
	r = open_leg(leg, readonly);
	if (!r)
		r = leg_measure(leg);
	if (r) {
		leg_close(leg);
		return r;
	}
	snprintf(numbers, sizeof(numbers), "%u:%u", major(leg->number), minor(leg->number));
	device_node(numbers, leg->node, sizeof(leg->node));
	return DONE;
}

/* Devices are locked in the order of their numbers: otherwise two opens could deadlock. */
int legs_open(struct leg *raw, const char *raw_path, struct leg *test, const char *test_path,
	      bool readonly)
{
	struct stat a, b;
	bool test_first = !stat(raw_path, &a) && !stat(test_path, &b) && b.st_rdev < a.st_rdev;
	int r = test_first ? leg_open(test, "test", test_path, readonly) : DONE;

	if (!r)
		r = leg_open(raw, "raw", raw_path, readonly);
	if (!r && !test_first)
		r = leg_open(test, "test", test_path, readonly);
	return r;
}

void leg_close(struct leg *leg)
{
	if (leg->fd >= 0)
		close(leg->fd);
	leg->fd = -1;
}

/* ---- other users ---------------------------------------------------------------------------- */

int leg_reject_used(const struct leg *leg, bool readonly)
{
	char users[1024];
	int fd, r;

	users_of_device(leg->number, users, sizeof(users));
	if (users[0])
		return leg_say_used(leg->word, leg->path);
	fd = open(leg->node, (readonly ? O_RDONLY : O_RDWR) | O_EXCL | O_CLOEXEC);
	if (fd >= 0) {
		close(fd);
		return DONE;
	}
	if (errno == EBUSY)
		return leg_say_used(leg->word, leg->path);
	r = exit_code_of(errno);
	say_error("cannot open %s %s: %s", leg->word, leg->node, strerror(errno));
	return r;
}

int legs_reject_same(const char *raw, const char *test)
{
	struct stat a, b;

	if (stat(raw, &a) || stat(test, &b))
		return DONE; /* opening them will report it */
	if (S_ISBLK(a.st_mode) && S_ISBLK(b.st_mode) ? a.st_rdev != b.st_rdev
						     : a.st_dev != b.st_dev || a.st_ino != b.st_ino)
		return DONE;
	say_error("%s and %s are the same: RAW and TEST must differ", raw, test);
	return WRONG_DEVICE;
}

/* ---- signatures ----------------------------------------------------------------------------- */

void leg_contents(const char *node, char *text, size_t size)
{
	blkid_probe probe = blkid_new_probe_from_filename(node);
	const char *value;
	int r;

	snprintf(text, size, "data that cannot be probed");
	if (!probe)
		return;
	blkid_probe_enable_partitions(probe, 1);
	blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_TYPE | BLKID_SUBLKS_LABEL);
	r = blkid_do_safeprobe(probe);
	if (r >= 0)
		text[0] = '\0';
	else if (r == -2)
		snprintf(text, size, "conflicting signatures");
	if (!r) {
		if (!blkid_probe_lookup_value(probe, "TYPE", &value, NULL))
			text_append(text, size, "%s", value);
		if (!blkid_probe_lookup_value(probe, "LABEL", &value, NULL))
			text_append(text, size, "label \"%s\"", value);
		if (!blkid_probe_lookup_value(probe, "PTTYPE", &value, NULL))
			text_append(text, size, "a %s partition table", value);
	}
	blkid_free_probe(probe);
	text_clean(text, true);
}
