/* SPDX-License-Identifier: GPL-2.0-only */
/* How much private memory all targets may own together. */
#ifndef DM_BLKVERIFY_BUDGET_H
#define DM_BLKVERIFY_BUDGET_H

#include <linux/atomic.h>
#include <linux/cache.h>
#include <linux/mm.h>
#include <linux/sizes.h>

/* A pool claims so many pages at once, and keeps as many claims that it does not need. */
#define BLKV_CLAIM_BATCH ((unsigned long)SZ_256K >> PAGE_SHIFT)

/**
 * struct blkv_budget - how many pages some pools may own together
 * @limit: of the pages
 * @claimed: pages that the pools have claimed; they may own so many of them
 * @suspects: pages that they have put aside, because a leg may still write to them
 */
struct blkv_budget {
	unsigned long limit;
	atomic_long_t claimed ____cacheline_aligned_in_smp;
	atomic_long_t suspects;
};

struct blkv_budget *blkv_budget_of_machine(void);
unsigned long blkv_budget_claim(struct blkv_budget *budget, unsigned long nr);
void blkv_budget_return(struct blkv_budget *budget, unsigned long nr);
bool blkv_budget_add_suspects(struct blkv_budget *budget, long nr);

#endif /* DM_BLKVERIFY_BUDGET_H */
