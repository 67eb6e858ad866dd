// SPDX-License-Identifier: GPL-2.0-only
/*
 * scrub: read the device through the target and find the limits of bad ranges.
 *
 * Several threads read a region each; everything else, and libdevmapper, is under one mutex. With
 * ignore_mismatch a bad read succeeds and is only found in the reports, so a single thread reads
 * and looks at the reports after each read.
 *
 * The bad sectors of a failed read are found by reading the legs directly, once: so the time is
 * proportional to the size of the device, however many sectors are bad, and repeated reports of the
 * same sectors do not displace older ones in the target.
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

/* ---- the limits of bad ranges --------------------------------------------------------------- */

/* Length of direct reads where a leg fails: an unreadable sector hides only these neighbours. */
#define PIECE_SECTORS 8
/* Maximum number of reads through the target to confirm the differences in one failed read. */
#define MAX_CONFIRMATIONS 64

/* A failed read, and the current data of both legs. */
struct suspect {
	struct scrub *scrub;
	uint8_t *raw, *test, *buffer;
	unsigned int confirmations;
	bool found;
};

/*
 * Sectors may differ without being bad if they are untrusted, or if another process writes to them
 * between the reads of the two legs. Then each difference must be confirmed by the target.
 */
static bool must_confirm(struct scrub *s)
{
	struct device device;
	bool must;

	pthread_mutex_lock(&s->lock);
	must = device_get(s->device.name, &device) || device.status.value[FIELD_UNTRUSTED] ||
	       device.open_count > 1;
	pthread_mutex_unlock(&s->lock);
	return must;
}

/* Does sector @at differ in the data that were read from the legs, starting at sector @base? */
static bool differs(const struct suspect *suspect, uint64_t base, uint64_t at)
{
	size_t offset = (size_t)(at - base) * SECTOR;

	return memcmp(suspect->raw + offset, suspect->test + offset, SECTOR);
}

static uint64_t count_differing(const struct suspect *suspect, uint64_t base, uint64_t start,
				uint64_t nr)
{
	uint64_t at, differing = 0;

	for (at = start; at < start + nr; at++)
		differing += differs(suspect, base, at);
	return differing;
}

static void add_differing(struct suspect *suspect, uint64_t base, uint64_t start, uint64_t nr)
{
	uint64_t at;

	pthread_mutex_lock(&suspect->scrub->lock);
	for (at = start; at < start + nr; at++)
		if (differs(suspect, base, at))
			ranges_add(&suspect->scrub->bad, at, 1);
	pthread_mutex_unlock(&suspect->scrub->lock);
	suspect->found = true;
}

/* Did the target report a read of exactly this range, with @bad bad sectors? */
static bool is_reported(struct scrub *s, uint64_t start, uint64_t nr, uint64_t bad)
{
	struct list list;
	bool reported = false;
	size_t i;

	pthread_mutex_lock(&s->lock);
	if (!device_list(s->device.name, &list)) {
		for (i = 0; i < list.nr; i++) {
			const struct report *r = &list.reports[i];

			reported |= r->kind == KIND_MISMATCH && r->number > s->first_seen &&
				    r->sector == start && r->nr == nr && r->differ == bad;
		}
		list_free(&list);
	}
	pthread_mutex_unlock(&s->lock);
	return reported;
}

/*
 * Find the bad ones among the differing sectors of a bad range: halve the range, and read each half
 * with differing sectors through the target, until the target reports all of them as bad or
 * MAX_CONFIRMATIONS is reached.
 */
static void confirm_range(struct suspect *suspect, uint64_t base, uint64_t start, uint64_t nr)
{
	struct scrub *s = suspect->scrub;
	uint64_t half = nr / 2 / s->block * s->block, differing;
	int i;

	differing = count_differing(suspect, base, start, nr);
	if (!half || suspect->confirmations >= MAX_CONFIRMATIONS || interrupted ||
	    is_reported(s, start, nr, differing)) {
		add_differing(suspect, base, start, nr);
		return;
	}
	for (i = 0; i < 2; i++) {
		uint64_t from = i ? start + half : start, len = i ? nr - half : half;

		if (!count_differing(suspect, base, from, len))
			continue;
		suspect->confirmations++;
		if (read_range(s, suspect->buffer, from, len))
			confirm_range(suspect, base, from, len);
	}
}

/* If a leg fails a long read, read it in pieces to find the unreadable ones. */
static void read_legs(struct suspect *suspect, uint64_t start, uint64_t nr, bool confirm)
{
	struct scrub *s = suspect->scrub;
	uint64_t piece;

	if (!read_sectors(s->raw_fd, suspect->raw, start, nr) &&
	    !read_sectors(s->test_fd, suspect->test, start, nr)) {
		if (!count_differing(suspect, start, start, nr))
			return;
		if (!confirm)
			add_differing(suspect, start, start, nr);
		/* The target has not reported this piece, only the whole read. */
		else if (nr > PIECE_SECTORS || ++suspect->confirmations > MAX_CONFIRMATIONS ||
			 read_range(s, suspect->buffer, start, nr))
			confirm_range(suspect, start, start, nr);
		return;
	}
	if (nr <= PIECE_SECTORS) {
		note_range(s, &s->unreadable, start, nr);
		suspect->found = true;
		return;
	}
	for (piece = 0; piece < nr && !interrupted; piece += PIECE_SECTORS)
		read_legs(suspect, start + piece,
			  nr - piece < PIECE_SECTORS ? nr - piece : PIECE_SECTORS, confirm);
}

