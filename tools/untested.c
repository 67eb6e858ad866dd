// SPDX-License-Identifier: GPL-2.0-only
/*
 * Check the features of the legs in sysfs. The mapped device offers what the test leg offers, except
 * for what BLKV_UNPASSED in src/words.h lists.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "text.h"
#include "untested.h"
#include "util.h"

/* A partition has the features of its disk. */
static bool feature_path(const char *node, const char *file, char *path, size_t size)
{
	struct stat st;

	if (stat(node, &st) || !S_ISBLK(st.st_mode))
		return false;
	snprintf(path, size, "/sys/dev/block/%u:%u/%s", major(st.st_rdev), minor(st.st_rdev), file);
	if (!access(path, F_OK))
		return true;
	snprintf(path, size, "/sys/dev/block/%u:%u/../%s", major(st.st_rdev), minor(st.st_rdev),
		 file);
	return !access(path, F_OK);
}

/* Does the file say so? A directory does by its existence. */
static bool is_offered(const char *node, const char *file, bool if_unknown)
{
	char path[160], line[64];
	struct stat st;

	if (!feature_path(node, file, path, sizeof(path)) || stat(path, &st))
		return if_unknown;
	if (S_ISDIR(st.st_mode))
		return true;
	if (!read_line(path, line, sizeof(line)))
		return if_unknown;
	/* Most are numbers, write_cache and format are not. */
	return strcmp(line, "0") && strcmp(line, "write through") && strcmp(line, "none");
}

/* The mapped device offers these if the test leg does. */
static const struct {
	const char *name, *file;
} common[NR_COMMON_FEATURES] = {
	{ "discard", "queue/discard_max_bytes" },
	{ "write zeroes", "queue/write_zeroes_max_bytes" },
	{ "flush", "queue/write_cache" },
	{ "FUA", "queue/fua" },
};

static const struct {
	const char *name, *file, *reason;
} unpassed[NR_UNPASSED] = {
#define UNPASSED_ROW(id, name, reason, file) [UNPASSED_##id] = { name, file, reason },
	BLKV_UNPASSED(UNPASSED_ROW)
#undef UNPASSED_ROW
};

void features_get(const char *raw_node, const char *test_node, const char *mapped_node,
		  struct feature features[NR_FEATURES])
{
	struct feature *feature = features;
	size_t i;

	for (i = 0; i < NR_COMMON_FEATURES; i++, feature++) {
		feature->name = common[i].name;
		feature->raw = is_offered(raw_node, common[i].file, true);
		feature->test = is_offered(test_node, common[i].file, true);
		feature->untested = feature->test ? NULL : "test has none";
	}
	for (i = 0; i < NR_UNPASSED; i++, feature++) {
		feature->name = unpassed[i].name;
		feature->raw = is_offered(raw_node, unpassed[i].file, false);
		feature->test = is_offered(test_node, unpassed[i].file, false);
		feature->untested = NULL;
		if (feature->test && !is_offered(mapped_node, unpassed[i].file, false))
			feature->untested = unpassed[i].reason;
	}
}

void features_say(const char *raw_node, const char *test_node, const char *mapped_node)
{
	struct feature features[NR_FEATURES];
	const char *title = "not tested:";
	size_t i;

	features_get(raw_node, test_node, mapped_node, features);
	for (i = 0; i < NR_FEATURES; i++) {
		if (!features[i].untested)
			continue;
		printf("  %-16s%s (%s)\n", title, features[i].name, features[i].untested);
		title = "";
	}
}
