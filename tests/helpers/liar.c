// SPDX-License-Identifier: GPL-2.0-only
/*
 * A dm target that passes requests to a device, and misbehaves as told by messages:
 *
 *   early MS [FIRST NR]   complete reads MS milliseconds before their data arrive; with FIRST and
 *                         NR, only the data of NR sectors from sector FIRST of the read are late
 *   irqs-off on|off       complete reads that it lies about with interrupts off
 *   stray MS              write the data of a read to its memory again, MS after its completion
 *   edge DISTANCE         return wrong data for the last sector of a read (the first one if
 *                         DISTANCE is negative): those of the sector DISTANCE away
 *   flip SECTOR TIMES     flip two bits in the first byte of SECTOR in the next TIMES reads of it;
 *                         with "early", the data that arrive late are correct
 *   modify BYTE|off       modify this byte of each write, in the memory of the request; with
 *                         "fetch", after the end of the request
 *   fetch MS              complete writes at once, and fetch their data MS later
 *   fail OP STATUS TIMES  complete the next TIMES requests with STATUS, without executing them. OP:
 *                         read, write, flush, discard or zeroes; STATUS: a BLK_STS_ name; OK drops
 *                         the request silently. With "early", the data of a failed read still
 *                         arrive, MS later
 *   one-page on|off       take each segment of a read for one page: fill the rest of it with zeros
 *   split KIB             split reads into pieces of KIB (0: do not), and if a piece begins inside
 *                         a segment, transfer its first part to the start of the segment instead
 *   hang READS            let READS more reads pass, and hold all further ones until "release"
 *   release               pass on the held reads, and hold no more
 *   honest                cancel all of the above, except for "hang"
 *
 * The status shows the number of held reads, and of actions that are due after the end of a
 * request.
 */
#include <linux/bio.h>
#include <linux/device-mapper.h>
#include <linux/highmem.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#define MAX_SECTORS 2048U

enum op { OP_READ, OP_WRITE, OP_FLUSH, OP_DISCARD, OP_ZEROES, OPS };

static const char *const op_names[OPS] = { "read", "write", "flush", "discard", "zeroes" };

static const struct {
	const char *name;
	blk_status_t status;
} statuses[] = {
#define STATUS(name) { #name, BLK_STS_##name }
	STATUS(OK),
	STATUS(NOTSUPP),
	STATUS(AGAIN),
#ifdef BLK_STS_INVAL
	STATUS(INVAL),
#endif
	STATUS(DEV_RESOURCE),
	STATUS(RESOURCE),
	STATUS(TARGET),
	STATUS(MEDIUM),
	STATUS(IOERR),
#undef STATUS
};

/**
 * struct lies - the requested misbehaviour
 * @early_ms: time from the completion of a read to the arrival of its data; 0 to arrive in time
 * @part_first: first sector of a read whose data are late
 * @part_nr: number of such sectors, or 0 for all
 * @irqs_off: complete reads with interrupts off
 * @stray_ms: time from the completion of a read to the second arrival of its data; 0 for none
 * @edge: distance of the sector whose data are returned at the edge of a read; 0 for none
 * @flip: the sector with flipped bits
 * @flips: number of reads that still return it so
 * @one_page: only the first page of each segment of a read is filled
 * @split_bytes: length of the pieces in which a read is transferred; 0 to transfer it as it is
 * @modify: the byte of a write to modify, or -1
 * @fetch_ms: time from the completion of a write to the fetching of its data; 0 for none
 * @fail: the status to complete requests with, and for how many more requests
 */
struct lies {
	unsigned int early_ms;
	unsigned int part_first;
	unsigned int part_nr;
	bool irqs_off;
	unsigned int stray_ms;
	int edge;
	sector_t flip;
	unsigned int flips;
	bool one_page;
	unsigned int split_bytes;
	int modify;
	unsigned int fetch_ms;
	struct {
		blk_status_t status;
		unsigned int times;
	} fail[OPS];
};

/**
 * struct liar - the target
 * @ti: the dm target
 * @dev: the device below
 * @wq: for work that sleeps
 * @nr_after: number of pending struct after
 * @wait: woken when @nr_after drops to 0
 * @lock: protects the members below
 * @lies: the requested misbehaviour
 * @hangs: hold reads
 * @reads_left: number of reads to pass before that
 * @held: the held reads
 * @nr_held: length of @held
 */
