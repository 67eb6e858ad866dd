// SPDX-License-Identifier: GPL-2.0-only
/*
 * The trust map: the sectors in which both legs are known to hold the same data.
 *
 * The device is divided into regions of 1 MiB and groups of 512 regions. A group is all trusted,
 * none trusted, or a table of regions; a region is all trusted, none trusted, or a leaf, which has
 * a bit for each sector. Only mixed ones cost memory, so a target of 64 TiB starts with one MiB.
 *
 * If memory for a mixed group or region cannot be allocated, all of it becomes untrusted. That
 * loses coverage, which is counted, but never makes a sector trusted.
 *
 * Pure: knows no device. Any number of CPUs use a map at once, by these rules:
 *
 * 1. Only the request that owns a sector, by the range lock, changes its trust. So its owner may
 *    look it up without a lock, under RCU. Any other reader sees the state before or after a
 *    change, never anything else. There are two exceptions. If memory is short, a sector
 *    may become untrusted at any time. And the messages "trust" and "distrust" do not take the
 *    range lock: a request in flight may still use the previous state.
 * 2. Setting a sector to the state that it already has takes no lock and writes nothing.
 * 3. Every change is made under the lock of its place: sectors of a leaf, and the entry that points
 *    to it, under the lock of the leaf; other entries of a table, and the entry that points to it,
 *    under the lock of the table. These locks are of a region or a group only, and none is taken
 *    inside another. An entry of a map that is no table is changed by cmpxchg().
 * 4. A leaf or a table that is replaced is dead: marked under its lock, freed by RCU. A change that
 *    locks it and finds it dead starts again from the map. So neighbours lose nothing when a region
 *    is split or joined.
 * 5. A change is counted once, by the code that made it under the lock, in this CPU's counter.
 * 6. While a map is not tainted, everything is trusted. It is tainted before the first sector can
 *    be seen to be untrusted, and remains so: a sum would be written by every CPU.
 *
 * Locks: blkv_trust_leaf.lock and blkv_trust_table.lock, taken here, any context.
 */
#include <kunit/static_stub.h>
#include <kunit/visibility.h>
#include <linux/bitmap.h>
#include <linux/minmax.h>
#include <linux/overflow.h>
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

/* Leaves are a little longer than a power of two. */
static struct kmem_cache *leaf_cache;

/**
 * struct change - the effect of a change of the map
 * @untrusted: increase of the number of untrusted sectors
 * @lost: number of sectors that should be trusted but are not, because an allocation failed
 */
struct change {
	s64 untrusted;
	u64 lost;
};

/**
 * struct span - the sectors of a change, in one group or one region
 * @size: sectors of the group or region
 * @from: the first one to change
 * @nr: how many
 * @trusted: what they are to be
 */
struct span {
	unsigned int size;
	unsigned int from;
	unsigned int nr;
	bool trusted;
};

static bool is_uniform(const void *entry)
{
	return entry == ALL || entry == NONE;
}

static void *uniform_entry(bool trusted)
{
	return trusted ? ALL : NONE;
}

/* Untrusted sectors of a uniform group or region. */
static unsigned int uniform_untrusted(const void *entry, unsigned int size)
{
	return entry == NONE ? size : 0;
}

/* All leaves, which have a cache, and tables come from here. */
VISIBLE_IF_KUNIT void *blkv_trust_alloc(struct kmem_cache *cache, size_t size)
{
	KUNIT_STATIC_STUB_REDIRECT(blkv_trust_alloc, cache, size);
	return cache ? kmem_cache_alloc(cache, BLKV_GFP_NOWAIT) : kmalloc(size, BLKV_GFP_NOWAIT);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_trust_alloc);

/*
 * Between a look at the map and the lock, or the exchange, that acts on it. Tests change the map
 * here, as another CPU might. The result means nothing.
 */
VISIBLE_IF_KUNIT bool blkv_trust_race(void)
{
	KUNIT_STATIC_STUB_REDIRECT(blkv_trust_race);
	return false;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_trust_race);

