/* SPDX-License-Identifier: GPL-2.0-only */
/* Where private memory comes from. */
#ifndef DM_BLKVERIFY_POOL_H
#define DM_BLKVERIFY_POOL_H

#include <linux/types.h>
#include <linux/workqueue.h>

#include "depot.h"
#include "late.h"
#include "magazine.h"
#include "marks.h"
#include "memory.h"
#include "shape.h"
#include "types.h"

/* For blkv_memory_put(): a leg failed the request, and may still use the memory; it was a write. */
#define BLKV_SUSPECT BIT(0)
#define BLKV_WRITTEN BIT(1)

/**
 * struct blkv_pool - where private memory comes from and returns to
 * @marks: of its memory
 * @local_pages: requests of up to so many pages are served from @magazines; 0 with a quarantine,
 *	because memory in a magazine does not rest
 * @magazines: memory that each CPU keeps at hand
 * @late: findings of late data in it
 * @depot: memory that is not in use
 */
struct blkv_pool {
	struct blkv_marks marks;
	unsigned int local_pages;
	struct blkv_magazines magazines;
	struct blkv_lates late;
	struct blkv_depot depot;
};

int blkv_pool_init(struct blkv_pool *pool, u64 mark, unsigned int quarantine_mib,
		   work_func_t late, struct blkv_memory *kept);
void blkv_pool_exit(struct blkv_pool *pool);
void blkv_pool_check(struct blkv_pool *pool);
bool blkv_memory_get(struct blkv_pool *pool, struct blkv_memory *memory, unsigned int nr_sectors,
		     const struct blkv_shape *shape);
bool blkv_memory_get_long(struct blkv_pool *pool, struct blkv_memory *memory,
			  const struct blkv_shape *shape);
bool blkv_memory_try(struct blkv_pool *pool, struct blkv_memory *memory, unsigned int nr_sectors);
void blkv_pool_await(struct blkv_pool *pool);
void blkv_memory_wait(struct blkv_pool *pool, struct blkv_memory *memory, unsigned int nr_sectors,
		      const struct blkv_shape *shape);
void blkv_memory_put(struct blkv_pool *pool, struct blkv_memory *memory, sector_t start,
		     unsigned int flags);

#endif /* DM_BLKVERIFY_POOL_H */
