/* SPDX-License-Identifier: GPL-2.0-only */
/* What "crash" prints at its end, and what "run" adds to its summary. */
#ifndef BLKVERIFY_CRASH_OUTPUT_H
#define BLKVERIFY_CRASH_OUTPUT_H

#include "crash-series.h"
#include "device.h"
#include "run-output.h"

void crash_print(enum format format, const struct crash_series *series,
		 const struct device *device, const struct list *list);
void crash_print_counts(const struct crash_series *series);

#endif
