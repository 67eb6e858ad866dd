// SPDX-License-Identifier: GPL-2.0-only
/*
 * The progress of a scrub, saved in a file, so that it can be resumed after an interruption.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ranges.h"
#include "scrub-state.h"
#include "util.h"

static void save_ranges(FILE *f, const char *word, const struct ranges *ranges)
{
	size_t i;

	for (i = 0; i < ranges->nr; i++)
		fprintf(f, "%s %" PRIu64 " %" PRIu64 "\n", word, ranges->range[i].start,
			ranges->range[i].nr);
}

/* Replaced atomically: a killed scrub leaves the old or the new state. */
bool scrub_save(const struct scrub *s)
{
	char path[256], new[256], identity[384];
	bool saved;
	FILE *f;

	mkdir(STATE_DIR, 0755);
	state_path(s->device.name, ".scrub", path, sizeof(path));
	state_path(s->device.name, ".scrub.new", new, sizeof(new));
	f = fopen(new, "we");
	if (!f)
		return false;
	device_identity(&s->device, identity, sizeof(identity));
	fprintf(f, "%s\nat %" PRIu64 " %" PRIu64 "\nfrom %" PRIu64 " 0\n", identity,
		scrub_position(s), s->end, s->start);
	fprintf(f, "pass %" PRIu64 " %" PRIu64 "\n", s->pass, s->passes);
	save_ranges(f, "bad", &s->bad);
	save_ranges(f, "unreadable", &s->unreadable);
	saved = !close_written(f) && !rename(new, path);
	if (!saved)
		unlink(new);
	return saved;
}

static void load_line(struct scrub *s, const char *line)
{
	uint64_t a, b;
	char word[16];

	if (sscanf(line, "%15s %" SCNu64 " %" SCNu64, word, &a, &b) != 3)
		return;
	if (!strcmp(word, "at") && a <= b && b <= s->device.length) {
		s->next = a;
		s->end = b;
	} else if (!strcmp(word, "from")) {
		s->start = a;
	} else if (!strcmp(word, "pass") && a && a <= b) {
		s->pass = a;
		s->passes = b;
	} else if (!strcmp(word, "bad")) {
		ranges_add(&s->bad, a, b);
	} else if (!strcmp(word, "unreadable")) {
		ranges_add(&s->unreadable, a, b);
	}
}

int scrub_load(struct scrub *s)
{
	char path[256], line[384], identity[384];
	FILE *f;
	bool same;

	state_path(s->device.name, ".scrub", path, sizeof(path));
	f = fopen(path, "re");
	device_identity(&s->device, identity, sizeof(identity));
	same = f && fgets(line, sizeof(line), f);
	if (same) {
		line[strcspn(line, "\n")] = '\0';
		same = !strcmp(line, identity);
	}
	while (same && fgets(line, sizeof(line), f))
		load_line(s, line);
	if (f)
		fclose(f);
	if (same)
		return DONE;
	say_error("%s has no interrupted scrub to resume: omit --resume",
		  s->device.name);
	return FAILED;
}

void scrub_forget(const struct scrub *s)
{
	char path[256];

	state_path(s->device.name, ".scrub", path, sizeof(path));
	unlink(path);
}
