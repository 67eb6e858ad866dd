// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the optional arguments of a table line.
 *
 * They are few enough to try every combination in every order.
 */
#include <linux/slab.h>

#include "args.h"
#include "kunit.h"

#define ARGS_MAX 20
#define UNITS_MAX 12
#define TEXT_MAX 512

/*
 * The options, in canonical order. Written out here and not taken from words.h: what users type
 * must not change by accident.
 */
static const char *const option_words[BLKV_OPTIONS_NR] = {
	"ignore_mismatch", "freeze_on_mismatch", "panic_on_mismatch",	"written_only",
	"no_write_copy",   "fingerprint",	 "fingerprint_max_mib", "discard_zeroes",
	"separate_copies", "check_copies",	 "strict_completion",	"quarantine_mib",
	"random_shape",    "no_read_copy",	 "crash",		"crash_max_mib",
	"crash_unit",
};

/* The options that take a number, with the lowest and the highest valid value. */
static const struct {
	const char *lowest;
	const char *highest;
	unsigned int min;
	unsigned int max;
} numbers[BLKV_OPTIONS_NR] = {
	[BLKV_OPTION_FINGERPRINT_MAX_MIB] = {
		"fingerprint_max_mib 1", "fingerprint_max_mib 1048576", 1, 1048576,
	},
	[BLKV_OPTION_QUARANTINE_MIB] = { "quarantine_mib 1", "quarantine_mib 65536", 1, 65536 },
	[BLKV_OPTION_RANDOM_SHAPE] = {
		"random_shape 1", "random_shape 2147483647", 1, 2147483647,
	},
	[BLKV_OPTION_CRASH_MAX_MIB] = { "crash_max_mib 1", "crash_max_mib 65536", 1, 65536 },
	[BLKV_OPTION_CRASH_UNIT] = { "crash_unit 1", "crash_unit 64", 1, 64 },
};

/* The words of a line, in canonical order. A word and the number after it are one string. */
static unsigned int units_of(const struct blkv_options *options, const char **units)
{
	unsigned int id, nr = 0;

	for (id = 0; id < BLKV_OPTIONS_NR; id++) {
		if (!options->set[id])
			continue;
		if (!numbers[id].max)
			units[nr++] = option_words[id];
		else if (options->number[id] == numbers[id].min)
			units[nr++] = numbers[id].lowest;
		else
			units[nr++] = numbers[id].highest;
	}
	return nr;
}

static void set_number(struct blkv_options *options, enum blkv_option_id id, unsigned int number)
{
	options->set[id] = number;
	options->number[id] = number;
}

/* Take the lowest digit of a number whose digits have different bases. */
static unsigned int digit(unsigned int *n, unsigned int base)
{
	unsigned int value = *n % base;

	*n /= base;
	return value;
}

/* Enumerate all valid combinations, with the lowest and the highest value of each number. */
static bool numbered_options(unsigned int n, struct blkv_options *options)
{
	static const struct {
		bool no_write_copy;
		bool fingerprint;
		unsigned int max_mib;
		bool separate_copies;
		bool check_copies;
		unsigned int random_shape;
		bool no_read_copy;
		bool crash;
		unsigned int crash_mib;
		unsigned int crash_unit;
	} rest[] = {
		{},
		{ true },
		{ true, false, 0, false, false, 0, true },
		{ false, true, 1, true, true, 0, true },
		{ false, true },
		{ false, true, 1 },
		{ false, true, 1048576 },
		{ false, false, 0, true },
		{ false, false, 0, false, true },
		{ false, false, 0, true, true },
		{ false, true, 0, true, true },
		{ false, true, 0, true, true, 1 },
		{ false, false, 0, false, false, 2147483647 },
		{ .crash = true },
		{ .fingerprint = true, .crash = true, .crash_mib = 1 },
		{ .no_read_copy = true, .crash = true, .crash_mib = 65536, .crash_unit = 64 },
	};
	static const unsigned int quarantines[] = { 0, 1, 65536 };
	unsigned int mode = digit(&n, 4), i;

	memset(options, 0, sizeof(*options));
	options->set[BLKV_OPTION_IGNORE] = mode == 1;
	options->set[BLKV_OPTION_FREEZE] = mode == 2;
	options->set[BLKV_OPTION_PANIC] = mode == 3;
	options->set[BLKV_OPTION_WRITTEN_ONLY] = digit(&n, 2);
	options->set[BLKV_OPTION_DISCARD_ZEROES] = digit(&n, 2);
	options->set[BLKV_OPTION_STRICT_COMPLETION] = digit(&n, 2);
	set_number(options, BLKV_OPTION_QUARANTINE_MIB, quarantines[digit(&n, 3)]);
	i = digit(&n, ARRAY_SIZE(rest));
	options->set[BLKV_OPTION_NO_WRITE_COPY] = rest[i].no_write_copy;
	options->set[BLKV_OPTION_FINGERPRINT] = rest[i].fingerprint;
	set_number(options, BLKV_OPTION_FINGERPRINT_MAX_MIB, rest[i].max_mib);
	options->set[BLKV_OPTION_SEPARATE_COPIES] = rest[i].separate_copies;
	options->set[BLKV_OPTION_CHECK_COPIES] = rest[i].check_copies;
	set_number(options, BLKV_OPTION_RANDOM_SHAPE, rest[i].random_shape);
	options->set[BLKV_OPTION_NO_READ_COPY] = rest[i].no_read_copy;
	options->set[BLKV_OPTION_CRASH] = rest[i].crash;
	set_number(options, BLKV_OPTION_CRASH_MAX_MIB, rest[i].crash_mib);
	set_number(options, BLKV_OPTION_CRASH_UNIT, rest[i].crash_unit);
	return !n;
}

