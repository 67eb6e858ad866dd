// SPDX-License-Identifier: GPL-2.0-only
/*
 * Versions: what each sector of the test leg may hold after it lost power.
 *
 * A sector has a list of versions: what it held before, and each later write and zeroing. One that
 * test has promised to keep is durable, by FUA, for want of a write cache, or by a flush. The
 * newest durable version is the floor. After a power cut a sector may hold its floor or any newer
 * version, whether that was completed, failed or in flight, but nothing older. All sectors of a
 * block hold the same version.
 *
 * A write is durable by a flush if test had completed it before the flush was submitted. Each
 * write notes the epoch in which it was completed, and a new epoch begins before each flush. So a
 * flush that succeeds makes all writes durable up to its epoch, by one assignment. The epoch of a
 * write may be noted late, which promises less and thus never causes a false alarm.
 *
 * A flush that fails makes void the epochs that had not been durable when it was submitted. No
 * other flush makes a write of these epochs durable, be it later or in flight at the same time.
 *
 * Versions are kept in chunks of 64 sectors. A chunk has pieces, newest first: the part of a write
 * that is in the chunk, with a hash of each sector.
 *
 * (V1) A sector needs the piece that is its floor, and all newer ones.
 * (V2) A sector that needs no piece is bare: test holds what raw holds, unless the sector
 *	is unproven. So the first write to a bare sector needs a pre-image, which becomes its
 *	floor.
 * (V3) A sector that needs pieces, but has no floor among them, is unproven. Then it may hold
 *	anything, and needs no older piece. A discard makes sectors unproven, and so does what is
 *	not known: a pre-image that was not read, a failed allocation, a piece that had to be
 *	forgotten, a void epoch. A floor, that is a later write which became durable, ends it.
 * (V4) If a piece is freed, each sector that needs it becomes bare or unproven. It is only bare
 *	if no flush in flight can make the write void.
 *
 * So a lack of memory loses coverage, which is counted, but never causes a false alarm.
 *
 * Which sectors are unproven is recorded in a trust map, because a discard may have any length. A
 * chunk has a copy of its part of it. Another trust map has the sectors that are uncertain: a
 * power cut adds all sectors that are unproven or have a version newer than their floor. A write
 * removes its sectors, and so does an answer, which is final: it becomes a version as if it was
 * written, which no flush has covered yet.
 *
 * Memory. What was not written for longest goes first, chunk by chunk. Below a quarter of the
 * limit nothing is freed, because versions older than the floor help to explain an answer. Above
 * it, chunks that are all durable are freed, and at the limit all others.
 *
 * Pure: knows no device. Locks: blkv_versions.lock, taken here, any context. The locks of the
 * trust maps are taken under it. Interrupts are off for one chunk at a time, and a chunk has a
 * limited number of pieces. Callers that name sectors hold the range lock over them.
 */
#include <kunit/static_stub.h>
#include <kunit/visibility.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "versions.h"

#define CHUNK_SECTORS BLKV_VERSIONS_MAX_UNIT

/* The most pieces of a chunk, and the most of them that are only kept to explain answers. */
#define MAX_PIECES 256U
#define MAX_PAST 16U

/* A longer zeroing is not recorded. */
#define MAX_ZEROS ((sector_t)(SZ_16M >> SECTOR_SHIFT))

/* How many durable chunks each change of a chunk may free. */
#define TRIM 2U

/* An epoch that is never durable. */
#define NEVER U64_MAX

/**
 * struct blkv_version_write - a write, zeroing, or answer
 * @refs: its pieces, and its request
 * @kind: what it is
 * @promise: what test has promised; NONE if that depends on the epoch
 * @completed: without an error
 * @is_held: whether its blocks hold it after the last power cut; valid if @fate is that one
 * @flags: of the request
 * @order: in the order of the range lock
 * @time: when it was recorded
 * @epoch: in which test completed it
 * @cuts: power cuts before it
 * @fate: the power cut after which @is_held was found out
 * @start: first sector
 * @nr_sectors: length
 */
struct blkv_version_write {
	unsigned int refs;
	enum blkv_version_kind kind : 8;
	enum blkv_promise promise : 8;
	bool completed;
	bool is_held;
	unsigned int flags;
	u64 order;
	u64 time;
	u64 epoch;
	u64 cuts;
	u64 fate;
	sector_t start;
	sector_t nr_sectors;
};

/**
 * struct piece - the part of a write in a chunk
 * @older: the next older piece
 * @write: the write
 * @needed: a bit for each sector of the chunk that needs it
 * @from: its first sector in the chunk
 * @nr: its length
 * @hashes: of each of its sectors; none if it is of zeros
 */
struct piece {
	struct piece *older;
	struct blkv_version_write *write;
	u64 needed;
	u8 from;
	u8 nr;
	u64 hashes[];
};

/**
 * struct chunk - the versions of 64 sectors
 * @node: in blkv_versions.chunks
 * @age: in blkv_versions.by_age
 * @number: of the chunk on the device
 * @unproven: a bit for each sector that is unproven
 * @pieces: the newest one
 * @nr_pieces: how many
 */
struct chunk {
	struct rb_node node;
	struct list_head age;
	u64 number;
	u64 unproven;
	struct piece *pieces;
	unsigned int nr_pieces;
};

/**
 * struct part - the part of a range in a chunk
 * @number: of the chunk
 * @from: first sector in the chunk
 * @nr: length
 */
struct part {
	u64 number;
	unsigned int from;
	unsigned int nr;
};

static u64 bits(unsigned int from, unsigned int nr)
{
	return GENMASK_ULL(from + nr - 1, from);
}

static u64 part_bits(const struct part *part)
{
	return bits(part->from, part->nr);
}

static sector_t part_start(const struct part *part)
{
	return part->number * CHUNK_SECTORS + part->from;
}

/* The first part of a range. */
static struct part range_part(sector_t start, sector_t nr)
{
	struct part part = { .number = start / CHUNK_SECTORS, .from = start % CHUNK_SECTORS };

	part.nr = min_t(sector_t, nr, CHUNK_SECTORS - part.from);
	return part;
}

/* Cut the first run of ones off a mask that has some. */
static struct part bits_cut(u64 *mask, u64 number)
{
	struct part part = { .number = number, .from = __ffs64(*mask) };
	u64 rest = ~(*mask >> part.from);

	part.nr = rest ? __ffs64(rest) : CHUNK_SECTORS;
	*mask &= ~part_bits(&part);
	return part;
}

/* ---- trust maps --------------------------------------------------------------------------- */

/* Change sectors of a chunk. Returns how many more became untrusted for want of memory. */
static u64 map_set(struct blkv_trust *map, u64 number, u64 mask, bool trusted)
{
	struct part part;
	u64 lost = 0;

	while (mask) {
		part = bits_cut(&mask, number);
		lost += blkv_trust_set(map, part_start(&part), part.nr, trusted);
	}
	return lost;
}

/* Which sectors are not trusted? */
static u64 map_untrusted(struct blkv_trust *map, const struct part *part)
{
	unsigned int at, run;
	u64 untrusted = 0;
	bool trusted;

	for (at = part->from; at < part->from + part->nr; at += run) {
		run = blkv_trust_run(map, part->number * CHUNK_SECTORS + at,
				     part->from + part->nr - at, &trusted);
		if (!trusted)
			untrusted |= bits(at, run);
	}
	return untrusted;
}

static void certain_set(struct blkv_versions *versions, const struct part *part, bool certain)
{
	map_set(&versions->certain, part->number, part_bits(part), certain);
}

/* ---- writes ------------------------------------------------------------------------------- */