/**
 * blkv_trust_cache_create() - get ready to make maps
 *
 * Context: Process; sleeps. Once, when the module is loaded.
 * Return: 0 or -ENOMEM.
 */
int blkv_trust_cache_create(void)
{
	leaf_cache = KMEM_CACHE(blkv_trust_leaf, 0);
	return leaf_cache ? 0 : -ENOMEM;
}

/**
 * blkv_trust_cache_destroy() - undo blkv_trust_cache_create()
 *
 * Context: Process; sleeps. Once, when no map is left, before the module is unloaded.
 */
void blkv_trust_cache_destroy(void)
{
	/* Functions of this unit still have to free the dead leaves and tables of the last maps. */
	rcu_barrier();
	kmem_cache_destroy(leaf_cache);
}

/* Sectors of the group or region of @size that starts at @start; the last one may be short. */
static unsigned int sectors_in(sector_t nr_sectors, sector_t start, unsigned int size)
{
	return min_t(sector_t, size, nr_sectors - start);
}

/* ---- leaves ------------------------------------------------------------------------------- */

/*
 * Set or clear bits. Others read the words without a lock. Returns how many bits have changed.
 */
static unsigned int leaf_write(struct blkv_trust_leaf *leaf, unsigned int from, unsigned int nr,
			       bool trusted)
{
	unsigned int at, part, changed = 0;

	for (at = from; at < from + nr; at += part) {
		unsigned long *word = &leaf->bits[BIT_WORD(at)];
		unsigned int shift = at % BITS_PER_LONG;
		unsigned long mask, old = *word;

		part = min_t(unsigned int, BITS_PER_LONG - shift, from + nr - at);
		mask = (~0UL >> (BITS_PER_LONG - part)) << shift;
		changed += hweight_long((trusted ? ~old : old) & mask);
		WRITE_ONCE(*word, trusted ? old | mask : old & ~mask);
	}
	return changed;
}

/* As blkv_trust_run(), for sectors [from, from + nr) of a region. */
static unsigned int leaf_run(const struct blkv_trust_leaf *leaf, unsigned int from,
			     unsigned int nr, bool *trusted)
{
	unsigned int at, shift;
	unsigned long word;

	*trusted = READ_ONCE(leaf->bits[BIT_WORD(from)]) >> (from % BITS_PER_LONG) & 1;
	for (at = from; at < from + nr; at += BITS_PER_LONG - shift) {
		shift = at % BITS_PER_LONG;
		word = READ_ONCE(leaf->bits[BIT_WORD(at)]);
		/* What differs from the first bit. */
		word = (*trusted ? ~word : word) >> shift;
		if (word)
			return min_t(unsigned int, at - from + __ffs(word), nr) ?: 1;
	}
	return nr;
}

static void leaf_set_trust(struct blkv_trust_leaf *leaf, const struct span *span)
{
	unsigned int changed = leaf_write(leaf, span->from, span->nr, span->trusted);

	leaf->nr_untrusted += span->trusted ? -changed : changed;
}

/* A leaf for a region that is uniform until now, with a change already made. */
static struct blkv_trust_leaf *leaf_new(const void *entry, const struct span *span)
{
	struct blkv_trust_leaf *leaf = blkv_trust_alloc(leaf_cache, sizeof(*leaf));

	if (!leaf)
		return NULL;
	spin_lock_init(&leaf->lock);
	leaf->dead = false;
	leaf->nr_untrusted = uniform_untrusted(entry, span->size);
	memset(leaf->bits, entry == ALL ? 0xff : 0, sizeof(leaf->bits));
	leaf_set_trust(leaf, span);
	return leaf;
}

static void leaf_free(struct blkv_trust_leaf *leaf)
{
	if (leaf)
		kmem_cache_free(leaf_cache, leaf);
}

static void leaf_free_rcu(struct rcu_head *rcu)
{
	leaf_free(container_of(rcu, struct blkv_trust_leaf, rcu));
}

/*
 * Change sectors of @leaf, which was found in @entry; if it becomes uniform, replace it there.
 * Returns false if it was dead.
 */
