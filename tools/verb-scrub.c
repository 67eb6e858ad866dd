// SPDX-License-Identifier: GPL-2.0-only
/*
 * scrub: read the device through the target and find the limits of what is bad.
 *
 * Several threads read a region each; everything else, and libdevmapper, is under one mutex. With
 * ignore_mismatch a bad read succeeds and is only found in the reports, so a single thread reads
 * and looks at the reports after each read.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "device.h"
#include "json.h"
#include "options.h"
#include "parse.h"
#include "print.h"
#include "progress.h"
#include "ranges.h"
#include "scrub-state.h"
#include "sectors.h"
#include "util.h"
#include "verbs.h"

/* ---- reading one range ---------------------------------------------------------------------- */

/* With ignore_mismatch: whether there is a new report of a sector in this range. */
static bool new_report(struct scrub *s, uint64_t start, uint64_t nr)
{
	struct device device;
	struct list list;
	bool found = false;
	size_t i;

	if (device_get(s->device.name, &device))
		return false;
	if (device.status.present[FIELD_MISMATCHES] &&
	    device.status.value[FIELD_MISMATCHES] == s->mismatches)
		return false;
	if (device_list(device.name, &list))
		return false;
	s->mismatches = device.status.value[FIELD_MISMATCHES];
	/* A device that was recreated under this name numbers its reports from 1 again. */
	if (list.nr && list.reports[list.nr - 1].number < s->seen)
		s->seen = 0;
	for (i = 0; i < list.nr; i++) {
		const struct report *r = &list.reports[i];

		if (r->number <= s->seen)
			continue;
		s->seen = r->number;
		found |= r->kind == KIND_MISMATCH && r->bad_sector >= start &&
			 r->bad_sector < start + nr;
	}
	list_free(&list);
	return found;
}

/* Returns 0, -EILSEQ for a mismatch, or another -errno. */
static int read_range(struct scrub *s, uint8_t *buffer, uint64_t start, uint64_t nr)
{
	int r = read_sectors(s->fd, buffer, start, nr);

	if (r || !s->ask)
		return r;
	pthread_mutex_lock(&s->lock);
	r = new_report(s, start, nr) ? -EILSEQ : 0;
	pthread_mutex_unlock(&s->lock);
	return r;
}

static void note_range(struct scrub *s, struct ranges *ranges, uint64_t start, uint64_t nr)
{
	pthread_mutex_lock(&s->lock);
	ranges_add(ranges, start, nr);
	pthread_mutex_unlock(&s->lock);
}

/*
 * When a finding has frozen the device, every read fails with EIO, whatever its sectors contain:
 * only the first finding is known.
 */
static bool is_frozen(struct scrub *s)
{
	struct device device;
	bool frozen;

	pthread_mutex_lock(&s->lock);
	if (!s->frozen && !device_get(s->device.name, &device) && device.status.state == 'F') {
		s->frozen = true;
		/* A divergence of a flush has no sector. */
		if (device.status.present[FIELD_FIRST_MISMATCH])
			ranges_add(&s->bad, device.status.value[FIELD_FIRST_MISMATCH], 1);
	}
	frozen = s->frozen;
	pthread_mutex_unlock(&s->lock);
	return frozen;
}

/* Re-read in ever smaller pieces. Returns whether one was bad again. */
static bool narrow_range(struct scrub *s, uint8_t *buffer, uint64_t start, uint64_t nr)
{
	uint64_t piece = nr / 16 < s->block ? s->block : nr / 16 / s->block * s->block, at;
	bool again = false;

	for (at = start; at < start + nr && !interrupted; at += piece) {
		uint64_t n = start + nr - at < piece ? start + nr - at : piece;
		int r = read_range(s, buffer, at, n);

		if (!r)
			continue;
		if (is_frozen(s))
			return true;
		again = true;
		/* Transient: the smallest range that was bad is all that is known. */
		if (n <= s->block || !narrow_range(s, buffer, at, n))
			note_range(s, r == -EILSEQ ? &s->bad : &s->unreadable, at, n);
	}
	return again;
}

/* Returns false if it was interrupted. */
static bool read_region(struct scrub *s, uint8_t *buffer, uint64_t start, uint64_t nr)
{
	int r = read_range(s, buffer, start, nr);

	if (!r)
		return true;
	if (!is_frozen(s) && !narrow_range(s, buffer, start, nr))
		note_range(s, r == -EILSEQ ? &s->bad : &s->unreadable, start, nr);
	return !interrupted;
}

/* ---- the threads ---------------------------------------------------------------------------- */

struct worker {
	struct scrub *scrub;
	int nr;
	pthread_t thread;
	uint8_t *buffer;
};

