// SPDX-License-Identifier: GPL-2.0-only
/*
 * Notification of findings: a line in the kernel log, a dm event and a uevent.
 *
 * The log line is printed in process context, because the name of the device is behind a mutex of
 * the device mapper. The events are raised by a separate work item: they allocate memory, and
 * a request that may be needed to free memory must not wait for that.
 *
 * Locks: none here.
 */
#include <linux/dm-ioctl.h>
#include <linux/kobject.h>
#include <linux/moduleparam.h>
#include <linux/sched/mm.h>

#include "channels.h"

static bool report_as_bug;
module_param(report_as_bug, bool, 0644);
MODULE_PARM_DESC(report_as_bug,
		 "Log a line that begins with BUG: before each report, for test harnesses");

/**
 * blkv_device_name() - the current name of the mapped device
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

static void report_log(struct dm_target *ti, const struct blkv_report *report)
{
	char name[DM_NAME_LEN];
	char text[640];

	blkv_device_name(ti, name);
	if (READ_ONCE(report_as_bug)) {
		blkv_report_emit_summary(report, ti->begin, text, sizeof(text));
		pr_err("BUG: " DM_MSG_PREFIX ": %s: %s\n", name, text);
	}
	blkv_report_emit(report, ti->begin, text, sizeof(text));
	DMERR("%s: %s", name, text);
}

static void event_raise(struct dm_target *ti, const struct blkv_event *event)
{
	struct mapped_device *md = dm_table_get_md(ti->table);
	char sector_variable[48], op_variable[48], kind_variable[48];
	char *env[4] = { sector_variable, op_variable, kind_variable };

	snprintf(sector_variable, sizeof(sector_variable), "DM_BLKVERIFY_SECTOR=%llu",
		 (unsigned long long)(ti->begin + event->sector));
	snprintf(op_variable, sizeof(op_variable), "DM_BLKVERIFY_OP=%s",
		 blkv_operation_name(event->operation));
	snprintf(kind_variable, sizeof(kind_variable), "DM_BLKVERIFY_KIND=%s",
		 blkv_kind_name(event->kind));

	dm_table_event(ti->table);
	/*
	 * udev probes a device for signatures when it gets a uevent. If that read hits the bad
	 * sector, it would be reported again, and so on in a loop: send one uevent per location.
	 */
	if (!event->repeated)
		kobject_uevent_env(&disk_to_dev(dm_disk(md))->kobj, KOBJ_CHANGE, env);
}

/* The allocations that this takes must not wait for I/O: the device may be suspended. */
static void events_raise(struct work_struct *work)
{
	struct blkv_channels *channels = container_of(work, struct blkv_channels, event_work);
	unsigned int noio = memalloc_noio_save();
	struct blkv_event event;

	while (blkv_ring_next_event(channels->ring, &event))
		event_raise(channels->ti, &event);
	memalloc_noio_restore(noio);
}

/**
 * blkv_channels_init() - prepare the channels of a target
 * @channels: zeroed
 * @ti: the target
 * @ring: its reports
 */
void blkv_channels_init(struct blkv_channels *channels, struct dm_target *ti,
			struct blkv_ring *ring)
{
	channels->ti = ti;
	channels->ring = ring;
	ratelimit_state_init(&channels->ratelimit, DEFAULT_RATELIMIT_INTERVAL,
			     DEFAULT_RATELIMIT_BURST);
	INIT_WORK(&channels->event_work, events_raise);
}

/**
 * blkv_channels_exit() - raise no more events
 * @channels: the channels; zeroed memory is fine
 *
 * Context: Process; waits for events that are being raised.
 */
void blkv_channels_exit(struct blkv_channels *channels)
{
	if (channels->ti)
		cancel_work_sync(&channels->event_work);
}

/**
 * blkv_channels_publish() - log a report and raise its events
 * @channels: the channels of the target
 * @report: the report, which is in the ring already
 * @first: since a reset or a mark, so print it regardless of the rate limit
 *
 * Context: Process; takes a mutex of the device mapper.
 * Return: true if the report was logged.
 */
bool blkv_channels_publish(struct blkv_channels *channels, const struct blkv_report *report,
			   bool first)
{
	bool logged = first || __ratelimit(&channels->ratelimit);

	if (logged)
		report_log(channels->ti, report);
	schedule_work(&channels->event_work);
	return logged;
}

/**
 * blkv_channels_label() - log the label of an earlier report
 * @channels: the channels of the target
 * @report: the report, which was logged without a label
 * @label: its label
 *
 * Context: Process; takes a mutex of the device mapper.
 */
void blkv_channels_label(struct blkv_channels *channels, const struct blkv_report *report,
			 enum blkv_label label)
{
	char name[DM_NAME_LEN];

	blkv_device_name(channels->ti, name);
	DMERR("%s: report %llu, sector %llu: %s", name, report->number,
	      (unsigned long long)(channels->ti->begin + report->bad_sector),
	      blkv_label_name(label));
}

/**
 * blkv_channels_resume() - raise the pending events of a replaced table
 * @channels: the channels of the new target; its ring has been moved there
 *
 * Context: Any.
 */
void blkv_channels_resume(struct blkv_channels *channels)
{
	schedule_work(&channels->event_work);
}
