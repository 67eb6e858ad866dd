// SPDX-License-Identifier: GPL-2.0-only
/*
 * The optional arguments of a table line: words to options and back.
 *
 * Pure. One table of words serves the parser, the TABLE status and the IMA status, so they cannot
 * drift apart; its order is the canonical one.
 */
#include <linux/kernel.h>
#include <linux/string.h>

#include "dm-blkverify.h"

/* A word either selects a mode, or sets the flag at @flag in struct bv_options. */
static const struct word {
	const char *name;
	enum bv_mode mode;
	size_t flag;
} words[] = {
	{ .name = "ignore_mismatch", .mode = BV_MODE_IGNORE },
	{ .name = "freeze_on_mismatch", .mode = BV_MODE_FREEZE },
	{ .name = "panic_on_mismatch", .mode = BV_MODE_PANIC },
	{ .name = "written_only", .flag = offsetof(struct bv_options, written_only) },
	{ .name = "no_write_copy", .flag = offsetof(struct bv_options, no_write_copy) },
};

static bool is_set(const struct bv_options *options, const struct word *word)
{
	if (word->mode)
		return options->mode == word->mode;
	return *(const bool *)((const char *)options + word->flag);
}

static void set(struct bv_options *options, const struct word *word)
{
	if (word->mode)
		options->mode = word->mode;
	else
		*(bool *)((char *)options + word->flag) = true;
}

static int parse_word(struct bv_options *options, const char *name, const char **error)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcmp(name, words[i].name))
			break;
	if (i == ARRAY_SIZE(words)) {
		*error = "Unknown optional argument";
		return -EINVAL;
	}
	if (is_set(options, &words[i])) {
		*error = "Optional argument given twice";
		return -EINVAL;
	}
	if (words[i].mode && options->mode) {
		*error = "More than one mode is given";
		return -EINVAL;
	}
	set(options, &words[i]);
	return 0;
}

/**
 * bv_options_parse() - parse "[<#opts> <opt>...]"
 * @options: filled in
 * @argc: arguments that follow the two devices; may be 0
 * @argv: the arguments
 * @error: set to a sentence on failure
 * @word: set to the argument that is to blame on failure
 *
 * Return: 0 or -EINVAL.
 */
int bv_options_parse(struct bv_options *options, unsigned int argc, char **argv,
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
		*word = argv[i];
		if (parse_word(options, argv[i], error))
			return -EINVAL;
	}
	return 0;
}

/**
 * bv_options_emit() - print options as bv_options_parse() reads them
 * @options: what to print
 * @result: where to; nothing is printed when no option is set, else a space comes first
 * @maxlen: of @result
 *
 * Return: length printed, without the terminating zero.
 */
unsigned int bv_options_emit(const struct bv_options *options, char *result, unsigned int maxlen)
{
	unsigned int i, nr = 0, sz = 0;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		nr += is_set(options, &words[i]);
	if (maxlen)
		result[0] = '\0';
	if (!nr)
		return 0;

	DMEMIT(" %u", nr);
	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (is_set(options, &words[i]))
			DMEMIT(" %s", words[i].name);
	return sz;
}

/**
 * bv_options_emit_pairs() - print every option as ",word=y" or ",word=n"
 * @options: what to print
 * @result: where to
 * @maxlen: of @result
 *
 * Return: length printed, without the terminating zero.
 */
unsigned int bv_options_emit_pairs(const struct bv_options *options, char *result,
				   unsigned int maxlen)
{
	unsigned int i, sz = 0;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		DMEMIT(",%s=%c", words[i].name, is_set(options, &words[i]) ? 'y' : 'n');
	return sz;
}
