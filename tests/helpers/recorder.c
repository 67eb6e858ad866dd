// SPDX-License-Identifier: GPL-2.0-only
/*
 * A dm target that passes requests to a device unchanged, and records their shape. Its status has
 * a list of NAME=VALUE for each operation that it saw: read, write, flush, discard, zeroes, erase.
 *
 *   bios, sectors       number of requests, and of their sectors
 *   segments            number of segments, which may be longer than a page
 *   multi               segments that extend over more than one page
 *   odd                 segments that do not begin at the start of a page
 *   adjacent            segments that begin in memory where the one before them ends
 *   inside              requests whose first segment is only the end of an element of their table
 *   longest, shortest   length of requests, in sectors
 *   depth               largest number of requests in flight, of all operations, when one arrived
 *   overlaps            requests that arrived while one that overlaps them was in flight, if one
 *                       of the two was a write
 *   shapes              digest of the offset in its page, and length, of each segment of a request
 *   addresses           digest of the physical address of each segment of a request
 *   sizes, places       digest of the length, and of the position and length, of each request
 *   prios, hints        digest of the I/O priority, and of the write hint, of each request
 *   ioprio, hint        requests that have such a priority or hint
 *   cgroup              requests that belong to a cgroup other than the root
 *   fua ...             requests with this flag
 *
 * The digests do not depend on the order of the requests.
 *
 * Table: <device> [<sectors>]. With <sectors>, the target offers secure erases of up to so many if
 * the device does not, and sends it discards in their place. Messages:
 *
 *   reset               forget what was recorded
 *   delay MS            delay completions by MS milliseconds, so that the depth does not depend on
 *                       the speed of the device
 */
#include <linux/bio.h>
#include <linux/blk-cgroup.h>
#include <linux/blkdev.h>
#include <linux/device-mapper.h>
#include <linux/hash.h>
#include <linux/io.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

enum op { OP_READ, OP_WRITE, OP_FLUSH, OP_DISCARD, OP_ZEROES, OP_ERASE, OP_OTHER, OPS };

static const char *const op_names[OPS] = {
	"read", "write", "flush", "discard", "zeroes", "erase", "other"
};

static const struct {
	const char *name;
	blk_opf_t flag;
} flags[] = {
	{ "fua", REQ_FUA },
	{ "preflush", REQ_PREFLUSH },
	{ "sync", REQ_SYNC },
	{ "meta", REQ_META },
	{ "prio", REQ_PRIO },
	{ "rahead", REQ_RAHEAD },
	{ "background", REQ_BACKGROUND },
	{ "idle", REQ_IDLE },
	{ "nowait", REQ_NOWAIT },
	{ "polled", REQ_POLLED },
	{ "nounmap", REQ_NOUNMAP },
	{ "swap", REQ_SWAP },
	{ "nomerge", REQ_NOMERGE },
	{ "integrity", REQ_INTEGRITY },
#ifdef REQ_ATOMIC
	{ "atomic", REQ_ATOMIC },
#endif
};

/* What is counted, apart from the flags. */
enum number {
	BIOS, SECTORS, SEGMENTS, MULTI, ODD, ADJACENT, INSIDE, LONGEST, SHORTEST, DEPTH, OVERLAPS,
	IOPRIO, HINT, CGROUP, SHAPES, ADDRESSES, SIZES, PLACES, PRIOS, HINTS, NUMBERS
};

#define FIRST_DIGEST SHAPES

static const char *const number_names[NUMBERS] = {
	[BIOS] = "bios",
	[SECTORS] = "sectors",
	[SEGMENTS] = "segments",
	[MULTI] = "multi",
	[ODD] = "odd",
	[ADJACENT] = "adjacent",
	[INSIDE] = "inside",
	[LONGEST] = "longest",
	[SHORTEST] = "shortest",
	[DEPTH] = "depth",
	[OVERLAPS] = "overlaps",
	[IOPRIO] = "ioprio",
	[HINT] = "hint",
	[CGROUP] = "cgroup",
	[SHAPES] = "shapes",
	[ADDRESSES] = "addresses",
	[SIZES] = "sizes",
	[PLACES] = "places",
	[PRIOS] = "prios",
	[HINTS] = "hints",
};

/**
 * struct shape - what is recorded of the requests of one operation
 * @numbers: counts and digests
 * @flags: number of requests with each of the flags
 */
