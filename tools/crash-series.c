// SPDX-License-Identifier: GPL-2.0-only
/* See crash-series.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "crash-cycle.h"
#include "crash-series.h"
#include "crash-state.h"
#include "device.h"
#include "options.h"
#include "parse.h"
#include "util.h"

#define DEFAULT_TIMEOUT 60
#define DEFAULT_LOW 1
#define DEFAULT_HIGH 5

/* How often to look whether the command has ended. */
#define LOOK_US 20000

/* ---- the options ---------------------------------------------------------------------------- */

/* What the series has shown before. */
static int load_state(struct crash_series *series)
{
	struct crash_counts *counts = &series->counts;
	int r;

	series->state = opts.state;
	if (!series->state)
		return DONE;
	r = crash_state_load(series->state, counts);
	if (r)
		return r;
	if (crash_counts_are_bad(counts)) {
		say_error("--state %s: this series has ended with a finding, after %" PRIu64
			  " cuts: remove the file to begin another",
			  series->state, counts->cuts);
		return FOUND;
	}
	if (counts->cuts >= series->wanted) {
		say_error("--state %s: this series has had %" PRIu64 " cuts, which is all of it: "
			  "specify more, or remove the file to begin another",
			  series->state, counts->cuts);
		return FAILED;
	}
	/* Before the first cut, to know that the file can be written. */
	return crash_state_save(series->state, counts);
}

int crash_series_prepare(struct crash_series *series)
{
	struct timespec seed = { 0 };
	int r;

	if (!opts.cut) {
		say_error("--cut is missing: specify what cuts the power of the test device, "
			  "such as --cut null_blk:nullb0");
		return FAILED;
	}
	series->low = DEFAULT_LOW;
	series->high = DEFAULT_HIGH;
	if (opts.every && !parse_span(opts.every, &series->low, &series->high)) {
		say_error("--every \"%s\" is not a number of seconds such as 2 or 0.5..3",
			  opts.every);
		return FAILED;
	}
	if (!opts.has_timeout)
		opts.timeout = DEFAULT_TIMEOUT;
	if (!opts.timeout) {
		say_error("--timeout 0 leaves no time for the test device to come back");
		return FAILED;
	}
	series->path = opts.wait_for;
	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) < 0)
		clock_gettime(CLOCK_MONOTONIC, &seed);
	srand48(seed.tv_nsec ^ seed.tv_sec);
	r = cutter_find(&series->cutter, opts.cut, opts.restore);
	return r ? r : load_state(series);
}

/* ---- what the status shows ------------------------------------------------------------------ */

static void counts_add(struct crash_counts *counts, const struct status *before,
		       const struct status *now)
{
	enum field field;

	for (field = FIELD_STATE + 1; field < NR_FIELDS; field++)
		if (status_is_count(field))
			counts->value[field] += status_growth(before, now, field);
	if (counts->unproven < now->value[FIELD_UNPROVEN])
		counts->unproven = now->value[FIELD_UNPROVEN];
}

bool crash_counts_are_bad(const struct crash_counts *counts)
{
	return counts->value[FIELD_MISMATCHES] || counts->value[FIELD_DIVERGENCES];
}

bool crash_counts_prove(const struct crash_counts *counts)
{
	return counts->value[FIELD_SETTLED_NEW] || counts->value[FIELD_SETTLED_OLD];
}

void crash_series_advise(const struct crash_series *series)
{
	const struct crash_counts *counts = &series->counts;

	if (series->failed || crash_counts_are_bad(counts))
		return;
	if (!counts->cuts)
		say_error("the power was not cut");
	else if (!crash_counts_prove(counts))
		say_error("no block was uncertain after a power cut: nothing was written between "
			  "the last flush and the cut, or what was written is not compared");
	else if (!counts->value[FIELD_SETTLED_OLD])
		say_error("no block came back with an older version: does --cut reach the cache "
			  "of the test device?");
}

/* ---- the command ---------------------------------------------------------------------------- */

/* What runs beside the cuts. */
struct workload {
	struct crash_series *series;
	bool runs;
	bool was_cut;			/* since it was started */
};

static bool workload_start(struct workload *w)
{
	if (w->series->command && !w->runs && !interrupted) {
		w->runs = command_start(w->series->command, w->series->variables);
		w->was_cut = false;
		if (!w->runs)
			w->series->command_status = COMMAND_NOT_RUN;
	}
	return !w->series->command || w->runs || interrupted;
}

/* Start it again if it has ended. Returns false if it has failed without a power cut. */
static bool workload_keep(struct workload *w)
{
	int status;

	if (w->runs && command_ended(&status)) {
		w->runs = false;
		if (status && !w->was_cut && !interrupted) {
			w->series->command_status = status;
			return false;
		}
	}
	return workload_start(w);
}

static void workload_end(struct workload *w)
{
	if (w->runs)
		command_stop((double)opts.timeout);
	w->runs = false;
}

/* ---- the cuts ------------------------------------------------------------------------------- */

/* Wait for a random moment. Returns false if the series ends before it. */
static bool wait_for_moment(const struct crash_series *s, struct workload *w, double *waited)
{
	double now = seconds_now(), begin = now;
	double end = begin + s->low + drand48() * (s->high - s->low);

	for (; now < end && !interrupted; now = seconds_now()) {
		if (!workload_keep(w))
			return false;
		usleep(end - now < LOOK_US / 1e6 ? (useconds_t)((end - now) * 1e6) : LOOK_US);
	}
	*waited = now - begin;
	return !interrupted && workload_keep(w);
}

