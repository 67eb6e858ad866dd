/* SPDX-License-Identifier: GPL-2.0-only */
/* Results of tests, in the formats of test harnesses. */
#ifndef BLKVERIFY_RESULTS_H
#define BLKVERIFY_RESULTS_H

#include <stddef.h>
#include <stdio.h>

enum outcome { PASSED, NOT_PASSED, SKIPPED };

struct result {
	const char *name;
	enum outcome outcome;
	const char *reason;	/* one line; NULL if it passed */
	const char *details;	/* lines, such as reports; may be NULL */
	double seconds;
};

struct results {
	const char *suite;
	const struct result *result;
	size_t nr;
};

/* KTAP, version 1: one test, which has the results as its subtests. */
void results_ktap(FILE *out, const struct results *results);
/* JUnit XML. */
void results_junit(FILE *out, const struct results *results);

#endif