struct liar {
	struct dm_target *ti;
	struct dm_dev *dev;
	struct workqueue_struct *wq;
	atomic_t nr_after;
	wait_queue_head_t wait;

	spinlock_t lock; /* the requested misbehaviour */
	struct lies lies;
	bool hangs;
	unsigned int reads_left;
	struct bio_list held;
	unsigned int nr_held;
};

/**
 * struct liar_io - per-bio data of a request
 * @work: misbehaves in process context
 * @liar: the target
 * @lies: the misbehaviour that applies to this request
 * @status: the status to fail it with
 * @bio: the request
 */
struct liar_io {
	struct work_struct work;
	struct liar *liar;
	struct lies lies;
	blk_status_t status;
	struct bio *bio;
};

/**
 * struct after - an action after the end of a request
 * @work: performs the action
 * @liar: the target
 * @sector: first sector of the request
 * @size: length of the request in bytes
 * @data: the data of a read, else NULL
 * @from: first byte of @data to copy
 * @to: end of the bytes to copy
 * @modify: the byte of a write to modify, or -1
 * @nr_vecs: length of @vecs
 * @vecs: the memory of the request, with a reference to each page
 */
struct after {
	struct delayed_work work;
	struct liar *liar;
	sector_t sector;
	unsigned int size;
	u8 *data;
	unsigned int from;
	unsigned int to;
	int modify;
	unsigned int nr_vecs;
	struct bio_vec vecs[];
};

/* ---- after a request ---------------------------------------------------------------------- */

static struct after *after_new(struct liar *liar, struct bio *bio, bool with_data)
{
	struct bvec_iter iter;
	struct bio_vec vec;
	struct after *after;

	after = kzalloc(struct_size(after, vecs, bio_segments(bio)), GFP_NOIO | __GFP_NOFAIL);
	after->liar = liar;
	after->sector = bio->bi_iter.bi_sector;
	after->size = bio->bi_iter.bi_size;
	after->modify = -1;
	/* Not __GFP_NOFAIL: older kernels warn about that for more than two pages. */
	while (with_data && !after->data) {
		after->data = kmalloc(after->size, GFP_NOIO | __GFP_NOWARN);
		cond_resched();
	}
	bio_for_each_segment(vec, bio, iter) {
		get_page(vec.bv_page);
		after->vecs[after->nr_vecs++] = vec;
	}
	atomic_inc(&liar->nr_after);
	return after;
}

static void after_free(struct after *after)
{
	struct liar *liar = after->liar;
	unsigned int i;

	for (i = 0; i < after->nr_vecs; i++)
		put_page(after->vecs[i].bv_page);
	kfree(after->data);
	kfree(after);
	if (atomic_dec_and_test(&liar->nr_after))
		wake_up(&liar->wait);
}

/* Copy the data to the request's memory: bytes @from to @to if @inside, else all other bytes. */
static void after_copy(struct after *after, unsigned int from, unsigned int to, bool inside)
{
	unsigned int i, n, at = 0;

	for (i = 0; i < after->nr_vecs; i++) {
		struct bio_vec *vec = &after->vecs[i];
		u8 *memory = kmap_local_page(vec->bv_page);

		for (n = 0; n < vec->bv_len; n++, at++)
			if ((at >= from && at < to) == inside)
				WRITE_ONCE(memory[vec->bv_offset + n], after->data[at]);
		kunmap_local(memory);
	}
}

static void after_read(struct work_struct *work)
{
	struct after *after = container_of(work, struct after, work.work);

	after_copy(after, after->from, after->to, true);
	after_free(after);
}

static void write_modify(struct bio *bio, unsigned int at)
{
	struct bvec_iter iter = bio->bi_iter;
	struct bio_vec vec;
	u8 *memory;

	if (at >= iter.bi_size)
		return;
	bio_advance_iter(bio, &iter, at);
	vec = bio_iter_iovec(bio, iter);
	memory = kmap_local_page(vec.bv_page);
	memory[vec.bv_offset] ^= 0xff;
	kunmap_local(memory);
}