/* All memory that is allocated after the start comes from here. */
VISIBLE_IF_KUNIT void *blkv_versions_alloc(size_t size)
{
	KUNIT_STATIC_STUB_REDIRECT(blkv_versions_alloc, size);
	return kmalloc(size, BLKV_GFP_NOWAIT);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_versions_alloc);

static void write_put(struct blkv_versions *versions, struct blkv_version_write *write)
{
	lockdep_assert_held(&versions->lock);
	if (--write->refs)
		return;
	versions->bytes -= sizeof(*write);
	kfree(write);
}

static bool epoch_is_void(const struct blkv_versions *versions, u64 epoch)
{
	unsigned int i;

	for (i = 0; i < versions->nr_voids; i++)
		if (epoch > versions->voids[i].after && epoch <= versions->voids[i].last)
			return true;
	return false;
}

/* What has test promised, if writes are durable up to this epoch? */
static enum blkv_promise write_promise(const struct blkv_versions *versions,
				       const struct blkv_version_write *write, u64 durable)
{
	if (write->promise != BLKV_PROMISE_NONE || !write->completed || write->epoch == NEVER)
		return write->promise;
	if (epoch_is_void(versions, write->epoch))
		return BLKV_PROMISE_VOID;
	return write->epoch <= durable ? BLKV_PROMISE_FLUSH : BLKV_PROMISE_NONE;
}

static bool promise_is_durable(enum blkv_promise promise)
{
	return promise >= BLKV_PROMISE_FLUSH;
}

static bool write_is_durable(const struct blkv_versions *versions,
			     const struct blkv_version_write *write)
{
	return promise_is_durable(write_promise(versions, write, versions->durable));
}

/* Is it durable, and remains so if all flushes in flight fail? */
static bool write_is_safe(const struct blkv_versions *versions,
			  const struct blkv_version_write *write)
{
	u64 durable = versions->durable;

	/* Of the flushes in flight, the first one was submitted when the least was durable. */
	if (!list_empty(&versions->flights))
		durable = min(durable, list_first_entry(&versions->flights,
							struct blkv_version_flush,
							flight)->durable);
	return promise_is_durable(write_promise(versions, write, durable));
}

/* ---- pieces ------------------------------------------------------------------------------- */

static size_t piece_size(const struct blkv_version_write *write, unsigned int nr)
{
	struct piece *piece;

	return struct_size(piece, hashes, write->kind == BLKV_VERSION_ZEROS ? 0 : nr);
}

static u64 piece_hash(const struct blkv_versions *versions, const struct piece *piece,
		      unsigned int n)
{
	if (piece->write->kind == BLKV_VERSION_ZEROS)
		return versions->zero_hash;
	return piece->hashes[n - piece->from];
}

static bool piece_has(const struct piece *piece, unsigned int n)
{
	return n >= piece->from && n < piece->from + piece->nr;
}

/* Which of some sectors, which the piece has, have its data? @hashes: of sector @first on. */
static u64 piece_match(const struct blkv_versions *versions, const struct piece *piece, u64 mask,
		       unsigned int first, const u64 *hashes)
{
	u64 match = 0;

	for (; mask; mask &= mask - 1) {
		unsigned int n = __ffs64(mask);

		if (piece_hash(versions, piece, n) == hashes[n - first])
			match |= BIT_ULL(n);
	}
	return match;
}

/* Free a piece. @link: what points to it. */
static void piece_free(struct blkv_versions *versions, struct chunk *chunk, struct piece **link)
{
	struct piece *piece = *link;

	*link = piece->older;
	chunk->nr_pieces--;
	versions->bytes -= piece_size(piece->write, piece->nr);
	write_put(versions, piece->write);
	kfree(piece);
}

/* ---- chunks ------------------------------------------------------------------------------- */

/* The sectors of a chunk that the device has. */
static struct part chunk_part(const struct blkv_versions *versions, u64 number)
{
	sector_t start = number * CHUNK_SECTORS;

	return range_part(start, versions->nr_sectors - start);
}

static struct chunk *chunk_of_node(struct rb_node *node)
{
	return rb_entry_safe(node, struct chunk, node);
}

static struct chunk *chunk_find(struct blkv_versions *versions, u64 number)
{
	struct rb_node *node = versions->chunks.rb_node;

	lockdep_assert_held(&versions->lock);
	while (node) {
		struct chunk *chunk = chunk_of_node(node);

		if (chunk->number == number)
			return chunk;
		node = number < chunk->number ? node->rb_left : node->rb_right;
	}
	return NULL;
}

/* The first chunk from a number on. */
static struct chunk *chunk_next(struct blkv_versions *versions, u64 number)
{
	struct rb_node *node = versions->chunks.rb_node;
	struct chunk *next = NULL;

	lockdep_assert_held(&versions->lock);
	while (node) {
		struct chunk *chunk = chunk_of_node(node);

		if (chunk->number >= number)
			next = chunk;
		node = chunk->number >= number ? node->rb_left : node->rb_right;
	}
	return next;
}

static void chunk_insert(struct blkv_versions *versions, struct chunk *chunk)
{
	struct rb_node **link = &versions->chunks.rb_node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = chunk->number < chunk_of_node(parent)->number ? &parent->rb_left :
								       &parent->rb_right;
	}
	rb_link_node(&chunk->node, parent, link);
	rb_insert_color(&chunk->node, &versions->chunks);
}

static void chunk_free(struct blkv_versions *versions, struct chunk *chunk)
{
	while (chunk->pieces)
		piece_free(versions, chunk, &chunk->pieces);
	rb_erase(&chunk->node, &versions->chunks);
	list_del(&chunk->age);
	versions->bytes -= sizeof(*chunk);
	kfree(chunk);
}

/* Record which sectors are unproven. */
static void chunk_set_unproven(struct blkv_versions *versions, struct chunk *chunk, u64 unproven)
{
	u64 forgotten = map_set(&versions->proven, chunk->number, unproven & ~chunk->unproven,
				false);

	forgotten += map_set(&versions->proven, chunk->number, chunk->unproven & ~unproven, true);
	versions->counters.forgotten += forgotten;
	chunk->unproven = unproven;
}

/* Sectors that have pieces which they need. */
static u64 chunk_needing(const struct chunk *chunk)
{
	const struct piece *piece;
	u64 needing = 0;

	for (piece = chunk->pieces; piece; piece = piece->older)
		needing |= piece->needed;
	return needing;
}

/* Sectors whose newest version is not the floor; with @safe, or may cease to be the floor. */
static u64 chunk_undecided(const struct blkv_versions *versions, const struct chunk *chunk,
			   bool safe)
{
	const struct piece *piece;
	u64 undecided = 0, seen = 0;

	for (piece = chunk->pieces; piece; piece = piece->older) {
		if (safe ? !write_is_safe(versions, piece->write) :
			   !write_is_durable(versions, piece->write))
			undecided |= piece->needed & ~seen;
		seen |= piece->needed;
	}
	return undecided;
}

/*
 * Find the floors, below which pieces are not needed. A few of these are kept, to explain answers,
 * while there is memory.
 */
static void chunk_clean(struct blkv_versions *versions, struct chunk *chunk)
{
	unsigned int past = versions->bytes > versions->max_bytes / 4 ? 0 : MAX_PAST;
	struct piece **link = &chunk->pieces, *piece;
	u64 decided = 0, unproven = chunk->unproven;

	while ((piece = *link)) {
		enum blkv_promise promise = write_promise(versions, piece->write,
							  versions->durable);

		piece->needed &= ~decided;
		if (!piece->needed && !past) {
			piece_free(versions, chunk, link);
			continue;
		}
		if (!piece->needed)
			past--;
		if (promise_is_durable(promise)) {
			decided |= piece->needed;
			unproven &= ~piece->needed;
		} else if (promise == BLKV_PROMISE_VOID) {
			decided |= piece->needed;
			unproven |= piece->needed;
		}
		link = &piece->older;
	}
	chunk_set_unproven(versions, chunk, unproven);
}

