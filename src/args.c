// SPDX-License-Identifier: GPL-2.0-only
/*
 * The optional arguments of a table line: words to options and back.
 *
 * Pure: no locks, process context. The parser, the TABLE status and the IMA status use one table of
 * words, so they cannot drift apart; its order is the canonical one.
 */
#include <kunit/visibility.h>
#include <linux/device-mapper.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "args.h"
#include "types.h"

enum option_type { OPTION_MODE, OPTION_FLAG, OPTION_NUMBER };

static const struct option {
	const char *word;
	enum option_type type;
} option_table[BLKV_OPTIONS_NR] = {
#define OPTION_ROW(id, word, type, ...) \
	[BLKV_OPTION_##id] = { word, OPTION_##type },
	BLKV_OPTIONS(OPTION_ROW)
#undef OPTION_ROW
};

/* The numbers that follow options, their range, and the error for one that is out of it. */
static const struct option_range {
	enum blkv_option_id id;
	unsigned int min;
	unsigned int max;
	const char *error;
} option_ranges[] = {
#define NUMBER_ROW(id, word, min, max, unit) \
	{ BLKV_OPTION_##id, min, max, word " is not between " #min " and " #max unit },
	BLKV_NUMBERS(NUMBER_ROW)
#undef NUMBER_ROW
};

/* Options that need, or exclude, another one. */
static const struct option_rule {
	enum blkv_option_id id;
	enum blkv_option_id other;
	bool needed;
	const char *error;
} option_rules[] = {
	{ BLKV_OPTION_FINGERPRINT_MAX_MIB, BLKV_OPTION_FINGERPRINT, true,
	  "fingerprint_max_mib needs fingerprint" },
	{ BLKV_OPTION_CRASH_MAX_MIB, BLKV_OPTION_CRASH, true, "crash_max_mib needs crash" },
	{ BLKV_OPTION_CRASH_UNIT, BLKV_OPTION_CRASH, true, "crash_unit needs crash" },
	/* A checksum of pages that their owner may still change is meaningless. */
	{ BLKV_OPTION_NO_WRITE_COPY, BLKV_OPTION_FINGERPRINT, false,
	  "fingerprint and no_write_copy are mutually exclusive" },
	{ BLKV_OPTION_NO_WRITE_COPY, BLKV_OPTION_CRASH, false,
	  "crash and no_write_copy are mutually exclusive" },
	/* no_write_copy leaves no copy to separate, to check or to shape. */
	{ BLKV_OPTION_NO_WRITE_COPY, BLKV_OPTION_SEPARATE_COPIES, false,
	  "separate_copies and no_write_copy are mutually exclusive" },
	{ BLKV_OPTION_NO_WRITE_COPY, BLKV_OPTION_CHECK_COPIES, false,
	  "check_copies and no_write_copy are mutually exclusive" },
	{ BLKV_OPTION_NO_WRITE_COPY, BLKV_OPTION_RANDOM_SHAPE, false,
	  "random_shape and no_write_copy are mutually exclusive" },
	/* As above: with no_read_copy, the test leg sees no private memory in reads. */
	{ BLKV_OPTION_NO_READ_COPY, BLKV_OPTION_RANDOM_SHAPE, false,
	  "random_shape and no_read_copy are mutually exclusive" },
};

static int option_find(const char *word)
{
	int id;

	for (id = 0; id < BLKV_OPTIONS_NR; id++)
		if (!strcmp(word, option_table[id].word))
			return id;
	return -1;
}

static bool has_mode(const struct blkv_options *options)
{
	int id;

	for (id = 0; id < BLKV_OPTIONS_NR; id++)
		if (option_table[id].type == OPTION_MODE && options->set[id])
			return true;
	return false;
}

static int option_parse(struct blkv_options *options, int id, const char **error)
{
	if (id < 0) {
		*error = "Unknown optional argument";
		return -EINVAL;
	}
	if (options->set[id]) {
		*error = "Optional argument given twice";
		return -EINVAL;
	}
	if (option_table[id].type == OPTION_MODE && has_mode(options)) {
		*error = "More than one mismatch mode";
		return -EINVAL;
	}
	options->set[id] = true;
	return 0;
}

static int number_parse(struct blkv_options *options, int id, const char *number,
			const char **error)
{
	const struct option_range *range = option_ranges;

	if (!number) {
		*error = "Number is missing after optional argument";
		return -EINVAL;
	}
	while (range->id != id)
		range++;
	if (kstrtouint(number, 10, &options->number[id]) || options->number[id] < range->min ||
	    options->number[id] > range->max) {
		*error = range->error;
		return -EINVAL;
	}
	return 0;
}

static int options_check(const struct blkv_options *options, const char **error, const char **word)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(option_rules); i++) {
		const struct option_rule *rule = &option_rules[i];

		if (!options->set[rule->id] || options->set[rule->other] == rule->needed)
			continue;
		*error = rule->error;
		*word = option_table[rule->id].word;
		return -EINVAL;
	}
	return 0;
}