/* The next region; 0 sectors at the end. Regions start at multiples of their size. */
static uint64_t take_region(struct scrub *s, int worker, uint64_t *start)
{
	uint64_t end;

	pthread_mutex_lock(&s->lock);
	*start = s->next;
	end = (*start / CHUNK_SECTORS + 1) * CHUNK_SECTORS;
	if (end > s->end)
		end = s->end;
	if (interrupted || s->frozen)
		end = *start;
	s->next = end;
	/* A region that was being read when the device froze is not done: it may have more. */
	if (!s->frozen)
		s->at[worker] = end > *start ? *start : UINT64_MAX;
	pthread_mutex_unlock(&s->lock);
	return end - *start;
}

static void *work_regions(void *argument)
{
	struct worker *w = argument;
	uint64_t start, nr;

	while ((nr = take_region(w->scrub, w->nr, &start)) &&
	       read_region(w->scrub, w->buffer, start, nr))
		;
	return NULL;
}

uint64_t scrub_position(const struct scrub *s)
{
	uint64_t at = s->next;
	int i;

	for (i = 0; i < THREADS; i++)
		if (s->at[i] < at)
			at = s->at[i];
	return at;
}

/* For the progress line: a region that is re-read in many pieces does not hold it up. */
static uint64_t about_done(const struct scrub *s)
{
	uint64_t busy = 0;
	int i;

	for (i = 0; i < THREADS; i++)
		busy += s->at[i] == UINT64_MAX ? 0 : CHUNK_SECTORS;
	return s->next - s->start > busy ? s->next - busy : s->start;
}

static bool is_working(const struct scrub *s)
{
	int i;

	/* The threads end by themselves, and keep their positions. */
	if (s->frozen || interrupted)
		return false;
	for (i = 0; i < THREADS; i++)
		if (s->at[i] != UINT64_MAX)
			return true;
	return s->next < s->end;
}

/* ---- set-up --------------------------------------------------------------------------------- */

static int choose_range(struct scrub *s)
{
	s->start = opts.has_start ? opts.start : 0;
	s->end = s->device.length;
	if (s->start >= s->end ||
	    (opts.has_length && (!opts.length || opts.length > s->end - s->start))) {
		say_error("--start and --length must be within %s, which has %" PRIu64 " sectors",
			  s->device.name, s->device.length);
		return FAILED;
	}
	if (opts.has_length)
		s->end = s->start + opts.length;
	if (s->start % s->block || s->end % s->block) {
		say_error("--start and --length must be multiples of %" PRIu64
			  " sectors, the block size of %s",
			  s->block, s->device.name);
		return FAILED;
	}
	s->next = s->start;
	return opts.resume ? scrub_load(s) : DONE;
}

/* With ignore_mismatch: earlier reports do not belong to this scrub. */
static int skip_old_reports(struct scrub *s)
{
	struct list list;
	int r = device_list(s->device.name, &list);

	if (r)
		return r;
	if (list.nr)
		s->seen = list.reports[list.nr - 1].number;
	list_free(&list);
	return DONE;
}

static int reject_unreadable(const struct device *device)
{
	if (device->status.state == 'F') {
		say_error("%s is frozen and cannot be read: run \"dmsetup message %s 0 %s\" first",
			  device->name, device->name, message_words[MESSAGE_THAW]);
		return FOUND;
	}
	/* A read would wait uninterruptibly. */
	if (device->suspended) {
		say_error("%s is suspended and cannot be read: run \"dmsetup resume %s\" first",
			  device->name, device->name);
		return BUSY;
	}
	return DONE;
}

static int set_up(struct scrub *s, const char *name)
{
	int r = device_get(name, &s->device), block = SECTOR;

	if (!r)
		r = reject_unreadable(&s->device);
	if (r)
		return r;
	r = device_open(&s->device, O_RDONLY | O_DIRECT, &s->fd);
	if (r)
		return r;
	ioctl(s->fd, BLKSSZGET, &block);
	s->block = (uint64_t)block / SECTOR;
	s->ask = strstr(s->device.table.options, option_words[OPTION_IGNORE]);
	s->mismatches = s->device.status.value[FIELD_MISMATCHES];
	pthread_mutex_init(&s->lock, NULL);
	memset(s->at, 0xff, sizeof(s->at));
	r = s->ask ? skip_old_reports(s) : DONE;
	return r ? r : choose_range(s);
}

static int start_workers(struct scrub *s, struct worker *workers)
{
	int i, nr = s->ask ? 1 : THREADS;

	for (i = 0; i < nr; i++) {
		workers[i] = (struct worker){ .scrub = s,
					      .nr = i,
					      .buffer = aligned_buffer(CHUNK_SECTORS * SECTOR) };
		if (!workers[i].buffer ||
		    pthread_create(&workers[i].thread, NULL, work_regions, &workers[i]))
			break;
	}
	return i;
}

