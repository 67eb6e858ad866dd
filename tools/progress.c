// SPDX-License-Identifier: GPL-2.0-only
/*
 * A line on the terminal with the progress of a long job.
 */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "progress.h"
#include "text.h"
#include "util.h"

void progress_start(struct progress *p, const char *what, uint64_t start, uint64_t end)
{
	*p = (struct progress){ .what = what, .start = start, .end = end };
	p->shown = isatty(STDERR_FILENO);
	p->began = seconds_now();
}

static void draw_bar(unsigned int percent)
{
	unsigned int i;

	for (i = 0; i < 20; i++)
		fputc(i * 5 < percent ? '#' : '.', stderr);
}

void progress_show(struct progress *p, uint64_t at, uint64_t bad)
{
	double t = seconds_now(), passed = t - p->began, rate;
	uint64_t done = at > p->start ? at - p->start : 0, all = p->end - p->start;
	char size[32], left[32] = "?";

	if (!p->shown || t - p->last < 0.2)
		return;
	p->last = t;
	rate = passed > 0 ? (double)done / passed : 0;
	if (rate > 0)
		snprintf(left, sizeof(left), "%.0f", (double)(all - done) / rate);
	text_of_size((uint64_t)rate, size, sizeof(size));
	fprintf(stderr, "\r%s [", p->what);
	draw_bar(all ? (unsigned int)(100 * done / all) : 100);
	fprintf(stderr, "] %3u %%, %s/s, %s s left, %" PRIu64 " bad sector%s \033[K",
		all ? (unsigned int)(100 * done / all) : 100, size, left, bad, bad == 1 ? "" : "s");
}

void progress_end(struct progress *p)
{
	if (p->shown)
		fprintf(stderr, "\r\033[K");
}
