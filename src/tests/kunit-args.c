// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the optional arguments of a table line.
 *
 * There are few enough of them to try every combination in every order.
 */
#include <linux/slab.h>

#include "kunit.h"
#include "../args.c"

#define ARGS_MAX 12
#define UNITS_MAX 8
#define TEXT_MAX 256

/*
 * Options and their line, in canonical order. Written out here and not taken from the unit: what
 * users type must not change by accident. A word and the number after it are one string.
 */
static const char *const mode_names[] = {
	[BLKV_MODE_IGNORE] = "ignore_mismatch",
	[BLKV_MODE_FREEZE] = "freeze_on_mismatch",
	[BLKV_MODE_PANIC] = "panic_on_mismatch",
};

static unsigned int units_of(const struct blkv_options *options, const char **units)
{
	unsigned int nr = 0;

	if (options->mode)
		units[nr++] = mode_names[options->mode];
	if (options->written_only)
		units[nr++] = "written_only";
	if (options->no_write_copy)
		units[nr++] = "no_write_copy";
	if (options->fingerprint)
		units[nr++] = "fingerprint";
	if (options->fingerprint_max_mib == 1)
		units[nr++] = "fingerprint_max_mib 1";
	else if (options->fingerprint_max_mib)
		units[nr++] = "fingerprint_max_mib 1048576";
	return nr;
}

/* All options that there are, by number, with the smallest and the greatest memory limit. */
static bool numbered_options(unsigned int n, struct blkv_options *options)
{
	static const struct {
		bool no_write_copy;
		bool fingerprint;
		unsigned int max_mib;
	} rest[] = { {}, { true }, { false, true }, { false, true, 1 }, { false, true, 1048576 } };

	if (n >= 8 * ARRAY_SIZE(rest))
		return false;
	memset(options, 0, sizeof(*options));
	options->mode = n % 4;
	options->written_only = n / 4 % 2;
	options->no_write_copy = rest[n / 8].no_write_copy;
	options->fingerprint = rest[n / 8].fingerprint;
	options->fingerprint_max_mib = rest[n / 8].max_mib;
	return true;
}

/* Print units as a line: what comes behind the two devices, with a space first. */
static void print_line(const char *const *units, unsigned int nr, char *text)
{
	unsigned int i, sz, words = 0;

	text[0] = '\0';
	for (i = 0; i < nr; i++)
		words += strchr(units[i], ' ') ? 2 : 1;
	if (!nr)
		return;
	sz = scnprintf(text, TEXT_MAX, " %u", words);
	for (i = 0; i < nr; i++)
		sz += scnprintf(text + sz, TEXT_MAX - sz, " %s", units[i]);
}

/* Cut a line into arguments, in place. */
static unsigned int split_line(char *text, const char **argv)
{
	unsigned int argc = 0;
	char *arg;

	while ((arg = strsep(&text, " ")) && argc < ARGS_MAX)
		if (*arg)
			argv[argc++] = arg;
	return argc;
}

static bool same_options(const struct blkv_options *a, const struct blkv_options *b)
{
	return a->mode == b->mode && a->written_only == b->written_only &&
	       a->no_write_copy == b->no_write_copy && a->fingerprint == b->fingerprint &&
	       a->fingerprint_max_mib == b->fingerprint_max_mib;
}

static int parse(struct blkv_options *options, unsigned int argc, const char *const *argv,
		 const char **error, const char **word)
{
	*error = NULL;
	*word = NULL;
	/* Whatever was there before must not shine through. */
	memset(options, 1, sizeof(*options));
	return blkv_options_parse(options, argc, (char **)argv, error, word);
}

static void expect_parsed(struct kunit *test, const struct blkv_options *expected,
			  unsigned int argc, const char *const *argv)
{
	struct blkv_options options;
	const char *error, *word;

	KUNIT_ASSERT_EQ(test, parse(&options, argc, argv, &error, &word), 0);
	KUNIT_ASSERT_TRUE(test, same_options(&options, expected));
	KUNIT_ASSERT_NULL(test, error);
}

static void expect_refused(struct kunit *test, const char *text, unsigned int blamed,
			   unsigned int argc, const char *const *argv)
{
	struct blkv_options options;
	const char *error, *word;

	KUNIT_ASSERT_EQ(test, parse(&options, argc, argv, &error, &word), -EINVAL);
	KUNIT_ASSERT_STREQ(test, error, text);
	KUNIT_ASSERT_STREQ(test, word, argv[blamed]);
}

