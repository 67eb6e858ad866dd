// SPDX-License-Identifier: GPL-2.0-only
/*
 * The trust map: the sectors in which both legs are known to hold the same data.
 *
 * The device is divided into regions of 1 MiB and groups of 512 regions. A group is all trusted,
 * none trusted, or a page of region entries; a region is all trusted, none trusted, or a bitmap of
 * 256 bytes. Only mixed ones cost memory, so a target of 64 TiB starts with one MiB.
 *
 * If memory for a mixed group or region cannot be allocated, all of it becomes untrusted. That
 * loses coverage, which is counted, but never makes a sector trusted.
 *
 * Pure: knows no device. Locks: blkv_trust.lock, taken here, any context. Requests set and read the
 * trust of sectors under the range lock, so for one range these are ordered; the spinlock protects
 * neighbours that share a bitmap or a group. The messages "trust" and "distrust" do not take the
 * range lock: a request in flight may still use the previous state.
 */
#include <kunit/static_stub.h>
#include <kunit/visibility.h>
#include <linux/bitmap.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "trust.h"

#define REGIONS 512UL
#define GROUP_SECTORS (REGIONS * BLKV_REGION_SECTORS)

/*
 * An entry of either level: ALL, NONE, or a pointer. ALL is NULL, so that zeroed memory is a map in
 * which everything is trusted.
 */
#define ALL ((void *)0)
#define NONE ((void *)1)

static bool is_uniform(const void *entry)
{
	return entry == ALL || entry == NONE;
}

static void *uniform_entry(bool trusted)
{
	return trusted ? ALL : NONE;
}

/* All bitmaps and tables of regions come from here. */
VISIBLE_IF_KUNIT void *blkv_trust_alloc(size_t size)
{
	KUNIT_STATIC_STUB_REDIRECT(blkv_trust_alloc, size);
	return kmalloc(size, BLKV_GFP_NOWAIT);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_trust_alloc);

/* Sectors of the group or region of @size that starts at @start; the last one may be short. */
static unsigned int sectors_in(const struct blkv_trust *trust, sector_t start, unsigned int size)
{
	return min_t(sector_t, size, trust->nr_sectors - start);
}

static unsigned int region_untrusted(void *entry, unsigned int nr)
{
	if (is_uniform(entry))
		return entry == NONE ? nr : 0;
	return nr - bitmap_weight(entry, nr);
}

static void region_free(void *entry)
{
	if (!is_uniform(entry))
		kfree(entry);
}

static void group_free(void **regions)
{
	unsigned long i;

	if (is_uniform(regions))
		return;
	for (i = 0; i < REGIONS; i++)
		region_free(regions[i]);
	kfree(regions);
}

/**
 * blkv_trust_init() - make a trust map
 * @trust: the map
 * @nr_sectors: its size
 * @trusted: the initial state of all sectors
 *
 * Context: Process; sleeps.
 * Return: 0 or -ENOMEM.
 */
int blkv_trust_init(struct blkv_trust *trust, sector_t nr_sectors, bool trusted)
{
	unsigned long i;

	trust->nr_sectors = nr_sectors;
	trust->nr_groups = DIV_ROUND_UP_SECTOR_T(nr_sectors, GROUP_SECTORS);
	spin_lock_init(&trust->lock);
	trust->groups = kvzalloc_objs(*trust->groups, trust->nr_groups);
	if (!trust->groups)
		return -ENOMEM;

	for (i = 0; i < trust->nr_groups && !trusted; i++)
		trust->groups[i] = NONE;
	atomic64_set(&trust->untrusted, trusted ? 0 : nr_sectors);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_trust_init);

/**
 * blkv_trust_exit() - free a trust map
 * @trust: the map; zeroed memory is fine
 *
 * Context: Process; sleeps.
 */
void blkv_trust_exit(struct blkv_trust *trust)
{
	unsigned long i;

	for (i = 0; trust->groups && i < trust->nr_groups; i++) {
		group_free(trust->groups[i]);
		cond_resched();
	}
	kvfree(trust->groups);
	trust->groups = NULL;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_trust_exit);

/**
 * struct change - the effect of a change of the map
 * @untrusted: increase of the number of untrusted sectors
 * @lost: number of sectors that should be trusted but are not, because an allocation failed
 */
struct change {
	s64 untrusted;
	u64 lost;
};

/* If @entry cannot be split to set @nr of its @size sectors, all of them become untrusted. */
static void *entry_give_up(void *entry, unsigned int size, unsigned int nr, struct change *change)
{
	change->lost += entry == ALL ? size - nr : nr;
	return NONE;
}

