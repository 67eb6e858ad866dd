/* SPDX-License-Identifier: GPL-2.0-only */
/* The users of a device or file, in words. */
#ifndef BLKVERIFY_USERS_H
#define BLKVERIFY_USERS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

/* Devices, mounts and swap on a device or its partitions. */
void users_of_device(dev_t number, char *text, size_t size);
/* Whether the block device or file is in use as swap. */
bool users_is_swap(const struct stat *wanted);
/* Append the processes that have it open, except this one. */
void users_add_processes(const struct stat *wanted, char *text, size_t size);

#endif
