// SPDX-License-Identifier: GPL-2.0-only
/*
 * Marks in private memory: numbers that show whether a leg has stored anything there.
 *
 * They are in the last word of each aligned 512 bytes of a page, or in all words. A sector that is
 * still marked when its read completes was not filled. A mark that has changed while the memory was
 * not in use means late data. A leg that fetches the data of a write too late stores marks.
 *
 * Pure: no locks, any context.
 */
#include <kunit/visibility.h>
#include <linux/align.h>
#include <linux/blkdev.h>
#include <linux/minmax.h>

#include "marks.h"

/**
 * blkv_page_mark_everywhere() - mark all words of a page
 * @marks: the marks of its pool
 * @page: the page
 *
 * Context: Any.
 */
void blkv_page_mark_everywhere(const struct blkv_marks *marks, struct page *page)
{
	blkv_words_mark(page_address(page), blkv_mark_of(marks, page, 0), 0, 1);
}

/**
 * blkv_page_find_change_anywhere() - find the first word of such a page whose mark has changed
 * @marks: the marks of its pool
 * @page: the page
 *
 * Context: Any.
 * Return: the word, or BLKV_PAGE_WORDS if there is none.
 */
unsigned int blkv_page_find_change_anywhere(const struct blkv_marks *marks, struct page *page)
{
	return blkv_words_find_change(page_address(page), blkv_mark_of(marks, page, 0), 0, 1);
}

/**
 * blkv_memory_mark() - mark private memory again before another read into it
 * @marks: the marks of its pool
 * @memory: the memory
 *
 * Context: Any.
 */
void blkv_memory_mark(const struct blkv_marks *marks, struct blkv_memory *memory)
{
	unsigned int i;

	for (i = 0; i < memory->nr_vecs; i++)
		blkv_vec_mark(marks, &memory->vecs[i]);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_memory_mark);

/*
 * Is the sector that @iter begins with still marked? Marks are at the end of each aligned 512 bytes
 * of a page, so that they are in the same places whatever the shape; a sector has one of them. If
 * the data are so misaligned that a sector has none that is whole, it counts as transferred.
 */
static bool sector_is_marked(const struct blkv_marks *marks, const struct bio_vec *vecs,
			     struct bvec_iter iter)
{
	unsigned int left = SECTOR_SIZE;

	while (left) {
		struct bio_vec vec = bvec_iter_bvec(vecs, iter);
		unsigned int len = min(left, vec.bv_len);
		unsigned int at = round_up(vec.bv_offset + sizeof(u64), SECTOR_SIZE) - sizeof(u64);

		if (at + sizeof(u64) <= vec.bv_offset + len) {
			u64 *words = page_address(vec.bv_page);
			unsigned int word = at / sizeof(u64);

			return READ_ONCE(words[word]) == blkv_mark_of(marks, vec.bv_page, word);
		}
		bvec_iter_advance_single(vecs, &iter, len);
		left -= len;
	}
	return false;
}

/**
 * blkv_memory_is_marked() - is a sector still marked?
 * @marks: the marks of its pool
 * @memory: the memory
 * @n: which sector
 *
 * Context: Any.
 * Return: true if the leg has not transferred the sector, or not all of it.
 */
bool blkv_memory_is_marked(const struct blkv_marks *marks, const struct blkv_memory *memory,
			   unsigned int n)
{
	return sector_is_marked(marks, memory->vecs, blkv_memory_iter(memory, n, 1));
}
EXPORT_SYMBOL_IF_KUNIT(blkv_memory_is_marked);

/* How many sectors at the start of a segment of aligned sectors are not marked any more? */
static unsigned int vec_first_marked(const struct blkv_marks *marks, const struct bio_vec *vec)
{
	unsigned int word = (vec->bv_offset + SECTOR_SIZE) / sizeof(u64) - 1;
	u64 *at = (u64 *)page_address(vec->bv_page) + word;
	u64 mark = blkv_mark_of(marks, vec->bv_page, word);
	unsigned int n, nr = vec->bv_len >> SECTOR_SHIFT;

	for (n = 0; n < nr; n++, at += BLKV_SECTOR_WORDS, mark += BLKV_SECTOR_WORDS)
		if (READ_ONCE(*at) == mark)
			break;
	return n;
}

/**
 * blkv_memory_first_marked() - find the first sector that is still marked
 * @marks: the marks of its pool
 * @memory: the memory
 * @nr_sectors: how many sectors to check
 *
 * Context: Any. Checks one word of each sector.
 * Return: the sector, or @nr_sectors if there is none.
 */
unsigned int blkv_memory_first_marked(const struct blkv_marks *marks,
				      const struct blkv_memory *memory, unsigned int nr_sectors)
{
	struct bvec_iter iter = blkv_memory_iter(memory, 0, nr_sectors);
	unsigned int n = 0;

	while (iter.bi_size) {
		struct bio_vec vec = bvec_iter_bvec(memory->vecs, iter);

		/* Page by page: getting the address of one costs more than checking its marks. */
		if (IS_ALIGNED(vec.bv_offset | vec.bv_len, SECTOR_SIZE)) {
			unsigned int nr = vec_first_marked(marks, &vec);

			n += nr;
			if (nr < vec.bv_len >> SECTOR_SHIFT)
				break;
			bvec_iter_advance_single(memory->vecs, &iter, vec.bv_len);
		} else {
			if (sector_is_marked(marks, memory->vecs, iter))
				break;
			n++;
			bvec_iter_advance(memory->vecs, &iter, SECTOR_SIZE);
		}
	}
	return n;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_memory_first_marked);
