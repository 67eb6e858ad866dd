/* SPDX-License-Identifier: GPL-2.0-only */
/* JSON output. Members are only ever added while "version" is 1; blkverify(8) describes them. */
#ifndef BLKVERIFY_JSON_H
#define BLKVERIFY_JSON_H

#include <stdio.h>

#include "crash-series.h"
#include "device.h"
#include "follow.h"
#include "ranges.h"
#include "run-output.h"

/* What scrub or compare has read and found. */
struct json_ranges {
	const char *verb;
	const char *name;		/* of a device; NULL: raw and test */
	const char *raw, *test;
	uint64_t raw_bytes, test_bytes;
	uint64_t start, sectors;
	const uint64_t *skipped;	/* NULL: unknown */
	const struct ranges *bad, *unreadable;
};

/* What happened on devices while a test ran. */
struct json_test {
	const char *suite;		/* NULL: none, and @started says nothing */
	const char *name, *started;
	double seconds;
	const struct followed *devices;
	const struct list *lists;	/* the reports of each device */
	size_t nr;
};

void json_status(const struct device *devices, size_t nr);
void json_reports(const struct device *device, const struct list *list);
void json_print_ranges(const struct json_ranges *found);
void json_crash(const struct crash_series *series, const struct device *device,
		const struct list *list);
void json_run(const struct run_outcome *outcome);
void json_test(FILE *out, const struct json_test *test);

#endif
