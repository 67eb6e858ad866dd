// SPDX-License-Identifier: GPL-2.0-only
/*
 * Findings: counters, the ring of reports, the log line, the events.
 *
 * Counters of healthy requests are per CPU and only ever grow; a reset remembers where they
 * stood. Everything else is rare and under bv_reports.lock (any context). A report is made where
 * it may sleep, because the name of the device is behind a mutex; its events are raised by a work
 * item of their own, because they allocate memory with GFP_KERNEL and the request that caused the
 * report, which may be needed to free memory, must not wait for that.
 */
#include <linux/dm-ioctl.h>
#include <linux/kobject.h>
#include <linux/math64.h>

#include "dm-blkverify.h"

static const char *const kind_names[] = {
	[BV_MISMATCH] = "mismatch",
	[BV_DIVERGENCE] = "divergence",
};

static const char *op_name(const struct bv_report *report)
{
	switch (report->op) {
	case REQ_OP_READ:
		return "read";
	case REQ_OP_WRITE:
		return report->nr_sectors ? "write" : "flush";
	case REQ_OP_DISCARD:
		return "discard";
	case REQ_OP_SECURE_ERASE:
		return "secure_erase";
	case REQ_OP_WRITE_ZEROES:
		return "write_zeroes";
	default:
		return "request";
	}
}

/* The sector that a person looks for: the first bad one, or where the request starts. */
static sector_t sector_of(const struct bv_report *report)
{
	return report->kind == BV_MISMATCH ? report->bad_sector : report->sector;
}

/**
 * bv_device_name() - the name that the mapped device has now
 * @ti: the target
 * @name: DM_NAME_LEN bytes
 *
 * Context: Process; takes a mutex of the device mapper.
 */
void bv_device_name(struct dm_target *ti, char *name)
{
	if (dm_copy_name_and_uuid(dm_table_get_md(ti->table), name, NULL))
		strscpy(name, dm_table_device_name(ti->table), DM_NAME_LEN);
}

/**
 * bv_report_emit() - print a report in one line, without a newline
 * @report: what to print
 * @text: where to
 * @size: of @text
 *
 * Return: length printed, without the terminating zero.
 */
int bv_report_emit(const struct bv_report *report, char *text, size_t size)
{
	unsigned int at = report->byte - report->window_offset;
	int len;

	len = scnprintf(text, size, "%s sector=%llu nr=%llu ", op_name(report),
			(unsigned long long)report->sector,
			(unsigned long long)report->nr_sectors);
	if (report->kind == BV_DIVERGENCE)
		return len + scnprintf(text + len, size - len, "status mismatch raw=%d test=%d",
				       report->errnos[BV_RAW], report->errnos[BV_TEST]);

	len += scnprintf(text + len, size - len,
			 "contents mismatch in sector %llu byte=%u raw=0x%02x test=0x%02x %s class=",
			 (unsigned long long)report->bad_sector, report->byte,
			 report->window[BV_RAW][at], report->window[BV_TEST][at],
			 report->persistent ? "persistent" : "transient");
	len += bv_class_emit(&report->diagnosis, text + len, size - len);
	return len + scnprintf(text + len, size - len, " differ=%u", report->nr_bad);
}

static void print(struct bv_reports *reports, const struct bv_report *report)
{
	char name[DM_NAME_LEN];
	char text[256];

	bv_device_name(reports->ti, name);
	bv_report_emit(report, text, sizeof(text));
	DMERR("%s: %s", name, text);
}

static void raise_event(struct bv_reports *reports, const struct bv_report *report)
{
	struct mapped_device *md = dm_table_get_md(reports->ti->table);
	char sector[48], op[48], kind[48];
	char *env[4] = { sector, op, kind };

	snprintf(sector, sizeof(sector), "DM_BLKVERIFY_SECTOR=%llu",
		 (unsigned long long)sector_of(report));
	snprintf(op, sizeof(op), "DM_BLKVERIFY_OP=%s", op_name(report));
	snprintf(kind, sizeof(kind), "DM_BLKVERIFY_KIND=%s", kind_names[report->kind]);

	dm_table_event(reports->ti->table);
	kobject_uevent_env(&disk_to_dev(dm_disk(md))->kobj, KOBJ_CHANGE, env);
}

/* Raise the events of all reports that have none yet; those already overwritten have lost it. */
static void raise_events(struct work_struct *work)
{
	struct bv_reports *reports = container_of(work, struct bv_reports, event_work);

	for (;;) {
		struct bv_report report;

		spin_lock_irq(&reports->lock);
		if (reports->next_event + BV_RING_SIZE < reports->next_number)
			reports->next_event = reports->next_number - BV_RING_SIZE;
		if (reports->next_event == reports->next_number) {
			spin_unlock_irq(&reports->lock);
			return;
		}
		report = reports->ring[reports->next_event++ % BV_RING_SIZE];
		spin_unlock_irq(&reports->lock);

		raise_event(reports, &report);
	}
}

/**
 * bv_reports_init() - prepare the findings of a target
 * @reports: zeroed
 * @ti: the target
 *
 * Context: Process; sleeps.
 * Return: 0 or -ENOMEM.
 */
