// SPDX-License-Identifier: GPL-2.0-only
/*
 * The users of a device or file: devices on top of it, mounts, swap, processes that have it open.
 */
#include <dirent.h>
#include <libmount/libmount.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "text.h"
#include "users.h"
#include "util.h"

#define PROCESSES_SHOWN 3

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
			text_append(text, size, "device mapper device %s", name);
		else
			text_append(text, size, "/dev/%s", entry->d_name);
	}
	if (d)
		closedir(d);
}

/* File systems such as btrfs have a device number of their own: compare the source, too. */
static bool is_mount_of(struct libmnt_fs *fs, dev_t number)
{
	const char *source = mnt_fs_get_srcpath(fs);
	struct stat st;

	if (mnt_fs_get_devno(fs) == number)
		return true;
	return source && source[0] == '/' && !stat(source, &st) && S_ISBLK(st.st_mode) &&
	       st.st_rdev == number;
}

static void add_mounts(dev_t number, char *text, size_t size)
{
	struct libmnt_table *mounts = mnt_new_table_from_file("/proc/self/mountinfo");
	struct libmnt_iter *iter = mnt_new_iter(MNT_ITER_FORWARD);
	struct libmnt_fs *fs;

	while (mounts && iter && !mnt_table_next_fs(mounts, iter, &fs)) {
		char place[PATH_MAX];

		if (!mnt_fs_get_target(fs) || !is_mount_of(fs, number))
			continue;
		/* The name of a directory may contain anything. */
		snprintf(place, sizeof(place), "%s", mnt_fs_get_target(fs));
		text_clean(place, true);
		text_append(text, size, "the file system mounted on %s", place);
	}
	mnt_free_iter(iter);
	mnt_unref_table(mounts);
}

/* The same block device, under any node, or the same file. */
static bool is_same_file(const struct stat *a, const struct stat *b)
{
	if (S_ISBLK(a->st_mode) != S_ISBLK(b->st_mode))
		return false;
	return S_ISBLK(a->st_mode) ? a->st_rdev == b->st_rdev :
				     a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

bool users_is_swap(const struct stat *wanted)
{
	struct libmnt_table *swaps = mnt_new_table();
	struct libmnt_iter *iter = mnt_new_iter(MNT_ITER_FORWARD);
	struct libmnt_fs *fs;
	bool found = false;
	struct stat st;

	if (swaps && iter && !mnt_table_parse_swaps(swaps, NULL))
		while (!found && !mnt_table_next_fs(swaps, iter, &fs))
			found = mnt_fs_get_source(fs) && !stat(mnt_fs_get_source(fs), &st) &&
				is_same_file(&st, wanted);
	mnt_free_iter(iter);
	mnt_unref_table(swaps);
	return found;
}

static void add_users(dev_t number, const char *sys, char *text, size_t size)
{
	struct stat node = { .st_mode = S_IFBLK, .st_rdev = number };
	char holders[PATH_MAX];

	snprintf(holders, sizeof(holders), "%s/holders", sys);
	add_holders(holders, text, size);
	add_mounts(number, text, size);
	if (users_is_swap(&node))
		text_append(text, size, "swap");
}

void users_of_device(dev_t number, char *text, size_t size)
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

/* ---- processes ------------------------------------------------------------------------------ */

static bool has_open(const char *pid, const struct stat *wanted)
{
	char dir[280], path[560];
	struct dirent *entry;
	bool found = false;
	struct stat st;
	DIR *d;

	snprintf(dir, sizeof(dir), "/proc/%s/fd", pid);
	d = opendir(dir);
	while (d && !found && (entry = readdir(d))) {
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		found = entry->d_name[0] != '.' && !stat(path, &st) && is_same_file(&st, wanted);
	}
	if (d)
		closedir(d);
	return found;
}

/* Slow if there are many processes: only for messages. */
void users_add_processes(const struct stat *wanted, char *text, size_t size)
{
	char path[280], name[64];
	struct dirent *entry;
	int nr = 0;
	DIR *d = opendir("/proc");

	while (d && nr <= PROCESSES_SHOWN && (entry = readdir(d))) {
		if (!strtol(entry->d_name, NULL, 10) || strtol(entry->d_name, NULL, 10) == getpid() ||
		    !has_open(entry->d_name, wanted))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		if (nr++ == PROCESSES_SHOWN)
			text_append(text, size, "and more");
		else if (read_line(path, name, sizeof(name))) {
			text_clean(name, true);
			text_append(text, size, "process %s (%s)", entry->d_name, name);
		}
	}
	if (d)
		closedir(d);
}
