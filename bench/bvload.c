// SPDX-License-Identifier: GPL-2.0-only
/*
 * A load generator in the kernel, to measure the cost of a request to a block device: where system
 * calls are expensive, as in User-Mode Linux, they hide everything else. For throw-away machines:
 * it writes to the given device without asking.
 *
 *	cd /sys/kernel/debug/bvload
 *	echo "dev=/dev/ram0 op=read bs=4096 depth=1 random=1 span=64 ms=50" >run; cat result
 *
 * A write to "run" returns when the load is over. "result" is one line of name=value pairs: bios
 * completed, ns that this took, ns of CPU time, bios that failed, and with latency=1 the median and
 * the 99th percentile of the time from submission to completion, in ns.
 *
 * Each thread keeps @depth bios in flight, in its own part of the device. All writes consist of
 * bytes of one value, so that legs filled with it stay equal even if a load goes to only one of
 * them.
 *
 * Besides read and write there are operations without a device: "none" ends the bio at once and
 * thus shows the cost of the generator itself; "compare" and "copy" do what the target does with
 * the data of a request, with pages that are used again and again.
 */
#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/completion.h>
#include <linux/debugfs.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kthread.h>
#include <linux/llist.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/prandom.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

/* Copies of the units; their symbols must not be exported twice. */
#include <kunit/visibility.h>
#undef EXPORT_SYMBOL_IF_KUNIT
#define NO_EXPORT(...)
#define EXPORT_SYMBOL_IF_KUNIT NO_EXPORT
#include "../src/compare.c"

#include "cpu-clock.h"

#define FILL 0xb5
#define MAX_BS SZ_1M
#define MAX_PAGES (MAX_BS >> PAGE_SHIFT)

/* Latencies are counted in 16 steps for each power of two: 6 % exact. */
#define STEP_BITS 4
#define STEPS (64 << STEP_BITS)

enum load_op { OP_READ, OP_WRITE, OP_MIXED, OP_NONE, OP_COMPARE, OP_COPY };

static const char *const op_names[] = {
	[OP_READ] = "read", [OP_WRITE] = "write", [OP_MIXED] = "mixed",
	[OP_NONE] = "none", [OP_COMPARE] = "compare", [OP_COPY] = "copy",
};

/**
 * struct load - the parameters of a load
 * @dev: path of the device
 * @op: what to do
 * @bs: bytes in a bio, a multiple of the page size
 * @grain: bytes from one place to the next, @bs by default; bios overlap if it is less
 * @depth: bios in flight, of each thread
 * @random: random instead of sequential
 * @span: how much of the device is used, in MiB
 * @blocks: if not 0, how many blocks of that each thread uses
 * @ms: duration; 0 to use all of the span once
 * @flush: if not 0, each so many bios are followed by a flush
 * @threads: how many, each on its own CPU
 * @latency: measure it, which costs two clock reads
 * @reads: percentage of reads in a mixed load
 */
struct load {
	char dev[64];
	enum load_op op;
	unsigned int bs;
	unsigned int grain;
	unsigned int depth;
	unsigned int random;
	unsigned int span;
	unsigned int blocks;
	unsigned int ms;
	unsigned int flush;
	unsigned int threads;
	unsigned int latency;
	unsigned int reads;
};

/**
 * struct slot - a bio that is in flight or free
 * @bio: the bio
 * @thread: the owner
 * @vecs: its pages
 * @begin: time of submission
 * @free: entry in the thread's list of free slots
 */
struct slot {
	struct bio bio;
	struct load_thread *thread;
	struct bio_vec *vecs;
	u64 begin;
	struct llist_node free;
};

/**
 * struct load_thread - one thread of a load
 * @load: its load
 * @bdev: its device
 * @slots: its bios
 * @vecs: their pages
 * @free: slots that are not in flight
 * @wait: the thread, when all are in flight
 * @random: state of the random numbers
 * @next: the next bio of a sequential load
 * @unflushed: bios since the last flush
 * @first: start of its part of the device, in places
 * @nr: length of that part, in places
 * @ios: bios completed
 * @errors: bios failed
 * @ns: time taken
 * @cpu_ns: CPU time taken, of the whole kernel
 * @steps: latencies
 * @done: the thread has finished
 */
