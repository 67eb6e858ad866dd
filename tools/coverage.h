/* SPDX-License-Identifier: GPL-2.0-only */
/* The share of a device that is not compared, and the reasons. Pure. */
#ifndef BLKVERIFY_COVERAGE_H
#define BLKVERIFY_COVERAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "parse.h"

/* In hundredths of a percent. Rounds up, so that a small non-zero share is not shown as 0. */
unsigned int coverage_share(uint64_t part, uint64_t all);
/*
 * The untrusted share of the device, and the reasons: "14.30 % of the device (6144 sectors): 6144
 * discarded"; empty if all sectors are trusted.
 */
void coverage_of_device(const struct status *status, uint64_t sectors, char *text, size_t size);
/* The skipped share of the reads: "12.00 % of the data read (512 sectors)"; empty if none. */
void coverage_of_reads(const struct status *status, char *text, size_t size);
/* Options that would compare more, and what they require; empty if there are none. */
void coverage_offer(const struct status *status, const char *options, char *text, size_t size);

#endif
