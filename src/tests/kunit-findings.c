// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the state of a target.
 */
#include <linux/string.h>

#include "findings.h"
#include "kunit.h"

static struct blkv_findings *new_findings(struct kunit *test)
{
	struct blkv_findings *findings = kunit_kzalloc(test, sizeof(*findings), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, findings);
	blkv_findings_init(findings);
	return findings;
}

static void add_mismatch(struct blkv_findings *findings, sector_t sector)
{
	struct blkv_report report = {
		.kind = BLKV_MISMATCH,
		.sector = sector - 1,
		.nr_sectors = 8,
		.bad_sector = sector,
	};

	blkv_findings_add(findings, &report);
}

static void add_divergence(struct blkv_findings *findings, sector_t sector, sector_t nr_sectors)
{
	struct blkv_report report = {
		.kind = BLKV_DIVERGENCE,
		.sector = sector,
		.nr_sectors = nr_sectors,
		.bad_sector = 12345,
	};

	blkv_findings_add(findings, &report);
}

static void expect_found(struct kunit *test, struct blkv_findings *findings,
			 const struct blkv_found *expected)
{
	struct blkv_found found;
	unsigned int i;

	memset(&found, 0xa5, sizeof(found));
	blkv_findings_read(findings, &found);
	KUNIT_EXPECT_EQ(test, found.any, expected->any);
	KUNIT_EXPECT_EQ(test, found.located, expected->located);
	KUNIT_EXPECT_EQ(test, found.first_sector, expected->first_sector);
	for (i = 0; i < BLKV_KINDS_NR; i++)
		KUNIT_EXPECT_EQ(test, found.number[i], expected->number[i]);
	for (i = 0; i < BLKV_LEGS; i++)
		KUNIT_EXPECT_EQ(test, found.leg_errors[i], expected->leg_errors[i]);
	KUNIT_EXPECT_EQ(test, found.unstable, expected->unstable);
	for (i = 0; i < BLKV_DISTRUSTS_NR; i++)
		KUNIT_EXPECT_EQ(test, found.distrusted[i], expected->distrusted[i]);
}

static void nothing_is_found_at_first(struct kunit *test)
{
	struct blkv_findings *findings = new_findings(test);

	expect_found(test, findings, &(struct blkv_found){});
	KUNIT_EXPECT_FALSE(test, blkv_is_frozen(findings));
}

static void first_finding_is_located(struct kunit *test)
{
	struct blkv_findings *findings = new_findings(test);
	struct blkv_found expected = { .any = true, .located = true, .first_sector = 1ULL << 40 };

	add_mismatch(findings, 1ULL << 40);
	expected.number[BLKV_MISMATCH] = 1;
	expect_found(test, findings, &expected);
	/* Neither a lower sector nor another kind replaces it. */
	add_mismatch(findings, 8);
	add_divergence(findings, 9, 1);
	expected.number[BLKV_MISMATCH] = 2;
	expected.number[BLKV_DIVERGENCE] = 1;
	expect_found(test, findings, &expected);
}

static void flush_is_not_located(struct kunit *test)
{
	struct blkv_findings *findings = new_findings(test);
	struct blkv_found expected = { .any = true };

	add_divergence(findings, 0, 0);
	expected.number[BLKV_DIVERGENCE] = 1;
	expect_found(test, findings, &expected);
	/* The next finding is. Sector 0 is a place, too. */
	add_divergence(findings, 0, 8);
	expected.number[BLKV_DIVERGENCE] = 2;
	expected.located = true;
	expect_found(test, findings, &expected);
	add_mismatch(findings, 77);
	expected.number[BLKV_MISMATCH] = 1;
	expect_found(test, findings, &expected);
}

static void unverified_divergence_is_located_where_the_legs_differed(struct kunit *test)
{
	struct blkv_findings *findings = new_findings(test);
	struct blkv_report report = {
		.kind = BLKV_DIVERGENCE,
		.sector = 8,
		.nr_sectors = 8,
		.unverified = true,
		.bad_sector = 11,
	};
	struct blkv_found expected = { .any = true, .located = true, .first_sector = 11 };

	blkv_findings_add(findings, &report);
	expected.number[BLKV_DIVERGENCE] = 1;
	expect_found(test, findings, &expected);
}

static void leg_errors_and_unstable_reads_are_not_findings(struct kunit *test)
{
	struct blkv_findings *findings = new_findings(test);
	struct blkv_found expected = { .leg_errors = { 1, 2 }, .unstable = 3 };
	unsigned int i;

	blkv_findings_add_leg_error(findings, BLKV_RAW);
	for (i = 0; i < 2; i++)
		blkv_findings_add_leg_error(findings, BLKV_TEST);
	for (i = 0; i < 3; i++)
		blkv_findings_add_unstable(findings);
	expect_found(test, findings, &expected);
}

