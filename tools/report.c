// SPDX-License-Identifier: GPL-2.0-only
/*
 * status and report, in people's form.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "blkverify.h"
#include "dm.h"
#include "text.h"

void human_size(uint64_t sectors, char *text, size_t size)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB" };
	double n = (double)sectors / 2;
	size_t unit = 0;

	while (n >= 1024 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		n /= 1024;
		unit++;
	}
	snprintf(text, size, n == (double)(uint64_t)n ? "%.0f %s" : "%.1f %s", n, units[unit]);
}

/* Names come from programs and people: what a terminal would obey is not printed. */
void print_clean(const char *text)
{
	char *clean = strdup(text);

	if (!clean)
		return;
	clean_text(clean, true);
	fputs(clean, stdout);
	free(clean);
}

/* ---- status --------------------------------------------------------------------------------- */

static void print_leg(const char *word, const char *node)
{
	char file[512];

	backing_file(node, file, sizeof(file));
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
	human_size(device->status.value[field], size, sizeof(size));
	if (is_sectors[field] && device->status.value[field])
		printf(" sectors (%s)", size);
	printf("\n");
}

void print_status(const struct device *device)
{
	char size[32];
	int field;

	human_size(device->length, size, sizeof(size));
	printf("%s: %s\n", device->path, verdict(device));
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
	       verdict(device), first, s->value[MISMATCHES], s->value[DIVERGENCES],
	       s->value[COMPARED], device->raw_node, device->test_node);
}

static void print_table(const struct device *devices, size_t nr)
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

static int get_names(char ***names)
{
	int r = dm_names(names);

	if (!r)
		return DONE;
	*names = NULL;
	if (r == -ENODEV || r == -ENOENT) {
		say_debug("no device mapper is loaded, so there is no device");
		return DONE;
	}
	say_error("cannot list devices: %s%s", strerror(-r),
		  code_of(r) == NO_PERMISSION ? ": become root" : "; --debug says more");
	return code_of(r);
}

enum look { NOT_OURS, OURS, NOT_UNDERSTOOD };

/* Devices may go while we look: those are left out. */
static enum look look_at(const char *name, struct device *device)
{
	struct dm_device dm;
	bool ours = !dm_get(name, DM_INFO_LINE, &dm) && dm.ours;

	free(dm.params);
	if (!ours)
		return NOT_OURS;
	if (!device_get(name, device))
		return OURS;
	/* It said what is wrong: that the device has gone, or that it is none for us. */
	ours = !dm_get(name, DM_INFO_LINE, &dm) && dm.ours;
	free(dm.params);
	return ours ? NOT_UNDERSTOOD : NOT_OURS;
}

/* What is not understood may be bad: then nobody can tell. */
static int get_all(struct device **devices, size_t *nr)
{
	char **names;
	size_t i, max = 0;
	int r = get_names(&names);

	*nr = 0;
	*devices = NULL;
	if (r)
		return r;
	while (names && names[max])
		max++;
	*devices = calloc(max + 1, sizeof(**devices));
	if (!*devices)
		say_error("no memory for %zu devices: free some and try again", max);
	for (i = 0; *devices && i < max; i++) {
		enum look look = look_at(names[i], &(*devices)[*nr]);

		*nr += look == OURS;
		if (look == NOT_UNDERSTOOD)
			r = CANNOT_TELL;
	}
	free_names(names);
	return *devices ? r : NO_MEMORY;
}

static int show_all(void)
{
	struct device *devices;
	bool bad = false;
	size_t i, nr;
	int r = get_all(&devices, &nr);

	if (!devices)
		return r;
	if (opts.json)
		json_status(devices, nr);
	else
		print_table(devices, nr);
	for (i = 0; i < nr; i++)
		bad |= device_bad(&devices[i]);
	free(devices);
	return bad ? FOUND : r;
}

int verb_status(char **argv)
{
	struct device device;
	int r;

	if (!argv[0])
		return show_all();
	r = device_get(argv[0], &device);
	if (r)
		return r;
	if (opts.json)
		json_status(&device, 1);
	else
		print_status(&device);
	return device_bad(&device) ? FOUND : DONE;
}

/* ---- report --------------------------------------------------------------------------------- */

void describe_class(const struct report *report, char *text, size_t size)
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
	describe_class(r, what, sizeof(what));
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
	const char *value = find_word(words, key);

	return value && *value ? value : otherwise;
}

static void print_write(const struct words *w)
{
	const char *unknown = find_word(w, "write");

	if (unknown) {
		printf("      written: %s\n", strcmp(unknown, "none") ?
		       "unknown: older writes are forgotten" : "not through this device");
		return;
	}
	if (!find_word(w, "write_start"))
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

int verb_report(char **argv)
{
	struct device device;
	struct list list;
	int r = device_get(argv[0], &device);

	if (!r)
		r = device_list(device.name, &list);
	if (r)
		return r;
	if (opts.json)
		json_reports(&device, &list);
	else
		print_reports(&device, &list);
	/* A finding counts before it is recorded, which takes as long as reading test again. */
	r = list.nr || list.dropped || list.not_understood || device_bad(&device) ? FOUND : DONE;
	free_list(&list);
	return r;
}