static bool leaf_set(void **entry, struct blkv_trust_leaf *leaf, const struct span *span,
		     struct change *change)
{
	unsigned int before, after;
	unsigned long flags;
	bool joins;

	blkv_trust_race();
	spin_lock_irqsave(&leaf->lock, flags);
	if (leaf->dead) {
		spin_unlock_irqrestore(&leaf->lock, flags);
		return false;
	}
	before = leaf->nr_untrusted;
	/* Not written if it is replaced as a whole: the bits are only read. */
	if (span->nr < span->size)
		leaf_set_trust(leaf, span);
	else
		leaf->nr_untrusted = span->trusted ? 0 : span->size;
	after = leaf->nr_untrusted;
	joins = !after || after == span->size;
	if (joins) {
		leaf->dead = true;
		/* After the map was tainted, as for all entries. */
		smp_store_release(entry, uniform_entry(!after));
	}
	spin_unlock_irqrestore(&leaf->lock, flags);

	change->untrusted += (s64)after - before;
	if (joins)
		call_rcu(&leaf->rcu, leaf_free_rcu);
	return true;
}

/* ---- tables ------------------------------------------------------------------------------- */

/* A table for a group that is uniform until now. */
static struct blkv_trust_table *table_new(void *entry)
{
	struct blkv_trust_table *table = blkv_trust_alloc(NULL, sizeof(*table));

	if (!table)
		return NULL;
	table->regions = blkv_trust_alloc(NULL, REGIONS * sizeof(*table->regions));
	if (!table->regions) {
		kfree(table);
		return NULL;
	}
	spin_lock_init(&table->lock);
	table->dead = false;
	memset_p(table->regions, entry, REGIONS);
	return table;
}

static void table_free(struct blkv_trust_table *table)
{
	kfree(table->regions);
	kfree(table);
}

static void table_free_rcu(struct rcu_head *rcu)
{
	table_free(container_of(rcu, struct blkv_trust_table, rcu));
}

/*
 * Change sectors of a region whose entry is @old, all trusted or none. Returns false if that has
 * changed, or if the table is dead.
 */
static bool table_set_region(struct blkv_trust_table *table, unsigned int i, void *old,
			     const struct span *span, struct change *change)
{
	void *new = uniform_entry(span->trusted);
	struct blkv_trust_leaf *leaf = NULL;
	unsigned int before = uniform_untrusted(old, span->size), after;
	unsigned long flags;
	bool changed;

	if (span->nr < span->size) {
		leaf = leaf_new(old, span);
		new = leaf ?: NONE;
	}
	after = leaf ? leaf->nr_untrusted : uniform_untrusted(new, span->size);
	blkv_trust_race();
	spin_lock_irqsave(&table->lock, flags);
	changed = !table->dead && READ_ONCE(table->regions[i]) == old;
	if (changed)
		/* After the bits of a new leaf. */
		smp_store_release(&table->regions[i], new);
	spin_unlock_irqrestore(&table->lock, flags);

	if (!changed) {
		leaf_free(leaf);
		return false;
	}
	change->untrusted += (s64)after - before;
	if (span->nr < span->size && !leaf)
		change->lost += old == ALL ? span->size - span->nr : span->nr;
	return true;
}

/* Are all @nr entries of a table @entry? */
static bool table_is(const struct blkv_trust_table *table, const void *entry, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (READ_ONCE(table->regions[i]) != entry)
			return false;
	return true;
}

/* If all @nr regions of @table, which was found in @group, are @entry, replace it by that. */
static void table_join(void **group, struct blkv_trust_table *table, void *entry, unsigned int nr)
{
	unsigned long flags;
	bool joins;

	/* Of two CPUs that each make a region uniform, one must see both. */
	smp_mb();
	if (!table_is(table, entry, nr))
		return;
	blkv_trust_race();
	spin_lock_irqsave(&table->lock, flags);
	joins = !table->dead && table_is(table, entry, nr);
	if (joins) {
		table->dead = true;
		/* As in leaf_set(). */
		smp_store_release(group, entry);
	}
	spin_unlock_irqrestore(&table->lock, flags);
	if (joins)
		call_rcu(&table->rcu, table_free_rcu);
}

