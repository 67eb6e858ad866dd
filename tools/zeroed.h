/* SPDX-License-Identifier: GPL-2.0-only */
/* Is a leg all zeros, as --zeroed says? */
#ifndef BLKVERIFY_ZEROED_H
#define BLKVERIFY_ZEROED_H

#include <stdint.h>

#include "leg.h"

/* Look at samples of the first @sectors; report a sector that is not zero. */
int zeroed_check(const struct leg *leg, uint64_t sectors);

#endif
