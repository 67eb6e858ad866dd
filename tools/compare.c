// SPDX-License-Identifier: GPL-2.0-only
/*
 * compare and sync: two devices or images, without the target.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "blkverify.h"
#include "nbd.h"
#include "ranges.h"

/* One side: a device, an image, or the nbd device that shows what is in an image. */
struct side {
	const char *word, *path;
	struct nbd nbd;
	int fd;
	uint64_t bytes, sectors;	/* the last sector of a file may be a part of one */
	bool is_block;
	dev_t number;
	uint8_t *buffer;
};

#define BLOCK 4096

/* ---- opening -------------------------------------------------------------------------------- */

static int measure(struct side *side)
{
	struct stat st;

	if (fstat(side->fd, &st))
		return errno;
	side->is_block = S_ISBLK(st.st_mode);
	side->number = st.st_rdev;
	side->bytes = (uint64_t)st.st_size;
	if (!side->is_block && !S_ISREG(st.st_mode))
		return ENOTBLK;
	if (side->is_block && ioctl(side->fd, BLKGETSIZE64, &side->bytes))
		return errno;
	side->sectors = (side->bytes + SECTOR - 1) / SECTOR;
	return 0;
}

/*
 * Past the page cache where the file system can do that (tmpfs cannot). What will be written is
 * ours alone, so that nobody mounts it meanwhile; O_EXCL means nothing for a file.
 */
static int open_direct(const char *path, int flags)
{
	int fd = open(path, flags | O_DIRECT | O_CLOEXEC);

	return fd < 0 && errno == EINVAL ? open(path, flags | O_CLOEXEC) : fd;
}

static int side_open(struct side *side, const char *word, const char *path, bool writable)
{
	int error, r = DONE;

	*side = (struct side){ .word = word, .path = path, .fd = -1 };
	if (!writable)
		r = nbd_attach(&side->nbd, path);
	if (r)
		return r;
	side->buffer = aligned_buffer(CHUNK_SECTORS * SECTOR);
	if (!side->buffer)
		return NO_MEMORY;
	if (side->nbd.node[0])
		path = side->nbd.node;
	side->fd = open_direct(path, writable ? O_RDWR | O_EXCL : O_RDONLY);
	error = side->fd < 0 ? errno : measure(side);
	if (!error)
		return DONE;
	if (error == EBUSY)
		return say_used(word, side->path);
	r = code_of(error);
	say_error("cannot open %s %s: %s: %s", word, side->path, strerror(error),
		  r == NO_PERMISSION ? "become root" : "check the path");
	return r;
}

static void side_close(struct side *side)
{
	if (side->fd >= 0)
		close(side->fd);
	free(side->buffer);
	nbd_detach(&side->nbd);
}

/* ---- compare -------------------------------------------------------------------------------- */

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

/*
 * The rest of a part of a sector reads as zeros. Whole blocks of 4 KiB are asked for, also where a
 * part of one is wanted: a device may have no smaller ones.
 */
static int side_read(const struct side *side, uint64_t at, uint64_t nr)
{
	uint64_t left = side->bytes - at * SECTOR;
	size_t all = (size_t)nr * SECTOR, wanted = left < all ? (size_t)left : all;
	size_t blocks = (all + BLOCK - 1) / BLOCK * BLOCK;
	int r = read_at_least(side->fd, side->buffer, at, wanted, blocks);

	/* What is behind may be what cannot be read. */
	if (r && blocks > all)
		r = read_at_least(side->fd, side->buffer, at, wanted, all);
	memset(side->buffer + wanted, 0, all - wanted);
	return r;
}

/* What cannot be read in one piece is read in pieces of 4 KiB, to lose no more than needed. */
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

static uint64_t chunk_at(uint64_t at, uint64_t end)
{
	return end - at < CHUNK_SECTORS ? end - at : CHUNK_SECTORS;
}

static void compare_all(struct comparison *c)
{
	struct progress progress;
	uint64_t at;

	progress_start(&progress, "compare", 0, c->sectors);
	for (at = 0; at < c->sectors && !interrupted; at += CHUNK_SECTORS) {
		read_chunk(c, at, chunk_at(at, c->sectors));
		progress_show(&progress, at, ranges_sectors(&c->bad));
	}
	progress_end(&progress);
}

void print_ranges(const char *what, const struct ranges *ranges)
{
	size_t i;

	for (i = 0; i < ranges->nr; i++)
		printf("%s: sectors %" PRIu64 " to %" PRIu64 " (%" PRIu64 ")\n", what,
		       ranges->range[i].start, ranges->range[i].start + ranges->range[i].nr - 1,
		       ranges->range[i].nr);
}

int ranges_verdict(const struct ranges *bad, const struct ranges *unreadable)
{
	return bad->nr || bad->incomplete ? FOUND : unreadable->nr ? CANNOT_TELL : DONE;
}

