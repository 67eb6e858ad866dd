/* SPDX-License-Identifier: GPL-2.0-only */
/* A bundle: one text file with all that a bug report about a device needs. */
#ifndef BLKVERIFY_BUNDLE_H
#define BLKVERIFY_BUNDLE_H

#include <stdio.h>

#include "device.h"

/* Nothing in it is essential: what cannot be had is named in its place. */
void bundle_write(FILE *out, const struct device *device);

#endif
