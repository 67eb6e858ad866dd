/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether a device already has a bundle of its first finding, for "bundle --first". */
#ifndef BLKVERIFY_BUNDLE_STATE_H
#define BLKVERIFY_BUNDLE_STATE_H

#include <stdbool.h>

#include "device.h"

/* Also true if nothing was found. A reset and a new device under this name begin again. */
bool bundle_exists(const struct device *device);
void bundle_remember(const struct device *device);
/* For a device that is new. */
void bundle_forget(const char *name);

#endif
