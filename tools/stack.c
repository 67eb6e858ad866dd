// SPDX-License-Identifier: GPL-2.0-only
/* See stack.h. */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stack.h"

#define MAX_DEPTH 16

static void walk_level(const char *device, int depth, stack_visit visit, void *data)
{
	char path[PATH_MAX], file[PATH_MAX + 16], slave[sizeof(file) + NAME_MAX + 2];
	struct dirent *entry;
	bool is_lowest = true;
	DIR *d;

	if (!realpath(device, path) || depth > MAX_DEPTH)
		return;
	snprintf(file, sizeof(file), "%s/partition", path);
	if (!access(file, F_OK))
		*strrchr(path, '/') = '\0';
	snprintf(file, sizeof(file), "%s/slaves", path);
	d = opendir(file);
	while (d && (entry = readdir(d))) {
		if (entry->d_name[0] == '.')
			continue;
		is_lowest = false;
		snprintf(slave, sizeof(slave), "%s/%s", file, entry->d_name);
		walk_level(slave, depth + 1, visit, data);
	}
	if (d)
		closedir(d);
	visit(data, path, is_lowest);
}

void stack_walk(const char *device, stack_visit visit, void *data)
{
	walk_level(device, 0, visit, data);
}
