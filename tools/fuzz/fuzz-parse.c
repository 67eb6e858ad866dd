// SPDX-License-Identifier: GPL-2.0-only
/* libFuzzer: run every parser on every input. */
#include <stdlib.h>
#include <string.h>

#include "parse.h"
#include "text.h"
#include "util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* A buffer of the exact size, so that ASan finds reads beyond it. */
	char *text = malloc(size + 1);
	const char *at = text;
	struct history history;
	struct status status;
	struct report report;
	struct table table;
	struct list list;
	uint64_t sectors, nr;
	double low, high;

	memcpy(text, data, size);
	text[size] = '\0';
	parse_size(text, &sectors);
	parse_status(text, &status);
	parse_table(text, &table);
	parse_report(text, &report);
	if (parse_list(text, &list)) {
		parse_cpus(text, &list);
		list_free(&list);
	}
	if (parse_history(text, &history))
		history_free(&history);
	while (*at)
		parse_uncertain(&at, &sectors, &nr);
	parse_span(text, &low, &high);
	text_clean(text, size % 2);
	free(text);
	return 0;
}
