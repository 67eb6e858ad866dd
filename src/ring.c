// SPDX-License-Identifier: GPL-2.0-only
/*
 * The reports of a target: the first ones since the last reset, which are closest to the cause and
 * are never replaced, and a ring of the last ones.
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

/* Number of the first report since the last reset. */
static u64 ring_first(const struct blkv_ring *ring)
{
	return ring->next_number - ring->nr_reports;
}

/* The slot of report @number, which must be newer than the last reset. */
static struct blkv_report *ring_slot(struct blkv_ring *ring, u64 number)
{
	u64 nth = number - ring_first(ring);

	lockdep_assert_held(&ring->lock);
	if (nth < BLKV_FIRST_REPORTS)
		return &ring->reports[nth];
	return &ring->reports[BLKV_FIRST_REPORTS + nth % BLKV_LAST_REPORTS];
}

/* The number of the first report from @number on that is still recorded. */
static u64 ring_skip(const struct blkv_ring *ring, u64 number)
{
	u64 first = ring_first(ring);

	lockdep_assert_held(&ring->lock);
	number = max(number, first);
	if (number >= first + BLKV_FIRST_REPORTS && ring->nr_reports > BLKV_RING_SIZE)
		number = max(number, ring->next_number - BLKV_LAST_REPORTS);
	return number;
}

/* Is there a report of the same kind and sector? */
static bool ring_has_alike(struct blkv_ring *ring, const struct blkv_report *report)
{
	u64 number;

	for (number = ring_skip(ring, 0); number < ring->next_number;
	     number = ring_skip(ring, number + 1)) {
		const struct blkv_report *other = ring_slot(ring, number);

		if (other->kind == report->kind &&
		    blkv_report_sector(other) == blkv_report_sector(report))
			return true;
	}
	return false;
}

/**
 * blkv_ring_add() - add a report, replacing the oldest one in the ring if it is full
 * @ring: the ring
 * @report: the report; its @number, @mark and @repeated are set here
 *
 * Context: Process.
 * Return: true if this is the first report since the last reset or mark.
 */
bool blkv_ring_add(struct blkv_ring *ring, struct blkv_report *report)
{
	bool first;

	spin_lock(&ring->lock);
	report->repeated = ring_has_alike(ring, report);
	first = !ring->nr_reports++ || ring->is_new_mark;
	ring->is_new_mark = false;
	report->number = ring->next_number++;
	memcpy(report->mark, ring->mark, sizeof(report->mark));
	*ring_slot(ring, report->number) = *report;
	ring->events[report->number % BLKV_RING_SIZE] = (struct blkv_event) {
		.kind = report->kind,
		.operation = report->operation,
		.sector = blkv_report_sector(report),
		.repeated = report->repeated,
	};
	spin_unlock(&ring->lock);
	return first;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_ring_add);

/**
 * blkv_ring_next() - copy one of the reports since the last reset
 * @ring: the ring
 * @number: the report to copy, or 0 for the first; if it was dropped, the next one in the ring is
 *	copied. Set to the number for the next call.
 * @report: filled in
 * @dropped: set to the number of reports since the last reset that are no longer recorded
 *
 * Context: Process.
 * Return: false if there are no more reports.
 */
bool blkv_ring_next(struct blkv_ring *ring, u64 *number, struct blkv_report *report, u64 *dropped)
{
	bool found;

	spin_lock(&ring->lock);
	*dropped = ring->nr_reports - min_t(u64, ring->nr_reports, BLKV_RING_SIZE);
	*number = ring_skip(ring, *number);
	found = *number < ring->next_number;
	if (found)
		*report = *ring_slot(ring, (*number)++);
	spin_unlock(&ring->lock);
	return found;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_ring_next);

/**
 * blkv_ring_next_event() - get the next event to raise
 * @ring: the ring
 * @event: filled in
 *
 * If more than BLKV_RING_SIZE events are pending, the oldest ones are lost. A reset does not remove
 * pending events.
 *
 * Context: Process.
 * Return: false if there is none.
 */
bool blkv_ring_next_event(struct blkv_ring *ring, struct blkv_event *event)
{
	bool found;

	spin_lock(&ring->lock);
	if (ring->next_event + BLKV_RING_SIZE < ring->next_number)
		ring->next_event = ring->next_number - BLKV_RING_SIZE;
	found = ring->next_event < ring->next_number;
	if (found)
		*event = ring->events[ring->next_event++ % BLKV_RING_SIZE];
	spin_unlock(&ring->lock);
	return found;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_ring_next_event);

/**
 * blkv_ring_label() - add a label to a report
 * @ring: the ring
 * @number: number of the report, which may no longer be recorded
 * @label: the label
 *
 * Context: Process.
 */
void blkv_ring_label(struct blkv_ring *ring, u64 number, enum blkv_label label)
{
	spin_lock(&ring->lock);
	if (number < ring->next_number && ring_skip(ring, number) == number)
		ring_slot(ring, number)->label = label;
	spin_unlock(&ring->lock);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_ring_label);

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
	ring->is_new_mark = true;
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
	memcpy(to->events, from->events, sizeof(to->events));
	memcpy(to->mark, from->mark, sizeof(to->mark));
	to->is_new_mark = from->is_new_mark;
	to->next_number = from->next_number;
	to->next_event = from->next_event;
	to->nr_reports = from->nr_reports;
	from->next_event = from->next_number;
	from->nr_reports = 0;
	spin_unlock(&from->lock);
	spin_unlock(&to->lock);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_ring_move);
