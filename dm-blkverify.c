// SPDX-License-Identifier: GPL-2.0-only
/*
 * The target: constructor, limits, suspend and resume, module. The life of a request is in
 * src/request.c.
 */
#include <linux/device-mapper.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "crash.h"
#include "dm-blkverify.h"
#include "ioctl.h"
#include "limits.h"
#include "message.h"
#include "request.h"
#include "verdict.h"
#include "words.h"

/*
 * All targets, so that a table that replaces another one on the same device and legs can inherit
 * its state.
 */
static LIST_HEAD(instances);
static DEFINE_MUTEX(instances_lock);

static const char *const leg_names[BLKV_LEGS] = { "raw", "test" };

/* ---- constructor -------------------------------------------------------------------------- */

static bool is_writable(struct blkverify *blkv)
{
	return dm_table_get_mode(blkv->ti->table) & BLK_OPEN_WRITE;
}

static int leg_get(struct blkverify *blkv, enum blkv_leg_nr leg, const char *path)
{
	static char *const cannot_open[BLKV_LEGS] = {
		"Cannot open raw device",
		"Cannot open test device",
	};
	int r;

	r = dm_get_device(blkv->ti, path, dm_table_get_mode(blkv->ti->table), &blkv->legs[leg]);
	if (r) {
		DMERR("cannot open %s device %*pE: %pe", leg_names[leg], (int)strlen(path), path,
		      ERR_PTR(r));
		blkv->ti->error = cannot_open[leg];
	}
	return r;
}

static int leg_check(struct blkverify *blkv, enum blkv_leg_nr leg)
{
	static char *const too_short[BLKV_LEGS] = {
		"Raw device is shorter than the target",
		"Test device is shorter than the target",
	};
	static char *const zoned[BLKV_LEGS] = {
		"Raw device is zoned, which is not supported",
		"Test device is zoned, which is not supported",
	};
	static char *const read_only[BLKV_LEGS] = {
		"Raw device is read-only but the table is writable",
		"Test device is read-only but the table is writable",
	};
	struct dm_target *ti = blkv->ti;
	struct block_device *bdev = blkv->legs[leg]->bdev;
	sector_t size = bdev_nr_sectors(bdev);

	if (bdev_is_zoned(bdev)) {
		ti->error = zoned[leg];
		return -EINVAL;
	}
	if (size < ti->len) {
		DMERR("%s device %pg has %llu sectors, %llu less than the target", leg_names[leg],
		      bdev, (unsigned long long)size, (unsigned long long)(ti->len - size));
		ti->error = too_short[leg];
		return -EINVAL;
	}
	if (bdev_read_only(bdev) && is_writable(blkv)) {
		DMERR("%s device %pg is read-only", leg_names[leg], bdev);
		ti->error = read_only[leg];
		return -EACCES;
	}
	return 0;
}

/* The test leg lost its power, and its device is gone. */
static bool test_is_away(const struct blkverify *blkv)
{
	return !blkv->legs[BLKV_TEST];
}

static struct block_device *leg_bdev(const struct blkverify *blkv, enum blkv_leg_nr leg)
{
	return blkv->legs[leg] ? blkv->legs[leg]->bdev : NULL;
}

/* The device mapper itself makes these checks for the test leg: see blkverify_iterate_devices(). */
static int raw_check(struct blkverify *blkv)
{
	struct dm_target *ti = blkv->ti;
	unsigned int block_size = bdev_logical_block_size(blkv->legs[BLKV_RAW]->bdev);
	int r = leg_check(blkv, BLKV_RAW);

	if (r)
		return r;
	if (!((ti->begin | ti->len) & ((block_size >> SECTOR_SHIFT) - 1)))
		return 0;
	DMERR("raw device %pg has blocks of %u bytes", blkv->legs[BLKV_RAW]->bdev, block_size);
	ti->error = "Target is not aligned to the logical blocks of the raw device";
	return -EINVAL;
}

static int legs_get(struct blkverify *blkv, char **argv)
{
	int r;

	r = leg_get(blkv, BLKV_RAW, argv[0]);
	if (r)
		return r;
	if (!strcmp(argv[1], "-"))
		return raw_check(blkv);
	r = leg_get(blkv, BLKV_TEST, argv[1]);
	if (r)
		return r;

	if (blkv->legs[BLKV_RAW]->bdev == blkv->legs[BLKV_TEST]->bdev) {
		blkv->ti->error = "Raw and test are the same device";
		return -EINVAL;
	}
	r = raw_check(blkv);
	return r ?: leg_check(blkv, BLKV_TEST);
}