/* Sectors become unproven. */
static void chunk_unprove(struct blkv_versions *versions, struct chunk *chunk, u64 mask)
{
	struct piece *piece;

	for (piece = chunk->pieces; piece; piece = piece->older)
		piece->needed &= ~mask;
	chunk_set_unproven(versions, chunk, chunk->unproven | mask);
}

/* Sectors become unproven for want of memory. */
static void chunk_forget(struct blkv_versions *versions, struct chunk *chunk, u64 mask)
{
	versions->counters.forgotten += hweight64(mask);
	chunk_set_unproven(versions, chunk, chunk->unproven | mask);
}

/* Free a chunk, whatever that makes unproven. */
static void chunk_drop(struct blkv_versions *versions, struct chunk *chunk)
{
	chunk_clean(versions, chunk);
	chunk_forget(versions, chunk, chunk_undecided(versions, chunk, true));
	chunk_free(versions, chunk);
}

/* Free the oldest piece, which is at the bottom for all of its sectors. */
static void chunk_drop_oldest_piece(struct blkv_versions *versions, struct chunk *chunk)
{
	struct piece **link = &chunk->pieces;
	u64 newer = 0;

	while ((*link)->older) {
		newer |= (*link)->needed;
		link = &(*link)->older;
	}
	if (write_is_safe(versions, (*link)->write))
		chunk_forget(versions, chunk, (*link)->needed & newer);
	else
		chunk_forget(versions, chunk, (*link)->needed);
	piece_free(versions, chunk, link);
}

/* Free old chunks that are all durable, in order to let memory shrink. @keep: is in use */
static void chunks_trim(struct blkv_versions *versions, const struct chunk *keep)
{
	unsigned int n;

	for (n = 0; n < TRIM && versions->bytes > versions->max_bytes / 4; n++) {
		struct chunk *chunk =
			list_first_entry_or_null(&versions->by_age, struct chunk, age);

		if (!chunk || chunk == keep)
			return;
		chunk_clean(versions, chunk);
		if (chunk_undecided(versions, chunk, true))
			return;
		chunk_free(versions, chunk);
	}
}

/* Allocate within the limit, if need be at the expense of the oldest chunks. @keep: is in use */
static void *versions_alloc(struct blkv_versions *versions, size_t size, const struct chunk *keep)
{
	void *memory;

	lockdep_assert_held(&versions->lock);
	while (versions->bytes + size > versions->max_bytes) {
		struct chunk *chunk =
			list_first_entry_or_null(&versions->by_age, struct chunk, age);

		if (!chunk || chunk == keep)
			return NULL;
		chunk_drop(versions, chunk);
	}
	memory = blkv_versions_alloc(size);
	if (memory)
		versions->bytes += size;
	return memory;
}

static struct chunk *chunk_new(struct blkv_versions *versions, u64 number)
{
	struct part part = chunk_part(versions, number);
	struct chunk *chunk = versions_alloc(versions, sizeof(*chunk), NULL);

	if (!chunk)
		return NULL;
	chunk->number = number;
	chunk->unproven = map_untrusted(&versions->proven, &part);
	chunk->pieces = NULL;
	chunk->nr_pieces = 0;
	chunk_insert(versions, chunk);
	list_add_tail(&chunk->age, &versions->by_age);
	return chunk;
}

/* Find or make a chunk, with room for another piece. Returns NULL if memory is short. */
static struct chunk *chunk_get(struct blkv_versions *versions, u64 number)
{
	struct chunk *chunk = chunk_find(versions, number);

	if (!chunk)
		chunk = chunk_new(versions, number);
	if (!chunk)
		return NULL;
	list_move_tail(&chunk->age, &versions->by_age);
	chunk_clean(versions, chunk);
	if (chunk->nr_pieces >= MAX_PIECES)
		chunk_drop_oldest_piece(versions, chunk);
	chunks_trim(versions, chunk);
	return chunk;
}

/* Add a version of some sectors of a chunk. Returns false if memory is short. */
static bool chunk_add(struct blkv_versions *versions, struct chunk *chunk,
		      struct blkv_version_write *write, const struct part *part, const u64 *hashes)
{
	size_t size = piece_size(write, part->nr);
	struct piece *piece = versions_alloc(versions, size, chunk);

	if (!piece)
		return false;
	piece->write = write;
	write->refs++;
	piece->needed = part_bits(part);
	piece->from = part->from;
	piece->nr = part->nr;
	if (write->kind != BLKV_VERSION_ZEROS)
		memcpy(piece->hashes, hashes, part->nr * sizeof(*hashes));
	piece->older = chunk->pieces;
	chunk->pieces = piece;
	chunk->nr_pieces++;
	return true;
}

/* Sectors become unproven, whether there is a chunk or not. @forgotten: for want of memory */
static void part_unprove(struct blkv_versions *versions, const struct part *part, bool forgotten)
{
	struct chunk *chunk = chunk_find(versions, part->number);
	struct blkv_version_counters *counters = &versions->counters;
	u64 mask = part_bits(part);

	lockdep_assert_held(&versions->lock);
	if (chunk)
		chunk_unprove(versions, chunk, mask);
	else
		counters->forgotten += map_set(&versions->proven, part->number, mask, false);
	if (forgotten)
		counters->forgotten += part->nr;
}

/* Add a version of some sectors, or make them unproven. */
static void part_add(struct blkv_versions *versions, struct blkv_version_write *write,
		     const struct part *part, const u64 *hashes)
{
	struct chunk *chunk = chunk_get(versions, part->number);
	u64 bare;

	if (!chunk) {
		part_unprove(versions, part, true);
		return;
	}
	bare = part_bits(part) & ~chunk_needing(chunk) & ~chunk->unproven;
	if (!chunk_add(versions, chunk, write, part, hashes)) {
		part_unprove(versions, part, true);
	} else if (bare) {
		versions->counters.unread += hweight64(bare);
		chunk_set_unproven(versions, chunk, chunk->unproven | bare);
	}
}

/* ---- start and end ------------------------------------------------------------------------ */

/**
 * blkv_versions_init() - prepare to remember versions
 * @versions: zeroed
 * @nr_sectors: size of the target
 * @max_bytes: memory limit, without the maps
 * @unit: sectors of a block; a power of two, at most BLKV_VERSIONS_MAX_UNIT
 * @zero_hash: the hash of a sector of zeros
 *
 * All sectors are bare: test holds what raw holds, and will after a power cut.
 *
 * Context: Process; sleeps.
 * Return: 0 or -ENOMEM. In either case, blkv_versions_exit() is due.
 */
int blkv_versions_init(struct blkv_versions *versions, sector_t nr_sectors, size_t max_bytes,
		       unsigned int unit, u64 zero_hash)
{
	spin_lock_init(&versions->lock);
	versions->nr_sectors = nr_sectors;
	versions->max_bytes = max_bytes;
	versions->unit = unit;
	versions->zero_hash = zero_hash;
	versions->chunks = RB_ROOT;
	INIT_LIST_HEAD(&versions->by_age);
	INIT_LIST_HEAD(&versions->flights);
	versions->epoch = 1;
	versions->preimage = kvzalloc_obj(*versions->preimage);
	if (!versions->preimage)
		return -ENOMEM;
	versions->preimage->refs = 1;
	versions->preimage->kind = BLKV_VERSION_PREIMAGE;
	versions->preimage->promise = BLKV_PROMISE_PREIMAGE;
	versions->preimage->completed = true;
	return blkv_trust_init(&versions->proven, nr_sectors, true) ?:
	       blkv_trust_init(&versions->certain, nr_sectors, true);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_versions_init);

