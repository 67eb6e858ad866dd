/* SPDX-License-Identifier: GPL-2.0-only */
/* Notification of findings: the kernel log, dm events, uevents. */
#ifndef DM_BLKVERIFY_CHANNELS_H
#define DM_BLKVERIFY_CHANNELS_H

#include <linux/device-mapper.h>
#include <linux/ratelimit.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "report.h"
#include "ring.h"

/**
 * struct blkv_channels - the channels of a target
 * @ti: the target
 * @ring: the reports for which events are due
 * @ratelimit: of the log lines
 * @event_work: raises a dm event and a uevent for each report
 */
struct blkv_channels {
	struct dm_target *ti;
	struct blkv_ring *ring;
	struct ratelimit_state ratelimit;
	struct work_struct event_work;
};

void blkv_channels_init(struct blkv_channels *channels, struct dm_target *ti,
			struct blkv_ring *ring);
void blkv_channels_exit(struct blkv_channels *channels);
bool blkv_channels_publish(struct blkv_channels *channels, const struct blkv_report *report,
			   bool first);
void blkv_channels_label(struct blkv_channels *channels, const struct blkv_report *report,
			 enum blkv_label label);
void blkv_channels_resume(struct blkv_channels *channels);
void blkv_device_name(struct dm_target *ti, char *name);

#endif /* DM_BLKVERIFY_CHANNELS_H */
