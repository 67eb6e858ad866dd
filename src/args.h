/* SPDX-License-Identifier: GPL-2.0-only */
/* The optional arguments of a table line. */
#ifndef DM_BLKVERIFY_ARGS_H
#define DM_BLKVERIFY_ARGS_H

#include <linux/types.h>

#include "words.h"

enum blkv_option_id {
#define OPTION_ID(id, ...) BLKV_OPTION_##id,
	BLKV_OPTIONS(OPTION_ID)
#undef OPTION_ID
	BLKV_OPTIONS_NR
};

/**
 * struct blkv_options - the optional arguments of a table line
 * @set: whether an option is given
 * @number: the number that follows an option; 0 if the option is not given or takes none
 */
struct blkv_options {
	bool set[BLKV_OPTIONS_NR];
	unsigned int number[BLKV_OPTIONS_NR];
};

/* Is BLKV_OPTION_@id given? */
#define blkv_option(options, id) ((options)->set[BLKV_OPTION_##id])

/* Are copies of writes checked? fingerprint implies it, because it reads the data anyway. */
static inline bool blkv_checks_copies(const struct blkv_options *options)
{
	return blkv_option(options, CHECK_COPIES) || blkv_option(options, FINGERPRINT);
}

int blkv_options_parse(struct blkv_options *options, unsigned int argc, char **argv,
		       const char **error, const char **word);
unsigned int blkv_options_emit(const struct blkv_options *options, char *result,
			       unsigned int maxlen);
unsigned int blkv_options_emit_pairs(const struct blkv_options *options, char *result,
				     unsigned int maxlen);

#endif /* DM_BLKVERIFY_ARGS_H */
