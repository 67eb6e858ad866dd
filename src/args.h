/* SPDX-License-Identifier: GPL-2.0-only */
/* The optional arguments of a table line. */
#ifndef DM_BLKVERIFY_ARGS_H
#define DM_BLKVERIFY_ARGS_H

#include <linux/types.h>

enum blkv_mode { BLKV_MODE_FAIL = 0, BLKV_MODE_IGNORE, BLKV_MODE_FREEZE, BLKV_MODE_PANIC };

/**
 * struct blkv_options - the optional arguments of a table line
 * @mode: what a mismatch does
 * @written_only: no sector is trusted before it was written through the target
 * @no_write_copy: the caller's own pages go to both legs
 * @fingerprint: remember checksums of what is written
 * @fingerprint_max_mib: memory for that; 0 when it was not given
 */
struct blkv_options {
	enum blkv_mode mode;
	bool written_only;
	bool no_write_copy;
	bool fingerprint;
	unsigned int fingerprint_max_mib;
};

int blkv_options_parse(struct blkv_options *options, unsigned int argc, char **argv,
		       const char **error, const char **word);
unsigned int blkv_options_emit(const struct blkv_options *options, char *result,
			       unsigned int maxlen);
unsigned int blkv_options_emit_pairs(const struct blkv_options *options, char *result,
				     unsigned int maxlen);

#endif /* DM_BLKVERIFY_ARGS_H */
