// SPDX-License-Identifier: GPL-2.0-only
/*
 * How much private memory all targets of the machine may own together: 2 % of its memory, as
 * dm-crypt, or enough for a few requests. Beyond that, requests wait.
 *
 * (P3) The pools never own more than that, but for what each of them has without a claim: its
 * reserve, so that no target can starve another one, and its quarantine, which the user asked for.
 * A pool claims pages in batches before it allocates them, and returns the claim after it has freed
 * them. Healthy requests do neither: pages are recycled.
 *
 * Pure: no locks, any context.
 */
#include <kunit/visibility.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sizes.h>

#include "budget.h"

#define LIMIT_FRACTION 50
#define LIMIT_LEAST ((unsigned long)(SZ_64M >> PAGE_SHIFT))
/* Suspect pages rest shorter if they are more than this fraction of the limit. */
#define SUSPECT_FRACTION 8

/**
 * blkv_budget_of_machine() - the budget of all targets
 *
 * Context: Process.
 * Return: the budget; its limit is that of the memory that the machine has now.
 */
struct blkv_budget *blkv_budget_of_machine(void)
{
	static struct blkv_budget budget;

	WRITE_ONCE(budget.limit, max(LIMIT_LEAST, totalram_pages() / LIMIT_FRACTION));
	return &budget;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_budget_of_machine);

/**
 * blkv_budget_claim() - claim pages before they are allocated
 * @budget: the budget
 * @nr: how many
 *
 * Context: Any.
 * Return: how many were claimed: more than that, or fewer, if the limit is near.
 */
unsigned long blkv_budget_claim(struct blkv_budget *budget, unsigned long nr)
{
	unsigned long limit = READ_ONCE(budget->limit), claimed, granted;
	long old = atomic_long_read(&budget->claimed);

	do {
		claimed = old;
		if (claimed >= limit)
			return 0;
		granted = min(max(nr, BLKV_CLAIM_BATCH), limit - claimed);
	} while (!atomic_long_try_cmpxchg(&budget->claimed, &old, claimed + granted));
	return granted;
}

/**
 * blkv_budget_return() - return claims
 * @budget: the budget
 * @nr: of how many pages
 *
 * Context: Any.
 */
void blkv_budget_return(struct blkv_budget *budget, unsigned long nr)
{
	atomic_long_sub(nr, &budget->claimed);
}

/**
 * blkv_budget_add_suspects() - count suspect pages
 * @budget: the budget
 * @nr: how many more, or fewer
 *
 * Context: Any.
 * Return: true if there are many: they must not use up what all pools may own.
 */
bool blkv_budget_add_suspects(struct blkv_budget *budget, long nr)
{
	return atomic_long_add_return(nr, &budget->suspects) >
	       (long)(READ_ONCE(budget->limit) / SUSPECT_FRACTION);
}