/* The legs are equal now, so use the sectors that the target reported. */
static bool add_reported(struct scrub *s, uint64_t start, uint64_t nr)
{
	struct list list;
	bool found = false;
	size_t i;

	if (device_list(s->device.name, &list))
		return false;
	for (i = 0; i < list.nr; i++) {
		const struct report *r = &list.reports[i];
		uint64_t last = r->sector + r->nr;

		if (r->kind != KIND_MISMATCH || r->number <= s->first_seen ||
		    r->bad_sector < start || r->bad_sector >= start + nr)
			continue;
		if (last > start + nr)
			last = start + nr;
		/* Only the first bad sector is known; further ones may be anywhere behind it. */
		ranges_add(&s->bad, r->bad_sector, r->differ > 1 ? last - r->bad_sector : 1);
		found = true;
	}
	list_free(&list);
	return found;
}

static void find_limits(struct scrub *s, uint8_t *buffer, int error, uint64_t start, uint64_t nr)
{
	struct suspect suspect = { .scrub = s,
				   .buffer = buffer,
				   .raw = aligned_buffer(CHUNK_SECTORS * SECTOR),
				   .test = aligned_buffer(CHUNK_SECTORS * SECTOR) };

	if (suspect.raw && suspect.test)
		read_legs(&suspect, start, nr, must_confirm(s));
	free(suspect.raw);
	free(suspect.test);
	if (suspect.found)
		return;
	pthread_mutex_lock(&s->lock);
	if (error != -EILSEQ)
		ranges_add(&s->unreadable, start, nr);
	else if (!add_reported(s, start, nr))
		ranges_add(&s->bad, start, nr);
	pthread_mutex_unlock(&s->lock);
}

/* The length of the next read in a region. */
static uint64_t read_length(struct scrub *s, uint64_t left)
{
	uint64_t length = s->read_sectors;

	if (!length) {
		pthread_mutex_lock(&s->lock);
		length = (1 + (uint64_t)random() % (CHUNK_SECTORS / s->block)) * s->block;
		pthread_mutex_unlock(&s->lock);
	}
	return length < left ? length : left;
}

/* Returns false if it was interrupted. */
static bool read_region(struct scrub *s, uint8_t *buffer, uint64_t start, uint64_t nr)
{
	uint64_t end = start + nr, length;
	int r;

	for (; start < end && !interrupted && !s->frozen; start += length) {
		length = read_length(s, end - start);
		r = read_range(s, buffer, start, length);
		if (r && !is_frozen(s))
			find_limits(s, buffer, r, start, length);
	}
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

/* For the progress line: a slow region does not hold it up. */
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
	s->pass = 1;
	if (opts.resume && scrub_load(s))
		return FAILED;
	if (s->pass > s->passes)
		s->passes = s->pass;
	return DONE;
}

/* Earlier reports do not belong to this scrub. */
static int skip_old_reports(struct scrub *s)
{
	struct list list;
	int r = device_list(s->device.name, &list);

	if (r)
		return r;
	if (list.nr)
		s->seen = list.reports[list.nr - 1].number;
	s->first_seen = s->seen;
	list_free(&list);
	return DONE;
}

/* Choose the length of the reads (0 for random lengths), and the number of passes. */
static int choose_reads(struct scrub *s)
{
	const char *reason;

	s->read_sectors = CHUNK_SECTORS;
	s->passes = opts.has_passes ? opts.passes : 1;
	if (!s->passes) {
		say_error("--passes must be at least 1");
		return FAILED;
	}
	if (!opts.block)
		return DONE;
	if (!strcmp(opts.block, "random")) {
		s->read_sectors = 0;
		return DONE;
	}
	reason = parse_size(opts.block, &s->read_sectors);
	if (reason) {
		say_error("--block \"%s\" is %s; give a size or \"random\"", opts.block, reason);
		return FAILED;
	}
	if (s->read_sectors && s->read_sectors <= CHUNK_SECTORS && !(s->read_sectors % s->block))
		return DONE;
	say_error("--block %s is not a multiple of %" PRIu64 " sectors, the block size of %s, up to "
		  "1 MiB",
		  opts.block, s->block, s->device.name);
	return FAILED;
}

static int open_leg(const char *word, const char *node, int *fd)
{
	int r;

	*fd = open(node, O_RDONLY | O_DIRECT | O_CLOEXEC);
	if (*fd >= 0)
		return DONE;
	r = exit_code_of(errno);
	say_error("cannot open the %s leg %s: %s", word, node, strerror(errno));
	return r;
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
	r = skip_old_reports(s);
	if (!r)
		r = open_leg("raw", s->device.raw_node, &s->raw_fd);
	if (!r)
		r = open_leg("test", s->device.test_node, &s->test_fd);
	if (!r)
		r = choose_reads(s);
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

static int read_once(struct scrub *s)
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

/* Bad ranges do not end the scrub: further passes may find more. */
static int read_all(struct scrub *s)
{
	int r;

	for (;;) {
		r = read_once(s);
		if (r || interrupted || s->frozen || s->next < s->end || s->pass == s->passes)
			return r;
		s->pass++;
		s->next = s->start;
	}
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
	if (s->passes > 1)
		printf("%s: pass %" PRIu64 " of %" PRIu64 "\n", s->device.name, s->pass, s->passes);
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
	if (s->next == s->end && s->pass == s->passes)
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
	/* A sector that was read several times is counted each time. */
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
	return r || s->next < s->end || s->pass < s->passes || s->frozen || !field_growth(s, &after, FIELD_COMPARED) ?
	       INCONCLUSIVE : DONE;
}

int verb_scrub(char **argv)
{
	struct scrub s = { .fd = -1, .raw_fd = -1, .test_fd = -1 };
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
	if (s.raw_fd >= 0)
		close(s.raw_fd);
	if (s.test_fd >= 0)
		close(s.test_fd);
	ranges_free(&s.bad);
	ranges_free(&s.unreadable);
	return r;
}
