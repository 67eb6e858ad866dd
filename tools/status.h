/* SPDX-License-Identifier: GPL-2.0-only */
/* What a status means to a person. An older target has fewer fields: those are absent. Pure. */
#ifndef BLKVERIFY_STATUS_H
#define BLKVERIFY_STATUS_H

#include <stdbool.h>
#include <stddef.h>

#include "parse.h"

/* Something was found. */
bool status_is_bad(const struct status *status);
/* Is the field there, and 0? */
bool status_is_zero(const struct status *status, enum field field);
/* In a few words. */
const char *status_verdict(const struct status *status);
/* The number, or "-" where it is absent. */
void status_text(const struct status *status, enum field field, char *text, size_t size);

#endif
