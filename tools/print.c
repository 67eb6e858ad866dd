// SPDX-License-Identifier: GPL-2.0-only
/*
 * status and report, in people's form.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "loop.h"
#include "parse.h"
#include "print.h"
#include "ranges.h"
#include "text.h"

/* Names come from programs and people: what a terminal would obey is not printed. */
void print_clean(const char *text)
{
	char *clean = strdup(text);

	if (!clean)
		return;
	text_clean(clean, true);
	fputs(clean, stdout);
	free(clean);
}

/* ---- status --------------------------------------------------------------------------------- */

static void print_leg(const char *word, const char *node)
{
	char file[512];

	loop_backing_file(node, file, sizeof(file));
	printf("  %-16s%s", word, node);
	/* That of "run" has no name: DIR/#NUMBER (deleted). */
	if (strstr(file, "/#") && strstr(file, " (deleted)")) {
		printf(" (a file without a name in ");
		*strstr(file, "/#") = '\0';
	} else if (file[0]) {
		printf(" (");
	}
	print_clean(file);
	printf("%s\n", file[0] ? ")" : "");
}

static void print_field(const struct device *device, enum status_field field)
{
	static const bool is_sectors[STATUS_FIELDS] = {
		[COMPARED] = true,
		[SKIPPED] = true,
		[WRITTEN] = true,
		[UNTRUSTED] = true,
	};
	char name[32], size[32];

	snprintf(name, sizeof(name), "%s:", status_field_names[field]);
	name[strcspn(name, "_")] = name[strcspn(name, "_")] ? ' ' : '\0';
	printf("  %-16s", name);
	if (!device->status.present[field]) {
		printf("-\n");
		return;
	}
	printf("%" PRIu64, device->status.value[field]);
	text_of_size(device->status.value[field], size, sizeof(size));
	if (is_sectors[field] && device->status.value[field])
		printf(" sectors (%s)", size);
	printf("\n");
}

void print_status(const struct device *device)
{
	char size[32];
	int field;

	text_of_size(device->length, size, sizeof(size));
	printf("%s: %s\n", device->path, device_verdict(device));
	print_leg("raw leg:", device->raw_node);
	print_leg("test leg:", device->test_node);
	printf("  %-16s%" PRIu64 " sectors (%s)\n", "size:", device->length, size);
	printf("  %-16s%s%s%s\n", "mode:", device->readonly ? "read-only" : "read/write",
	       device->suspended ? ", suspended" : "", device->open_count ? ", in use" : "");
	printf("  %-16s%s\n", "options:", device->table.options[0] ? device->table.options : "-");
	for (field = 0; field < STATUS_FIELDS; field++)
		print_field(device, field);
}