struct load_thread {
	const struct load *load;
	struct block_device *bdev;
	struct slot *slots;
	struct bio_vec *vecs;
	struct llist_head free;
	wait_queue_head_t wait;
	struct rnd_state random;
	u64 next;
	unsigned int unflushed;
	u64 first;
	u64 nr;
	u64 ios;
	atomic_t errors;
	u64 ns;
	u64 cpu_ns;
	u32 *steps;
	struct completion done;
};

static unsigned int mib = 32;
module_param(mib, uint, 0444);
MODULE_PARM_DESC(mib, "Memory for bios in flight, of all threads together");

static DEFINE_MUTEX(running);
static struct page **pages;
static unsigned int nr_pages;
/* For compare and copy: pages laid out as in the target. */
static struct bio_vec private_vecs[MAX_PAGES];
static char result[256] = "nothing was run\n";
static struct dentry *dir;

/* ---- latencies ---------------------------------------------------------------------------- */

static unsigned int step_of(u64 ns)
{
	unsigned int top = ns ? ilog2(ns) : 0;

	if (top < STEP_BITS)
		return ns;
	return (top << STEP_BITS) + ((ns >> (top - STEP_BITS)) & ((1 << STEP_BITS) - 1));
}

static u64 ns_of(unsigned int step)
{
	unsigned int top = step >> STEP_BITS;

	if (top < STEP_BITS)
		return step;
	return (u64)((1 << STEP_BITS) + (step & ((1 << STEP_BITS) - 1))) << (top - STEP_BITS);
}

static u64 percentile(struct load_thread *threads, unsigned int nr, u64 ios, unsigned int percent)
{
	u64 below = 0, wanted = div_u64(ios * percent + 99, 100);
	unsigned int step, i;

	for (step = 0; step < STEPS; step++) {
		for (i = 0; i < nr; i++)
			below += threads[i].steps[step];
		if (below >= wanted)
			return ns_of(step);
	}
	return 0;
}

/* ---- one thread --------------------------------------------------------------------------- */

static void slot_endio(struct bio *bio)
{
	struct slot *slot = container_of(bio, struct slot, bio);
	struct load_thread *thread = slot->thread;

	if (bio->bi_status)
		atomic_inc(&thread->errors);
	/* One completion at a time, or this would have to be atomic: see makes_sense(). */
	if (thread->load->latency)
		thread->steps[step_of(ktime_get_ns() - slot->begin)]++;
	/* After this slot the thread may finish and be freed: run_load() waits for us. */
	rcu_read_lock();
	if (llist_add(&slot->free, &thread->free))
		wake_up(&thread->wait);
	rcu_read_unlock();
}

static u64 next_place(struct load_thread *thread)
{
	u64 nr = thread->load->blocks ? min_t(u64, thread->load->blocks, thread->nr) : thread->nr;
	u64 place = thread->next;

	if (thread->load->random)
		return thread->first + prandom_u32_state(&thread->random) % (u32)nr;
	thread->next = place + 1 < nr ? place + 1 : 0;
	return thread->first + place;
}

static bool is_write(struct load_thread *thread)
{
	if (thread->load->op == OP_MIXED)
		return prandom_u32_state(&thread->random) % 100 >= thread->load->reads;
	return thread->load->op == OP_WRITE;
}

/* Is a flush due? Then it is sent instead of the next bio. */
static bool submit_flush(struct load_thread *thread, struct slot *slot)
{
	if (!thread->load->flush || thread->unflushed++ < thread->load->flush)
		return false;
	thread->unflushed = 0;
	bio_init(&slot->bio, thread->bdev, NULL, 0, REQ_OP_WRITE | REQ_PREFLUSH);
	slot->bio.bi_end_io = slot_endio;
	slot->begin = ktime_get_ns();
	submit_bio(&slot->bio);
	return true;
}

