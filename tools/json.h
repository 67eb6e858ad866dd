/* SPDX-License-Identifier: GPL-2.0-only */
/* JSON output. Members are only ever added while "version" is 1; blkverify(8) describes them. */
#ifndef BLKVERIFY_JSON_H
#define BLKVERIFY_JSON_H

#include "device.h"
#include "ranges.h"

void json_status(const struct device *devices, size_t nr);
void json_reports(const struct device *device, const struct list *list);
/* bytes: the sizes of both, or NULL. skipped: NULL if unknown. */
void json_ranges(const char *verb, const char *a, const char *b, const uint64_t bytes[2],
		 uint64_t start, uint64_t length, const uint64_t *skipped, const struct ranges *bad,
		 const struct ranges *unreadable);

#endif