static int read_all(struct scrub *s)
{
	struct worker workers[THREADS] = { 0 };
	struct progress progress;
	int i, nr = start_workers(s, workers);
	bool more = nr > 0;
	double saved = 0;

	progress_start(&progress, "scrub", s->next, s->end);
	while (more) {
		usleep(100000);
		pthread_mutex_lock(&s->lock);
		if (seconds_now() - saved >= SAVE_SECONDS) {
			scrub_save(s);
			saved = seconds_now();
		}
		progress_show(&progress, about_done(s), ranges_sectors(&s->bad));
		more = is_working(s);
		pthread_mutex_unlock(&s->lock);
	}
	for (i = 0; i < nr; i++)
		pthread_join(workers[i].thread, NULL);
	s->next = scrub_position(s);
	for (i = 0; i < THREADS; i++)
		free(workers[i].buffer);
	progress_end(&progress);
	return nr ? DONE : NO_MEMORY;
}

/* ---- the summary ---------------------------------------------------------------------------- */

static void print_summary(const struct scrub *s, const uint64_t *skipped)
{
	char text[24] = "-";

	if (skipped)
		snprintf(text, sizeof(text), "%" PRIu64, *skipped);
	print_ranges("bad", &s->bad);
	print_ranges("unreadable", &s->unreadable);
	printf("%s: %" PRIu64 " sectors read from %" PRIu64 ", %" PRIu64 " bad, %s skipped "
	       "(untrusted)\n",
	       s->device.name, s->next - s->start, s->start, ranges_sectors(&s->bad), text);
	if (s->bad.nr)
		printf("\"blkverify dump %s %" PRIu64 "\" shows the first\n", s->device.name,
		       s->bad.range[0].start);
}

static uint64_t field_growth(const struct scrub *s, const struct device *after, enum field field)
{
	uint64_t before = s->device.status.value[field];

	return after->status.value[field] < before ? 0 : after->status.value[field] - before;
}

static void say_unfinished(struct scrub *s)
{
	if (s->frozen)
		say_error("%s was frozen by a finding, and the rest was not read: run \"dmsetup message "
			  "%s 0 %s\" and continue",
			  s->device.name, s->device.name, message_words[MESSAGE_THAW]);
	if (s->next == s->end)
		scrub_forget(s);
	else if (scrub_save(s))
		say_error("the scrub is incomplete: \"blkverify scrub %s --resume\" continues at "
			  "sector %" PRIu64,
			  s->device.name, s->next);
	else
		say_error("the scrub is incomplete, and its progress could not be saved in %s: "
			  "continue with \"--start %" PRIu64 "\"",
			  STATE_DIR, s->next);
}

static void print_json(const struct scrub *s, uint64_t start, uint64_t sectors,
		       const uint64_t *skipped)
{
	const struct json_ranges found = {
		.verb = "scrub",
		.name = s->device.name,
		.start = start,
		.sectors = sectors,
		.skipped = skipped,
		.bad = &s->bad,
		.unreadable = &s->unreadable,
	};

	json_print_ranges(&found);
}

static void print_findings(const struct scrub *s, const struct device *after)
{
	/* Sectors that were re-read are counted again. */
	uint64_t skipped = field_growth(s, after, FIELD_SKIPPED);
	const uint64_t *known = after->status.present[FIELD_SKIPPED] ? &skipped : NULL;

	if (skipped > s->next - s->start)
		skipped = s->next - s->start;
	if (opts.json)
		print_json(s, s->start, s->next - s->start, known);
	else
		print_summary(s, known);
}

static int sum_up(struct scrub *s)
{
	struct device after = s->device;
	int r;

	/* The findings are printed even if the device is gone. */
	if (device_get(s->device.name, &after))
		after = s->device;
	print_findings(s, &after);
	say_unfinished(s);
	if (!after.status.present[FIELD_COMPARED])
		say_error("the module does not report how much it compared on %s", s->device.name);
	r = ranges_verdict(&s->bad, &s->unreadable);
	if (r == FOUND || field_growth(s, &after, FIELD_DIVERGENCES) ||
	    (s->ask && field_growth(s, &after, FIELD_MISMATCHES)))
		return FOUND;
	return r || s->next < s->end || s->frozen || !field_growth(s, &after, FIELD_COMPARED) ?
	       INCONCLUSIVE : DONE;
}

int verb_scrub(char **argv)
{
	struct scrub s = { .fd = -1 };
	int r = set_up(&s, argv[0]);

	/* A frozen device has a document, too: its first mismatch. */
	if (r == FOUND && opts.json) {
		const uint64_t skipped = 0;

		if (s.device.status.present[FIELD_FIRST_MISMATCH])
			ranges_add(&s.bad, s.device.status.value[FIELD_FIRST_MISMATCH], 1);
		print_json(&s, opts.has_start ? opts.start : 0, 0, &skipped);
	}
	catch_signals();
	if (!r)
		r = read_all(&s);
	if (!r)
		r = sum_up(&s);
	if (s.fd >= 0)
		close(s.fd);
	ranges_free(&s.bad);
	ranges_free(&s.unreadable);
	return r;
}
