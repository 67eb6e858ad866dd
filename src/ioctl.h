/* SPDX-License-Identifier: GPL-2.0-only */
/* Which ioctls are passed to the test leg. */
#ifndef DM_BLKVERIFY_IOCTL_H
#define DM_BLKVERIFY_IOCTL_H

#include <linux/compiler.h>
#include <linux/types.h>

#define BLKV_CDB_LEN 16

bool blkv_scsi_reads_state(const u8 *cdb, unsigned int len);
bool blkv_nvme_reads_state(u8 opcode);
bool blkv_ioctl_reads_state(unsigned int cmd, void __user *arg);

#endif /* DM_BLKVERIFY_IOCTL_H */
