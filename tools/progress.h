/* SPDX-License-Identifier: GPL-2.0-only */
/* A line on the terminal with the progress of a long job. */
#ifndef BLKVERIFY_PROGRESS_H
#define BLKVERIFY_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	const char *what;
	uint64_t start, end;		/* sectors */
	bool shown;
	double began, last;
};

void progress_start(struct progress *progress, const char *what, uint64_t start, uint64_t end);
void progress_show(struct progress *progress, uint64_t at, uint64_t bad);
void progress_end(struct progress *progress);

#endif