/*
 * Can stable writes still be turned on? The page cache of the mapped device checks for them when
 * the disk is registered, which the first table does; file systems check when they are mounted,
 * swap when it is turned on, and none of them checks again.
 */
static bool may_skip_write_copy(struct dm_target *ti)
{
	struct gendisk *disk = dm_disk(dm_table_get_md(ti->table));

	return !device_is_registered(disk_to_dev(disk)) || bdev_stable_writes(disk->part0);
}

static int options_parse(struct blkverify *blkv, unsigned int argc, char **argv)
{
	const char *error, *word;
	int r = blkv_options_parse(&blkv->options, argc, argv, &error, &word);

	if (r) {
		DMERR("%s: \"%*pE\"", error, (int)strnlen(word, 64), word);
		blkv->ti->error = (char *)error;
		return r;
	}
	/* Without them, the page cache may change a page between the two legs: a false alarm. */
	if (blkv_option(&blkv->options, NO_WRITE_COPY) && !COMPAT_HAS_STABLE_WRITES) {
		blkv->ti->error =
			"no_write_copy needs stable pages, which this kernel does not offer";
		return -EOPNOTSUPP;
	}
	if (blkv_option(&blkv->options, NO_WRITE_COPY) && !may_skip_write_copy(blkv->ti)) {
		blkv->ti->error = "no_write_copy can only be set when the device is created";
		return -EINVAL;
	}
	return 0;
}

static int workqueues_alloc(struct blkverify *blkv)
{
	const char *device = dm_table_device_name(blkv->ti->table);

	blkv->wq = alloc_workqueue("blkverify/%s", WQ_MEM_RECLAIM | WQ_HIGHPRI | WQ_UNBOUND, 0,
				   device);
	blkv->raw_wq = alloc_ordered_workqueue("blkverify_raw/%s", WQ_MEM_RECLAIM | WQ_HIGHPRI,
					       device);
	blkv->wait_wq = alloc_ordered_workqueue("blkverify_wait/%s", WQ_MEM_RECLAIM, device);
	blkv->recheck_wq = alloc_ordered_workqueue("blkverify_recheck/%s", WQ_MEM_RECLAIM, device);
	blkv->label_wq = alloc_ordered_workqueue("blkverify_label/%s", WQ_MEM_RECLAIM, device);
	return blkv->wq && blkv->raw_wq && blkv->wait_wq && blkv->recheck_wq && blkv->label_wq ?
		       0 :
		       -ENOMEM;
}

static void late_in_test_pool(struct work_struct *work)
{
	struct blkverify *blkv = container_of(work, struct blkverify, test_pool.late.work);

	blkv_verdict_late(blkv, &blkv->test_pool);
}

static void late_in_copy_pool(struct work_struct *work)
{
	struct blkverify *blkv = container_of(work, struct blkverify, copy_pool.late.work);

	blkv_verdict_late(blkv, &blkv->copy_pool);
}

static int prints_init(struct blkverify *blkv)
{
	unsigned int max_mib = blkv->options.number[BLKV_OPTION_FINGERPRINT_MAX_MIB];

	if (!blkv_option(&blkv->options, FINGERPRINT))
		return 0;
	return blkv_fingerprints_init(&blkv->prints, max_mib ?: BLKV_FINGERPRINT_DEFAULT_MIB);
}

static int pools_init(struct blkverify *blkv)
{
	unsigned int quarantine = blkv->options.number[BLKV_OPTION_QUARANTINE_MIB];
	int r;

	r = blkv_pool_init(&blkv->test_pool, get_random_u64(), quarantine, late_in_test_pool, NULL);
	return r ?: blkv_pool_init(&blkv->copy_pool, get_random_u64(), 0, late_in_copy_pool,
				   &blkv->recheck);
}