/* Print units as the part of a line after the two devices, with a space first. */
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
	return !memcmp(a->set, b->set, sizeof(a->set)) &&
	       !memcmp(a->number, b->number, sizeof(a->number));
}

static int parse(struct blkv_options *options, unsigned int argc, const char *const *argv,
		 const char **error, const char **word)
{
	*error = NULL;
	*word = NULL;
	/* The previous contents must not matter. */
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

static void expect_rejected(struct kunit *test, const char *text, unsigned int blamed,
			    unsigned int argc, const char *const *argv)
{
	struct blkv_options options;
	const char *error, *word;

	KUNIT_ASSERT_EQ(test, parse(&options, argc, argv, &error, &word), -EINVAL);
	KUNIT_ASSERT_STREQ(test, error, text);
	KUNIT_ASSERT_STREQ(test, word, argv[blamed]);
}

#define rejected(text, blamed, ...)						\
	do {									\
		const char *const argv_[] = { __VA_ARGS__ };			\
										\
		expect_rejected(test, text, blamed, ARRAY_SIZE(argv_), argv_);	\
	} while (0)

/* The errors. */
#define NO_NUMBER_TEXT "Number of optional arguments is not a number"
#define NO_MATCH_TEXT "Number of optional arguments does not match the arguments that follow it"
#define UNKNOWN_TEXT "Unknown optional argument"
#define TWICE_TEXT "Optional argument given twice"
#define MODES_TEXT "More than one mismatch mode"
#define MISSING_TEXT "Number is missing after optional argument"
#define RANGE_TEXT "fingerprint_max_mib is not between 1 and 1048576 MiB"
#define NEEDS_TEXT "fingerprint_max_mib needs fingerprint"
#define CRASH_RANGE_TEXT "crash_max_mib is not between 1 and 65536 MiB"
#define UNIT_RANGE_TEXT "crash_unit is not between 1 and 64 sectors"
#define CRASH_NEEDS_TEXT "crash_max_mib needs crash"
#define UNIT_NEEDS_TEXT "crash_unit needs crash"
#define CRASH_EXCLUDE_TEXT "crash and no_write_copy are mutually exclusive"
#define EXCLUDE_TEXT "fingerprint and no_write_copy are mutually exclusive"
#define SEPARATE_TEXT "separate_copies and no_write_copy are mutually exclusive"
#define CHECK_TEXT "check_copies and no_write_copy are mutually exclusive"
#define QUARANTINE_TEXT "quarantine_mib is not between 1 and 65536 MiB"
#define RANDOM_TEXT "random_shape is not between 1 and 2147483647"
#define SHAPE_TEXT "random_shape and no_write_copy are mutually exclusive"
#define READ_SHAPE_TEXT "random_shape and no_read_copy are mutually exclusive"

static void no_arguments_give_the_defaults(struct kunit *test)
{
	struct blkv_options none = {};
	const char *const zero[] = { "0" };

	expect_parsed(test, &none, 0, NULL);
	expect_parsed(test, &none, 1, zero);
}

/* Another option that this one needs, or BLKV_OPTIONS_NR. */
static unsigned int needed_option(unsigned int id)
{
	switch (id) {
	case BLKV_OPTION_FINGERPRINT_MAX_MIB:
		return BLKV_OPTION_FINGERPRINT;
	case BLKV_OPTION_CRASH_MAX_MIB:
	case BLKV_OPTION_CRASH_UNIT:
		return BLKV_OPTION_CRASH;
	default:
		return BLKV_OPTIONS_NR;
	}
}

/* The enum is walked, so that an option which is not written out above is noticed. */
static void every_option_has_its_word(struct kunit *test)
{
	unsigned int id, other;

	for (id = 0; id < BLKV_OPTIONS_NR; id++) {
		unsigned int needed = needed_option(id);
		const char *argv[4] = { numbers[id].max ?
						(needed < BLKV_OPTIONS_NR ? "3" : "2") : "1",
					option_words[id] };
		unsigned int argc = 2;
		struct blkv_options options;
		const char *error, *word;

		KUNIT_ASSERT_NOT_NULL(test, option_words[id]);
		if (numbers[id].max)
			argv[argc++] = "64";
		if (needed < BLKV_OPTIONS_NR)
			argv[argc++] = option_words[needed];
		KUNIT_ASSERT_EQ_MSG(test, parse(&options, argc, argv, &error, &word), 0, "%s",
				    option_words[id]);
		for (other = 0; other < BLKV_OPTIONS_NR; other++)
			KUNIT_EXPECT_EQ_MSG(test, options.set[other],
					    other == id || other == needed, "%s, %s",
					    option_words[id], option_words[other]);
		KUNIT_EXPECT_EQ(test, options.number[id], numbers[id].max ? 64 : 0);
	}
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

static void emitted_options_parse_back(struct kunit *test)
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

static void pairs_name_every_option(struct kunit *test)
{
	char text[TEXT_MAX], expected[TEXT_MAX];
	struct blkv_options options;
	unsigned int n, id, sz;

	for (n = 0; numbered_options(n, &options); n++) {
		for (id = 0, sz = 0; id < BLKV_OPTIONS_NR; id++)
			if (numbers[id].max)
				sz += scnprintf(expected + sz, TEXT_MAX - sz, ",%s=%u",
						option_words[id], options.number[id]);
			else
				sz += scnprintf(expected + sz, TEXT_MAX - sz, ",%s=%c",
						option_words[id], options.set[id] ? 'y' : 'n');
		KUNIT_ASSERT_EQ(test, blkv_options_emit_pairs(&options, text, sizeof(text)),
				(unsigned int)strlen(expected));
		KUNIT_ASSERT_STREQ(test, text, expected);
	}
}

/* Whatever the length of the buffer, it is not overrun, and the string in it is terminated. */
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

	/* Every combination would take too long. */
	for (n = 0; numbered_options(n, &options); n += 13) {
		expect_no_overrun(test, &options, blkv_options_emit);
		expect_no_overrun(test, &options, blkv_options_emit_pairs);
	}
}

static void non_numeric_count_is_rejected(struct kunit *test)
{
	rejected(NO_NUMBER_TEXT, 0, "");
	rejected(NO_NUMBER_TEXT, 0, " ");
	rejected(NO_NUMBER_TEXT, 0, "one", "written_only");
	rejected(NO_NUMBER_TEXT, 0, "written_only");
	rejected(NO_NUMBER_TEXT, 0, "1x", "written_only");
	rejected(NO_NUMBER_TEXT, 0, "0x1", "written_only");
	rejected(NO_NUMBER_TEXT, 0, " 1", "written_only");
	rejected(NO_NUMBER_TEXT, 0, "1 ", "written_only");
	rejected(NO_NUMBER_TEXT, 0, "1.0", "written_only");
}

static void out_of_range_count_is_rejected(struct kunit *test)
{
	rejected(NO_NUMBER_TEXT, 0, "-1", "written_only");
	/* These would be 0 and 1 if they were truncated to 32 or 64 bits. */
	rejected(NO_NUMBER_TEXT, 0, "4294967296");
	rejected(NO_NUMBER_TEXT, 0, "4294967297", "written_only");
	rejected(NO_NUMBER_TEXT, 0, "18446744073709551617", "written_only");
	rejected(NO_NUMBER_TEXT, 0, "99999999999999999999999999999999", "written_only");
}

static void wrong_count_is_rejected(struct kunit *test)
{
	rejected(NO_MATCH_TEXT, 0, "1");
	rejected(NO_MATCH_TEXT, 0, "0", "written_only");
	rejected(NO_MATCH_TEXT, 0, "2", "written_only");
	rejected(NO_MATCH_TEXT, 0, "1", "written_only", "no_write_copy");
	rejected(NO_MATCH_TEXT, 0, "4294967295", "written_only");
	/* The count is checked before the words. */
	rejected(NO_MATCH_TEXT, 0, "1", "nonsense", "nonsense");
}

static void unknown_option_is_rejected(struct kunit *test)
{
	rejected(UNKNOWN_TEXT, 1, "1", "nonsense");
	rejected(UNKNOWN_TEXT, 1, "1", "");
	rejected(UNKNOWN_TEXT, 1, "1", "written_onl");
	rejected(UNKNOWN_TEXT, 1, "1", "written_only ");
	rejected(UNKNOWN_TEXT, 1, "1", "written_onlyx");
	rejected(UNKNOWN_TEXT, 1, "1", "Written_only");
	rejected(UNKNOWN_TEXT, 2, "2", "written_only", "1");
	rejected(UNKNOWN_TEXT, 3, "3", "written_only", "ignore_mismatch", "x");
	/* The first wrong word is named. */
	rejected(UNKNOWN_TEXT, 1, "2", "x", "y");
}

static void overlong_option_is_rejected(struct kunit *test)
{
	char *word = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, word);
	memset(word, 'w', PAGE_SIZE - 1);
	rejected(UNKNOWN_TEXT, 1, "1", word);
	rejected(NO_NUMBER_TEXT, 0, word, "written_only");
	memcpy(word, "written_only", 12);
	rejected(UNKNOWN_TEXT, 1, "1", word);
	memset(word, '1', PAGE_SIZE - 1);
	rejected(NO_NUMBER_TEXT, 0, word, "written_only");
}

