// SPDX-License-Identifier: GPL-2.0-only
/*
 * The target: constructor, limits, suspend and resume, module. What happens to a request is in
 * src/io.c.
 */
#include <linux/device-mapper.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "dm-blkverify.h"
#include "io.h"
#include "message.h"
#include "words.h"

/*
 * All targets, so that a table that replaces another one on the same device and legs can take
 * over what that knew about trust.
 */
static LIST_HEAD(instances);
static DEFINE_MUTEX(instances_lock);

static const char *const leg_names[BLKV_LEGS] = { "raw", "test" };

/* ---- constructor -------------------------------------------------------------------------- */

static bool is_writable(struct blkverify *blkv)
{
	return dm_table_get_mode(blkv->ti->table) & BLK_OPEN_WRITE;
}

static int get_leg(struct blkverify *blkv, enum blkv_leg_nr leg, const char *path)
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

static int check_leg(struct blkverify *blkv, enum blkv_leg_nr leg)
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

static int get_legs(struct blkverify *blkv, char **argv)
{
	int r;

	r = get_leg(blkv, BLKV_RAW, argv[0]);
	if (r)
		return r;
	r = get_leg(blkv, BLKV_TEST, argv[1]);
	if (r)
		return r;

	if (blkv->legs[BLKV_RAW]->bdev == blkv->legs[BLKV_TEST]->bdev) {
		blkv->ti->error = "Raw and test are the same device";
		return -EINVAL;
	}
	r = check_leg(blkv, BLKV_RAW);
	return r ?: check_leg(blkv, BLKV_TEST);
}

/*
 * Will everybody keep pages stable if this table asks for it? The page cache of the mapped device
 * looks when the disk is registered, which the first table does, file systems look when they are
 * mounted, swap when it is turned on, and nobody looks again.
 */
static bool may_skip_write_copy(struct dm_target *ti)
{
	struct gendisk *disk = dm_disk(dm_table_get_md(ti->table));

	return !device_is_registered(disk_to_dev(disk)) || bdev_stable_writes(disk->part0);
}

static int parse_options(struct blkverify *blkv, unsigned int argc, char **argv)
{
	const char *error, *word;
	int r = blkv_options_parse(&blkv->options, argc, argv, &error, &word);

	if (r) {
		DMERR("%s: \"%*pE\"", error, (int)strnlen(word, 64), word);
		blkv->ti->error = (char *)error;
		return r;
	}
	/* Without it the page cache may change a page between the two legs: a false alarm. */
	if (blkv->options.no_write_copy && !COMPAT_HAS_STABLE_WRITES) {
		blkv->ti->error = "This kernel cannot keep pages stable, which no_write_copy needs";
		return -EOPNOTSUPP;
	}
	if (blkv->options.no_write_copy && !may_skip_write_copy(blkv->ti)) {
		blkv->ti->error = "no_write_copy must be given when the device is made";
		return -EINVAL;
	}
	return 0;
}

static int alloc_workqueues(struct blkverify *blkv)
{
	const char *device = dm_table_device_name(blkv->ti->table);

	blkv->wq = alloc_workqueue("blkverify/%s", WQ_MEM_RECLAIM | WQ_HIGHPRI | WQ_UNBOUND, 0,
				   device);
	blkv->wait_wq = alloc_ordered_workqueue("blkverify_wait/%s", WQ_MEM_RECLAIM, device);
	blkv->recheck_wq = alloc_ordered_workqueue("blkverify_recheck/%s", WQ_MEM_RECLAIM, device);
	return blkv->wq && blkv->wait_wq && blkv->recheck_wq ? 0 : -ENOMEM;
}

static int init_prints(struct blkverify *blkv)
{
	if (!blkv->options.fingerprint)
		return 0;
	return blkv_fingerprints_init(&blkv->prints, blkv->options.fingerprint_max_mib ?:
							     BLKV_FINGERPRINT_DEFAULT_MIB);
}

