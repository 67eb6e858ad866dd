/* SPDX-License-Identifier: GPL-2.0-only */
/* A mapped device, asked through dm.c and parsed through parse.c. */
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

/* "/dev/mapper/v" is as good a name as "v". */
const char *device_bare_name(const char *name);
/* Say what is wrong and return an exit code, else DONE. */
int device_get(const char *name, struct device *device);
int device_list(const char *name, struct list *list);
/* Sets fd, or says what is wrong. */
int device_open(const struct device *device, int flags, int *fd);
/* /dev/sda for "8:0"; the text itself when the kernel does not know the number. */
void device_node(const char *numbers, char *node, size_t size);

#endif
