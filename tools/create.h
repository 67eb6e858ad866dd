/* SPDX-License-Identifier: GPL-2.0-only */
/* Making the mapped device, as "open" and "run" do. */
#ifndef BLKVERIFY_CREATE_H
#define BLKVERIFY_CREATE_H

#include "leg.h"

int create_check_name(const char *name);
/* The words of the options that the kernel would refuse without saying which. */
int create_check_options(void);
/* With the options given; the size, where none is, is that of the smaller leg. */
int create_device(const char *name, struct leg *raw, struct leg *test);

#endif
