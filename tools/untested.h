/* SPDX-License-Identifier: GPL-2.0-only */
/* Features that are not tested: the test leg does not offer them, or the mapped device does not. */
#ifndef BLKVERIFY_UNTESTED_H
#define BLKVERIFY_UNTESTED_H

#include <stdbool.h>

#include "interface.h"

#define NR_COMMON_FEATURES 4
#define NR_FEATURES (NR_COMMON_FEATURES + NR_UNPASSED)

struct feature {
	const char *name;		/* discard */
	bool raw, test;			/* whether the leg offers it */
	const char *untested;		/* why it is not tested; NULL if it is */
};

/*
 * Get the features of the legs by the nodes of legs and mapped device. A leg with unknown limits
 * counts as offering all.
 */
void features_get(const char *raw_node, const char *test_node, const char *mapped_node,
		  struct feature features[NR_FEATURES]);
/* Print "not tested: discard (test has none), ..."; nothing if all features are tested. */
void features_say(const char *raw_node, const char *test_node, const char *mapped_node);

#endif
