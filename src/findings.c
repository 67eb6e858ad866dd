// SPDX-License-Identifier: GPL-2.0-only
/*
 * The state of a target: whether something was found, where first, how often, and whether the
 * target is frozen. All of this is rare, so one lock serves it.
 *
 * Pure: knows no device. Locks: blkv_findings.lock, taken here, any context.
 */
#include <kunit/visibility.h>
#include <linux/string.h>

#include "findings.h"

/**
 * blkv_findings_init() - nothing was found yet
 * @findings: zeroed
 */
void blkv_findings_init(struct blkv_findings *findings)
{
	spin_lock_init(&findings->lock);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_findings_init);

/**
 * blkv_findings_add() - count a finding
 * @findings: the findings of the target
 * @report: the finding; only its kind and place matter
 *
 * Context: Any.
 */
void blkv_findings_add(struct blkv_findings *findings, const struct blkv_report *report)
{
	struct blkv_found *found = &findings->found;
	unsigned long flags;

	spin_lock_irqsave(&findings->lock, flags);
	found->any = true;
	if (!found->located && report->nr_sectors) {
		found->located = true;
		found->first_sector = blkv_report_sector(report);
	}
	found->number[report->kind]++;
	spin_unlock_irqrestore(&findings->lock, flags);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_findings_add);

/**
 * blkv_findings_add_leg_error() - count a request that a leg failed
 * @findings: the findings of the target
 * @leg: the leg
 *
 * Context: Any.
 */
void blkv_findings_add_leg_error(struct blkv_findings *findings, enum blkv_leg_nr leg)
{
	unsigned long flags;

	spin_lock_irqsave(&findings->lock, flags);
	findings->found.leg_errors[leg]++;
	spin_unlock_irqrestore(&findings->lock, flags);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_findings_add_leg_error);

/**
 * blkv_findings_add_unstable() - count a read whose buffer changed while the legs were read
 * @findings: the findings of the target
 *
 * Context: Any.
 */
void blkv_findings_add_unstable(struct blkv_findings *findings)
{
	unsigned long flags;

	spin_lock_irqsave(&findings->lock, flags);
	findings->found.unstable++;
	spin_unlock_irqrestore(&findings->lock, flags);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_findings_add_unstable);

/**
 * blkv_findings_add_distrust() - count sectors that became untrusted without a report
 * @findings: the findings of the target
 * @reason: the reason
 * @nr_sectors: number of sectors
 *
 * Context: Any.
 */
void blkv_findings_add_distrust(struct blkv_findings *findings, enum blkv_distrust reason,
				u64 nr_sectors)
{
	unsigned long flags;

	if (!nr_sectors)
		return;
	spin_lock_irqsave(&findings->lock, flags);
	findings->found.distrusted[reason] += nr_sectors;
	spin_unlock_irqrestore(&findings->lock, flags);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_findings_add_distrust);

/**
 * blkv_findings_read() - get the findings since the last reset
 * @findings: the findings of the target
 * @found: filled in
 *
 * Context: Process.
 */
void blkv_findings_read(struct blkv_findings *findings, struct blkv_found *found)
{
	spin_lock_irq(&findings->lock);
	*found = findings->found;
	spin_unlock_irq(&findings->lock);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_findings_read);

/**
 * blkv_findings_reset() - forget the findings
 * @findings: the findings of the target
 *
 * A frozen target stays frozen.
 *
 * Context: Process.
 */
void blkv_findings_reset(struct blkv_findings *findings)
{
	spin_lock_irq(&findings->lock);
	memset(&findings->found, 0, sizeof(findings->found));
	spin_unlock_irq(&findings->lock);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_findings_reset);

/**
 * blkv_findings_freeze() - from now on, let requests reach neither leg
 * @findings: the findings of the target
 *
 * Context: Any.
 */
void blkv_findings_freeze(struct blkv_findings *findings)
{
	unsigned long flags;

	spin_lock_irqsave(&findings->lock, flags);
	WRITE_ONCE(findings->frozen, true);
	spin_unlock_irqrestore(&findings->lock, flags);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_findings_freeze);

/**
 * blkv_findings_thaw() - let requests reach the legs again
 * @findings: the findings of the target
 *
 * Context: Process.
 */
void blkv_findings_thaw(struct blkv_findings *findings)
{
	spin_lock_irq(&findings->lock);
	WRITE_ONCE(findings->frozen, false);
	spin_unlock_irq(&findings->lock);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_findings_thaw);

/**
 * blkv_findings_move() - let a new target continue in the state of an old one
 * @to: the findings of the new one
 * @from: the findings of the old one; are forgotten there
 *
 * Context: Process. No request is in flight on either.
 */
void blkv_findings_move(struct blkv_findings *to, struct blkv_findings *from)
{
	spin_lock_irq(&to->lock);
	spin_lock_nested(&from->lock, SINGLE_DEPTH_NESTING);
	to->found = from->found;
	memset(&from->found, 0, sizeof(from->found));
	WRITE_ONCE(to->frozen, from->frozen);
	spin_unlock(&from->lock);
	spin_unlock_irq(&to->lock);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_findings_move);
