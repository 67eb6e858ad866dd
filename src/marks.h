/* SPDX-License-Identifier: GPL-2.0-only */
/* Marks in private memory. */
#ifndef DM_BLKVERIFY_MARKS_H
#define DM_BLKVERIFY_MARKS_H

#include <linux/bvec.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/types.h>

#include "memory.h"
#include "types.h"

#define BLKV_PAGE_WORDS (PAGE_SIZE / sizeof(u64))

/**
 * struct blkv_marks - the marks of the memory of a pool
 * @base: the number that they are derived from
 * @everywhere: all words are marked, not only the last one of each sector
 */
struct blkv_marks {
	u64 base;
	bool everywhere;
};

/* The mark of a word of a page: a number that data are unlikely to contain, unique to each word. */
static inline u64 blkv_mark_of(const struct blkv_marks *marks, struct page *page,
			       unsigned int word)
{
	return marks->base + (u64)page_to_pfn(page) * BLKV_PAGE_WORDS + word;
}

void blkv_page_mark_everywhere(const struct blkv_marks *marks, struct page *page);
unsigned int blkv_page_find_change_anywhere(const struct blkv_marks *marks, struct page *page);
void blkv_memory_mark(const struct blkv_marks *marks, struct blkv_memory *memory);
bool blkv_memory_is_marked(const struct blkv_marks *marks, const struct blkv_memory *memory,
			   unsigned int n);
unsigned int blkv_memory_first_marked(const struct blkv_marks *marks,
				      const struct blkv_memory *memory, unsigned int nr_sectors);

/* The loops are inlined with constants, because they run for each page of each request. */
static __always_inline void blkv_words_mark(u64 *words, u64 mark, unsigned int first,
					    unsigned int step)
{
	unsigned int word;

	for (word = first; word < BLKV_PAGE_WORDS; word += step)
		words[word] = mark + word;
}

static __always_inline unsigned int blkv_words_find_change(const u64 *words, u64 mark,
							   unsigned int first, unsigned int step)
{
	unsigned int word;

	for (word = first; word < BLKV_PAGE_WORDS; word += step)
		if (READ_ONCE(words[word]) != mark + word)
			return word;
	return BLKV_PAGE_WORDS;
}

/**
 * blkv_page_mark() - mark a page
 * @marks: the marks of its pool
 * @page: the page
 *
 * Context: Any.
 */
static inline void blkv_page_mark(const struct blkv_marks *marks, struct page *page)
{
	if (marks->everywhere)
		blkv_page_mark_everywhere(marks, page);
	else
		blkv_words_mark(page_address(page), blkv_mark_of(marks, page, 0),
				BLKV_SECTOR_WORDS - 1, BLKV_SECTOR_WORDS);
}

/**
 * blkv_page_find_change() - find the first word of a page whose mark has changed
 * @marks: the marks of its pool
 * @page: the page
 *
 * Context: Any.
 * Return: the word, or BLKV_PAGE_WORDS if there is none.
 */
static inline unsigned int blkv_page_find_change(const struct blkv_marks *marks,
						 struct page *page)
{
	if (marks->everywhere)
		return blkv_page_find_change_anywhere(marks, page);
	return blkv_words_find_change(page_address(page), blkv_mark_of(marks, page, 0),
				      BLKV_SECTOR_WORDS - 1, BLKV_SECTOR_WORDS);
}

/**
 * blkv_vec_mark() - mark all pages that a segment touches
 * @marks: the marks of their pool
 * @vec: the segment
 *
 * Context: Any.
 */
static inline void blkv_vec_mark(const struct blkv_marks *marks, const struct bio_vec *vec)
{
	unsigned int i, nr = PFN_UP(vec->bv_offset + vec->bv_len);

	for (i = 0; i < nr; i++)
		blkv_page_mark(marks, vec->bv_page + i);
}

#endif /* DM_BLKVERIFY_MARKS_H */
