/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What older kernels lack, in the terms of the newest. Included before every source file; the
 * only place, with Kbuild beside it, that knows kernel versions.
 */
#ifndef BLKVERIFY_COMPAT_H
#define BLKVERIFY_COMPAT_H

#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/device-mapper.h>
#include <linux/module.h>
#include <linux/part_stat.h>
#include <linux/slab.h>

/* Before 6.5 (05bdb9965305, "block: replace fmode_t with a block-specific type"). */
#ifndef BLK_OPEN_WRITE
#define BLK_OPEN_WRITE FMODE_WRITE
#endif

/*
 * Before 6.3 a request is counted when it starts, not when it ends (5f27571382ca, "block: count
 * 'ios' and 'sectors' when io is done for bio-based device").
 */
#ifndef HAVE_START_WITHOUT_SECTORS
static inline unsigned long compat_start_io_acct(struct block_device *bdev, enum req_op op,
						 unsigned long start)
{
	unsigned long result = bdev_start_io_acct(bdev, 0, op, start);

	part_stat_lock();
	part_stat_dec(bdev, ios[op_stat_group(op)]);
	part_stat_unlock();
	return result;
}

#define bdev_start_io_acct compat_start_io_acct

/* There, the device mapper counts whatever iostats says. */
#undef blk_queue_io_stat
#define blk_queue_io_stat(queue) ((void)(queue), true)
#endif

/* Before 7.0 ("slab: Introduce kmalloc_obj() and family"), here with the arguments in use. */
#ifndef kvzalloc_obj
#define kmalloc_obj(p, gfp) kmalloc(sizeof(p), gfp)
#define kvzalloc_obj(p) kvzalloc_objs(p, 1)
#define kvzalloc_objs(p, n) kvcalloc(n, sizeof(p), GFP_KERNEL)
#endif

/*
 * Before 6.11 no driver says it (9da3d1e912f3, "block: Add core atomic write support"); the value
 * is one that no kernel uses.
 */
#ifndef BLK_STS_INVAL
#define BLK_STS_INVAL ((__force blk_status_t)255)
#endif

/*
 * Stable writes: a feature of the queue limits since 6.11 (1a02f3a73f8c, "block: move the
 * stable_writes flag to queue_limits"), a flag of the target in late 6.1 only, and nothing that a
 * target may ask for in between and before.
 */
#if defined(BLK_FEAT_STABLE_WRITES) || defined(HAVE_DM_NEEDS_STABLE_WRITES)
#define COMPAT_HAS_STABLE_WRITES true
#else
#define COMPAT_HAS_STABLE_WRITES false
#endif

static inline void compat_stable_writes(struct dm_target *ti, struct queue_limits *limits,
					bool wanted)
{
#ifdef BLK_FEAT_STABLE_WRITES
	if (wanted)
		limits->features |= BLK_FEAT_STABLE_WRITES;
	else
		limits->features &= ~BLK_FEAT_STABLE_WRITES;
#elif defined(HAVE_DM_NEEDS_STABLE_WRITES)
	ti->needs_stable_writes = wanted;
#endif
}

/*
 * Since 6.19 (2f6b2565d43c, "block: accumulate memory segment gaps per bio") a bio remembers the
 * gaps between its segments, and bio_init_clone() copies that.
 */
static inline void compat_clear_bvec_gap(struct bio *bio)
{
#ifdef HAVE_BIO_BVEC_GAP
	bio->bi_bvec_gap_bit = 0;
#endif
}

/* Before 7.3 the offset of an iterator in its segment has another name. */
#ifdef HAVE_BVEC_DONE
#define bi_offset bi_bvec_done
#endif

/* Newer kernels also have this limit: it is either 0 or the same as that of write zeroes. */
static inline void compat_limit_wzeroes_unmap(struct queue_limits *limits)
{
#ifdef HAVE_WZEROES_UNMAP
	if (limits->max_hw_wzeroes_unmap_sectors)
		limits->max_hw_wzeroes_unmap_sectors = limits->max_write_zeroes_sectors;
#endif
}

/*
 * In 6.12 and before, a target is not told which ioctl it is ("dm: Allow .prepare_ioctl to handle
 * ioctls directly"), so it could only pass on all of them or none.
 */
#ifdef HAVE_IOCTL_COMMAND
#define compat_prepare_ioctl(function) (function)
#else
#define compat_prepare_ioctl(function) (false ? (void *)(function) : NULL)
#endif

/*
 * Atomic writes: there are none before 6.11 (9da3d1e912f3, "block: Add core atomic write support").
 * In 6.12, the device mapper does not pass them on, and leaves the limits at 0.
 */
static inline void compat_limit_atomic_writes(struct queue_limits *limits, unsigned int unit_min,
					      unsigned int max)
{
#ifdef REQ_ATOMIC
	limits->atomic_write_hw_max = min(limits->atomic_write_hw_max, max);
	limits->atomic_write_hw_unit_max = min(limits->atomic_write_hw_unit_max, max);
	limits->atomic_write_hw_unit_min = max(limits->atomic_write_hw_unit_min, unit_min);
	if (limits->atomic_write_hw_unit_min > limits->atomic_write_hw_unit_max) {
		limits->atomic_write_hw_max = 0;
		limits->atomic_write_hw_unit_min = 0;
		limits->atomic_write_hw_unit_max = 0;
	}
#endif
}

#ifndef REQ_ATOMIC
#define REQ_ATOMIC 0
#endif
#ifndef DM_TARGET_ATOMIC_WRITES
#define DM_TARGET_ATOMIC_WRITES 0
#endif

/* Before 6.13 (cdd30ebb1b9f, "module: Convert symbol namespace to string literal"). */
#ifdef HAVE_NAMESPACE_IDENTIFIER
#undef MODULE_IMPORT_NS
#define MODULE_IMPORT_NS(ns) MODULE_INFO(import_ns, ns)
#endif

#endif /* BLKVERIFY_COMPAT_H */
