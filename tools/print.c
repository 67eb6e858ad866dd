// SPDX-License-Identifier: GPL-2.0-only
/*
 * The output of status and report for people.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common.h"
#include "coverage.h"
#include "device.h"
#include "loop.h"
#include "parse.h"
#include "print.h"
#include "ranges.h"
#include "status.h"
#include "text.h"
#include "untested.h"
#include "util.h"

void print_clean(FILE *out, const char *text)
{
	char *clean = text_cleaned(text, true);

	if (!clean)
		return;
	fputs(clean, out);
	free(clean);
}

/* ---- status --------------------------------------------------------------------------------- */

static void print_leg(const char *word, const char *node)
{
	char file[512];

	loop_backing_file(node, file, sizeof(file));
	printf("  %-16s%s", word, node);
	/* The reference file of "run" has no name: DIR/#NUMBER (deleted). */
	if (strstr(file, "/#") && strstr(file, " (deleted)")) {
		printf(" (an unnamed file in ");
		*strstr(file, "/#") = '\0';
	} else if (file[0]) {
		printf(" (");
	}
	print_clean(stdout, file);
	printf("%s\n", file[0] ? ")" : "");
}

static void print_field(const struct device *device, enum field field)
{
	char name[32], number[24], size[32];

	/* The summary shows these. */
	if (!strncmp(field_words[field], "distrusted_", 11))
		return;
	/* Without the option crash, these are absent. */
	if (field >= FIELD_POWER && !device->status.present[field])
		return;
	snprintf(name, sizeof(name), "%s:", field_words[field]);
	name[strcspn(name, "_")] = name[strcspn(name, "_")] ? ' ' : '\0';
	printf("  %-16s", name);
	status_text(&device->status, field, number, sizeof(number));
	printf("%s", number);
	text_of_size(device->status.value[field], size, sizeof(size));
	if (status_is_sectors(field) && device->status.value[field])
		printf(" sectors (%s)", size);
	printf("\n");
}

static void print_coverage(const struct device *device)
{
	char text[512];

	coverage_of_device(&device->status, device->length, text, sizeof(text));
	if (text[0])
		printf("  %-16s%s\n", "not compared:", text);
	coverage_of_reads(&device->status, text, sizeof(text));
	if (text[0])
		printf("  %-16s%s\n", "", text);
	coverage_offer(&device->status, device->table.options, text, sizeof(text));
	if (text[0])
		printf("  %-16s%s\n", "", text);
	features_say(device->raw_node, device->test_node, device->path);
	common_say(device->raw_node, device->test_node);
}

void print_status(const struct device *device)
{
	char size[32];
	enum field field;

	text_of_size(device->length, size, sizeof(size));
	printf("%s: %s\n", device->path, status_verdict(&device->status));
	print_leg("raw leg:", device->raw_node);
	print_leg("test leg:", device->test_node);
	printf("  %-16s%" PRIu64 " sectors (%s)\n", "size:", device->length, size);
	printf("  %-16s%s%s%s\n", "mode:", device->readonly ? "read-only" : "read/write",
	       device->suspended ? ", suspended" : "", device->open_count ? ", in use" : "");
	printf("  %-16s%s\n", "options:", device->table.options[0] ? device->table.options : "-");
	for (field = FIELD_STATE + 1; field < NR_FIELDS; field++)
		print_field(device, field);
	print_coverage(device);
}

static void print_row(const struct device *device)
{
	static const enum field columns[] = {
		FIELD_FIRST_MISMATCH, FIELD_MISMATCHES, FIELD_DIVERGENCES, FIELD_COMPARED,
	};
	char text[NR_OF(columns)][24];
	size_t i;

	for (i = 0; i < NR_OF(columns); i++)
		status_text(&device->status, columns[i], text[i], sizeof(text[i]));
	printf("%-20s %-24s %12s %10s %11s %12s  %s %s\n", device->name,
	       status_verdict(&device->status), text[0], text[1], text[2], text[3],
	       device->raw_node, device->test_node);
}

void print_table(const struct device *devices, size_t nr)
{
	size_t i;

	if (!nr) {
		printf("no blkverify device is open\n");
		return;
	}
	printf("%-20s %-24s %12s %10s %11s %12s  %s\n", "NAME", "VERDICT", "FIRST SECTOR",
	       "MISMATCHES", "DIVERGENCES", "COMPARED", "RAW TEST");
	for (i = 0; i < nr; i++)
		print_row(&devices[i]);
}

/* ---- report --------------------------------------------------------------------------------- */

/* "bitflip(3)", as the target prints it. */
void text_of_class(const struct report *report, char *text, size_t size)
{
	const struct class *class = class_find(report->class);

	if (!report->has_class_number)
		snprintf(text, size, "%s", report->class[0] ? report->class : "-");
	else
		snprintf(text, size, class && class->argument == CLASS_DISTANCE ? "%s(%+ld)" :
										  "%s(%ld)",
			 report->class, report->class_number);
}