struct shape {
	u64 numbers[NUMBERS];
	u64 flags[ARRAY_SIZE(flags)];
};

/**
 * struct recorder - the target
 * @dev: the device below
 * @wq: ends delayed requests
 * @erase_sectors: longest secure erase, if it is the target that offers them
 * @delay_ms: time by which completions are delayed
 * @lock: protects the members below
 * @in_flight: the requests in flight
 * @nr_in_flight: length of @in_flight
 * @shapes: what was recorded
 */
struct recorder {
	struct dm_dev *dev;
	struct workqueue_struct *wq;
	unsigned int erase_sectors;
	unsigned int delay_ms;

	spinlock_t lock; /* the record */
	struct list_head in_flight;
	unsigned int nr_in_flight;
	struct shape shapes[OPS];
};

/**
 * struct recorder_io - per-bio data of a request
 * @node: member of the requests in flight
 * @start: first sector
 * @end: end of the sectors
 * @writes: changes data
 * @delayed: its completion was delayed
 * @work: ends it after the delay
 */
struct recorder_io {
	struct list_head node;
	sector_t start;
	sector_t end;
	bool writes;
	bool delayed;
	struct delayed_work work;
};

/* ---- the shape of a request ----------------------------------------------------------------- */

static enum op op_of(const struct bio *bio)
{
	switch (bio_op(bio)) {
	case REQ_OP_READ:
		return OP_READ;
	case REQ_OP_WRITE:
		return bio_sectors(bio) ? OP_WRITE : OP_FLUSH;
	case REQ_OP_FLUSH:
		return OP_FLUSH;
	case REQ_OP_DISCARD:
		return OP_DISCARD;
	case REQ_OP_WRITE_ZEROES:
		return OP_ZEROES;
	case REQ_OP_SECURE_ERASE:
		return OP_ERASE;
	default:
		return OP_OTHER;
	}
}

static u64 digest(u64 before, u64 value)
{
	u64 after = (before ^ value ^ 0x5bd1e995) * GOLDEN_RATIO_64;

	return after ^ after >> 29;
}

static unsigned int write_hint(const struct bio *bio)
{
#ifdef HAVE_BIO_WRITE_STREAM
	return bio->bi_write_hint | bio->bi_write_stream << 8;
#elif defined(HAVE_BIO_WRITE_HINT)
	return bio->bi_write_hint;
#else
	return 0;
#endif
}

static void shape_add_segments(struct shape *shape, struct bio *bio)
{
	struct bio_vec vec = mp_bvec_iter_bvec(bio->bi_io_vec, bio->bi_iter);
	u64 *numbers = shape->numbers, segments = 0, addresses = 0;
	phys_addr_t end = 0;
	struct bvec_iter iter;

	numbers[INSIDE] += vec.bv_offset != bio->bi_io_vec[bio->bi_iter.bi_idx].bv_offset;
	bio_for_each_bvec(vec, bio, iter) {
		phys_addr_t start = page_to_phys(vec.bv_page) + vec.bv_offset;
		unsigned int offset = offset_in_page(vec.bv_offset);

		numbers[SEGMENTS]++;
		numbers[MULTI] += offset + vec.bv_len > PAGE_SIZE;
		numbers[ODD] += offset != 0;
		numbers[ADJACENT] += segments && start == end;
		segments = digest(segments, (u64)offset << 32 | vec.bv_len);
		addresses = digest(addresses, start);
		end = start + vec.bv_len;
	}
	numbers[SHAPES] += segments;
	numbers[ADDRESSES] += addresses;
}

static void shape_add(struct shape *shape, struct bio *bio)
{
	unsigned int sectors = bio_sectors(bio), hint = write_hint(bio), i;
	u64 *numbers = shape->numbers;

	numbers[LONGEST] = max_t(u64, numbers[LONGEST], sectors);
	if (!numbers[BIOS] || sectors < numbers[SHORTEST])
		numbers[SHORTEST] = sectors;
	numbers[BIOS]++;
	numbers[SECTORS] += sectors;
	numbers[IOPRIO] += bio->bi_ioprio != 0;
	numbers[HINT] += hint != 0;
	numbers[CGROUP] += bio_blkcg_css(bio) && bio_blkcg_css(bio) != blkcg_root_css;
	numbers[SIZES] += digest(0, sectors);
	/* A request without sectors has no position that means anything. */
	if (sectors)
		numbers[PLACES] += digest(digest(0, sectors), bio->bi_iter.bi_sector);
	numbers[PRIOS] += digest(0, bio->bi_ioprio);
	numbers[HINTS] += digest(0, hint);
	for (i = 0; i < ARRAY_SIZE(flags); i++)
		shape->flags[i] += (bio->bi_opf & flags[i].flag) != 0;
	if (sectors && bio_has_data(bio))
		shape_add_segments(shape, bio);
}

