// SPDX-License-Identifier: GPL-2.0-only
/*
 * A dm target that is a RAM disk with a write cache, and loses what was not flushed when its power
 * is cut. It has blocks of 4 KiB. Of each block it keeps the durable version, and the current one
 * if that was written since the last flush. A flush makes all current versions durable, a write
 * with FUA only its own blocks. All requests are executed when they are submitted, so a flush
 * covers exactly those writes that were submitted before. Put dm-delay on top to have requests in
 * flight.
 *
 * Table: no arguments. All disks have the same power supply. Messages:
 *
 *   off         cut the power of all disks: all requests fail
 *   lose SEED   of each block of this disk that is not durable, one of its two versions is left, by
 *               chance; with the seed 0, always the durable one
 *   on          power is back for all disks
 *
 * The status shows "on" or "off", and the number of blocks that are not durable.
 */
#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/device-mapper.h>
#include <linux/highmem.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#define BLOCK_BYTES 4096U
#define BLOCK_SHIFT 12
#define BLOCK_SECTORS (BLOCK_BYTES >> SECTOR_SHIFT)

/**
 * struct blackout - the target
 * @ti: the dm target
 * @lock: protects the members below
 * @blocks: struct block by number; a block that was never written is missing, and has zeros
 * @volatile_blocks: those with a version that is not durable
 * @nr_volatile: length of this list
 */
struct blackout {
	struct dm_target *ti;

	struct mutex lock; /* the data */
	struct xarray blocks;
	struct list_head volatile_blocks;
	unsigned int nr_volatile;
};

static bool power_is_off;

/**
 * struct block - a block of 4 KiB
 * @list: in the list of volatile blocks, if @current_data is not NULL
 * @durable: what it holds after a power cut
 * @current_data: what it holds now, or NULL if that is the same
 */
struct block {
	struct list_head list;
	u8 *durable;
	u8 *current_data;
};

/* ---- blocks ------------------------------------------------------------------------------- */

static void *page_new(void)
{
	return (void *)__get_free_page(GFP_NOIO | __GFP_NOFAIL | __GFP_ZERO);
}

static struct block *block_new(struct blackout *blackout, unsigned long number)
{
	struct block *block = kzalloc(sizeof(*block), GFP_NOIO | __GFP_NOFAIL);

	block->durable = page_new();
	if (xa_err(xa_store(&blackout->blocks, number, block, GFP_NOIO | __GFP_NOFAIL))) {
		free_page((unsigned long)block->durable);
		kfree(block);
		return NULL;
	}
	return block;
}

/* Make the current version the durable one, or drop it. */
static void block_settle(struct blackout *blackout, struct block *block, bool keep)
{
	if (!block->current_data)
		return;
	if (keep)
		swap(block->durable, block->current_data);
	free_page((unsigned long)block->current_data);
	block->current_data = NULL;
	list_del(&block->list);
	blackout->nr_volatile--;
}

static void blocks_flush(struct blackout *blackout)
{
	struct block *block, *next;

	list_for_each_entry_safe(block, next, &blackout->volatile_blocks, list)
		block_settle(blackout, block, true);
}

/* The data of a block, or NULL if it has zeros and @write is not set. */
static u8 *block_data(struct blackout *blackout, unsigned long number, bool write)
{
	struct block *block = xa_load(&blackout->blocks, number);

	if (!block && write)
		block = block_new(blackout, number);
	if (!block)
		return NULL;
	if (write && !block->current_data) {
		block->current_data = page_new();
		memcpy(block->current_data, block->durable, BLOCK_BYTES);
		list_add_tail(&block->list, &blackout->volatile_blocks);
		blackout->nr_volatile++;
	}
	return block->current_data ?: block->durable;
}

/* ---- requests ----------------------------------------------------------------------------- */

/* Copy one segment, which may begin and end in any block. */
static void segment_copy(struct blackout *blackout, const struct bio_vec *vec, u64 at, bool write)
{
	u8 *memory = kmap_local_page(vec->bv_page) + vec->bv_offset;
	unsigned int done, n;

	for (done = 0; done < vec->bv_len; done += n, at += n) {
		unsigned int offset = at & (BLOCK_BYTES - 1);
		u8 *data = block_data(blackout, at >> BLOCK_SHIFT, write);

		n = min(vec->bv_len - done, BLOCK_BYTES - offset);
		if (write && data)
			memcpy(data + offset, memory + done, n);
		else if (data)
			memcpy(memory + done, data + offset, n);
		else if (!write)
			memset(memory + done, 0, n);
	}
	kunmap_local(memory);
}

static void data_copy(struct blackout *blackout, struct bio *bio, u64 at, bool write)
{
	struct bvec_iter iter;
	struct bio_vec vec;

	bio_for_each_segment(vec, bio, iter) {
		segment_copy(blackout, &vec, at, write);
		at += vec.bv_len;
	}
}

static void data_discard(struct blackout *blackout, unsigned long first, unsigned long nr)
{
	for (; nr; nr--, first++)
		if (xa_load(&blackout->blocks, first))
			memset(block_data(blackout, first, true), 0, BLOCK_BYTES);
}

static void data_settle(struct blackout *blackout, unsigned long first, unsigned long nr)
{
	for (; nr; nr--, first++) {
		struct block *block = xa_load(&blackout->blocks, first);

		if (block)
			block_settle(blackout, block, true);
	}
}

