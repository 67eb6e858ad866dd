// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fingerprints: a checksum of the current and of a few earlier versions of each written sector, to
 * tell a lost write (the test leg returned an earlier version) from other corruption.
 *
 * Pure: knows no device. Sectors are kept in chunks of 64 KiB, hashed by number and listed by when
 * they were last written; at the limit, the least recently written chunk is reused. If memory
 * cannot be allocated, a chunk is not recorded, and a lost write there gets another class.
 *
 * Locks: blkv_fingerprints.lock, taken here, process context only. Callers hold the range lock over
 * the sectors, so the versions of a sector do not change while they are compared.
 */
#include <kunit/static_stub.h>
#include <kunit/visibility.h>
#include <linux/crc32c.h>
#include <linux/hash.h>
#include <linux/log2.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "fingerprint.h"

#define CHUNK_SECTORS 128U
#define MAX_BUCKETS BIT(22)

/**
 * struct chunk - the fingerprints of 64 KiB
 * @hash: in its bucket
 * @age: in blkv_fingerprints.by_age
 * @number: of the chunk on the device
 * @versions: the checksums of each sector, in an allocation of a power of two, which wastes nothing
 */
struct chunk {
	struct hlist_node hash;
	struct list_head age;
	u64 number;
	struct versions {
		u32 now;
		u32 earlier[BLKV_FINGERPRINTS_EARLIER]; /* the newest one first */
	} *versions;
};

static_assert(!(sizeof(struct versions) & (sizeof(struct versions) - 1)));

/* The memory for a chunk, with its share of the buckets. */
#define CHUNK_BYTES \
	(sizeof(struct chunk) + CHUNK_SECTORS * sizeof(struct versions) + sizeof(struct hlist_head))

/* 0 means unknown. */
static u32 sector_print(const void *sector)
{
	return crc32c(~0, sector, SECTOR_SIZE) ?: 1;
}

/* Of the next sector of a walk. */
static noinline_for_stack u32 next_print(struct blkv_sector_iter *iter)
{
	struct blkv_bounce bounce;

	return sector_print(blkv_sector_next(iter, &bounce));
}

static struct hlist_head *chunk_bucket(struct blkv_fingerprints *prints, u64 number)
{
	return &prints->buckets[hash_64(number, prints->bucket_bits)];
}

static struct chunk *chunk_find(struct blkv_fingerprints *prints, u64 number)
{
	struct chunk *chunk;

	lockdep_assert_held(&prints->lock);
	hlist_for_each_entry(chunk, chunk_bucket(prints, number), hash)
		if (chunk->number == number)
			return chunk;
	return NULL;
}

/* All chunks and their versions come from here. */
VISIBLE_IF_KUNIT void *blkv_fingerprints_alloc(size_t size)
{
	KUNIT_STATIC_STUB_REDIRECT(blkv_fingerprints_alloc, size);
	return kmalloc(size, BLKV_GFP_NOWAIT);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_fingerprints_alloc);

static struct chunk *chunk_alloc(void)
{
	struct chunk *chunk = blkv_fingerprints_alloc(sizeof(*chunk));

	if (!chunk)
		return NULL;
	chunk->versions = blkv_fingerprints_alloc(CHUNK_SECTORS * sizeof(*chunk->versions));
	if (chunk->versions)
		return chunk;
	kfree(chunk);
	return NULL;
}

/* A new chunk, or else the least recently written one. NULL if there is none. */
static struct chunk *chunk_new(struct blkv_fingerprints *prints, u64 number)
{
	struct chunk *chunk = NULL;

	if (prints->nr_chunks < prints->max_chunks)
		chunk = chunk_alloc();
	if (chunk) {
		prints->nr_chunks++;
		list_add_tail(&chunk->age, &prints->by_age);
	} else {
		chunk = list_first_entry_or_null(&prints->by_age, struct chunk, age);
		if (!chunk)
			return NULL;
		hlist_del(&chunk->hash);
	}
	memset(chunk->versions, 0, CHUNK_SECTORS * sizeof(*chunk->versions));
	chunk->number = number;
	hlist_add_head(&chunk->hash, chunk_bucket(prints, number));
	return chunk;
}

