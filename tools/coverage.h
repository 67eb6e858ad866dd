/* SPDX-License-Identifier: GPL-2.0-only */
/* How much of a device is not compared, and why. Pure. */
#ifndef BLKVERIFY_COVERAGE_H
#define BLKVERIFY_COVERAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "parse.h"

/* Hundredths of a percent, rounded up: what is not nothing is not shown as nothing. */
unsigned int coverage_share(uint64_t part, uint64_t all);
/*
 * What is not compared, and why: "14.3 % of the device (6144 sectors): discarded 6144"; empty if
 * all is compared.
 */
void coverage_of_device(const struct status *status, uint64_t sectors, char *text, size_t size);
/* The same of what was read: "12.0 % of what was read (512 sectors)". */
void coverage_of_reads(const struct status *status, char *text, size_t size);
/* The option that would compare more, with what it takes; empty if there is none. */
void coverage_offer(const struct status *status, const char *options, char *text, size_t size);

#endif
