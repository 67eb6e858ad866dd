// SPDX-License-Identifier: GPL-2.0-only
/* See reader.h. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "reader.h"
#include "sectors.h"
#include "util.h"

/* So many bad reads are enough: the target keeps fewer reports. */
#define MAX_BAD_READS 256

bool reader_has_enough(const struct reader *reader)
{
	return interrupted || reader->bad_reads >= MAX_BAD_READS;
}

/* A read ends at the first bad block: the others have to be read on their own. */
static void read_blocks(struct reader *reader, uint64_t start, uint64_t end)
{
	uint64_t nr;
	int r;

	for (; start < end && !reader_has_enough(reader); start += nr) {
		nr = end - start < reader->block ? end - start : reader->block;
		r = read_sectors(reader->fd, reader->buffer, start, nr);
		if (r == -EILSEQ)
			reader->bad_reads++;
		else if (r)
			reader->unread += nr;
	}
}

void reader_read(struct reader *reader, uint64_t start, uint64_t end)
{
	uint64_t nr;

	start -= start % reader->block;
	end += (reader->block - end % reader->block) % reader->block;
	if (end > reader->end)
		end = reader->end;
	for (; start < end && !reader_has_enough(reader); start += nr) {
		nr = end - start < CHUNK_SECTORS ? end - start : CHUNK_SECTORS;
		if (read_sectors(reader->fd, reader->buffer, start, nr))
			read_blocks(reader, start, start + nr);
	}
}

int reader_open(struct reader *reader, const struct device *device)
{
	int block, r;

	*reader = (struct reader){ .fd = -1, .end = device->length };
	r = device_open(device, O_RDONLY | O_DIRECT, &reader->fd);
	if (r)
		return r;
	reader->block = !ioctl(reader->fd, BLKSSZGET, &block) && block > 8 * SECTOR ?
			(uint64_t)block / SECTOR : 8;
	reader->buffer = aligned_buffer(CHUNK_SECTORS * SECTOR);
	return reader->buffer ? DONE : NO_MEMORY;
}

void reader_close(struct reader *reader)
{
	if (reader->fd >= 0)
		close(reader->fd);
	free(reader->buffer);
}
