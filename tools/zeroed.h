/* SPDX-License-Identifier: GPL-2.0-only */
/* Check that a leg is all zeros, for --zeroed. */
#ifndef BLKVERIFY_ZEROED_H
#define BLKVERIFY_ZEROED_H

#include <stdint.h>

#include "leg.h"

/* Check samples of the first @sectors; report a sector that is not all zeros. */
int zeroed_check(const struct leg *leg, uint64_t sectors);

#endif
