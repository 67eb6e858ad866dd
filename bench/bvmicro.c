// SPDX-License-Identifier: GPL-2.0-only
/*
 * The cost of each pure unit alone: compare, range lock, trust map, private pages.
 *
 * KUnit cases that print a line for each thing timed, as
 *	bvmicro: range,mixed,1024 min=312.5 median=320.1
 * in nanoseconds: the minimum of some batches, which is the cost, and the median, which shows how
 * quiet the machine was. The last case counts the memory of the pool.
 */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/prandom.h>
#include <linux/sort.h>

/* Copies of the units; their symbols must not be exported twice. */
#include <kunit/visibility.h>
#undef EXPORT_SYMBOL_IF_KUNIT
#define NO_EXPORT(...)
#define EXPORT_SYMBOL_IF_KUNIT NO_EXPORT
#include "../src/memory.c"
#include "../src/shape.c"
#include "../src/budget.c"
#include "../src/chunk.c"
#include "../src/marks.c"
#include "../src/late.c"
#include "../src/rest.c"
#include "../src/supply.c"
#include "../src/depot.c"
#include "../src/magazine.c"
#include "../src/pool.c"
#include "../src/compare.c"
#include "../src/range.c"
#include "../src/trust.c"

#define BATCHES 9
#define BATCH_NS (3 * NSEC_PER_MSEC)

static int by_size(const void *a, const void *b)
{
	return *(const u64 *)a < *(const u64 *)b ? -1 : *(const u64 *)a > *(const u64 *)b;
}

/* Time a repeated step; in picoseconds, to keep tenths of a nanosecond. */
static void time_step(const char *name, unsigned int parameter, void (*step)(void *), void *arg)
{
	u64 ps[BATCHES], begin, ns;
	unsigned int batch, n, times = 1;

	/* Find the number of steps in a batch. */
	for (;;) {
		begin = ktime_get_ns();
		for (n = 0; n < times; n++)
			step(arg);
		ns = ktime_get_ns() - begin;
		if (ns > BATCH_NS / 4 || times > BIT(24))
			break;
		times *= 4;
	}
	times = max_t(u64, 1, div64_u64((u64)times * BATCH_NS, max(ns, 1ULL)));

	for (batch = 0; batch < BATCHES; batch++) {
		begin = ktime_get_ns();
		for (n = 0; n < times; n++)
			step(arg);
		ps[batch] = div_u64((ktime_get_ns() - begin) * 1000, times);
		cond_resched();
	}
	sort(ps, BATCHES, sizeof(*ps), by_size, NULL);
	pr_info("bvmicro: %s,%u min=%llu.%llu median=%llu.%llu\n", name, parameter,
		div_u64(ps[0], 1000), div_u64(ps[0], 100) % 10,
		div_u64(ps[BATCHES / 2], 1000), div_u64(ps[BATCHES / 2], 100) % 10);
}

/* ---- compare ------------------------------------------------------------------------------ */

/* The number that the marks of private memory are derived from. */
#define MARK 0x123456789abcdef0ULL

static void nothing_late(struct work_struct *work)
{
}

struct compared {
	struct blkv_memory *memories[2];
	struct bvec_iter iter;
	size_t equal;
};

static void compare_step(void *arg)
{
	struct compared *c = arg;

	c->equal = blkv_compare(c->memories[0]->vecs, c->iter, c->memories[1]->vecs, c->iter);
}

static void copy_step(void *arg)
{
	struct compared *c = arg;

	blkv_vecs_copy(c->memories[0]->vecs, c->iter, c->memories[1]->vecs, c->iter);
}

static void alias_step(void *arg)
{
	struct compared *c = arg;

	c->equal = blkv_vecs_alias(c->memories[0]->vecs, c->iter) ? 0 : c->iter.bi_size;
}