/* Everything that needs memory. The destructor tolerates what is missing. */
static int alloc_members(struct blkverify *blkv)
{
	struct dm_target *ti = blkv->ti;
	int r;

	blkv_ranges_init(&blkv->ranges);
	spin_lock_init(&blkv->injections.lock);
	blkv->cookie = get_random_u64();
	r = blkv_reports_init(&blkv->reports, ti);
	if (r) {
		ti->error = "Cannot allocate counters";
		return r;
	}
	r = blkv_trust_init(&blkv->trust, ti->len, !blkv->options.written_only);
	if (r) {
		ti->error = "Cannot allocate trust map";
		return r;
	}
	r = blkv_pool_init(&blkv->pool, &blkv->recheck);
	if (r) {
		ti->error = "Cannot allocate private pages";
		return r;
	}
	r = blkv_history_init(&blkv->history);
	if (r) {
		ti->error = "Cannot allocate history";
		return r;
	}
	r = init_prints(blkv);
	if (r) {
		ti->error = "Cannot allocate fingerprints";
		return r;
	}
	r = alloc_workqueues(blkv);
	if (r)
		ti->error = "Cannot allocate workqueues";
	return r;
}

static void free_members(struct blkverify *blkv)
{
	enum blkv_leg_nr leg;

	if (blkv->recheck_wq)
		destroy_workqueue(blkv->recheck_wq);
	if (blkv->wait_wq)
		destroy_workqueue(blkv->wait_wq);
	if (blkv->wq)
		destroy_workqueue(blkv->wq);
	blkv_memory_put(&blkv->pool, &blkv->recheck);
	blkv_pool_exit(&blkv->pool);
	blkv_fingerprints_exit(&blkv->prints);
	blkv_history_exit(&blkv->history);
	blkv_trust_exit(&blkv->trust);
	blkv_reports_exit(&blkv->reports);
	for (leg = BLKV_RAW; leg < BLKV_LEGS; leg++)
		if (blkv->legs[leg])
			dm_put_device(blkv->ti, blkv->legs[leg]);
	kvfree(blkv);
}

static void set_up_target(struct dm_target *ti)
{
	/* One of each: the target sends it to both legs itself, and so can join their answers. */
	ti->num_flush_bios = 1;
	ti->num_discard_bios = 1;
	ti->num_secure_erase_bios = 1;
	ti->num_write_zeroes_bios = 1;
	ti->per_io_data_size = blkv_io_size();
	ti->accounts_remapped_io = true;
	/* A write costs memory before it frees any: do not let swap have it all. */
	ti->limit_swap_bios = true;
}

/*
 * Would @blkv and @other write behind each other's back? The kernel lets all device-mapper devices
 * share a leg. Two that only read may, and so may a table and the one that it is to replace.
 */
static bool disturbs(struct blkverify *blkv, struct blkverify *other, enum blkv_leg_nr leg)
{
	struct block_device *bdev = blkv->legs[leg]->bdev;

	if (bdev != other->legs[BLKV_RAW]->bdev && bdev != other->legs[BLKV_TEST]->bdev)
		return false;
	if (!is_writable(blkv) && !is_writable(other))
		return false;
	return blkv->ti->table == other->ti->table ||
	       dm_table_get_md(blkv->ti->table) != dm_table_get_md(other->ti->table);
}

static int register_instance(struct blkverify *blkv)
{
	static char *const in_use[BLKV_LEGS] = {
		"Raw device is a leg of another blkverify target",
		"Test device is a leg of another blkverify target",
	};
	struct blkverify *other;
	enum blkv_leg_nr leg;
	int r = 0;

	mutex_lock(&instances_lock);
	list_for_each_entry(other, &instances, instance)
		for (leg = BLKV_RAW; leg < BLKV_LEGS; leg++)
			if (disturbs(blkv, other, leg)) {
				blkv->ti->error = in_use[leg];
				r = -EBUSY;
			}
	if (!r)
		list_add(&blkv->instance, &instances);
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
	blkv = kvzalloc(sizeof(*blkv), GFP_KERNEL);
	if (!blkv) {
		ti->error = "Cannot allocate target";
		return -ENOMEM;
	}
	blkv->ti = ti;
	INIT_LIST_HEAD(&blkv->instance);

	r = parse_options(blkv, argc - 2, argv + 2);
	if (r)
		goto bad;
	r = get_legs(blkv, argv);
	if (r)
		goto bad;
	r = alloc_members(blkv);
	if (r)
		goto bad;
	r = dm_set_target_max_io_len(ti, BLKV_REGION_SECTORS);
	if (r)
		goto bad;

	set_up_target(ti);
	ti->private = blkv;
	r = register_instance(blkv);
	if (r)
		goto bad;
	return 0;

bad:
	free_members(blkv);
	return r;
}

/* ---- suspend and resume ------------------------------------------------------------------- */

static bool same_legs(struct blkverify *blkv, struct blkverify *other)
{
	return blkv->legs[BLKV_RAW]->bdev == other->legs[BLKV_RAW]->bdev &&
	       blkv->legs[BLKV_TEST]->bdev == other->legs[BLKV_TEST]->bdev;
}

