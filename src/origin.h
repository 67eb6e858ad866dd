/* SPDX-License-Identifier: GPL-2.0-only */
/* Where a request came from, and how it was served. */
#ifndef DM_BLKVERIFY_ORIGIN_H
#define DM_BLKVERIFY_ORIGIN_H

#include <linux/blk_types.h>
#include <linux/sched.h>
#include <linux/types.h>

#include "types.h"

/**
 * struct blkv_origin - where a request came from, and how it was served
 * @known: the request is known; otherwise nothing below is valid
 * @pid: of the task that submitted it
 * @comm: name of that task
 * @opf: operation and flags, as it set them
 * @segments: number of segments of the caller's memory
 * @offset: of the first one in its page
 * @served: the test leg has completed it, and the members below are valid
 * @submit_cpu: the CPU that submitted it to the test leg
 * @complete_cpu: the CPU on which the test leg completed it
 * @took: how long each leg took, in ns; 0 if that was not measured
 */
struct blkv_origin {
	bool known;
	pid_t pid;
	char comm[TASK_COMM_LEN];
	blk_opf_t opf;
	unsigned int segments;
	unsigned int offset;
	bool served;
	unsigned int submit_cpu;
	unsigned int complete_cpu;
	u64 took[BLKV_LEGS];
};

int blkv_comm_emit(const char *comm, char *text, size_t size);
int blkv_origin_emit(const struct blkv_origin *origin, char *text, size_t size);

#endif /* DM_BLKVERIFY_ORIGIN_H */