static void compare(struct kunit *test)
{
	static const unsigned int sizes[] = { 512, SZ_4K, SZ_16K, SZ_64K, SZ_1M };
	struct blkv_pool *pool = kunit_kzalloc(test, sizeof(*pool), GFP_KERNEL);
	struct blkv_memory *kept = kunit_kzalloc(test, sizeof(*kept), GFP_KERNEL);
	struct blkv_memory *other = kunit_kzalloc(test, sizeof(*other), GFP_KERNEL);
	struct compared c = { .memories = { kept, other } };
	unsigned int i;

	KUNIT_ASSERT_TRUE(test, pool && kept && other);
	KUNIT_ASSERT_EQ(test, blkv_pool_init(pool, MARK, 0, nothing_late, kept), 0);
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, other, BLKV_REGION_SECTORS, NULL));
	for (i = 0; i < BLKV_RESERVE_DATA; i++) {
		memset(page_address(kept->vecs[i].bv_page), i, PAGE_SIZE);
		memset(page_address(other->vecs[i].bv_page), i, PAGE_SIZE);
	}

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		c.iter = (struct bvec_iter) { .bi_size = sizes[i] };
		time_step("compare", sizes[i], compare_step, &c);
		KUNIT_EXPECT_EQ(test, c.equal, sizes[i]);
		time_step("copy", sizes[i], copy_step, &c);
		time_step("alias", sizes[i], alias_step, &c);
		KUNIT_EXPECT_EQ(test, c.equal, sizes[i]);
	}
	blkv_memory_put(pool, other, 0, 0);
	blkv_memory_put(pool, kept, 0, 0);
	blkv_pool_exit(pool);
}

/* ---- range lock --------------------------------------------------------------------------- */

struct crowd {
	struct blkv_ranges ranges;
	struct rnd_state random;
	struct blkv_range *range;
	unsigned int nr;
	unsigned int reads;
	bool apart;
	unsigned int oldest;
	unsigned long granted;
};

static void arrive(struct crowd *crowd, struct blkv_range *range)
{
	unsigned int size = crowd->apart ? 2 : 8;
	unsigned int places = BLKV_REGION_SECTORS / size;
	unsigned int place = crowd->apart ? range - crowd->range :
					    prandom_u32_state(&crowd->random);

	range->start = (sector_t)(place % places) * size;
	range->last = range->start + size - 1;
	range->shared = prandom_u32_state(&crowd->random) % 100 < crowd->reads;
	crowd->granted += blkv_range_lock(&crowd->ranges, range);
}

/* The oldest request completes, and a new one arrives; the crowd stays as large. */
static void crowd_step(void *arg)
{
	struct crowd *crowd = arg;
	struct blkv_range *range = &crowd->range[crowd->oldest];
	LIST_HEAD(granted);

	crowd->oldest = (crowd->oldest + 1) % crowd->nr;
	blkv_range_unlock(&crowd->ranges, range, &granted);
	arrive(crowd, range);
}

static void random_step(void *arg)
{
	struct crowd *crowd = arg;

	crowd->oldest = prandom_u32_state(&crowd->random) % crowd->nr;
	crowd->granted += prandom_u32_state(&crowd->random) % 100 < crowd->reads;
}

static bool has_ranges(const struct blkv_ranges *ranges)
{
	bool any = false;
	unsigned int i;

	for (i = 0; i < BLKV_RANGE_SHARDS; i++)
		any |= !RB_EMPTY_ROOT(&ranges->shards[i].roots[0].rb_root) ||
		       !RB_EMPTY_ROOT(&ranges->shards[i].roots[1].rb_root);
	return any;
}