static void repeated_option_is_rejected(struct kunit *test)
{
	rejected(TWICE_TEXT, 2, "2", "written_only", "written_only");
	rejected(TWICE_TEXT, 3, "3", "no_write_copy", "written_only", "no_write_copy");
	/* The same mode twice is "twice", not "more than one". */
	rejected(TWICE_TEXT, 2, "2", "ignore_mismatch", "ignore_mismatch");
	rejected(TWICE_TEXT, 2, "2", "freeze_on_mismatch", "freeze_on_mismatch");
	rejected(TWICE_TEXT, 2, "2", "panic_on_mismatch", "panic_on_mismatch");
}

static void two_modes_are_rejected(struct kunit *test)
{
	unsigned int a, b;

	for (a = BLKV_OPTION_IGNORE; a <= BLKV_OPTION_PANIC; a++)
		for (b = BLKV_OPTION_IGNORE; b <= BLKV_OPTION_PANIC; b++)
			if (a != b)
				rejected(MODES_TEXT, 3, "3", option_words[a], "written_only",
					 option_words[b]);
}

static void missing_number_is_rejected(struct kunit *test)
{
	rejected(MISSING_TEXT, 1, "1", "fingerprint_max_mib");
	rejected(MISSING_TEXT, 2, "2", "fingerprint", "fingerprint_max_mib");
	/* The next word is taken for the number. */
	rejected(RANGE_TEXT, 2, "2", "fingerprint_max_mib", "fingerprint");
	rejected(MISSING_TEXT, 1, "1", "quarantine_mib");
}