static void after_write(struct work_struct *work)
{
	struct after *after = container_of(work, struct after, work.work);
	struct bio bio;

	bio_init(&bio, after->liar->dev->bdev, after->vecs, after->nr_vecs, REQ_OP_WRITE);
	bio.bi_vcnt = after->nr_vecs;
	bio.bi_iter.bi_sector = after->sector;
	bio.bi_iter.bi_size = after->size;
	if (after->modify >= 0)
		write_modify(&bio, after->modify);
	submit_bio_wait(&bio);
	bio_uninit(&bio);
	after_free(after);
}

static void after_start(struct after *after, work_func_t what, unsigned int ms)
{
	INIT_DELAYED_WORK(&after->work, what);
	queue_delayed_work(after->liar->wq, &after->work, msecs_to_jiffies(ms));
}

/* ---- misbehaviour in process context -------------------------------------------------------- */

static blk_status_t read_below(struct liar *liar, u8 *data, sector_t sector, unsigned int size)
{
	struct bio_vec vec;
	struct bio bio;

	bio_init(&bio, liar->dev->bdev, &vec, 1, REQ_OP_READ);
	bio.bi_iter.bi_sector = sector;
	__bio_add_page(&bio, virt_to_page(data), size, offset_in_page(data));
	submit_bio_wait(&bio);
	bio_uninit(&bio);
	return bio.bi_status;
}

static void lie_at_the_edge(struct after *after, int distance)
{
	struct liar *liar = after->liar;
	unsigned int at = distance > 0 ? after->size - SECTOR_SIZE : 0;
	sector_t from = after->sector + (at >> SECTOR_SHIFT) + distance;
	u8 *sector;

	if (from >= liar->ti->len)
		return;
	/* The device below may have blocks of several sectors, so read a page. */
	sector = kmalloc(PAGE_SIZE, GFP_NOIO | __GFP_NOFAIL);
	if (!read_below(liar, sector, round_down(from, 8), PAGE_SIZE))
		memcpy(after->data + at, sector + from % 8 * SECTOR_SIZE, SECTOR_SIZE);
	kfree(sector);
}

/* Private memory and that of the page cache are in the direct mapping. */
static u8 *vec_bytes(const struct bio_vec *vec)
{
	return (u8 *)page_address(vec->bv_page) + vec->bv_offset;
}

static void lie_about_pages(struct bio *bio)
{
	struct bvec_iter iter = bio->bi_iter;

	while (iter.bi_size) {
		struct bio_vec vec = mp_bvec_iter_bvec(bio->bi_io_vec, iter);
		unsigned int page = PAGE_SIZE - offset_in_page(vec.bv_offset);

		if (vec.bv_len > page)
			memset(vec_bytes(&vec) + page, 0, vec.bv_len - page);
		bio_advance_iter_single(bio, &iter, vec.bv_len);
	}
}

static void lie_about_pieces(struct bio *bio, unsigned int piece)
{
	struct bvec_iter iter = bio->bi_iter;
	unsigned int done = 0;

	while (iter.bi_size) {
		struct bio_vec vec = mp_bvec_iter_bvec(bio->bi_io_vec, iter);
		unsigned int at = round_up(done + 1, piece) - done, len;

		for (; at < vec.bv_len; at += piece) {
			len = min3(piece, vec.bv_len - at, at);
			memcpy(vec_bytes(&vec), vec_bytes(&vec) + at, len);
			memset(vec_bytes(&vec) + at, 0, len);
		}
		done += vec.bv_len;
		bio_advance_iter_single(bio, &iter, vec.bv_len);
	}
}

static void read_endio(const struct lies *lies, struct bio *bio)
{
	unsigned long flags;

	if (!lies->irqs_off) {
		bio_endio(bio);
		return;
	}
	local_irq_save(flags);
	bio_endio(bio);
	local_irq_restore(flags);
}