/**
 * blkv_versions_exit() - free all versions
 * @versions: the versions; zeroed memory is fine
 *
 * Context: Process; sleeps. No request is in flight.
 */
void blkv_versions_exit(struct blkv_versions *versions)
{
	struct chunk *chunk;
	unsigned long flags;

	if (versions->preimage) {
		do {
			spin_lock_irqsave(&versions->lock, flags);
			chunk = chunk_of_node(rb_first(&versions->chunks));
			if (chunk)
				chunk_free(versions, chunk);
			spin_unlock_irqrestore(&versions->lock, flags);
			cond_resched();
		} while (chunk);
	}
	kvfree(versions->preimage);
	versions->preimage = NULL;
	blkv_trust_exit(&versions->proven);
	blkv_trust_exit(&versions->certain);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_versions_exit);

/**
 * blkv_versions_move() - hand the versions of an old target over to a new one
 * @to: those of the new one, of which nothing was written
 * @from: those of the old one, which are useless afterwards
 *
 * Context: Process; sleeps. No request is in flight on either, but messages may use them.
 * Return: false, and nothing was done, if the sizes or the options differ.
 */
bool blkv_versions_move(struct blkv_versions *to, struct blkv_versions *from)
{
	unsigned long flags;

	if (to->nr_sectors != from->nr_sectors || to->max_bytes != from->max_bytes ||
	    to->unit != from->unit || to->zero_hash != from->zero_hash)
		return false;
	blkv_trust_move(&to->proven, &from->proven);
	blkv_trust_move(&to->certain, &from->certain);
	spin_lock_irqsave(&to->lock, flags);
	spin_lock_nested(&from->lock, SINGLE_DEPTH_NESTING);
	swap(to->preimage, from->preimage);
	swap(to->chunks, from->chunks);
	list_splice_init(&from->by_age, &to->by_age);
	to->bytes = from->bytes;
	to->order = from->order;
	to->epoch = from->epoch;
	to->durable = from->durable;
	memcpy(to->voids, from->voids, sizeof(to->voids));
	to->nr_voids = from->nr_voids;
	to->cuts = from->cuts;
	to->counters = from->counters;
	from->bytes = 0;
	spin_unlock(&from->lock);
	spin_unlock_irqrestore(&to->lock, flags);
	return true;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_versions_move);

/* ---- writes and flushes ------------------------------------------------------------------- */

/**
 * blkv_versions_find_bare() - find sectors whose pre-image is needed before they are written
 * @versions: the versions
 * @start: where to begin; set to the first sector
 * @nr: how many sectors to look at; set to how many follow that need it
 *
 * Context: Any, under the range lock.
 * Return: false if there are none.
 */
bool blkv_versions_find_bare(struct blkv_versions *versions, sector_t *start, sector_t *nr)
{
	sector_t end = *start + *nr;
	bool found = false;

	while (*start < end) {
		struct part part = range_part(*start, end - *start);
		u64 bare = part_bits(&part);
		struct chunk *chunk;
		unsigned long flags;

		spin_lock_irqsave(&versions->lock, flags);
		chunk = chunk_find(versions, part.number);
		if (chunk)
			bare &= ~(chunk_needing(chunk) | chunk->unproven);
		else
			bare &= ~map_untrusted(&versions->proven, &part);
		spin_unlock_irqrestore(&versions->lock, flags);

		if (bare) {
			part = bits_cut(&bare, part.number);
			*start = part_start(&part);
			*nr = part.nr;
			found = true;
			break;
		}
		*start += part.nr;
	}
	return found;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_versions_find_bare);

/* Record the pre-image of the sectors in a chunk that need one. */
static void part_add_preimage(struct blkv_versions *versions, const struct part *part,
			      const u64 *hashes)
{
	struct chunk *chunk = chunk_get(versions, part->number);
	u64 bare = part_bits(part);

	if (!chunk)
		return;
	bare &= ~(chunk_needing(chunk) | chunk->unproven);
	while (bare) {
		struct part run = bits_cut(&bare, part->number);

		/* If it is not added, the write will make the sectors unproven. */
		if (!chunk_add(versions, chunk, versions->preimage, &run,
			       hashes + run.from - part->from))
			return;
	}
}

/**
 * blkv_versions_add_preimage() - record what sectors hold that are going to be written
 * @versions: the versions
 * @start: first sector
 * @nr: how many, as blkv_versions_find_bare() returned
 * @hashes: of what raw holds
 *
 * A sector without a pre-image, because the read failed or because raw may differ from test, is
 * unproven until the write is durable.
 *
 * Context: Any, under the range lock.
 */
void blkv_versions_add_preimage(struct blkv_versions *versions, sector_t start, sector_t nr,
				const u64 *hashes)
{
	while (nr) {
		struct part part = range_part(start, nr);
		unsigned long flags;

		spin_lock_irqsave(&versions->lock, flags);
		part_add_preimage(versions, &part, hashes);
		spin_unlock_irqrestore(&versions->lock, flags);
		start += part.nr;
		hashes += part.nr;
		nr -= part.nr;
	}
}
EXPORT_SYMBOL_IF_KUNIT(blkv_versions_add_preimage);

static struct blkv_version_write *write_new(struct blkv_versions *versions, sector_t start,
					    sector_t nr, enum blkv_version_kind kind,
					    unsigned int flags)
{
	struct blkv_version_write *write = versions_alloc(versions, sizeof(*write), NULL);

	versions->order++;
	if (!write)
		return NULL;
	*write = (struct blkv_version_write){
		.refs = 1,
		.kind = kind,
		.flags = flags,
		.order = versions->order,
		.time = ktime_get_ns(),
		.cuts = versions->cuts,
		.start = start,
		.nr_sectors = nr,
	};
	return write;
}

/* Free the chunks of a range of whole chunks. What they knew is lost. */
static void chunks_free(struct blkv_versions *versions, u64 number, u64 end)
{
	struct chunk *chunk;
	unsigned long flags;

	do {
		spin_lock_irqsave(&versions->lock, flags);
		chunk = chunk_next(versions, number);
		if (chunk && chunk->number < end) {
			number = chunk->number + 1;
			chunk_free(versions, chunk);
		} else {
			chunk = NULL;
		}
		spin_unlock_irqrestore(&versions->lock, flags);
	} while (chunk);
}

/*
 * Make a range of any length unproven. The range lock prevents others from creating a chunk that
 * lies within the range, but they may drop one, so drop these chunks before changing the map.
 */
static void range_unprove(struct blkv_versions *versions, sector_t start, sector_t nr,
			  bool forgotten)
{
	struct blkv_version_counters *counters = &versions->counters;
	u64 lost = 0;

	while (nr) {
		struct part part = range_part(start, nr);
		sector_t done = part.nr;
		unsigned long flags;

		if (part.nr == CHUNK_SECTORS) {
			done = round_down(nr, CHUNK_SECTORS);
			chunks_free(versions, part.number, part.number + done / CHUNK_SECTORS);
			lost = blkv_trust_set(&versions->proven, start, done, false);
		}
		spin_lock_irqsave(&versions->lock, flags);
		if (part.nr < CHUNK_SECTORS)
			part_unprove(versions, &part, forgotten);
		else
			counters->forgotten += lost + (forgotten ? done : 0);
		spin_unlock_irqrestore(&versions->lock, flags);
		start += done;
		nr -= done;
	}
}

