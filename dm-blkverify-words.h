/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The optional arguments of a table line, as words. The parser, the status and the tool in user
 * space all take them from here. The order is the canonical one.
 */
#ifndef DM_BLKVERIFY_WORDS_H
#define DM_BLKVERIFY_WORDS_H

#define BV_WORD_IGNORE "ignore_mismatch"
#define BV_WORD_FREEZE "freeze_on_mismatch"
#define BV_WORD_PANIC "panic_on_mismatch"
#define BV_WORD_WRITTEN_ONLY "written_only"
#define BV_WORD_NO_WRITE_COPY "no_write_copy"
#define BV_WORD_FINGERPRINT "fingerprint"
#define BV_WORD_FINGERPRINT_MAX_MIB "fingerprint_max_mib"

/* The range and default of the number that follows the last one. */
#define BV_FINGERPRINT_MIN_MIB 1
#define BV_FINGERPRINT_MAX_MIB 1048576
#define BV_FINGERPRINT_DEFAULT_MIB 64

#endif /* DM_BLKVERIFY_WORDS_H */
