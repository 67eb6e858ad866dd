// SPDX-License-Identifier: GPL-2.0-only
/*
 * See guard.h. A dm-linear device maps the middle of the test device: it passes on each request as
 * it is, with the limits of the test device. Like the device of the session, it is marked for
 * removal on last close while it is open, so nothing is left behind if this process is killed.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "create.h"
#include "dm.h"
#include "guard.h"
#include "options.h"
#include "progress.h"
#include "sectors.h"
#include "util.h"

/* ---- set-up --------------------------------------------------------------------------------- */

int guard_prepare(struct guard *guard)
{
	struct timespec now = { 0 };

	*guard = (struct guard){ .size = opts.guard, .fd = -1, .leg.fd = -1 };
	if (getrandom(&guard->damages.seed, sizeof(guard->damages.seed), GRND_NONBLOCK) < 0) {
		clock_gettime(CLOCK_REALTIME, &now);
		guard->damages.seed = (uint64_t)now.tv_nsec ^ (uint64_t)now.tv_sec << 32;
	}
	if (guard->size)
		return DONE;
	say_error("--guard 0 guards nothing: specify the size of the margins, such as 1M");
	return FAILED;
}

static int check_size(const struct guard *guard, const struct leg *test)
{
	switch (margin_fit(guard->size, test->sectors, test->block)) {
	case MARGIN_UNALIGNED:
		say_error("--guard %" PRIu64 " is not a multiple of %" PRIu64 " sectors, the "
			  "logical block size of test %s",
			  guard->size, test->block, test->path);
		return FAILED;
	case MARGIN_TOO_LARGE:
		say_error("--guard %" PRIu64 ": test %s has %" PRIu64 " sectors, which leaves "
			  "nothing between two margins of %" PRIu64,
			  guard->size, test->path, test->sectors, guard->size);
		return WRONG_DEVICE;
	default:
		return DONE;
	}
}

static int make_middle(struct guard *guard, const struct leg *test)
{
	char params[96];
	int r;

	snprintf(params, sizeof(params), "%s %" PRIu64, test->node, guard->size);
	r = dm_create(guard->name, "linear", test->sectors - 2 * guard->size, params, false);
	if (!r)
		return DONE;
	say_error("cannot create %s, the part of test %s between the margins: %s", guard->name,
		  test->path, strerror(-r));
	return exit_code_of(r);
}

/* Its path stays that of the test device, which messages should name. */
static int open_middle(struct guard *guard, const struct leg *test)
{
	char path[192];
	int r;

	snprintf(path, sizeof(path), "/dev/mapper/%s", guard->name);
	r = leg_open(&guard->leg, "test", path, false);
	guard->leg.path = test->path;
	/* It is open: this only marks it. */
	dm_remove(guard->name, !r);
	return r;
}

int guard_begin(struct guard *guard, const char *name, const struct leg *test)
{
	int r = check_size(guard, test);

	guard->path = test->path;
	guard->end = test->sectors;
	snprintf(guard->name, sizeof(guard->name), "%s-guarded", name);
	if (!r)
		r = create_check_name(guard->name);
	if (!r)
		r = leg_reject_used(test, false);
	if (r)
		return r;
	guard->fd = open(test->node, O_RDWR | O_DIRECT | O_CLOEXEC);
	if (guard->fd < 0) {
		r = exit_code_of(errno);
		say_error("cannot open test %s: %s", test->path, strerror(errno));
		return r;
	}
	r = make_middle(guard, test);
	return r ? r : open_middle(guard, test);
}

void guard_end(struct guard *guard)
{
	leg_close(&guard->leg);
	if (guard->fd >= 0)
		close(guard->fd);
	guard->fd = -1;
	ranges_free(&guard->unreadable);
}

/* ---- both margins, in pieces ---------------------------------------------------------------- */

struct walk {
	struct guard *guard;
	uint8_t *buffer;
	struct progress progress;
	/* Returns false to end. */
	bool (*piece)(struct walk *walk, uint64_t sector, uint64_t nr);
	int signals;			/* so many end it */
	int error;
};

static bool walk_margin(struct walk *walk, uint64_t start, uint64_t done)
{
	uint64_t at, nr, size = walk->guard->size;

	for (at = 0; at < size; at += nr) {
		nr = size - at < CHUNK_SECTORS ? size - at : CHUNK_SECTORS;
		if (interrupted >= walk->signals || !walk->piece(walk, start + at, nr))
			return false;
		progress_show(&walk->progress, done + at + nr, walk->guard->damages.sectors);
	}
	return true;
}

