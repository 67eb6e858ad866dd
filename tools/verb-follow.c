// SPDX-License-Identifier: GPL-2.0-only
/*
 * follow: assign findings to the tests of a suite that runs meanwhile.
 */
#include <stdio.h>

#include "follow.h"
#include "util.h"
#include "verbs.h"

/* For a signal that arrives just before the wait, and for hints that a short test has removed. */
#define LOOK_MS 100

int verb_follow(char **argv)
{
	struct follow f;
	int r;

	catch_signals();
	r = follow_start(&f, argv);
	if (r)
		return r;
	/* A script waits for this line before it starts the suite. */
	fprintf(stderr, "blkverify: following %zu device%s until interrupted\n", f.nr_devices,
		f.nr_devices == 1 ? "" : "s");
	while (!interrupted)
		follow_wait(&f, LOOK_MS);
	r = follow_end(&f);
	follow_free(&f);
	return r;
}