/*
 * Set sectors [from, from + nr) of one region of @size sectors. Returns the new entry of the
 * region, which is @entry unless that was replaced.
 */
static void *region_set(void *entry, unsigned int size, unsigned int from, unsigned int nr,
			bool trusted, struct change *change)
{
	unsigned long *bits = entry;

	if (nr == size) {
		region_free(entry);
		return uniform_entry(trusted);
	}
	if (entry == uniform_entry(trusted))
		return entry;

	if (is_uniform(entry)) {
		bits = blkv_trust_alloc(BITS_TO_BYTES(BLKV_REGION_SECTORS));
		if (!bits)
			return entry_give_up(entry, size, nr, change);
		if (entry == ALL)
			bitmap_fill(bits, BLKV_REGION_SECTORS);
		else
			bitmap_zero(bits, BLKV_REGION_SECTORS);
	}

	if (trusted)
		bitmap_set(bits, from, nr);
	else
		bitmap_clear(bits, from, nr);
	if (trusted ? bitmap_full(bits, size) : bitmap_empty(bits, size)) {
		kfree(bits);
		return uniform_entry(trusted);
	}
	return bits;
}

/* Turn a uniform group into a page of uniform regions. */
static void **group_split(void *entry)
{
	void **regions = blkv_trust_alloc(REGIONS * sizeof(*regions));

	if (regions)
		memset_p(regions, entry, REGIONS);
	return regions;
}

/* If all @nr regions are @entry, replace their page by that. */
static void *group_join(void **regions, void *entry, unsigned long nr)
{
	unsigned long i;

	for (i = 0; i < nr; i++)
		if (regions[i] != entry)
			return regions;
	kfree(regions);
	return entry;
}

static s64 group_untrusted(struct blkv_trust *trust, void **regions, sector_t base)
{
	unsigned int size = sectors_in(trust, base, GROUP_SECTORS);
	unsigned long i;
	s64 sum = 0;

	if (is_uniform(regions))
		return regions == NONE ? size : 0;
	for (i = 0; i * BLKV_REGION_SECTORS < size; i++)
		sum += region_untrusted(regions[i],
					sectors_in(trust, base + i * BLKV_REGION_SECTORS,
						   BLKV_REGION_SECTORS));
	return sum;
}

/* Set sectors [from, from + nr) of the group at @base, which has @size sectors. */
static void *group_set(struct blkv_trust *trust, void *entry, sector_t base, unsigned int size,
		       unsigned int from, unsigned int nr, bool trusted, struct change *change)
{
	void **regions = entry;
	bool joined = false;

	if (nr == size) {
		change->untrusted = (trusted ? 0 : size) - group_untrusted(trust, entry, base);
		group_free(entry);
		return uniform_entry(trusted);
	}
	if (entry == uniform_entry(trusted))
		return entry;
	if (is_uniform(entry)) {
		regions = group_split(entry);
		if (!regions) {
			change->untrusted = size - group_untrusted(trust, entry, base);
			return entry_give_up(entry, size, nr, change);
		}
	}

	while (nr) {
		unsigned int i = from / BLKV_REGION_SECTORS;
		unsigned int offset = from % BLKV_REGION_SECTORS;
		unsigned int region = min(size - i * BLKV_REGION_SECTORS, BLKV_REGION_SECTORS);
		unsigned int part = min(nr, region - offset);
		s64 before = region_untrusted(regions[i], region);

		regions[i] = region_set(regions[i], region, offset, part, trusted, change);
		change->untrusted += region_untrusted(regions[i], region) - before;
		joined |= is_uniform(regions[i]);
		from += part;
		nr -= part;
	}

	if (!joined)
		return regions;
	return group_join(regions, regions[(from - 1) / BLKV_REGION_SECTORS],
			  DIV_ROUND_UP(size, BLKV_REGION_SECTORS));
}

/**
 * blkv_trust_set() - record whether both legs hold the same data in some sectors
 * @trust: the map
 * @start: first sector
 * @nr: how many; all inside the map
 * @trusted: whether they do
 *
 * Context: Any; does not sleep. Takes time proportional to @nr, so not for many regions in
 * hard-interrupt context.
 * Return: the number of sectors that should be trusted afterwards but are not, because an
 * allocation failed.
 */
