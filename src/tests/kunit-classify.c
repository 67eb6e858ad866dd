// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the classification of differences.
 */
#include <linux/gfp.h>
#include <linux/slab.h>

#include "classify.h"
#include "kunit.h"

#define NR_SECTORS 40
#define NR_PAGES (NR_SECTORS / (PAGE_SIZE / SECTOR_SIZE))

/* The data of both legs. Their pages alternate, so those of one leg are not adjacent. */
struct legs {
	struct rnd_state *random;
	struct blkv_memory raw;
	struct blkv_memory test;
	struct bio_vec vecs[2][NR_PAGES];
};

static void free_a_page(void *page)
{
	__free_page(page);
}

KUNIT_DEFINE_ACTION_WRAPPER(free_a_page_action, free_a_page, void *);

static struct legs *new_legs(struct kunit *test)
{
	struct legs *legs = kunit_kzalloc(test, sizeof(*legs), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, legs);
	legs->random = bvtest_random(test);
	legs->raw.vecs = legs->vecs[BLKV_RAW];
	legs->test.vecs = legs->vecs[BLKV_TEST];
	for (i = 0; i < 2 * NR_PAGES; i++) {
		struct page *page = alloc_page(GFP_KERNEL);

		KUNIT_ASSERT_NOT_NULL(test, page);
		KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, free_a_page_action, page), 0);
		bvec_set_page(&legs->vecs[i % 2][i / 2], page, PAGE_SIZE, 0);
	}
	legs->raw.nr_vecs = NR_PAGES;
	legs->test.nr_vecs = NR_PAGES;
	return legs;
}

static u8 *raw_sector(struct legs *legs, unsigned int i)
{
	return bvtest_sector(legs->raw.vecs, i);
}

static u8 *test_sector(struct legs *legs, unsigned int i)
{
	return bvtest_sector(legs->test.vecs, i);
}

/* Random data, the same on both legs. */
static void fill(struct legs *legs)
{
	unsigned int i;

	for (i = 0; i < NR_SECTORS; i++) {
		prandom_bytes_state(legs->random, raw_sector(legs, i), SECTOR_SIZE);
		memcpy(test_sector(legs, i), raw_sector(legs, i), SECTOR_SIZE);
	}
}

static void spoil(struct legs *legs, unsigned int first, unsigned int nr)
{
	unsigned int i;

	for (i = first; i < first + nr; i++)
		prandom_bytes_state(legs->random, test_sector(legs, i), SECTOR_SIZE);
}

/* Find the differing sectors among the first @nr_sectors, as the caller does, and classify. */
static struct blkv_diagnosis classify(struct legs *legs, unsigned int nr_sectors)
{
	struct blkv_diagnosis diagnosis = { .class = -1, .number = 12345 };
	unsigned int i, bad = 0, nr_bad = 0;

	for (i = 0; i < nr_sectors; i++) {
		if (!memcmp(raw_sector(legs, i), test_sector(legs, i), SECTOR_SIZE))
			continue;
		if (!nr_bad++)
			bad = i;
	}
	blkv_classify(&diagnosis, &legs->raw, &legs->test, nr_sectors, bad, nr_bad);
	return diagnosis;
}

static void expect_class(struct kunit *test, struct legs *legs, unsigned int nr_sectors,
			 enum blkv_class class, int number)
{
	struct blkv_diagnosis diagnosis = classify(legs, nr_sectors);

	KUNIT_ASSERT_EQ(test, (int)diagnosis.class, (int)class);
	KUNIT_ASSERT_EQ(test, diagnosis.number, number);
}

static void zero_sector_is_zeros(struct kunit *test)
{
	struct legs *legs = new_legs(test);
	unsigned int i;

	for (i = 0; i < NR_SECTORS; i++) {
		fill(legs);
		memset(test_sector(legs, i), 0, SECTOR_SIZE);
		expect_class(test, legs, NR_SECTORS, BLKV_CLASS_ZEROS, 0);
		/* A single nonzero byte anywhere makes it another class. */
		test_sector(legs, i)[below(legs->random, SECTOR_SIZE)] = 1;
		KUNIT_ASSERT_NE(test, (int)classify(legs, NR_SECTORS).class, (int)BLKV_CLASS_ZEROS);
	}
}

