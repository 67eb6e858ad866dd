// SPDX-License-Identifier: GPL-2.0-only
/*
 * compare: two devices or images, without the target.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "json.h"
#include "leg.h"
#include "options.h"
#include "print.h"
#include "progress.h"
#include "ranges.h"
#include "sectors.h"
#include "side.h"
#include "util.h"
#include "verbs.h"

struct comparison {
	struct side raw, test;
	uint64_t sectors;
	struct ranges bad, unreadable;
};

static void compare_chunk(struct comparison *c, uint64_t at, uint64_t nr)
{
	uint64_t i;

	if (!memcmp(c->raw.buffer, c->test.buffer, (size_t)nr * SECTOR))
		return;
	for (i = 0; i < nr; i++)
		if (memcmp(c->raw.buffer + i * SECTOR, c->test.buffer + i * SECTOR, SECTOR))
			ranges_add(&c->bad, at + i, 1);
}

/* If a chunk cannot be read as a whole, read pieces of 4 KiB, to find the unreadable ones. */
static void read_chunk(struct comparison *c, uint64_t at, uint64_t nr)
{
	uint64_t piece;

	if (!side_read(&c->raw, at, nr) && !side_read(&c->test, at, nr)) {
		compare_chunk(c, at, nr);
		return;
	}
	if (nr <= 8) {
		ranges_add(&c->unreadable, at, nr);
		return;
	}
	for (piece = 0; piece < nr && !interrupted; piece += 8)
		read_chunk(c, at + piece, nr - piece < 8 ? nr - piece : 8);
}

static void compare_all(struct comparison *c)
{
	struct progress progress;
	uint64_t at;

	progress_start(&progress, "compare", 0, c->sectors);
	for (at = 0; at < c->sectors && !interrupted; at += CHUNK_SECTORS) {
		read_chunk(c, at, side_chunk(at, c->sectors));
		progress_show(&progress, at, ranges_sectors(&c->bad));
	}
	progress_end(&progress);
}

static void print_json(const struct comparison *c)
{
	const uint64_t skipped = 0;
	const struct json_ranges found = {
		.verb = "compare",
		.raw = c->raw.path,
		.test = c->test.path,
		.raw_bytes = c->raw.bytes,
		.test_bytes = c->test.bytes,
		.sectors = c->sectors,
		.skipped = &skipped,
		.bad = &c->bad,
		.unreadable = &c->unreadable,
	};

	json_print_ranges(&found);
}

static int show_comparison(const struct comparison *c)
{
	if (interrupted)
		say_error("compare was interrupted: the result is incomplete");
	if (opts.json) {
		print_json(c);
	} else {
		print_ranges("differ", &c->bad);
		print_ranges("unreadable", &c->unreadable);
		printf("%s and %s: %" PRIu64 " of %" PRIu64 " sectors differ\n", c->raw.path,
		       c->test.path, ranges_sectors(&c->bad), c->sectors);
	}
	if ((interrupted || !c->sectors) && !c->bad.nr)
		return INCONCLUSIVE;
	return ranges_verdict(&c->bad, &c->unreadable);
}

static int check_sizes(struct comparison *c)
{
	const struct side *small = c->raw.bytes < c->test.bytes ? &c->raw : &c->test;

	c->sectors = small->sectors;
	if (c->raw.bytes == c->test.bytes)
		return DONE;
	if (opts.allow_unequal) {
		/* The common part ends before a partial sector. */
		c->sectors = small->bytes / SECTOR;
		return DONE;
	}
	say_error("the sizes differ: raw %s has %" PRIu64 " bytes, test %s has %" PRIu64 "; "
		  "--allow-unequal compares the common part",
		  c->raw.path, c->raw.bytes, c->test.path, c->test.bytes);
	c->sectors = 0;
	if (opts.json)
		print_json(c);
	return FOUND;
}

int verb_compare(char **argv)
{
	struct comparison c = { .raw.fd = -1, .test.fd = -1 };
	int r = legs_reject_same(argv[0], argv[1]);

	if (r)
		return r;
	catch_signals();
	r = side_open(&c.raw, "raw", argv[0], false);
	if (!r)
		r = side_open(&c.test, "test", argv[1], false);
	if (!r)
		r = check_sizes(&c);
	if (!r) {
		compare_all(&c);
		r = show_comparison(&c);
	}
	side_close(&c.raw);
	side_close(&c.test);
	ranges_free(&c.bad);
	ranges_free(&c.unreadable);
	return r;
}
