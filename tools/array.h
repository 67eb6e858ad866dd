/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Arrays of md below a device, and failing their members. Functions that return an int return DONE;
 * or report what went wrong, and return an exit code.
 */
#ifndef BLKVERIFY_ARRAY_H
#define BLKVERIFY_ARRAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "md.h"

#define ARRAYS_MAX 16
#define MEMBERS_MAX 32

struct array_member {
	char name[32];			/* of the device: sda */
	int slot;
	bool out;			/* failed by us, and not added again */
};

struct array {
	char name[32];			/* of the device: md0 */
	enum md_redundancy redundancy;
	struct array_member member[MEMBERS_MAX];	/* by their slots */
	size_t nr;
};

/* Find the redundant arrays that a device is made of. */
int arrays_find(const char *path, struct array arrays[ARRAYS_MAX], size_t *nr);
/* Take its members. Rejects an array that is degraded, has a spare, or does not count. */
int array_take(struct array *array);
/* Wait until it does nothing on its own, with a progress line. A signal ends that. */
int array_wait(const struct array *array);
/*
 * Requests of all its users that change data: how many it has completed, and is working on. Returns
 * false if that cannot be read.
 */
bool array_count_writes(const struct array *array, uint64_t *done, uint64_t *waiting);
/* Fail a member: the array works without it from now on. */
int array_fail(const struct array *array, struct array_member *member);
/*
 * Add all members again that are out. Either their data are valid, because nothing was written
 * meanwhile, or they are rebuilt, which is waited for. Only a second signal ends that.
 */
int array_restore(struct array *array, bool rebuild);

#endif
