// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of when things last happened.
 */
#include <linux/jiffies.h>
#include <linux/limits.h>
#include <linux/string.h>

#include "kunit.h"
#include "moments.h"

static void expect_text(struct kunit *test, const struct blkv_moments *moments, unsigned long now,
			const char *expected)
{
	struct blkv_ages ages;
	char text[256];

	memset(&ages, 0xff, sizeof(ages));
	blkv_moments_ages(moments, now, &ages);
	KUNIT_EXPECT_EQ(test, blkv_ages_emit(&ages, text, sizeof(text)), (int)strlen(expected));
	if (*expected)
		KUNIT_EXPECT_STREQ(test, text, expected);
}

static void only_what_has_happened_is_printed(struct kunit *test)
{
	struct blkv_moments moments = {};
	unsigned long now = 1000000;

	expect_text(test, &moments, now, "");
	blkv_moments_note(&moments, BLKV_MOMENT_MARK, now);
	expect_text(test, &moments, now, " near=mark:0");
	expect_text(test, &moments, now + HZ, " near=mark:1000");
	blkv_moments_note(&moments, BLKV_MOMENT_FLUSH, now + HZ);
	expect_text(test, &moments, now + 3 * HZ, " near=flush:2000,mark:3000");
}

static void every_moment_has_its_word(struct kunit *test)
{
	struct blkv_moments moments = {};
	unsigned int i;

	for (i = 0; i < BLKV_MOMENTS_NR; i++)
		blkv_moments_note(&moments, i, 7);
	expect_text(test, &moments, 7,
		    " near=flush:0,discard:0,write_zeroes:0,test_error:0,suspend:0,mark:0,cut:0");
}

static void the_last_time_counts(struct kunit *test)
{
	struct blkv_moments moments = {};

	blkv_moments_note(&moments, BLKV_MOMENT_CUT, 5);
	blkv_moments_note(&moments, BLKV_MOMENT_CUT, 5 + 7 * HZ);
	expect_text(test, &moments, 5 + 9 * HZ, " near=cut:2000");
}

/* Jiffies wrap, and are 0 for one tick. */
static void jiffies_may_wrap(struct kunit *test)
{
	struct blkv_moments moments = {};

	blkv_moments_note(&moments, BLKV_MOMENT_SUSPEND, 0);
	expect_text(test, &moments, 1, " near=suspend:0");
	blkv_moments_note(&moments, BLKV_MOMENT_SUSPEND, ULONG_MAX - HZ + 1);
	expect_text(test, &moments, HZ, " near=suspend:2000");
}

/* Another CPU noted it after this one had read the clock. */
static void moment_may_be_later_than_now(struct kunit *test)
{
	struct blkv_moments moments = {};

	blkv_moments_note(&moments, BLKV_MOMENT_FLUSH, 1001);
	expect_text(test, &moments, 1000, " near=flush:0");
}

static struct kunit_case moments_cases[] = {
	KUNIT_CASE(only_what_has_happened_is_printed),
	KUNIT_CASE(every_moment_has_its_word),
	KUNIT_CASE(the_last_time_counts),
	KUNIT_CASE(jiffies_may_wrap),
	KUNIT_CASE(moment_may_be_later_than_now),
	{}
};

static struct kunit_suite moments_suite = {
	.name = "moments",
	.test_cases = moments_cases,
};

kunit_test_suite(moments_suite);