static void time_crowd(struct kunit *test, const char *name, unsigned int reads, bool apart)
{
	static const unsigned int in_flight[] = { 1, 4, 16, 64, 256, 1024 };
	struct crowd *crowd = kunit_kzalloc(test, sizeof(*crowd), GFP_KERNEL);
	LIST_HEAD(granted);
	unsigned int i, n;

	KUNIT_ASSERT_NOT_NULL(test, crowd);
	crowd->range = kunit_kcalloc(test, 1024, sizeof(*crowd->range), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, crowd->range);
	blkv_ranges_init(&crowd->ranges);
	crowd->reads = reads;
	crowd->apart = apart;
	prandom_seed_state(&crowd->random, 1);

	for (i = 0; i < ARRAY_SIZE(in_flight); i++) {
		crowd->nr = in_flight[i];
		crowd->oldest = 0;
		for (n = 0; n < crowd->nr; n++)
			arrive(crowd, &crowd->range[n]);
		time_step(name, crowd->nr, crowd_step, crowd);
		for (n = 0; n < crowd->nr; n++)
			blkv_range_unlock(&crowd->ranges,
					  &crowd->range[(crowd->oldest + n) % crowd->nr], &granted);
		KUNIT_EXPECT_FALSE(test, has_ranges(&crowd->ranges));
	}
}

static void range_lock(struct kunit *test)
{
	struct crowd *crowd = kunit_kzalloc(test, sizeof(*crowd), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, crowd);
	crowd->nr = 1024;
	crowd->reads = 70;
	prandom_seed_state(&crowd->random, 1);
	time_step("range,nothing", 0, random_step, crowd);
	time_crowd(test, "range,reads", 100, false);
	time_crowd(test, "range,mixed", 70, false);
	time_crowd(test, "range,writes", 0, 0);
	time_crowd(test, "range,apart", 0, true);
}

/*
 * Very many requests in flight, which arrive, and then end as they are granted. What a call takes,
 * on average, and at most: that long, interrupts may be off. The time that the host took away is in
 * there, too. All rounds make the same calls, so of each call the shortest of its times counts.
 */

#define CROWD 60000
#define CROWD_ROUNDS 7

struct call_times {
	u64 total;
	u32 *shortest;		/* of each call, in all rounds */
	unsigned int nr_calls;
	struct list_head granted;
	unsigned int nr_ended;
};

static void call_done(struct call_times *times, u64 begin)
{
	u64 ns = ktime_get_ns() - begin;
	u32 *shortest = &times->shortest[times->nr_calls++];

	times->total += ns;
	*shortest = min_t(u64, *shortest, ns);
}

static u32 longest_call(const struct call_times *times)
{
	u32 longest = 0;
	unsigned int i;

	for (i = 0; i < times->nr_calls; i++)
		longest = max(longest, times->shortest[i]);
	return longest;
}

static void crowd_come_and_go(struct kunit *test, struct blkv_ranges *ranges,
			      struct blkv_range *range, struct call_times *times)
{
	struct blkv_range *first;
	unsigned int n;
	bool granted;
	u64 begin;

	times->total = 0;
	times->nr_calls = 0;
	times->nr_ended = 0;
	INIT_LIST_HEAD(&times->granted);
	for (n = 0; n < CROWD; n++) {
		begin = ktime_get_ns();
		granted = blkv_range_lock(ranges, &range[n]);
		call_done(times, begin);
		if (granted)
			list_add_tail(&range[n].granted, &times->granted);
	}
	while ((first = list_first_entry_or_null(&times->granted, struct blkv_range, granted))) {
		list_del_init(&first->granted);
		begin = ktime_get_ns();
		blkv_range_unlock(ranges, first, &times->granted);
		call_done(times, begin);
		times->nr_ended++;
	}
	KUNIT_EXPECT_EQ(test, times->nr_ended, CROWD);
}

static void range_one_block(struct blkv_range *range, unsigned int n, struct rnd_state *random)
{
	range->start = 0;
	range->last = 7;
}

static void range_different_blocks(struct blkv_range *range, unsigned int n,
				   struct rnd_state *random)
{
	range->start = (sector_t)n * 8;
	range->last = range->start + 7;
}

static void range_overlapping(struct blkv_range *range, unsigned int n, struct rnd_state *random)
{
	range->start = prandom_u32_state(random) % 64;
	range->last = range->start + prandom_u32_state(random) % 64;
	range->shared = prandom_u32_state(random) % 2;
}

