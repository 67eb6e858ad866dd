// SPDX-License-Identifier: GPL-2.0-only
/*
 * dump: a sector of both legs and its neighbours, read directly, bypassing the page cache.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "device.h"
#include "diagnose.h"
#include "dm.h"
#include "hexdump.h"
#include "options.h"
#include "parse.h"
#include "print.h"
#include "sectors.h"
#include "util.h"
#include "verbs.h"

/* How far to search for the data of a sector, on both sides. */
#define NEARBY 2048

struct window {
	uint64_t start, nr; /* sectors of the mapped device */
	uint8_t *raw, *test;
};

/* ---- which sector --------------------------------------------------------------------------- */

static int choose_sector(const struct device *device, const char *word, uint64_t *sector)
{
	const char *reason = word ? parse_size(word, sector) : NULL;

	if (reason) {
		say_error("invalid sector number \"%s\": %s", word, reason);
		return FAILED;
	}
	if (!word && !device->status.present[FIELD_FIRST_MISMATCH]) {
		say_error("%s has no recorded mismatch: specify a sector, or find one with "
			  "\"blkverify scrub %s\"",
			  device->name, device->name);
		return FAILED;
	}
	if (!word)
		*sector = device->status.value[FIELD_FIRST_MISMATCH];
	if (*sector < device->start + device->length)
		return DONE;
	say_error("sector %" PRIu64 " is beyond %s, which has %" PRIu64 " sectors", *sector, device->name,
		  device->length);
	return FAILED;
}

/* ---- reading -------------------------------------------------------------------------------- */

static void choose_window(const struct device *device, uint64_t sector, uint64_t reach,
			  struct window *w)
{
	uint64_t first = device->start, end = device->start + device->length, last;

	/* Multiples of 4 KiB: direct reads must fit any logical block size. */
	w->start = (sector - first > reach ? sector - reach : first) & ~(uint64_t)7;
	last = end - sector > reach + 1 ? sector + reach + 1 : end;
	w->nr = (last - w->start + 7) & ~(uint64_t)7;
	if (w->start + w->nr > end)
		w->nr = end - w->start;
}

static int read_leg(const char *node, uint64_t sector, uint64_t nr, uint8_t *data)
{
	int fd = open(node, O_RDONLY | O_DIRECT | O_CLOEXEC), r;

	if (fd < 0)
		return -errno;
	r = read_sectors(fd, data, sector, nr);
	close(fd);
	return r;
}

static int say_leg_error(const char *word, const char *node, uint64_t sector, int error)
{
	say_error("cannot read %s leg %s around sector %" PRIu64 ": %s: the leg may be gone; "
		  "\"blkverify status\" shows its error count",
		  word, node, sector, strerror(-error));
	return error == -EACCES ? NO_PERMISSION : INCONCLUSIVE;
}

/* If neighbours are unreadable, read only the aligned 4 KiB with the sector. */
static int read_window(const struct device *device, uint64_t sector, struct window *w)
{
	uint64_t at;
	int raw, test;

	choose_window(device, sector, NEARBY, w);
	w->raw = aligned_buffer((size_t)w->nr * SECTOR);
	w->test = aligned_buffer((size_t)w->nr * SECTOR);
	if (!w->raw || !w->test)
		return NO_MEMORY;
	at = w->start - device->start;
	if (!read_leg(device->raw_node, at, w->nr, w->raw) &&
	    !read_leg(device->test_node, at, w->nr, w->test))
		return DONE;
	choose_window(device, sector, 0, w);
	at = w->start - device->start;
	raw = read_leg(device->raw_node, at, w->nr, w->raw);
	test = read_leg(device->test_node, at, w->nr, w->test);
	if (raw)
		return say_leg_error("raw", device->raw_node, sector - device->start, raw);
	if (test)
		return say_leg_error("test", device->test_node, sector - device->start, test);
	say_error("some sectors near sector %" PRIu64 " are unreadable: only sectors %" PRIu64
		  " to %" PRIu64 " are examined",
		  sector, w->start, w->start + w->nr - 1);
	return DONE;
}