/* Returns whether all was walked. */
static bool walk_margins(struct walk *walk, const char *what)
{
	struct guard *guard = walk->guard;
	bool all;

	walk->buffer = aligned_buffer(CHUNK_SECTORS * SECTOR);
	if (!walk->buffer) {
		walk->error = -ENOMEM;
		return false;
	}
	progress_start(&walk->progress, what, 0, 2 * guard->size);
	all = walk_margin(walk, 0, 0) && walk_margin(walk, guard->end - guard->size, guard->size);
	progress_end(&walk->progress);
	free(walk->buffer);
	return all;
}

/* ---- the pattern ---------------------------------------------------------------------------- */

static bool fill_piece(struct walk *walk, uint64_t sector, uint64_t nr)
{
	margin_fill(walk->buffer, walk->guard->damages.seed, sector, nr);
	walk->error = write_sectors(walk->guard->fd, walk->buffer, sector, nr);
	if (!walk->error)
		return true;
	say_error("cannot fill the margins of test %s: sectors %" PRIu64 " to %" PRIu64 ": %s",
		  walk->guard->path, sector, sector + nr - 1, strerror(-walk->error));
	return false;
}

int guard_fill(struct guard *guard)
{
	struct walk walk = { .guard = guard, .piece = fill_piece, .signals = 1 };

	if (walk_margins(&walk, "filling the margins"))
		return DONE;
	if (walk.error)
		return exit_code_of(walk.error);
	say_error("interrupted while the margins of test %s were filled", guard->path);
	return INCONCLUSIVE;
}

/* A piece that cannot be read is read block by block. */
static bool check_piece(struct walk *walk, uint64_t sector, uint64_t nr)
{
	struct guard *guard = walk->guard;
	uint64_t block = nr > guard->leg.block ? guard->leg.block : nr, at;

	if (!read_sectors(guard->fd, walk->buffer, sector, nr)) {
		margin_compare(&guard->damages, walk->buffer, sector, nr);
		return true;
	}
	if (block == nr) {
		ranges_add(&guard->unreadable, sector, nr);
		return true;
	}
	for (at = 0; at < nr && interrupted < walk->signals; at += block)
		check_piece(walk, sector + at, block);
	return at >= nr;
}

void guard_check(struct guard *guard)
{
	/* The first signal has ended the command. */
	struct walk walk = { .guard = guard, .piece = check_piece, .signals = 2 };

	guard->walked = walk_margins(&walk, "checking the margins");
	if (!guard->walked && !walk.error)
		say_error("interrupted: the margins of test %s were not checked to the end",
			  guard->path);
	if (guard->unreadable.nr)
		say_error("%" PRIu64 " sectors in the margins of test %s cannot be read, from "
			  "sector %" PRIu64 " on",
			  ranges_sectors(&guard->unreadable), guard->path,
			  guard->unreadable.range[0].start);
}

bool guard_is_checked(const struct guard *guard)
{
	return guard->walked && !guard->unreadable.nr && !guard->unreadable.incomplete;
}

bool guard_found(const struct guard *guard)
{
	return guard->damages.sectors;
}

/* ---- output --------------------------------------------------------------------------------- */

static void print_bytes(FILE *out, const char *name, const uint8_t *bytes)
{
	size_t i;

	fprintf(out, "      %-10s", name);
	for (i = 0; i < DAMAGE_BYTES; i++)
		fprintf(out, "%s%02x", i % 4 ? "" : " ", bytes[i]);
	fputc('\n', out);
}

static void print_damage(FILE *out, const struct guard *guard, const struct damage *d)
{
	unsigned int at = d->byte - d->offset;

	fprintf(out, "  sectors %" PRIu64 " to %" PRIu64 " (%" PRIu64 "), %s the verified part\n",
		d->start, d->start + d->nr - 1, d->nr,
		d->start < guard->size ? "below" : "above");
	fprintf(out, "      byte %u of the first: expected 0x%02x, found 0x%02x: %s\n", d->byte,
		d->expected[at], d->found[at], d->looks);
	print_bytes(out, "expected:", d->expected);
	print_bytes(out, "found:", d->found);
}

void guard_print(FILE *out, const struct guard *guard)
{
	const struct damages *damages = &guard->damages;
	uint64_t i;

	fprintf(out, "margins of %s, %" PRIu64 " sectors each: ", guard->path, guard->size);
	if (!damages->sectors) {
		fprintf(out, "%s\n", !guard->walked ? "not checked" :
			guard_is_checked(guard) ? "unchanged" :
						  "no difference in what can be read");
		return;
	}
	fprintf(out, "%" PRIu64 " sector%s overwritten\n", damages->sectors,
		damages->sectors == 1 ? " was" : "s were");
	for (i = 0; i < damages->ranges && i < DAMAGES_MAX; i++)
		print_damage(out, guard, &damages->damage[i]);
	if (damages->ranges > DAMAGES_MAX)
		fprintf(out, "  and %" PRIu64 " more ranges\n", damages->ranges - DAMAGES_MAX);
}
