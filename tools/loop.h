/* SPDX-License-Identifier: GPL-2.0-only */
/* Loop devices of image files. */
#ifndef BLKVERIFY_LOOP_H
#define BLKVERIFY_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

/* The file behind a loop device, or an empty text. */
void loop_backing_file(const char *node, char *file, size_t size);
/* The loop device that a file is already attached to, under any name. */
bool loop_find(const struct stat *file, char *node, size_t size);
/* Returns the open loop device, or -errno; sets node. */
int loop_attach(int file_fd, const char *path, bool readonly, char *node, size_t size);

#endif
