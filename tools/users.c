// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who uses a device or a file: what is built on it, what is mounted, which process has it open.
 */
#include <dirent.h>
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

/* Who makes a name chooses what is in it. */
static void add_place(char *place, char *text, size_t size)
{
	text_clean(place, true);
	text_append(text, size, "the file system mounted on %s", place);
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
			add_place(place, text, size);
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
			text_append(text, size, "swap");
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

/* The same block device by whatever node, or the same file. */
static bool is_same(const struct stat *a, const struct stat *b)
{
	if (S_ISBLK(a->st_mode) != S_ISBLK(b->st_mode))
		return false;
	return S_ISBLK(a->st_mode) ? a->st_rdev == b->st_rdev :
				     a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

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
		found = entry->d_name[0] != '.' && !stat(path, &st) && is_same(&st, wanted);
	}
	if (d)
		closedir(d);
	return found;
}

/* Slow where there are many: for messages only. */
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
