// SPDX-License-Identifier: GPL-2.0-only
/* See marker.h. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "marker.h"
#include "util.h"

const char *const suite_words[NR_SUITES] = {
	[SUITE_BLKTESTS] = "blktests",
	[SUITE_FSTESTS] = "fstests",
};

bool kmsg_text(const char *record, char *text, size_t size)
{
	const char *begin = strchr(record, ';');
	size_t len;

	if (!begin || !isdigit((unsigned char)*record))
		return false;
	len = strcspn(++begin, "\n");
	snprintf(text, size, "%.*s", (int)len, begin);
	return true;
}

/* The name is going to be a path below a folder, and a mark: no "..", and no odd characters. */
static void make_safe(char *name)
{
	char *c;

	for (c = name; *c; c++) {
		bool begins = c == name || c[-1] == '/';

		if (!isalnum((unsigned char)*c) && !strchr("/-_.+", *c))
			*c = '_';
		if (begins && (*c == '.' || *c == '/'))
			*c = '_';
	}
	if (c > name && c[-1] == '/')
		c[-1] = '_';
}

/* The last " at ": a name may have spaces. */
static const char *find_at(const char *text)
{
	const char *at = NULL, *next;

	for (next = strstr(text, " at "); next; next = strstr(next + 1, " at "))
		at = next;
	return at;
}

bool parse_marker(const char *text, struct marker *marker)
{
	const char *at;
	size_t i, len;

	if (strncmp(text, "run ", 4))
		return false;
	text += 4;
	for (i = 0; i < NR_SUITES; i++) {
		len = strlen(suite_words[i]);
		if (!strncmp(text, suite_words[i], len) && text[len] == ' ')
			break;
	}
	if (i == NR_SUITES)
		return false;
	text += len + 1;
	at = find_at(text);
	if (!at || at == text)
		return false;
	marker->suite = (enum suite)i;
	snprintf(marker->test, sizeof(marker->test), "%.*s", (int)(at - text), text);
	make_safe(marker->test);
	snprintf(marker->started, sizeof(marker->started), "%s", at + 4);
	return true;
}
