// SPDX-License-Identifier: GPL-2.0-only
/*
 * Private memory: walking it, reading it, letting a bio transfer it.
 *
 * Segments may begin and end anywhere, so a sector can be in several pieces. Private memory is
 * never in high memory; functions that say so accept a view of the caller's memory, which may be.
 *
 * Pure: no locks, any context. src/pool.c is where the memory comes from.
 */
#include <kunit/visibility.h>
#include <linux/bio.h>
#include <linux/crc32c.h>
#include <linux/highmem.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "memory.h"

/**
 * blkv_memory_attach() - let a bio transfer private memory instead of the caller's
 * @memory: the private memory
 * @bio: a clone of the caller's bio
 * @nr_sectors: how much
 *
 * Context: Any.
 */
void blkv_memory_attach(const struct blkv_memory *memory, struct bio *bio, unsigned int nr_sectors)
{
	sector_t sector = bio->bi_iter.bi_sector;

	bio->bi_io_vec = memory->vecs;
	bio->bi_iter = blkv_memory_iter(memory, 0, nr_sectors);
	bio->bi_iter.bi_sector = sector;
	/* The clone inherited this from the caller's segments. */
	compat_clear_bvec_gap(bio);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_memory_attach);

/**
 * blkv_memory_iter() - iterate over some sectors of private memory
 * @memory: the memory
 * @first: first sector
 * @nr_sectors: how many
 *
 * Context: Any.
 * Return: the iterator, for blkv_memory_vecs(); its bi_sector is 0.
 */
struct bvec_iter blkv_memory_iter(const struct blkv_memory *memory, unsigned int first,
				  unsigned int nr_sectors)
{
	struct bvec_iter iter = {
		.bi_idx = memory->skip_vecs,
		.bi_offset = memory->skip_bytes,
		.bi_size = (first + nr_sectors) << SECTOR_SHIFT,
	};

	bvec_iter_advance(memory->vecs, &iter, first << SECTOR_SHIFT);
	return iter;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_memory_iter);

/**
 * blkv_memory_view() - view a part of private memory
 * @memory: the memory; stays where it is while @view is in use
 * @first: first sector of the part
 * @view: filled in; never attached or returned to a pool
 *
 * Context: Any.
 */
void blkv_memory_view(const struct blkv_memory *memory, unsigned int first,
		      struct blkv_memory *view)
{
	struct bvec_iter iter = blkv_memory_iter(memory, first, 1);

	*view = (struct blkv_memory) {
		.vecs = memory->vecs,
		.nr_vecs = memory->nr_vecs,
		.skip_vecs = iter.bi_idx,
		.skip_bytes = iter.bi_offset,
	};
}
EXPORT_SYMBOL_IF_KUNIT(blkv_memory_view);

/**
 * blkv_memory_view_caller() - view the caller's memory as if it were private memory
 * @vecs: the caller's segments; stay where they are while @view is in use
 * @iter: the part of them
 * @view: filled in; only for functions that accept such a view
 *
 * Context: Any.
 */
void blkv_memory_view_caller(struct bio_vec *vecs, struct bvec_iter iter, struct blkv_memory *view)
{
	*view = (struct blkv_memory) {
		.vecs = vecs,
		.skip_vecs = iter.bi_idx,
		.skip_bytes = iter.bi_offset,
	};
}
EXPORT_SYMBOL_IF_KUNIT(blkv_memory_view_caller);

/**
 * blkv_memory_walk() - walk some sectors of private memory
 * @memory: the memory
 * @first: first sector
 * @nr_sectors: how many
 *
 * Context: Any.
 * Return: the walk, for blkv_sector_next().
 */
struct blkv_sector_iter blkv_memory_walk(const struct blkv_memory *memory, unsigned int first,
					 unsigned int nr_sectors)
{
	return (struct blkv_sector_iter) {
		.vecs = memory->vecs,
		.at = blkv_memory_iter(memory, first, nr_sectors),
	};
}
EXPORT_SYMBOL_IF_KUNIT(blkv_memory_walk);

/* The bytes at the start of @iter; private memory is never in high memory. */
static u8 *iter_address(const struct bio_vec *vecs, struct bvec_iter iter)
{
	struct bio_vec vec = bvec_iter_bvec(vecs, iter);

	return page_address(vec.bv_page) + vec.bv_offset;
}

/* Copy the next @len bytes, which may be in several segments, and step over them. */
static void iter_copy(const struct bio_vec *vecs, struct bvec_iter *iter, void *to, size_t len)
{
	while (len) {
		unsigned int part = min_t(size_t, len, bvec_iter_len(vecs, *iter));

		memcpy(to, iter_address(vecs, *iter), part);
		bvec_iter_advance_single(vecs, iter, part);
		to += part;
		len -= part;
	}
}

/**
 * blkv_memory_read() - copy bytes out of private memory
 * @memory: the memory
 * @offset: first byte
 * @to: where to
 * @len: how many bytes
 *
 * Context: Any.
 */
void blkv_memory_read(const struct blkv_memory *memory, size_t offset, void *to, size_t len)
{
	struct bvec_iter iter = blkv_memory_iter(memory, 0, 0);

	iter.bi_size = offset + len;
	bvec_iter_advance(memory->vecs, &iter, offset);
	iter_copy(memory->vecs, &iter, to, len);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_memory_read);