static bool overlaps(const struct recorder *recorder, const struct recorder_io *io)
{
	const struct recorder_io *other;

	list_for_each_entry(other, &recorder->in_flight, node)
		if (io->start < other->end && other->start < io->end &&
		    (io->writes || other->writes))
			return true;
	return false;
}

/* ---- the target --------------------------------------------------------------------------- */

static int recorder_map(struct dm_target *ti, struct bio *bio)
{
	struct recorder_io *io = dm_per_bio_data(bio, sizeof(*io));
	struct recorder *recorder = ti->private;
	struct shape *shape = &recorder->shapes[op_of(bio)];
	unsigned long irq;

	bio_set_dev(bio, recorder->dev->bdev);
	bio->bi_iter.bi_sector = dm_target_offset(ti, bio->bi_iter.bi_sector);
	io->start = bio->bi_iter.bi_sector;
	io->end = bio_end_sector(bio);
	io->writes = op_is_write(bio_op(bio));
	io->delayed = false;

	spin_lock_irqsave(&recorder->lock, irq);
	shape_add(shape, bio);
	shape->numbers[OVERLAPS] += overlaps(recorder, io);
	list_add_tail(&io->node, &recorder->in_flight);
	recorder->nr_in_flight++;
	if (shape->numbers[DEPTH] < recorder->nr_in_flight)
		shape->numbers[DEPTH] = recorder->nr_in_flight;
	spin_unlock_irqrestore(&recorder->lock, irq);

	if (recorder->erase_sectors && bio_op(bio) == REQ_OP_SECURE_ERASE)
		bio->bi_opf = (bio->bi_opf & ~REQ_OP_MASK) | REQ_OP_DISCARD;
	return DM_MAPIO_REMAPPED;
}

static void recorder_end_delayed(struct work_struct *work)
{
	struct recorder_io *io = container_of(work, struct recorder_io, work.work);

	bio_endio(dm_bio_from_per_bio_data(io, sizeof(*io)));
}

static int recorder_end_io(struct dm_target *ti, struct bio *bio, blk_status_t *error)
{
	struct recorder_io *io = dm_per_bio_data(bio, sizeof(*io));
	struct recorder *recorder = ti->private;
	unsigned int ms = READ_ONCE(recorder->delay_ms);
	unsigned long irq;

	if (ms && !io->delayed) {
		io->delayed = true;
		INIT_DELAYED_WORK(&io->work, recorder_end_delayed);
		queue_delayed_work(recorder->wq, &io->work, msecs_to_jiffies(ms));
		return DM_ENDIO_INCOMPLETE;
	}
	spin_lock_irqsave(&recorder->lock, irq);
	list_del(&io->node);
	recorder->nr_in_flight--;
	spin_unlock_irqrestore(&recorder->lock, irq);
	return DM_ENDIO_DONE;
}

static int recorder_message(struct dm_target *ti, unsigned int argc, char **argv, char *result,
			    unsigned int maxlen)
{
	struct recorder *recorder = ti->private;
	unsigned int ms;

	if (!strcmp(argv[0], "reset") && argc == 1) {
		spin_lock_irq(&recorder->lock);
		memset(recorder->shapes, 0, sizeof(recorder->shapes));
		spin_unlock_irq(&recorder->lock);
		return 0;
	}
	if (!strcmp(argv[0], "delay") && argc == 2 && !kstrtouint(argv[1], 0, &ms)) {
		WRITE_ONCE(recorder->delay_ms, ms);
		return 0;
	}
	return -EINVAL;
}

static unsigned int shape_print(const struct shape *shape, char *result, unsigned int maxlen)
{
	unsigned int sz = 0, i;

	for (i = 0; i < NUMBERS; i++)
		DMEMIT(i < FIRST_DIGEST ? " %s=%llu" : " %s=%llx", number_names[i],
		       shape->numbers[i]);
	for (i = 0; i < ARRAY_SIZE(flags); i++)
		DMEMIT(" %s=%llu", flags[i].name, shape->flags[i]);
	return sz;
}