static void submit(struct load_thread *thread, struct slot *slot)
{
	const struct load *load = thread->load;
	struct bvec_iter iter = { .bi_size = load->bs };
	struct bio *bio = &slot->bio;

	bio_init(bio, thread->bdev, slot->vecs, load->bs >> PAGE_SHIFT,
		 is_write(thread) ? REQ_OP_WRITE | REQ_SYNC | REQ_IDLE : REQ_OP_READ);
	bio->bi_vcnt = load->bs >> PAGE_SHIFT;
	bio->bi_iter.bi_size = load->bs;
	bio->bi_iter.bi_sector = next_place(thread) * (load->grain >> SECTOR_SHIFT);
	bio->bi_end_io = slot_endio;
	if (load->latency)
		slot->begin = ktime_get_ns();

	switch (load->op) {
	case OP_COMPARE:
		if (blkv_compare(slot->vecs, iter, private_vecs, iter) < load->bs)
			bio->bi_status = BLK_STS_PROTECTION;
		bio_endio(bio);
		break;
	case OP_COPY:
		blkv_vecs_copy(private_vecs, iter, slot->vecs, iter);
		bio_endio(bio);
		break;
	case OP_NONE:
		bio_endio(bio);
		break;
	default:
		submit_bio(bio);
	}
}

static int run_thread(void *arg)
{
	struct load_thread *thread = arg;
	unsigned long end = jiffies + msecs_to_jiffies(thread->load->ms);
	struct llist_node *free = NULL;
	unsigned int in_flight = 0;
	u64 submitted = 0;
	u64 cpu_begin = cpu_clock_ns();
	u64 begin = ktime_get_ns();
	bool stop = false;

	while (!stop || in_flight) {
		struct slot *slot;

		if (!free) {
			wait_event(thread->wait, !llist_empty(&thread->free));
			free = llist_del_all(&thread->free);
		}
		slot = llist_entry(free, struct slot, free);
		free = free->next;
		/* A slot that has not been used yet was never in flight. */
		if (slot->bio.bi_bdev) {
			bio_uninit(&slot->bio);
			slot->bio.bi_bdev = NULL;
			thread->ios++;
			in_flight--;
		}
		stop = thread->load->ms ? time_after_eq(jiffies, end) : submitted == thread->nr;
		if (!stop) {
			submitted++;
			in_flight++;
			if (!submit_flush(thread, slot))
				submit(thread, slot);
		}
		cond_resched();
	}
	thread->ns = ktime_get_ns() - begin;
	thread->cpu_ns = cpu_clock_ns() - cpu_begin;
	complete(&thread->done);
	return 0;
}

/* ---- a load ------------------------------------------------------------------------------- */

static void free_thread(struct load_thread *thread)
{
	kvfree(thread->steps);
	kvfree(thread->slots);
	kvfree(thread->vecs);
}

static int set_up_thread(struct load_thread *thread, const struct load *load,
			 struct block_device *bdev, unsigned int number)
{
	unsigned int vecs = load->bs >> PAGE_SHIFT, i, p;
	unsigned int page = number * load->depth * vecs;

	thread->load = load;
	thread->bdev = bdev;
	thread->nr = div_u64((u64)load->span * SZ_1M - load->bs + load->grain,
			     load->grain * load->threads);
	thread->first = number * thread->nr;
	init_llist_head(&thread->free);
	init_waitqueue_head(&thread->wait);
	init_completion(&thread->done);
	prandom_seed_state(&thread->random, number + 1);

	thread->steps = kvcalloc(STEPS, sizeof(*thread->steps), GFP_KERNEL);
	thread->slots = kvcalloc(load->depth, sizeof(*thread->slots), GFP_KERNEL);
	thread->vecs = kvcalloc(load->depth * vecs, sizeof(*thread->vecs), GFP_KERNEL);
	if (!thread->steps || !thread->slots || !thread->vecs)
		return -ENOMEM;

