// SPDX-License-Identifier: GPL-2.0-only
/*
 * Long jobs: whole reads and writes, and a line on the terminal that says how far they are.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "blkverify.h"

double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void *aligned_buffer(size_t size)
{
	void *buffer = aligned_alloc(4096, size);

	if (!buffer)
		say_error("no memory for a buffer of %zu bytes: free some and try again", size);
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

void progress_start(struct progress *p, const char *what, uint64_t start, uint64_t end)
{
	*p = (struct progress){ .what = what, .start = start, .end = end };
	p->shown = isatty(STDERR_FILENO);
	p->began = now();
}

static void bar(unsigned int percent)
{
	unsigned int i;

	for (i = 0; i < 20; i++)
		fputc(i * 5 < percent ? '#' : '.', stderr);
}

void progress_show(struct progress *p, uint64_t at, uint64_t bad)
{
	double t = now(), passed = t - p->began, rate;
	uint64_t done = at > p->start ? at - p->start : 0, all = p->end - p->start;
	char size[32], left[32] = "?";

	if (!p->shown || t - p->last < 0.2)
		return;
	p->last = t;
	rate = passed > 0 ? (double)done / passed : 0;
	if (rate > 0)
		snprintf(left, sizeof(left), "%.0f", (double)(all - done) / rate);
	human_size((uint64_t)rate, size, sizeof(size));
	fprintf(stderr, "\r%s [", p->what);
	bar(all ? (unsigned int)(100 * done / all) : 100);
	fprintf(stderr, "] %3u %%, %s/s, %s s left, %" PRIu64 " bad sector%s \033[K",
		all ? (unsigned int)(100 * done / all) : 100, size, left, bad, bad == 1 ? "" : "s");
}

void progress_end(struct progress *p)
{
	if (p->shown)
		fprintf(stderr, "\r\033[K");
}