int bv_reports_init(struct bv_reports *reports, struct dm_target *ti)
{
	reports->counts = alloc_percpu(struct bv_counts);
	if (!reports->counts)
		return -ENOMEM;
	reports->ti = ti;
	spin_lock_init(&reports->lock);
	ratelimit_state_init(&reports->ratelimit, DEFAULT_RATELIMIT_INTERVAL,
			     DEFAULT_RATELIMIT_BURST);
	INIT_WORK(&reports->event_work, raise_events);
	reports->next_number = 1;
	reports->next_event = 1;
	return 0;
}

/**
 * bv_reports_exit() - free what bv_reports_init() took
 * @reports: the findings; zeroed memory is fine
 *
 * Context: Process; waits for events that are being raised.
 */
void bv_reports_exit(struct bv_reports *reports)
{
	if (!reports->counts)
		return;
	cancel_work_sync(&reports->event_work);
	free_percpu(reports->counts);
	reports->counts = NULL;
}

/**
 * bv_report() - record a finding, print it and raise its events
 * @reports: the findings of the target
 * @report: what was found; its number is set here
 * @freeze: no request may reach a leg from now on
 *
 * Context: Process; takes a mutex of the device mapper.
 */
void bv_report(struct bv_reports *reports, struct bv_report *report, bool freeze)
{
	struct bv_findings *findings = &reports->findings;
	bool first;

	spin_lock_irq(&reports->lock);
	first = !findings->reported++;
	if (!findings->bad)
		findings->first_sector = sector_of(report);
	findings->bad = true;
	if (report->kind == BV_MISMATCH)
		findings->mismatches++;
	else
		findings->divergences++;
	report->number = reports->next_number++;
	reports->ring[report->number % BV_RING_SIZE] = *report;
	if (freeze)
		WRITE_ONCE(reports->frozen, true);
	spin_unlock_irq(&reports->lock);

	if (first || __ratelimit(&reports->ratelimit))
		print(reports, report);
	schedule_work(&reports->event_work);
}

/**
 * bv_count_leg_error() - count a request that a leg failed
 * @reports: the findings of the target
 * @leg: which
 *
 * Context: Any.
 */
void bv_count_leg_error(struct bv_reports *reports, enum bv_leg_nr leg)
{
	unsigned long flags;

	spin_lock_irqsave(&reports->lock, flags);
	reports->findings.leg_errors[leg]++;
	spin_unlock_irqrestore(&reports->lock, flags);
}

/**
 * bv_count_unstable() - count a read whose buffer changed under us
 * @reports: the findings of the target
 *
 * Context: Any.
 */
void bv_count_unstable(struct bv_reports *reports)
{
	unsigned long flags;

	spin_lock_irqsave(&reports->lock, flags);
	reports->findings.unstable++;
	spin_unlock_irqrestore(&reports->lock, flags);
}

static void sum_counts(struct bv_reports *reports, struct bv_counts *sum)
{
	int cpu;

	memset(sum, 0, sizeof(*sum));
	for_each_possible_cpu(cpu) {
		struct bv_counts *counts = per_cpu_ptr(reports->counts, cpu);

		sum->compared += READ_ONCE(counts->compared);
		sum->skipped += READ_ONCE(counts->skipped);
		sum->written += READ_ONCE(counts->written);
	}
}

/**
 * bv_reports_snapshot() - all numbers since the last reset
 * @reports: the findings of the target
 * @snapshot: filled in
 *
 * Context: Process.
 */
void bv_reports_snapshot(struct bv_reports *reports, struct bv_snapshot *snapshot)
{
	sum_counts(reports, &snapshot->counts);

	spin_lock_irq(&reports->lock);
	snapshot->findings = reports->findings;
	snapshot->frozen = reports->frozen;
	snapshot->counts.compared -= reports->base.compared;
	snapshot->counts.skipped -= reports->base.skipped;
	snapshot->counts.written -= reports->base.written;
	spin_unlock_irq(&reports->lock);
}

/**
 * bv_reports_reset() - forget all findings and start counting from zero
 * @reports: the findings of the target
 *
 * A frozen target stays frozen.
 *
 * Context: Process.
 */
void bv_reports_reset(struct bv_reports *reports)
{
	struct bv_counts counts;

	sum_counts(reports, &counts);

	spin_lock_irq(&reports->lock);
	reports->base = counts;
	memset(&reports->findings, 0, sizeof(reports->findings));
	spin_unlock_irq(&reports->lock);
}

/**
 * bv_reports_thaw() - let requests reach the legs again
 * @reports: the findings of the target
 *
 * Context: Process.
 */
void bv_reports_thaw(struct bv_reports *reports)
{
	spin_lock_irq(&reports->lock);
	WRITE_ONCE(reports->frozen, false);
	spin_unlock_irq(&reports->lock);
}

/**
 * bv_reports_get() - copy one report of those since the last reset
 * @reports: the findings of the target
 * @nr: 0 for the oldest that is still in the ring
 * @report: filled in
 * @dropped: set to how many older ones have left the ring
 *
 * Context: Process.
 * Return: false when there is no such report.
 */
bool bv_reports_get(struct bv_reports *reports, unsigned int nr, struct bv_report *report,
		    u64 *dropped)
{
	u64 kept;
	bool found;

	spin_lock_irq(&reports->lock);
	kept = min_t(u64, reports->findings.reported, BV_RING_SIZE);
	*dropped = reports->findings.reported - kept;
	found = nr < kept;
	if (found)
		*report = reports->ring[(reports->next_number - kept + nr) % BV_RING_SIZE];
	spin_unlock_irq(&reports->lock);
	return found;
}
