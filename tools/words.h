/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the option words of a table line mean to a person; the words themselves and their order are
 * those of the target. Each becomes an option of "open" and "run", with dashes for underscores.
 *
 * WORD(id, word, what its value is called or NULL, excludes the other modes, help)
 */
#include "../src/words.h"

#define FOR_EACH_WORD(WORD) \
	WORD(IGNORE, BLKV_WORD_IGNORE, NULL, 1, \
	     "log and count a mismatch, complete the read with raw's data") \
	WORD(FREEZE, BLKV_WORD_FREEZE, NULL, 1, \
	     "after the first finding let nothing reach the legs") \
	WORD(PANIC, BLKV_WORD_PANIC, NULL, 1, \
	     "panic, for crash-dump labs") \
	WORD(WRITTEN_ONLY, BLKV_WORD_WRITTEN_ONLY, NULL, 0, \
	     "the legs differ at first: compare a sector once it is written") \
	WORD(NO_WRITE_COPY, BLKV_WORD_NO_WRITE_COPY, NULL, 0, \
	     "send the caller's pages to the legs, not a private copy") \
	WORD(FINGERPRINT, BLKV_WORD_FINGERPRINT, NULL, 0, \
	     "remember checksums, to name lost writes (class stale)") \
	WORD(FINGERPRINT_MAX_MIB, BLKV_WORD_FINGERPRINT_MAX_MIB, "MIB", 0, \
	     "memory that --fingerprint may take")

enum word_nr {
#define WORD_NR(id, word, value, mode, help) WORD_##id,
	FOR_EACH_WORD(WORD_NR)
#undef WORD_NR
	NR_WORDS
};
