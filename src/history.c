// SPDX-License-Identifier: GPL-2.0-only
/*
 * Provenance: a ring of the last requests that changed data, to name the write that covered a bad
 * sector last.
 *
 * Pure: knows no device. A write costs one slot of a ring that is allocated once, and no pass over
 * the data. A slot is filled when the request is submitted to the legs, under the range lock: so of
 * two overlapping writes, the one with the higher order came later on both legs.
 *
 * Locks: blkv_history.lock, taken here, any context.
 */
#include <kunit/visibility.h>
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/timekeeping.h>

#include "history.h"

/**
 * blkv_history_init() - make an empty history
 * @history: zeroed
 *
 * Context: Process; sleeps.
 * Return: 0 or -ENOMEM.
 */
int blkv_history_init(struct blkv_history *history)
{
	spin_lock_init(&history->lock);
	history->next_order = 1;
	history->ring = kvzalloc_objs(*history->ring, BLKV_HISTORY_SIZE);
	return history->ring ? 0 : -ENOMEM;
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
	kvfree(history->ring);
	history->ring = NULL;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_history_exit);

/**
 * blkv_history_add() - record a request that changes data
 * @history: the history
 * @write: the request; its @order and @time are filled in here
 *
 * Context: Any.
 */
void blkv_history_add(struct blkv_history *history, const struct blkv_write *write)
{
	struct blkv_write *slot;
	unsigned long flags;

	spin_lock_irqsave(&history->lock, flags);
	slot = &history->ring[history->next_order % BLKV_HISTORY_SIZE];
	*slot = *write;
	slot->order = history->next_order++;
	slot->time = ktime_get_coarse_ns();
	spin_unlock_irqrestore(&history->lock, flags);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_history_add);

static bool write_covers(const struct blkv_write *write, sector_t sector)
{
	return sector >= write->start && sector - write->start < write->nr_sectors;
}

/**
 * blkv_history_find() - the last request that covered a sector
 * @history: the history
 * @sector: the sector
 * @before: consider only lower orders; U64_MAX for all
 * @write: filled in if it is found
 *
 * Context: Any, but looks at up to BLKV_HISTORY_SIZE slots.
 * Return: whether it was found.
 */
enum blkv_provenance blkv_history_find(struct blkv_history *history, sector_t sector, u64 before,
				       struct blkv_write *write)
{
	enum blkv_provenance provenance = BLKV_PROVENANCE_NONE;
	unsigned long flags;
	u64 order, oldest;

	spin_lock_irqsave(&history->lock, flags);
	oldest = history->next_order > BLKV_HISTORY_SIZE ? history->next_order - BLKV_HISTORY_SIZE :
							   1;
	if (oldest > 1)
		provenance = BLKV_PROVENANCE_FORGOTTEN;
	for (order = min(before, history->next_order); order-- > oldest;) {
		struct blkv_write *slot = &history->ring[order % BLKV_HISTORY_SIZE];

		if (!write_covers(slot, sector))
			continue;
		*write = *slot;
		provenance = BLKV_PROVENANCE_FOUND;
		break;
	}
	spin_unlock_irqrestore(&history->lock, flags);
	return provenance;
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

/**
 * blkv_history_find_clears() - find the latest and the nearest discard or zeroing
 * @history: the history
 * @sector: the sector that @nearest is measured from
 * @after: consider only requests of a higher order
 * @latest: the latest one, of any sectors; its @order is 0 if there is none
 * @nearest: the one that is nearest to @sector, the later one of two at the same distance; its
 *	@order is 0 if there is none
 *
 * Context: Any, but checks up to BLKV_HISTORY_SIZE slots.
 */
void blkv_history_find_clears(struct blkv_history *history, sector_t sector, u64 after,
			      struct blkv_write *latest, struct blkv_write *nearest)
{
	unsigned long flags;
	u64 order, oldest;

	latest->order = 0;
	nearest->order = 0;
	spin_lock_irqsave(&history->lock, flags);
	oldest = history->next_order > BLKV_HISTORY_SIZE ? history->next_order - BLKV_HISTORY_SIZE :
							   1;
	for (order = history->next_order; order-- > max(oldest, after + 1);) {
		struct blkv_write *slot = &history->ring[order % BLKV_HISTORY_SIZE];

		if (!write_clears(slot))
			continue;
		if (!latest->order)
			*latest = *slot;
		if (!nearest->order ||
		    write_distance(slot, sector) < write_distance(nearest, sector))
			*nearest = *slot;
	}
	spin_unlock_irqrestore(&history->lock, flags);
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
	spin_lock_irq(&to->lock);
	spin_lock_nested(&from->lock, SINGLE_DEPTH_NESTING);
	swap(to->ring, from->ring);
	to->next_order = from->next_order;
	from->next_order = 1;
	spin_unlock(&from->lock);
	spin_unlock_irq(&to->lock);
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
	u64 age = ktime_get_coarse_ns() - write->time;
	char comm[TASK_COMM_LEN];
	unsigned int i;

	/* A task can have any name, and this stands between quotes in the kernel log. */
	strscpy(comm, write->comm, sizeof(comm));
	for (i = 0; comm[i]; i++)
		if (comm[i] < ' ' || comm[i] > '~' || comm[i] == '"' || comm[i] == '\\')
			comm[i] = '?';

	return scnprintf(text, size,
			 "%sorder=%llu %sstart=%llu %snr=%llu %sop=%s%s %sage_ms=%llu %spid=%d %scomm=\"%s\"",
			 prefix, write->order, prefix, (unsigned long long)(begin + write->start),
			 prefix, (unsigned long long)write->nr_sectors, prefix,
			 blkv_operation_name(write->operation), write->fua ? ",fua" : "", prefix,
			 div_u64(age, NSEC_PER_MSEC), prefix, write->pid, prefix, comm);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_write_emit);
