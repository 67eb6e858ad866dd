// SPDX-License-Identifier: GPL-2.0-only
/*
 * Provenance: rings of the last requests that changed data, to name the write that covered a bad
 * sector last.
 *
 * Pure: knows no device. A write costs one slot of a ring that is allocated once, and no pass over
 * the data. Each CPU has a ring of its own, so that writers share no cache line; only a lookup,
 * after a finding or for a message, looks at all of them.
 *
 * 1. A slot is filled when the request is submitted to the legs, under the range lock. Its time is
 *    that of a clock which never goes back, also from one CPU to another: of two overlapping
 *    writes, the one with the later time came later on both legs. In a ring the times differ, even
 *    if the clock has not advanced. Two overlapping writes of different CPUs could have the same
 *    time only if the clock did not advance while both legs carried out the first one.
 * 2. A write that is older than one that some ring has forgotten is forgotten, too: perhaps the
 *    forgotten one was of the same sector. So a write that is found is always the last one, and its
 *    order is known: it is the number of all writes up to its time.
 *
 * Locks: blkv_history_ring.lock, taken here, any context. A lookup holds it for one slot at a time,
 * so that it keeps interrupts off for a moment only.
 */
#include <kunit/static_stub.h>
#include <kunit/visibility.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/smp.h>
#include <linux/timekeeping.h>

#include "history.h"
#include "origin.h"

/* The number of CPUs, that of this one, and the time: tests have their own. */
VISIBLE_IF_KUNIT unsigned int blkv_history_cpus(void)
{
	KUNIT_STATIC_STUB_REDIRECT(blkv_history_cpus);
	return nr_cpu_ids;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_history_cpus);

VISIBLE_IF_KUNIT unsigned int blkv_history_cpu(void)
{
	KUNIT_STATIC_STUB_REDIRECT(blkv_history_cpu);
	return raw_smp_processor_id();
}
EXPORT_SYMBOL_IF_KUNIT(blkv_history_cpu);

VISIBLE_IF_KUNIT u64 blkv_history_clock(void)
{
	KUNIT_STATIC_STUB_REDIRECT(blkv_history_clock);
	return ktime_get_ns();
}
EXPORT_SYMBOL_IF_KUNIT(blkv_history_clock);

/**
 * blkv_history_init() - make an empty history
 * @history: zeroed
 *
 * Context: Process; sleeps.
 * Return: 0 or -ENOMEM. In either case, blkv_history_exit() is due.
 */
int blkv_history_init(struct blkv_history *history)
{
	unsigned int i, nr = blkv_history_cpus();

	history->nr_slots = max_t(unsigned int, BLKV_HISTORY_SIZE_OF_CPU,
				  roundup_pow_of_two(DIV_ROUND_UP(BLKV_HISTORY_SIZE, nr)));
	history->rings = kvzalloc_objs(*history->rings, nr);
	if (!history->rings)
		return -ENOMEM;
	history->nr_rings = nr;
	for (i = 0; i < nr; i++) {
		struct blkv_history_ring *ring = &history->rings[i];

		spin_lock_init(&ring->lock);
		ring->slots = kvzalloc_objs(*ring->slots, history->nr_slots);
		if (!ring->slots)
			return -ENOMEM;
	}
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_history_init);

/**
 * blkv_history_exit() - free a history
 * @history: the history; zeroed memory is fine
 *
 * Context: Process.
 */
void blkv_history_exit(struct blkv_history *history)
{
	unsigned int i;

	for (i = 0; i < history->nr_rings; i++)
		kvfree(history->rings[i].slots);
	kvfree(history->rings);
	history->rings = NULL;
	history->nr_rings = 0;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_history_exit);

/**
 * blkv_history_add() - record a request that changes data
 * @history: the history
 * @write: the request; its @time is filled in here
 *
 * Context: Any.
 */
