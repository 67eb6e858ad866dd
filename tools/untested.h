/* SPDX-License-Identifier: GPL-2.0-only */
/* What the legs do not offer, and is not tested for that reason. */
#ifndef BLKVERIFY_UNTESTED_H
#define BLKVERIFY_UNTESTED_H

#include <stdbool.h>

#define NR_FEATURES 4

struct feature {
	const char *name;		/* discard */
	bool raw, test;			/* whether the leg offers it */
	bool tested;
};

/* By the nodes of the legs. A leg whose limits are unknown is taken to offer everything. */
void features_get(const char *raw_node, const char *test_node,
		  struct feature features[NR_FEATURES]);
/* "raw has none" */
const char *feature_reason(const struct feature *feature);
/* "not tested: discard (raw has none), ..."; nothing if all is tested. */
void features_say(const char *raw_node, const char *test_node);

#endif
