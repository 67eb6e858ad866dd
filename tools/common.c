// SPDX-License-Identifier: GPL-2.0-only
/*
 * Find the disks below the legs, and the drivers of these disks, in sysfs.
 */
#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "common.h"
#include "stack.h"
#include "util.h"

/* Further disks are ignored. */
#define MAX_DISKS 32

struct disks {
	size_t nr;
	char path[MAX_DISKS][PATH_MAX];		/* in /sys/devices */
};

static void add_disk(void *data, const char *path, bool is_lowest)
{
	struct disks *disks = data;

	if (is_lowest && disks->nr < MAX_DISKS)
		strcpy(disks->path[disks->nr++], path);
}

static void get_disks(struct disks *disks, const char *node)
{
	char device[64];
	struct stat st;

	disks->nr = 0;
	if (stat(node, &st) || !S_ISBLK(st.st_mode))
		return;
	snprintf(device, sizeof(device), "/sys/dev/block/%u:%u", major(st.st_rdev),
		 minor(st.st_rdev));
	stack_walk(device, add_disk, disks);
}

/* The driver of the nearest parent that has one, except for sd, which all SCSI disks share. */
static bool driver_of_parent(const char *disk, char *driver, size_t size)
{
	char path[PATH_MAX], file[PATH_MAX + 16], link[PATH_MAX], *slash;
	const char *name;
	ssize_t len;

	snprintf(path, sizeof(path), "%s", disk);
	while (strcmp(path, "/sys/devices") && (slash = strrchr(path, '/')) && slash != path) {
		*slash = '\0';
		snprintf(file, sizeof(file), "%s/driver", path);
		len = readlink(file, link, sizeof(link) - 1);
		if (len <= 0)
			continue;
		link[len] = '\0';
		name = strrchr(link, '/');
		name = name ? name + 1 : link;
		if (!strcmp(name, "sd"))
			continue;
		snprintf(driver, size, "%s", name);
		return true;
	}
	return false;
}

/* The name of a virtual disk is that of its driver and a number, as in loop0. */
static bool driver_of_name(const char *disk, char *driver, size_t size)
{
	char path[PATH_MAX + 16], numbers[32], line[128], name[64];
	unsigned int wanted, number;
	bool blocks = false;
	FILE *file;

	snprintf(path, sizeof(path), "%s/dev", disk);
	if (!read_line(path, numbers, sizeof(numbers)) || sscanf(numbers, "%u:", &wanted) != 1)
		return false;
	driver[0] = '\0';
	file = fopen("/proc/devices", "re");
	while (file && fgets(line, sizeof(line), file)) {
		blocks |= !strncmp(line, "Block devices", 13);
		if (blocks && sscanf(line, "%u %63s", &number, name) == 2 && number == wanted)
			snprintf(driver, size, "%s", name);
	}
	if (file)
		fclose(file);
	/* The major number that all drivers without their own one share. */
	if (!strcmp(driver, "blkext")) {
		snprintf(driver, size, "%s", strrchr(disk, '/') + 1);
		while (driver[0] && isdigit((unsigned char)driver[strlen(driver) - 1]))
			driver[strlen(driver) - 1] = '\0';
	}
	return driver[0];
}

static bool driver_of(const char *disk, char *driver, size_t size)
{
	return driver_of_parent(disk, driver, size) || driver_of_name(disk, driver, size);
}

bool common_disk(const char *raw_node, const char *test_node, char *disk, size_t size)
{
	static struct disks raw, test;
	size_t i, j;

	get_disks(&raw, raw_node);
	get_disks(&test, test_node);
	for (i = 0; i < raw.nr; i++)
		for (j = 0; j < test.nr; j++)
			if (!strcmp(raw.path[i], test.path[j])) {
				snprintf(disk, size, "/dev/%s", strrchr(raw.path[i], '/') + 1);
				return true;
			}
	return false;
}

bool common_driver(const char *raw_node, const char *test_node, char *driver, size_t size)
{
	static struct disks raw, test;
	char other[64];
	size_t i, j;

	get_disks(&raw, raw_node);
	get_disks(&test, test_node);
	for (i = 0; i < raw.nr; i++)
		for (j = 0; j < test.nr; j++)
			if (driver_of(raw.path[i], driver, size) &&
			    driver_of(test.path[j], other, sizeof(other)) && !strcmp(driver, other))
				return true;
	return false;
}

size_t common_disks_of(const char *node, char (*disks)[64], size_t max)
{
	static struct disks found;
	size_t i;

	get_disks(&found, node);
	for (i = 0; i < found.nr && i < max; i++)
		snprintf(disks[i], sizeof(disks[i]), "/dev/%s", strrchr(found.path[i], '/') + 1);
	return i;
}

void common_say(const char *raw_node, const char *test_node)
{
	char name[64];

	if (common_disk(raw_node, test_node, name, sizeof(name)))
		printf("  %-16s%s, below both legs: a fault in it may damage both alike\n",
		       "same disk:", name);
	else if (common_driver(raw_node, test_node, name, sizeof(name)))
		printf("  %-16s%s, used by both legs: a bug in it may damage both alike\n",
		       "same driver:", name);
}