static void distrust_is_counted_by_its_reason(struct kunit *test)
{
	struct blkv_findings *findings = new_findings(test);
	struct blkv_found expected = {};
	unsigned int i;

	for (i = 0; i < BLKV_DISTRUSTS_NR; i++) {
		blkv_findings_add_distrust(findings, i, 10 + i);
		blkv_findings_add_distrust(findings, i, 0);
		blkv_findings_add_distrust(findings, i, 1ULL << 40);
		expected.distrusted[i] = (1ULL << 40) + 10 + i;
		expect_found(test, findings, &expected);
	}
}

static void only_a_freeze_freezes(struct kunit *test)
{
	struct blkv_findings *findings = new_findings(test);

	add_mismatch(findings, 8);
	add_divergence(findings, 0, 0);
	KUNIT_EXPECT_FALSE(test, blkv_is_frozen(findings));
	blkv_findings_freeze(findings);
	KUNIT_EXPECT_TRUE(test, blkv_is_frozen(findings));
	/* A later finding changes nothing. */
	add_mismatch(findings, 8);
	KUNIT_EXPECT_TRUE(test, blkv_is_frozen(findings));
}

static void reset_forgets_all_but_the_freeze(struct kunit *test)
{
	struct blkv_findings *findings = new_findings(test);

	add_mismatch(findings, 8);
	blkv_findings_freeze(findings);
	blkv_findings_add_leg_error(findings, BLKV_RAW);
	blkv_findings_add_unstable(findings);
	blkv_findings_add_distrust(findings, BLKV_DISTRUST_MEMORY, 1);
	blkv_findings_reset(findings);
	expect_found(test, findings, &(struct blkv_found){});
	KUNIT_EXPECT_TRUE(test, blkv_is_frozen(findings));
}

static void thaw_forgets_only_the_freeze(struct kunit *test)
{
	struct blkv_findings *findings = new_findings(test);
	struct blkv_found expected = { .any = true, .located = true, .first_sector = 8 };

	add_mismatch(findings, 8);
	blkv_findings_freeze(findings);
	blkv_findings_thaw(findings);
	expected.number[BLKV_MISMATCH] = 1;
	expect_found(test, findings, &expected);
	KUNIT_EXPECT_FALSE(test, blkv_is_frozen(findings));
	add_mismatch(findings, 9);
	blkv_findings_freeze(findings);
	KUNIT_EXPECT_TRUE(test, blkv_is_frozen(findings));
}

static void moved_findings_continue(struct kunit *test)
{
	struct blkv_findings *to = new_findings(test), *from = new_findings(test);
	struct blkv_found expected = { .any = true, .located = true, .first_sector = 9 };

	add_mismatch(to, 8);
	blkv_findings_add_unstable(to);
	add_divergence(from, 9, 8);
	blkv_findings_freeze(from);
	blkv_findings_add_leg_error(from, BLKV_TEST);
	blkv_findings_add_distrust(from, BLKV_DISTRUST_DISCARD, 5);
	blkv_findings_move(to, from);
	expected.distrusted[BLKV_DISTRUST_DISCARD] = 5;
	expected.number[BLKV_DIVERGENCE] = 1;
	expected.leg_errors[BLKV_TEST] = 1;
	expect_found(test, to, &expected);
	KUNIT_EXPECT_TRUE(test, blkv_is_frozen(to));
	expect_found(test, from, &(struct blkv_found){});

	/* One that is not frozen thaws. */
	blkv_findings_thaw(from);
	blkv_findings_move(to, from);
	expect_found(test, to, &(struct blkv_found){});
	KUNIT_EXPECT_FALSE(test, blkv_is_frozen(to));
}

static struct kunit_case findings_cases[] = {
	KUNIT_CASE(nothing_is_found_at_first),
	KUNIT_CASE(first_finding_is_located),
	KUNIT_CASE(flush_is_not_located),
	KUNIT_CASE(unverified_divergence_is_located_where_the_legs_differed),
	KUNIT_CASE(leg_errors_and_unstable_reads_are_not_findings),
	KUNIT_CASE(distrust_is_counted_by_its_reason),
	KUNIT_CASE(only_a_freeze_freezes),
	KUNIT_CASE(reset_forgets_all_but_the_freeze),
	KUNIT_CASE(thaw_forgets_only_the_freeze),
	KUNIT_CASE(moved_findings_continue),
	{}
};

static struct kunit_suite findings_suite = {
	.name = "findings",
	.test_cases = findings_cases,
};

kunit_test_suite(findings_suite);
