// SPDX-License-Identifier: GPL-2.0-only
/*
 * Legs: opening what was given as RAW or TEST, and who else uses it.
 */
#include <blkid/blkid.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "blkverify.h"

/* ---- sysfs and /proc ------------------------------------------------------------------------ */

static bool read_line(const char *path, char *line, size_t size)
{
	FILE *f = fopen(path, "re");
	bool ok = f && fgets(line, (int)size, f);

	if (ok)
		line[strcspn(line, "\n")] = '\0';
	if (f)
		fclose(f);
	return ok;
}

void node_of(const char *numbers, char *node, size_t size)
{
	char path[96], line[128];
	FILE *f;

	snprintf(node, size, "%s", numbers);
	snprintf(path, sizeof(path), "/sys/dev/block/%s/uevent", numbers);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		if (!strncmp(line, "DEVNAME=", 8))
			snprintf(node, size, "/dev/%s", line + 8);
	}
	if (f)
		fclose(f);
}

void backing_file(const char *node, char *file, size_t size)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/block/%.64s/loop/backing_file", node + strlen("/dev/"));
	if (strncmp(node, "/dev/", 5) || !read_line(path, file, size))
		file[0] = '\0';
}

__attribute__((format(printf, 3, 4)))
static void add(char *text, size_t size, const char *format, ...)
{
	size_t len = strlen(text);
	va_list args;

	if (len && len + 2 < size) {
		strcpy(text + len, ", ");
		len += 2;
	}
	va_start(args, format);
	vsnprintf(text + len, size - len, format, args);
	va_end(args);
}

/* Devices built on it: /sys/dev/block/8:0/holders/dm-0 */
static void add_holders(const char *dir, char *text, size_t size)
{
	struct dirent *entry;
	DIR *d = opendir(dir);

	while (d && (entry = readdir(d))) {
		char path[400], name[128];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/sys/block/%s/dm/name", entry->d_name);
		if (read_line(path, name, sizeof(name)))
			add(text, size, "device mapper device %s", name);
		else
			add(text, size, "/dev/%s", entry->d_name);
	}
	if (d)
		closedir(d);
}

static void add_mounts(dev_t number, char *text, size_t size)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	unsigned int major_nr, minor_nr;
	char *line = NULL, place[PATH_MAX];
	size_t room = 0;

	while (f && getline(&line, &room, f) > 0) {
		if (sscanf(line, "%*d %*d %u:%u %*s %4095s", &major_nr, &minor_nr, place) == 3 &&
		    makedev(major_nr, minor_nr) == number)
			add(text, size, "the file system mounted on %s", place);
	}
	free(line);
	if (f)
		fclose(f);
}

static void add_swap(dev_t number, char *text, size_t size)
{
	FILE *f = fopen("/proc/swaps", "re");
	char line[512], path[400];
	struct stat st;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%399s", path) == 1 && path[0] == '/' && !stat(path, &st) &&
		    S_ISBLK(st.st_mode) && st.st_rdev == number)
			add(text, size, "swap");
	if (f)
		fclose(f);
}

static void add_users(dev_t number, const char *sys, char *text, size_t size)
{
	char holders[PATH_MAX];

	snprintf(holders, sizeof(holders), "%s/holders", sys);
	add_holders(holders, text, size);
	add_mounts(number, text, size);
	add_swap(number, text, size);
}

/* All that uses a device or one of its partitions. */
void users_of(dev_t number, char *text, size_t size)
{
	char sys[64], path[400], numbers[32];
	unsigned int major_nr, minor_nr;
	struct dirent *entry;
	DIR *d;

	text[0] = '\0';
	snprintf(sys, sizeof(sys), "/sys/dev/block/%u:%u", major(number), minor(number));
	add_users(number, sys, text, size);
	d = opendir(sys);
	while (d && (entry = readdir(d))) {
		snprintf(path, sizeof(path), "%s/%s/partition", sys, entry->d_name);
		if (entry->d_name[0] == '.' || access(path, F_OK))
			continue;
		snprintf(path, sizeof(path), "%s/%s/dev", sys, entry->d_name);
		if (!read_line(path, numbers, sizeof(numbers)) ||
		    sscanf(numbers, "%u:%u", &major_nr, &minor_nr) != 2)
			continue;
		snprintf(path, sizeof(path), "%s/%s", sys, entry->d_name);
		add_users(makedev(major_nr, minor_nr), path, text, size);
	}
	if (d)
		closedir(d);
}

/* The loop device that a file is attached to already. */
static bool find_loop(const struct stat *file, char *node, size_t size)
{
	struct dirent *entry;
	DIR *d = opendir("/sys/block");
	bool found = false;

	while (d && !found && (entry = readdir(d))) {
		char path[PATH_MAX];
		struct stat st;

		if (strncmp(entry->d_name, "loop", 4))
			continue;
		snprintf(node, size, "/dev/%.32s", entry->d_name);
		backing_file(node, path, sizeof(path));
		found = path[0] && !stat(path, &st) && st.st_dev == file->st_dev &&
			st.st_ino == file->st_ino;
	}
	if (d)
		closedir(d);
	return found;
}

