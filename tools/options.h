/* SPDX-License-Identifier: GPL-2.0-only */
/* What was given on the command line. */
#ifndef BLKVERIFY_OPTIONS_H
#define BLKVERIFY_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "interface.h"

struct options {
	bool json, debug, yes, readonly, dry_run, deferred, allow_unequal, resume, zeroed,
		report_as_bug, ktap, junit, prometheus, first, full, fail_members;
	bool has_sectors, has_start, has_length, has_timeout;
	bool has_passes, has_wait, has_cuts, has_crash, has_guard;
	uint64_t sectors, start, length, timeout, context, passes, wait, cuts, crash, guard;
	const char *raw, *test, *raw_dir, *name, *block, *out, *hints, *output, *scratch, *cut,
		*restore, *wait_for, *every, *state;
	/* Of the table line: NULL if not given, else the value, or "". */
	const char *words[NR_OPTIONS];
};
extern struct options opts;

#endif
