// SPDX-License-Identifier: GPL-2.0-only
/*
 * The differences between two reads of the same sectors, sector by sector.
 *
 * Pure: no locks, any context. Makes one pass over the data.
 */
#include <kunit/visibility.h>

#include "compare.h"
#include "difference.h"

/**
 * blkv_difference_add() - add the differing sectors of a range
 * @difference: the result; zeroed before the first range is added
 * @raw: the data read from the raw leg
 * @test: the data read from the test leg
 * @first: first sector of the range, relative to the read; ranges are added in ascending order
 * @nr_sectors: length of the range
 *
 * Context: Any.
 */
void blkv_difference_add(struct blkv_difference *difference, const struct blkv_memory *raw,
			 const struct blkv_memory *test, unsigned int first,
			 unsigned int nr_sectors)
{
	const struct bio_vec *raw_vecs = blkv_memory_vecs(raw), *test_vecs = blkv_memory_vecs(test);
	struct bvec_iter raw_iter = blkv_memory_iter(raw, first, nr_sectors);
	struct bvec_iter test_iter = blkv_memory_iter(test, first, nr_sectors);

	while (raw_iter.bi_size) {
		size_t equal = blkv_compare(raw_vecs, raw_iter, test_vecs, test_iter);
		unsigned int skip = equal >> SECTOR_SHIFT;

		if (equal == raw_iter.bi_size)
			return;
		if (!difference->nr++) {
			difference->first = first + skip;
			difference->byte = equal % SECTOR_SIZE;
		}
		blkv_runs_add(&difference->runs, first + skip);
		skip++;
		first += skip;
		bvec_iter_advance(raw_vecs, &raw_iter, skip << SECTOR_SHIFT);
		bvec_iter_advance(test_vecs, &test_iter, skip << SECTOR_SHIFT);
	}
}
EXPORT_SYMBOL_IF_KUNIT(blkv_difference_add);

/**
 * blkv_difference_set() - say that one sector differs, although its data are equal now
 * @difference: the result
 * @sector: the sector, relative to the read
 * @byte: the byte that shows it
 *
 * Context: Any.
 */
void blkv_difference_set(struct blkv_difference *difference, unsigned int sector,
			 unsigned int byte)
{
	*difference = (struct blkv_difference){ .nr = 1, .first = sector, .byte = byte };
	blkv_runs_add(&difference->runs, sector);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_difference_set);
