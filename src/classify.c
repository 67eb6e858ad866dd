// SPDX-License-Identifier: GPL-2.0-only
/*
 * Classify a difference: an informed guess at the kind of bug, from the data alone. The classes
 * that depend on the request (unfilled, late, stale, modified) are set in src/verdict.c.
 *
 * Pure: reads private memory, changes nothing. No locks, any context; slow, so only called for
 * a mismatch.
 */
#include <kunit/visibility.h>
#include <linux/bitops.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "classify.h"
#include "compare.h"

static noinline_for_stack unsigned int count_differing_bits(const struct blkv_memory *raw,
							    const u8 *test_sector, unsigned int bad)
{
	struct blkv_bounce bounce;
	const u8 *raw_sector = blkv_memory_sector(raw, bad, &bounce);
	unsigned int i, bits = 0;

	for (i = 0; i < SECTOR_SIZE; i++)
		bits += hweight8(raw_sector[i] ^ test_sector[i]);
	return bits;
}

/*
 * How far from @bad, in either direction, does the raw leg hold what the test leg returned? The
 * nearest such sector counts, and of two the later one. Return 0 if there is none.
 */
static noinline_for_stack int find_shift(const struct blkv_memory *raw, const u8 *test_sector,
					 unsigned int nr_sectors, unsigned int bad)
{
	struct blkv_sector_iter iter = blkv_memory_walk(raw, 0, nr_sectors);
	int shift = 0, distance = -(int)bad;
	struct blkv_bounce bounce;
	const u8 *sector;

	for (; (sector = blkv_sector_next(&iter, &bounce)); distance++)
		if (distance && (!shift || abs(distance) <= abs(shift)) &&
		    !memcmp(sector, test_sector, SECTOR_SIZE))
			shift = distance;
	return shift;
}

/*
 * Are the differing sectors one run that ends at the end of the request, or begins at its start,
 * and not all of it?
 */
static bool looks_torn(const struct blkv_memory *raw, const struct blkv_memory *test,
		       unsigned int nr_sectors, unsigned int bad, unsigned int nr_bad)
{
	struct blkv_sector_iter raw_iter = blkv_memory_walk(raw, bad, nr_bad);
	struct blkv_sector_iter test_iter = blkv_memory_walk(test, bad, nr_bad);

	if (nr_bad == nr_sectors || (bad && bad + nr_bad != nr_sectors))
		return false;
	while (raw_iter.at.bi_size) {
		struct bvec_iter sector = raw_iter.at;

		sector.bi_size = SECTOR_SIZE;
		if (blkv_compare(raw_iter.vecs, sector, test_iter.vecs, test_iter.at) ==
		    SECTOR_SIZE)
			return false;
		bvec_iter_advance(raw_iter.vecs, &raw_iter.at, SECTOR_SIZE);
		bvec_iter_advance(test_iter.vecs, &test_iter.at, SECTOR_SIZE);
	}
	return true;
}

/**
 * blkv_classify() - classify a mismatch
 * @diagnosis: filled in
 * @raw: the data of the raw leg
 * @test: the data that the test leg returned
 * @nr_sectors: length of the request
 * @bad: the first sector of the request that differs
 * @nr_bad: how many sectors differ
 *
 * The first differing sector decides. If several classes fit, the most specific one wins.
 *
 * Context: Any.
 */
void blkv_classify(struct blkv_diagnosis *diagnosis, const struct blkv_memory *raw,
		   const struct blkv_memory *test, unsigned int nr_sectors, unsigned int bad,
		   unsigned int nr_bad)
{
	struct blkv_bounce bounce;
	const u8 *test_sector = blkv_memory_sector(test, bad, &bounce);
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

	diagnosis->number = count_differing_bits(raw, test_sector, bad);
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
EXPORT_SYMBOL_IF_KUNIT(blkv_classify);

/* The argument in brackets after the name of a class. */
enum class_argument { CLASS_NONE, CLASS_COUNT, CLASS_DISTANCE };

/* A class without a name cannot compile: both come from one list. */
static const struct {
	const char *name;
	enum class_argument argument;
} classes[BLKV_CLASSES_NR] = {
#define CLASS_ROW(id, word, argument, ...) \
	[BLKV_CLASS_##id] = { word, CLASS_##argument },
	BLKV_CLASSES(CLASS_ROW)
#undef CLASS_ROW
};

/**
 * blkv_class_name() - the word for a class
 * @class: the class
 *
 * Return: the word, without an argument.
 */
const char *blkv_class_name(enum blkv_class class)
{
	return classes[class].name;
}

/**
 * blkv_diagnosis_emit() - print a diagnosis: "zeros", "bitflip(1)", "shifted(+8)"
 * @diagnosis: the diagnosis
 * @text: where to print
 * @size: of @text
 *
 * Return: length printed, without the terminating zero.
 */
int blkv_diagnosis_emit(const struct blkv_diagnosis *diagnosis, char *text, size_t size)
{
	const char *name = blkv_class_name(diagnosis->class);

	switch (classes[diagnosis->class].argument) {
	case CLASS_COUNT:
		return scnprintf(text, size, "%s(%d)", name, diagnosis->number);
	case CLASS_DISTANCE:
		return scnprintf(text, size, "%s(%+d)", name, diagnosis->number);
	case CLASS_NONE:
		break;
	}
	return scnprintf(text, size, "%s", name);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_diagnosis_emit);
