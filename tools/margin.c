// SPDX-License-Identifier: GPL-2.0-only
/* See margin.h. */
#include <string.h>

#include "diagnose.h"
#include "margin.h"
#include "util.h"

#define SECTOR_WORDS (SECTOR / sizeof(uint64_t))

enum margin_fit margin_fit(uint64_t size, uint64_t end, uint64_t block)
{
	if (size % block)
		return MARGIN_UNALIGNED;
	/* At least a block is left in between. */
	return size > end / 2 || end - 2 * size < block ? MARGIN_TOO_LARGE : MARGIN_FITS;
}

/* The finalizer of MurmurHash3, which maps no two numbers to the same one. */
static uint64_t mix_word(uint64_t x)
{
	x ^= x >> 33;
	x *= 0xff51afd7ed558ccdULL;
	x ^= x >> 33;
	x *= 0xc4ceb9fe1a85ec53ULL;
	return x ^ x >> 33;
}

void margin_fill(uint8_t *data, uint64_t seed, uint64_t sector, uint64_t nr)
{
	uint64_t word, i;

	for (i = 0; i < nr * SECTOR_WORDS; i++) {
		word = mix_word(seed ^ (sector * SECTOR_WORDS + i));
		memcpy(data + i * sizeof(word), &word, sizeof(word));
	}
}

static const char *looks_like(const struct diagnosis *d)
{
	return d->zeros ? "only zeros" : d->ones ? "only ones" :
	       d->bits <= BITFLIP_MAX ? "flipped bits" : "other data";
}

static void describe_damage(struct damage *damage, const uint8_t *expected, const uint8_t *found)
{
	struct diagnosis d;

	diagnose_sector(&d, expected, found, 1, 0);
	damage->byte = d.first;
	damage->offset = d.first / DAMAGE_BYTES * DAMAGE_BYTES;
	memcpy(damage->expected, expected + damage->offset, DAMAGE_BYTES);
	memcpy(damage->found, found + damage->offset, DAMAGE_BYTES);
	damage->looks = looks_like(&d);
}

static void note_damage(struct damages *damages, uint64_t sector, const uint8_t *expected,
			const uint8_t *found)
{
	struct damage *damage = damages->damage;

	if (damages->sectors++ && damages->last + 1 == sector) {
		if (damages->ranges <= DAMAGES_MAX)
			damage[damages->ranges - 1].nr++;
	} else if (damages->ranges++ < DAMAGES_MAX) {
		damage += damages->ranges - 1;
		damage->start = sector;
		damage->nr = 1;
		describe_damage(damage, expected, found);
	}
	damages->last = sector;
}

void margin_compare(struct damages *damages, const uint8_t *data, uint64_t sector, uint64_t nr)
{
	uint8_t expected[SECTOR];

	for (; nr; nr--, sector++, data += SECTOR) {
		margin_fill(expected, damages->seed, sector, 1);
		if (memcmp(expected, data, SECTOR))
			note_damage(damages, sector, expected, data);
	}
}