#define refused(text, blamed, ...)                                            \
	do {                                                                  \
		const char *const argv_[] = { __VA_ARGS__ };                  \
                                                                              \
		expect_refused(test, text, blamed, ARRAY_SIZE(argv_), argv_); \
	} while (0)

/* What is said of wrong arguments. */
#define NO_NUMBER_TEXT "Number of optional arguments is not a number"
#define NO_MATCH_TEXT "Number of optional arguments does not match the arguments that follow it"
#define UNKNOWN_TEXT "Unknown optional argument"
#define TWICE_TEXT "Optional argument given twice"
#define MODES_TEXT "More than one mode is given"
#define MISSING_TEXT "Number is missing after optional argument"
#define RANGE_TEXT "Number of MiB for fingerprint_max_mib is not between 1 and 1048576"
#define NEEDS_TEXT "fingerprint_max_mib needs fingerprint"
#define EXCLUDE_TEXT "fingerprint and no_write_copy exclude each other"

static void no_arguments_are_the_defaults(struct kunit *test)
{
	struct blkv_options none = {};
	const char *const zero[] = { "0" };

	expect_parsed(test, &none, 0, NULL);
	expect_parsed(test, &none, 1, zero);
	KUNIT_ASSERT_EQ(test, (int)none.mode, (int)BLKV_MODE_FAIL);
}

/* Put the units in order number @n; four of them have 24 orders. */
static void permute(const char **units, unsigned int nr, unsigned int n)
{
	unsigned int i;

	for (i = nr; i > 1; i--) {
		unsigned int other = n % i;

		swap(units[other], units[i - 1]);
		n /= i;
	}
}

static void every_combination_parses_in_every_order(struct kunit *test)
{
	struct blkv_options options;
	unsigned int n, order;

	for (n = 0; numbered_options(n, &options); n++) {
		for (order = 0; order < 24; order++) {
			const char *units[UNITS_MAX], *argv[ARGS_MAX];
			unsigned int nr = units_of(&options, units);
			char text[TEXT_MAX];

			permute(units, nr, order);
			print_line(units, nr, text);
			nr = split_line(text, argv);
			expect_parsed(test, &options, nr, argv);
		}
	}
}

static void canonical_line(const struct blkv_options *options, char *text)
{
	const char *units[UNITS_MAX];
	unsigned int nr = units_of(options, units);

	print_line(units, nr, text);
}

static void emit_prints_the_canonical_line(struct kunit *test)
{
	char text[TEXT_MAX], expected[TEXT_MAX];
	struct blkv_options options;
	unsigned int n;

	for (n = 0; numbered_options(n, &options); n++) {
		memset(text, 'x', sizeof(text));
		canonical_line(&options, expected);
		KUNIT_ASSERT_EQ(test, blkv_options_emit(&options, text, sizeof(text)),
				(unsigned int)strlen(expected));
		KUNIT_ASSERT_STREQ(test, text, expected);
	}
}

static void what_emit_prints_parses_to_the_same(struct kunit *test)
{
	struct blkv_options options;
	char text[TEXT_MAX];
	unsigned int n;

	for (n = 0; numbered_options(n, &options); n++) {
		const char *argv[ARGS_MAX];
		unsigned int argc;

		blkv_options_emit(&options, text, sizeof(text));
		argc = split_line(text, argv);
		expect_parsed(test, &options, argc, argv);
	}
}

static char yes_or_no(bool yes)
{
	return yes ? 'y' : 'n';
}

static void pairs_name_every_option(struct kunit *test)
{
	char text[TEXT_MAX], expected[TEXT_MAX];
	struct blkv_options options;
	unsigned int n, sz;

	for (n = 0; numbered_options(n, &options); n++) {
		sz = scnprintf(expected, TEXT_MAX,
			       ",ignore_mismatch=%c,freeze_on_mismatch=%c,panic_on_mismatch=%c",
			       yes_or_no(options.mode == BLKV_MODE_IGNORE),
			       yes_or_no(options.mode == BLKV_MODE_FREEZE),
			       yes_or_no(options.mode == BLKV_MODE_PANIC));
		sz += scnprintf(expected + sz, TEXT_MAX - sz,
				",written_only=%c,no_write_copy=%c,fingerprint=%c",
				yes_or_no(options.written_only), yes_or_no(options.no_write_copy),
				yes_or_no(options.fingerprint));
		scnprintf(expected + sz, TEXT_MAX - sz, ",fingerprint_max_mib=%u",
			  options.fingerprint_max_mib);
		KUNIT_ASSERT_EQ(test, blkv_options_emit_pairs(&options, text, sizeof(text)),
				(unsigned int)strlen(expected));
		KUNIT_ASSERT_STREQ(test, text, expected);
	}
}