/* @failure: the status to fail the read with, or BLK_STS_OK */
static void lie_about_read(struct liar *liar, const struct lies *lies, struct bio *bio,
			   blk_status_t failure)
{
	struct after *after = after_new(liar, bio, true);
	u8 *flipped = NULL;

	bio->bi_status = read_below(liar, after->data, after->sector, after->size);
	if (bio->bi_status) {
		read_endio(lies, bio);
		after_free(after);
		return;
	}
	if (lies->edge)
		lie_at_the_edge(after, lies->edge);
	if (lies->flips) {
		flipped = &after->data[(lies->flip - after->sector) << SECTOR_SHIFT];
		*flipped ^= 0x03;
	}

	after->to = after->size;
	if (failure) {
		bio->bi_status = failure;
		read_endio(lies, bio);
		after_start(after, after_read, lies->early_ms);
		return;
	}
	if (lies->early_ms && flipped) {
		after_copy(after, 0, after->size, true);
		*flipped ^= 0x03;
		read_endio(lies, bio);
		after_start(after, after_read, lies->early_ms);
		return;
	}
	if (lies->early_ms) {
		if (lies->part_nr) {
			after->from = lies->part_first << SECTOR_SHIFT;
			after->to = (lies->part_first + lies->part_nr) << SECTOR_SHIFT;
		}
		after_copy(after, after->from, after->to, false);
		read_endio(lies, bio);
		after_start(after, after_read, lies->early_ms);
		return;
	}
	after_copy(after, 0, after->size, true);
	if (lies->one_page)
		lie_about_pages(bio);
	if (lies->split_bytes)
		lie_about_pieces(bio, lies->split_bytes);
	read_endio(lies, bio);
	if (lies->stray_ms)
		after_start(after, after_read, lies->stray_ms);
	else
		after_free(after);
}

static void liar_work(struct work_struct *work)
{
	struct liar_io *io = container_of(work, struct liar_io, work);
	struct liar *liar = io->liar;
	struct lies lies = io->lies;
	blk_status_t failure = io->status;
	struct bio *bio = io->bio;
	struct after *after;

	/* @io is part of the request, and is gone once that has ended. */
	if (bio_op(bio) == REQ_OP_READ) {
		lie_about_read(liar, &lies, bio, failure);
		return;
	}
	after = after_new(liar, bio, false);
	after->modify = lies.modify;
	bio_endio(bio);
	after_start(after, after_write, lies.fetch_ms);
}

/* ---- the target --------------------------------------------------------------------------- */

static enum op op_of(const struct bio *bio)
{
	switch (bio_op(bio)) {
	case REQ_OP_READ:
		return OP_READ;
	case REQ_OP_DISCARD:
	case REQ_OP_SECURE_ERASE:
		return OP_DISCARD;
	case REQ_OP_WRITE_ZEROES:
		return OP_ZEROES;
	default:
		return bio_sectors(bio) ? OP_WRITE : OP_FLUSH;
	}
}

static bool covers(const struct bio *bio, sector_t sector)
{
	return sector >= bio->bi_iter.bi_sector && sector < bio_end_sector(bio);
}

/* Does this request need misbehaviour in process context? */
static bool lies_about(const struct lies *lies, enum op op)
{
	if (op == OP_WRITE)
		return lies->fetch_ms;
	if (op != OP_READ)
		return false;
	return lies->flips || lies->early_ms || lies->stray_ms || lies->edge || lies->one_page ||
	       lies->split_bytes;
}

static int liar_map(struct dm_target *ti, struct bio *bio)
{
	struct liar *liar = ti->private;
	struct liar_io *io = dm_per_bio_data(bio, sizeof(*io));
	enum op op = op_of(bio);
	unsigned long flags;

	bio_set_dev(bio, liar->dev->bdev);
	bio->bi_iter.bi_sector = dm_target_offset(ti, bio->bi_iter.bi_sector);

	spin_lock_irqsave(&liar->lock, flags);
	if (op == OP_READ && liar->hangs && !liar->reads_left) {
		bio_list_add(&liar->held, bio);
		liar->nr_held++;
		spin_unlock_irqrestore(&liar->lock, flags);
		return DM_MAPIO_SUBMITTED;
	}
	if (op == OP_READ && liar->hangs)
		liar->reads_left--;
	io->lies = liar->lies;
	io->status = BLK_STS_OK;
	if (liar->lies.fail[op].times) {
		liar->lies.fail[op].times--;
		io->status = liar->lies.fail[op].status;
	}
	if (liar->lies.flips && op == OP_READ && covers(bio, liar->lies.flip))
		liar->lies.flips--;
	else
		io->lies.flips = 0;
	spin_unlock_irqrestore(&liar->lock, flags);

	if (io->lies.fail[op].times && !(op == OP_READ && io->lies.early_ms)) {
		bio->bi_status = io->status;
		bio_endio(bio);
		return DM_MAPIO_SUBMITTED;
	}
	if (op == OP_WRITE && io->lies.modify >= 0 && !io->lies.fetch_ms)
		write_modify(bio, io->lies.modify);
	if (!lies_about(&io->lies, op))
		return DM_MAPIO_REMAPPED;
	io->liar = liar;
	io->bio = bio;
	INIT_WORK(&io->work, liar_work);
	queue_work(liar->wq, &io->work);
	return DM_MAPIO_SUBMITTED;
}

