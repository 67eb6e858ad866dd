// SPDX-License-Identifier: GPL-2.0-only
/*
 * See bundle-state.h. A file in STATE_DIR has the identity of the device and the number of the last
 * report that the bundle covers. After a reset the first report has a larger number.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "bundle-state.h"
#include "util.h"

static void identify(const struct device *device, uint64_t last, char *line, size_t size)
{
	char identity[352];

	device_identity(device, identity, sizeof(identity));
	snprintf(line, size, "%s %" PRIu64, identity, last);
}

/* Whether there is a bundle of this device that covers one of these reports. */
static int read_state(const struct device *device, uint64_t first, uint64_t last, bool *covered)
{
	char path[256], line[384], expected[384];
	const char *number;
	uint64_t n;
	int error;

	*covered = false;
	state_path(device->name, ".bundle", path, sizeof(path));
	errno = 0;
	if (read_line(path, line, sizeof(line))) {
		number = strrchr(line, ' ');
		if (!number || !parse_number(number + 1, &n) || n < first || n > last)
			return DONE;
		identify(device, n, expected, sizeof(expected));
		*covered = !strcmp(line, expected);
		return DONE;
	}
	error = errno;
	if (!error || error == ENOENT)
		return DONE;
	say_error("cannot read %s: %s", path, strerror(error));
	return exit_code_of(error);
}

int bundle_check(const struct device *device, enum bundle_need *need, uint64_t *last)
{
	struct list list;
	bool covered;
	int r = device_list(device->name, &list);

	if (r)
		return r;
	*need = NOTHING_FOUND;
	if (list.nr) {
		*last = list.reports[list.nr - 1].number;
		r = read_state(device, list.reports[0].number, *last, &covered);
		*need = covered ? HAS_BUNDLE : NEEDS_BUNDLE;
	} else if (list.not_understood) {
		r = INCONCLUSIVE;
	}
	list_free(&list);
	return r;
}

int bundle_remember(const struct device *device, uint64_t last)
{
	char path[256], line[384];
	FILE *file;
	int r;

	mkdir(STATE_DIR, 0755);
	state_path(device->name, ".bundle", path, sizeof(path));
	identify(device, last, line, sizeof(line));
	file = fopen(path, "we");
	if (file)
		fprintf(file, "%s\n", line);
	r = close_written(file);
	if (r)
		say_error("cannot write %s: %s: the next finding makes another bundle", path,
			  strerror(-r));
	return r ? exit_code_of(r) : DONE;
}
