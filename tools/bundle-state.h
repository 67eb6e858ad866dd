/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether a device already has a bundle of its first finding, for "bundle --first". */
#ifndef BLKVERIFY_BUNDLE_STATE_H
#define BLKVERIFY_BUNDLE_STATE_H

#include <stdint.h>

#include "device.h"

enum bundle_need { NOTHING_FOUND, HAS_BUNDLE, NEEDS_BUNDLE };

/*
 * A reset and a new device under this name begin again. @last is the number of the last report.
 * Returns DONE, or reports an error and returns its exit code.
 */
int bundle_check(const struct device *device, enum bundle_need *need, uint64_t *last);
/* The same, for a bundle of the reports up to this number. */
int bundle_remember(const struct device *device, uint64_t last);

#endif
