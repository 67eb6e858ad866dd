/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Follow a test suite in the kernel log: mark its devices at the start of each test, and assign
 * what the target counts and finds to the test that ran.
 */
#ifndef BLKVERIFY_FOLLOW_H
#define BLKVERIFY_FOLLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "device.h"
#include "marker.h"

/* A device. What a test adds is the difference between the two states. */
struct followed {
	struct device before, now;
	uint64_t seen;			/* number of the last report before the test */
	bool gone;
	bool unlisted;			/* the reports could not be read */
};

struct tested {
	char name[96];
	double seconds;
	uint64_t compared, findings;
	const char *verdict;
	char *details;			/* the reports, as text */
	bool gone;			/* a device */
};

struct follow {
	int kmsg;
	struct followed *devices;
	size_t nr_devices;
	bool in_test;			/* false before the first one */
	struct marker marker;		/* of the test that runs */
	double since;
	bool hinted;
	char hint[640];			/* what the file of hints must have; empty if nothing */
	struct tested *tests;
	size_t nr_tests;
	bool failed;			/* something could not be written */
};

/* The names end with NULL. Returns DONE, or reports an error and returns its exit code. */
int follow_start(struct follow *f, char **names);
/* Handle what the kernel has logged; wait for it for up to this time. */
void follow_wait(struct follow *f, int milliseconds);
/* Begin a test that is none of a suite. */
void follow_begin(struct follow *f, const char *test);
/* Print the tests. Returns the exit code. */
int follow_end(struct follow *f);
void follow_free(struct follow *f);

#endif