static void print_row(const struct device *device)
{
	const struct status *s = &device->status;
	char first[24] = "-";

	if (s->present[FIRST_MISMATCH])
		snprintf(first, sizeof(first), "%" PRIu64, s->value[FIRST_MISMATCH]);
	printf("%-20s %-24s %12s %10" PRIu64 " %11" PRIu64 " %12" PRIu64 "  %s %s\n", device->name,
	       device_verdict(device), first, s->value[MISMATCHES], s->value[DIVERGENCES],
	       s->value[COMPARED], device->raw_node, device->test_node);
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

void text_of_class(const struct report *report, char *text, size_t size)
{
	long n = report->class_number;

	if (!strcmp(report->class, "zeros"))
		snprintf(text, size, "zeros");
	else if (!strcmp(report->class, "ones"))
		snprintf(text, size, "all bits set");
	else if (!strcmp(report->class, "bitflip"))
		snprintf(text, size, "%ld bit%s flipped", n, n == 1 ? "" : "s");
	else if (!strcmp(report->class, "shifted"))
		snprintf(text, size, "data of the sector %ld %s", labs(n),
			 n < 0 ? "before" : "after");
	else if (!strcmp(report->class, "torn"))
		snprintf(text, size, "torn: part of the request");
	else if (!strcmp(report->class, "unfilled"))
		snprintf(text, size, "unfilled: read completed, nothing put there");
	else if (!strcmp(report->class, "stale"))
		snprintf(text, size, "stale: what was there before the last write");
	else
		snprintf(text, size, "%s", report->class[0] ? report->class : "-");
}

static const char *error_text(int error)
{
	return error ? strerror(-error) : "success";
}

/* A line of the table. */
static void print_finding(const struct report *r)
{
	char what[80];

	if (r->kind == STATUS) {
		printf("%5" PRIu64 " %-12s %12" PRIu64 " %6s  %-6s %-6s  %-10s raw: %s, test: %s\n",
		       r->number, r->op, r->sector, "-", "-", "-", "status",
		       error_text(r->raw_error), error_text(r->test_error));
		return;
	}
	text_of_class(r, what, sizeof(what));
	printf("%5" PRIu64 " %-12s %12" PRIu64 " %6u  0x%02x   0x%02x    %-10s %s\n", r->number,
	       r->op, r->bad_sector, r->byte, r->raw_byte, r->test_byte,
	       r->persistent ? "persistent" : "transient", what);
}

static void print_request(const struct report *r)
{
	printf("      request: %" PRIu64 " sector%s at %" PRIu64, r->nr, r->nr == 1 ? "" : "s",
	       r->sector);
	if (r->kind == CONTENTS && r->differ && r->nr > 1)
		printf(", %" PRIu64 " of them differ%s", r->differ, r->differ == 1 ? "s" : "");
	printf("\n");
}

static const char *word_or(const struct words *words, const char *key, const char *otherwise)
{
	const char *value = words_find(words, key);

	return value && *value ? value : otherwise;
}

static void print_write(const struct words *w)
{
	const char *unknown = words_find(w, "write");

	if (unknown) {
		printf("      written: %s\n", strcmp(unknown, "none") ?
		       "unknown: older writes are forgotten" : "not through this device");
		return;
	}
	if (!words_find(w, "write_start"))
		return;
	printf("      written: %s sectors at %s, %s ms before, by ", word_or(w, "write_nr", "?"),
	       word_or(w, "write_start", "?"), word_or(w, "write_age_ms", "?"));
	print_clean(word_or(w, "write_comm", "?"));
	printf(" (pid %s)\n", word_or(w, "write_pid", "?"));
}

static void print_more(const struct words *words)
{
	size_t i;

	for (i = 0; i < words->nr; i++) {
		const struct word *w = &words->word[i];

		if (!strcmp(w->key, "write") || !strncmp(w->key, "write_", 6))
			continue;
		printf("      ");
		print_clean(w->key);
		printf("%s", w->value[0] ? ": " : "");
		print_clean(w->value);
		printf("\n");
	}
}

void print_report(const struct report *report)
{
	print_finding(report);
	print_request(report);
	print_write(&report->more);
	print_more(&report->more);
}

void print_reports(const struct device *device, const struct list *list)
{
	size_t i;

	if (!list->nr) {
		printf("%s: no finding is recorded\n", device->name);
		return;
	}
	printf("%5s %-12s %12s %6s  %-6s %-6s  %-10s %s\n", "NO", "OP", "SECTOR", "BYTE", "RAW",
	       "TEST", "KIND", "WHAT TEST RETURNED");
	for (i = 0; i < list->nr; i++)
		print_report(&list->reports[i]);
	if (list->dropped)
		printf("%" PRIu64 " older ones are no longer recorded\n", list->dropped);
}

/* ---- ranges ------------------------------------------------------------------------------------- */

void print_ranges(const char *what, const struct ranges *ranges)
{
	size_t i;

	for (i = 0; i < ranges->nr; i++)
		printf("%s: sectors %" PRIu64 " to %" PRIu64 " (%" PRIu64 ")\n", what,
		       ranges->range[i].start, ranges->range[i].start + ranges->range[i].nr - 1,
		       ranges->range[i].nr);
}
