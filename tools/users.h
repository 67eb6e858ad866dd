/* SPDX-License-Identifier: GPL-2.0-only */
/* Who uses a device or a file. */
#ifndef BLKVERIFY_USERS_H
#define BLKVERIFY_USERS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

/* What is built or mounted on a device or its partitions. */
void users_of_device(dev_t number, char *text, size_t size);
/* Is the block device or file in use as swap? */
bool users_is_swap(const struct stat *wanted);
/* Adds the processes that have it open, but for us. */
void users_add_processes(const struct stat *wanted, char *text, size_t size);

#endif
