// SPDX-License-Identifier: GPL-2.0-only
/* See crash-output.h. */
#include <inttypes.h>
#include <stdio.h>

#include "crash-output.h"
#include "json.h"
#include "print.h"
#include "status.h"

static void print_line(const char *name, uint64_t number, const char *more)
{
	printf("  %-16s%" PRIu64 "%s\n", name, number, more);
}

static void print_count(const struct crash_counts *counts, const char *name, enum field field,
			const char *more)
{
	print_line(name, counts->value[field], more);
}

void crash_print_counts(const struct crash_series *series)
{
	const struct crash_counts *c = &series->counts;

	printf("power cuts of %s:\n", series->path ? series->path : "the test device");
	printf("  %-16s%" PRIu64 " of %" PRIu64 "\n", "cuts:", c->cuts, series->wanted);
	print_count(c, "settled new:", FIELD_SETTLED_NEW, " blocks had their newest version");
	print_count(c, "settled old:", FIELD_SETTLED_OLD, " blocks had an older one, as they may");
	print_count(c, "lost:", FIELD_LOST, " blocks had lost a durable write");
	print_count(c, "torn:", FIELD_TORN, " blocks were a mix of versions");
	print_count(c, "unreadable:", FIELD_UNREADABLE, " reads failed, as they may");
	print_line("unproven:", c->unproven, " sectors at most might have held anything");
	printf("  %-16s%.1f s\n", "time:", c->seconds);
}

void crash_print(enum format format, const struct crash_series *series,
		 const struct device *device, const struct list *list)
{
	if (format == FORMAT_JSON) {
		json_crash(series, device, list);
		return;
	}
	if (crash_counts_are_bad(&series->counts))
		print_reports(stdout, device, list);
	printf("%s: %s\n", device->path,
	       crash_counts_are_bad(&series->counts) ? status_verdict(&device->status) :
	       crash_counts_prove(&series->counts) ? "nothing was lost that was durable" :
						     "nothing was proven");
	crash_print_counts(series);
}