u64 blkv_trust_set(struct blkv_trust *trust, sector_t start, sector_t nr, bool trusted)
{
	u64 lost = 0;

	/* Nothing is untrusted: see blkv_trust_run() for why this needs no lock. */
	if (trusted && !atomic64_read(&trust->untrusted))
		return 0;

	while (nr) {
		unsigned long flags;
		unsigned int from;
		sector_t group = start;
		sector_t base;
		unsigned int size, part;
		struct change change = {};

		from = sector_div(group, GROUP_SECTORS);
		base = start - from;
		size = sectors_in(trust, base, GROUP_SECTORS);
		part = min_t(sector_t, nr, size - from);

		spin_lock_irqsave(&trust->lock, flags);
		trust->groups[group] = group_set(trust, trust->groups[group], base, size, from,
						 part, trusted, &change);
		atomic64_add(change.untrusted, &trust->untrusted);
		spin_unlock_irqrestore(&trust->lock, flags);

		lost += change.lost;
		start += part;
		nr -= part;
	}
	return lost;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_trust_set);

/* As blkv_trust_run(), for sectors [from, from + nr) of one region. */
static unsigned int region_run(void *entry, unsigned int from, unsigned int nr, bool *trusted)
{
	unsigned int end;

	*trusted = entry == ALL;
	if (is_uniform(entry))
		return nr;

	*trusted = test_bit(from, entry);
	end = *trusted ? find_next_zero_bit(entry, from + nr, from) :
			 find_next_bit(entry, from + nr, from);
	return end - from;
}

/**
 * blkv_trust_run() - the longest run of sectors that are all trusted or all untrusted
 * @trust: the map
 * @start: first sector
 * @nr: how many sectors to look at; not 0
 * @trusted: set to the state of the run
 *
 * In the common case, in which nothing is untrusted, this takes no lock. That is safe because the
 * caller holds the range lock over the sectors: a request that made one of them untrusted held it,
 * too, and raised @untrusted before the range lock was passed on.
 *
 * Context: Any.
 * Return: the length, at least 1. The run may end early, at the end of a region.
 */
sector_t blkv_trust_run(struct blkv_trust *trust, sector_t start, sector_t nr, bool *trusted)
{
	sector_t group = start, run = nr;
	unsigned long flags;
	unsigned int from;
	void **regions;

	*trusted = true;
	if (!atomic64_read(&trust->untrusted))
		return nr;

	from = sector_div(group, GROUP_SECTORS);
	run = min_t(sector_t, run, GROUP_SECTORS - from);
	spin_lock_irqsave(&trust->lock, flags);
	regions = trust->groups[group];
	if (is_uniform(regions)) {
		*trusted = (void *)regions == ALL;
	} else {
		unsigned int offset = from % BLKV_REGION_SECTORS;

		run = min_t(sector_t, run, BLKV_REGION_SECTORS - offset);
		run = region_run(regions[from / BLKV_REGION_SECTORS], offset, run, trusted);
	}
	spin_unlock_irqrestore(&trust->lock, flags);
	return run;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_trust_run);

/* Exchange two maps of the same size. */
static void maps_swap(struct blkv_trust *a, struct blkv_trust *b)
{
	s64 untrusted;

	spin_lock_irq(&a->lock);
	spin_lock_nested(&b->lock, SINGLE_DEPTH_NESTING);
	untrusted = atomic64_read(&a->untrusted);
	swap(a->groups, b->groups);
	atomic64_set(&a->untrusted, atomic64_read(&b->untrusted));
	atomic64_set(&b->untrusted, untrusted);
	spin_unlock(&b->lock);
	spin_unlock_irq(&a->lock);
}

/**
 * blkv_trust_move() - hand the contents of an old map over to a new one
 * @to: the new map
 * @from: the old map, which is useless afterwards. If the sizes differ, only the common sectors
 *	are carried over; those beyond the end of @from become untrusted, because the table of
 *	@from may itself have replaced a longer one.
 *
 * Context: Process. No request is in flight on either.
 */
void blkv_trust_move(struct blkv_trust *to, struct blkv_trust *from)
{
	sector_t both = min(to->nr_sectors, from->nr_sectors), start, run;
	bool trusted;

	if (to->nr_sectors == from->nr_sectors) {
		maps_swap(to, from);
		return;
	}
	for (start = 0; start < both; start += run) {
		run = blkv_trust_run(from, start, both - start, &trusted);
		blkv_trust_set(to, start, run, trusted);
		cond_resched();
	}
	blkv_trust_set(to, both, to->nr_sectors - both, false);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_trust_move);

/**
 * blkv_trust_untrusted() - how many sectors are untrusted
 * @trust: the map
 *
 * Context: Any.
 * Return: their number.
 */
u64 blkv_trust_untrusted(struct blkv_trust *trust)
{
	return atomic64_read(&trust->untrusted);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_trust_untrusted);