/* A buffer of each length from 0 on: nothing beyond it is touched, and it holds a whole string. */
static void expect_no_overrun(struct kunit *test, const struct blkv_options *options,
			      unsigned int (*emit)(const struct blkv_options *, char *,
						   unsigned int))
{
	char full[TEXT_MAX], text[TEXT_MAX];
	unsigned int size, printed, nr = emit(options, full, sizeof(full));

	for (size = 0; size <= nr + 2; size++) {
		memset(text, 'x', sizeof(text));
		printed = emit(options, text, size);
		KUNIT_ASSERT_NULL(test, memchr_inv(text + size, 'x', sizeof(text) - size));
		if (!size) {
			KUNIT_ASSERT_EQ(test, printed, 0);
			continue;
		}
		KUNIT_ASSERT_EQ(test, printed, min(nr, size - 1));
		KUNIT_ASSERT_EQ(test, (unsigned int)strnlen(text, size), printed);
		KUNIT_ASSERT_EQ(test, memcmp(text, full, printed), 0);
	}
}

static void emit_stays_inside_short_buffers(struct kunit *test)
{
	struct blkv_options options;
	unsigned int n;

	for (n = 0; numbered_options(n, &options); n++) {
		expect_no_overrun(test, &options, blkv_options_emit);
		expect_no_overrun(test, &options, blkv_options_emit_pairs);
	}
}

static void a_count_that_is_no_number_is_refused(struct kunit *test)
{
	refused(NO_NUMBER_TEXT, 0, "");
	refused(NO_NUMBER_TEXT, 0, " ");
	refused(NO_NUMBER_TEXT, 0, "one", "written_only");
	refused(NO_NUMBER_TEXT, 0, "written_only");
	refused(NO_NUMBER_TEXT, 0, "1x", "written_only");
	refused(NO_NUMBER_TEXT, 0, "0x1", "written_only");
	refused(NO_NUMBER_TEXT, 0, " 1", "written_only");
	refused(NO_NUMBER_TEXT, 0, "1 ", "written_only");
	refused(NO_NUMBER_TEXT, 0, "1.0", "written_only");
}

static void a_count_out_of_range_is_refused(struct kunit *test)
{
	refused(NO_NUMBER_TEXT, 0, "-1", "written_only");
	/* These would be 0 and 1 if they were cut to 32 or 64 bits. */
	refused(NO_NUMBER_TEXT, 0, "4294967296");
	refused(NO_NUMBER_TEXT, 0, "4294967297", "written_only");
	refused(NO_NUMBER_TEXT, 0, "18446744073709551617", "written_only");
	refused(NO_NUMBER_TEXT, 0, "99999999999999999999999999999999", "written_only");
}

static void a_count_that_does_not_match_is_refused(struct kunit *test)
{
	refused(NO_MATCH_TEXT, 0, "1");
	refused(NO_MATCH_TEXT, 0, "0", "written_only");
	refused(NO_MATCH_TEXT, 0, "2", "written_only");
	refused(NO_MATCH_TEXT, 0, "1", "written_only", "no_write_copy");
	refused(NO_MATCH_TEXT, 0, "4294967295", "written_only");
	/* The count is judged before the words. */
	refused(NO_MATCH_TEXT, 0, "1", "nonsense", "nonsense");
}

static void an_unknown_word_is_refused(struct kunit *test)
{
	refused(UNKNOWN_TEXT, 1, "1", "nonsense");
	refused(UNKNOWN_TEXT, 1, "1", "");
	refused(UNKNOWN_TEXT, 1, "1", "written_onl");
	refused(UNKNOWN_TEXT, 1, "1", "written_only ");
	refused(UNKNOWN_TEXT, 1, "1", "written_onlyx");
	refused(UNKNOWN_TEXT, 1, "1", "Written_only");
	refused(UNKNOWN_TEXT, 2, "2", "written_only", "1");
	refused(UNKNOWN_TEXT, 3, "3", "written_only", "ignore_mismatch", "x");
	/* The first that is wrong is to blame. */
	refused(UNKNOWN_TEXT, 1, "2", "x", "y");
}