static void print_json(const struct comparison *c)
{
	const uint64_t bytes[] = { c->raw.bytes, c->test.bytes };

	json_ranges("compare", c->raw.path, c->test.path, bytes, 0, c->sectors, 0, &c->bad,
		    &c->unreadable);
}

static int show_comparison(const struct comparison *c)
{
	if (interrupted)
		say_error("compare was interrupted: what follows is not all");
	if (opts.json) {
		print_json(c);
	} else {
		print_ranges("differ", &c->bad);
		print_ranges("cannot be read", &c->unreadable);
		printf("%s and %s: %" PRIu64 " of %" PRIu64 " sectors differ\n", c->raw.path,
		       c->test.path, ranges_sectors(&c->bad), c->sectors);
	}
	if ((interrupted || !c->sectors) && !c->bad.nr)
		return CANNOT_TELL;
	return ranges_verdict(&c->bad, &c->unreadable);
}

static int check_sizes(struct comparison *c)
{
	const struct side *small = c->raw.bytes < c->test.bytes ? &c->raw : &c->test;

	c->sectors = small->sectors;
	if (c->raw.bytes == c->test.bytes)
		return DONE;
	if (opts.allow_unequal) {
		/* A part of a sector is no part of what both have. */
		c->sectors = small->bytes / SECTOR;
		return DONE;
	}
	say_error("raw %s has %" PRIu64 " bytes, test %s %" PRIu64 ": they differ; --allow-unequal "
		  "compares what both have",
		  c->raw.path, c->raw.bytes, c->test.path, c->test.bytes);
	c->sectors = 0;
	if (opts.json)
		print_json(c);
	return FOUND;
}

int verb_compare(char **argv)
{
	struct comparison c = { .raw.fd = -1, .test.fd = -1 };
	int r = legs_refuse_same(argv[0], argv[1]);

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

/* ---- sync ----------------------------------------------------------------------------------- */

static int confirm(const struct side *test, uint64_t sectors)
{
	char contents[256], size[32], answer[16];

	leg_contents(test->path, contents, sizeof(contents));
	human_size(sectors, size, sizeof(size));
	fprintf(stderr, "%s holds %s; its first %s will be overwritten.\n", test->path,
		contents[0] ? contents : "nothing that is recognised", size);
	if (opts.yes)
		return DONE;
	fputs("Go on? Type yes: ", stderr);
	if (fgets(answer, sizeof(answer), stdin) && !strcmp(answer, "yes\n"))
		return DONE;
	say_error("nothing was written: sync needs \"yes\", or --yes");
	return BAD_USAGE;
}

/* A device we have for ourselves; a file may be attached to a loop device. */
static int refuse_used(const struct side *test)
{
	if (test->is_block)
		return DONE;
	if (is_qcow2(test->path)) {
		say_error("test %s is a qcow2 image, which a copy of a disk would destroy: copy with "
			  "qemu-img convert",
			  test->path);
		return WRONG_DEVICE;
	}
	return file_refuse_used(test->word, test->path, test->fd, false);
}

/* Direct I/O knows only whole blocks; the page cache fills up what is missing of one. */
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

	if (nr % (BLOCK / SECTOR))
		copy_without_blocks(test);
	if (!r) {
		r = write_sectors(test->fd, raw->buffer, at, nr);
		side = test;
	}
	if (r)
		say_error("cannot %s %s %s near sector %" PRIu64 ": %s: the legs are not equal yet",
			  side == raw ? "read" : "write", side->word, side->path, at, strerror(-r));
	return r ? CANNOT_TELL : DONE;
}

static int copy(const struct side *raw, const struct side *test)
{
	struct progress progress;
	uint64_t at;
	int r = DONE;

	progress_start(&progress, "sync", 0, raw->sectors);
	for (at = 0; !r && at < raw->sectors && !interrupted; at += CHUNK_SECTORS) {
		r = copy_chunk(raw, test, at, chunk_at(at, raw->sectors));
		progress_show(&progress, at, 0);
	}
	progress_end(&progress);
	if (r)
		return r;
	if (interrupted) {
		say_error("sync was interrupted: test %s is partly overwritten; run it again",
			  test->path);
		return CANNOT_TELL;
	}
	if (!fsync(test->fd))
		return DONE;
	say_error("cannot flush %s: %s: the copy may not be on it", test->path, strerror(errno));
	return CANNOT_TELL;
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
	r = refuse_used(test);
	if (!r)
		r = confirm(test, raw->sectors);
	return r ? r : copy(raw, test);
}

int verb_sync(char **argv)
{
	struct side raw = { .fd = -1 }, test = { .fd = -1 };
	int r = legs_refuse_same(argv[0], argv[1]);

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
