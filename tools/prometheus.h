/* SPDX-License-Identifier: GPL-2.0-only */
/* The status of devices as metrics of Prometheus. */
#ifndef BLKVERIFY_PROMETHEUS_H
#define BLKVERIFY_PROMETHEUS_H

#include <stddef.h>

#include "device.h"

void prometheus_print(const struct device *devices, size_t nr);

#endif