static void request_execute(struct blackout *blackout, struct bio *bio)
{
	sector_t sector = dm_target_offset(blackout->ti, bio->bi_iter.bi_sector);
	unsigned long first = sector / BLOCK_SECTORS, nr = bio_sectors(bio) / BLOCK_SECTORS;

	if (bio->bi_opf & REQ_PREFLUSH)
		blocks_flush(blackout);
	switch (bio_op(bio)) {
	case REQ_OP_READ:
		data_copy(blackout, bio, (u64)sector << SECTOR_SHIFT, false);
		break;
	case REQ_OP_WRITE:
		if (nr)
			data_copy(blackout, bio, (u64)sector << SECTOR_SHIFT, true);
		break;
	case REQ_OP_DISCARD:
		data_discard(blackout, first, nr);
		break;
	default:
		bio->bi_status = BLK_STS_NOTSUPP;
	}
	if (bio->bi_opf & REQ_FUA)
		data_settle(blackout, first, nr);
}

static int blackout_map(struct dm_target *ti, struct bio *bio)
{
	struct blackout *blackout = ti->private;

	mutex_lock(&blackout->lock);
	if (READ_ONCE(power_is_off))
		bio->bi_status = BLK_STS_IOERR;
	else
		request_execute(blackout, bio);
	mutex_unlock(&blackout->lock);
	bio_endio(bio);
	return DM_MAPIO_SUBMITTED;
}

/* ---- the target --------------------------------------------------------------------------- */

static u64 next_random(u64 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void blocks_lose(struct blackout *blackout, u64 seed)
{
	u64 random = seed * 0x9e3779b97f4a7c15ULL | 1;
	struct block *block, *next;

	list_for_each_entry_safe(block, next, &blackout->volatile_blocks, list)
		block_settle(blackout, block, seed && next_random(&random) >> 63);
}

static int blackout_message(struct dm_target *ti, unsigned int argc, char **argv, char *result,
			    unsigned int maxlen)
{
	struct blackout *blackout = ti->private;
	u64 seed;

	if (argc == 1 && (!strcmp(argv[0], "off") || !strcmp(argv[0], "on"))) {
		WRITE_ONCE(power_is_off, !strcmp(argv[0], "off"));
		return 0;
	}
	if (argc != 2 || strcmp(argv[0], "lose") || kstrtou64(argv[1], 0, &seed))
		return -EINVAL;
	mutex_lock(&blackout->lock);
	blocks_lose(blackout, seed);
	mutex_unlock(&blackout->lock);
	return 0;
}

static void blackout_status(struct dm_target *ti, status_type_t type, unsigned int flags,
			    char *result, unsigned int maxlen)
{
	struct blackout *blackout = ti->private;
	unsigned int sz = 0;

	if (type == STATUSTYPE_INFO)
		DMEMIT("%s %u", READ_ONCE(power_is_off) ? "off" : "on",
		       READ_ONCE(blackout->nr_volatile));
}

static void blackout_io_hints(struct dm_target *ti, struct queue_limits *limits)
{
	limits->logical_block_size = BLOCK_BYTES;
	limits->physical_block_size = BLOCK_BYTES;
	limits->io_min = BLOCK_BYTES;
	limits->max_hw_discard_sectors = round_down(UINT_MAX, BLOCK_SECTORS);
	limits->discard_granularity = BLOCK_BYTES;
}

static void blackout_dtr(struct dm_target *ti)
{
	struct blackout *blackout = ti->private;
	struct block *block;
	unsigned long number;

	blocks_flush(blackout);
	xa_for_each(&blackout->blocks, number, block) {
		free_page((unsigned long)block->durable);
		kfree(block);
	}
	xa_destroy(&blackout->blocks);
	kfree(blackout);
}

static int blackout_ctr(struct dm_target *ti, unsigned int argc, char **argv)
{
	struct blackout *blackout;

	if (argc) {
		ti->error = "usage: no arguments";
		return -EINVAL;
	}
	blackout = kzalloc(sizeof(*blackout), GFP_KERNEL);
	if (!blackout)
		return -ENOMEM;
	blackout->ti = ti;
	mutex_init(&blackout->lock);
	xa_init(&blackout->blocks);
	INIT_LIST_HEAD(&blackout->volatile_blocks);
	ti->private = blackout;
	ti->num_flush_bios = 1;
	ti->flush_supported = true;
	ti->num_discard_bios = 1;
	ti->discards_supported = true;
	return 0;
}

static struct target_type blackout_target = {
	.name = "blackout",
	.version = { 1, 0, 0 },
	.module = THIS_MODULE,
	.ctr = blackout_ctr,
	.dtr = blackout_dtr,
	.map = blackout_map,
	.message = blackout_message,
	.status = blackout_status,
	.io_hints = blackout_io_hints,
};

static int __init blackout_init(void)
{
	return dm_register_target(&blackout_target);
}
module_init(blackout_init);

static void __exit blackout_exit(void)
{
	dm_unregister_target(&blackout_target);
}
module_exit(blackout_exit);

MODULE_DESCRIPTION("a RAM disk that loses what was not flushed when its power is cut");
MODULE_AUTHOR("The dm-blkverify maintainers");
MODULE_LICENSE("GPL");
