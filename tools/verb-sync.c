// SPDX-License-Identifier: GPL-2.0-only
/*
 * sync: copy one device or image to another, without the target.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "leg.h"
#include "nbd.h"
#include "options.h"
#include "progress.h"
#include "sectors.h"
#include "side.h"
#include "text.h"
#include "util.h"
#include "verbs.h"

static int confirm_overwrite(const struct side *test, uint64_t sectors)
{
	char contents[256], size[32], answer[16];

	leg_contents(test->path, contents, sizeof(contents));
	text_of_size(sectors, size, sizeof(size));
	fprintf(stderr, "%s holds %s; its first %s will be overwritten.\n", test->path,
		contents[0] ? contents : "no recognised signature", size);
	if (opts.yes)
		return DONE;
	fputs("Continue? Type \"yes\": ", stderr);
	if (fgets(answer, sizeof(answer), stdin) && !strcmp(answer, "yes\n"))
		return DONE;
	say_error("nothing was written: confirm with \"yes\" or --yes");
	return FAILED;
}

/* A device is open exclusively already; a file may be attached to a loop device. */
static int reject_used(const struct side *test)
{
	if (test->is_block)
		return DONE;
	if (is_qcow2(test->path)) {
		say_error("test %s is a qcow2 image, which a raw copy would destroy: use qemu-img "
			  "convert",
			  test->path);
		return WRONG_DEVICE;
	}
	return file_reject_used(test->word, test->path, test->fd, false);
}

/* Direct I/O needs whole blocks; the page cache does not. */
static void copy_without_blocks(const struct side *side)
{
	int flags = fcntl(side->fd, F_GETFL);

	if (flags >= 0)
		fcntl(side->fd, F_SETFL, flags & ~O_DIRECT);
}

static int copy_chunk(const struct side *raw, const struct side *test, uint64_t at, uint64_t nr)
{
	int r = side_read(raw, at, nr);
	const struct side *side = raw;

	if (nr % (SIDE_BLOCK / SECTOR))
		copy_without_blocks(test);
	if (!r) {
		r = write_sectors(test->fd, raw->buffer, at, nr);
		side = test;
	}
	if (r)
		say_error("cannot %s %s %s near sector %" PRIu64 ": %s: the copy is incomplete",
			  side == raw ? "read" : "write", side->word, side->path, at, strerror(-r));
	return r ? INCONCLUSIVE : DONE;
}

static int copy_all(const struct side *raw, const struct side *test)
{
	struct progress progress;
	uint64_t at;
	int r = DONE;

	progress_start(&progress, "sync", 0, raw->sectors);
	for (at = 0; !r && at < raw->sectors && !interrupted; at += CHUNK_SECTORS) {
		r = copy_chunk(raw, test, at, side_chunk(at, raw->sectors));
		progress_show(&progress, at, 0);
	}
	progress_end(&progress);
	if (r)
		return r;
	if (interrupted) {
		say_error("sync was interrupted: test %s is partly overwritten; run it again",
			  test->path);
		return INCONCLUSIVE;
	}
	if (!fsync(test->fd))
		return DONE;
	say_error("cannot flush %s: %s: the copy may be incomplete", test->path, strerror(errno));
	return INCONCLUSIVE;
}

static int sync_sides(struct side *raw, struct side *test)
{
	int r;

	if (test->sectors < raw->sectors) {
		say_error("test %s has %" PRIu64 " sectors, %" PRIu64
			  " less than raw %s: it cannot hold "
			  "them; take a larger one",
			  test->path, test->sectors, raw->sectors - test->sectors, raw->path);
		return WRONG_DEVICE;
	}
	if (raw->bytes % SECTOR) {
		say_error("raw %s has %" PRIu64 " bytes, not whole sectors: truncate -s %%512 %s adds "
			  "what is missing",
			  raw->path, raw->bytes, raw->path);
		return WRONG_DEVICE;
	}
	r = reject_used(test);
	if (!r)
		r = confirm_overwrite(test, raw->sectors);
	return r ? r : copy_all(raw, test);
}

int verb_sync(char **argv)
{
	struct side raw = { .fd = -1 }, test = { .fd = -1 };
	int r = legs_reject_same(argv[0], argv[1]);

	if (r)
		return r;
	catch_signals();
	r = side_open(&raw, "raw", argv[0], false);
	if (!r)
		r = side_open(&test, "test", argv[1], true);
	if (!r)
		r = sync_sides(&raw, &test);
	side_close(&raw);
	side_close(&test);
	return r;
}
