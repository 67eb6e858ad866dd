// SPDX-License-Identifier: GPL-2.0-only
/*
 * See bundle-state.h. A file in STATE_DIR has the number of the last report that the bundle covers.
 * After a reset the first report has a larger number; a device that was recreated by other means
 * than this command begins with 1 again.
 */
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bundle-state.h"
#include "util.h"

static void state_path(const char *name, char *path, size_t size)
{
	snprintf(path, size, STATE_DIR "/%s.bundle", name);
}

/* The numbers of the first and the last report; false if there is none. */
static bool report_numbers(const struct device *device, uint64_t *first, uint64_t *last)
{
	struct list list;
	bool any;

	if (device_list(device->name, &list))
		return false;
	any = list.nr > 0;
	if (any) {
		*first = list.reports[0].number;
		*last = list.reports[list.nr - 1].number;
	}
	list_free(&list);
	return any;
}

bool bundle_exists(const struct device *device)
{
	char path[256], line[32];
	uint64_t first, last, covered;

	if (!report_numbers(device, &first, &last))
		return true;
	state_path(device->name, path, sizeof(path));
	return read_line(path, line, sizeof(line)) && parse_number(line, &covered) &&
	       covered >= first && covered <= last;
}

void bundle_remember(const struct device *device)
{
	uint64_t first, last;
	char path[256];
	FILE *file;

	if (!report_numbers(device, &first, &last))
		return;
	mkdir(STATE_DIR, 0755);
	state_path(device->name, path, sizeof(path));
	file = fopen(path, "we");
	if (!file || fprintf(file, "%" PRIu64 "\n", last) < 0)
		say_error("cannot write %s: the next finding makes another bundle", path);
	if (file)
		fclose(file);
}

void bundle_forget(const char *name)
{
	char path[256];

	state_path(name, path, sizeof(path));
	unlink(path);
}
