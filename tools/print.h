/* SPDX-License-Identifier: GPL-2.0-only */
/* People's form of what was found. */
#ifndef BLKVERIFY_PRINT_H
#define BLKVERIFY_PRINT_H

#include "device.h"
#include "ranges.h"

void print_status(const struct device *device);
void print_table(const struct device *devices, size_t nr);
void print_report(const struct report *report);
void print_reports(const struct device *device, const struct list *list);
void print_ranges(const char *what, const struct ranges *ranges);
/* Names come from programs and people: what a terminal would obey is not printed. */
void print_clean(const char *text);

#endif