static void ones_sector_is_ones(struct kunit *test)
{
	struct legs *legs = new_legs(test);
	unsigned int i;

	for (i = 0; i < NR_SECTORS; i++) {
		fill(legs);
		memset(test_sector(legs, i), 0xff, SECTOR_SIZE);
		expect_class(test, legs, NR_SECTORS, BLKV_CLASS_ONES, 0);
		test_sector(legs, i)[below(legs->random, SECTOR_SIZE)] = 0xfe;
		KUNIT_ASSERT_NE(test, (int)classify(legs, NR_SECTORS).class, (int)BLKV_CLASS_ONES);
	}
}

static void zeros_and_ones_take_precedence(struct kunit *test)
{
	struct legs *legs = new_legs(test);

	/* Also one bit from raw, equal to another sector of raw, and at the end. */
	fill(legs);
	memset(raw_sector(legs, 7), 0, SECTOR_SIZE);
	raw_sector(legs, 7)[9] = 4;
	memset(test_sector(legs, 7), 0, SECTOR_SIZE);
	memset(raw_sector(legs, 6), 0, SECTOR_SIZE);
	memset(test_sector(legs, 6), 0, SECTOR_SIZE);
	expect_class(test, legs, 8, BLKV_CLASS_ZEROS, 0);

	memset(raw_sector(legs, 7), 0xff, SECTOR_SIZE);
	raw_sector(legs, 7)[9] = 4;
	memset(test_sector(legs, 7), 0xff, SECTOR_SIZE);
	expect_class(test, legs, 8, BLKV_CLASS_ONES, 0);
}

/* Flip exactly @nr bits of a sector. */
static void flip(struct legs *legs, unsigned int sector, unsigned int nr)
{
	u8 *test = test_sector(legs, sector);
	u8 *raw = raw_sector(legs, sector);

	while (nr) {
		unsigned int bit = below(legs->random, SECTOR_SIZE * 8);

		if ((test[bit / 8] ^ raw[bit / 8]) & (1 << bit % 8))
			continue;
		test[bit / 8] ^= 1 << bit % 8;
		nr--;
	}
}

static void up_to_eight_bits_are_a_bitflip(struct kunit *test)
{
	struct legs *legs = new_legs(test);
	unsigned int bits, round;

	for (round = 0; round < bvtest_rounds(20); round++) {
		for (bits = 1; bits <= 8; bits++) {
			fill(legs);
			flip(legs, below(legs->random, NR_SECTORS), bits);
			expect_class(test, legs, NR_SECTORS, BLKV_CLASS_BITFLIP, bits);
		}
	}
}

static void nine_bits_are_not_a_bitflip(struct kunit *test)
{
	struct legs *legs = new_legs(test);
	unsigned int round;

	for (round = 0; round < bvtest_rounds(50); round++) {
		fill(legs);
		/* In the middle of the request, so that it does not look torn. */
		flip(legs, between(legs->random, 1, NR_SECTORS - 2), 9);
		expect_class(test, legs, NR_SECTORS, BLKV_CLASS_OTHER, 0);
	}
}

static void bits_are_counted_in_the_first_bad_sector_only(struct kunit *test)
{
	struct legs *legs = new_legs(test);

	fill(legs);
	flip(legs, 3, 2);
	spoil(legs, 9, 2);
	expect_class(test, legs, NR_SECTORS, BLKV_CLASS_BITFLIP, 2);
}

static void data_from_elsewhere_in_the_request_is_shifted(struct kunit *test)
{
	struct legs *legs = new_legs(test);
	unsigned int from, to;

	for (to = 0; to < NR_SECTORS; to += 3) {
		for (from = 0; from < NR_SECTORS; from++) {
			if (from == to)
				continue;
			fill(legs);
			memcpy(test_sector(legs, to), raw_sector(legs, from), SECTOR_SIZE);
			expect_class(test, legs, NR_SECTORS, BLKV_CLASS_SHIFTED,
				     (int)from - (int)to);
		}
	}
}

static void nearest_shift_is_reported(struct kunit *test)
{
	struct legs *legs = new_legs(test);

	fill(legs);
	memcpy(raw_sector(legs, 2), raw_sector(legs, 14), SECTOR_SIZE);
	memcpy(raw_sector(legs, 7), raw_sector(legs, 14), SECTOR_SIZE);
	memcpy(test_sector(legs, 10), raw_sector(legs, 14), SECTOR_SIZE);
	memcpy(test_sector(legs, 2), raw_sector(legs, 2), SECTOR_SIZE);
	memcpy(test_sector(legs, 7), raw_sector(legs, 7), SECTOR_SIZE);
	expect_class(test, legs, NR_SECTORS, BLKV_CLASS_SHIFTED, -3);
}