/**
 * blkv_sector_next() - the next sector of a walk
 * @iter: the walk
 * @bounce: where the sector is copied to if it is not in one piece; valid until it is used again
 *
 * Context: Any.
 * Return: its bytes, for reading only, or NULL at the end of the walk.
 */
const u8 *blkv_sector_next(struct blkv_sector_iter *iter, struct blkv_bounce *bounce)
{
	const u8 *bytes;

	if (!iter->at.bi_size)
		return NULL;
	if (bvec_iter_len(iter->vecs, iter->at) < SECTOR_SIZE) {
		iter_copy(iter->vecs, &iter->at, bounce->bytes, SECTOR_SIZE);
		return bounce->bytes;
	}
	bytes = iter_address(iter->vecs, iter->at);
	bvec_iter_advance_single(iter->vecs, &iter->at, SECTOR_SIZE);
	return bytes;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_sector_next);

/**
 * blkv_memory_sector() - one sector of private memory
 * @memory: the memory
 * @n: which sector
 * @bounce: where the sector is copied to if it is not in one piece
 *
 * Context: Any.
 * Return: its bytes, for reading only.
 */
const u8 *blkv_memory_sector(const struct blkv_memory *memory, unsigned int n,
			     struct blkv_bounce *bounce)
{
	struct blkv_sector_iter iter = blkv_memory_walk(memory, n, 1);

	return blkv_sector_next(&iter, bounce);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_memory_sector);

/**
 * blkv_memory_find() - search private memory for a sector of other private memory
 * @memory: the memory to search
 * @nr_sectors: how many sectors of it to search
 * @other: the other memory
 * @n: which sector of @other to search for
 * @last: find the last match instead of the first one
 *
 * Context: Any. A pass over the data.
 * Return: the sector with the same data, or @nr_sectors.
 */
noinline_for_stack unsigned int blkv_memory_find(const struct blkv_memory *memory,
						 unsigned int nr_sectors,
						 const struct blkv_memory *other, unsigned int n,
						 bool last)
{
	struct blkv_sector_iter iter = blkv_memory_walk(memory, 0, nr_sectors);
	struct blkv_bounce bounce, wanted_bounce;
	const u8 *wanted = blkv_memory_sector(other, n, &wanted_bounce);
	unsigned int i, found = nr_sectors;

	for (i = 0; i < nr_sectors && (last || found == nr_sectors); i++)
		if (!memcmp(blkv_sector_next(&iter, &bounce), wanted, SECTOR_SIZE))
			found = i;
	return found;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_memory_find);

/**
 * blkv_sector_is_pattern() - is a sector the same eight bytes all over?
 * @sector: its data
 *
 * Many sectors may have such data.
 *
 * Context: Any.
 * Return: true if it is.
 */
bool blkv_sector_is_pattern(const u8 *sector)
{
	return !memcmp(sector, sector + sizeof(u64), SECTOR_SIZE - sizeof(u64));
}

/**
 * blkv_memory_is_pattern() - is a sector of private memory the same eight bytes all over?
 * @memory: the memory
 * @n: which sector
 *
 * Context: Any.
 * Return: true if it is.
 */
noinline_for_stack bool blkv_memory_is_pattern(const struct blkv_memory *memory, unsigned int n)
{
	struct blkv_bounce bounce;

	return blkv_sector_is_pattern(blkv_memory_sector(memory, n, &bounce));
}
EXPORT_SYMBOL_IF_KUNIT(blkv_memory_is_pattern);

/**
 * blkv_memory_sum() - checksum of private memory
 * @memory: the memory, or a view of the caller's
 * @nr_sectors: how much of it
 *
 * Context: Any. A pass over the data. Maps pages with kmap_local.
 * Return: its CRC32C.
 */
u32 blkv_memory_sum(const struct blkv_memory *memory, unsigned int nr_sectors)
{
	struct bvec_iter iter = blkv_memory_iter(memory, 0, nr_sectors);
	u32 sum = ~0;

	while (iter.bi_size) {
		struct bio_vec vec = bvec_iter_bvec(memory->vecs, iter);
		u8 *bytes = bvec_kmap_local(&vec);

		sum = crc32c(sum, bytes, vec.bv_len);
		kunmap_local(bytes);
		bvec_iter_advance_single(memory->vecs, &iter, vec.bv_len);
	}
	return sum;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_memory_sum);

/**
 * blkv_memory_flip() - flip bits of the first byte of a sector
 * @memory: the memory, or a view of the caller's
 * @n: which sector
 * @xor: xored to the byte
 *
 * Context: Any. Maps a page with kmap_local.
 */
void blkv_memory_flip(struct blkv_memory *memory, unsigned int n, u8 xor)
{
	struct bio_vec vec = bvec_iter_bvec(memory->vecs, blkv_memory_iter(memory, n, 1));
	u8 *bytes = bvec_kmap_local(&vec);

	*bytes ^= xor;
	kunmap_local(bytes);
	flush_dcache_page(vec.bv_page);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_memory_flip);