/* "bitflip(3): a few bits differ"; a class of a newer target has no explanation. */
static void explain_class(const struct report *report, char *text, size_t size)
{
	const struct class *class = class_find(report->class);
	char word[sizeof(report->class) + 24];

	text_of_class(report, word, sizeof(word));
	if (class)
		snprintf(text, size, "%s: %s", word, class->help);
	else
		snprintf(text, size, "%s", word);
}

static const char *error_text(int error)
{
	return error ? strerror(-error) : "success";
}

/* A line of the table. */
static void print_finding(FILE *out, const struct report *r)
{
	char what[160];

	if (r->kind == KIND_DIVERGENCE) {
		fprintf(out,
			"%5" PRIu64 " %-12s %12" PRIu64 " %6s  %-6s %-6s  %-10s raw: %s, "
			"test: %s\n",
			r->number, r->op, r->sector, "-", "-", "-", kind_words[r->kind],
			error_text(r->raw_error), error_text(r->test_error));
		return;
	}
	explain_class(r, what, sizeof(what));
	fprintf(out, "%5" PRIu64 " %-12s %12" PRIu64 " %6u  0x%02x   0x%02x    %-10s %s\n",
		r->number, r->op, r->bad_sector, r->byte, r->raw_byte, r->test_byte,
		label_word(r->label), what);
}

static void print_request(FILE *out, const struct report *r)
{
	fprintf(out, "      request: %" PRIu64 " sector%s at %" PRIu64, r->nr,
		r->nr == 1 ? "" : "s", r->sector);
	if (r->kind == KIND_MISMATCH && r->differ && r->nr > 1)
		fprintf(out, ", %" PRIu64 " of them differ%s", r->differ,
			r->differ == 1 ? "s" : "");
	fprintf(out, "\n");
}

static const char *word_or(const struct words *words, const char *key, const char *otherwise)
{
	const char *value = words_find(words, key);

	return value && *value ? value : otherwise;
}

static void print_write(FILE *out, const struct words *w)
{
	const char *unknown = words_find(w, "write");

	if (unknown) {
		fprintf(out, "      written: %s\n", strcmp(unknown, "none") ?
			"unknown: older writes are no longer recorded" : "not through this device");
		return;
	}
	if (!words_find(w, "write_start"))
		return;
	fprintf(out, "      written: %s sectors at %s, %s ms before, by ",
		word_or(w, "write_nr", "?"), word_or(w, "write_start", "?"),
		word_or(w, "write_age_ms", "?"));
	print_clean(out, word_or(w, "write_comm", "?"));
	fprintf(out, " (pid %s)\n", word_or(w, "write_pid", "?"));
}

/* A discard or zeroing after that write, which may have destroyed its data. */
static void print_clear(FILE *out, const struct words *w, const char *which)
{
	char key[4][40];
	static const char *const parts[] = { "start", "nr", "op", "order" };
	size_t i;

	for (i = 0; i < NR_OF(parts); i++)
		snprintf(key[i], sizeof(key[i]), "%s_clear_%s", which, parts[i]);
	if (words_find(w, key[0]))
		fprintf(out, "      then %s: %s sectors at %s (the %s one)\n",
			word_or(w, key[2], "?"), word_or(w, key[1], "?"),
			word_or(w, key[0], "?"), which);
}

/* The sectors that differ, and the words and bits of the first one. */
static void print_evidence(FILE *out, const struct report *r)
{
	const char *runs = words_find(&r->more, "bad");

	if (runs) {
		fprintf(out, "      differ: sectors ");
		print_clean(out, runs);
		fprintf(out, " of the request\n");
	}
	if (words_find(&r->more, "words"))
		fprintf(out, "      in the first: words %s, bits set %s, cleared %s\n",
			word_or(&r->more, "words", "?"), word_or(&r->more, "set", "?"),
			word_or(&r->more, "cleared", "?"));
}

/* Who submitted the request, and how it was served. */
static void print_origin(FILE *out, const struct words *w)
{
	const char *flags = words_find(w, "flags"), *segments = words_find(w, "segments");
	const char *cpus = words_find(w, "cpus"), *test_us = words_find(w, "test_us");

	if (!words_find(w, "comm"))
		return;
	fprintf(out, "      submitted by: ");
	print_clean(out, word_or(w, "comm", "?"));
	fprintf(out, " (pid %s)", word_or(w, "pid", "?"));
	if (flags)
		fprintf(out, ", flags %s", flags);
	if (segments)
		fprintf(out, ", %s segment%s, the first at byte %s of its page", segments,
			strcmp(segments, "1") ? "s" : "", word_or(w, "offset", "?"));
	fprintf(out, "\n");
	if (cpus)
		fprintf(out, "      on CPU %.*s; completed by the test leg on CPU %s\n",
			(int)strcspn(cpus, ","), cpus, strchr(cpus, ',') ? strchr(cpus, ',') + 1 : "?");
	if (test_us)
		fprintf(out, "      took: raw %s us, test %s us\n", word_or(w, "raw_us", "?"), test_us);
}