void blkv_history_add(struct blkv_history *history, const struct blkv_write *write)
{
	/* If this task is moved to another CPU, the lock is all that matters. */
	struct blkv_history_ring *ring = &history->rings[blkv_history_cpu()];
	struct blkv_write *slot;
	unsigned long flags;

	spin_lock_irqsave(&ring->lock, flags);
	slot = &ring->slots[ring->nr & (history->nr_slots - 1)];
	if (ring->nr++ >= history->nr_slots)
		ring->forgotten = slot->time;
	ring->last = max(blkv_history_clock(), ring->last + 1);
	*slot = *write;
	slot->time = ring->last;
	spin_unlock_irqrestore(&ring->lock, flags);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_history_add);

static bool write_covers(const struct blkv_write *write, sector_t sector)
{
	return sector >= write->start && sector - write->start < write->nr_sectors;
}

/* Get write @n of a ring. Returns false if it has been forgotten. */
static bool ring_read(const struct blkv_history *history, struct blkv_history_ring *ring, u64 n,
		      struct blkv_write *write)
{
	unsigned long flags;
	bool is_there;

	spin_lock_irqsave(&ring->lock, flags);
	is_there = n < ring->nr && ring->nr - n <= history->nr_slots;
	if (is_there)
		*write = ring->slots[n & (history->nr_slots - 1)];
	spin_unlock_irqrestore(&ring->lock, flags);
	return is_there;
}

static u64 ring_nr(struct blkv_history_ring *ring)
{
	unsigned long flags;
	u64 nr;

	spin_lock_irqsave(&ring->lock, flags);
	nr = ring->nr;
	spin_unlock_irqrestore(&ring->lock, flags);
	return nr;
}