static void out_of_range_number_is_rejected(struct kunit *test)
{
	rejected(RANGE_TEXT, 3, "3", "fingerprint", "fingerprint_max_mib", "0");
	rejected(RANGE_TEXT, 3, "3", "fingerprint", "fingerprint_max_mib", "-1");
	rejected(RANGE_TEXT, 3, "3", "fingerprint", "fingerprint_max_mib", "1048577");
	rejected(RANGE_TEXT, 3, "3", "fingerprint", "fingerprint_max_mib", "4294967297");
	rejected(RANGE_TEXT, 3, "3", "fingerprint", "fingerprint_max_mib", "18446744073709551617");
	rejected(RANGE_TEXT, 3, "3", "fingerprint", "fingerprint_max_mib", "");
	rejected(RANGE_TEXT, 3, "3", "fingerprint", "fingerprint_max_mib", "1M");
	rejected(RANGE_TEXT, 3, "3", "fingerprint", "fingerprint_max_mib", "0x10");
	rejected(QUARANTINE_TEXT, 2, "2", "quarantine_mib", "0");
	rejected(QUARANTINE_TEXT, 2, "2", "quarantine_mib", "65537");
	rejected(RANDOM_TEXT, 2, "2", "random_shape", "0");
	rejected(RANDOM_TEXT, 2, "2", "random_shape", "2147483648");
	rejected(CRASH_RANGE_TEXT, 3, "3", "crash", "crash_max_mib", "65537");
	rejected(UNIT_RANGE_TEXT, 3, "3", "crash", "crash_unit", "65");
}