/* One of 16 touches up to 80 regions. */
static void range_some_wide(struct blkv_range *range, unsigned int n, struct rnd_state *random)
{
	sector_t regions = prandom_u32_state(random) % 16 ? 1 : 80;

	range->start = prandom_u32_state(random) % (8 * BLKV_REGION_SECTORS);
	range->last = range->start + prandom_u32_state(random) % (regions * BLKV_REGION_SECTORS);
	range->shared = prandom_u32_state(random) % 2;
}

static void print_best(const char *what, const char *crowd, u64 ns)
{
	pr_info("bvmicro: %s,%s,%u min=%llu.0 median=%llu.0\n", what, crowd, CROWD, ns, ns);
}

static void range_crowd(struct kunit *test)
{
	static const struct {
		const char *name;
		void (*set)(struct blkv_range *range, unsigned int n, struct rnd_state *random);
	} crowds[] = {
		{ "one-block", range_one_block },
		{ "different-blocks", range_different_blocks },
		{ "overlapping", range_overlapping },
		{ "some-wide", range_some_wide },
	};
	struct blkv_ranges *ranges = kunit_kzalloc(test, sizeof(*ranges), GFP_KERNEL);
	struct blkv_range *range = kvcalloc(CROWD, sizeof(*range), GFP_KERNEL);
	struct call_times times = { .shortest = kvcalloc(CROWD, 2 * sizeof(u32), GFP_KERNEL) };
	struct rnd_state random;
	unsigned int i, round, n;

	KUNIT_ASSERT_NOT_NULL(test, ranges);
	KUNIT_ASSERT_NOT_NULL(test, range);
	KUNIT_ASSERT_NOT_NULL(test, times.shortest);
	blkv_ranges_init(ranges);
	for (i = 0; i < ARRAY_SIZE(crowds); i++) {
		u64 best = U64_MAX;

		memset(times.shortest, 0xff, CROWD * 2 * sizeof(u32));
		for (round = 0; round < CROWD_ROUNDS; round++) {
			prandom_seed_state(&random, 1);
			memset(range, 0, CROWD * sizeof(*range));
			for (n = 0; n < CROWD; n++)
				crowds[i].set(&range[n], n, &random);
			crowd_come_and_go(test, ranges, range, &times);
			best = min(best, div_u64(times.total, CROWD));
			cond_resched();
		}
		print_best("crowd", crowds[i].name, best);
		print_best("longest", crowds[i].name, longest_call(&times));
	}
	KUNIT_EXPECT_FALSE(test, has_ranges(ranges));
	kvfree(times.shortest);
	kvfree(range);
}

/* ---- trust map ---------------------------------------------------------------------------- */

struct asked {
	struct blkv_trust trust;
	struct rnd_state random;
	unsigned int nr;
	bool trusted;
};

#define TRUST_SECTORS ((sector_t)SZ_1G >> SECTOR_SHIFT)

static sector_t some_place(struct asked *asked)
{
	sector_t places = TRUST_SECTORS / asked->nr;

	return (sector_t)(prandom_u32_state(&asked->random) % (u32)places) * asked->nr;
}

static void run_step(void *arg)
{
	struct asked *asked = arg;

	blkv_trust_run(&asked->trust, some_place(asked), asked->nr, &asked->trusted);
}

static void set_step(void *arg)
{
	struct asked *asked = arg;

	blkv_trust_set(&asked->trust, some_place(asked), asked->nr, true);
}

static void toggle_step(void *arg)
{
	struct asked *asked = arg;

	blkv_trust_set(&asked->trust, some_place(asked), asked->nr,
		       prandom_u32_state(&asked->random) % 2);
}

static void trust_map(struct kunit *test)
{
	struct asked *asked = kunit_kzalloc(test, sizeof(*asked), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, asked);
	KUNIT_ASSERT_EQ(test, blkv_trust_init(&asked->trust, TRUST_SECTORS, true), 0);
	prandom_seed_state(&asked->random, 1);
	asked->nr = 8;
	time_step("trust,ask,all trusted", 0, run_step, asked);
	time_step("trust,set,all trusted", 0, set_step, asked);
	/* One sector at the end is enough to take the slow path. */
	blkv_trust_set(&asked->trust, TRUST_SECTORS - 1, 1, false);
	time_step("trust,ask,one untrusted", 0, run_step, asked);
	blkv_trust_set(&asked->trust, TRUST_SECTORS - 1, 1, false);
	time_step("trust,set or clear", 0, toggle_step, asked);
	time_step("trust,ask,mixed", 0, run_step, asked);
	blkv_trust_exit(&asked->trust);
}

