/* SPDX-License-Identifier: GPL-2.0-only */
/* Status and messages. */
#ifndef DM_BLKVERIFY_MESSAGE_H
#define DM_BLKVERIFY_MESSAGE_H

#include <linux/device-mapper.h>

struct blkverify;

void blkv_status(struct blkverify *blkv, status_type_t type, char *result, unsigned int maxlen);
int blkv_message(struct blkverify *blkv, unsigned int argc, char **argv, char *result,
		 unsigned int maxlen);

#endif /* DM_BLKVERIFY_MESSAGE_H */
