/* SPDX-License-Identifier: GPL-2.0-only */
/* Output for people. */
#ifndef BLKVERIFY_PRINT_H
#define BLKVERIFY_PRINT_H

#include <stdio.h>

#include "device.h"
#include "ranges.h"

void print_status(const struct device *device);
void print_table(const struct device *devices, size_t nr);
void print_report(FILE *out, const struct report *report);
/* @list: NULL if it could not be read */
void print_reports(FILE *out, const struct device *device, const struct list *list);
void print_ranges(const char *what, const struct ranges *ranges);
/* Without control characters: names may contain anything. */
void print_clean(FILE *out, const char *text);
void text_of_class(const struct report *report, char *text, size_t size);

#endif
