/* SPDX-License-Identifier: GPL-2.0-only */
/* A file with what a series of power cuts has shown so far, with which the series goes on. */
#ifndef BLKVERIFY_CRASH_STATE_H
#define BLKVERIFY_CRASH_STATE_H

#include "crash-series.h"

/* Nothing is counted if there is no such file. Returns an exit code, after a message. */
int crash_state_load(const char *path, struct crash_counts *counts);
/* Replaced atomically: a killed command leaves the old or the new state. The same. */
int crash_state_save(const char *path, const struct crash_counts *counts);

#endif