static void say_growth(const char *what, const struct crash_counts *before,
		       const struct crash_counts *now)
{
#define GROWTH(id) (now->value[FIELD_##id] - before->value[FIELD_##id])
	fprintf(stderr, "%s: %" PRIu64 " blocks new, %" PRIu64 " old, %" PRIu64 " lost, %" PRIu64
		" torn; %" PRIu64 " mismatches\n", what, GROWTH(SETTLED_NEW), GROWTH(SETTLED_OLD),
		GROWTH(LOST), GROWTH(TORN), GROWTH(MISMATCHES));
#undef GROWTH
}

/* From now on, the counts grow from what the status shows. */
static int take_status(struct crash_series *s, struct device *last)
{
	struct device now;
	int r = device_get(s->name, &now);

	if (r)
		return r;
	counts_add(&s->counts, &last->status, &now.status);
	*last = now;
	return DONE;
}

/* @what: the beginning of the line of this cut. */
static int settle(struct crash_series *s, const struct crash_cycle *cycle, struct device *last,
		  const char *what)
{
	const struct crash_counts before = s->counts;
	int r = crash_cycle_settle(cycle);

	if (!r)
		r = take_status(s, last);
	if (!r)
		say_growth(what, &before, &s->counts);
	return r;
}

/* An earlier series has left the device without power. */
static int recover(struct crash_series *s, struct crash_cycle *cycle, struct device *last)
{
	int r = crash_cycle_recover(cycle);

	if (r)
		return r;
	return settle(s, cycle, last, "back after an earlier power cut");
}

static int cut_once(struct crash_series *s, struct crash_cycle *cycle, struct workload *w,
		    struct device *last, double waited)
{
	double begin = seconds_now();
	char what[128];
	int r;

	w->was_cut = true;
	r = crash_cycle_cut(cycle);
	if (!r)
		r = crash_cycle_restore(cycle);
	if (r)
		return r;
	s->counts.cuts++;
	snprintf(what, sizeof(what),
		 "cut %" PRIu64 " of %" PRIu64 " after %.1f s, back after %.1f s", s->counts.cuts,
		 s->wanted, waited, seconds_now() - begin);
	return settle(s, cycle, last, what);
}

static int cut_often(struct crash_series *s, struct crash_cycle *cycle, struct device *last)
{
	double before = s->counts.seconds, begin = seconds_now(), waited;
	struct workload w = { .series = s };
	int r = DONE, saved = DONE;

	while (!r && !saved && s->counts.cuts < s->wanted && !crash_counts_are_bad(&s->counts) &&
	       wait_for_moment(s, &w, &waited)) {
		r = cut_once(s, cycle, &w, last, waited);
		s->counts.seconds = before + seconds_now() - begin;
		if (!r && s->state)
			saved = crash_state_save(s->state, &s->counts);
	}
	workload_end(&w);
	/* What the command has found since the last cut. */
	take_status(s, last);
	s->counts.seconds = before + seconds_now() - begin;
	if (s->state && !saved)
		saved = crash_state_save(s->state, &s->counts);
	return r ? r : saved;
}

/* ---- the device ----------------------------------------------------------------------------- */

/* A loop device that "open" has attached is gone when it is taken out of the table. */
static bool goes_away(const char *node)
{
	char path[160], line[8];

	if (strncmp(node, "/dev/loop", strlen("/dev/loop")))
		return false;
	snprintf(path, sizeof(path), "/sys/block/%s/loop/autoclear", node + strlen("/dev/"));
	return read_line(path, line, sizeof(line)) && line[0] == '1';
}

static int check_device(const struct device *device)
{
	if (!device->status.present[FIELD_POWER]) {
		say_error("%s was opened without --crash, or the module is too old for it",
			  device->name);
		return WRONG_DEVICE;
	}
	if (device->status.state == 'F') {
		say_error("%s is frozen by a finding: see \"blkverify report %s\"", device->name,
			  device->name);
		return FAILED;
	}
	if (goes_away(device->test_node)) {
		say_error("the test leg of %s is an image file, which has no power to cut: serve "
			  "it with nbdkit or qemu-nbd",
			  device->name);
		return WRONG_DEVICE;
	}
	return DONE;
}

/* The size and the path of the test device. While it is off, the table may have another one. */
static int find_test(struct crash_series *s, struct crash_cycle *cycle)
{
	const char *node = cycle->device.test_node;
	char path[160], line[32];

	if (!strcmp(node, "-")) {
		if (s->path)
			return DONE;
		say_error("the test device of %s is away: say with --wait-for where it comes back",
			  s->name);
		return FAILED;
	}
	if (!s->path)
		cycle->path = node;
	snprintf(path, sizeof(path), "/sys/dev/block/%s/size", cycle->device.table.test);
	if (strcmp(cycle->device.status.power, "off") && read_line(path, line, sizeof(line)))
		parse_number(line, &cycle->test_sectors);
	return DONE;
}

int crash_series_run(struct crash_series *s)
{
	struct crash_cycle cycle = { .cutter = &s->cutter,
				     .path = s->path,
				     .timeout = (double)opts.timeout,
				     .full = opts.full };
	struct device last;
	int r = device_get(s->name, &cycle.device);

	if (!r)
		r = check_device(&cycle.device);
	if (!r)
		r = find_test(s, &cycle);
	s->failed = r;
	if (r)
		return r;
	s->began = true;
	last = cycle.device;
	s->cutter.device = cycle.device.path;
	s->cutter.test = cycle.path;
	if (!strcmp(last.status.power, "off"))
		r = recover(s, &cycle, &last);
	if (!r)
		r = cut_often(s, &cycle, &last);
	s->failed = r;
	return r;
}
