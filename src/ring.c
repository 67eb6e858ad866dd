// SPDX-License-Identifier: GPL-2.0-only
/*
 * The last reports of a target, in a ring of fixed size.
 *
 * Pure: knows no device. Locks: blkv_ring.lock, taken here, process context.
 */
#include <kunit/visibility.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "ring.h"

/**
 * blkv_ring_init() - prepare an empty ring
 * @ring: zeroed
 */
void blkv_ring_init(struct blkv_ring *ring)
{
	spin_lock_init(&ring->lock);
	ring->next_number = 1;
	ring->next_event = 1;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_ring_init);

/* How many reports since the last reset are still in the ring? */
static u64 ring_kept(const struct blkv_ring *ring)
{
	lockdep_assert_held(&ring->lock);
	return min_t(u64, ring->nr_reports, BLKV_RING_SIZE);
}

/* Does the ring hold a report of the same kind and place? */
static bool ring_has_alike(struct blkv_ring *ring, const struct blkv_report *report)
{
	u64 number;

	lockdep_assert_held(&ring->lock);
	for (number = ring->next_number - ring_kept(ring); number < ring->next_number; number++) {
		const struct blkv_report *other = &ring->reports[number % BLKV_RING_SIZE];

		if (other->kind == report->kind &&
		    blkv_report_sector(other) == blkv_report_sector(report))
			return true;
	}
	return false;
}

/**
 * blkv_ring_add() - add a report; the oldest one makes room for it
 * @ring: the ring
 * @report: the report; its @number, @mark and @repeated are set here
 *
 * Context: Process.
 * Return: true if this is the first report since the last reset.
 */
bool blkv_ring_add(struct blkv_ring *ring, struct blkv_report *report)
{
	bool first;

	spin_lock(&ring->lock);
	report->repeated = ring_has_alike(ring, report);
	first = !ring->nr_reports++;
	report->number = ring->next_number++;
	memcpy(report->mark, ring->mark, sizeof(report->mark));
	ring->reports[report->number % BLKV_RING_SIZE] = *report;
	spin_unlock(&ring->lock);
	return first;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_ring_add);

/**
 * blkv_ring_next() - copy one of the reports since the last reset
 * @ring: the ring
 * @number: of the wanted report, or 0; if the ring no longer holds it, the oldest one is taken.
 *	Set to the number to ask for next.
 * @report: filled in
 * @dropped: set to how many reports since the last reset have left the ring
 *
 * Context: Process.
 * Return: false if there are no more reports.
 */
bool blkv_ring_next(struct blkv_ring *ring, u64 *number, struct blkv_report *report, u64 *dropped)
{
	u64 kept;
	bool found;

	spin_lock(&ring->lock);
	kept = ring_kept(ring);
	*dropped = ring->nr_reports - kept;
	*number = max(*number, ring->next_number - kept);
	found = *number < ring->next_number;
	if (found)
		*report = ring->reports[(*number)++ % BLKV_RING_SIZE];
	spin_unlock(&ring->lock);
	return found;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_ring_next);

/**
 * blkv_ring_next_event() - copy the next report to raise an event for
 * @ring: the ring
 * @report: filled in
 *
 * A report that left the ring before it was asked for here gets no event. A reset takes no
 * event away.
 *
 * Context: Process.
 * Return: false if there is none.
 */
bool blkv_ring_next_event(struct blkv_ring *ring, struct blkv_report *report)
{
	bool found;

	spin_lock(&ring->lock);
	if (ring->next_event + BLKV_RING_SIZE < ring->next_number)
		ring->next_event = ring->next_number - BLKV_RING_SIZE;
	found = ring->next_event < ring->next_number;
	if (found)
		*report = ring->reports[ring->next_event++ % BLKV_RING_SIZE];
	spin_unlock(&ring->lock);
	return found;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_ring_next_event);

/**
 * blkv_ring_mark() - tag all later reports
 * @ring: the ring
 * @mark: shorter than BLKV_MARK_LEN; empty for no tag
 *
 * Context: Process.
 */
void blkv_ring_mark(struct blkv_ring *ring, const char *mark)
{
	spin_lock(&ring->lock);
	strscpy(ring->mark, mark, sizeof(ring->mark));
	spin_unlock(&ring->lock);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_ring_mark);

/**
 * blkv_ring_reset() - forget all reports
 * @ring: the ring
 *
 * Their numbers are not used again.
 *
 * Context: Process.
 */
void blkv_ring_reset(struct blkv_ring *ring)
{
	spin_lock(&ring->lock);
	ring->nr_reports = 0;
	spin_unlock(&ring->lock);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_ring_reset);

/**
 * blkv_ring_move() - let a new target continue with the reports of an old one
 * @to: the ring of the new one; its contents are lost
 * @from: the ring of the old one; is empty afterwards
 *
 * Context: Process. No request is in flight on either.
 */
void blkv_ring_move(struct blkv_ring *to, struct blkv_ring *from)
{
	spin_lock(&to->lock);
	spin_lock_nested(&from->lock, SINGLE_DEPTH_NESTING);
	memcpy(to->reports, from->reports, sizeof(to->reports));
	memcpy(to->mark, from->mark, sizeof(to->mark));
	to->next_number = from->next_number;
	to->next_event = from->next_event;
	to->nr_reports = from->nr_reports;
	from->next_event = from->next_number;
	from->nr_reports = 0;
	spin_unlock(&from->lock);
	spin_unlock(&to->lock);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_ring_move);