/**
 * blkv_versions_write_begin() - record that sectors are going to be changed
 * @versions: the versions
 * @start: first sector
 * @nr: how many
 * @kind: DATA, ZEROS or ANYTHING
 * @flags: of the request
 *
 * Before it is submitted to test. For DATA, blkv_versions_write_add() is due for all sectors.
 *
 * Context: Any, under the range lock. Takes time proportional to @nr.
 * Return: what the request keeps for blkv_versions_write_end(). NULL if nothing is recorded,
 *	because memory is short, @kind is ANYTHING, or a zeroing is too long; the sectors are then
 *	unproven.
 */
struct blkv_version_write *blkv_versions_write_begin(struct blkv_versions *versions,
						     sector_t start, sector_t nr,
						     enum blkv_version_kind kind,
						     unsigned int flags)
{
	struct blkv_version_write *write = NULL;
	bool is_recorded = kind == BLKV_VERSION_DATA ||
			   (kind == BLKV_VERSION_ZEROS && nr <= MAX_ZEROS);
	unsigned long irq_flags;

	/* Whatever the request does is what raw will hold, too. */
	blkv_trust_set(&versions->certain, start, nr, true);
	if (is_recorded) {
		spin_lock_irqsave(&versions->lock, irq_flags);
		write = write_new(versions, start, nr, kind, flags);
		spin_unlock_irqrestore(&versions->lock, irq_flags);
	}
	if (!write)
		range_unprove(versions, start, nr, is_recorded);
	else if (kind == BLKV_VERSION_ZEROS)
		blkv_versions_write_add(versions, write, start, nr, NULL);
	return write;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_versions_write_begin);

/**
 * blkv_versions_write_add() - record the data of a write, or of a part of it
 * @versions: the versions
 * @write: the write; NULL is fine
 * @start: first sector
 * @nr: how many
 * @hashes: of each sector
 *
 * A part has whole blocks, or test may tear the blocks at its edges unnoticed.
 *
 * Context: Any, under the range lock, before the write is submitted to test.
 */
void blkv_versions_write_add(struct blkv_versions *versions, struct blkv_version_write *write,
			     sector_t start, sector_t nr, const u64 *hashes)
{
	while (write && nr) {
		struct part part = range_part(start, nr);
		unsigned long flags;

		spin_lock_irqsave(&versions->lock, flags);
		part_add(versions, write, &part, hashes);
		spin_unlock_irqrestore(&versions->lock, flags);
		start += part.nr;
		hashes = hashes ? hashes + part.nr : NULL;
		nr -= part.nr;
	}
}
EXPORT_SYMBOL_IF_KUNIT(blkv_versions_write_add);

/**
 * blkv_versions_write_drop_fua() - a write is not durable when it completes, after all
 * @versions: the versions
 * @write: the write, which has not ended; NULL is fine
 *
 * Context: Any.
 */
void blkv_versions_write_drop_fua(struct blkv_versions *versions,
				  struct blkv_version_write *write)
{
	unsigned long flags;

	if (!write)
		return;
	spin_lock_irqsave(&versions->lock, flags);
	write->flags &= ~BLKV_VERSION_FUA;
	spin_unlock_irqrestore(&versions->lock, flags);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_versions_write_drop_fua);

/**
 * blkv_versions_write_end() - record that test has completed a write
 * @versions: the versions
 * @write: the write, which is gone afterwards; NULL is fine
 * @ok: without an error
 * @no_cache: test announces no write cache now
 *
 * Context: Any.
 */
void blkv_versions_write_end(struct blkv_versions *versions, struct blkv_version_write *write,
			     bool ok, bool no_cache)
{
	unsigned long flags;

	if (!write)
		return;
	spin_lock_irqsave(&versions->lock, flags);
	write->completed = ok;
	/* What is completed after a power cut is not promised: maybe it was done before. */
	write->epoch = write->cuts == versions->cuts ? versions->epoch : NEVER;
	if (!ok)
		write->promise = BLKV_PROMISE_FAILED;
	else if (write->epoch == NEVER)
		write->promise = BLKV_PROMISE_NONE;
	else if (write->flags & BLKV_VERSION_FUA)
		write->promise = BLKV_PROMISE_FUA;
	else if (no_cache && write->flags & BLKV_VERSION_NO_CACHE)
		write->promise = BLKV_PROMISE_NO_CACHE;
	write_put(versions, write);
	spin_unlock_irqrestore(&versions->lock, flags);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_versions_write_end);

/**
 * blkv_versions_flush_begin() - record that test is going to be sent a flush
 * @versions: the versions
 * @flush: filled in; the request keeps it
 *
 * Context: Any, before the flush is submitted to test.
 */
void blkv_versions_flush_begin(struct blkv_versions *versions, struct blkv_version_flush *flush)
{
	unsigned long flags;

	spin_lock_irqsave(&versions->lock, flags);
	flush->epoch = versions->epoch++;
	flush->durable = versions->durable;
	list_add_tail(&flush->flight, &versions->flights);
	spin_unlock_irqrestore(&versions->lock, flags);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_versions_flush_begin);

/* No flush makes these epochs durable. If there are too many intervals, two become one. */
static void void_add(struct blkv_versions *versions, u64 after, u64 last)
{
	struct blkv_version_void *interval;
	unsigned int i;

	if (after >= last)
		return;
	for (i = 0; i < versions->nr_voids; i++) {
		interval = &versions->voids[i];
		if (after <= interval->last && last >= interval->after)
			break;
	}
	if (i == versions->nr_voids && i < BLKV_VERSIONS_VOIDS) {
		versions->voids[i] = (struct blkv_version_void){ .after = after, .last = last };
		versions->nr_voids++;
		return;
	}
	interval = &versions->voids[min(i, BLKV_VERSIONS_VOIDS - 1)];
	interval->after = min(interval->after, after);
	interval->last = max(interval->last, last);
}

/**
 * blkv_versions_flush_end() - record that test has completed a flush
 * @versions: the versions
 * @flush: the flush
 * @end: how
 *
 * Context: Any.
 */
void blkv_versions_flush_end(struct blkv_versions *versions, struct blkv_version_flush *flush,
			     enum blkv_flush_end end)
{
	unsigned long flags;

	spin_lock_irqsave(&versions->lock, flags);
	list_del(&flush->flight);
	if (end == BLKV_FLUSH_OK)
		versions->durable = max(versions->durable, flush->epoch);
	else if (end == BLKV_FLUSH_FAILED)
		void_add(versions, flush->durable, flush->epoch);
	spin_unlock_irqrestore(&versions->lock, flags);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_versions_flush_end);

/**
 * blkv_versions_unprove() - forget what sectors may hold
 * @versions: the versions
 * @start: first sector
 * @nr: how many
 *
 * Until a later write is durable, they may hold anything. Unlike blkv_versions_write_begin(), this
 * does not need the range lock.
 *
 * Context: Process; sleeps. Takes time proportional to @nr.
 */
void blkv_versions_unprove(struct blkv_versions *versions, sector_t start, sector_t nr)
{
	while (nr) {
		struct part part = range_part(start, nr);

		spin_lock_irq(&versions->lock);
		part_unprove(versions, &part, false);
		spin_unlock_irq(&versions->lock);
		start += part.nr;
		nr -= part.nr;
		cond_resched();
	}
}
EXPORT_SYMBOL_IF_KUNIT(blkv_versions_unprove);

/* ---- power cuts --------------------------------------------------------------------------- */

/* What is promised now is final. A later flush promises nothing about earlier writes. */
static void chunk_cut(struct blkv_versions *versions, struct chunk *chunk)
{
	struct piece *piece;

	chunk_clean(versions, chunk);
	for (piece = chunk->pieces; piece; piece = piece->older) {
		struct blkv_version_write *write = piece->write;

		write->promise = write_promise(versions, write, versions->durable);
		write->epoch = NEVER;
	}
	map_set(&versions->certain, chunk->number, chunk_undecided(versions, chunk, false), false);
}

