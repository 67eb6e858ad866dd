/* SPDX-License-Identifier: GPL-2.0-only */
/* Private memory that one CPU keeps at hand. */
#ifndef DM_BLKVERIFY_MAGAZINE_H
#define DM_BLKVERIFY_MAGAZINE_H

#include <linux/cache.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/sizes.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "chunk.h"
#include "supply.h"

/* Requests of up to so many pages are served from magazines. */
#define BLKV_MAGAZINE_PAGES ((unsigned int)(SZ_64K >> PAGE_SHIFT))
/* The kinds of chunks in a magazine: those for data, by order, and those for bvecs. */
#define BLKV_MAGAZINE_VECS (ilog2(BLKV_MAGAZINE_PAGES) + 1)
#define BLKV_MAGAZINE_KINDS (BLKV_MAGAZINE_VECS + 1)
/* A magazine has room for 256 KiB of single pages, or at least for 8 of them. */
#define BLKV_MAGAZINE_SIZE \
	((SZ_256K >> PAGE_SHIFT) > 8 ? (unsigned int)(SZ_256K >> PAGE_SHIFT) : 8U)
/* So many chunks at most are taken out of a magazine or the depot while its lock is held. */
#define BLKV_MAX_TRIM 64U

/**
 * struct blkv_magazine - chunks that requests of one CPU take and return first
 * @lock: protects the members below; any context; taken by other CPUs only to empty it
 * @nr: how many chunks of each kind there are
 * @low: the lowest @nr since the last trim
 * @chunks: the chunks, those that were returned last at the end
 */
struct blkv_magazine {
	spinlock_t lock; /* the chunks of this CPU */
	unsigned int nr[BLKV_MAGAZINE_KINDS];
	unsigned int low[BLKV_MAGAZINE_KINDS];
	struct page *chunks[BLKV_MAGAZINE_KINDS][BLKV_MAGAZINE_SIZE];
} ____cacheline_aligned_in_smp;

/**
 * struct blkv_magazines - the magazines of a pool
 * @nr: length of @cpu; 0 if there are none
 * @cpu: a magazine for each possible CPU, or NULL
 */
struct blkv_magazines {
	unsigned int nr;
	struct blkv_magazine **cpu;
};

/* How many chunks of a kind are in a magazine at most, and are exchanged with the depot at once. */
static inline unsigned int blkv_magazine_most(unsigned int kind)
{
	return kind == BLKV_MAGAZINE_VECS ? BLKV_MAGAZINE_SIZE :
					    max(BLKV_MAGAZINE_SIZE >> kind, 8U);
}

static inline unsigned int blkv_magazine_batch(unsigned int kind)
{
	return blkv_magazine_most(kind) / 2;
}

int blkv_magazines_init(struct blkv_magazines *magazines, unsigned int nr);
void blkv_magazines_exit(struct blkv_magazines *magazines);
void blkv_magazines_draw(struct blkv_magazines *magazines, struct blkv_supply *supply);
void blkv_magazines_put(struct blkv_magazines *magazines, const unsigned int *waiters,
			struct blkv_chunks *chunks);
void blkv_magazine_steal(struct blkv_magazines *magazines, unsigned int cpu,
			 struct blkv_chunks *chunks);
bool blkv_magazine_trim(struct blkv_magazines *magazines, unsigned int cpu,
			struct blkv_chunks *unused);

/* The CPU whose magazine is used; the caller may be on another one by now. */
#if IS_ENABLED(CONFIG_KUNIT)
unsigned int blkv_magazine_cpu(void);
#else
static inline unsigned int blkv_magazine_cpu(void)
{
	return raw_smp_processor_id();
}
#endif

/**
 * blkv_magazines_pop() - take a page for data from the magazine of this CPU
 * @magazines: the magazines
 *
 * Context: Any.
 * Return: the page, in no list, or NULL if there is none.
 */
static inline struct page *blkv_magazines_pop(struct blkv_magazines *magazines)
{
	struct blkv_magazine *magazine = magazines->cpu[blkv_magazine_cpu()];
	struct page *page = NULL;
	unsigned long flags;

	spin_lock_irqsave(&magazine->lock, flags);
	if (likely(magazine->nr[0])) {
		page = magazine->chunks[0][--magazine->nr[0]];
		magazine->low[0] = min(magazine->low[0], magazine->nr[0]);
	}
	spin_unlock_irqrestore(&magazine->lock, flags);
	return page;
}

/**
 * blkv_magazines_push() - put a page for data into the magazine of this CPU
 * @magazines: the magazines
 * @waiters: number of requests that wait for memory
 * @page: the page, in no list, which came from a magazine
 *
 * Context: Any.
 * Return: false if it is still the caller's, because the magazine is full, or a request waits.
 */
static inline bool blkv_magazines_push(struct blkv_magazines *magazines,
				       const unsigned int *waiters, struct page *page)
{
	struct blkv_magazine *magazine = magazines->cpu[blkv_magazine_cpu()];
	unsigned long flags;
	bool pushed;

	spin_lock_irqsave(&magazine->lock, flags);
	/* See (P2) in src/magazine.c. */
	pushed = !READ_ONCE(*waiters) && magazine->nr[0] < blkv_magazine_most(0);
	if (likely(pushed))
		magazine->chunks[0][magazine->nr[0]++] = page;
	spin_unlock_irqrestore(&magazine->lock, flags);
	return pushed;
}

#endif /* DM_BLKVERIFY_MAGAZINE_H */
