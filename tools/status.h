/* SPDX-License-Identifier: GPL-2.0-only */
/* What a status means, in words. Fields that an older target lacks are absent. Pure. */
#ifndef BLKVERIFY_STATUS_H
#define BLKVERIFY_STATUS_H

#include <stdbool.h>
#include <stddef.h>

#include "parse.h"

/* Whether something was found. */
bool status_is_bad(const struct status *status);
/* Whether the field is a number of sectors. */
bool status_is_sectors(enum field field);
/* Whether the field only grows, until a reset. */
bool status_is_count(enum field field);
/* Whether the field is present and 0. */
bool status_is_zero(const struct status *status, enum field field);
/* How much a count has grown; after a reset, all of it. */
uint64_t status_growth(const struct status *before, const struct status *now, enum field field);
/* In a few words. */
const char *status_verdict(const struct status *status);
/* The number, or "-" if it is absent. */
void status_text(const struct status *status, enum field field, char *text, size_t size);

#endif