/* ---- showing -------------------------------------------------------------------------------- */

static void show_sector(const struct window *w, uint64_t sector)
{
	size_t at = (size_t)(sector - w->start) * SECTOR;
	bool same = !memcmp(w->raw + at, w->test + at, SECTOR);

	printf("\nsector %" PRIu64 "%s\n%-5s%-54s   %s\n", sector, same ? " (equal)" : "", "byte",
	       "raw", "test");
	hexdump_sector(stdout, w->raw + at, w->test + at, isatty(STDOUT_FILENO));
}

static void show_context(const struct window *w, uint64_t sector)
{
	uint64_t first = opts.context < sector - w->start ? sector - opts.context : w->start;
	uint64_t end = w->start + w->nr, s;

	if (opts.context < end - sector - 1)
		end = sector + opts.context + 1;
	for (s = first; s < end; s++)
		show_sector(w, s);
}

static const struct report *find_report(const struct list *list, uint64_t sector)
{
	size_t i;

	for (i = 0; i < list->nr; i++)
		if (list->reports[i].kind == KIND_MISMATCH && list->reports[i].bad_sector == sector)
			return &list->reports[i];
	return NULL;
}

static void print_history(const struct write_line *w)
{
	printf("written: %s, %" PRIu64 " sectors at %" PRIu64 ", %" PRIu64 " ms ago by ", w->op,
	       w->nr, w->start, w->age_ms);
	print_clean(stdout, w->comm);
	printf(" (pid %ld)\n", w->pid);
}

static void show_history(const struct device *device, uint64_t sector)
{
	char message[64], *reply = NULL;
	struct history h = { 0 };
	size_t i;

	snprintf(message, sizeof(message), "%s %" PRIu64, message_words[MESSAGE_HISTORY],
		 sector);
	/* An older target has no history. */
	if (dm_message(device->name, device->start, message, &reply) || !parse_history(reply, &h))
		goto out;
	for (i = 0; i < h.nr; i++)
		print_history(&h.writes[i]);
	if (!h.complete)
		printf("written: older writes are no longer recorded\n");
out:
	history_free(&h);
	free(reply);
}

static void show_all(const struct device *device, const struct window *w, uint64_t sector,
		     const struct report *report)
{
	struct diagnosis d;
	char text[512];

	diagnose_sector(&d, w->raw, w->test, (size_t)w->nr, (size_t)(sector - w->start));
	text_of_diagnosis(&d, sector, text, sizeof(text));
	printf("%s, sector %" PRIu64 ": raw %s, test %s\n", device->name, sector, device->raw_node,
	       device->test_node);
	if (report)
		printf("found as report %" PRIu64 ": byte %u, raw 0x%02x, test 0x%02x%s%s\n",
		       report->number, report->byte, report->raw_byte, report->test_byte,
		       report->label ? ", " : "", report->label ? label_word(report->label) : "");
	printf("now: %s: %s\n", d.bytes ? "the difference is there" : "no difference", text);
	show_history(device, sector);
	show_context(w, sector);
}

static int dump_sector(const struct device *device, const struct list *list, uint64_t sector)
{
	struct window w = { 0 };
	size_t at;
	int r = read_window(device, sector, &w);

	if (!r) {
		show_all(device, &w, sector, find_report(list, sector));
		at = (size_t)(sector - w.start) * SECTOR;
		r = memcmp(w.raw + at, w.test + at, SECTOR) ? FOUND : DONE;
	}
	free(w.raw);
	free(w.test);
	return r;
}

int verb_dump(char **argv)
{
	struct device device;
	struct list list;
	uint64_t sector;
	int r = device_get(argv[0], &device);

	if (!r)
		r = choose_sector(&device, argv[1], &sector);
	if (!r)
		r = device_list(device.name, &list);
	if (r)
		return r;
	r = dump_sector(&device, &list, sector);
	list_free(&list);
	return r;
}