/*
 * Find the target of another table of this device, on the same legs, that knows what they hold, or
 * that does not. It need not begin where @blkv does. But targets of one table that only read may
 * share legs: then each finds its own, if it is still there.
 */
static struct blkverify *find_counterpart(struct blkverify *blkv, bool knows)
{
	struct blkverify *other, *found = NULL;

	lockdep_assert_held(&instances_lock);
	list_for_each_entry(other, &instances, instance)
		if (other->knows == knows && other->ti->table != blkv->ti->table &&
		    dm_table_get_md(other->ti->table) == dm_table_get_md(blkv->ti->table) &&
		    same_legs(blkv, other) && (!found || other->ti->begin == blkv->ti->begin))
			found = other;
	return found;
}

static void take_over(struct blkverify *blkv, struct blkverify *old)
{
	/* Who now asks for written_only withdraws the promise that the legs were identical. */
	if (!blkv->options.written_only || old->options.written_only)
		blkv_trust_move(&blkv->trust, &old->trust);
	blkv_reports_move(&blkv->reports, &old->reports);
	blkv_history_move(&blkv->history, &old->history);
	blkv_fingerprints_move(&blkv->prints, &old->prints);
	blkv->knows = true;
	old->knows = false;
}

/*
 * A table is loaded while the one that it replaces still runs, so what that knows can be taken
 * over only now: the old one is suspended and not yet destroyed. Without this a reload would turn
 * every discarded sector into a false alarm, and thaw what was frozen. blkverify_dtr() does it
 * where the resume fails before it comes to us: the old table is destroyed then, all the same, and
 * the new one may be replaced by a third that has never run.
 */
static int blkverify_preresume(struct dm_target *ti)
{
	struct blkverify *blkv = ti->private, *old;

	mutex_lock(&instances_lock);
	old = blkv->knows ? NULL : find_counterpart(blkv, true);
	if (old)
		take_over(blkv, old);
	blkv->knows = true;
	mutex_unlock(&instances_lock);
	return 0;
}

static void blkverify_dtr(struct dm_target *ti)
{
	struct blkverify *blkv = ti->private, *new;

	mutex_lock(&instances_lock);
	list_del(&blkv->instance);
	new = blkv->knows ? find_counterpart(blkv, false) : NULL;
	if (new)
		take_over(new, blkv);
	mutex_unlock(&instances_lock);
	free_members(blkv);
}

/* ---- the rest of the target --------------------------------------------------------------- */

static int blkverify_map(struct dm_target *ti, struct bio *bio)
{
	struct blkverify *blkv = ti->private;

	/* From a file system that was there before the table was replaced by a read-only one. */
	if (unlikely(op_is_write(bio_op(bio)) && bio_sectors(bio) && !is_writable(blkv)))
		return DM_MAPIO_KILL;
	return blkv_io_map(blkv, bio);
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

static int blkverify_iterate_devices(struct dm_target *ti, iterate_devices_callout_fn fn,
				     void *data)
{
	struct blkverify *blkv = ti->private;
	int r = fn(ti, blkv->legs[BLKV_RAW], 0, ti->len, data);

	return r ?: fn(ti, blkv->legs[BLKV_TEST], 0, ti->len, data);
}

static void blkverify_io_hints(struct dm_target *ti, struct queue_limits *limits)
{
	struct blkverify *blkv = ti->private;

	/* Who polls the mapped device would not poll the legs' bios, which are ours. */
	compat_no_poll(limits);
	/* A leg that needs stable pages has our copy. */
	compat_stable_writes(ti, limits, blkv->options.no_write_copy);
}

static struct target_type blkverify_target = {
	.name = "blkverify",
	.version = { 1, 0, 0 },
	.features = DM_TARGET_NOWAIT,
	.module = THIS_MODULE,
	.ctr = blkverify_ctr,
	.dtr = blkverify_dtr,
	.map = blkverify_map,
	.preresume = blkverify_preresume,
	.status = blkverify_status,
	.message = blkverify_message,
	.iterate_devices = blkverify_iterate_devices,
	.io_hints = blkverify_io_hints,
};
module_dm(blkverify);

MODULE_DESCRIPTION(DM_NAME " target that verifies a block device against a trusted one");
MODULE_AUTHOR("The dm-blkverify maintainers");
MODULE_LICENSE("GPL");