static void a_very_long_word_is_refused(struct kunit *test)
{
	char *word = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, word);
	memset(word, 'w', PAGE_SIZE - 1);
	refused(UNKNOWN_TEXT, 1, "1", word);
	refused(NO_NUMBER_TEXT, 0, word, "written_only");
	memcpy(word, "written_only", 12);
	refused(UNKNOWN_TEXT, 1, "1", word);
	memset(word, '1', PAGE_SIZE - 1);
	refused(NO_NUMBER_TEXT, 0, word, "written_only");
}

static void a_word_given_twice_is_refused(struct kunit *test)
{
	refused(TWICE_TEXT, 2, "2", "written_only", "written_only");
	refused(TWICE_TEXT, 3, "3", "no_write_copy", "written_only", "no_write_copy");
	/* Twice the same mode is "twice", not "more than one". */
	refused(TWICE_TEXT, 2, "2", "ignore_mismatch", "ignore_mismatch");
	refused(TWICE_TEXT, 2, "2", "freeze_on_mismatch", "freeze_on_mismatch");
	refused(TWICE_TEXT, 2, "2", "panic_on_mismatch", "panic_on_mismatch");
}

static void two_modes_are_refused(struct kunit *test)
{
	unsigned int a, b;

	for (a = BLKV_MODE_IGNORE; a <= BLKV_MODE_PANIC; a++)
		for (b = BLKV_MODE_IGNORE; b <= BLKV_MODE_PANIC; b++)
			if (a != b)
				refused(MODES_TEXT, 3, "3", mode_names[a], "written_only",
					mode_names[b]);
}

static void a_missing_memory_limit_is_refused(struct kunit *test)
{
	refused(MISSING_TEXT, 1, "1", "fingerprint_max_mib");
	refused(MISSING_TEXT, 2, "2", "fingerprint", "fingerprint_max_mib");
	/* The word that follows it is taken for the number. */
	refused(RANGE_TEXT, 2, "2", "fingerprint_max_mib", "fingerprint");
}

static void a_memory_limit_out_of_range_is_refused(struct kunit *test)
{
	refused(RANGE_TEXT, 3, "3", "fingerprint", "fingerprint_max_mib", "0");
	refused(RANGE_TEXT, 3, "3", "fingerprint", "fingerprint_max_mib", "-1");
	refused(RANGE_TEXT, 3, "3", "fingerprint", "fingerprint_max_mib", "1048577");
	refused(RANGE_TEXT, 3, "3", "fingerprint", "fingerprint_max_mib", "4294967297");
	refused(RANGE_TEXT, 3, "3", "fingerprint", "fingerprint_max_mib", "18446744073709551617");
	refused(RANGE_TEXT, 3, "3", "fingerprint", "fingerprint_max_mib", "");
	refused(RANGE_TEXT, 3, "3", "fingerprint", "fingerprint_max_mib", "1M");
	refused(RANGE_TEXT, 3, "3", "fingerprint", "fingerprint_max_mib", "0x10");
}

static void a_second_memory_limit_is_refused(struct kunit *test)
{
	refused(TWICE_TEXT, 4, "5", "fingerprint", "fingerprint_max_mib", "5",
		"fingerprint_max_mib", "6");
}

static void options_that_do_not_go_together_are_refused(struct kunit *test)
{
	refused(NEEDS_TEXT, 1, "2", "fingerprint_max_mib", "5");
	refused(EXCLUDE_TEXT, 1, "2", "no_write_copy", "fingerprint");
	refused(EXCLUDE_TEXT, 2, "2", "fingerprint", "no_write_copy");
}

/* Words by number: modes, flags, the memory limit, a good number, and what is never right. */
enum { MODE_WORDS = 3, NO_COPY = 4, PRINT = 5, LIMIT = 6, NUMBER = 7 };

static const char *const pool[] = {
	"ignore_mismatch",
	"freeze_on_mismatch",
	"panic_on_mismatch",
	"written_only",
	"no_write_copy",
	"fingerprint",
	"fingerprint_max_mib",
	"7",
	"0",
	"nonsense",
	"",
	"ignore",
};