static void liar_release(struct liar *liar)
{
	struct bio_list held;
	struct bio *bio;

	spin_lock_irq(&liar->lock);
	held = liar->held;
	bio_list_init(&liar->held);
	liar->nr_held = 0;
	liar->hangs = false;
	spin_unlock_irq(&liar->lock);

	while ((bio = bio_list_pop(&held)))
		dm_submit_bio_remap(bio, NULL);
}

static int liar_fail(struct lies *lies, const char *op_name, const char *status_name,
		     const char *times)
{
	unsigned int op, i;

	for (op = 0; op < OPS; op++)
		if (!strcmp(op_names[op], op_name))
			break;
	for (i = 0; i < ARRAY_SIZE(statuses); i++)
		if (!strcmp(statuses[i].name, status_name))
			break;
	if (op == OPS || i == ARRAY_SIZE(statuses))
		return -EINVAL;
	lies->fail[op].status = statuses[i].status;
	return kstrtouint(times, 0, &lies->fail[op].times);
}

static void lies_init(struct lies *lies)
{
	memset(lies, 0, sizeof(*lies));
	lies->modify = -1;
}

static int lies_set(struct lies *lies, unsigned int argc, char **argv)
{
	const char *what = argv[0];
	unsigned long long sector;

	if (!strcmp(what, "honest") && argc == 1) {
		lies_init(lies);
		return 0;
	}
	if (!strcmp(what, "early") && argc == 2) {
		lies->part_nr = 0;
		return kstrtouint(argv[1], 0, &lies->early_ms);
	}
	if (!strcmp(what, "early") && argc == 4)
		return kstrtouint(argv[1], 0, &lies->early_ms) ?:
		       kstrtouint(argv[2], 0, &lies->part_first) ?:
		       kstrtouint(argv[3], 0, &lies->part_nr);
	if (!strcmp(what, "irqs-off") && argc == 2)
		return kstrtobool(argv[1], &lies->irqs_off);
	if (!strcmp(what, "stray") && argc == 2)
		return kstrtouint(argv[1], 0, &lies->stray_ms);
	if (!strcmp(what, "edge") && argc == 2)
		return kstrtoint(argv[1], 0, &lies->edge);
	if (!strcmp(what, "flip") && argc == 3) {
		if (kstrtoull(argv[1], 0, &sector))
			return -EINVAL;
		lies->flip = sector;
		return kstrtouint(argv[2], 0, &lies->flips);
	}
	if (!strcmp(what, "one-page") && argc == 2)
		return kstrtobool(argv[1], &lies->one_page);
	if (!strcmp(what, "split") && argc == 2) {
		unsigned int kib;

		if (kstrtouint(argv[1], 0, &kib) || kib > SZ_1K)
			return -EINVAL;
		lies->split_bytes = kib * SZ_1K;
		return 0;
	}
	if (!strcmp(what, "modify") && argc == 2) {
		lies->modify = -1;
		return strcmp(argv[1], "off") ? kstrtoint(argv[1], 0, &lies->modify) : 0;
	}
	if (!strcmp(what, "fetch") && argc == 2)
		return kstrtouint(argv[1], 0, &lies->fetch_ms);
	if (!strcmp(what, "fail") && argc == 4)
		return liar_fail(lies, argv[1], argv[2], argv[3]);
	return -EINVAL;
}

