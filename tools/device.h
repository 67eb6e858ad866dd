/* SPDX-License-Identifier: GPL-2.0-only */
/* A mapped device: queried through dm.c, parsed by parse.c. */
#ifndef BLKVERIFY_DEVICE_H
#define BLKVERIFY_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "parse.h"

struct device {
	char name[128];
	char path[160];
	unsigned int major, minor;
	bool readonly, suspended;
	int open_count;
	uint32_t event_nr;
	uint64_t start, length;		/* of the target, in sectors */
	struct table table;
	struct status status;
	char raw_node[64], test_node[64];
};

/* Accept "/dev/mapper/v" for "v". */
const char *device_bare_name(const char *name);
/* Return DONE; or report an error and return its exit code. */
int device_get(const char *name, struct device *device);
int device_list(const char *name, struct list *list);
/*
 * A line that no other device has, also if it gets the same name or the same loop devices later.
 * The kernel numbers disks and does not reuse a number before the next boot.
 */
void device_identity(const struct device *device, char *text, size_t size);
/* Set fd, or report an error. */
int device_open(const struct device *device, int flags, int *fd);
/* /dev/sda for "8:0"; "8:0" itself if the kernel has no such device. */
void device_node(const char *numbers, char *node, size_t size);

#endif