static void data_from_outside_the_request_is_not_shifted(struct kunit *test)
{
	struct legs *legs = new_legs(test);

	/* The memory is longer than the request. */
	fill(legs);
	memcpy(test_sector(legs, 5), raw_sector(legs, 20), SECTOR_SIZE);
	expect_class(test, legs, 20, BLKV_CLASS_OTHER, 0);
	expect_class(test, legs, 21, BLKV_CLASS_SHIFTED, 15);
}

static void bad_start_or_end_is_torn(struct kunit *test)
{
	struct legs *legs = new_legs(test);
	unsigned int nr;

	for (nr = 1; nr < NR_SECTORS; nr++) {
		fill(legs);
		spoil(legs, NR_SECTORS - nr, nr);
		expect_class(test, legs, NR_SECTORS, BLKV_CLASS_TORN, 0);
		fill(legs);
		spoil(legs, 0, nr);
		expect_class(test, legs, NR_SECTORS, BLKV_CLASS_TORN, 0);
	}
}

static void entirely_bad_request_is_not_torn(struct kunit *test)
{
	struct legs *legs = new_legs(test);
	unsigned int nr;

	for (nr = 1; nr <= NR_SECTORS; nr++) {
		fill(legs);
		spoil(legs, 0, nr);
		expect_class(test, legs, nr, BLKV_CLASS_OTHER, 0);
	}
}

static void bad_middle_is_other(struct kunit *test)
{
	struct legs *legs = new_legs(test);
	unsigned int first, nr;

	for (first = 1; first < NR_SECTORS - 1; first++) {
		for (nr = 1; first + nr < NR_SECTORS; nr += 5) {
			fill(legs);
			spoil(legs, first, nr);
			expect_class(test, legs, NR_SECTORS, BLKV_CLASS_OTHER, 0);
		}
	}
}

static void scattered_bad_sectors_are_other(struct kunit *test)
{
	struct legs *legs = new_legs(test);

	/* A start with a hole, an end with a hole, and both ends. */
	fill(legs);
	spoil(legs, 0, 3);
	spoil(legs, 4, 2);
	expect_class(test, legs, NR_SECTORS, BLKV_CLASS_OTHER, 0);
	fill(legs);
	spoil(legs, NR_SECTORS - 6, 2);
	spoil(legs, NR_SECTORS - 3, 3);
	expect_class(test, legs, NR_SECTORS, BLKV_CLASS_OTHER, 0);
	fill(legs);
	spoil(legs, 0, 1);
	spoil(legs, NR_SECTORS - 1, 1);
	expect_class(test, legs, NR_SECTORS, BLKV_CLASS_OTHER, 0);
}

static void data_is_left_unchanged(struct kunit *test)
{
	struct legs *legs = new_legs(test);
	u8 *before = kunit_kzalloc(test, 2 * NR_PAGES * PAGE_SIZE, GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, before);
	fill(legs);
	spoil(legs, 11, 9);
	for (i = 0; i < 2 * NR_PAGES; i++)
		memcpy(before + i * PAGE_SIZE, bvec_virt(&legs->vecs[i % 2][i / 2]), PAGE_SIZE);
	classify(legs, NR_SECTORS);
	for (i = 0; i < 2 * NR_PAGES; i++)
		KUNIT_ASSERT_EQ(test,
				memcmp(before + i * PAGE_SIZE, bvec_virt(&legs->vecs[i % 2][i / 2]),
				       PAGE_SIZE),
				0);
}

