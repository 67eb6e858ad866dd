// SPDX-License-Identifier: GPL-2.0-only
/* See status.h. */
#include <inttypes.h>
#include <stdio.h>

#include "parse.h"

bool status_is_bad(const struct status *status)
{
	return status->state != 'V';
}

bool status_is_sectors(enum field field)
{
	static const bool is_sectors[NR_FIELDS] = {
		[FIELD_COMPARED] = true,
		[FIELD_SKIPPED] = true,
		[FIELD_WRITTEN] = true,
		[FIELD_UNTRUSTED] = true,
		[FIELD_DISTRUSTED_DISCARD] = true,
		[FIELD_DISTRUSTED_REFUSED] = true,
		[FIELD_DISTRUSTED_FAILED] = true,
		[FIELD_DISTRUSTED_MEMORY] = true,
		[FIELD_DISTRUSTED_MESSAGE] = true,
		[FIELD_RESHAPED] = true,
		[FIELD_UNCERTAIN] = true,
		[FIELD_UNPROVEN] = true,
	};

	return is_sectors[field];
}

bool status_is_count(enum field field)
{
	return field != FIELD_FIRST_MISMATCH && field != FIELD_UNTRUSTED &&
	       field != FIELD_UNCERTAIN && field != FIELD_UNPROVEN && field != FIELD_POWER;
}

bool status_is_zero(const struct status *status, enum field field)
{
	return status->present[field] && !status->value[field];
}

uint64_t status_growth(const struct status *before, const struct status *now, enum field field)
{
	uint64_t from = before->value[field], to = now->value[field];

	return to < from ? to : to - from;
}

const char *status_verdict(const struct status *status)
{
	switch (status->state) {
	case 'F':
		return "frozen";
	case 'C':
		return status_is_zero(status, FIELD_MISMATCHES) ? "divergence found" :
								  "mismatch found";
	default:
		return status_is_zero(status, FIELD_COMPARED) ? "nothing compared so far" :
								"no mismatch found";
	}
}

void status_text(const struct status *status, enum field field, char *text, size_t size)
{
	if (status->present[field] && field == FIELD_POWER)
		snprintf(text, size, "%s", status->power);
	else if (status->present[field])
		snprintf(text, size, "%" PRIu64, status->value[field]);
	else
		snprintf(text, size, "-");
}
