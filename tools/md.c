// SPDX-License-Identifier: GPL-2.0-only
/* See md.h. */
#include <inttypes.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "md.h"
#include "parse.h"
#include "util.h"

enum md_redundancy md_redundancy(const char *level)
{
	static const char *const one_spare[] = { "raid4", "raid5", "raid6", "raid10" };
	size_t i;

	if (!strcmp(level, "raid1"))
		return MD_COPIES;
	for (i = 0; i < NR_OF(one_spare); i++)
		if (!strcmp(level, one_spare[i]))
			return MD_ONE_SPARE;
	return MD_NONE;
}

static bool has_word(const char *text, const char *word)
{
	size_t len = strlen(word);

	for (; *text; text += strspn(text, ",")) {
		size_t nr = strcspn(text, ",");

		if (nr == len && !strncmp(text, word, len))
			return true;
		text += nr;
	}
	return false;
}

void md_parse_state(const char *text, struct md_state *state)
{
	state->faulty = has_word(text, "faulty");
	state->journal = has_word(text, "journal");
	state->replacement = has_word(text, "replacement");
}

bool md_parse_slot(const char *text, int *slot)
{
	uint64_t number;

	*slot = -1;
	if (!strcmp(text, "none"))
		return true;
	if (!parse_number(text, &number) || number > INT_MAX)
		return false;
	*slot = (int)number;
	return true;
}

bool md_parse_progress(const char *text, uint64_t *done, uint64_t *all)
{
	return sscanf(text, "%" SCNu64 " / %" SCNu64, done, all) == 2 && *all;
}
