/* SPDX-License-Identifier: GPL-2.0-only */
/* Creating the mapped device, for "open" and "run". */
#ifndef BLKVERIFY_CREATE_H
#define BLKVERIFY_CREATE_H

#include "leg.h"

int create_check_name(const char *name);
/* Reject options that the kernel would reject without naming them. */
int create_check_options(void);
/* From the options; the default size is that of the legs. */
int create_device(const char *name, struct leg *raw, struct leg *test);

#endif
