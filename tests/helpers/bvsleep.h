/* SPDX-License-Identifier: GPL-2.0-only */
/* What programs that run a load for some time share. */
#ifndef BVSLEEP_H
#define BVSLEEP_H

#include <time.h>

/* Not usleep(): its argument is 32 bits of microseconds, so with more than 4294 s it ends early. */
static void sleep_for(double seconds)
{
	struct timespec rest = { .tv_sec = seconds };

	rest.tv_nsec = (seconds - rest.tv_sec) * 1e9;
	nanosleep(&rest, NULL);
}

#endif
