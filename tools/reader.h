/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading a mapped device, so that the target compares it and reports what is bad. */
#ifndef BLKVERIFY_READER_H
#define BLKVERIFY_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "device.h"

struct reader {
	int fd;
	uint8_t *buffer;
	uint64_t block, end;		/* of the mapped device, in sectors */
	unsigned int bad_reads;
	uint64_t unread;		/* sectors that could not be read, but are not bad */
};

/* Returns DONE; or reports what went wrong, and returns an exit code. */
int reader_open(struct reader *reader, const struct device *device);
/* Read these sectors, in whole blocks, past the page cache. */
void reader_read(struct reader *reader, uint64_t start, uint64_t end);
/* Whether a signal has arrived, or the target would not keep more reports. */
bool reader_has_enough(const struct reader *reader);
void reader_close(struct reader *reader);

#endif
