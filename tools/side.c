// SPDX-License-Identifier: GPL-2.0-only
/* See side.h. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "leg.h"
#include "nbd.h"
#include "sectors.h"
#include "side.h"
#include "util.h"

static int side_measure(struct side *side)
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
 * Bypasses the page cache if the file system can do that (tmpfs cannot). A device to be written is
 * opened exclusively, so that it cannot be mounted meanwhile; O_EXCL has no effect on a file.
 */
static int open_direct(const char *path, int flags)
{
	int fd = open(path, flags | O_DIRECT | O_CLOEXEC);

	return fd < 0 && errno == EINVAL ? open(path, flags | O_CLOEXEC) : fd;
}

int side_open(struct side *side, const char *word, const char *path, bool writable)
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
	error = side->fd < 0 ? errno : side_measure(side);
	if (!error)
		return DONE;
	if (error == EBUSY)
		return leg_say_used(word, side->path);
	r = exit_code_of(error);
	say_error("cannot open %s %s: %s: %s", word, side->path, strerror(error),
		  r == NO_PERMISSION ? "become root" : "check the path");
	return r;
}

void side_close(struct side *side)
{
	if (side->fd >= 0)
		close(side->fd);
	free(side->buffer);
	nbd_detach(&side->nbd);
}

/*
 * The missing rest of a partial sector reads as zeros. Always reads whole blocks of 4 KiB: the
 * device may not have smaller ones.
 */
int side_read(const struct side *side, uint64_t at, uint64_t nr)
{
	uint64_t left = side->bytes - at * SECTOR;
	size_t all = (size_t)nr * SECTOR, wanted = left < all ? (size_t)left : all;
	size_t blocks = (all + SIDE_BLOCK - 1) / SIDE_BLOCK * SIDE_BLOCK;
	int r = read_at_least(side->fd, side->buffer, at, wanted, blocks);

	/* The unreadable part may be behind what is wanted. */
	if (r && blocks > all)
		r = read_at_least(side->fd, side->buffer, at, wanted, all);
	memset(side->buffer + wanted, 0, all - wanted);
	return r;
}

uint64_t side_chunk(uint64_t at, uint64_t end)
{
	return end - at < CHUNK_SECTORS ? end - at : CHUNK_SECTORS;
}
