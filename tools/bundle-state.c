// SPDX-License-Identifier: GPL-2.0-only
/*
 * See bundle-state.h. A file in STATE_DIR has the number of the last report that the bundle covers.
 * After a reset the first report has a larger number; a device that was recreated by other means
 * than this command begins with 1 again.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bundle-state.h"
#include "util.h"

static void state_path(const char *name, char *path, size_t size)
{
	snprintf(path, size, STATE_DIR "/%s.bundle", name);
}

/* 0, which no report has, if there is no bundle. */
static int read_covered(const struct device *device, uint64_t *covered)
{
	char path[256], line[32];

	*covered = 0;
	state_path(device->name, path, sizeof(path));
	errno = 0;
	if (read_line(path, line, sizeof(line))) {
		if (!parse_number(line, covered))
			*covered = 0;
		return DONE;
	}
	if (!errno || errno == ENOENT)
		return DONE;
	say_error("cannot read %s: %s", path, strerror(errno));
	return exit_code_of(errno);
}

int bundle_check(const struct device *device, enum bundle_need *need, uint64_t *last)
{
	uint64_t first, covered;
	struct list list;
	int r = device_list(device->name, &list);

	if (r)
		return r;
	*need = NOTHING_FOUND;
	if (list.nr) {
		first = list.reports[0].number;
		*last = list.reports[list.nr - 1].number;
		r = read_covered(device, &covered);
		*need = covered >= first && covered <= *last ? HAS_BUNDLE : NEEDS_BUNDLE;
	} else if (list.not_understood) {
		r = INCONCLUSIVE;
	}
	list_free(&list);
	return r;
}

int bundle_remember(const struct device *device, uint64_t last)
{
	char path[256];
	FILE *file;
	int r;

	mkdir(STATE_DIR, 0755);
	state_path(device->name, path, sizeof(path));
	file = fopen(path, "we");
	if (file)
		fprintf(file, "%" PRIu64 "\n", last);
	r = close_written(file);
	if (r)
		say_error("cannot write %s: %s: the next finding makes another bundle", path,
			  strerror(-r));
	return r ? exit_code_of(r) : DONE;
}

void bundle_forget(const char *name)
{
	char path[256];

	state_path(name, path, sizeof(path));
	unlink(path);
}
