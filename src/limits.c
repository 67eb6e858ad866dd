// SPDX-License-Identifier: GPL-2.0-only
/*
 * The limits and features of the mapped device are those of the test leg, so that the test leg gets
 * the requests that it would get without the target. The raw leg takes nothing away:
 *
 * - The queue of the raw leg splits what exceeds its limits. A driver that is not based on requests
 *   either splits its bios, too, or has no limits.
 * - submit_bio_noacct() clears REQ_PREFLUSH and REQ_FUA for a leg without a write cache, and
 *   completes an empty flush. The flush machinery emulates FUA.
 * - In place of a discard, secure erase or write zeroes that the raw leg does not offer, it is sent
 *   what the table below says.
 *
 * Atomic writes are only atomic on the test leg. A torn one on the raw leg does not matter: after a
 * crash, the legs are not known to be identical anyway.
 *
 * Only the logical block size and the alignment of memory are common to both legs, because no
 * request may be smaller, and no memory less aligned.
 *
 * Pure: no locks, any context.
 */
#include <kunit/visibility.h>
#include <linux/kernel.h>
#include <linux/math64.h>

#include "limits.h"
#include "types.h"

/* In place of an operation that the raw leg does not offer; every leg offers the first three. */
static const struct {
	enum blkv_raw_action action;
	/*
	 * If the sectors remain trusted, because they are zeros on both legs. A secure erase never
	 * leaves them so: discard_zeroes is not about that.
	 */
	enum blkv_raw_action action_for_zeros;
} substitutes[BLKV_OPERATIONS_NR] = {
	[BLKV_OPERATION_READ] = { BLKV_RAW_SEND, BLKV_RAW_SEND },
	[BLKV_OPERATION_WRITE] = { BLKV_RAW_SEND, BLKV_RAW_SEND },
	[BLKV_OPERATION_FLUSH] = { BLKV_RAW_SEND, BLKV_RAW_SEND },
	[BLKV_OPERATION_DISCARD] = { BLKV_RAW_SKIP, BLKV_RAW_ZERO },
	[BLKV_OPERATION_SECURE_ERASE] = { BLKV_RAW_SKIP, BLKV_RAW_ZERO },
	[BLKV_OPERATION_WRITE_ZEROES] = { BLKV_RAW_ZERO, BLKV_RAW_ZERO },
};

/**
 * blkv_raw_action() - what is sent to the raw leg for a request
 * @operation: the operation of the request
 * @offered: whether the raw leg offers it
 * @leaves_zeros: whether the sectors are zeros on both legs afterwards
 *
 * Return: what is sent.
 */
enum blkv_raw_action blkv_raw_action(enum blkv_operation operation, bool offered, bool leaves_zeros)
{
	if (offered)
		return BLKV_RAW_SEND;
	return leaves_zeros ? substitutes[operation].action_for_zeros :
			      substitutes[operation].action;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_raw_action);

/**
 * blkv_leg_offers() - does a leg offer an operation?
 * @bdev: the leg
 * @operation: the operation
 *
 * Return: whether it does, by its limits.
 */
bool blkv_leg_offers(struct block_device *bdev, enum blkv_operation operation)
{
	switch (operation) {
	case BLKV_OPERATION_DISCARD:
		return bdev_max_discard_sectors(bdev);
	case BLKV_OPERATION_SECURE_ERASE:
		return bdev_max_secure_erase_sectors(bdev);
	case BLKV_OPERATION_WRITE_ZEROES:
		return bdev_write_zeroes_sectors(bdev);
	default:
		return true;
	}
}

/**
 * blkv_granules_are_whole() - does a range consist of whole granules?
 * @granularity: bytes in a granule, 0 if unknown
 * @alignment: where the first whole granule begins, in bytes
 * @start: first byte
 * @len: number of bytes
 *
 * Return: whether it does.
 */
bool blkv_granules_are_whole(unsigned int granularity, unsigned int alignment, u64 start, u64 len)
{
	u32 from, size;

	if (!granularity)
		return true;
	div_u64_rem(start, granularity, &from);
	div_u64_rem(len, granularity, &size);
	return from == alignment % granularity && !size;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_granules_are_whole);

