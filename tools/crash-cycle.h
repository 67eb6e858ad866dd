/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One power cut of the test device, in three steps. Each returns DONE; or reports what went wrong,
 * and returns an exit code. Nothing waits for longer than the timeout.
 */
#ifndef BLKVERIFY_CRASH_CYCLE_H
#define BLKVERIFY_CRASH_CYCLE_H

#include <stdbool.h>
#include <stdint.h>

#include "cutter.h"
#include "device.h"

struct crash_cycle {
	const struct cutter *cutter;
	struct device device;		/* as it was before */
	const char *path;		/* where the test device comes back */
	uint64_t test_sectors;		/* its size; 0: not known */
	double timeout;			/* seconds, of each thing that is waited for */
	bool full;			/* read everything, not only what is uncertain */
	bool holds;			/* the test device holds requests until it is back */
};

/* Cut the power. Then all requests fail, and the mapped device has let go of the test device. */
int crash_cycle_cut(struct crash_cycle *cycle);
/* Restore it. Then requests succeed again. */
int crash_cycle_restore(const struct crash_cycle *cycle);
/* The same for a target that is off, by an earlier series, or because a request has failed. */
int crash_cycle_recover(struct crash_cycle *cycle);
/* Read what the test device may have lost, so that the target reports what it must not have. */
int crash_cycle_settle(const struct crash_cycle *cycle);

#endif