/* Written out here and not taken from words.h: reports are parsed by scripts. */
static const struct {
	struct blkv_diagnosis diagnosis;
	const char *text;
} texts[] = {
	{ { BLKV_CLASS_OTHER, 0 }, "other" },
	{ { BLKV_CLASS_ZEROS, 0 }, "zeros" },
	{ { BLKV_CLASS_ONES, 0 }, "ones" },
	{ { BLKV_CLASS_BITFLIP, 1 }, "bitflip(1)" },
	{ { BLKV_CLASS_BITFLIP, 8 }, "bitflip(8)" },
	{ { BLKV_CLASS_SHIFTED, 8 }, "shifted(+8)" },
	{ { BLKV_CLASS_SHIFTED, -2047 }, "shifted(-2047)" },
	{ { BLKV_CLASS_TORN, 0 }, "torn" },
	{ { BLKV_CLASS_STALE, 3 }, "stale(3)" },
	{ { BLKV_CLASS_UNFILLED, 0 }, "unfilled" },
	{ { BLKV_CLASS_LATE, 0 }, "late" },
	{ { BLKV_CLASS_MODIFIED, 0 }, "modified" },
	{ { BLKV_CLASS_LOST, 0 }, "lost" },
	{ { BLKV_CLASS_MISPLACED, 0 }, "misplaced" },
	{ { BLKV_CLASS_FLAPPING, 0 }, "flapping" },
};

static void diagnosis_is_emitted_even_if_space_is_short(struct kunit *test)
{
	unsigned int i, size;
	char text[32];

	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		int nr = strlen(texts[i].text);

		for (size = 0; size <= sizeof(text); size++) {
			int printed;

			memset(text, 'x', sizeof(text));
			printed = blkv_diagnosis_emit(&texts[i].diagnosis, text, size);
			KUNIT_ASSERT_EQ(test, printed, size ? min_t(int, nr, size - 1) : 0);
			KUNIT_ASSERT_NULL(test, memchr_inv(text + size, 'x', sizeof(text) - size));
			if (size)
				KUNIT_ASSERT_EQ(test, text[printed], '\0');
			KUNIT_ASSERT_EQ(test, memcmp(text, texts[i].text, printed), 0);
		}
	}
}

static bool is_written_out(const struct blkv_diagnosis *diagnosis)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(texts); i++)
		if (texts[i].diagnosis.class == diagnosis->class)
			return true;
	return false;
}

/* The enum is walked, not a list of this test, so that no new class is forgotten. */
static void every_class_has_its_word(struct kunit *test)
{
	static const char *const words[] = {
#define CLASS_WORD(id, word, ...) \
	[BLKV_CLASS_##id] = word,
		BLKV_CLASSES(CLASS_WORD)
#undef CLASS_WORD
	};
	enum blkv_class class;
	char text[32];

	KUNIT_ASSERT_EQ(test, ARRAY_SIZE(words), BLKV_CLASSES_NR);
	for (class = 0; class < BLKV_CLASSES_NR; class++) {
		struct blkv_diagnosis diagnosis = { .class = class };
		const char *word = words[class];

		blkv_diagnosis_emit(&diagnosis, text, sizeof(text));
		KUNIT_EXPECT_EQ_MSG(test, strncmp(text, word, strlen(word)), 0, "%s", word);
		KUNIT_EXPECT_NOT_NULL(test, strchr("(", text[strlen(word)]));
		KUNIT_EXPECT_TRUE_MSG(test, is_written_out(&diagnosis), "%s", word);
	}
}

static struct kunit_case classify_cases[] = {
	KUNIT_CASE(zero_sector_is_zeros),
	KUNIT_CASE(ones_sector_is_ones),
	KUNIT_CASE(zeros_and_ones_take_precedence),
	KUNIT_CASE(up_to_eight_bits_are_a_bitflip),
	KUNIT_CASE(nine_bits_are_not_a_bitflip),
	KUNIT_CASE(bits_are_counted_in_the_first_bad_sector_only),
	KUNIT_CASE(data_from_elsewhere_in_the_request_is_shifted),
	KUNIT_CASE(nearest_shift_is_reported),
	KUNIT_CASE(data_from_outside_the_request_is_not_shifted),
	KUNIT_CASE(bad_start_or_end_is_torn),
	KUNIT_CASE(entirely_bad_request_is_not_torn),
	KUNIT_CASE(bad_middle_is_other),
	KUNIT_CASE(scattered_bad_sectors_are_other),
	KUNIT_CASE(data_is_left_unchanged),
	KUNIT_CASE(diagnosis_is_emitted_even_if_space_is_short),
	KUNIT_CASE(every_class_has_its_word),
	{}
};

static struct kunit_suite classify_suite = {
	.name = "classify",
	.test_cases = classify_cases,
};

kunit_test_suite(classify_suite);