/**
 * blkv_leg_discards_all() - does a leg discard all sectors of a range?
 * @bdev: the leg, which offers discards
 * @start: first sector
 * @nr_sectors: how many
 *
 * A device may ignore the parts of a discard that are smaller than its granularity. The mapped
 * device has the granularity of the test leg, which may be smaller.
 *
 * Return: whether it may not ignore any of them.
 */
bool blkv_leg_discards_all(struct block_device *bdev, sector_t start, sector_t nr_sectors)
{
	return blkv_granules_are_whole(bdev_discard_granularity(bdev), bdev_discard_alignment(bdev),
				       (u64)start << SECTOR_SHIFT, (u64)nr_sectors << SECTOR_SHIFT);
}

static bool has_inline_encryption(const struct dm_dev *leg)
{
#ifdef CONFIG_BLK_INLINE_ENCRYPTION
	return bdev_get_queue(leg->bdev)->crypto_profile;
#else
	return false;
#endif
}

/**
 * blkv_leg_has_unpassed() - does a leg have a feature that is never passed on to it?
 * @leg: the leg
 * @feature: the feature
 *
 * The device mapper offers these only if a target says that it supports them. Without inline
 * encryption, the kernel encrypts before the bios reach the mapped device; without DAX, file
 * systems use bios. So both work, and neither is a reason to reject the leg. Features that are
 * passed on, or for which it depends on the kernel, are only listed by the command, which compares
 * the mapped device with the leg.
 *
 * Return: whether it does.
 */
bool blkv_leg_has_unpassed(const struct dm_dev *leg, enum blkv_unpassed feature)
{
	switch (feature) {
	case BLKV_UNPASSED_INLINE_ENCRYPTION:
		return has_inline_encryption(leg);
	case BLKV_UNPASSED_DAX:
		return leg->dax_dev;
	default:
		return false;
	}
}
EXPORT_SYMBOL_IF_KUNIT(blkv_leg_has_unpassed);

/* A limit on the length of requests: whole blocks, and at least one. */
static void limit_round(unsigned int *limit, unsigned int block_sectors)
{
	if (*limit)
		*limit = max(round_down(*limit, block_sectors), block_sectors);
}

/**
 * blkv_limits_add_raw() - make limits suit the raw leg
 * @limits: the limits of the test leg
 * @block_size: the logical block size of the raw leg
 *
 * All that depends on the logical block size changes with it, in the way of blk_stack_limits(): a
 * contradiction is a warning there, and an error in newer kernels.
 */
void blkv_limits_add_raw(struct queue_limits *limits, unsigned int block_size)
{
	unsigned int block_sectors = block_size >> SECTOR_SHIFT;

	if (block_size <= limits->logical_block_size)
		return;
	limits->logical_block_size = block_size;
	limits->physical_block_size = max(limits->physical_block_size, block_size);
	limits->io_min = round_up(limits->io_min, limits->physical_block_size);
	limits->io_opt = round_down(limits->io_opt, limits->physical_block_size);
	if (limits->chunk_sectors % (limits->physical_block_size >> SECTOR_SHIFT))
		limits->chunk_sectors = 0;

	limit_round(&limits->max_sectors, block_sectors);
	limit_round(&limits->max_hw_sectors, block_sectors);
	limit_round(&limits->max_dev_sectors, block_sectors);
	limit_round(&limits->max_discard_sectors, block_sectors);
	limit_round(&limits->max_hw_discard_sectors, block_sectors);
	limit_round(&limits->max_secure_erase_sectors, block_sectors);
	limit_round(&limits->max_write_zeroes_sectors, block_sectors);
	compat_limit_wzeroes_unmap(limits);
	if (limits->discard_granularity)
		limits->discard_granularity =
			max(limits->discard_granularity, limits->physical_block_size);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_limits_add_raw);

/**
 * blkv_limits_bound_atomic() - make the limits of atomic writes suit both legs and the target
 * @limits: the limits of the test leg, with a logical block size that suits both
 *
 * The target splits no write of up to BLKV_REGION_SECTORS, but may have to split longer ones. An
 * atomic write must not be split; nor can it be shorter than a block.
 */
void blkv_limits_bound_atomic(struct queue_limits *limits)
{
	compat_limit_atomic_writes(limits, limits->logical_block_size,
				   BLKV_REGION_SECTORS << SECTOR_SHIFT);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_limits_bound_atomic);
