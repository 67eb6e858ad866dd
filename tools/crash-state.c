// SPDX-License-Identifier: GPL-2.0-only
/* See crash-state.h. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "crash-state.h"
#include "util.h"

#define FIRST_LINE "blkverify power cuts"

/* One line: a word and a number. Words of a newer version are an error: they would be lost. */
static bool load_line(const char *line, struct crash_counts *counts)
{
	enum field field;
	uint64_t number;
	char word[64];
	int end = 0;

	if (sscanf(line, "seconds %lf%n", &counts->seconds, &end) == 1 && line[end] == '\n')
		return true;
	if (sscanf(line, "%63s %" SCNu64 "%n", word, &number, &end) != 2 || line[end] != '\n')
		return false;
	if (!strcmp(word, "cuts_done")) {
		counts->cuts = number;
		return true;
	}
	if (!strcmp(word, field_words[FIELD_UNPROVEN])) {
		counts->unproven = number;
		return true;
	}
	for (field = FIELD_STATE + 1; field < NR_FIELDS; field++)
		if (!strcmp(word, field_words[field]))
			break;
	if (field == NR_FIELDS || !status_is_count(field))
		return false;
	counts->value[field] = number;
	return true;
}

static bool load_lines(FILE *f, struct crash_counts *counts)
{
	char line[128];
	bool right;

	right = fgets(line, sizeof(line), f) && !strcmp(line, FIRST_LINE "\n");
	while (right && fgets(line, sizeof(line), f))
		right = load_line(line, counts);
	return right && feof(f);
}

int crash_state_load(const char *path, struct crash_counts *counts)
{
	FILE *f = fopen(path, "re");
	bool right;

	if (!f && errno == ENOENT)
		return DONE;
	if (!f) {
		say_error("--state %s: %s", path, strerror(errno));
		return FAILED;
	}
	right = load_lines(f, counts);
	fclose(f);
	if (right)
		return DONE;
	say_error("--state %s: this is not the state of a series of power cuts", path);
	return FAILED;
}

int crash_state_save(const char *path, const struct crash_counts *counts)
{
	enum field field;
	char new[4096];
	FILE *f;
	int r;

	if (snprintf(new, sizeof(new), "%s.new", path) >= (int)sizeof(new)) {
		say_error("--state %s: %s", path, strerror(ENAMETOOLONG));
		return FAILED;
	}
	f = fopen(new, "we");
	if (f) {
		fprintf(f, FIRST_LINE "\ncuts_done %" PRIu64 "\nseconds %.1f\n", counts->cuts,
			counts->seconds);
		fprintf(f, "%s %" PRIu64 "\n", field_words[FIELD_UNPROVEN], counts->unproven);
		for (field = FIELD_STATE + 1; field < NR_FIELDS; field++)
			if (status_is_count(field))
				fprintf(f, "%s %" PRIu64 "\n", field_words[field],
					counts->value[field]);
	}
	r = close_written(f);
	if (!r && rename(new, path))
		r = -errno;
	if (!r)
		return DONE;
	unlink(new);
	say_error("--state %s: %s", path, strerror(-r));
	return FAILED;
}
