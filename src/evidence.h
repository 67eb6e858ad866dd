/* SPDX-License-Identifier: GPL-2.0-only */
/* How the data of a mismatch differ. */
#ifndef DM_BLKVERIFY_EVIDENCE_H
#define DM_BLKVERIFY_EVIDENCE_H

#include <linux/types.h>

#include "types.h"

#define BLKV_MAX_RUNS 8
#define BLKV_WORD_BYTES 8

/**
 * struct blkv_runs - the first runs of sectors that differ
 * @nr: number of runs
 * @first: first sector of each, relative to the request
 * @length: of each, in sectors
 * @more: there were more runs
 */
struct blkv_runs {
	unsigned int nr;
	unsigned int first[BLKV_MAX_RUNS];
	unsigned int length[BLKV_MAX_RUNS];
	bool more;
};

/**
 * struct blkv_words - how a sector differs, in words of eight bytes
 * @differ: bit n: word n differs
 * @set: bits that are set in the test leg's word only, of all words together; by byte of the word
 * @cleared: bits that are set in the raw leg's word only
 */
struct blkv_words {
	u64 differ;
	u8 set[BLKV_WORD_BYTES];
	u8 cleared[BLKV_WORD_BYTES];
};

/**
 * struct blkv_evidence - how the data of a mismatch differ
 * @runs: the sectors that differ
 * @words: of the first such sector
 */
struct blkv_evidence {
	struct blkv_runs runs;
	struct blkv_words words;
};

void blkv_runs_add(struct blkv_runs *runs, unsigned int sector);
void blkv_runs_move(struct blkv_runs *runs, unsigned int by);
void blkv_words_add(struct blkv_words *words, unsigned int n, const u8 *raw, const u8 *test);
int blkv_evidence_emit(const struct blkv_evidence *evidence, char *text, size_t size);

#endif /* DM_BLKVERIFY_EVIDENCE_H */