static void repeated_number_is_rejected(struct kunit *test)
{
	rejected(TWICE_TEXT, 4, "5", "fingerprint", "fingerprint_max_mib", "5",
		 "fingerprint_max_mib", "6");
}

static void conflicting_options_are_rejected(struct kunit *test)
{
	rejected(NEEDS_TEXT, 1, "2", "fingerprint_max_mib", "5");
	rejected(CRASH_NEEDS_TEXT, 1, "2", "crash_max_mib", "5");
	rejected(UNIT_NEEDS_TEXT, 1, "2", "crash_unit", "5");
	rejected(CRASH_EXCLUDE_TEXT, 1, "2", "no_write_copy", "crash");
	rejected(CRASH_EXCLUDE_TEXT, 2, "2", "crash", "no_write_copy");
	rejected(EXCLUDE_TEXT, 1, "2", "no_write_copy", "fingerprint");
	rejected(EXCLUDE_TEXT, 2, "2", "fingerprint", "no_write_copy");
	rejected(SEPARATE_TEXT, 1, "2", "no_write_copy", "separate_copies");
	rejected(SEPARATE_TEXT, 2, "2", "separate_copies", "no_write_copy");
	rejected(CHECK_TEXT, 1, "2", "no_write_copy", "check_copies");
	rejected(CHECK_TEXT, 2, "2", "check_copies", "no_write_copy");
	rejected(SHAPE_TEXT, 1, "3", "no_write_copy", "random_shape", "5");
	rejected(SHAPE_TEXT, 3, "3", "random_shape", "5", "no_write_copy");
	rejected(READ_SHAPE_TEXT, 1, "3", "no_read_copy", "random_shape", "5");
	rejected(READ_SHAPE_TEXT, 3, "3", "random_shape", "5", "no_read_copy");
}

/* Words to pick from: the options, a valid number, and invalid words. */
enum { MODE_WORDS = 3, NUMBER = BLKV_OPTIONS_NR };

static const char *const pool[] = {
	"ignore_mismatch", "freeze_on_mismatch", "panic_on_mismatch",	"written_only",
	"no_write_copy",   "fingerprint",	 "fingerprint_max_mib", "discard_zeroes",
	"separate_copies", "check_copies",	 "strict_completion",	"quarantine_mib",
	"random_shape",	   "no_read_copy",	 "crash",		"crash_max_mib",
	"crash_unit",	   "7",			 "0",			"nonsense",
	"",		   "ignore",
};

static const char *const range_texts[BLKV_OPTIONS_NR] = {
	[BLKV_OPTION_FINGERPRINT_MAX_MIB] = RANGE_TEXT,
	[BLKV_OPTION_QUARANTINE_MIB] = QUARANTINE_TEXT,
	[BLKV_OPTION_RANDOM_SHAPE] = RANDOM_TEXT,
	[BLKV_OPTION_CRASH_MAX_MIB] = CRASH_RANGE_TEXT,
	[BLKV_OPTION_CRASH_UNIT] = UNIT_RANGE_TEXT,
};

/* If @word is among picked[1..nr] and @other was seen, the parser must reject @word. */
static bool conflict(const unsigned int *picked, unsigned int nr, unsigned int word, bool other,
		     unsigned int *blamed)
{
	unsigned int i;

	for (i = 1; i <= nr && other; i++) {
		*blamed = i;
		if (picked[i] == word)
			return true;
	}
	return false;
}