static void recorder_status(struct dm_target *ti, status_type_t type, unsigned int status_flags,
			    char *result, unsigned int maxlen)
{
	struct recorder *recorder = ti->private;
	unsigned int sz = 0, op;

	if (type == STATUSTYPE_TABLE) {
		DMEMIT("%s", recorder->dev->name);
		if (recorder->erase_sectors)
			DMEMIT(" %u", recorder->erase_sectors);
	}
	if (type != STATUSTYPE_INFO)
		return;
	spin_lock_irq(&recorder->lock);
	for (op = 0; op < OPS; op++) {
		if (!recorder->shapes[op].numbers[BIOS])
			continue;
		DMEMIT(" %s", op_names[op]);
		sz += shape_print(&recorder->shapes[op], result + sz, maxlen - sz);
	}
	spin_unlock_irq(&recorder->lock);
}

static int recorder_iterate_devices(struct dm_target *ti, iterate_devices_callout_fn fn,
				    void *data)
{
	struct recorder *recorder = ti->private;

	return fn(ti, recorder->dev, 0, ti->len, data);
}

/*
 * The device mapper offers secure erases only if the devices of the target do, whatever io_hints
 * says: make the device say so.
 */
static void offer_erase(struct recorder *recorder, unsigned int sectors)
{
	bdev_get_queue(recorder->dev->bdev)->limits.max_secure_erase_sectors = sectors;
}

static void recorder_dtr(struct dm_target *ti)
{
	struct recorder *recorder = ti->private;

	if (recorder->erase_sectors)
		offer_erase(recorder, 0);
	destroy_workqueue(recorder->wq);
	dm_put_device(ti, recorder->dev);
	kfree(recorder);
}

static int recorder_ctr(struct dm_target *ti, unsigned int argc, char **argv)
{
	unsigned int erase_sectors = 0;
	struct recorder *recorder;
	int error;

	if (argc < 1 || argc > 2 || (argc == 2 && kstrtouint(argv[1], 0, &erase_sectors))) {
		ti->error = "usage: <device> [<sectors of a secure erase>]";
		return -EINVAL;
	}
	recorder = kzalloc(sizeof(*recorder), GFP_KERNEL);
	if (!recorder)
		return -ENOMEM;
	spin_lock_init(&recorder->lock);
	INIT_LIST_HEAD(&recorder->in_flight);
	recorder->wq = alloc_workqueue("recorder", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	if (!recorder->wq) {
		kfree(recorder);
		return -ENOMEM;
	}
	error = dm_get_device(ti, argv[0], dm_table_get_mode(ti->table), &recorder->dev);
	if (error) {
		ti->error = "no such device";
		destroy_workqueue(recorder->wq);
		kfree(recorder);
		return error;
	}
	if (erase_sectors && !bdev_max_secure_erase_sectors(recorder->dev->bdev)) {
		recorder->erase_sectors = erase_sectors;
		offer_erase(recorder, erase_sectors);
	}
	ti->private = recorder;
	ti->num_flush_bios = 1;
	ti->num_discard_bios = 1;
	ti->num_secure_erase_bios = 1;
	ti->num_write_zeroes_bios = 1;
	ti->per_io_data_size = sizeof(struct recorder_io);
	return 0;
}

static struct target_type recorder_target = {
	.name = "recorder",
	.version = { 1, 0, 0 },
	/* Everything that dm can pass on, so that nothing is missing because of the recorder. */
	.features = DM_TARGET_NOWAIT | DM_TARGET_PASSES_INTEGRITY | DM_TARGET_PASSES_CRYPTO
#ifdef DM_TARGET_ATOMIC_WRITES
		    | DM_TARGET_ATOMIC_WRITES
#endif
	,
	.module = THIS_MODULE,
	.ctr = recorder_ctr,
	.dtr = recorder_dtr,
	.map = recorder_map,
	.end_io = recorder_end_io,
	.message = recorder_message,
	.status = recorder_status,
	.iterate_devices = recorder_iterate_devices,
};

static int __init recorder_init(void)
{
	return dm_register_target(&recorder_target);
}
module_init(recorder_init);

static void __exit recorder_exit(void)
{
	dm_unregister_target(&recorder_target);
}
module_exit(recorder_exit);

MODULE_DESCRIPTION("a device that records the shape of its requests");
MODULE_AUTHOR("The dm-blkverify maintainers");
MODULE_LICENSE("GPL");
