// SPDX-License-Identifier: GPL-2.0-only
/*
 * open and close.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "common.h"
#include "create.h"
#include "device.h"
#include "dm.h"
#include "leg.h"
#include "module.h"
#include "options.h"
#include "untested.h"
#include "users.h"
#include "util.h"
#include "verbs.h"

/* At boot, disks appear in any order. A leg that does not is reported when it is opened. */
static void wait_for_legs(const char *raw, const char *test)
{
	double end = seconds_now() + (double)opts.wait;

	while ((access(raw, F_OK) || access(test, F_OK)) && seconds_now() < end)
		usleep(100000);
}

int verb_open(char **argv)
{
	struct leg raw = { .fd = -1 }, test = { .fd = -1 };
	char path[160];
	int r = create_check_options();

	if (!r && !opts.dry_run)
		r = module_need_target();
	if (!r && opts.report_as_bug && !opts.dry_run)
		r = module_report_as_bug();
	if (!r)
		r = create_check_name(argv[0]);
	if (!r && opts.has_wait)
		wait_for_legs(argv[1], argv[2]);
	if (!r)
		r = legs_reject_same(argv[1], argv[2]);
	if (!r)
		r = legs_open(&raw, argv[1], &test, argv[2], opts.readonly);
	if (!r)
		r = create_device(argv[0], &raw, &test);
	if (!r && !opts.dry_run) {
		snprintf(path, sizeof(path), "/dev/mapper/%s", argv[0]);
		features_say(raw.node, test.node, path);
		common_say(raw.node, test.node);
	}
	/* From now on only the mapped device holds the loop devices. */
	leg_close(&raw);
	leg_close(&test);
	return r;
}

/* ---- close ---------------------------------------------------------------------------------- */

/* A blkverify device, or one without a table, which a killed "open" leaves. */
static int check_removable(const char *name, struct dm_device *device)
{
	int r = dm_get(name, DM_INFO_LINE, device);
	struct device spare;

	if (!r && (!device->targets || !strcmp(device->type, "blkverify")))
		return DONE;
	return device_get(name, &spare); /* reports the error */
}

static int say_remove_error(const char *name, const struct dm_device *device, int error)
{
	struct stat node = { .st_mode = S_IFBLK,
			     .st_rdev = makedev(device->major, device->minor) };
	char users[1024];

	users_of_device(node.st_rdev, users, sizeof(users));
	users_add_processes(&node, users, sizeof(users));
	if (error == -EBUSY)
		say_error("%s is in use by %s: close that first, or use --deferred to remove it on last "
			  "close",
			  name, users[0] ? users : "unknown (try lsblk)");
	else if (exit_code_of(error) == NO_PERMISSION)
		say_error("no permission to remove %s: become root", name);
	else
		say_error("cannot remove %s: %s; --debug shows more", name, strerror(-error));
	return exit_code_of(error);
}

int verb_close(char **argv)
{
	const char *name = device_bare_name(argv[0]);
	struct dm_device device;
	int r = check_removable(name, &device);

	free(device.params);
	if (r)
		return r;
	r = dm_remove(name, opts.deferred);
	return r ? say_remove_error(name, &device, r) : DONE;
}
