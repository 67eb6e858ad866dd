// SPDX-License-Identifier: GPL-2.0-only
/*
 * Check the queue limits of the legs in sysfs. The mapped device offers what the test leg offers.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "untested.h"
#include "text.h"
#include "util.h"

/* A partition uses the queue of its disk. */
static bool queue_line(const char *node, const char *file, char *line, size_t size)
{
	char path[128];
	struct stat st;

	if (stat(node, &st) || !S_ISBLK(st.st_mode))
		return false;
	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/queue/%s", major(st.st_rdev),
		 minor(st.st_rdev), file);
	if (read_line(path, line, size))
		return true;
	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/../queue/%s", major(st.st_rdev),
		 minor(st.st_rdev), file);
	return read_line(path, line, size);
}

static bool offers(const char *node, const char *file)
{
	char line[64];

	/* All of them are numbers, except for write_cache. */
	return !queue_line(node, file, line, sizeof(line)) ||
	       (strcmp(line, "0") && strcmp(line, "write through"));
}

void features_get(const char *raw_node, const char *test_node,
		  struct feature features[NR_FEATURES])
{
	static const struct {
		const char *name, *file;
	} known[NR_FEATURES] = {
		{ "discard", "discard_max_bytes" },
		{ "write zeroes", "write_zeroes_max_bytes" },
		{ "flush", "write_cache" },
		{ "FUA", "fua" },
	};
	size_t i;

	for (i = 0; i < NR_FEATURES; i++) {
		struct feature *feature = &features[i];

		feature->name = known[i].name;
		feature->raw = offers(raw_node, known[i].file);
		feature->test = offers(test_node, known[i].file);
	}
}

void features_say(const char *raw_node, const char *test_node)
{
	struct feature features[NR_FEATURES];
	char text[256] = "";
	size_t i;

	features_get(raw_node, test_node, features);
	for (i = 0; i < NR_FEATURES; i++)
		if (!features[i].test)
			text_append(text, sizeof(text), "%s (test has none)", features[i].name);
	if (text[0])
		printf("  %-16s%s\n", "not tested:", text);
}
