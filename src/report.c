// SPDX-License-Identifier: GPL-2.0-only
/*
 * Findings: counters, the ring of reports, the log line, the events.
 *
 * Counters of healthy requests are per CPU and only ever grow; a reset remembers where they
 * stood. Everything else is rare and under blkv_reports.lock (any context). A report is made where
 * it may sleep, because the name of the device is behind a mutex; its events are raised by a work
 * item of their own, because they allocate memory and the request that caused the report, which
 * may be needed to free memory, must not wait for that.
 */
#include <linux/dm-ioctl.h>
#include <linux/kobject.h>
#include <linux/math64.h>
#include <linux/sched/mm.h>

#include "report.h"
#include "types.h"

static const char *const kind_names[] = {
	[BLKV_MISMATCH] = "mismatch",
	[BLKV_DIVERGENCE] = "divergence",
};

static const char *op_name(const struct blkv_report *report)
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
static sector_t sector_of(const struct blkv_report *report)
{
	return report->kind == BLKV_MISMATCH || report->unverified ? report->bad_sector :
								     report->sector;
}

/**
 * blkv_device_name() - the name that the mapped device has now
 * @ti: the target
 * @name: DM_NAME_LEN bytes
 *
 * Context: Process; takes a mutex of the device mapper.
 */
void blkv_device_name(struct dm_target *ti, char *name)
{
	if (dm_copy_name_and_uuid(dm_table_get_md(ti->table), name, NULL))
		strscpy(name, dm_table_device_name(ti->table), DM_NAME_LEN);
}

static int emit_mismatch(const struct blkv_report *report, sector_t begin, char *text, size_t size)
{
	unsigned int at = report->byte - report->window_offset;
	int len;

	len = scnprintf(text, size,
			"contents mismatch in sector %llu byte=%u raw=0x%02x test=0x%02x %s class=",
			(unsigned long long)report->bad_sector, report->byte,
			report->window[BLKV_RAW][at], report->window[BLKV_TEST][at],
			report->persistent ? "persistent" : "transient");
	len += blkv_class_emit(&report->diagnosis, text + len, size - len);
	len += scnprintf(text + len, size - len, " differ=%u", report->nr_bad);
	if (report->injected)
		len += scnprintf(text + len, size - len, " injected");

	if (report->provenance == BLKV_HISTORY_FOUND) {
		len += scnprintf(text + len, size - len, " ");
		return len +
		       blkv_write_emit(&report->write, begin, "write_", text + len, size - len);
	}
	return len + scnprintf(text + len, size - len, " write=%s",
			       report->provenance == BLKV_HISTORY_NONE ? "none" : "forgotten");
}

/**
 * blkv_report_emit() - print a report in one line, without a newline
 * @report: what to print
 * @begin: where the target begins in the mapped device, in sectors
 * @text: where to
 * @size: of @text
 *
 * Return: length printed, without the terminating zero.
 */
int blkv_report_emit(const struct blkv_report *report, sector_t begin, char *text, size_t size)
{
	int len;

	len = scnprintf(text, size, "%s sector=%llu nr=%llu ", op_name(report),
			(unsigned long long)report->sector, (unsigned long long)report->nr_sectors);
	if (report->kind == BLKV_MISMATCH)
		len += emit_mismatch(report, begin, text + len, size - len);
	else
		len += scnprintf(text + len, size - len, "divergence raw=%d test=%d",
				 report->errnos[BLKV_RAW], report->errnos[BLKV_TEST]);
	if (report->unverified)
		len += scnprintf(text + len, size - len, " differed_in=%llu",
				 (unsigned long long)report->bad_sector);
	if (report->mark[0])
		len += scnprintf(text + len, size - len, " mark=\"%s\"", report->mark);
	return len;
}

static void print(struct blkv_reports *reports, const struct blkv_report *report)
{
	char name[DM_NAME_LEN];
	char text[448];

	blkv_device_name(reports->ti, name);
	blkv_report_emit(report, reports->ti->begin, text, sizeof(text));
	DMERR("%s: %s", name, text);
}

static void raise_event(struct blkv_reports *reports, const struct blkv_report *report)
{
	struct mapped_device *md = dm_table_get_md(reports->ti->table);
	char sector[48], op[48], kind[48];
	char *env[4] = { sector, op, kind };

	snprintf(sector, sizeof(sector), "DM_BLKVERIFY_SECTOR=%llu",
		 (unsigned long long)sector_of(report));
	snprintf(op, sizeof(op), "DM_BLKVERIFY_OP=%s", op_name(report));
	snprintf(kind, sizeof(kind), "DM_BLKVERIFY_KIND=%s", kind_names[report->kind]);

	dm_table_event(reports->ti->table);
	/*
	 * udev answers a uevent by looking for signatures on the device. If that is what found the
	 * bad sector, it would find it again, and so on for ever: one uevent a place is enough.
	 */
	if (!report->repeated)
		kobject_uevent_env(&disk_to_dev(dm_disk(md))->kobj, KOBJ_CHANGE, env);
}

