// SPDX-License-Identifier: GPL-2.0-only
/*
 * Late data: a faulty leg may write to private memory after it has completed the request. So the
 * marks are checked before memory is used again or freed.
 *
 * Locks: blkv_lates.lock, taken here, any context.
 */
#include <kunit/visibility.h>
#include <linux/blkdev.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include "chunk.h"
#include "late.h"

/**
 * blkv_lates_init() - prepare to find late data
 * @lates: zeroed
 * @marks: the marks of the memory
 * @report: called in process context when blkv_lates_next() has findings
 *
 * Context: Any.
 */
void blkv_lates_init(struct blkv_lates *lates, const struct blkv_marks *marks, work_func_t report)
{
	spin_lock_init(&lates->lock);
	INIT_WORK(&lates->work, report);
	lates->marks = marks;
}

/**
 * blkv_page_report() - record that a word of a page has changed
 * @lates: where
 * @page: the page
 * @word: which word
 *
 * Context: Any.
 */
noinline_for_stack void blkv_page_report(struct blkv_lates *lates, struct page *page,
					 unsigned int word)
{
	struct page *chunk = compound_head(page);
	struct blkv_late late;
	unsigned long flags;

	late.sector = blkv_chunk_origin(chunk, (page - chunk) * PAGE_SECTORS +
					word / BLKV_SECTOR_WORDS, &late.written);
	late.byte = word % BLKV_SECTOR_WORDS * sizeof(u64);
	late.expected = blkv_mark_of(lates->marks, page, word);
	late.found = ((u64 *)page_address(page))[word];

	spin_lock_irqsave(&lates->lock, flags);
	if (lates->nr < BLKV_MAX_LATE)
		lates->late[lates->nr++] = late;
	spin_unlock_irqrestore(&lates->lock, flags);
	schedule_work(&lates->work);
}

/**
 * blkv_list_check() - look for late data in chunks
 * @lates: where a finding is recorded
 * @chunks: a list of them
 *
 * Context: Process; may sleep.
 */
void blkv_list_check(struct blkv_lates *lates, struct list_head *chunks)
{
	struct page *chunk;
	unsigned int i;

	list_for_each_entry(chunk, chunks, lru) {
		for (i = 0; i < 1U << blkv_chunk_order(chunk); i++)
			blkv_page_check(lates, chunk + i);
		/* At suspend, this is all memory of a pool. */
		cond_resched();
	}
}

/**
 * blkv_lates_next() - take a finding of late data
 * @lates: the findings
 * @late: filled in
 *
 * At most BLKV_MAX_LATE findings are kept until they are taken; further ones are lost.
 *
 * Context: Process.
 * Return: false if there is none.
 */
bool blkv_lates_next(struct blkv_lates *lates, struct blkv_late *late)
{
	bool found;

	spin_lock_irq(&lates->lock);
	found = lates->nr;
	if (found)
		*late = lates->late[--lates->nr];
	spin_unlock_irq(&lates->lock);
	return found;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_lates_next);
