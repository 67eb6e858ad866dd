// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device by its name: what dm.c returns about it, parsed by parse.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "device.h"
#include "dm.h"
#include "parse.h"
#include "util.h"

void device_node(const char *numbers, char *node, size_t size)
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

static int say_dm_error(const char *name, int error)
{
	switch (error) {
	case -ENXIO:
	case -ENOENT:
		say_error("device %s does not exist: \"blkverify status\" lists the devices", name);
		return WRONG_DEVICE;
	case -EACCES:
	case -EPERM:
		say_error("no permission to query %s: become root", name);
		return NO_PERMISSION;
	case -ENODEV:
		say_error("device %s does not exist: the device mapper is not loaded (modprobe dm-mod)",
			  name);
		return WRONG_DEVICE;
	default:
		say_error("cannot query %s: %s; --debug shows more", name,
			  strerror(-error));
		return error == -ENOMEM ? NO_MEMORY : FAILED;
	}
}

static int check_type(const char *name, const struct dm_device *dm)
{
	if (!dm->targets) {
		say_error("%s has no table, perhaps because its creation was interrupted: "
			  "\"blkverify close %s\" removes it",
			  name, name);
		return WRONG_DEVICE;
	}
	if (!dm->ours) {
		say_error("%s is a %s device, not blkverify: \"blkverify status\" lists the "
			  "blkverify devices",
			  name, dm->type);
		return WRONG_DEVICE;
	}
	if (dm->targets > 1) {
		say_error("the table of %s has %u lines, and this command supports only one: see "
			  "\"dmsetup status %s\"",
			  name, dm->targets, name);
		return WRONG_DEVICE;
	}
	return DONE;
}

static void take_info(struct device *device, const struct dm_device *dm)
{
	device->major = dm->major;
	device->minor = dm->minor;
	device->readonly = dm->readonly;
	device->suspended = dm->suspended;
	device->open_count = dm->open_count;
	device->event_nr = dm->event_nr;
	device->start = dm->start;
	device->length = dm->length;
}

#define OTHER_VERSION "blkverify and the module have different versions"

static int parse_answers(struct device *device, const char *status, const char *table)
{
	if (!parse_status(status, &device->status)) {
		say_error("unexpected status format of %s: %s in \"%s\" is not %s: " OTHER_VERSION,
			  device->name, field_words[device->status.bad], status,
			  device->status.bad == FIELD_STATE ? "V, C or F" : "a number");
		return INCONCLUSIVE;
	}
	if (!parse_table(table, &device->table)) {
		say_error("unexpected table format of %s: \"%s\": " OTHER_VERSION, device->name,
			  table);
		return INCONCLUSIVE;
	}
	return DONE;
}

static int device_ask(const char *name, struct device *device, struct dm_device *info,
		      struct dm_device *table)
{
	int r = dm_get(name, DM_INFO_LINE, info);

	if (!r)
		r = dm_get(name, DM_TABLE_LINE, table);
	if (r)
		return say_dm_error(name, r);
	r = check_type(name, info);
	if (r)
		return r;
	take_info(device, info);
	/* Without a table line the device was replaced between the two calls. */
	r = parse_answers(device, info->params, table->params ? table->params : "");
	if (r)
		return r;
	device_node(device->table.raw, device->raw_node, sizeof(device->raw_node));
	device_node(device->table.test, device->test_node, sizeof(device->test_node));
	return DONE;
}

/* Accept "/dev/mapper/v" for "v". */
const char *device_bare_name(const char *name)
{
	return strncmp(name, "/dev/mapper/", 12) ? name : name + 12;
}

int device_get(const char *name, struct device *device)
{
	struct dm_device info = { 0 }, table = { 0 };
	int r;

	memset(device, 0, sizeof(*device));
	snprintf(device->name, sizeof(device->name), "%s", device_bare_name(name));
	snprintf(device->path, sizeof(device->path), "/dev/mapper/%s", device->name);
	r = device_ask(device->name, device, &info, &table);
	free(info.params);
	free(table.params);
	return r;
}

int device_open(const struct device *device, int flags, int *fd)
{
	struct stat st;
	int r;

	*fd = open(device->path, flags | O_CLOEXEC);
	if (*fd < 0) {
		r = exit_code_of(errno);
		say_error("cannot open %s: %s: \"dmsetup mknodes\" creates a missing node",
			  device->path, strerror(errno));
		return r;
	}
	if (!fstat(*fd, &st) && st.st_rdev == makedev(device->major, device->minor))
		return DONE;
	close(*fd);
	*fd = -1;
	say_error("%s is a stale node of another device: \"dmsetup mknodes\" recreates it",
		  device->path);
	return WRONG_DEVICE;
}

void device_identity(const struct device *device, char *text, size_t size)
{
	char path[64], number[32];

	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/diskseq", device->major, device->minor);
	if (!read_line(path, number, sizeof(number)))
		strcpy(number, "-");
	snprintf(text, size, "%s %s %s %" PRIu64, number, device->table.raw, device->table.test,
		 device->length);
}

/* An older target rejects the message. */
static void list_add_cpus(const char *name, struct list *list)
{
	char *reply = NULL;

	if (!dm_message(name, 0, message_words[MESSAGE_CPUS], &reply))
		parse_cpus(reply, list);
	free(reply);
}

int device_list(const char *name, struct list *list)
{
	char *reply = NULL;
	int r = dm_message(name, 0, message_words[MESSAGE_LIST], &reply);

	memset(list, 0, sizeof(*list));
	if (r)
		return say_dm_error(name, r);
	if (!parse_list(reply, list)) {
		say_error("unexpected list format of %s: " OTHER_VERSION, name);
		r = INCONCLUSIVE;
	} else if (list->not_understood) {
		say_error("%zu reports of %s have an unexpected format and are skipped: \"dmsetup "
			  "message %s 0 %s\" shows them",
			  list->not_understood, name, name, message_words[MESSAGE_LIST]);
	}
	if (!r)
		list_add_cpus(name, list);
	free(reply);
	return r;
}