/* ---- opening -------------------------------------------------------------------------------- */

static int open_file(struct leg *leg, int file_fd, const struct stat *st, bool readonly)
{
	char node[64];
	int r;

	if (st->st_size < SECTOR) {
		say_error("%s file %s has %lld bytes, less than a sector: give it a size (truncate -s)",
			  leg->word, leg->path, (long long)st->st_size);
		return WRONG_DEVICE;
	}
	if (!readonly && find_loop(st, node, sizeof(node))) {
		say_error("%s file %s is attached to %s already: close what uses it (losetup -d %s), "
			  "or give %s instead",
			  leg->word, leg->path, node, node, node);
		return BUSY;
	}
	leg->is_file = true;
	r = loop_attach(file_fd, leg->path, readonly, leg->node, sizeof(leg->node));
	if (r < 0) {
		say_error("cannot attach %s file %s to a loop device: %s%s", leg->word, leg->path,
			  strerror(-r),
			  r == -ENOENT || r == -ENODEV ? ": load the module (modprobe loop)" : "");
		return code_of(r);
	}
	leg->fd = r;
	return DONE;
}

static int measure(struct leg *leg)
{
	struct stat st;
	uint64_t bytes;

	if (fstat(leg->fd, &st) || ioctl(leg->fd, BLKGETSIZE64, &bytes)) {
		say_error("cannot get the size of %s %s: %s", leg->word, leg->path, strerror(errno));
		return WRONG_DEVICE;
	}
	leg->number = st.st_rdev;
	leg->sectors = bytes / SECTOR;
	return DONE;
}

static int open_leg(struct leg *leg, bool readonly)
{
	int fd, r;
	struct stat st;

	fd = open(leg->path, (readonly ? O_RDONLY : O_RDWR) | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st)) {
		r = code_of(errno);
		say_error("cannot open %s %s: %s%s", leg->word, leg->path, strerror(errno),
			  errno == EROFS       ? ": --readonly only reads it"
			  : r == NO_PERMISSION ? ": become root"
					       : ": check the path");
		return r;
	}
	if (S_ISBLK(st.st_mode)) {
		snprintf(leg->node, sizeof(leg->node), "/proc/self/fd/%d", fd);
		leg->fd = fd;
		return DONE;
	}
	if (!S_ISREG(st.st_mode)) {
		say_error("%s %s is neither a block device nor a file: give one of those",
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
		r = measure(leg);
	if (r) {
		leg_close(leg);
		return r;
	}
	snprintf(numbers, sizeof(numbers), "%u:%u", major(leg->number), minor(leg->number));
	node_of(numbers, leg->node, sizeof(leg->node));
	return DONE;
}

void leg_close(struct leg *leg)
{
	if (leg->fd >= 0)
		close(leg->fd);
	leg->fd = -1;
}

/* ---- who uses it ---------------------------------------------------------------------------- */

int leg_refuse_used(const struct leg *leg, bool readonly)
{
	char users[1024];
	int fd;

	users_of(leg->number, users, sizeof(users));
	if (!users[0]) {
		fd = open(leg->node, (readonly ? O_RDONLY : O_RDWR) | O_EXCL | O_CLOEXEC);
		if (fd >= 0) {
			close(fd);
			return DONE;
		}
		if (errno != EBUSY) {
			int r = code_of(errno);

			say_error("cannot open %s %s: %s", leg->word, leg->node, strerror(errno));
			return r;
		}
		snprintf(users, sizeof(users),
			 "a process that holds it for itself (see fuser -v %s)", leg->node);
	}
	say_error("%s %s is in use by %s: unmount or close that first", leg->word, leg->path, users);
	return BUSY;
}

int legs_refuse_same(const char *raw, const char *test)
{
	struct stat a, b;

	if (stat(raw, &a) || stat(test, &b))
		return DONE; /* opening them will say it better */
	if (S_ISBLK(a.st_mode) && S_ISBLK(b.st_mode) ? a.st_rdev != b.st_rdev
						     : a.st_dev != b.st_dev || a.st_ino != b.st_ino)
		return DONE;
	say_error("%s and %s are the same: raw and test must be two", raw, test);
	return WRONG_DEVICE;
}

/* ---- what is on it -------------------------------------------------------------------------- */

void leg_contents(const char *node, char *text, size_t size)
{
	blkid_probe probe = blkid_new_probe_from_filename(node);
	const char *value;

	text[0] = '\0';
	if (!probe)
		return;
	blkid_probe_enable_partitions(probe, 1);
	blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_TYPE | BLKID_SUBLKS_LABEL);
	if (!blkid_do_safeprobe(probe)) {
		if (!blkid_probe_lookup_value(probe, "TYPE", &value, NULL))
			add(text, size, "%s", value);
		if (!blkid_probe_lookup_value(probe, "LABEL", &value, NULL))
			add(text, size, "label \"%s\"", value);
		if (!blkid_probe_lookup_value(probe, "PTTYPE", &value, NULL))
			add(text, size, "a %s partition table", value);
	}
	blkid_free_probe(probe);
}