/* The error that is due for the words picked[1..nr], or NULL; and which word is to blame. */
static const char *judge(const unsigned int *picked, unsigned int nr, bool *seen,
			 unsigned int *blamed)
{
	unsigned int i, mode;

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
		if (!numbers[picked[i]].max)
			continue;
		if (i == nr)
			return MISSING_TEXT;
		*blamed = i + 1;
		if (picked[i + 1] != NUMBER)
			return range_texts[picked[i]];
		i++;
	}

	if (conflict(picked, nr, BLKV_OPTION_FINGERPRINT_MAX_MIB, !seen[BLKV_OPTION_FINGERPRINT],
		     blamed))
		return NEEDS_TEXT;
	if (conflict(picked, nr, BLKV_OPTION_CRASH_MAX_MIB, !seen[BLKV_OPTION_CRASH], blamed))
		return CRASH_NEEDS_TEXT;
	if (conflict(picked, nr, BLKV_OPTION_CRASH_UNIT, !seen[BLKV_OPTION_CRASH], blamed))
		return UNIT_NEEDS_TEXT;
	if (conflict(picked, nr, BLKV_OPTION_NO_WRITE_COPY, seen[BLKV_OPTION_FINGERPRINT], blamed))
		return EXCLUDE_TEXT;
	if (conflict(picked, nr, BLKV_OPTION_NO_WRITE_COPY, seen[BLKV_OPTION_CRASH], blamed))
		return CRASH_EXCLUDE_TEXT;
	if (conflict(picked, nr, BLKV_OPTION_NO_WRITE_COPY, seen[BLKV_OPTION_SEPARATE_COPIES],
		     blamed))
		return SEPARATE_TEXT;
	if (conflict(picked, nr, BLKV_OPTION_NO_WRITE_COPY, seen[BLKV_OPTION_CHECK_COPIES], blamed))
		return CHECK_TEXT;
	if (conflict(picked, nr, BLKV_OPTION_NO_WRITE_COPY, seen[BLKV_OPTION_RANDOM_SHAPE], blamed))
		return SHAPE_TEXT;
	if (conflict(picked, nr, BLKV_OPTION_NO_READ_COPY, seen[BLKV_OPTION_RANDOM_SHAPE], blamed))
		return READ_SHAPE_TEXT;
	return NULL;
}

static void random_options_match_a_model(struct kunit *test)
{
	struct rnd_state *random = bvtest_random(test);
	unsigned int round, i, good = 0;

	for (round = 0; round < bvtest_rounds(5000); round++) {
		unsigned int nr = below(random, 8), picked[ARGS_MAX], blamed = 0;
		bool seen[ARRAY_SIZE(pool)] = {};
		const char *argv[ARGS_MAX], *text;
		struct blkv_options expected = {};
		char count[8];

		scnprintf(count, sizeof(count), "%u", nr);
		argv[0] = count;
		for (i = 1; i <= nr; i++) {
			/* Valid words more often, or hardly any line would be valid. */
			picked[i] = below(random, one_in(random, 8) ? ARRAY_SIZE(pool) : NUMBER);
			if (i > 1 && picked[i - 1] < NUMBER && numbers[picked[i - 1]].max &&
			    !one_in(random, 8))
				picked[i] = NUMBER;
			argv[i] = pool[picked[i]];
		}

		text = judge(picked, nr, seen, &blamed);
		if (text) {
			expect_rejected(test, text, blamed, nr + 1, argv);
			continue;
		}
		for (i = 0; i < BLKV_OPTIONS_NR; i++) {
			expected.set[i] = seen[i];
			expected.number[i] = seen[i] && numbers[i].max ? 7 : 0;
		}
		expect_parsed(test, &expected, nr + 1, argv);
		good++;
	}
	KUNIT_ASSERT_GT(test, good, 0);
}

static struct kunit_case args_cases[] = {
	KUNIT_CASE(no_arguments_give_the_defaults),
	KUNIT_CASE(every_option_has_its_word),
	KUNIT_CASE(every_combination_parses_in_every_order),
	KUNIT_CASE(emit_prints_the_canonical_line),
	KUNIT_CASE(emitted_options_parse_back),
	KUNIT_CASE(pairs_name_every_option),
	KUNIT_CASE(emit_stays_inside_short_buffers),
	KUNIT_CASE(non_numeric_count_is_rejected),
	KUNIT_CASE(out_of_range_count_is_rejected),
	KUNIT_CASE(wrong_count_is_rejected),
	KUNIT_CASE(unknown_option_is_rejected),
	KUNIT_CASE(overlong_option_is_rejected),
	KUNIT_CASE(repeated_option_is_rejected),
	KUNIT_CASE(two_modes_are_rejected),
	KUNIT_CASE(missing_number_is_rejected),
	KUNIT_CASE(out_of_range_number_is_rejected),
	KUNIT_CASE(repeated_number_is_rejected),
	KUNIT_CASE(conflicting_options_are_rejected),
	KUNIT_CASE(random_options_match_a_model),
	{}
};

static struct kunit_suite args_suite = {
	.name = "args",
	.test_cases = args_cases,
};

kunit_test_suite(args_suite);
