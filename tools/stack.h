/* SPDX-License-Identifier: GPL-2.0-only */
/* The block devices of which another one is made, in sysfs. */
#ifndef BLKVERIFY_STACK_H
#define BLKVERIFY_STACK_H

#include <stdbool.h>

/* @path: in /sys/devices, of the whole disk if it is a partition; @is_lowest: nothing is below it */
typedef void (*stack_visit)(void *data, const char *path, bool is_lowest);

/*
 * Visit a block device and all devices below it, these first. @device is a path in sysfs. A device
 * that is below several others is visited several times; further levels than 16 are not.
 */
void stack_walk(const char *device, stack_visit visit, void *data);

#endif