/* Change sectors of one region. Returns false if that has to start again from the map. */
static bool region_set(void **group, struct blkv_trust_table *table, unsigned int group_size,
		       unsigned int i, const struct span *span, struct change *change)
{
	void *entry = READ_ONCE(table->regions[i]);
	bool is_set = true;

	if (entry == uniform_entry(span->trusted))
		return true;
	if (is_uniform(entry))
		is_set = table_set_region(table, i, entry, span, change);
	else
		is_set = leaf_set(&table->regions[i], entry, span, change);
	entry = READ_ONCE(table->regions[i]);
	if (is_set && is_uniform(entry))
		table_join(group, table, entry, DIV_ROUND_UP(group_size, BLKV_REGION_SECTORS));
	return is_set;
}

/* Free the leaf of a region of a dead table. Returns how many sectors it left untrusted. */
static unsigned int region_retire(struct blkv_trust_table *table, unsigned int i, unsigned int size)
{
	for (;;) {
		struct blkv_trust_leaf *leaf = READ_ONCE(table->regions[i]);
		unsigned int untrusted;
		unsigned long flags;
		bool was_dead;

		if (is_uniform(leaf))
			return uniform_untrusted(leaf, size);
		blkv_trust_race();
		spin_lock_irqsave(&leaf->lock, flags);
		was_dead = leaf->dead;
		leaf->dead = true;
		untrusted = leaf->nr_untrusted;
		spin_unlock_irqrestore(&leaf->lock, flags);
		if (was_dead)
			continue;
		call_rcu(&leaf->rcu, leaf_free_rcu);
		return untrusted;
	}
}

/* ---- groups ------------------------------------------------------------------------------- */

/* Change a whole group whose entry is @old. Returns false if that has changed. */
static bool group_replace(void **group, void *old, const struct span *span, struct change *change)
{
	struct blkv_trust_table *table = old;
	void *new = uniform_entry(span->trusted);
	unsigned int untrusted = uniform_untrusted(new, span->size), at, was_untrusted = 0;
	unsigned long flags;
	bool was_dead;

	if (is_uniform(old)) {
		blkv_trust_race();
		if (cmpxchg(group, old, new) != old)
			return false;
		change->untrusted += (s64)untrusted - uniform_untrusted(old, span->size);
		return true;
	}

	blkv_trust_race();
	spin_lock_irqsave(&table->lock, flags);
	was_dead = table->dead;
	table->dead = true;
	if (!was_dead)
		/* As in leaf_set(). */
		smp_store_release(group, new);
	spin_unlock_irqrestore(&table->lock, flags);
	if (was_dead)
		return false;

	for (at = 0; at < span->size; at += BLKV_REGION_SECTORS)
		was_untrusted += region_retire(table, at / BLKV_REGION_SECTORS,
					       min(span->size - at, BLKV_REGION_SECTORS));
	change->untrusted += (s64)untrusted - was_untrusted;
	call_rcu(&table->rcu, table_free_rcu);
	return true;
}

/*
 * Give a group whose entry is @old, all trusted or none, a table. Without memory for one, the whole
 * group becomes untrusted, and this returns true: nothing is left to do.
 */
static bool group_split(void **group, void *old, const struct span *span, struct change *change)
{
	struct blkv_trust_table *table = table_new(old);

	blkv_trust_race();
	if (table) {
		if (cmpxchg(group, old, (void *)table) != old)
			table_free(table);
		return false;
	}
	if (cmpxchg(group, old, NONE) != old)
		return false;
	change->untrusted += span->size - uniform_untrusted(old, span->size);
	change->lost += old == ALL ? span->size - span->nr : span->nr;
	return true;
}

