// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "diagnose.h"
#include "util.h"

static bool all_bytes(const uint8_t *sector, uint8_t value)
{
	return sector[0] == value && !memcmp(sector, sector + 1, SECTOR - 1);
}

static void count_differences(struct diagnosis *d, const uint8_t *raw, const uint8_t *test)
{
	unsigned int i;

	for (i = 0; i < SECTOR; i++) {
		if (raw[i] == test[i])
			continue;
		if (!d->bytes++)
			d->first = i;
		d->last = i;
		d->bits += (unsigned int)__builtin_popcount(raw[i] ^ test[i]);
	}
}

/* The sector nearest to @at, on either side, that has these bytes. */
static bool find_sector(const uint8_t *sectors, size_t nr, size_t at, const uint8_t *wanted,
			int64_t *where)
{
	size_t far;

	/* Sectors of a single value are common: finding one proves nothing. */
	if (all_bytes(wanted, wanted[0]))
		return false;
	for (far = 1; far < nr; far++) {
		if (at + far < nr && !memcmp(sectors + (at + far) * SECTOR, wanted, SECTOR)) {
			*where = (int64_t)far;
			return true;
		}
		if (far <= at && !memcmp(sectors + (at - far) * SECTOR, wanted, SECTOR)) {
			*where = -(int64_t)far;
			return true;
		}
	}
	return false;
}

void diagnose_sector(struct diagnosis *d, const uint8_t *raw, const uint8_t *test, size_t nr,
		     size_t at)
{
	const uint8_t *raw_sector = raw + at * SECTOR, *test_sector = test + at * SECTOR;

	memset(d, 0, sizeof(*d));
	count_differences(d, raw_sector, test_sector);
	if (!d->bytes)
		return;
	d->zeros = all_bytes(test_sector, 0);
	d->ones = all_bytes(test_sector, 0xff);
	d->test_found = find_sector(raw, nr, at, test_sector, &d->test_at);
	d->raw_found = find_sector(test, nr, at, raw_sector, &d->raw_at);
}

static int put_place(char *text, size_t size, uint64_t sector, int64_t away)
{
	return snprintf(text, size, "sector %" PRIu64 " (%+" PRId64 ")", sector + (uint64_t)away,
			away);
}

void text_of_diagnosis(const struct diagnosis *d, uint64_t sector, char *text, size_t size)
{
	size_t len;
	char place[64];

	if (!d->bytes) {
		snprintf(text, size, "the legs are equal here");
		return;
	}
	len = (size_t)snprintf(text, size, "%u byte%s, %u bit%s differ, in bytes %u to %u",
			       d->bytes, d->bytes == 1 ? "" : "s", d->bits, d->bits == 1 ? "" : "s",
			       d->first, d->last);
	if (d->zeros || d->ones)
		len += (size_t)snprintf(text + len, size - len, "; the test leg returned only %s",
					d->zeros ? "zeros" : "ones");
	else if (d->bits <= BITFLIP_MAX)
		len += (size_t)snprintf(text + len, size - len, "; looks like flipped bits");
	if (d->test_found && d->raw_found && d->test_at == d->raw_at) {
		put_place(place, sizeof(place), sector, d->test_at);
		snprintf(text + len, size - len, "; swapped with %s", place);
		return;
	}
	if (d->test_found) {
		put_place(place, sizeof(place), sector, d->test_at);
		len += (size_t)snprintf(text + len, size - len,
					"; the test leg returned what the raw leg has in %s",
					place);
	}
	if (d->raw_found) {
		put_place(place, sizeof(place), sector, d->raw_at);
		snprintf(text + len, size - len,
			 "; the data of the raw leg is in %s of the test leg", place);
	}
}