/* What should be said of words picked[1..nr], or NULL; and which one is to blame. */
static const char *judge(const unsigned int *picked, unsigned int nr, bool *seen,
			 unsigned int *blamed)
{
	unsigned int i, j, mode;

	for (i = 1; i <= nr; i++) {
		*blamed = i;
		if (picked[i] >= NUMBER)
			return UNKNOWN_TEXT;
		if (seen[picked[i]])
			return TWICE_TEXT;
		for (mode = 0; mode < MODE_WORDS; mode++)
			if (picked[i] < MODE_WORDS && seen[mode])
				return MODES_TEXT;
		seen[picked[i]] = true;
		if (picked[i] != LIMIT)
			continue;
		if (i == nr)
			return MISSING_TEXT;
		*blamed = ++i;
		if (picked[i] != NUMBER)
			return RANGE_TEXT;
	}

	for (j = 1; j <= nr; j++) {
		*blamed = j;
		if (picked[j] == LIMIT && !seen[PRINT])
			return NEEDS_TEXT;
	}
	for (j = 1; j <= nr; j++) {
		*blamed = j;
		if (picked[j] == NO_COPY && seen[PRINT])
			return EXCLUDE_TEXT;
	}
	return NULL;
}

static void random_words_are_judged_one_by_one(struct kunit *test)
{
	struct rnd_state *random = bvtest_random(test);
	unsigned int round, i, good = 0;

	for (round = 0; round < bvtest_rounds(5000); round++) {
		unsigned int nr = below(random, ARGS_MAX - 4), picked[ARGS_MAX], blamed = 0;
		bool seen[ARRAY_SIZE(pool)] = {};
		const char *argv[ARGS_MAX], *text;
		struct blkv_options expected = {};
		char count[8];

		scnprintf(count, sizeof(count), "%u", nr);
		argv[0] = count;
		for (i = 1; i <= nr; i++) {
			/* The good words more often, else hardly a line is right. */
			picked[i] = below(random, one_in(random, 8) ? ARRAY_SIZE(pool) : NUMBER);
			if (i > 1 && picked[i - 1] == LIMIT && !one_in(random, 8))
				picked[i] = NUMBER;
			argv[i] = pool[picked[i]];
		}

		text = judge(picked, nr, seen, &blamed);
		if (text) {
			expect_refused(test, text, blamed, nr + 1, argv);
			continue;
		}
		for (i = 0; i < MODE_WORDS; i++)
			if (seen[i])
				expected.mode = BLKV_MODE_IGNORE + i;
		expected.written_only = seen[MODE_WORDS];
		expected.no_write_copy = seen[NO_COPY];
		expected.fingerprint = seen[PRINT];
		expected.fingerprint_max_mib = seen[LIMIT] ? 7 : 0;
		expect_parsed(test, &expected, nr + 1, argv);
		good++;
	}
	KUNIT_ASSERT_GT(test, good, 0);
}

static struct kunit_case args_cases[] = { KUNIT_CASE(no_arguments_are_the_defaults),
					  KUNIT_CASE(every_combination_parses_in_every_order),
					  KUNIT_CASE(emit_prints_the_canonical_line),
					  KUNIT_CASE(what_emit_prints_parses_to_the_same),
					  KUNIT_CASE(pairs_name_every_option),
					  KUNIT_CASE(emit_stays_inside_short_buffers),
					  KUNIT_CASE(a_count_that_is_no_number_is_refused),
					  KUNIT_CASE(a_count_out_of_range_is_refused),
					  KUNIT_CASE(a_count_that_does_not_match_is_refused),
					  KUNIT_CASE(an_unknown_word_is_refused),
					  KUNIT_CASE(a_very_long_word_is_refused),
					  KUNIT_CASE(a_word_given_twice_is_refused),
					  KUNIT_CASE(two_modes_are_refused),
					  KUNIT_CASE(a_missing_memory_limit_is_refused),
					  KUNIT_CASE(a_memory_limit_out_of_range_is_refused),
					  KUNIT_CASE(a_second_memory_limit_is_refused),
					  KUNIT_CASE(options_that_do_not_go_together_are_refused),
					  KUNIT_CASE(random_words_are_judged_one_by_one),
					  {} };

static struct kunit_suite args_suite = {
	.name = "args",
	.test_cases = args_cases,
};

kunit_test_suite(args_suite);