/* Change sectors of one group. Returns how many, from the first one on, have been changed. */
static unsigned int group_set(void **group, const struct span *span, struct change *change)
{
	unsigned int i = span->from / BLKV_REGION_SECTORS;
	unsigned int base = i * BLKV_REGION_SECTORS;
	struct span part = {
		.size = min(span->size - base, BLKV_REGION_SECTORS),
		.from = span->from - base,
		.trusted = span->trusted,
	};

	part.nr = min(span->nr, part.size - part.from);
	for (;;) {
		void *entry = READ_ONCE(*group);

		if (entry == uniform_entry(span->trusted))
			return span->nr;
		if (span->nr == span->size) {
			if (group_replace(group, entry, span, change))
				return span->nr;
		} else if (is_uniform(entry)) {
			if (group_split(group, entry, span, change))
				return span->nr;
		} else if (region_set(group, entry, span->size, i, &part, change)) {
			return part.nr;
		}
	}
}

/* ---- maps --------------------------------------------------------------------------------- */

static void map_free(struct blkv_trust_map *map, unsigned long nr_groups)
{
	unsigned long i, r;

	for (i = 0; i < nr_groups; i++) {
		struct blkv_trust_table *table = map->groups[i];

		cond_resched();
		if (is_uniform(table))
			continue;
		for (r = 0; r < REGIONS; r++)
			if (!is_uniform(table->regions[r]))
				leaf_free(table->regions[r]);
		table_free(table);
	}
	free_percpu(map->untrusted);
	kvfree(map);
}

/* As blkv_trust_run(), for a map that is tainted. */
static sector_t map_run(struct blkv_trust_map *map, sector_t start, sector_t nr, bool *trusted)
{
	sector_t group = start, run;
	unsigned int from = sector_div(group, GROUP_SECTORS), offset;
	struct blkv_trust_table *table = READ_ONCE(map->groups[group]);
	struct blkv_trust_leaf *leaf;

	run = min_t(sector_t, nr, GROUP_SECTORS - from);
	*trusted = (void *)table == ALL;
	if (is_uniform(table))
		return run;

	offset = from % BLKV_REGION_SECTORS;
	run = min_t(sector_t, run, BLKV_REGION_SECTORS - offset);
	leaf = READ_ONCE(table->regions[from / BLKV_REGION_SECTORS]);
	*trusted = (void *)leaf == ALL;
	return is_uniform(leaf) ? run : leaf_run(leaf, offset, run, trusted);
}

/*
 * Change some sectors, from the first one on, unless they are so already. Returns how many are as
 * they are to be now.
 */
static sector_t map_set(struct blkv_trust_map *map, sector_t nr_sectors, sector_t start,
			sector_t nr, bool trusted, struct change *change)
{
	struct span span = { .trusted = trusted };
	sector_t group = start, run;
	bool is_trusted = true;

	if (trusted && !READ_ONCE(map->tainted))
		return nr;
	run = map_run(map, start, nr, &is_trusted);
	if (is_trusted == trusted)
		return run;

	/* Before an untrusted sector can be seen: what follows is a release. */
	if (!trusted && !READ_ONCE(map->tainted))
		WRITE_ONCE(map->tainted, true);
	span.from = sector_div(group, GROUP_SECTORS);
	span.size = sectors_in(nr_sectors, start - span.from, GROUP_SECTORS);
	span.nr = min_t(sector_t, nr, span.size - span.from);
	return group_set(&map->groups[group], &span, change);
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
	struct blkv_trust_map *map;
	unsigned long i;

	trust->nr_sectors = nr_sectors;
	trust->nr_groups = DIV_ROUND_UP_SECTOR_T(nr_sectors, GROUP_SECTORS);
	map = kvzalloc(struct_size(map, groups, trust->nr_groups), GFP_KERNEL);
	if (!map)
		return -ENOMEM;
	map->untrusted = alloc_percpu(s64);
	if (!map->untrusted) {
		kvfree(map);
		return -ENOMEM;
	}

	for (i = 0; i < trust->nr_groups && !trusted; i++)
		map->groups[i] = NONE;
	map->tainted = !trusted;
	this_cpu_add(*map->untrusted, trusted ? 0 : nr_sectors);
	RCU_INIT_POINTER(trust->map, map);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_trust_init);

