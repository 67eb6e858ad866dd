/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel log: the only place where the target reports why it rejects a table or a message. */
#ifndef BLKVERIFY_KERNEL_LOG_H
#define BLKVERIFY_KERNEL_LOG_H

/* From here on, without blocking. Returns a file, or -errno if the log cannot be read. */
int kernel_log_open(void);
/* Report what the device mapper has logged since. */
void kernel_log_say(int log);
void kernel_log_close(int log);

#endif
