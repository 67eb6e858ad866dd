// SPDX-License-Identifier: GPL-2.0-only
/*
 * How the data of a mismatch differ: which sectors, and which words and bits of the first one.
 * Whole cache lines, one data line that is stuck, or a run that ends where a request was split are
 * seen at once.
 *
 * Pure: no locks, any context.
 */
#include <kunit/visibility.h>
#include <linux/bits.h>
#include <linux/kernel.h>

#include "evidence.h"

/**
 * blkv_runs_add() - add a sector that differs
 * @runs: the runs; zeroed before the first sector is added
 * @sector: greater than all that were added before
 *
 * Context: Any.
 */
void blkv_runs_add(struct blkv_runs *runs, unsigned int sector)
{
	unsigned int last = runs->nr - 1;

	if (runs->more)
		return;
	if (runs->nr && runs->first[last] + runs->length[last] == sector) {
		runs->length[last]++;
	} else if (runs->nr < BLKV_MAX_RUNS) {
		runs->first[runs->nr] = sector;
		runs->length[runs->nr] = 1;
		runs->nr++;
	} else {
		runs->more = true;
	}
}
EXPORT_SYMBOL_IF_KUNIT(blkv_runs_add);

/**
 * blkv_runs_move() - make runs relative to something else
 * @runs: the runs
 * @by: what is added to their first sectors
 *
 * Context: Any.
 */
void blkv_runs_move(struct blkv_runs *runs, unsigned int by)
{
	unsigned int i;

	for (i = 0; i < runs->nr; i++)
		runs->first[i] += by;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_runs_move);

/**
 * blkv_words_add() - compare a word of the first sector that differs
 * @words: the words; zeroed before the first one is added
 * @n: which word
 * @raw: the word of the raw leg
 * @test: the word of the test leg
 *
 * Context: Any.
 */
void blkv_words_add(struct blkv_words *words, unsigned int n, const u8 *raw, const u8 *test)
{
	unsigned int i;

	for (i = 0; i < BLKV_WORD_BYTES; i++) {
		words->set[i] |= test[i] & ~raw[i];
		words->cleared[i] |= raw[i] & ~test[i];
		if (raw[i] != test[i])
			words->differ |= BIT_ULL(n);
	}
}
EXPORT_SYMBOL_IF_KUNIT(blkv_words_add);

/**
 * blkv_evidence_emit() - print it, without a newline
 * @evidence: how the data differ
 * @text: where to print
 * @size: of @text
 *
 * Return: length printed, without the terminating zero.
 */
int blkv_evidence_emit(const struct blkv_evidence *evidence, char *text, size_t size)
{
	const struct blkv_runs *runs = &evidence->runs;
	const struct blkv_words *words = &evidence->words;
	unsigned int i;
	int len = 0;

	for (i = 0; i < runs->nr; i++)
		len += scnprintf(text + len, size - len, "%s%u+%u", i ? "," : " bad=",
				 runs->first[i], runs->length[i]);
	if (runs->more)
		len += scnprintf(text + len, size - len, ",...");
	len += scnprintf(text + len, size - len, " words=0x%016llx", words->differ);
	return len + scnprintf(text + len, size - len, " set=0x%*phN cleared=0x%*phN",
			       BLKV_WORD_BYTES, words->set, BLKV_WORD_BYTES, words->cleared);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_evidence_emit);