/* What had happened shortly before, as "flush:3,mark:120". */
static void print_near(FILE *out, const struct words *w)
{
	const char *at = words_find(w, "near");
	size_t name, number;

	if (!at)
		return;
	fprintf(out, "      before:");
	while (*at) {
		name = strcspn(at, ":,");
		number = at[name] == ':' ? strcspn(at + name + 1, ",") : 0;
		fprintf(out, " %.*s %.*s ms ago", (int)name, at, (int)number, at + name + !!number);
		at += name + !!number + number;
		if (*at)
			fputc(*at++, out);
	}
	fprintf(out, "\n");
}

/* After a power cut, any class of damage means that a promise was broken, or the device damaged. */
static void print_cut(FILE *out, const struct report *r)
{
	const char *cut = words_find(&r->more, "crash"), *promise = words_find(&r->more, "promise");

	if (!cut)
		return;
	fprintf(out, "      after power cut ");
	print_clean(out, cut);
	if (promise) {
		fprintf(out, ": what was promised by ");
		print_clean(out, promise);
		fprintf(out, " is gone");
	} else if (strcmp(r->class, "flapping") != 0) {
		fprintf(out, ": neither what was durable nor what was written since, as after a "
			"flush or FUA that was not carried out");
	}
	fprintf(out, "\n");
}

static void print_time(FILE *out, const struct words *words)
{
	const char *value = words_find(words, "time_ms");
	char text[32];
	struct tm local;
	uint64_t ms;
	time_t seconds;

	if (!value || !parse_number(value, &ms))
		return;
	seconds = (time_t)(ms / 1000);
	if (localtime_r(&seconds, &local) &&
	    strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &local))
		fprintf(out, "      found: %s.%03u\n", text, (unsigned int)(ms % 1000));
}

static bool is_printed_elsewhere(const char *key)
{
	static const char *const keys[] = { "bad", "words", "set", "cleared", "time_ms", "crash",
					    "promise", "pid", "comm", "flags", "segments",
					    "offset", "cpus", "raw_us", "test_us", "near" };
	size_t i;

	for (i = 0; i < NR_OF(keys); i++)
		if (!strcmp(key, keys[i]))
			return true;
	return !strcmp(key, "write") || !strncmp(key, "write_", 6) ||
		!strncmp(key, "latest_clear_", 13) || !strncmp(key, "nearest_clear_", 14);
}

static void print_more(FILE *out, const struct words *words)
{
	size_t i;

	for (i = 0; i < words->nr; i++) {
		const struct word *w = &words->word[i];

		if (is_printed_elsewhere(w->key))
			continue;
		fprintf(out, "      ");
		print_clean(out, w->key);
		fprintf(out, "%s", w->value[0] ? ": " : "");
		print_clean(out, w->value);
		fprintf(out, "\n");
	}
}

void print_report(FILE *out, const struct report *report)
{
	print_finding(out, report);
	print_request(out, report);
	print_evidence(out, report);
	print_cut(out, report);
	print_time(out, &report->more);
	print_near(out, &report->more);
	print_origin(out, &report->more);
	print_write(out, &report->more);
	print_clear(out, &report->more, "latest");
	print_clear(out, &report->more, "nearest");
	print_more(out, &report->more);
}

/* A CPU that all findings have in common means something if others have compared much. */
static void print_cpus(FILE *out, const struct list *list)
{
	size_t i;

	fprintf(out, "sectors compared, by CPU:");
	for (i = 0; i < list->nr_cpus; i++)
		fprintf(out, "%s %" PRIu64 ": %" PRIu64, i ? "," : "", list->cpus[i].cpu,
			list->cpus[i].compared);
	fprintf(out, "\n");
}

void print_reports(FILE *out, const struct device *device, const struct list *list)
{
	size_t i;

	if (!list || (!list->nr && list->not_understood)) {
		fprintf(out, "%s: the reports cannot be read\n", device->name);
		return;
	}
	if (!list->nr) {
		fprintf(out, "%s: no findings recorded\n", device->name);
		return;
	}
	fprintf(out, "%5s %-12s %12s %6s  %-6s %-6s  %-10s %s\n", "NO", "OP", "SECTOR", "BYTE",
		"RAW", "TEST", "KIND", "WHAT TEST RETURNED");
	for (i = 0; i < list->nr; i++)
		print_report(out, &list->reports[i]);
	if (list->nr_cpus)
		print_cpus(out, list);
	if (list->dropped)
		fprintf(out,
			"%" PRIu64 " findings between the first and the last ones are no longer "
			"recorded\n",
			list->dropped);
}

/* ---- ranges --------------------------------------------------------------------------------- */

void print_ranges(const char *what, const struct ranges *ranges)
{
	size_t i;

	for (i = 0; i < ranges->nr; i++)
		printf("%s: sectors %" PRIu64 " to %" PRIu64 " (%" PRIu64 ")\n", what,
		       ranges->range[i].start, ranges->range[i].start + ranges->range[i].nr - 1,
		       ranges->range[i].nr);
}
