/* SPDX-License-Identifier: GPL-2.0-only */
/* A scrub, and its progress in a file for --resume. */
#ifndef BLKVERIFY_SCRUB_H
#define BLKVERIFY_SCRUB_H

#include <pthread.h>

#include "device.h"
#include "ranges.h"

#define THREADS 4
#define SAVE_SECONDS 1

struct scrub {
	struct device device; /* as it was at the start */
	int fd, raw_fd, test_fd;
	uint64_t block; /* sectors in a logical block */
	uint64_t read_sectors; /* length of each read; 0: random lengths */
	uint64_t start, end;
	bool ask; /* ignore_mismatch: look at the reports after each read */

	pthread_mutex_t lock; /* protects all below */
	uint64_t next;
	uint64_t at[THREADS]; /* where each thread reads; UINT64_MAX: nowhere */
	uint64_t pass, passes; /* counted from 1 */
	uint64_t mismatches, seen; /* as of the last look at the status and the reports */
	uint64_t first_seen; /* number of the last report before this scrub */
	struct ranges bad, unreadable;
	bool frozen;
};

/* Everything before this sector has been read. */
uint64_t scrub_position(const struct scrub *s);

/* The lock is held, or no thread runs. */
bool scrub_save(const struct scrub *s);
int scrub_load(struct scrub *s);
void scrub_forget(const struct scrub *s);

#endif