/* Everything that needs memory. members_free() tolerates missing members. */
static int members_alloc(struct blkverify *blkv)
{
	struct dm_target *ti = blkv->ti;
	int r;

	blkv_zeros_init(&blkv->zeros);
	blkv_ranges_init(&blkv->ranges);
	blkv_backlog_init(&blkv->backlog);
	blkv_polled_init(&blkv->polled);
	blkv_findings_init(&blkv->findings);
	blkv_ring_init(&blkv->ring);
	blkv_channels_init(&blkv->channels, ti, &blkv->ring);
	blkv_injections_init(&blkv->injections);
	r = blkv_counters_init(&blkv->counters);
	if (r) {
		ti->error = "Cannot allocate counters";
		return r;
	}
	r = blkv_trust_init(&blkv->trust, ti->len, !blkv_option(&blkv->options, WRITTEN_ONLY));
	if (r) {
		ti->error = "Cannot allocate trust map";
		return r;
	}
	r = pools_init(blkv);
	if (r) {
		ti->error = "Cannot allocate private memory";
		return r;
	}
	r = blkv_history_init(&blkv->history);
	if (r) {
		ti->error = "Cannot allocate history";
		return r;
	}
	r = prints_init(blkv);
	if (r) {
		ti->error = "Cannot allocate fingerprints";
		return r;
	}
	r = workqueues_alloc(blkv);
	if (r) {
		ti->error = "Cannot allocate workqueues";
		return r;
	}
	blkv->polled.wq = blkv->wq;
	return blkv_crash_init(blkv);
}

static void members_free(struct blkverify *blkv)
{
	enum blkv_leg_nr leg;

	blkv_polled_exit(&blkv->polled);
	if (blkv->label_wq)
		destroy_workqueue(blkv->label_wq);
	if (blkv->recheck_wq)
		destroy_workqueue(blkv->recheck_wq);
	if (blkv->wait_wq)
		destroy_workqueue(blkv->wait_wq);
	if (blkv->wq)
		destroy_workqueue(blkv->wq);
	if (blkv->raw_wq)
		destroy_workqueue(blkv->raw_wq);
	blkv_crash_exit(blkv);
	blkv_memory_put(&blkv->copy_pool, &blkv->recheck, 0, 0);
	blkv_pool_exit(&blkv->copy_pool);
	blkv_pool_exit(&blkv->test_pool);
	blkv_fingerprints_exit(&blkv->prints);
	blkv_history_exit(&blkv->history);
	blkv_trust_exit(&blkv->trust);
	blkv_channels_exit(&blkv->channels);
	blkv_counters_exit(&blkv->counters);
	for (leg = BLKV_RAW; leg < BLKV_LEGS; leg++)
		if (blkv->legs[leg])
			dm_put_device(blkv->ti, blkv->legs[leg]);
	kvfree(blkv);
}

static void target_set_up(struct dm_target *ti)
{
	/* One of each: the target submits it to both legs itself, and so can join the results. */
	ti->num_flush_bios = 1;
	ti->num_discard_bios = 1;
	ti->num_secure_erase_bios = 1;
	ti->num_write_zeroes_bios = 1;
	ti->per_io_data_size = sizeof(struct blkv_request);
	ti->accounts_remapped_io = true;
	/* Writes need private memory; throttle swap-out so that it cannot take all of it. */
	ti->limit_swap_bios = true;
	/* Without a cache of raw, a flush would succeed before it gets here. It must fail. */
	ti->flush_supported = test_is_away(ti->private);
}

/*
 * Do @blkv and @other share a leg that one of them may write? The kernel lets device-mapper devices
 * share a device. Targets that only read may do so, and so may a table and its replacement.
 */
static bool shares_written_leg(struct blkverify *blkv, struct blkverify *other,
			       enum blkv_leg_nr leg)
{
	struct block_device *bdev = leg_bdev(blkv, leg);

	if (!bdev || (bdev != leg_bdev(other, BLKV_RAW) && bdev != leg_bdev(other, BLKV_TEST)))
		return false;
	if (!is_writable(blkv) && !is_writable(other))
		return false;
	return blkv->ti->table == other->ti->table ||
	       dm_table_get_md(blkv->ti->table) != dm_table_get_md(other->ti->table);
}

/*
 * The device mapper opens a device once for each mapped device, and once more for a table of
 * another mode. Return how many opens of the leg belong to this mapped device.
 */
static int leg_own_claims(struct blkverify *blkv, enum blkv_leg_nr leg)
{
	struct mapped_device *md = dm_table_get_md(blkv->ti->table);
	struct block_device *bdev = blkv->legs[leg]->bdev;
	struct blkverify *other;

	lockdep_assert_held(&instances_lock);
	list_for_each_entry(other, &instances, instance)
		if (is_writable(other) != is_writable(blkv) &&
		    dm_table_get_md(other->ti->table) == md &&
		    (bdev == leg_bdev(other, BLKV_RAW) || bdev == leg_bdev(other, BLKV_TEST)))
			return 2;
	return 1;
}