static int liar_message(struct dm_target *ti, unsigned int argc, char **argv, char *result,
			unsigned int maxlen)
{
	struct liar *liar = ti->private;
	unsigned int reads;
	struct lies lies;
	int error;

	if (!strcmp(argv[0], "release")) {
		liar_release(liar);
		return 0;
	}
	if (!strcmp(argv[0], "hang")) {
		if (argc != 2 || kstrtouint(argv[1], 0, &reads))
			return -EINVAL;
		spin_lock_irq(&liar->lock);
		liar->reads_left = reads;
		liar->hangs = true;
		spin_unlock_irq(&liar->lock);
		return 0;
	}
	spin_lock_irq(&liar->lock);
	lies = liar->lies;
	error = lies_set(&lies, argc, argv);
	if (!error)
		liar->lies = lies;
	spin_unlock_irq(&liar->lock);
	return error;
}

static void liar_status(struct dm_target *ti, status_type_t type, unsigned int flags,
			char *result, unsigned int maxlen)
{
	struct liar *liar = ti->private;
	unsigned int sz = 0;

	if (type == STATUSTYPE_INFO)
		DMEMIT("%u %d", READ_ONCE(liar->nr_held), atomic_read(&liar->nr_after));
	else if (type == STATUSTYPE_TABLE)
		DMEMIT("%s", liar->dev->name);
}

/* Held reads would block the suspend. */
static void liar_presuspend(struct dm_target *ti)
{
	liar_release(ti->private);
}

static int liar_iterate_devices(struct dm_target *ti, iterate_devices_callout_fn fn, void *data)
{
	struct liar *liar = ti->private;

	return fn(ti, liar->dev, 0, ti->len, data);
}

static void liar_dtr(struct dm_target *ti)
{
	struct liar *liar = ti->private;

	wait_event(liar->wait, !atomic_read(&liar->nr_after));
	destroy_workqueue(liar->wq);
	dm_put_device(ti, liar->dev);
	kfree(liar);
}

static int liar_ctr(struct dm_target *ti, unsigned int argc, char **argv)
{
	struct liar *liar;
	int error;

	if (argc != 1) {
		ti->error = "usage: <device>";
		return -EINVAL;
	}
	liar = kzalloc(sizeof(*liar), GFP_KERNEL);
	if (!liar)
		return -ENOMEM;
	spin_lock_init(&liar->lock);
	init_waitqueue_head(&liar->wait);
	bio_list_init(&liar->held);
	lies_init(&liar->lies);
	liar->ti = ti;
	liar->wq = alloc_workqueue("liar", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	if (!liar->wq) {
		kfree(liar);
		return -ENOMEM;
	}
	error = dm_get_device(ti, argv[0], dm_table_get_mode(ti->table), &liar->dev);
	if (error) {
		ti->error = "no such device";
		destroy_workqueue(liar->wq);
		kfree(liar);
		return error;
	}
	error = dm_set_target_max_io_len(ti, MAX_SECTORS);
	ti->private = liar;
	ti->num_flush_bios = 1;
	ti->num_discard_bios = 1;
	ti->num_secure_erase_bios = 1;
	ti->num_write_zeroes_bios = 1;
	ti->per_io_data_size = sizeof(struct liar_io);
	ti->accounts_remapped_io = true;
	return error;
}

static struct target_type liar_target = {
	.name = "liar",
	.version = { 1, 0, 0 },
	.features = DM_TARGET_NOWAIT,
	.module = THIS_MODULE,
	.ctr = liar_ctr,
	.dtr = liar_dtr,
	.map = liar_map,
	.presuspend = liar_presuspend,
	.message = liar_message,
	.status = liar_status,
	.iterate_devices = liar_iterate_devices,
};

static int __init liar_init(void)
{
	return dm_register_target(&liar_target);
}
module_init(liar_init);

static void __exit liar_exit(void)
{
	dm_unregister_target(&liar_target);
}
module_exit(liar_exit);

MODULE_DESCRIPTION("a device that misbehaves on request");
MODULE_AUTHOR("The dm-blkverify maintainers");
MODULE_LICENSE("GPL");