/**
 * blkv_options_parse() - parse "[<#opts> <opt>...]"
 * @options: filled in
 * @argc: number of arguments behind the two devices; may be 0
 * @argv: the arguments
 * @error: set to a sentence on failure
 * @word: set to the offending argument on failure
 *
 * Return: 0 or -EINVAL.
 */
int blkv_options_parse(struct blkv_options *options, unsigned int argc, char **argv,
		       const char **error, const char **word)
{
	unsigned int nr, i;

	memset(options, 0, sizeof(*options));
	if (!argc)
		return 0;

	*word = argv[0];
	if (kstrtouint(argv[0], 10, &nr)) {
		*error = "Number of optional arguments is not a number";
		return -EINVAL;
	}
	if (nr != argc - 1) {
		*error = "Number of optional arguments does not match the arguments that follow it";
		return -EINVAL;
	}

	for (i = 1; i < argc; i++) {
		int id = option_find(argv[i]);

		*word = argv[i];
		if (option_parse(options, id, error))
			return -EINVAL;
		if (option_table[id].type != OPTION_NUMBER)
			continue;
		if (++i < argc)
			*word = argv[i];
		if (number_parse(options, id, i < argc ? argv[i] : NULL, error))
			return -EINVAL;
	}
	return options_check(options, error, word);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_options_parse);

/**
 * blkv_options_emit() - print options as blkv_options_parse() reads them
 * @options: what to print
 * @result: where to print; nothing if no option is given, else a space comes first
 * @maxlen: of @result
 *
 * Return: length printed, without the terminating zero.
 */
unsigned int blkv_options_emit(const struct blkv_options *options, char *result,
			       unsigned int maxlen)
{
	unsigned int nr = 0, sz = 0;
	int id;

	for (id = 0; id < BLKV_OPTIONS_NR; id++)
		if (options->set[id])
			nr += 1 + (option_table[id].type == OPTION_NUMBER);
	if (maxlen)
		result[0] = '\0';
	if (!nr)
		return 0;

	DMEMIT(" %u", nr);
	for (id = 0; id < BLKV_OPTIONS_NR; id++) {
		if (!options->set[id])
			continue;
		DMEMIT(" %s", option_table[id].word);
		if (option_table[id].type == OPTION_NUMBER)
			DMEMIT(" %u", options->number[id]);
	}
	return sz;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_options_emit);

/**
 * blkv_options_emit_pairs() - print every option as ",word=y", ",word=n" or ",word=<number>"
 * @options: what to print
 * @result: where to print
 * @maxlen: of @result
 *
 * Return: length printed, without the terminating zero.
 */
unsigned int blkv_options_emit_pairs(const struct blkv_options *options, char *result,
				     unsigned int maxlen)
{
	unsigned int sz = 0;
	int id;

	for (id = 0; id < BLKV_OPTIONS_NR; id++)
		if (option_table[id].type == OPTION_NUMBER)
			DMEMIT(",%s=%u", option_table[id].word, options->number[id]);
		else
			DMEMIT(",%s=%c", option_table[id].word, options->set[id] ? 'y' : 'n');
	return sz;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_options_emit_pairs);
