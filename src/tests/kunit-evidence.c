// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of what is said about the data of a mismatch.
 */
#include <linux/string.h>

#include "evidence.h"
#include "kunit.h"

#define NOTHING_TEXT " words=0x0000000000000000 set=0x0000000000000000 cleared=0x0000000000000000"

static void expect_text(struct kunit *test, const struct blkv_evidence *evidence,
			const char *expected)
{
	char text[256];

	KUNIT_EXPECT_EQ(test, blkv_evidence_emit(evidence, text, sizeof(text)),
			(int)strlen(expected));
	KUNIT_EXPECT_STREQ(test, text, expected);
}

static void sectors_become_runs(struct kunit *test)
{
	static const unsigned int sectors[] = { 0, 1, 2, 7, 9, 10 };
	struct blkv_evidence evidence = {};
	unsigned int i;

	expect_text(test, &evidence, NOTHING_TEXT);
	for (i = 0; i < ARRAY_SIZE(sectors); i++)
		blkv_runs_add(&evidence.runs, sectors[i]);
	expect_text(test, &evidence, " bad=0+3,7+1,9+2" NOTHING_TEXT);
	blkv_runs_move(&evidence.runs, 2048);
	expect_text(test, &evidence, " bad=2048+3,2055+1,2057+2" NOTHING_TEXT);
}

static void runs_that_do_not_fit_are_mentioned(struct kunit *test)
{
	struct blkv_evidence evidence = {};
	unsigned int i;

	for (i = 0; i < BLKV_MAX_RUNS; i++)
		blkv_runs_add(&evidence.runs, 2 * i);
	/* The last run may still grow. */
	blkv_runs_add(&evidence.runs, 2 * i - 1);
	expect_text(test, &evidence, " bad=0+1,2+1,4+1,6+1,8+1,10+1,12+1,14+2" NOTHING_TEXT);
	blkv_runs_add(&evidence.runs, 2 * i + 1);
	/* But not over a gap. */
	blkv_runs_add(&evidence.runs, 2 * i);
	expect_text(test, &evidence, " bad=0+1,2+1,4+1,6+1,8+1,10+1,12+1,14+2,..." NOTHING_TEXT);
}

static void words_and_bits_are_collected(struct kunit *test)
{
	static const u8 zeros[BLKV_WORD_BYTES], ones[BLKV_WORD_BYTES] = { [0 ... 7] = 0xff };
	static const u8 some[BLKV_WORD_BYTES] = { 0x80, 0, 0, 0, 0, 0, 0, 0x01 };
	struct blkv_evidence evidence = {};

	blkv_words_add(&evidence.words, 1, zeros, zeros);
	blkv_words_add(&evidence.words, 5, ones, ones);
	expect_text(test, &evidence, NOTHING_TEXT);
	blkv_words_add(&evidence.words, 0, zeros, some);
	expect_text(test, &evidence,
		    " words=0x0000000000000001 set=0x8000000000000001 cleared=0x0000000000000000");
	blkv_words_add(&evidence.words, 63, some, zeros);
	expect_text(test, &evidence,
		    " words=0x8000000000000001 set=0x8000000000000001 cleared=0x8000000000000001");
	blkv_words_add(&evidence.words, 7, ones, some);
	expect_text(test, &evidence,
		    " words=0x8000000000000081 set=0x8000000000000001 cleared=0xffffffffffffffff");
}

static struct kunit_case evidence_cases[] = {
	KUNIT_CASE(sectors_become_runs),
	KUNIT_CASE(runs_that_do_not_fit_are_mentioned),
	KUNIT_CASE(words_and_bits_are_collected),
	{}
};

static struct kunit_suite evidence_suite = {
	.name = "evidence",
	.test_cases = evidence_cases,
};

kunit_test_suite(evidence_suite);
