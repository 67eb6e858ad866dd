/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * --guard: only the middle of the test device is verified. The margins at both ends have a pattern,
 * which shows at the end whether anything was written there.
 */
#ifndef BLKVERIFY_GUARD_H
#define BLKVERIFY_GUARD_H

#include <stdbool.h>
#include <stdio.h>

#include "leg.h"
#include "margin.h"
#include "ranges.h"

struct guard {
	uint64_t size;			/* of each margin, in sectors */
	const char *path;		/* of the test device */
	uint64_t end;			/* its size */
	int fd;				/* of it, past the page cache */
	char name[160];			/* of the mapped device of the middle */
	struct leg leg;			/* that device, which takes the place of the test leg */

	/* Results. */
	bool walked;			/* all was read, or could not be read */
	struct damages damages;
	struct ranges unreadable;
};

/*
 * From the option. Like the next two, it returns DONE; or reports what went wrong, and returns an
 * exit code.
 */
int guard_prepare(struct guard *guard);
/* Make the device of the middle, for a session of this name. Nothing is written. */
int guard_begin(struct guard *guard, const char *name, const struct leg *test);
/* Write the pattern. */
int guard_fill(struct guard *guard);
/* Compare it. */
void guard_check(struct guard *guard);
/* Whether something was written to the margins. */
bool guard_found(const struct guard *guard);
/* Whether all of them was compared. */
bool guard_is_checked(const struct guard *guard);
/* Let go of the test device. The device of the middle is removed when nothing uses it. */
void guard_end(struct guard *guard);
/* The results, for people. */
void guard_print(FILE *out, const struct guard *guard);

#endif
