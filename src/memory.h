/* SPDX-License-Identifier: GPL-2.0-only */
/* Private memory. */
#ifndef DM_BLKVERIFY_MEMORY_H
#define DM_BLKVERIFY_MEMORY_H

#include <linux/bvec.h>
#include <linux/types.h>

#include "types.h"

struct bio;

#define BLKV_INLINE_VECS 4

/**
 * struct blkv_memory - the private memory of one request
 * @vecs: its segments; @inline_vecs or a separate page
 * @nr_vecs: length of @vecs, 0 if it is empty
 * @skip_vecs: the data begin in this segment
 * @skip_bytes: and at this byte of it
 * @lead: bytes in front of the data, in all segments
 * @nr_spare: single pages in it that the reserve must not rely on
 * @surplus: its chunks return to a magazine, not to the depot
 * @shaped: it consists of chunks, not of single pages
 * @reshaped: it does not have the shape that was asked for
 * @inline_vecs: serves small requests
 *
 * The members are for memory.c, marks.c, supply.c and pool.c only. Other units walk the segments
 * with a bvec_iter, or sector by sector with struct blkv_sector_iter.
 */
struct blkv_memory {
	struct bio_vec *vecs;
	unsigned int nr_vecs;
	unsigned int skip_vecs;
	unsigned int skip_bytes;
	unsigned int lead;
	unsigned int nr_spare;
	bool surplus;
	bool shaped;
	bool reshaped;
	struct bio_vec inline_vecs[BLKV_INLINE_VECS];
};

/**
 * struct blkv_sector_iter - a walk over private memory, sector by sector
 * @vecs: the segments
 * @at: the sectors that are left
 */
struct blkv_sector_iter {
	const struct bio_vec *vecs;
	struct bvec_iter at;
};

/* Where a sector is copied to if it is not in one piece. */
struct blkv_bounce {
	u8 bytes[SECTOR_SIZE];
};

void blkv_memory_attach(const struct blkv_memory *memory, struct bio *bio,
			unsigned int nr_sectors);
void blkv_memory_view(const struct blkv_memory *memory, unsigned int first,
		      struct blkv_memory *view);
struct bvec_iter blkv_memory_iter(const struct blkv_memory *memory, unsigned int first,
				  unsigned int nr_sectors);
struct blkv_sector_iter blkv_memory_walk(const struct blkv_memory *memory, unsigned int first,
					 unsigned int nr_sectors);
const u8 *blkv_sector_next(struct blkv_sector_iter *iter, struct blkv_bounce *bounce);
const u8 *blkv_memory_sector(const struct blkv_memory *memory, unsigned int n,
			     struct blkv_bounce *bounce);
void blkv_memory_read(const struct blkv_memory *memory, size_t offset, void *to, size_t len);
unsigned int blkv_memory_find(const struct blkv_memory *memory, unsigned int nr_sectors,
			      const struct blkv_memory *other, unsigned int n, bool last);
bool blkv_sector_is_pattern(const u8 *sector);
bool blkv_memory_is_pattern(const struct blkv_memory *memory, unsigned int n);
void blkv_memory_view_caller(struct bio_vec *vecs, struct bvec_iter iter,
			     struct blkv_memory *view);
u32 blkv_memory_sum(const struct blkv_memory *memory, unsigned int nr_sectors);
void blkv_memory_flip(struct blkv_memory *memory, unsigned int n, u8 xor);

/* The segments, for the functions that take a list of them and a bvec_iter. */
static inline const struct bio_vec *blkv_memory_vecs(const struct blkv_memory *memory)
{
	return memory->vecs;
}

/* There is none yet. blkv_memory_put() is fine with that. */
static inline void blkv_memory_init(struct blkv_memory *memory)
{
	memory->nr_vecs = 0;
}

static inline bool blkv_memory_is_empty(const struct blkv_memory *memory)
{
	return !memory->nr_vecs;
}

#endif /* DM_BLKVERIFY_MEMORY_H */