/**
 * blkv_versions_cut() - test has lost power
 * @versions: the versions
 *
 * Finds the sectors that are uncertain now.
 *
 * Context: Process; sleeps. No request is in flight.
 */
void blkv_versions_cut(struct blkv_versions *versions)
{
	sector_t start, run;
	struct chunk *chunk;
	u64 number = 0;
	bool proven;

	do {
		spin_lock_irq(&versions->lock);
		chunk = chunk_next(versions, number);
		if (chunk) {
			chunk_cut(versions, chunk);
			number = chunk->number + 1;
		}
		spin_unlock_irq(&versions->lock);
		cond_resched();
	} while (chunk);

	for (start = 0; start < versions->nr_sectors; start += run) {
		run = blkv_trust_run(&versions->proven, start, versions->nr_sectors - start,
				     &proven);
		if (!proven)
			blkv_trust_set(&versions->certain, start, run, false);
		cond_resched();
	}

	spin_lock_irq(&versions->lock);
	versions->nr_voids = 0;
	versions->cuts++;
	spin_unlock_irq(&versions->lock);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_versions_cut);

/**
 * blkv_versions_done() - stop waiting for answers
 * @versions: the versions
 *
 * No sector is uncertain any longer. The caller has made those untrusted that were.
 *
 * Context: Process; sleeps.
 */
void blkv_versions_done(struct blkv_versions *versions)
{
	sector_t start = 0, nr = versions->nr_sectors;

	while (blkv_versions_find_uncertain(versions, &start, &nr)) {
		blkv_trust_set(&versions->certain, start, nr, true);
		start += nr;
		nr = versions->nr_sectors - start;
		cond_resched();
	}
}
EXPORT_SYMBOL_IF_KUNIT(blkv_versions_done);

/**
 * blkv_versions_exempt() - do not wait for the answers of sectors
 * @versions: the versions
 * @start: first sector
 * @nr: how many
 *
 * They become certain. For sectors that are not compared, or that are known to equal raw.
 *
 * Context: Any. Takes time proportional to @nr.
 */
void blkv_versions_exempt(struct blkv_versions *versions, sector_t start, sector_t nr)
{
	blkv_trust_set(&versions->certain, start, nr, true);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_versions_exempt);

/**
 * blkv_versions_find_uncertain() - find sectors that are uncertain since a power cut
 * @versions: the versions
 * @start: where to begin; set to the first one
 * @nr: how many sectors to look at; set to how many follow that are uncertain
 *
 * Takes no lock. A block is uncertain if one of its sectors is.
 *
 * Context: Any, but takes time proportional to @nr.
 * Return: false if there are none.
 */
bool blkv_versions_find_uncertain(struct blkv_versions *versions, sector_t *start, sector_t *nr)
{
	sector_t end = *start + *nr, run;
	bool certain;

	for (; *start < end; *start += run) {
		run = blkv_trust_run(&versions->certain, *start, end - *start, &certain);
		if (!certain) {
			*nr = run;
			return true;
		}
	}
	return false;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_versions_find_uncertain);

/**
 * struct block - a block that is judged
 * @versions: the versions
 * @part: where it is
 * @chunk: its chunk, or NULL
 * @unproven: its unproven sectors
 * @test: hashes of what test returned
 * @raw: hashes of what raw holds
 */
struct block {
	struct blkv_versions *versions;
	struct part part;
	struct chunk *chunk;
	u64 unproven;
	const u64 *test;
	const u64 *raw;
};

static void version_fill(const struct blkv_versions *versions, const struct piece *piece,
			 const struct part *part, unsigned int n, struct blkv_version *version)
{
	const struct blkv_version_write *write = piece->write;
	bool is_preimage = write->kind == BLKV_VERSION_PREIMAGE;

	*version = (struct blkv_version){
		.order = write->order,
		.time = write->time,
		.start = is_preimage ? part->number * CHUNK_SECTORS + n : write->start,
		.nr_sectors = is_preimage ? 1 : write->nr_sectors,
		.kind = write->kind,
		.flags = write->flags,
		.promise = write_promise(versions, write, versions->durable),
		.completed = write->completed,
		.hash = piece_hash(versions, piece, n),
	};
}

static void judgement_name(const struct block *block, unsigned int n, const struct piece *piece,
			   struct blkv_judgement *judgement)
{
	judgement->is_known = piece;
	if (piece)
		version_fill(block->versions, piece, &block->part, n, &judgement->version);
}

/* The newest piece that sector @n needs from @piece on, or NULL. */
static const struct piece *piece_needed(const struct piece *piece, unsigned int n)
{
	while (piece && !(piece->needed & BIT_ULL(n)))
		piece = piece->older;
	return piece;
}

static const struct piece *block_newest(const struct block *block, unsigned int n)
{
	return block->chunk ? piece_needed(block->chunk->pieces, n) : NULL;
}

/* The floor of a sector. If it is bare, perhaps the write that became its floor is still known. */
static const struct piece *block_floor(const struct block *block, unsigned int n)
{
	const struct piece *piece = block_newest(block, n);

	while (piece && !write_is_durable(block->versions, piece->write))
		piece = piece_needed(piece->older, n);
	return piece;
}

/*
 * Is the answer for sector @n a version that is too old? A power cut did not take what was written
 * after it.
 */
static bool block_is_lost(const struct block *block, unsigned int n)
{
	const struct piece *piece = block->chunk ? block->chunk->pieces : NULL;
	const struct piece *floor = block_floor(block, n);
	u64 hash = block->test[n - block->part.from];

	if (floor && floor->write->cuts == block->versions->cuts)
		return false;
	for (; piece; piece = piece->older)
		if (piece_has(piece, n) && !(piece->needed & BIT_ULL(n)) &&
		    piece_hash(block->versions, piece, n) == hash)
			return true;
	return false;
}

/* Is it a version that would be allowed if no answer had been final? */
static bool block_flaps(const struct block *block, unsigned int n)
{
	const struct piece *piece = block_newest(block, n);

	if (!piece || piece->write->kind != BLKV_VERSION_SETTLED)
		return false;
	while ((piece = piece_needed(piece->older, n)))
		if (piece_hash(block->versions, piece, n) == block->test[n - block->part.from])
			return true;
	return block->unproven & BIT_ULL(n);
}

/* The answer for sector @n is not allowed: what is it? */
static enum blkv_answer block_explain(const struct block *block, unsigned int n,
				      struct blkv_judgement *judgement)
{
	judgement->sector = block->part.number * CHUNK_SECTORS + n;
	judgement_name(block, n, block_newest(block, n), judgement);
	if (block_flaps(block, n))
		return BLKV_ANSWER_FLAPPING;
	judgement_name(block, n, block_floor(block, n), judgement);
	if (block_is_lost(block, n))
		return BLKV_ANSWER_LOST;
	if (block->test[n - block->part.from] == block->versions->zero_hash)
		return BLKV_ANSWER_ZEROS;
	return BLKV_ANSWER_OTHER;
}

/* The sectors of @mask that have the same versions as its first sector. */
static u64 block_group(const struct block *block, u64 mask)
{
	u64 first = mask & -mask;
	u64 group = mask & (block->unproven & first ? block->unproven : ~block->unproven);
	const struct piece *piece = block->chunk ? block->chunk->pieces : NULL;

	for (; piece; piece = piece->older)
		group &= piece->needed & first ? piece->needed : ~piece->needed;
	return group;
}

/*
 * Sectors whose newest version is this one hold it or not. If it is an atomic write, it is the same
 * for all others of the write. Returns false if not.
 */
