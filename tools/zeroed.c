// SPDX-License-Identifier: GPL-2.0-only
/*
 * --zeroed: check samples of a leg: its start and its end, where filesystems and partition tables
 * have their signatures, and random places in between. Reading the whole leg would take as long as
 * zeroing it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sectors.h"
#include "util.h"
#include "zeroed.h"

#define SAMPLES 64
#define SAMPLE_SECTORS 128

/* Index of the first sector that is not all zeros, or @nr. */
static uint64_t find_data(const uint8_t *buffer, uint64_t nr)
{
	static const uint8_t zeros[SECTOR];
	uint64_t i;

	for (i = 0; i < nr; i++)
		if (memcmp(buffer + i * SECTOR, zeros, SECTOR))
			break;
	return i;
}

static int check_part(const struct leg *leg, int fd, uint8_t *buffer, uint64_t at, uint64_t nr)
{
	int r = read_sectors(fd, buffer, at, nr);
	uint64_t first;

	if (r) {
		say_error("cannot read %s %s: %s", leg->word, leg->path, strerror(-r));
		return exit_code_of(-r);
	}
	first = find_data(buffer, nr);
	if (first == nr)
		return DONE;
	say_error("%s %s is not zeroed: sector %llu has data; zero it (blkdiscard -z), or "
		  "use --written-only",
		  leg->word, leg->path, (unsigned long long)(at + first));
	return WRONG_DEVICE;
}

static int check_parts(const struct leg *leg, int fd, uint8_t *buffer, uint64_t sectors)
{
	uint64_t end = sectors < CHUNK_SECTORS ? sectors : CHUNK_SECTORS, part;
	int r = check_part(leg, fd, buffer, 0, end), i;

	if (!r && sectors > end)
		r = check_part(leg, fd, buffer, sectors - end, end);
	/* A random place in each of SAMPLES equal parts, so that each run checks other places. */
	part = sectors / SAMPLES / SAMPLE_SECTORS * SAMPLE_SECTORS;
	for (i = 0; !r && part && i < SAMPLES; i++) {
		uint64_t places = part / SAMPLE_SECTORS;

		r = check_part(leg, fd, buffer,
			       part * (uint64_t)i +
				       (uint64_t)random() % places * SAMPLE_SECTORS,
			       SAMPLE_SECTORS);
	}
	return r;
}

int zeroed_check(const struct leg *leg, uint64_t sectors)
{
	uint8_t *buffer = aligned_buffer(CHUNK_SECTORS * SECTOR);
	int r = NO_MEMORY, fd;

	if (!buffer)
		return r;
	srandom((unsigned int)(seconds_now() * 1000));
	fd = open(leg->node, O_RDONLY | O_DIRECT | O_CLOEXEC);
	if (fd >= 0) {
		r = check_parts(leg, fd, buffer, sectors);
		close(fd);
	} else {
		r = exit_code_of(errno);
		say_error("cannot open %s %s: %s", leg->word, leg->node, strerror(errno));
	}
	free(buffer);
	return r;
}
