/* SPDX-License-Identifier: GPL-2.0-only */
/* Disks and drivers that both legs depend on, whose faults may damage both legs alike. */
#ifndef BLKVERIFY_COMMON_H
#define BLKVERIFY_COMMON_H

#include <stdbool.h>
#include <stddef.h>

/* Get a disk that both legs are on, below mapped devices and partitions; false if there is none. */
bool common_disk(const char *raw_node, const char *test_node, char *disk, size_t size);
/* Get a driver that both legs use, below mapped devices and partitions; false if there is none. */
bool common_driver(const char *raw_node, const char *test_node, char *driver, size_t size);
/* Get the nodes of the disks below a device, as /dev/sda. Returns their number. */
size_t common_disks_of(const char *node, char (*disks)[64], size_t max);
/* Print "same disk: ..." or "same driver: ..."; nothing if the legs have neither in common. */
void common_say(const char *raw_node, const char *test_node);

#endif
