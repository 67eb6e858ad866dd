/* SPDX-License-Identifier: GPL-2.0-only */
/* Late data: private memory that changed after its request. */
#ifndef DM_BLKVERIFY_LATE_H
#define DM_BLKVERIFY_LATE_H

#include <linux/mm.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "marks.h"
#include "types.h"

/**
 * struct blkv_late - a finding of late data
 * @sector: the sector of the request that this memory was used for
 * @written: that request was a write
 * @byte: offset in the sector of the first word that has changed
 * @expected: the mark of that word
 * @found: its current value
 */
struct blkv_late {
	sector_t sector;
	bool written;
	unsigned int byte;
	u64 expected;
	u64 found;
};

#define BLKV_MAX_LATE 16

/**
 * struct blkv_lates - the findings of a pool, until they are taken
 * @marks: the marks of the pool
 * @work: reports them
 * @lock: protects the members below; any context
 * @nr: length of @late
 * @late: the findings
 */
struct blkv_lates {
	const struct blkv_marks *marks;
	struct work_struct work;

	spinlock_t lock; /* the findings */
	unsigned int nr;
	struct blkv_late late[BLKV_MAX_LATE];
};

void blkv_lates_init(struct blkv_lates *lates, const struct blkv_marks *marks, work_func_t report);
void blkv_page_report(struct blkv_lates *lates, struct page *page, unsigned int word);
void blkv_list_check(struct blkv_lates *lates, struct list_head *chunks);
bool blkv_lates_next(struct blkv_lates *lates, struct blkv_late *late);

/**
 * blkv_page_check() - look for late data in a page before it is used again or freed
 * @lates: where a finding is recorded
 * @page: the page; marked afterwards
 *
 * Context: Any.
 */
static inline void blkv_page_check(struct blkv_lates *lates, struct page *page)
{
	unsigned int word = blkv_page_find_change(lates->marks, page);

	if (likely(word >= BLKV_PAGE_WORDS))
		return;
	blkv_page_report(lates, page, word);
	/* Otherwise a changed word would make the next read into this page look filled. */
	blkv_page_mark(lates->marks, page);
}

#endif /* DM_BLKVERIFY_LATE_H */
