/* SPDX-License-Identifier: GPL-2.0-only */
/* A file with what a series of power cuts has shown so far, with which the series goes on. */
#ifndef BLKVERIFY_CRASH_STATE_H
#define BLKVERIFY_CRASH_STATE_H

#include "crash-series.h"

/* A missing file is the state before the first cut. Returns an exit code, after an error message. */
int crash_state_load(const char *path, struct crash_counts *counts);
/*
 * The file is replaced at once, and is on the disk then: a command that is killed, or a machine that
 * loses power, leaves the old or the new state. Returns as above.
 */
int crash_state_save(const char *path, const struct crash_counts *counts);

#endif
