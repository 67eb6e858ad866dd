/* SPDX-License-Identifier: GPL-2.0-only */
/* Features that are not tested because the test leg does not offer them. */
#ifndef BLKVERIFY_UNTESTED_H
#define BLKVERIFY_UNTESTED_H

#include <stdbool.h>

#define NR_FEATURES 4

struct feature {
	const char *name;		/* discard */
	bool raw, test;			/* whether the leg offers it; it is tested if test does */
};

/* Get the features of the legs by their nodes. A leg with unknown limits counts as offering all. */
void features_get(const char *raw_node, const char *test_node,
		  struct feature features[NR_FEATURES]);
/* Print "not tested: discard (test has none), ..."; nothing if all features are tested. */
void features_say(const char *raw_node, const char *test_node);

#endif
