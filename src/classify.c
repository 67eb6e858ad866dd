// SPDX-License-Identifier: GPL-2.0-only
/*
 * What does a difference look like? A guess at the kind of bug, from the data alone.
 *
 * Pure: looks at two private buffers, takes no lock, changes nothing. Any context, but slow; only
 * called for a mismatch.
 */
#include <linux/bitops.h>
#include <linux/string.h>

#include "classify.h"

static const char *const class_names[] = {
	[BLKV_CLASS_OTHER] = "other",	  [BLKV_CLASS_ZEROS] = "zeros",
	[BLKV_CLASS_ONES] = "ones",	  [BLKV_CLASS_BITFLIP] = "bitflip",
	[BLKV_CLASS_SHIFTED] = "shifted", [BLKV_CLASS_TORN] = "torn",
	[BLKV_CLASS_STALE] = "stale",	  [BLKV_CLASS_UNFILLED] = "unfilled",
};

static unsigned int count_differing_bits(const u8 *a, const u8 *b)
{
	unsigned int i, bits = 0;

	for (i = 0; i < SECTOR_SIZE; i++)
		bits += hweight8(a[i] ^ b[i]);
	return bits;
}

/* How far from @bad, in either direction, does raw hold what test returned? 0: nowhere. */
static int find_shift(const struct blkv_memory *raw, const u8 *test_sector, unsigned int nr_sectors,
		      unsigned int bad)
{
	unsigned int distance;

	for (distance = 1; distance < nr_sectors; distance++) {
		if (bad + distance < nr_sectors &&
		    !memcmp(blkv_memory_sector(raw, bad + distance), test_sector, SECTOR_SIZE))
			return distance;
		if (distance <= bad &&
		    !memcmp(blkv_memory_sector(raw, bad - distance), test_sector, SECTOR_SIZE))
			return -(int)distance;
	}
	return 0;
}

/*
 * Are the differing sectors one run that ends at the end of the request, or begins at its start,
 * and not all of it?
 */
static bool looks_torn(const struct blkv_memory *raw, const struct blkv_memory *test,
		       unsigned int nr_sectors, unsigned int bad, unsigned int nr_bad)
{
	unsigned int i;

	if (nr_bad == nr_sectors || (bad && bad + nr_bad != nr_sectors))
		return false;
	for (i = bad; i < bad + nr_bad; i++)
		if (!memcmp(blkv_memory_sector(raw, i), blkv_memory_sector(test, i), SECTOR_SIZE))
			return false;
	return true;
}

/**
 * blkv_classify() - say what a mismatch looks like
 * @diagnosis: filled in
 * @raw: raw's data of the request
 * @test: test's data of the request
 * @nr_sectors: length of the request
 * @bad: the first sector, counted in the request, that differs
 * @nr_bad: how many sectors differ
 *
 * The first differing sector decides, and of several names that fit the most telling one.
 *
 * Context: Any.
 */
void blkv_classify(struct blkv_diagnosis *diagnosis, const struct blkv_memory *raw,
		   const struct blkv_memory *test, unsigned int nr_sectors, unsigned int bad,
		   unsigned int nr_bad)
{
	const u8 *raw_sector = blkv_memory_sector(raw, bad);
	const u8 *test_sector = blkv_memory_sector(test, bad);
	int shift;

	diagnosis->number = 0;
	if (!memchr_inv(test_sector, 0, SECTOR_SIZE)) {
		diagnosis->class = BLKV_CLASS_ZEROS;
		return;
	}
	if (!memchr_inv(test_sector, 0xff, SECTOR_SIZE)) {
		diagnosis->class = BLKV_CLASS_ONES;
		return;
	}

	diagnosis->number = count_differing_bits(raw_sector, test_sector);
	if (diagnosis->number <= BLKV_BITFLIP_MAX) {
		diagnosis->class = BLKV_CLASS_BITFLIP;
		return;
	}

	shift = find_shift(raw, test_sector, nr_sectors, bad);
	diagnosis->number = shift;
	if (shift)
		diagnosis->class = BLKV_CLASS_SHIFTED;
	else if (looks_torn(raw, test, nr_sectors, bad, nr_bad))
		diagnosis->class = BLKV_CLASS_TORN;
	else
		diagnosis->class = BLKV_CLASS_OTHER;
}

/**
 * blkv_class_emit() - print a diagnosis: "zeros", "bitflip(1)", "shifted(+8)"
 * @diagnosis: what to print
 * @text: where to
 * @size: of @text
 *
 * Return: length printed, without the terminating zero.
 */
int blkv_class_emit(const struct blkv_diagnosis *diagnosis, char *text, size_t size)
{
	const char *name = class_names[diagnosis->class];

	if (diagnosis->class == BLKV_CLASS_BITFLIP)
		return scnprintf(text, size, "%s(%d)", name, diagnosis->number);
	if (diagnosis->class == BLKV_CLASS_SHIFTED)
		return scnprintf(text, size, "%s(%+d)", name, diagnosis->number);
	return scnprintf(text, size, "%s", name);
}