/**
 * blkv_trust_exit() - free a trust map
 * @trust: the map; zeroed memory is fine
 *
 * Context: Process; sleeps. Nobody uses the map.
 */
void blkv_trust_exit(struct blkv_trust *trust)
{
	struct blkv_trust_map *map = rcu_dereference_protected(trust->map, true);

	if (map)
		map_free(map, trust->nr_groups);
	RCU_INIT_POINTER(trust->map, NULL);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_trust_exit);

/**
 * blkv_trust_set() - record whether both legs hold the same data in some sectors
 * @trust: the map
 * @start: first sector
 * @nr: how many; all inside the map
 * @trusted: whether they do
 *
 * If they are known to be so, this takes no lock and writes nothing.
 *
 * Context: Any; does not sleep. Takes time proportional to @nr, so not for many regions in
 * hard-interrupt context.
 * Return: the number of sectors that should be trusted afterwards but are not, because an
 * allocation failed.
 */
u64 blkv_trust_set(struct blkv_trust *trust, sector_t start, sector_t nr, bool trusted)
{
	u64 lost = 0;

	while (nr) {
		struct change change = {};
		struct blkv_trust_map *map;
		sector_t part;

		/* For each part anew, so that a grace period need not wait for all of them. */
		rcu_read_lock();
		map = rcu_dereference(trust->map);
		part = map_set(map, trust->nr_sectors, start, nr, trusted, &change);
		if (change.untrusted)
			this_cpu_add(*map->untrusted, change.untrusted);
		rcu_read_unlock();

		lost += change.lost;
		start += part;
		nr -= part;
	}
	return lost;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_trust_set);

/**
 * blkv_trust_run() - the longest run of sectors that are all trusted or all untrusted
 * @trust: the map
 * @start: first sector
 * @nr: how many sectors to look at; not 0
 * @trusted: set to the state of the run
 *
 * Takes no lock and writes nothing. If the caller holds the range lock over the sectors, the result
 * is certain: a request that changed one of them held it, too, and was done before the range lock
 * was passed on. Otherwise each sector is as it was at some moment during the call.
 *
 * Context: Any.
 * Return: the length, at least 1. The run may end early, at the end of a region.
 */
sector_t blkv_trust_run(struct blkv_trust *trust, sector_t start, sector_t nr, bool *trusted)
{
	struct blkv_trust_map *map;

	*trusted = true;
	rcu_read_lock();
	map = rcu_dereference(trust->map);
	if (READ_ONCE(map->tainted))
		nr = map_run(map, start, nr, trusted);
	rcu_read_unlock();
	return nr;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_trust_run);

/* Exchange two maps of the same size. Messages may use @a. */
static void maps_swap(struct blkv_trust *a, struct blkv_trust *b)
{
	struct blkv_trust_map *map = rcu_dereference_protected(a->map, true);

	rcu_assign_pointer(a->map, rcu_dereference_protected(b->map, true));
	rcu_assign_pointer(b->map, map);
	/* Until nobody uses the old map of @a any longer, because @b may be freed now. */
	synchronize_rcu();
}

/**
 * blkv_trust_move() - hand the contents of an old map over to a new one
 * @to: the new map
 * @from: the old map, which is useless afterwards. If the sizes differ, only the common sectors
 *	are carried over; those beyond the end of @from become untrusted, because the table of
 *	@from may itself have replaced a longer one.
 *
 * Context: Process; sleeps. No request is in flight on either, and no message uses @from.
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
 * Return: their number. While requests change it, it may be off by what they change.
 */
u64 blkv_trust_untrusted(struct blkv_trust *trust)
{
	struct blkv_trust_map *map;
	s64 sum = 0;
	int cpu;

	rcu_read_lock();
	map = rcu_dereference(trust->map);
	for_each_possible_cpu(cpu)
		sum += READ_ONCE(*per_cpu_ptr(map->untrusted, cpu));
	rcu_read_unlock();
	/* A decrease may have been seen without the increase before it, of another CPU. */
	return max_t(s64, sum, 0);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_trust_untrusted);
