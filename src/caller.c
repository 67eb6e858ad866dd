// SPDX-License-Identifier: GPL-2.0-only
/*
 * Marks in the caller's memory, for reads that the test leg does in place.
 *
 * The memory may already hold the data that are to be read, from an earlier read of the same
 * sectors. So the last eight bytes of each sector are set to a number before the read: if it is
 * still there when the read completes, the sector was not transferred. Unlike those in private
 * memory (src/marks.c), these marks are visible to the caller if the read fails, so they are not
 * derived from addresses, and every read has its own.
 *
 * Segments may begin and end anywhere, so a mark can be in several pieces.
 *
 * Pure: no locks, any context. Pages are mapped only while they are accessed, so high memory is
 * fine.
 */
#include <kunit/visibility.h>
#include <linux/blkdev.h>
#include <linux/highmem.h>
#include <linux/minmax.h>
#include <linux/unaligned.h>

#include "caller.h"
#include "compare.h"

#define MARK_OFFSET (SECTOR_SIZE - sizeof(u64))

/* Mark the first @nr sectors of a segment. */
static void vec_mark(struct bio_vec vec, unsigned int nr, u64 mark)
{
	u8 *bytes = bvec_kmap_local(&vec);
	unsigned int n;

	for (n = 0; n < nr; n++)
		put_unaligned(mark + n, (u64 *)(bytes + (n << SECTOR_SHIFT) + MARK_OFFSET));
	kunmap_local(bytes);
	flush_dcache_page(vec.bv_page);
}

/* Mark the sector that @iter begins with, which is in several pieces. */
static void sector_mark(const struct bio_vec *vecs, struct bvec_iter iter, u64 mark)
{
	const char *from = (const char *)&mark;

	bvec_iter_advance(vecs, &iter, MARK_OFFSET);
	iter.bi_size = sizeof(mark);
	while (iter.bi_size) {
		struct bio_vec vec = bvec_iter_bvec(vecs, iter);

		memcpy_to_bvec(&vec, from);
		from += vec.bv_len;
		bvec_iter_advance_single(vecs, &iter, vec.bv_len);
	}
}

/**
 * blkv_caller_mark() - mark the caller's memory before a read into it
 * @vecs: the segments
 * @iter: the part of them that is read into: whole sectors, no memory twice
 * @mark: of the first sector; that of each further sector is greater by one
 *
 * Context: Any. Maps pages with kmap_local.
 */
void blkv_caller_mark(const struct bio_vec *vecs, struct bvec_iter iter, u64 mark)
{
	while (iter.bi_size) {
		struct bio_vec vec = bvec_iter_bvec(vecs, iter);
		unsigned int nr = vec.bv_len >> SECTOR_SHIFT;

		if (nr) {
			vec_mark(vec, nr, mark);
		} else {
			nr = 1;
			sector_mark(vecs, iter, mark);
		}
		mark += nr;
		bvec_iter_advance(vecs, &iter, nr << SECTOR_SHIFT);
	}
}
EXPORT_SYMBOL_IF_KUNIT(blkv_caller_mark);

/* How many of the first @nr sectors of a segment precede one that is still marked? */
static unsigned int vec_find_mark(struct bio_vec vec, unsigned int nr, u64 mark)
{
	u8 *bytes = bvec_kmap_local(&vec);
	unsigned int n;

	for (n = 0; n < nr; n++) {
		const u64 *at = (const u64 *)(bytes + (n << SECTOR_SHIFT) + MARK_OFFSET);

		/* The leg may still be writing if it completed the read too early. */
		if (data_race(get_unaligned(at)) == mark + n)
			break;
	}
	kunmap_local(bytes);
	return n;
}

/**
 * blkv_caller_find_mark() - find a sector that is still marked
 * @vecs: the segments
 * @iter: as for blkv_caller_mark()
 * @from: first sector to check, relative to @iter
 * @mark: as for blkv_caller_mark()
 *
 * Context: Any. Maps pages with kmap_local. Checks one word of each sector.
 * Return: the first such sector, relative to @iter, or the number of sectors if there is none.
 */
unsigned int blkv_caller_find_mark(const struct bio_vec *vecs, struct bvec_iter iter,
				   unsigned int from, u64 mark)
{
	unsigned int n = from;

	bvec_iter_advance(vecs, &iter, from << SECTOR_SHIFT);
	while (iter.bi_size) {
		struct bio_vec vec = bvec_iter_bvec(vecs, iter);
		unsigned int nr = vec.bv_len >> SECTOR_SHIFT, found;
		u64 word;

		if (nr) {
			found = vec_find_mark(vec, nr, mark + n);
		} else {
			nr = 1;
			blkv_vecs_read(vecs, iter, MARK_OFFSET, (u8 *)&word, sizeof(word));
			found = word != mark + n;
		}
		n += found;
		if (found < nr)
			break;
		bvec_iter_advance(vecs, &iter, nr << SECTOR_SHIFT);
	}
	return n;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_caller_find_mark);