/* The same data written again is not a new version. */
static void version_add(struct versions *versions, u32 print)
{
	unsigned int i;

	if (versions->now == print)
		return;
	for (i = BLKV_FINGERPRINTS_EARLIER - 1; i; i--)
		versions->earlier[i] = versions->earlier[i - 1];
	versions->earlier[0] = versions->now;
	versions->now = print;
}

/* How many versions ago did the sector have this checksum? The newest match counts. */
static unsigned int versions_find(const struct versions *versions, u32 print)
{
	unsigned int i;

	if (versions->now == print)
		return 0;
	for (i = 0; i < BLKV_FINGERPRINTS_EARLIER; i++)
		if (versions->earlier[i] == print)
			return i + 1;
	return 0;
}

/**
 * blkv_fingerprints_init() - prepare to remember fingerprints
 * @prints: zeroed
 * @max_mib: memory limit
 *
 * Context: Process; sleeps.
 * Return: 0 or -ENOMEM.
 */
int blkv_fingerprints_init(struct blkv_fingerprints *prints, unsigned int max_mib)
{
	unsigned long nr_buckets;

	spin_lock_init(&prints->lock);
	INIT_LIST_HEAD(&prints->by_age);
	prints->max_chunks = div_u64((u64)max_mib << 20, CHUNK_BYTES);
	nr_buckets = min_t(u64, roundup_pow_of_two(prints->max_chunks), MAX_BUCKETS);
	prints->bucket_bits = ilog2(nr_buckets);
	prints->buckets = kvzalloc_objs(*prints->buckets, nr_buckets);
	return prints->buckets ? 0 : -ENOMEM;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_fingerprints_init);

/**
 * blkv_fingerprints_exit() - free all fingerprints
 * @prints: the fingerprints; zeroed memory is fine
 *
 * Context: Process; sleeps.
 */
void blkv_fingerprints_exit(struct blkv_fingerprints *prints)
{
	struct chunk *chunk, *next;

	if (!prints->buckets)
		return;
	list_for_each_entry_safe(chunk, next, &prints->by_age, age) {
		kfree(chunk->versions);
		kfree(chunk);
		cond_resched();
	}
	kvfree(prints->buckets);
	prints->buckets = NULL;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_fingerprints_exit);

/**
 * blkv_fingerprints_write() - record a write
 * @prints: the fingerprints
 * @start: first sector
 * @memory: the data
 * @nr_sectors: how many
 *
 * Context: Process. A pass over the data.
 */
void blkv_fingerprints_write(struct blkv_fingerprints *prints, sector_t start,
			     const struct blkv_memory *memory, unsigned int nr_sectors)
{
	struct blkv_sector_iter iter = blkv_memory_walk(memory, 0, nr_sectors);
	unsigned int done = 0;

	while (done < nr_sectors) {
		u64 number = (start + done) / CHUNK_SECTORS;
		unsigned int from = (start + done) % CHUNK_SECTORS;
		unsigned int nr = min(nr_sectors - done, CHUNK_SECTORS - from), i;
		u32 new[CHUNK_SECTORS];
		struct chunk *chunk;

		for (i = 0; i < nr; i++)
			new[i] = next_print(&iter);

		spin_lock(&prints->lock);
		chunk = chunk_find(prints, number) ?: chunk_new(prints, number);
		if (chunk) {
			for (i = 0; i < nr; i++)
				version_add(&chunk->versions[from + i], new[i]);
			list_move_tail(&chunk->age, &prints->by_age);
		}
		spin_unlock(&prints->lock);
		done += nr;
	}
}
EXPORT_SYMBOL_IF_KUNIT(blkv_fingerprints_write);