/*
 * All mapped devices claim their devices with the same holder, so the kernel allows another one to
 * map a leg of this target. bd_holders is read without its lock, which is sufficient for a warning.
 * A claim of a whole disk counts twice.
 */
static void leg_warn_if_shared(struct blkverify *blkv, enum blkv_leg_nr leg)
{
	struct block_device *bdev = blkv->legs[leg]->bdev;
	int claims = READ_ONCE(bdev->bd_holders);

	if (!bdev_is_partition(bdev))
		claims /= 2;
	if (claims > leg_own_claims(blkv, leg))
		DMWARN("%s device %pg is also mapped by another device-mapper device",
		       leg_names[leg], bdev);
}

/* Both legs are fine, but not all of the test leg can be tested. */
static void test_log_unpassed(struct blkverify *blkv)
{
	static const struct {
		const char *word, *reason;
	} texts[BLKV_UNPASSED_NR] = {
#define TEXT_ROW(id, word, reason, ...) \
		[BLKV_UNPASSED_##id] = { word, reason },
		BLKV_UNPASSED(TEXT_ROW)
#undef TEXT_ROW
	};
	struct dm_dev *leg = blkv->legs[BLKV_TEST];
	enum blkv_unpassed i;

	for (i = 0; leg && i < BLKV_UNPASSED_NR; i++)
		if (blkv_leg_has_unpassed(leg, i))
			DMINFO("%s of the test device %pg is not tested: %s", texts[i].word,
			       leg->bdev, texts[i].reason);
}

/* Is there a table whose state the target can take over while its test leg is away? */
static bool has_predecessor(struct blkverify *blkv)
{
	struct blkverify *other;

	lockdep_assert_held(&instances_lock);
	list_for_each_entry(other, &instances, instance)
		if (other->owns_state &&
		    dm_table_get_md(other->ti->table) == dm_table_get_md(blkv->ti->table) &&
		    leg_bdev(other, BLKV_RAW) == leg_bdev(blkv, BLKV_RAW) &&
		    blkv_crash_is_like(blkv, other))
			return true;
	return false;
}

static int instance_register(struct blkverify *blkv)
{
	static char *const in_use[BLKV_LEGS] = {
		"Raw device is a leg of another blkverify target",
		"Test device is a leg of another blkverify target",
	};
	struct blkverify *other;
	enum blkv_leg_nr leg;
	int r = 0;

	mutex_lock(&instances_lock);
	if (test_is_away(blkv) && !has_predecessor(blkv)) {
		blkv->ti->error = "A test device that is away needs a table with the same options";
		r = -EINVAL;
	}
	list_for_each_entry(other, &instances, instance)
		for (leg = BLKV_RAW; leg < BLKV_LEGS; leg++)
			if (shares_written_leg(blkv, other, leg)) {
				blkv->ti->error = in_use[leg];
				r = -EBUSY;
			}
	if (!r)
		list_add(&blkv->instance, &instances);
	if (!r)
		for (leg = BLKV_RAW; leg < BLKV_LEGS; leg++)
			if (blkv->legs[leg])
				leg_warn_if_shared(blkv, leg);
	mutex_unlock(&instances_lock);
	return r;
}

/*
 * <raw_dev> <test_dev> [<#opts> <opt>...]
 */
static int blkverify_ctr(struct dm_target *ti, unsigned int argc, char **argv)
{
	struct blkverify *blkv;
	int r;

	if (argc < 2) {
		ti->error = argc ? "Test device is missing" : "Raw and test device are missing";
		return -EINVAL;
	}
	blkv = kvzalloc_obj(*blkv);
	if (!blkv) {
		ti->error = "Cannot allocate target";
		return -ENOMEM;
	}
	blkv->ti = ti;
	blkv->bdev = dm_disk(dm_table_get_md(ti->table))->part0;
	INIT_LIST_HEAD(&blkv->instance);

	r = options_parse(blkv, argc - 2, argv + 2);
	if (r)
		goto bad;
	if (!strcmp(argv[1], "-") && !blkv_option(&blkv->options, CRASH)) {
		ti->error = "A test device that is away needs crash";
		r = -EINVAL;
		goto bad;
	}
	r = legs_get(blkv, argv);
	if (r)
		goto bad;
	r = members_alloc(blkv);
	if (r)
		goto bad;

	ti->private = blkv;
	target_set_up(ti);
	r = instance_register(blkv);
	if (r)
		goto bad;
	test_log_unpassed(blkv);
	return 0;

bad:
	members_free(blkv);
	return r;
}

/* ---- suspend and resume ------------------------------------------------------------------- */

/* A test leg that is away may come back as another device. */
static bool has_same_legs(struct blkverify *blkv, struct blkverify *other)
{
	if (leg_bdev(blkv, BLKV_RAW) != leg_bdev(other, BLKV_RAW))
		return false;
	return test_is_away(blkv) || test_is_away(other) ||
	       leg_bdev(blkv, BLKV_TEST) == leg_bdev(other, BLKV_TEST);
}

/*
 * Find the target of another table of this device that has the same legs and does, or does not, own
 * the state. It need not begin where @blkv begins. But read-only targets of one table may share
 * legs: then each finds its own counterpart, if that still exists.
 */
static struct blkverify *counterpart_find(struct blkverify *blkv, bool owns_state)
{
	struct blkverify *other, *found = NULL;

	lockdep_assert_held(&instances_lock);
	list_for_each_entry(other, &instances, instance)
		if (other->owns_state == owns_state && other->ti->table != blkv->ti->table &&
		    dm_table_get_md(other->ti->table) == dm_table_get_md(blkv->ti->table) &&
		    has_same_legs(blkv, other) && (!found || other->ti->begin == blkv->ti->begin))
			found = other;
	return found;
}

static void state_take_over(struct blkverify *blkv, struct blkverify *old)
{
	/* written_only means that the legs are not known to be identical: do not inherit trust. */
	if (!blkv_option(&blkv->options, WRITTEN_ONLY) || blkv_option(&old->options, WRITTEN_ONLY))
		blkv_trust_move(&blkv->trust, &old->trust);
	blkv_counters_move(&blkv->counters, &old->counters);
	blkv_findings_move(&blkv->findings, &old->findings);
	blkv_ring_move(&blkv->ring, &old->ring);
	blkv_channels_resume(&blkv->channels);
	blkv_history_move(&blkv->history, &old->history);
	blkv->moments = old->moments;
	blkv_fingerprints_move(&blkv->prints, &old->prints);
	blkv_crash_move(blkv, old);
	blkv->owns_state = true;
	old->owns_state = false;
}

/*
 * A table is loaded while the one that it replaces is still running, so the state can be taken over
 * only now: the old table is suspended and not yet destroyed. Without this, a reload would turn
 * every discarded sector into a false alarm and thaw a frozen target. If the resume fails before it
 * gets here, the old table is destroyed all the same, and the new one may be replaced by a third
 * that has never run: so blkverify_dtr() hands the state over, too.
 */
static int blkverify_preresume(struct dm_target *ti)
{
	struct blkverify *blkv = ti->private, *old;
	int r;

	/* The leg may have changed since the table was loaded, as dm checks for the test leg. */
	r = blkv->owns_state ? 0 : raw_check(blkv);
	if (r)
		return r;

	mutex_lock(&instances_lock);
	old = blkv->owns_state ? NULL : counterpart_find(blkv, true);
	if (old)
		state_take_over(blkv, old);
	blkv->owns_state = true;
	mutex_unlock(&instances_lock);
	blkv_crash_begin(blkv);
	return 0;
}

/*
 * No request is in flight, but pending labels may still read the legs. This may be the last chance
 * to find late data in memory that no later request has used.
 */
static void blkverify_postsuspend(struct dm_target *ti)
{
	struct blkverify *blkv = ti->private;

	blkv_moments_note(&blkv->moments, BLKV_MOMENT_SUSPEND, jiffies);
	flush_workqueue(blkv->label_wq);
	blkv_pool_check(&blkv->test_pool);
	blkv_pool_check(&blkv->copy_pool);
}

static void blkverify_dtr(struct dm_target *ti)
{
	struct blkverify *blkv = ti->private, *new;

	mutex_lock(&instances_lock);
	list_del(&blkv->instance);
	new = blkv->owns_state ? counterpart_find(blkv, false) : NULL;
	if (new)
		state_take_over(new, blkv);
	mutex_unlock(&instances_lock);
	members_free(blkv);
}

/* ---- the rest of the target --------------------------------------------------------------- */

/* Was a bio submitted when another table allowed more? */
static bool is_not_allowed(struct blkverify *blkv, struct bio *bio)
{
	if (!op_is_write(bio_op(bio)) || !bio_sectors(bio))
		return false;
	/* An atomic write that might have to be split. */
	return !is_writable(blkv) ||
	       (bio->bi_opf & REQ_ATOMIC && bio_sectors(bio) > BLKV_REGION_SECTORS);
}

static int blkverify_map(struct dm_target *ti, struct bio *bio)
{
	struct blkverify *blkv = ti->private;

	if (unlikely(is_not_allowed(blkv, bio)))
		return DM_MAPIO_KILL;
	return blkv_request_map(blkv, bio);
}

/* Of the clone that blkv_request_map() took: by the test leg first, then by blkv_request_end(). */
static int blkverify_end_io(struct dm_target *ti, struct bio *bio, blk_status_t *error)
{
	struct blkv_request *req = dm_per_bio_data(bio, sizeof(*req));

	if (req->ending)
		return DM_ENDIO_DONE;
	blkv_request_test_done(req, *error);
	return DM_ENDIO_INCOMPLETE;
}

static void blkverify_status(struct dm_target *ti, status_type_t type, unsigned int status_flags,
			     char *result, unsigned int maxlen)
{
	blkv_status(ti->private, type, result, maxlen);
}

static int blkverify_message(struct dm_target *ti, unsigned int argc, char **argv, char *result,
			     unsigned int maxlen)
{
	return blkv_message(ti->private, argc, argv, result, maxlen);
}

/*
 * Only the test leg, or the raw leg while that is away: the device mapper takes all limits and
 * features from the devices that are named here, see src/limits.c. raw_check() makes its checks of
 * them for the raw leg.
 */
static int blkverify_iterate_devices(struct dm_target *ti, iterate_devices_callout_fn fn,
				     void *data)
{
	struct blkverify *blkv = ti->private;

	return fn(ti, blkv->legs[test_is_away(blkv) ? BLKV_RAW : BLKV_TEST], 0, ti->len, data);
}

/*
 * Ioctls that read the state of the test leg are passed to it; see src/ioctl.c. As with dm-linear,
 * the device mapper requires CAP_SYS_RAWIO if the target is only a part of the device.
 */
static int blkverify_prepare_ioctl(struct dm_target *ti, struct block_device **bdev,
				   unsigned int cmd, unsigned long arg, bool *forward)
{
	struct blkverify *blkv = ti->private;

	if (!blkv_ioctl_reads_state(cmd, (void __user *)arg))
		return -ENOTTY;
	if (test_is_away(blkv))
		return -ENXIO;
	*bdev = blkv->legs[BLKV_TEST]->bdev;
	return ti->len != bdev_nr_sectors(*bdev);
}

static void blkverify_io_hints(struct dm_target *ti, struct queue_limits *limits)
{
	struct blkverify *blkv = ti->private;

	blkv_limits_add_raw(limits, bdev_logical_block_size(blkv->legs[BLKV_RAW]->bdev));
	blkv_limits_bound_atomic(limits);
	/* It gets the caller's memory, or memory of the same shape. */
	limits->dma_alignment = max_t(unsigned int, limits->dma_alignment,
				      bdev_dma_alignment(blkv->legs[BLKV_RAW]->bdev));
	/* A leg that needs stable pages gets private ones. */
	compat_stable_writes(ti, limits, blkv_option(&blkv->options, NO_WRITE_COPY));
}

static struct target_type blkverify_target = {
	.name = "blkverify",
	.version = { 1, 0, 0 },
	.features = DM_TARGET_NOWAIT | DM_TARGET_PASSES_INTEGRITY | DM_TARGET_ATOMIC_WRITES,
	.module = THIS_MODULE,
	.ctr = blkverify_ctr,
	.dtr = blkverify_dtr,
	.map = blkverify_map,
	.end_io = blkverify_end_io,
	.postsuspend = blkverify_postsuspend,
	.preresume = blkverify_preresume,
	.status = blkverify_status,
	.message = blkverify_message,
	.prepare_ioctl = compat_prepare_ioctl(blkverify_prepare_ioctl),
	.iterate_devices = blkverify_iterate_devices,
	.io_hints = blkverify_io_hints,
};

static int __init blkverify_init(void)
{
	int r = blkv_trust_cache_create();

	if (r)
		return r;
	r = dm_register_target(&blkverify_target);
	if (r)
		blkv_trust_cache_destroy();
	return r;
}
module_init(blkverify_init);

static void __exit blkverify_exit(void)
{
	dm_unregister_target(&blkverify_target);
	blkv_trust_cache_destroy();
}
module_exit(blkverify_exit);

MODULE_DESCRIPTION(DM_NAME " target that verifies a block device against a trusted one");
MODULE_AUTHOR("The dm-blkverify maintainers");
MODULE_LICENSE("GPL");