/* ---- private pages ------------------------------------------------------------------------ */

struct taken {
	struct blkv_pool pool;
	struct blkv_memory kept;
	struct blkv_memory memory;
	unsigned int nr_sectors;
	bool refused;
};

static void take_step(void *arg)
{
	struct taken *taken = arg;

	taken->refused |= !blkv_memory_get(&taken->pool, &taken->memory, taken->nr_sectors,
					   NULL);
	blkv_memory_put(&taken->pool, &taken->memory, 0, 0);
}

static void private_pages(struct kunit *test)
{
	static const unsigned int sizes[] = { SZ_4K, SZ_16K, SZ_64K, SZ_1M };
	struct taken *taken = kunit_kzalloc(test, sizeof(*taken), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, taken);
	KUNIT_ASSERT_EQ(test, blkv_pool_init(&taken->pool, MARK, 0, nothing_late, &taken->kept), 0);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		taken->nr_sectors = sizes[i] >> SECTOR_SHIFT;
		time_step("pool,get and put", sizes[i], take_step, taken);
	}
	KUNIT_EXPECT_FALSE(test, taken->refused);
	blkv_memory_put(&taken->pool, &taken->kept, 0, 0);
	blkv_pool_exit(&taken->pool);
}

#define BURST 16

static unsigned long nr_owned(const struct blkv_pool *pool)
{
	return READ_ONCE(pool->depot.data[0].nr_owned) + READ_ONCE(pool->depot.vecs.nr_owned);
}

static void pool_memory(struct kunit *test)
{
	struct taken *taken = kunit_kzalloc(test, sizeof(*taken), GFP_KERNEL);
	struct blkv_memory *burst = kunit_kcalloc(test, BURST, sizeof(*burst), GFP_KERNEL);
	unsigned long at_rest, most, begin;
	unsigned int i;

	KUNIT_ASSERT_TRUE(test, taken && burst);
	KUNIT_ASSERT_EQ(test, blkv_pool_init(&taken->pool, MARK, 0, nothing_late, &taken->kept), 0);
	at_rest = nr_owned(&taken->pool);
	for (i = 0; i < BURST; i++)
		KUNIT_ASSERT_TRUE(test, blkv_memory_get(&taken->pool, &burst[i],
							BLKV_REGION_SECTORS, NULL));
	most = nr_owned(&taken->pool);
	for (i = 0; i < BURST; i++)
		blkv_memory_put(&taken->pool, &burst[i], 0, 0);
	begin = jiffies;
	while (nr_owned(&taken->pool) > at_rest && time_before(jiffies, begin + 5 * HZ))
		msleep(20);
	pr_info("bvmicro: pages in_flight=%u rest=%lu most=%lu after=%lu back_ms=%u\n",
		BURST * (BLKV_RESERVE_DATA + BLKV_RESERVE_VECS), at_rest, most,
		nr_owned(&taken->pool), jiffies_to_msecs(jiffies - begin));
	KUNIT_EXPECT_EQ(test, nr_owned(&taken->pool), at_rest);
	blkv_memory_put(&taken->pool, &taken->kept, 0, 0);
	blkv_pool_exit(&taken->pool);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(compare),
	KUNIT_CASE(range_lock),
	KUNIT_CASE(range_crowd),
	KUNIT_CASE(trust_map),
	KUNIT_CASE(private_pages),
	KUNIT_CASE(pool_memory),
	{}
};

static struct kunit_suite suite = { .name = "bvmicro", .test_cases = cases };
kunit_test_suite(suite);

MODULE_DESCRIPTION("Timings of the pure units of dm-blkverify");
MODULE_LICENSE("GPL");
