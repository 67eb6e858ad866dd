/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Work that may never end, in a child process with a time limit: a program, or a call that waits in
 * the kernel for a device. A second signal ends the wait, too.
 */
#ifndef BLKVERIFY_CHILD_H
#define BLKVERIFY_CHILD_H

#include <sys/types.h>

/*
 * Wait for a child that leads a process group, and set its status as waitpid() does. Returns 0;
 * -ETIMEDOUT, or -EINTR after a second signal, and the group is killed.
 */
int child_wait(pid_t pid, double seconds, int *status);
/* Run @function in a child. Returns what it returns (0 or -errno), or as child_wait(). */
int child_call(int (*function)(void *data), void *data, double seconds);

#endif
