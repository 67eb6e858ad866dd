// SPDX-License-Identifier: GPL-2.0-only
/* See coverage.h. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "coverage.h"
#include "text.h"
#include "util.h"

unsigned int coverage_share(uint64_t part, uint64_t all)
{
	long double share = all ? (long double)part * 10000 / all : 0;
	unsigned int rounded = (unsigned int)share;

	return rounded + (share > rounded);
}

static void share_text(uint64_t part, uint64_t all, const char *of, char *text, size_t size)
{
	unsigned int share = coverage_share(part, all);

	snprintf(text, size, "%u.%02u %% of %s (%" PRIu64 " sectors)", share / 100, share % 100, of,
		 part);
}

void coverage_of_device(const struct status *status, uint64_t sectors, char *text, size_t size)
{
	static const struct {
		enum field field;
		const char *why;
	} reasons[] = {
		{ FIELD_DISTRUSTED_DISCARD, "discarded" },
		{ FIELD_DISTRUSTED_REFUSED, "in requests that a leg does not support" },
		{ FIELD_DISTRUSTED_FAILED, "in requests that both legs failed" },
		{ FIELD_DISTRUSTED_MEMORY, "for lack of memory" },
		{ FIELD_DISTRUSTED_MESSAGE, "by message" },
	};
	char why[256] = "";
	size_t i;

	text[0] = '\0';
	if (!status->value[FIELD_UNTRUSTED])
		return;
	share_text(status->value[FIELD_UNTRUSTED], sectors, "the device", text, size);
	for (i = 0; i < NR_OF(reasons); i++)
		if (status->value[reasons[i].field])
			text_append(why, sizeof(why), "%" PRIu64 " %s",
				    status->value[reasons[i].field], reasons[i].why);
	if (why[0])
		snprintf(text + strlen(text), size - strlen(text), ": %s", why);
}

void coverage_of_reads(const struct status *status, char *text, size_t size)
{
	uint64_t skipped = status->value[FIELD_SKIPPED];

	text[0] = '\0';
	if (skipped)
		share_text(skipped, skipped + status->value[FIELD_COMPARED], "the data read", text,
			   size);
}

/* Is a word among the options of the table line? */
static bool has_option(const char *options, const char *word)
{
	size_t len = strlen(word);
	const char *at = options;

	while ((at = strstr(at, word))) {
		if ((at == options || at[-1] == ' ') && (!at[len] || at[len] == ' '))
			return true;
		at += len;
	}
	return false;
}

void coverage_offer(const struct status *status, const char *options, char *text, size_t size)
{
	text[0] = '\0';
	if (!status->value[FIELD_UNTRUSTED])
		return;
	if (has_option(options, option_words[OPTION_WRITTEN_ONLY]))
		text_append(text, size,
			    "--zeroed also compares unwritten sectors, if both legs are initially "
			    "all zeros");
	if (status->value[FIELD_DISTRUSTED_DISCARD] &&
	    !has_option(options, option_words[OPTION_DISCARD_ZEROES]))
		text_append(text, size,
			    "--discard-zeroes also compares discarded sectors, if both legs return "
			    "zeros for them");
}
