// SPDX-License-Identifier: GPL-2.0-only
/* See crash-state.h. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "crash-state.h"
#include "util.h"

#define FIRST_LINE "blkverify power cuts"
#define STATE_WORDS (NR_FIELDS + 2)

struct state_word {
	const char *word;
	uint64_t *number;
};

/* The words of the file, all of which it must have, and their numbers. Returns how many. */
static size_t list_words(struct crash_counts *counts, struct state_word words[STATE_WORDS])
{
	enum field field;
	size_t nr = 0;

	words[nr++] = (struct state_word){ "cuts_done", &counts->cuts };
	words[nr++] = (struct state_word){ field_words[FIELD_UNPROVEN], &counts->unproven };
	for (field = FIELD_STATE + 1; field < NR_FIELDS; field++)
		if (status_is_count(field))
			words[nr++] = (struct state_word){ field_words[field],
							   &counts->value[field] };
	return nr;
}

static bool load_line(const char *line, const char *expected, uint64_t *number)
{
	char word[64];
	int end = 0;

	return sscanf(line, "%63s %" SCNu64 "%n", word, number, &end) == 2 &&
	       !strcmp(word, expected) && line[end] == '\n';
}

/* A file of another version, or a part of one, would lose what was found. */
static bool load_lines(FILE *f, struct crash_counts *counts)
{
	struct state_word words[STATE_WORDS];
	size_t nr = list_words(counts, words), i;
	char line[128];
	bool right = fgets(line, sizeof(line), f) && !strcmp(line, FIRST_LINE "\n") &&
		     fgets(line, sizeof(line), f) &&
		     sscanf(line, "seconds %lf", &counts->seconds) == 1;

	for (i = 0; right && i < nr; i++)
		right = fgets(line, sizeof(line), f) &&
			load_line(line, words[i].word, words[i].number);
	return right && !fgets(line, sizeof(line), f);
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

/* On the disk before it takes the place of the old one. */
static int write_state(const char *path, struct crash_counts counts)
{
	struct state_word words[STATE_WORDS];
	size_t nr = list_words(&counts, words), i;
	FILE *f = fopen(path, "we");
	int r, synced = 0;

	if (f) {
		fprintf(f, FIRST_LINE "\nseconds %.1f\n", counts.seconds);
		for (i = 0; i < nr; i++)
			fprintf(f, "%s %" PRIu64 "\n", words[i].word, *words[i].number);
		if (fflush(f) || fsync(fileno(f)))
			synced = -errno;
	}
	r = close_written(f);
	return synced ? synced : r;
}

int crash_state_save(const char *path, const struct crash_counts *counts)
{
	char new[PATH_MAX];
	int r;

	if (snprintf(new, sizeof(new), "%s.new", path) >= (int)sizeof(new)) {
		say_error("--state %s: %s", path, strerror(ENAMETOOLONG));
		return FAILED;
	}
	r = write_state(new, *counts);
	if (!r && rename(new, path))
		r = -errno;
	if (!r)
		return DONE;
	unlink(new);
	say_error("--state %s: %s", path, strerror(-r));
	return FAILED;
}
