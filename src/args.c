// SPDX-License-Identifier: GPL-2.0-only
/*
 * The optional arguments of a table line: words to options and back.
 *
 * Pure. One table of words serves the parser, the TABLE status and the IMA status, so they cannot
 * drift apart; its order is the canonical one.
 */
#include <linux/kernel.h>
#include <linux/string.h>

#include "args.h"
#include "words.h"

/*
 * A word selects a mode, or sets the flag at @flag in struct blkv_options, or is followed by a
 * number, of which there is one: fingerprint_max_mib.
 */
static const struct word {
	const char *name;
	enum blkv_mode mode;
	size_t flag;
	bool number;
} words[] = {
	{ .name = BLKV_WORD_IGNORE, .mode = BLKV_MODE_IGNORE },
	{ .name = BLKV_WORD_FREEZE, .mode = BLKV_MODE_FREEZE },
	{ .name = BLKV_WORD_PANIC, .mode = BLKV_MODE_PANIC },
	{ .name = BLKV_WORD_WRITTEN_ONLY, .flag = offsetof(struct blkv_options, written_only) },
	{ .name = BLKV_WORD_NO_WRITE_COPY, .flag = offsetof(struct blkv_options, no_write_copy) },
	{ .name = BLKV_WORD_FINGERPRINT, .flag = offsetof(struct blkv_options, fingerprint) },
	{ .name = BLKV_WORD_FINGERPRINT_MAX_MIB, .number = true },
};

static bool is_set(const struct blkv_options *options, const struct word *word)
{
	if (word->mode)
		return options->mode == word->mode;
	if (word->number)
		return options->fingerprint_max_mib;
	return *(const bool *)((const char *)options + word->flag);
}

static void set(struct blkv_options *options, const struct word *word)
{
	if (word->mode)
		options->mode = word->mode;
	else
		*(bool *)((char *)options + word->flag) = true;
}

static int parse_number(struct blkv_options *options, const char *number, const char **error)
{
	unsigned int mib;

	if (!number) {
		*error = "Number is missing after optional argument";
		return -EINVAL;
	}
	if (kstrtouint(number, 10, &mib) || mib < BLKV_FINGERPRINT_MIN_MIB ||
	    mib > BLKV_FINGERPRINT_MAX_MIB) {
		*error = "Number of MiB for fingerprint_max_mib is not between 1 and 1048576";
		return -EINVAL;
	}
	options->fingerprint_max_mib = mib;
	return 0;
}

static const struct word *find_word(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcmp(name, words[i].name))
			return &words[i];
	return NULL;
}

static int parse_word(struct blkv_options *options, const struct word *word, const char **error)
{
	if (!word) {
		*error = "Unknown optional argument";
		return -EINVAL;
	}
	if (is_set(options, word)) {
		*error = "Optional argument given twice";
		return -EINVAL;
	}
	if (word->mode && options->mode) {
		*error = "More than one mode is given";
		return -EINVAL;
	}
	if (!word->number)
		set(options, word);
	return 0;
}

/* What goes with what. */
static int check_options(struct blkv_options *options, const char **error, const char **word)
{
	if (options->fingerprint_max_mib && !options->fingerprint) {
		*error = "fingerprint_max_mib needs fingerprint";
		*word = BLKV_WORD_FINGERPRINT_MAX_MIB;
		return -EINVAL;
	}
	/* A fingerprint of pages that their owner may change says nothing about the legs. */
	if (options->fingerprint && options->no_write_copy) {
		*error = "fingerprint and no_write_copy exclude each other";
		*word = BLKV_WORD_NO_WRITE_COPY;
		return -EINVAL;
	}
	return 0;
}

/**
 * blkv_options_parse() - parse "[<#opts> <opt>...]"
 * @options: filled in
 * @argc: arguments that follow the two devices; may be 0
 * @argv: the arguments
 * @error: set to a sentence on failure
 * @word: set to the argument that is to blame on failure
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
		const struct word *found = find_word(argv[i]);

		*word = argv[i];
		if (parse_word(options, found, error))
			return -EINVAL;
		if (!found->number)
			continue;
		if (++i < argc)
			*word = argv[i];
		if (parse_number(options, i < argc ? argv[i] : NULL, error))
			return -EINVAL;
	}
	return check_options(options, error, word);
}

/**
 * blkv_options_emit() - print options as blkv_options_parse() reads them
 * @options: what to print
 * @result: where to; nothing is printed when no option is set, else a space comes first
 * @maxlen: of @result
 *
 * Return: length printed, without the terminating zero.
 */
unsigned int blkv_options_emit(const struct blkv_options *options, char *result,
			       unsigned int maxlen)
{
	unsigned int i, nr = 0, sz = 0;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (is_set(options, &words[i]))
			nr += 1 + words[i].number;
	if (maxlen)
		result[0] = '\0';
	if (!nr)
		return 0;

	DMEMIT(" %u", nr);
	for (i = 0; i < ARRAY_SIZE(words); i++) {
		if (!is_set(options, &words[i]))
			continue;
		DMEMIT(" %s", words[i].name);
		if (words[i].number)
			DMEMIT(" %u", options->fingerprint_max_mib);
	}
	return sz;
}

/**
 * blkv_options_emit_pairs() - print every option as ",word=y", ",word=n" or ",word=<number>"
 * @options: what to print
 * @result: where to
 * @maxlen: of @result
 *
 * Return: length printed, without the terminating zero.
 */
unsigned int blkv_options_emit_pairs(const struct blkv_options *options, char *result,
				     unsigned int maxlen)
{
	unsigned int i, sz = 0;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (words[i].number)
			DMEMIT(",%s=%u", words[i].name, options->fingerprint_max_mib);
		else
			DMEMIT(",%s=%c", words[i].name, is_set(options, &words[i]) ? 'y' : 'n');
	return sz;
}