	for (i = 0; i < load->depth; i++) {
		struct slot *slot = &thread->slots[i];

		slot->thread = thread;
		slot->vecs = thread->vecs + i * vecs;
		for (p = 0; p < vecs; p++)
			bvec_set_page(&slot->vecs[p], pages[page++], PAGE_SIZE, 0);
		llist_add(&slot->free, &thread->free);
	}
	return 0;
}

static int start_threads(struct load_thread *threads, unsigned int nr)
{
	unsigned int cpu = cpumask_first(cpu_online_mask), i;

	for (i = 0; i < nr; i++) {
		struct task_struct *task;

		task = kthread_create(run_thread, &threads[i], "bvload/%u", i);
		/* Wait for the threads that are already running. */
		if (IS_ERR(task)) {
			while (i--)
				wait_for_completion(&threads[i].done);
			return PTR_ERR(task);
		}
		kthread_bind(task, cpu);
		cpu = cpumask_next(cpu, cpu_online_mask);
		if (cpu >= nr_cpu_ids)
			cpu = cpumask_first(cpu_online_mask);
		wake_up_process(task);
	}
	return 0;
}

static void report(struct load_thread *threads, unsigned int nr)
{
	u64 ios = 0, ns = 0, cpu_ns = 0, errors = 0;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		ios += threads[i].ios;
		ns = max(ns, threads[i].ns);
		cpu_ns = max(cpu_ns, threads[i].cpu_ns);
		errors += atomic_read(&threads[i].errors);
	}
	snprintf(result, sizeof(result),
		 "ios=%llu ns=%llu cpu=%llu errors=%llu p50=%llu p99=%llu\n", ios, ns, cpu_ns,
		 errors, percentile(threads, nr, ios, 50), percentile(threads, nr, ios, 99));
}

static int run_load(const struct load *load)
{
	struct load_thread *threads;
	struct block_device *bdev;
	struct file *file;
	unsigned int i;
	int r = 0;

	/* Through a file, because the API to open a block device differs between kernels. */
	file = filp_open(load->dev, load->op == OP_READ ? O_RDONLY : O_RDWR, 0);
	if (IS_ERR(file))
		return PTR_ERR(file);
	bdev = I_BDEV(file->f_mapping->host);
	if (!S_ISBLK(file_inode(file)->i_mode) || bdev_nr_bytes(bdev) < (u64)load->span * SZ_1M) {
		fput(file);
		return -EINVAL;
	}

	threads = kcalloc(load->threads, sizeof(*threads), GFP_KERNEL);
	if (!threads) {
		fput(file);
		return -ENOMEM;
	}
	for (i = 0; i < load->threads && !r; i++)
		r = set_up_thread(&threads[i], load, bdev, i);
	if (!r)
		r = start_threads(threads, load->threads);
	if (!r) {
		for (i = 0; i < load->threads; i++)
			wait_for_completion(&threads[i].done);
		report(threads, load->threads);
	}
	synchronize_rcu();

	for (i = 0; i < load->threads; i++)
		free_thread(&threads[i]);
	kfree(threads);
	fput(file);
	return r;
}

/* ---- the file "run" ----------------------------------------------------------------------- */

static int parse_op(const char *text, enum load_op *op)
{
	int i = match_string(op_names, ARRAY_SIZE(op_names), text);

	if (i >= 0)
		*op = i;
	return i < 0 ? i : 0;
}

static int parse_word(char *word, struct load *load)
{
	struct {
		const char *name;
		unsigned int *value;
	} const numbers[] = {
		{ "bs", &load->bs }, { "grain", &load->grain },
		{ "depth", &load->depth }, { "random", &load->random },
		{ "span", &load->span }, { "ms", &load->ms }, { "threads", &load->threads },
		{ "latency", &load->latency }, { "reads", &load->reads },
		{ "blocks", &load->blocks }, { "flush", &load->flush },
	};
	char *name = strsep(&word, "=");
	unsigned int i;

	if (!word)
		return -EINVAL;
	if (!strcmp(name, "dev"))
		return strscpy(load->dev, word, sizeof(load->dev)) < 0 ? -EINVAL : 0;
	if (!strcmp(name, "op"))
		return parse_op(word, &load->op);
	for (i = 0; i < ARRAY_SIZE(numbers); i++)
		if (!strcmp(name, numbers[i].name))
			return kstrtouint(word, 0, numbers[i].value);
	return -EINVAL;
}

