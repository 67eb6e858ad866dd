/* SPDX-License-Identifier: GPL-2.0-only */
/* What both legs depend on, so that a fault of it may damage both alike. */
#ifndef BLKVERIFY_COMMON_H
#define BLKVERIFY_COMMON_H

#include <stdbool.h>
#include <stddef.h>

/* The disk that both legs are on, below any mapped devices and partitions, or false. */
bool common_disk(const char *raw_node, const char *test_node, char *disk, size_t size);
/* The driver that both legs use, below any mapped devices and partitions, or false. */
bool common_driver(const char *raw_node, const char *test_node, char *driver, size_t size);
/* "same driver: loop ..."; nothing if the legs have nothing in common. */
void common_say(const char *raw_node, const char *test_node);

#endif