/* How many writes of a ring, forgotten ones included, are older than @time? */
static u64 ring_nr_before(const struct blkv_history *history, struct blkv_history_ring *ring,
			  u64 time)
{
	u64 high = ring_nr(ring), low = high - min_t(u64, high, history->nr_slots);
	struct blkv_write write;

	while (low < high) {
		u64 middle = low + (high - low) / 2;

		if (!ring_read(history, ring, middle, &write) || write.time < time)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Writes up to this time may have been forgotten. */
static u64 history_forgotten(const struct blkv_history *history)
{
	unsigned long flags;
	u64 forgotten = 0;
	unsigned int i;

	for (i = 0; i < history->nr_rings; i++) {
		struct blkv_history_ring *ring = &history->rings[i];

		spin_lock_irqsave(&ring->lock, flags);
		forgotten = max(forgotten, ring->forgotten);
		spin_unlock_irqrestore(&ring->lock, flags);
	}
	return forgotten;
}

/* Number a write that has not been forgotten. */
static void write_number(const struct blkv_history *history, struct blkv_write *write)
{
	unsigned int i;

	write->order = 0;
	for (i = 0; i < history->nr_rings; i++)
		write->order += ring_nr_before(history, &history->rings[i], write->time + 1);
}

/**
 * blkv_history_find() - the last request that covered a sector
 * @history: the history
 * @sector: the sector
 * @before: consider only earlier times; U64_MAX for all
 * @write: filled in if it is found
 *
 * Context: Any, but looks at up to all slots.
 * Return: whether it was found.
 */
enum blkv_provenance blkv_history_find(struct blkv_history *history, sector_t sector, u64 before,
				       struct blkv_write *write)
{
	struct blkv_write found = {}, other;
	unsigned int i;
	u64 n, forgotten;

	for (i = 0; i < history->nr_rings; i++) {
		struct blkv_history_ring *ring = &history->rings[i];

		n = ring_nr_before(history, ring, before);
		while (n-- && ring_read(history, ring, n, &other) && other.time > found.time)
			if (write_covers(&other, sector))
				found = other;
	}
	/* Only now: while this was looking, more may have been forgotten. */
	forgotten = history_forgotten(history);
	if (found.time <= forgotten)
		return forgotten ? BLKV_PROVENANCE_FORGOTTEN : BLKV_PROVENANCE_NONE;
	write_number(history, &found);
	*write = found;
	return BLKV_PROVENANCE_FOUND;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_history_find);

/* Does the request clear sectors rather than write data to them? */
static bool write_clears(const struct blkv_write *write)
{
	return write->operation != BLKV_OPERATION_WRITE;
}

static sector_t write_distance(const struct blkv_write *write, sector_t sector)
{
	if (sector < write->start)
		return write->start - sector;
	if (sector - write->start < write->nr_sectors)
		return 0;
	return sector - write->start - write->nr_sectors + 1;
}

static void clear_consider(const struct blkv_write *clear, sector_t sector,
			   struct blkv_write *latest, struct blkv_write *nearest)
{
	sector_t distance = write_distance(clear, sector), least = write_distance(nearest, sector);

	if (clear->time > latest->time)
		*latest = *clear;
	if (!nearest->time || distance < least ||
	    (distance == least && clear->time > nearest->time))
		*nearest = *clear;
}

/**
 * blkv_history_find_clears() - find the latest and the nearest discard or zeroing
 * @history: the history
 * @sector: the sector that @nearest is measured from
 * @after: consider only requests of a later time
 * @latest: the latest one, of any sectors; its @order is 0 if there is none
 * @nearest: the one that is nearest to @sector, the later one of two at the same distance; its
 *	@order is 0 if there is none
 *
 * Context: Any, but looks at up to all slots.
 */
void blkv_history_find_clears(struct blkv_history *history, sector_t sector, u64 after,
			      struct blkv_write *latest, struct blkv_write *nearest)
{
	struct blkv_write write;
	unsigned int i;
	u64 n;

	memset(latest, 0, sizeof(*latest));
	memset(nearest, 0, sizeof(*nearest));
	/* Older ones have no order. */
	after = max(after, history_forgotten(history));
	for (i = 0; i < history->nr_rings; i++) {
		struct blkv_history_ring *ring = &history->rings[i];

		n = ring_nr(ring);
		while (n-- && ring_read(history, ring, n, &write) && write.time > after)
			if (write_clears(&write))
				clear_consider(&write, sector, latest, nearest);
	}
	if (latest->time)
		write_number(history, latest);
	if (nearest->time)
		write_number(history, nearest);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_history_find_clears);

/**
 * blkv_history_move() - let a new history continue where an old one ends
 * @to: the new one; its contents are lost
 * @from: the old one; empty afterwards
 *
 * Context: Process. No request is in flight on either.
 */
void blkv_history_move(struct blkv_history *to, struct blkv_history *from)
{
	unsigned int i;

	for (i = 0; i < to->nr_rings; i++) {
		struct blkv_history_ring *new = &to->rings[i], *old = &from->rings[i];

		spin_lock_irq(&new->lock);
		spin_lock_nested(&old->lock, SINGLE_DEPTH_NESTING);
		swap(new->slots, old->slots);
		new->nr = old->nr;
		new->last = old->last;
		new->forgotten = old->forgotten;
		old->nr = 0;
		old->last = 0;
		old->forgotten = 0;
		spin_unlock(&old->lock);
		spin_unlock_irq(&new->lock);
	}
}
EXPORT_SYMBOL_IF_KUNIT(blkv_history_move);

/**
 * blkv_write_emit() - print a write as "<prefix>order=12 <prefix>start=8 ... <prefix>comm="fio""
 * @write: the write
 * @begin: where the target begins in the mapped device, in sectors
 * @prefix: goes before each name
 * @text: where to print
 * @size: of @text
 *
 * Return: length printed, without the terminating zero.
 */
int blkv_write_emit(const struct blkv_write *write, sector_t begin, const char *prefix, char *text,
		    size_t size)
{
	u64 age = ktime_get_ns() - write->time;
	int len;

	len = scnprintf(text, size,
			"%sorder=%llu %sstart=%llu %snr=%llu %sop=%s%s %sage_ms=%llu %spid=%d %scomm=",
			prefix, write->order, prefix, (unsigned long long)(begin + write->start),
			prefix, (unsigned long long)write->nr_sectors, prefix,
			blkv_operation_name(write->operation), write->fua ? ",fua" : "", prefix,
			div_u64(age, NSEC_PER_MSEC), prefix, write->pid, prefix);
	return len + blkv_comm_emit(write->comm, text + len, size - len);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_write_emit);
