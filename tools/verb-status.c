// SPDX-License-Identifier: GPL-2.0-only
/*
 * status: one device, or all of them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "dm.h"
#include "json.h"
#include "options.h"
#include "print.h"
#include "prometheus.h"
#include "status.h"
#include "util.h"
#include "verbs.h"

static int get_names(char ***names)
{
	int r = dm_names(names);

	if (!r)
		return DONE;
	*names = NULL;
	if (r == -ENODEV || r == -ENOENT) {
		say_debug("the device mapper is not loaded");
		return DONE;
	}
	say_error("cannot list devices: %s%s", strerror(-r),
		  exit_code_of(r) == NO_PERMISSION ? ": become root" : "; --debug shows more");
	return exit_code_of(r);
}

enum look { NOT_OURS, OURS, NOT_UNDERSTOOD };

/* Devices that disappear meanwhile are left out. */
static enum look look_at(const char *name, struct device *device)
{
	struct dm_device dm;
	bool ours = !dm_get(name, DM_INFO_LINE, &dm) && dm.ours;

	free(dm.params);
	if (!ours)
		return NOT_OURS;
	if (!device_get(name, device))
		return OURS;
	/* The error was reported: the device is gone, or is not supported. */
	ours = !dm_get(name, DM_INFO_LINE, &dm) && dm.ours;
	free(dm.params);
	return ours ? NOT_UNDERSTOOD : NOT_OURS;
}

/* A device that is not understood may be bad: inconclusive. */
static int get_all(struct device **devices, size_t *nr)
{
	char **names;
	size_t i, max = 0;
	int r = get_names(&names);

	*nr = 0;
	*devices = NULL;
	if (r)
		return r;
	while (names && names[max])
		max++;
	*devices = calloc(max + 1, sizeof(**devices));
	if (!*devices)
		say_error("no memory for %zu devices", max);
	for (i = 0; *devices && i < max; i++) {
		enum look look = look_at(names[i], &(*devices)[*nr]);

		*nr += look == OURS;
		if (look == NOT_UNDERSTOOD)
			r = INCONCLUSIVE;
	}
	dm_free_names(names);
	return *devices ? r : NO_MEMORY;
}

/* For programs. */
static void show(const struct device *devices, size_t nr)
{
	if (opts.json)
		json_status(devices, nr);
	else
		prometheus_print(devices, nr);
}

static int show_all(void)
{
	struct device *devices;
	bool bad = false;
	size_t i, nr;
	int r = get_all(&devices, &nr);

	if (!devices)
		return r;
	if (opts.json || opts.prometheus)
		show(devices, nr);
	else
		print_table(devices, nr);
	for (i = 0; i < nr; i++)
		bad |= status_is_bad(&devices[i].status);
	free(devices);
	return bad ? FOUND : r;
}

int verb_status(char **argv)
{
	struct device device;
	int r;

	if (!argv[0])
		return show_all();
	r = device_get(argv[0], &device);
	if (r)
		return r;
	if (opts.json || opts.prometheus)
		show(&device, 1);
	else
		print_status(&device);
	return status_is_bad(&device.status) ? FOUND : DONE;
}