static bool makes_sense(const struct load *load)
{
	if (!load->bs || load->bs % PAGE_SIZE || load->bs > MAX_BS || !load->depth ||
	    !load->span || !load->threads || load->threads > nr_cpu_ids)
		return false;
	if (!load->grain || load->grain % SECTOR_SIZE)
		return false;
	if ((u64)load->span * SZ_1M < (u64)load->bs * load->threads)
		return false;
	/* Latencies are counted without atomics, by a single CPU. */
	if (load->latency && num_online_cpus() > 1 && load->depth > 1)
		return false;
	return (u64)load->threads * load->depth * (load->bs >> PAGE_SHIFT) <= nr_pages;
}

static ssize_t run_write(struct file *file, const char __user *from, size_t len, loff_t *pos)
{
	struct load load = {
		.bs = SZ_4K, .depth = 1, .span = 64, .ms = 50, .threads = 1, .reads = 70,
	};
	char text[256], *rest = text, *word;
	int r = 0;

	if (len >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, from, len))
		return -EFAULT;
	text[len] = '\0';
	rest = strim(text);
	while (!r && (word = strsep(&rest, " ")))
		if (*word)
			r = parse_word(word, &load);
	if (!load.grain)
		load.grain = load.bs;
	if (!r && !makes_sense(&load))
		r = -EINVAL;
	if (r)
		return r;

	if (mutex_lock_interruptible(&running))
		return -EINTR;
	r = run_load(&load);
	mutex_unlock(&running);
	return r ?: len;
}

static ssize_t result_read(struct file *file, char __user *to, size_t len, loff_t *pos)
{
	return simple_read_from_buffer(to, len, pos, result, strlen(result));
}

static const struct file_operations run_fops = {
	.owner = THIS_MODULE,
	.write = run_write,
};

static const struct file_operations result_fops = {
	.owner = THIS_MODULE,
	.read = result_read,
};

static struct page *new_page(void)
{
	struct page *page = alloc_page(GFP_KERNEL);

	if (page)
		memset(page_address(page), FILL, PAGE_SIZE);
	return page;
}

static void free_all(void)
{
	unsigned int i;

	for (i = 0; i < MAX_PAGES && private_vecs[i].bv_page; i++)
		__free_page(private_vecs[i].bv_page);
	while (nr_pages--)
		__free_page(pages[nr_pages]);
	kvfree(pages);
}

static int __init bvload_init(void)
{
	unsigned int wanted = (u64)mib * SZ_1M >> PAGE_SHIFT, i;
	struct page *page;

	pages = kvcalloc(wanted, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		return -ENOMEM;
	for (i = 0; i < MAX_PAGES; i++) {
		page = new_page();
		if (!page)
			goto bad;
		bvec_set_page(&private_vecs[i], page, PAGE_SIZE, 0);
	}
	for (nr_pages = 0; nr_pages < wanted; nr_pages++) {
		pages[nr_pages] = new_page();
		if (!pages[nr_pages])
			goto bad;
	}

	dir = debugfs_create_dir("bvload", NULL);
	debugfs_create_file("run", 0200, dir, NULL, &run_fops);
	debugfs_create_file("result", 0400, dir, NULL, &result_fops);
	return 0;

bad:
	free_all();
	return -ENOMEM;
}

static void __exit bvload_exit(void)
{
	debugfs_remove_recursive(dir);
	free_all();
}

module_init(bvload_init);
module_exit(bvload_exit);
MODULE_DESCRIPTION("Load generator for the benchmarks of dm-blkverify");
MODULE_LICENSE("GPL");
