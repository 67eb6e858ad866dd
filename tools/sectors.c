// SPDX-License-Identifier: GPL-2.0-only
/* See sectors.h. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "sectors.h"
#include "util.h"

void *aligned_buffer(size_t size)
{
	void *buffer = aligned_alloc(4096, size);

	if (!buffer)
		say_error("no memory for a buffer of %zu bytes", size);
	return buffer;
}

int read_at_least(int fd, void *buffer, uint64_t sector, size_t least, size_t size)
{
	size_t done = 0;

	while (done < least) {
		ssize_t n = pread(fd, (char *)buffer + done, size - done,
				  (off_t)(sector * SECTOR + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			return -ENODATA;
		done += (size_t)n;
	}
	return 0;
}

int read_sectors(int fd, void *buffer, uint64_t sector, uint64_t nr)
{
	size_t size = (size_t)nr * SECTOR;

	return read_at_least(fd, buffer, sector, size, size);
}

int write_sectors(int fd, const void *buffer, uint64_t sector, uint64_t nr)
{
	size_t done = 0, size = (size_t)nr * SECTOR;

	while (done < size) {
		ssize_t n = pwrite(fd, (const char *)buffer + done, size - done,
				   (off_t)(sector * SECTOR + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -ENOSPC;
		done += (size_t)n;
	}
	return 0;
}