/* Sectors [start, start + nr) have a new version: those of them that are in the chunk. */
static void chunk_fill(struct chunk *chunk, sector_t start, sector_t nr, u32 print)
{
	sector_t first = chunk->number * CHUNK_SECTORS;
	sector_t sector = max(first, start);
	sector_t end = min(first + CHUNK_SECTORS, start + nr);

	for (; sector < end; sector++)
		version_add(&chunk->versions[sector - first], print);
}

/**
 * blkv_fingerprints_fill() - record that sectors were zeroed or discarded
 * @prints: the fingerprints
 * @start: first sector
 * @nr_sectors: how many; not 0
 * @zeroed: they hold zeros now; otherwise their contents are unknown
 *
 * Only for sectors that are recorded already: a request without data can have any length.
 *
 * Context: Process. Looks up each chunk of the range or walks all chunks, whichever is less; the
 * lock is dropped in between.
 */
void blkv_fingerprints_fill(struct blkv_fingerprints *prints, sector_t start, sector_t nr_sectors,
			    bool zeroed)
{
	u32 print = zeroed ? sector_print(page_address(ZERO_PAGE(0))) : 0;
	u64 number = start / CHUNK_SECTORS, last = (start + nr_sectors - 1) / CHUNK_SECTORS;
	unsigned long i, nr_buckets = 1UL << prints->bucket_bits;
	struct chunk *chunk;

	if (last - number < nr_buckets) {
		for (; number <= last; number++) {
			spin_lock(&prints->lock);
			chunk = chunk_find(prints, number);
			if (chunk)
				chunk_fill(chunk, start, nr_sectors, print);
			spin_unlock(&prints->lock);
		}
		return;
	}
	for (i = 0; i < nr_buckets; i++) {
		spin_lock(&prints->lock);
		hlist_for_each_entry(chunk, &prints->buckets[i], hash)
			chunk_fill(chunk, start, nr_sectors, print);
		spin_unlock(&prints->lock);
	}
}
EXPORT_SYMBOL_IF_KUNIT(blkv_fingerprints_fill);

/**
 * blkv_fingerprints_versions_ago() - is this an earlier version of a sector?
 * @prints: the fingerprints
 * @sector: which sector
 * @memory: the data that the test leg returned
 * @n: where in @memory the sector is
 *
 * Context: Process.
 * Return: how many versions ago the sector had this fingerprint, 1 for the previous version; 0 if
 * that is not known, or if the current version has it.
 */
unsigned int blkv_fingerprints_versions_ago(struct blkv_fingerprints *prints, sector_t sector,
					    const struct blkv_memory *memory, unsigned int n)
{
	struct blkv_sector_iter iter = blkv_memory_walk(memory, n, 1);
	u32 print = next_print(&iter);
	struct chunk *chunk;
	unsigned int ago = 0;

	spin_lock(&prints->lock);
	chunk = chunk_find(prints, sector / CHUNK_SECTORS);
	if (chunk)
		ago = versions_find(&chunk->versions[sector % CHUNK_SECTORS], print);
	spin_unlock(&prints->lock);
	return ago;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_fingerprints_versions_ago);

/**
 * blkv_fingerprints_move() - hand the fingerprints of an old target over to a new one
 * @to: those of the new one, which are empty
 * @from: those of the old one; empty afterwards
 *
 * The chunks move only if both have the same limit, which sets the number of buckets.
 *
 * Context: Process. No request is in flight on either.
 */
void blkv_fingerprints_move(struct blkv_fingerprints *to, struct blkv_fingerprints *from)
{
	if (!to->buckets || !from->buckets || to->max_chunks != from->max_chunks)
		return;
	swap(to->buckets, from->buckets);
	list_splice_init(&from->by_age, &to->by_age);
	to->nr_chunks = from->nr_chunks;
	from->nr_chunks = 0;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_fingerprints_move);