static bool write_check_fate(const struct blkv_versions *versions,
			     struct blkv_version_write *write, bool is_held)
{
	if (!(write->flags & BLKV_VERSION_ATOMIC) || write_is_durable(versions, write))
		return true;
	if (write->fate == versions->cuts)
		return write->is_held == is_held;
	write->fate = versions->cuts;
	write->is_held = is_held;
	return true;
}

/* Judge sectors that have the same versions. */
static enum blkv_answer block_judge_group(const struct block *block, u64 group,
					  struct blkv_judgement *judgement)
{
	const struct blkv_versions *versions = block->versions;
	unsigned int first = block->part.from, n = __ffs64(group);
	const struct piece *newest = block_newest(block, n), *piece, *found = NULL;
	bool is_unproven = block->unproven & BIT_ULL(n), is_held = false;
	u64 allowed = 0;
	unsigned int nr_older = 0;

	judgement->sector = block->part.number * CHUNK_SECTORS + n;
	for (piece = newest; piece; piece = piece_needed(piece->older, n)) {
		u64 match = piece_match(versions, piece, group, first, block->test);

		allowed |= match;
		if (match != group)
			continue;
		found = found ?: piece;
		is_held |= piece == newest;
		nr_older += piece != newest;
	}
	judgement_name(block, n, found ?: newest, judgement);
	if (found && !is_unproven && !(is_held && nr_older) &&
	    !write_check_fate(versions, newest->write, is_held))
		return BLKV_ANSWER_TORN;
	if (found)
		return found == newest ? BLKV_ANSWER_NEW : BLKV_ANSWER_OLD;
	if (is_unproven)
		return BLKV_ANSWER_UNPROVEN;
	if (allowed == group)
		return BLKV_ANSWER_TORN;
	return block_explain(block, __ffs64(group & ~allowed), judgement);
}

/* Judge sectors that are certain. */
static enum blkv_answer block_judge_certain(const struct block *block, u64 mask,
					    struct blkv_judgement *judgement)
{
	for (; mask; mask &= mask - 1) {
		unsigned int n = __ffs64(mask);

		if (block->test[n - block->part.from] != block->raw[n - block->part.from])
			return block_explain(block, n, judgement);
	}
	return BLKV_ANSWER_CERTAIN;
}

/* Sectors whose newest version was written or read after the last power cut. */
static u64 chunk_renewed(const struct blkv_versions *versions, const struct chunk *chunk)
{
	const struct piece *piece;
	u64 renewed = 0, seen = 0;

	for (piece = chunk->pieces; piece; piece = piece->older) {
		if (piece->write->cuts == versions->cuts)
			renewed |= piece->needed & ~seen;
		seen |= piece->needed;
	}
	return renewed;
}

/*
 * Sectors that must hold what raw holds, because they were read or written, or are bare. If memory
 * was short, the map may call too many sectors uncertain.
 */
static u64 block_certain(const struct block *block)
{
	u64 uncertain = map_untrusted(&block->versions->certain, &block->part);

	if (block->chunk) {
		uncertain &= block->unproven | chunk_needing(block->chunk);
		uncertain &= ~chunk_renewed(block->versions, block->chunk);
	} else {
		uncertain &= block->unproven;
	}
	return part_bits(&block->part) & ~uncertain;
}

static enum blkv_answer block_judge(const struct block *block, struct blkv_judgement *judgement)
{
	u64 certain = block_certain(block), rest = part_bits(&block->part) & ~certain, group;

	judgement->sector = part_start(&block->part);
	judgement->is_known = false;
	judgement->answer = block_judge_certain(block, certain, judgement);
	for (; rest; rest &= ~group) {
		struct blkv_judgement other;

		group = block_group(block, rest);
		other.answer = block_judge_group(block, group, &other);
		if (other.answer > judgement->answer)
			*judgement = other;
	}
	return judgement->answer;
}

static void answer_count(struct blkv_version_counters *counters, enum blkv_answer answer)
{
	if (answer == BLKV_ANSWER_LOST)
		counters->lost++;
	else if (answer == BLKV_ANSWER_TORN)
		counters->torn++;
	else if (!blkv_answer_is_allowed(answer))
		counters->other++;
}

/* The part of a block that the device has. */
static struct part unit_part(const struct blkv_versions *versions, sector_t start)
{
	return range_part(start, min_t(sector_t, versions->unit, versions->nr_sectors - start));
}

/**
 * blkv_versions_judge() - may test hold this?
 * @versions: the versions
 * @start: first sector of a block
 * @test: hashes of the sectors of the block, as test returned them
 * @raw: hashes of the sectors of the block, as raw returned them; not of sectors whose contents are
 *	untrusted
 * @judgement: filled in
 *
 * Counts an answer that is not allowed. Works for certain blocks, too: it explains a mismatch.
 *
 * Context: Any, under the range lock, which must not be shared if the block is settled afterwards.
 * Return: the answer.
 */
enum blkv_answer blkv_versions_judge(struct blkv_versions *versions, sector_t start,
				     const u64 *test, const u64 *raw,
				     struct blkv_judgement *judgement)
{
	struct block block = {
		.versions = versions,
		.part = unit_part(versions, start),
		.test = test,
		.raw = raw,
	};
	unsigned long flags;

	spin_lock_irqsave(&versions->lock, flags);
	block.chunk = chunk_find(versions, block.part.number);
	if (block.chunk) {
		chunk_clean(versions, block.chunk);
		block.unproven = block.chunk->unproven & part_bits(&block.part);
	} else {
		block.unproven = map_untrusted(&versions->proven, &block.part);
	}
	block_judge(&block, judgement);
	answer_count(&versions->counters, judgement->answer);
	spin_unlock_irqrestore(&versions->lock, flags);
	return judgement->answer;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_versions_judge);

/* The answer becomes a version as if it was written now. */
static void part_settle(struct blkv_versions *versions, const struct part *part,
			const u64 *hashes)
{
	struct blkv_version_write *write = write_new(versions, part_start(part), part->nr,
						     BLKV_VERSION_SETTLED, 0);

	if (!write) {
		part_unprove(versions, part, true);
		return;
	}
	write->completed = true;
	write->epoch = versions->epoch;
	part_add(versions, write, part, hashes);
	write_put(versions, write);
}

/**
 * blkv_versions_settle() - an answer that is allowed is final
 * @versions: the versions
 * @start: first sector of the block
 * @hashes: of the sectors of the block, as test returned them, and as raw holds them now
 * @answer: what blkv_versions_judge() returned; if CERTAIN, no version is added
 *
 * From now on the block is certain. A later power cut may bring back its floor, until a flush has
 * covered the answer.
 *
 * Context: Any, under the range lock, which is not shared.
 */
void blkv_versions_settle(struct blkv_versions *versions, sector_t start, const u64 *hashes,
			  enum blkv_answer answer)
{
	struct blkv_version_counters *counters = &versions->counters;
	struct part part = unit_part(versions, start);
	unsigned long flags;

	if (answer == BLKV_ANSWER_CERTAIN) {
		/* For want of memory, the map may have called it uncertain. */
		certain_set(versions, &part, true);
		return;
	}
	spin_lock_irqsave(&versions->lock, flags);
	if (answer == BLKV_ANSWER_NEW)
		counters->settled_new++;
	else if (answer == BLKV_ANSWER_OLD)
		counters->settled_old++;
	else
		counters->settled_unproven++;
	part_settle(versions, &part, hashes);
	spin_unlock_irqrestore(&versions->lock, flags);
	certain_set(versions, &part, true);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_versions_settle);

/* ---- messages and reports ----------------------------------------------------------------- */

/**
 * blkv_promise_name() - the word for a promise
 * @promise: the promise
 *
 * Return: the word.
 */