/*
 * Raise the events of all reports that have none yet; those already overwritten have lost it.
 * The allocations that this takes must not wait for I/O: the device may be suspended.
 */
static void raise_events(struct work_struct *work)
{
	struct blkv_reports *reports = container_of(work, struct blkv_reports, event_work);
	unsigned int noio = memalloc_noio_save();

	for (;;) {
		struct blkv_report report;

		spin_lock_irq(&reports->lock);
		if (reports->next_event + BLKV_RING_SIZE < reports->next_number)
			reports->next_event = reports->next_number - BLKV_RING_SIZE;
		if (reports->next_event == reports->next_number) {
			spin_unlock_irq(&reports->lock);
			break;
		}
		report = reports->ring[reports->next_event++ % BLKV_RING_SIZE];
		spin_unlock_irq(&reports->lock);

		raise_event(reports, &report);
	}
	memalloc_noio_restore(noio);
}

/**
 * blkv_reports_init() - prepare the findings of a target
 * @reports: zeroed
 * @ti: the target
 *
 * Context: Process; sleeps.
 * Return: 0 or -ENOMEM.
 */
int blkv_reports_init(struct blkv_reports *reports, struct dm_target *ti)
{
	reports->counts = alloc_percpu(struct blkv_counts);
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
 * blkv_reports_exit() - free what blkv_reports_init() took
 * @reports: the findings; zeroed memory is fine
 *
 * Context: Process; waits for events that are being raised.
 */
void blkv_reports_exit(struct blkv_reports *reports)
{
	if (!reports->counts)
		return;
	cancel_work_sync(&reports->event_work);
	free_percpu(reports->counts);
	reports->counts = NULL;
}

/**
 * blkv_found() - count a finding at once; blkv_report() with all its details is to follow
 * @reports: the findings of the target
 * @report: what was found; only its kind and place are looked at
 * @freeze: no request may reach a leg from now on
 *
 * Context: Any.
 */
void blkv_found(struct blkv_reports *reports, const struct blkv_report *report, bool freeze)
{
	struct blkv_findings *findings = &reports->findings;
	unsigned long flags;

	spin_lock_irqsave(&reports->lock, flags);
	findings->bad = true;
	if (!findings->located && report->nr_sectors) {
		findings->located = true;
		findings->first_sector = sector_of(report);
	}
	if (report->kind == BLKV_MISMATCH)
		findings->mismatches++;
	else
		findings->divergences++;
	if (freeze)
		WRITE_ONCE(reports->frozen, true);
	spin_unlock_irqrestore(&reports->lock, flags);
}

/* Is there a report of the same kind and place in the ring? */
static bool is_repeated(struct blkv_reports *reports, const struct blkv_report *report)
{
	u64 kept = min_t(u64, reports->findings.reported, BLKV_RING_SIZE);
	u64 number;

	lockdep_assert_held(&reports->lock);
	for (number = reports->next_number - kept; number < reports->next_number; number++) {
		const struct blkv_report *other = &reports->ring[number % BLKV_RING_SIZE];

		if (other->kind == report->kind && sector_of(other) == sector_of(report))
			return true;
	}
	return false;
}

/**
 * blkv_report() - record the details of a finding, print them and raise its events
 * @reports: the findings of the target
 * @report: what was found; its number and mark are set here
 *
 * Context: Process; takes a mutex of the device mapper.
 */
void blkv_report(struct blkv_reports *reports, struct blkv_report *report)
{
	bool first;

	spin_lock_irq(&reports->lock);
	report->repeated = is_repeated(reports, report);
	first = !reports->findings.reported++;
	report->number = reports->next_number++;
	memcpy(report->mark, reports->mark, sizeof(report->mark));
	reports->ring[report->number % BLKV_RING_SIZE] = *report;
	spin_unlock_irq(&reports->lock);

	if (first || __ratelimit(&reports->ratelimit))
		print(reports, report);
	schedule_work(&reports->event_work);
}

/**
 * blkv_count_leg_error() - count a request that a leg failed
 * @reports: the findings of the target
 * @leg: which
 *
 * Context: Any.
 */
void blkv_count_leg_error(struct blkv_reports *reports, enum blkv_leg_nr leg)
{
	unsigned long flags;

	spin_lock_irqsave(&reports->lock, flags);
	reports->findings.leg_errors[leg]++;
	spin_unlock_irqrestore(&reports->lock, flags);
}

/**
 * blkv_count_unstable() - count a read whose buffer changed under us
 * @reports: the findings of the target
 *
 * Context: Any.
 */
void blkv_count_unstable(struct blkv_reports *reports)
{
	unsigned long flags;

	spin_lock_irqsave(&reports->lock, flags);
	reports->findings.unstable++;
	spin_unlock_irqrestore(&reports->lock, flags);
}

static void sum_counts(struct blkv_reports *reports, struct blkv_counts *sum)
{
	int cpu;

	memset(sum, 0, sizeof(*sum));
	for_each_possible_cpu(cpu) {
		struct blkv_counts *counts = per_cpu_ptr(reports->counts, cpu);

		sum->compared += READ_ONCE(counts->compared);
		sum->skipped += READ_ONCE(counts->skipped);
		sum->written += READ_ONCE(counts->written);
	}
}

/**
 * blkv_reports_snapshot() - all numbers since the last reset
 * @reports: the findings of the target
 * @snapshot: filled in
 *
 * Context: Process.
 */
void blkv_reports_snapshot(struct blkv_reports *reports, struct blkv_snapshot *snapshot)
{
	spin_lock_irq(&reports->lock);
	/* Under the lock, or a reset in between has a later sum as its base. */
	sum_counts(reports, &snapshot->counts);
	snapshot->findings = reports->findings;
	snapshot->frozen = reports->frozen;
	snapshot->counts.compared -= reports->base.compared;
	snapshot->counts.skipped -= reports->base.skipped;
	snapshot->counts.written -= reports->base.written;
	spin_unlock_irq(&reports->lock);
}

/**
 * blkv_reports_reset() - forget all findings and start counting from zero
 * @reports: the findings of the target
 *
 * A frozen target stays frozen.
 *
 * Context: Process.
 */
void blkv_reports_reset(struct blkv_reports *reports)
{
	spin_lock_irq(&reports->lock);
	sum_counts(reports, &reports->base);
	memset(&reports->findings, 0, sizeof(reports->findings));
	spin_unlock_irq(&reports->lock);
}

/**
 * blkv_reports_thaw() - let requests reach the legs again
 * @reports: the findings of the target
 *
 * Context: Process.
 */
void blkv_reports_thaw(struct blkv_reports *reports)
{
	spin_lock_irq(&reports->lock);
	WRITE_ONCE(reports->frozen, false);
	spin_unlock_irq(&reports->lock);
}

/**
 * blkv_reports_mark() - tag all later reports
 * @reports: the findings of the target
 * @mark: shorter than BLKV_MARK_LEN; empty for no tag
 *
 * Context: Process.
 */
void blkv_reports_mark(struct blkv_reports *reports, const char *mark)
{
	spin_lock_irq(&reports->lock);
	strscpy(reports->mark, mark, sizeof(reports->mark));
	spin_unlock_irq(&reports->lock);
}

/**
 * blkv_reports_next() - copy a report of those since the last reset
 * @reports: the findings of the target
 * @number: look for this one, or if it has left the ring for the oldest; 0 at first. Set to the
 *	number to look for next.
 * @report: filled in
 * @dropped: set to how many reports since the last reset have left the ring
 *
 * Context: Process.
 * Return: false when there is no such report.
 */
bool blkv_reports_next(struct blkv_reports *reports, u64 *number, struct blkv_report *report,
		       u64 *dropped)
{
	u64 kept;
	bool found;

	spin_lock_irq(&reports->lock);
	kept = min_t(u64, reports->findings.reported, BLKV_RING_SIZE);
	*dropped = reports->findings.reported - kept;
	*number = max(*number, reports->next_number - kept);
	found = *number < reports->next_number;
	if (found)
		*report = reports->ring[(*number)++ % BLKV_RING_SIZE];
	spin_unlock_irq(&reports->lock);
	return found;
}

/**
 * blkv_reports_move() - let a new target go on with what an old one has found
 * @to: the new one, which has found nothing yet
 * @from: the old one; forgets everything
 *
 * The sectors of the findings are those of the mapped device, and the new target may begin
 * elsewhere.
 *
 * Context: Process. No request is in flight on either.
 */
void blkv_reports_move(struct blkv_reports *to, struct blkv_reports *from)
{
	/* May be less than nothing, and add up all the same. */
	sector_t shift = to->ti->begin - from->ti->begin;
	struct blkv_counts old, new;
	unsigned int i;

	sum_counts(from, &old);
	sum_counts(to, &new);

	spin_lock_irq(&to->lock);
	spin_lock_nested(&from->lock, SINGLE_DEPTH_NESTING);
	/* Unsigned, so that what goes below zero comes back. */
	to->base.compared = new.compared - (old.compared - from->base.compared);
	to->base.skipped = new.skipped - (old.skipped - from->base.skipped);
	to->base.written = new.written - (old.written - from->base.written);
	from->base = old;
	to->findings = from->findings;
	memset(&from->findings, 0, sizeof(from->findings));
	to->findings.first_sector += shift;
	memcpy(to->ring, from->ring, sizeof(to->ring));
	for (i = 0; i < BLKV_RING_SIZE; i++) {
		to->ring[i].sector += shift;
		to->ring[i].bad_sector += shift;
	}
	memcpy(to->mark, from->mark, sizeof(to->mark));
	to->next_number = from->next_number;
	to->next_event = from->next_event;
	from->next_event = from->next_number;
	WRITE_ONCE(to->frozen, from->frozen);
	spin_unlock(&from->lock);
	spin_unlock_irq(&to->lock);

	schedule_work(&to->event_work);
}
