/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The device mapper, with errors as -errno. Only dm.c uses libdevmapper.
 */
#ifndef BLKVERIFY_DM_H
#define BLKVERIFY_DM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dm_device {
	unsigned int major, minor;
	bool readonly, suspended, has_table;
	int open_count;
	uint32_t event_nr;
	unsigned int targets;
	bool ours;			/* one of them is blkverify */
	uint64_t start, length;		/* of the first target, as those below */
	char type[32];
	char *params;			/* of the status or table line; caller frees */
};

enum dm_line { DM_INFO_LINE, DM_TABLE_LINE };

void dm_start(bool debug);
void dm_end(void);
/* -ENOENT: the target is not loaded. */
int dm_target_version(const char *target, unsigned int version[3]);
int dm_get(const char *name, enum dm_line line, struct dm_device *device);
/* NULL-terminated; free with dm_free_names(). */
int dm_names(char ***names);
void dm_free_names(char **names);
/* A device of one line, for the target @type. */
int dm_create(const char *name, const char *type, uint64_t sectors, const char *params,
	      bool readonly);
/*
 * Replace its table. File systems on it are not frozen, and data in the page cache stay there: a
 * leg may have no power.
 */
int dm_replace(const char *name, uint64_t sectors, const char *params);
int dm_remove(const char *name, bool deferred);
/* Without udev: create the node of a device, remove the node of one that is gone. */
void dm_settle_node(const char *name);
int dm_message(const char *name, uint64_t sector, const char *message, char **reply);
/* -EINTR: a signal arrived. */
int dm_wait(const char *name, uint32_t event_nr);

#endif