const char *blkv_promise_name(enum blkv_promise promise)
{
	static const char *const names[] = {
		[BLKV_PROMISE_NONE] = "none",
		[BLKV_PROMISE_FAILED] = "failed",
		[BLKV_PROMISE_VOID] = "void",
		[BLKV_PROMISE_FLUSH] = "flush",
		[BLKV_PROMISE_FUA] = "fua",
		[BLKV_PROMISE_NO_CACHE] = "no_cache",
		[BLKV_PROMISE_PREIMAGE] = "preimage",
	};

	return names[promise];
}
EXPORT_SYMBOL_IF_KUNIT(blkv_promise_name);

/**
 * blkv_answer_name() - the word for an answer
 * @answer: the answer
 *
 * Return: the word; for one that is not allowed, that of its class.
 */
const char *blkv_answer_name(enum blkv_answer answer)
{
	static const char *const names[] = {
		[BLKV_ANSWER_CERTAIN] = "certain",
		[BLKV_ANSWER_NEW] = "new",
		[BLKV_ANSWER_OLD] = "old",
		[BLKV_ANSWER_UNPROVEN] = "unproven",
		[BLKV_ANSWER_TORN] = "torn",
		[BLKV_ANSWER_LOST] = "lost",
		[BLKV_ANSWER_FLAPPING] = "flapping",
		[BLKV_ANSWER_ZEROS] = "zeros",
		[BLKV_ANSWER_OTHER] = "other",
	};

	return names[answer];
}

/**
 * blkv_version_kind_name() - the word for a kind of version
 * @kind: the kind
 *
 * Return: the word.
 */
const char *blkv_version_kind_name(enum blkv_version_kind kind)
{
	static const char *const names[] = {
		[BLKV_VERSION_DATA] = "data",
		[BLKV_VERSION_ZEROS] = "zeros",
		[BLKV_VERSION_ANYTHING] = "anything",
		[BLKV_VERSION_PREIMAGE] = "preimage",
		[BLKV_VERSION_SETTLED] = "settled",
	};

	return names[kind];
}
EXPORT_SYMBOL_IF_KUNIT(blkv_version_kind_name);

/**
 * blkv_versions_list() - what a sector may hold after a power cut
 * @versions: the versions
 * @sector: the sector
 * @list: filled in, newest first
 * @max: length of @list
 * @unproven: set to whether it may hold anything else, too
 *
 * Context: Any.
 * Return: how many versions there are in @list. If 0, it is what raw holds, unless @unproven.
 */
unsigned int blkv_versions_list(struct blkv_versions *versions, sector_t sector,
				struct blkv_version *list, unsigned int max, bool *unproven)
{
	struct part part = range_part(sector, 1);
	struct chunk *chunk;
	const struct piece *piece = NULL;
	unsigned long flags;
	unsigned int n = 0;

	spin_lock_irqsave(&versions->lock, flags);
	chunk = chunk_find(versions, part.number);
	if (chunk) {
		chunk_clean(versions, chunk);
		piece = piece_needed(chunk->pieces, part.from);
	}
	for (; piece && n < max; piece = piece_needed(piece->older, part.from))
		version_fill(versions, piece, &part, part.from, &list[n++]);
	*unproven = chunk ? chunk->unproven & part_bits(&part) :
			    map_untrusted(&versions->proven, &part);
	spin_unlock_irqrestore(&versions->lock, flags);
	return n;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_versions_list);

/**
 * blkv_versions_may_hold() - might a sector hold this if test lost power now?
 * @versions: the versions
 * @sector: the sector
 * @hash: of the data
 *
 * Context: Any, under the range lock.
 * Return: whether it might, apart from what raw holds.
 */
bool blkv_versions_may_hold(struct blkv_versions *versions, sector_t sector, u64 hash)
{
	struct part part = range_part(sector, 1);
	const struct piece *piece = NULL;
	struct chunk *chunk;
	unsigned long flags;
	bool may;

	spin_lock_irqsave(&versions->lock, flags);
	chunk = chunk_find(versions, part.number);
	if (chunk) {
		chunk_clean(versions, chunk);
		piece = piece_needed(chunk->pieces, part.from);
	}
	may = chunk ? chunk->unproven & part_bits(&part) :
		      map_untrusted(&versions->proven, &part);
	for (; piece && !may; piece = piece_needed(piece->older, part.from))
		may = piece_hash(versions, piece, part.from) == hash;
	spin_unlock_irqrestore(&versions->lock, flags);
	return may;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_versions_may_hold);

/* When was a write requested? 0 if it was none: what was read before, or after a power cut. */
static u64 write_time(const struct blkv_version_write *write)
{
	return write->kind == BLKV_VERSION_SETTLED ? 0 : write->time;
}

/* Look for data in a chunk; see blkv_versions_find_hash(). */
static bool chunk_find_hash(const struct blkv_versions *versions, const struct chunk *chunk,
			    u64 hash, sector_t except, sector_t *sector, u64 *time)
{
	const struct piece *piece;
	unsigned int n;

	for (piece = chunk->pieces; piece; piece = piece->older) {
		for (n = piece->from; n < piece->from + piece->nr; n++) {
			if (piece_hash(versions, piece, n) != hash ||
			    chunk->number * CHUNK_SECTORS + n == except)
				continue;
			*sector = chunk->number * CHUNK_SECTORS + n;
			*time = write_time(piece->write);
			return true;
		}
	}
	return false;
}

/**
 * blkv_versions_find_hash() - find another sector that has, or had, some data
 * @versions: the versions
 * @hash: of the data
 * @except: the sector that has them now
 * @sector: set to the other one
 * @time: set to when its write was recorded, in ns since boot; 0 if the data are not known to come
 *	from a write. Of several such writes in 64 sectors, the newest one counts
 *
 * Context: Process; sleeps. Walks all chunks; the lock is dropped in between.
 * Return: false if none is known.
 */
bool blkv_versions_find_hash(struct blkv_versions *versions, u64 hash, sector_t except,
			     sector_t *sector, u64 *time)
{
	struct chunk *chunk;
	bool found = false;
	u64 number = 0;

	do {
		cond_resched();
		spin_lock_irq(&versions->lock);
		chunk = chunk_next(versions, number);
		if (chunk) {
			number = chunk->number + 1;
			found = chunk_find_hash(versions, chunk, hash, except, sector, time);
		}
		spin_unlock_irq(&versions->lock);
	} while (chunk && !found);
	return found;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_versions_find_hash);

/**
 * blkv_versions_count() - get the counters
 * @versions: the versions
 * @counters: filled in
 *
 * Context: Any.
 */
void blkv_versions_count(struct blkv_versions *versions, struct blkv_version_counters *counters)
{
	unsigned long flags;

	spin_lock_irqsave(&versions->lock, flags);
	*counters = versions->counters;
	spin_unlock_irqrestore(&versions->lock, flags);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_versions_count);

/**
 * blkv_versions_reset() - start counting from zero
 * @versions: the versions
 *
 * Context: Any.
 */
void blkv_versions_reset(struct blkv_versions *versions)
{
	unsigned long flags;

	spin_lock_irqsave(&versions->lock, flags);
	memset(&versions->counters, 0, sizeof(versions->counters));
	spin_unlock_irqrestore(&versions->lock, flags);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_versions_reset);

/**
 * blkv_versions_cuts() - how many power cuts were there?
 * @versions: the versions
 *
 * Context: Any.
 * Return: how many.
 */
u64 blkv_versions_cuts(struct blkv_versions *versions)
{
	unsigned long flags;
	u64 cuts;

	spin_lock_irqsave(&versions->lock, flags);
	cuts = versions->cuts;
	spin_unlock_irqrestore(&versions->lock, flags);
	return cuts;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_versions_cuts);
