// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the pool of private memory.
 *
 * The pages that the unit allocates are counted and limited, to test a shortage without one.
 */
#include <kunit/static_stub.h>
#include <kunit/test-bug.h>
#include <linux/bio.h>
#include <linux/completion.h>
#include <linux/crc32c.h>
#include <linux/gfp.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "kunit.h"
#include "pool.h"

/* As in the unit: the pages of the longest request, and one more for its bvecs. */
#define REGION_PAGES ((unsigned int)(SZ_1M >> PAGE_SHIFT))
#define RESERVE_DATA REGION_PAGES
#define RESERVE_VECS 1U
/* The number of pages that a pool without kept memory always owns. */
#define POOL_RESERVE (RESERVE_DATA + RESERVE_VECS)

/*
 * The pages that the unit has got. Each is held here, too, so that its reference count tells
 * whether the unit has freed it, in whatever context.
 */
#define GIVEN_MAX 16384U
static struct page *given[GIVEN_MAX];
static unsigned int nr_given;
/* Which magazine is used: that of this CPU, or each of them in turn if it is negative. */
static int this_cpu;
static unsigned int next_cpu;
/* New fixtures have magazines of so many CPUs, and pools use them. */
#define CPUS 4U
static bool with_magazines;

static unsigned int chosen_cpu(void)
{
	return this_cpu < 0 ? next_cpu++ / 3 % CPUS : this_cpu;
}

/* How many more pages the unit may allocate, and of which order at most. */
static unsigned int system_pages;
static unsigned int system_order;
/* Adjacent pages, which are handed out first, in ascending order. */
static LIST_HEAD(ascending_pages);

#define ASCENDING_ORDER 10

/* The use of each page in use, if the test records it. */
enum role { DATA = 1, VECS };

static DEFINE_XARRAY(roles);

static bool has_other_role(struct page *page, enum role role)
{
	void *old = xa_store(&roles, page_to_pfn(page), xa_mk_value(role), GFP_KERNEL);

	return old && xa_to_value(old) != role;
}

static unsigned int order_of(struct page *page)
{
	return folio_order(page_folio(page));
}

/* Let go of the pages that the unit has freed; returns how many it has not. */
static unsigned int nr_pages_out(void)
{
	unsigned int i, nr = 0, nr_pages = 0;

	for (i = 0; i < nr_given; i++) {
		if (page_count(given[i]) > 1) {
			nr_pages += 1U << order_of(given[i]);
			given[nr++] = given[i];
			continue;
		}
		xa_erase(&roles, page_to_pfn(given[i]));
		put_page(given[i]);
	}
	nr_given = nr;
	return nr_pages;
}

static struct page *limited_page_alloc(unsigned int order, gfp_t gfp)
{
	struct page *page;

	if (nr_given == GIVEN_MAX)
		nr_pages_out();
	if (nr_given == GIVEN_MAX || order > system_order || system_pages < 1U << order)
		return NULL;
	system_pages -= 1U << order;
	page = list_first_entry_or_null(&ascending_pages, struct page, lru);
	if (page && !order)
		list_del(&page->lru);
	else
		page = alloc_pages(gfp | __GFP_NOMEMALLOC | __GFP_NOWARN | (order ? __GFP_COMP : 0),
				   order);
	if (page) {
		get_page(page);
		given[nr_given++] = page;
	}
	return page;
}

/* A page that the unit has leaked stays so: nothing can be known of its use. */
static void let_given_pages_go(void *unused)
{
	nr_pages_out();
	nr_given = 0;
}

KUNIT_DEFINE_ACTION_WRAPPER(let_given_pages_go_action, let_given_pages_go, void *);

static void limit_system(struct kunit *test, unsigned int nr)
{
	system_pages = nr;
	system_order = BLKV_MAX_ORDER;
	kunit_activate_static_stub(test, blkv_chunk_alloc, limited_page_alloc);
}

#define PLENTY 100000
#define MARK 0x123456789abcdef0ULL

struct fixture {
	struct blkv_budget budget;
	struct blkv_pool pool;
	struct blkv_memory kept;
};

static unsigned int pages_needed(unsigned int nr_sectors)
{
	unsigned int nr = DIV_ROUND_UP(nr_sectors, PAGE_SECTORS);

	return nr + (nr > BLKV_INLINE_VECS);
}

static atomic_t late_calls;

static void late_work(struct work_struct *work)
{
	atomic_inc(&late_calls);
}

/* Return memory of a successful request. */
static void put(struct blkv_pool *pool, struct blkv_memory *memory)
{
	blkv_memory_put(pool, memory, 0, 0);
}

static unsigned int nr_idle(const struct blkv_pool *pool)
{
	unsigned int order, nr = READ_ONCE(pool->depot.vecs.nr);

	for (order = 0; order < BLKV_ORDERS; order++)
		nr += READ_ONCE(pool->depot.data[order].nr) << order;
	return nr;
}

static unsigned int nr_in_magazine(const struct blkv_pool *pool, unsigned int cpu)
{
	const struct blkv_magazine *magazine = pool->magazines.cpu[cpu];
	unsigned int kind, nr = magazine->nr[BLKV_MAGAZINE_VECS];

	for (kind = 0; kind < BLKV_MAGAZINE_VECS; kind++)
		nr += magazine->nr[kind] << kind;
	return nr;
}

static unsigned int nr_in_magazines(const struct blkv_pool *pool)
{
	unsigned int cpu, nr = 0;

	for (cpu = 0; cpu < CPUS; cpu++)
		nr += nr_in_magazine(pool, cpu);
	return nr;
}

static unsigned long nr_owned(const struct blkv_pool *pool)
{
	unsigned long nr = pool->depot.vecs.nr_owned + pool->depot.nr_surplus;
	unsigned int order;

	for (order = 0; order < BLKV_ORDERS; order++)
		nr += pool->depot.data[order].nr_owned << order;
	return nr;
}

static void exit_pool(void *data)
{
	struct fixture *fixture = data;

	put(&fixture->pool, &fixture->kept);
	blkv_pool_exit(&fixture->pool);
}

KUNIT_DEFINE_ACTION_WRAPPER(exit_pool_action, exit_pool, void *);

static int init_pool(struct fixture *fixture, unsigned int quarantine_mib)
{
	return blkv_pool_init(&fixture->pool, MARK, quarantine_mib, late_work, &fixture->kept);
}

static struct fixture *new_resting_fixture(struct kunit *test, unsigned int quarantine_mib)
{
	struct fixture *fixture = kunit_kzalloc(test, sizeof(*fixture), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, fixture);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, let_given_pages_go_action, NULL), 0);
	limit_system(test, PLENTY);
	KUNIT_ASSERT_EQ(test, init_pool(fixture, quarantine_mib), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, exit_pool_action, fixture), 0);
	/* Independent of the memory and the CPUs of this machine. */
	fixture->budget.limit = PLENTY;
	fixture->pool.depot.budget = &fixture->budget;
	blkv_magazines_exit(&fixture->pool.magazines);
	KUNIT_ASSERT_EQ(test, blkv_magazines_init(&fixture->pool.magazines, CPUS), 0);
	this_cpu = -1;
	kunit_activate_static_stub(test, blkv_magazine_cpu, chosen_cpu);
	if (!with_magazines)
		fixture->pool.local_pages = 0;
	return fixture;
}

static struct fixture *new_fixture(struct kunit *test)
{
	return new_resting_fixture(test, 0);
}

/* Let a pool own so many pages in all; at least those that it may own without a claim. */
static void limit_pool(struct blkv_pool *pool, unsigned long nr)
{
	pool->depot.budget->limit = nr - pool->depot.unclaimed;
	pool->depot.claimed = min(pool->depot.claimed, pool->depot.budget->limit);
	atomic_long_set(&pool->depot.budget->claimed, pool->depot.claimed);
}

static unsigned int length_of(struct list_head *list)
{
	return list_count_nodes(list);
}

static unsigned int pages_in(struct list_head *chunks)
{
	struct page *chunk;
	unsigned int nr = 0;

	list_for_each_entry(chunk, chunks, lru)
		nr += 1U << order_of(chunk);
	return nr;
}

/* Call blkv_memory_wait() only where it need not wait: failing is better than hanging. */
static void wait_briefly(struct kunit *test, struct blkv_pool *pool, struct blkv_memory *memory,
			 unsigned int nr_sectors)
{
	KUNIT_ASSERT_GE(test, nr_idle(pool) + pool->depot.rest.nr_resting + system_pages,
			pages_needed(nr_sectors));
	blkv_memory_wait(pool, memory, nr_sectors, NULL);
	KUNIT_ASSERT_EQ(test, memory->nr_vecs, DIV_ROUND_UP(nr_sectors, PAGE_SECTORS));
}

/* Only what the fixture keeps is in use. */
static void expect_settled(struct kunit *test, struct fixture *fixture)
{
	struct blkv_pool *pool = &fixture->pool;
	struct blkv_rest *rest = &pool->depot.rest;
	unsigned int order;

	for (order = 0; order < BLKV_ORDERS; order++) {
		struct blkv_idle *idle = &pool->depot.data[order];

		KUNIT_EXPECT_EQ(test, length_of(&idle->pages), idle->nr);
		KUNIT_EXPECT_EQ(test, pages_in(&idle->pages), idle->nr << order);
	}
	KUNIT_EXPECT_EQ(test, length_of(&pool->depot.vecs.pages), pool->depot.vecs.nr);
	KUNIT_EXPECT_EQ(test, pages_in(&rest->resting), rest->nr_resting);
	KUNIT_EXPECT_EQ(test, pages_in(&rest->suspects[0]) + pages_in(&rest->suspects[1]),
			rest->nr_suspects);
	KUNIT_EXPECT_EQ(test, pool->depot.nr_promised, 0);
	KUNIT_EXPECT_EQ(test, pool->depot.nr_spare, 0);
	KUNIT_EXPECT_EQ(test, nr_in_magazines(pool), pool->depot.nr_surplus);
	KUNIT_EXPECT_EQ(test,
			nr_idle(pool) + rest->nr_resting + rest->nr_suspects + POOL_RESERVE +
				pool->depot.nr_surplus,
			nr_pages_out());
	KUNIT_EXPECT_EQ(test, nr_owned(pool), nr_pages_out());
	KUNIT_EXPECT_GE(test, pool->depot.data[0].nr_owned, 2 * RESERVE_DATA);
	KUNIT_EXPECT_GE(test, pool->depot.vecs.nr_owned, 2 * RESERVE_VECS);
	KUNIT_EXPECT_GE(test, pool->depot.vecs.nr, RESERVE_VECS);
	KUNIT_EXPECT_EQ(test, pool->depot.waiters, 0);
	KUNIT_EXPECT_EQ(test, pool->late.nr, 0);
}

static void new_pool_has_its_reserve(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);

	KUNIT_EXPECT_EQ(test, nr_idle(&fixture->pool), POOL_RESERVE);
	KUNIT_EXPECT_EQ(test, fixture->kept.nr_vecs, REGION_PAGES);
	expect_settled(test, fixture);
}

/* All pools may own 2 % of the memory, but at least enough for a few requests. */
static void limit_is_a_fraction_of_memory(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, blkv_budget_of_machine()->limit,
			max(totalram_pages() / 50, (unsigned long)SZ_64M >> PAGE_SHIFT));
}

static void failed_init_leaks_nothing(struct kunit *test)
{
	struct fixture *fixture = kunit_kzalloc(test, sizeof(*fixture), GFP_KERNEL);
	static const unsigned int few[] = { 0, 1, POOL_RESERVE, 2 * POOL_RESERVE - 1 };
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, fixture);
	for (i = 0; i < ARRAY_SIZE(few); i++) {
		memset(fixture, 0, sizeof(*fixture));
		limit_system(test, few[i]);
		KUNIT_EXPECT_EQ(test, init_pool(fixture, 0), -ENOMEM);
		put(&fixture->pool, &fixture->kept);
		blkv_pool_exit(&fixture->pool);
		KUNIT_EXPECT_EQ(test, nr_pages_out(), 0);
	}
}

static void exit_frees_all_pages(struct kunit *test)
{
	struct fixture *fixture = kunit_kzalloc(test, sizeof(*fixture), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, fixture);
	/* Zeroed memory is fine. */
	blkv_pool_exit(&fixture->pool);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, let_given_pages_go_action, NULL), 0);
	limit_system(test, PLENTY);
	KUNIT_ASSERT_EQ(test, init_pool(fixture, 0), 0);
	put(&fixture->pool, &fixture->kept);
	blkv_pool_exit(&fixture->pool);
	KUNIT_EXPECT_EQ(test, nr_pages_out(), 0);
}

/* Whole pages, as many as the sectors need, for every length, and none of them twice. */
static void memory_has_the_pages_it_needs(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);
	struct blkv_memory memory = {};
	struct blkv_bounce bounce;
	unsigned int nr, i;

	for (nr = 1; nr <= BLKV_REGION_SECTORS; nr += nr < 100 ? 1 : 61) {
		unsigned int needed = DIV_ROUND_UP(nr, PAGE_SECTORS);

		KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &memory, nr, NULL));
		KUNIT_ASSERT_EQ(test, memory.nr_vecs, needed);
		KUNIT_EXPECT_EQ(test, memory.vecs == memory.inline_vecs,
				needed <= BLKV_INLINE_VECS);
		for (i = 0; i < needed; i++) {
			KUNIT_ASSERT_EQ(test, memory.vecs[i].bv_len, PAGE_SIZE);
			KUNIT_ASSERT_EQ(test, memory.vecs[i].bv_offset, 0);
		}
		/* This would fail if a page were in there twice or held the bvecs. */
		for (i = 0; i < nr; i++)
			memset(bvtest_sector(memory.vecs, i), i, SECTOR_SIZE);
		for (i = 0; i < nr; i++)
			KUNIT_ASSERT_NULL(test, memchr_inv(blkv_memory_sector(&memory, i, &bounce),
							   i & 0xff, SECTOR_SIZE));
		put(&fixture->pool, &memory);
		KUNIT_EXPECT_EQ(test, memory.nr_vecs, 0);
	}
	/* Requests one at a time are served from the reserve. */
	KUNIT_EXPECT_EQ(test, nr_idle(&fixture->pool), POOL_RESERVE);
	expect_settled(test, fixture);
}

static void empty_memory_may_be_put(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);
	struct blkv_memory memory = {};

	put(&fixture->pool, &memory);
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &memory, 8, NULL));
	put(&fixture->pool, &memory);
	put(&fixture->pool, &memory);
	expect_settled(test, fixture);
}

static void last_used_page_is_reused_first(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);
	struct blkv_memory a = {}, b = {};
	struct page *page;

	KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &a, PAGE_SECTORS, NULL));
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &b, PAGE_SECTORS, NULL));
	page = a.vecs[0].bv_page;
	put(&fixture->pool, &b);
	put(&fixture->pool, &a);
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &a, PAGE_SECTORS, NULL));
	KUNIT_ASSERT_PTR_EQ(test, a.vecs[0].bv_page, page);
	put(&fixture->pool, &a);
}

#define MANY 24

static bool holds(const struct blkv_memory *memory, u8 stamp)
{
	unsigned int i;

	for (i = 0; i < memory->nr_vecs; i++)
		if (memchr_inv(bvec_virt(&memory->vecs[i]), stamp, 64))
			return false;
	return true;
}

static void memories_never_share_a_page(struct kunit *test)
{
	struct rnd_state *random = bvtest_random(test);
	struct fixture *fixture = new_fixture(test);
	struct blkv_memory *memories = kunit_kcalloc(test, MANY, sizeof(*memories), GFP_KERNEL);
	unsigned int round, nr_sectors, i, n;

	KUNIT_ASSERT_NOT_NULL(test, memories);
	for (round = 0; round < bvtest_rounds(1000); round++) {
		struct blkv_memory *memory;

		n = below(random, MANY);
		memory = &memories[n];
		if (memory->nr_vecs) {
			KUNIT_ASSERT_TRUE(test, holds(memory, n + 1));
			put(&fixture->pool, memory);
			continue;
		}
		nr_sectors = between(random, 1, one_in(random, 3) ? BLKV_REGION_SECTORS : 64);
		KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, memory, nr_sectors, NULL));
		for (i = 0; i < memory->nr_vecs; i++)
			memset(bvec_virt(&memory->vecs[i]), n + 1, 64);
	}
	for (n = 0; n < MANY; n++) {
		KUNIT_EXPECT_TRUE(test, holds(&memories[n], n + 1));
		put(&fixture->pool, &memories[n]);
	}
	expect_settled(test, fixture);
}

static void reserve_covers_the_longest_request(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);
	struct blkv_memory memory = {};

	system_pages = 0;
	KUNIT_EXPECT_TRUE(test, blkv_memory_get(&fixture->pool, &memory, BLKV_REGION_SECTORS,
						NULL));
	put(&fixture->pool, &memory);
	expect_settled(test, fixture);
}

static void failed_get_keeps_no_page(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);
	struct blkv_memory a = {}, b = {};

	KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &a, 10 * PAGE_SECTORS, NULL));
	/* Not enough, even idle and new pages together. */
	system_pages = 5;
	KUNIT_EXPECT_FALSE(test, blkv_memory_get(&fixture->pool, &b, BLKV_REGION_SECTORS, NULL));
	KUNIT_EXPECT_EQ(test, b.nr_vecs, 0);
	KUNIT_EXPECT_EQ(test, fixture->pool.depot.waiters, 1);
	KUNIT_EXPECT_EQ(test, nr_idle(&fixture->pool), POOL_RESERVE - 11 + 5);
	KUNIT_EXPECT_EQ(test, length_of(&fixture->pool.depot.data[0].pages) +
				    length_of(&fixture->pool.depot.vecs.pages),
			POOL_RESERVE - 11 + 5);

	put(&fixture->pool, &a);
	wait_briefly(test, &fixture->pool, &b, BLKV_REGION_SECTORS);
	KUNIT_EXPECT_EQ(test, b.nr_vecs, REGION_PAGES);
	put(&fixture->pool, &b);
	expect_settled(test, fixture);
}

/* A newer request may pass if it leaves as much as the waiter can need. */
static void request_that_leaves_enough_does_not_wait(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);
	struct blkv_memory a = {}, b = {}, c = {}, d = {};

	KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &a, BLKV_REGION_SECTORS, NULL));
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &b, 2 * PAGE_SECTORS, NULL));
	system_pages = 0;
	KUNIT_EXPECT_FALSE(test, blkv_memory_get(&fixture->pool, &c, BLKV_REGION_SECTORS, NULL));
	put(&fixture->pool, &a);
	/* The waiter can need the reserve; there are two pages more. */
	put(&fixture->pool, &b);
	KUNIT_ASSERT_EQ(test, nr_idle(&fixture->pool), POOL_RESERVE + 2);
	KUNIT_EXPECT_TRUE(test, blkv_memory_get(&fixture->pool, &d, 2 * PAGE_SECTORS, NULL));
	KUNIT_EXPECT_FALSE(test, blkv_memory_get(&fixture->pool, &b, PAGE_SECTORS, NULL));
	wait_briefly(test, &fixture->pool, &c, BLKV_REGION_SECTORS);
	put(&fixture->pool, &c);
	wait_briefly(test, &fixture->pool, &b, PAGE_SECTORS);
	put(&fixture->pool, &b);
	put(&fixture->pool, &d);
	expect_settled(test, fixture);
}

static void waiter_is_not_overtaken(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);
	struct blkv_memory a = {}, b = {}, c = {};

	KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &a, PAGE_SECTORS, NULL));
	system_pages = 0;
	KUNIT_EXPECT_FALSE(test, blkv_memory_get(&fixture->pool, &b, BLKV_REGION_SECTORS, NULL));
	/* There are enough pages for this one, idle and new. */
	system_pages = PLENTY;
	KUNIT_EXPECT_FALSE(test, blkv_memory_get(&fixture->pool, &c, PAGE_SECTORS, NULL));
	KUNIT_EXPECT_EQ(test, fixture->pool.depot.waiters, 2);

	wait_briefly(test, &fixture->pool, &b, BLKV_REGION_SECTORS);
	KUNIT_EXPECT_EQ(test, fixture->pool.depot.waiters, 1);
	wait_briefly(test, &fixture->pool, &c, PAGE_SECTORS);
	put(&fixture->pool, &a);
	put(&fixture->pool, &b);
	put(&fixture->pool, &c);
	expect_settled(test, fixture);

	/* Afterwards, everything is as before. */
	KUNIT_EXPECT_TRUE(test, blkv_memory_get(&fixture->pool, &a, PAGE_SECTORS, NULL));
	put(&fixture->pool, &a);
}

struct waiter {
	struct work_struct work;
	struct completion served;
	struct blkv_pool *pool;
	struct blkv_memory memory;
};

static void wait_in_work(struct work_struct *work)
{
	struct waiter *waiter = container_of(work, struct waiter, work);

	blkv_memory_wait(waiter->pool, &waiter->memory, BLKV_REGION_SECTORS, NULL);
	complete(&waiter->served);
}

static void waiter_sleeps_until_pages_return(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);
	struct waiter *waiter = kunit_kzalloc(test, sizeof(*waiter), GFP_KERNEL);
	struct blkv_memory small[2] = {};
	unsigned long left;

	KUNIT_ASSERT_NOT_NULL(test, waiter);
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &small[0], PAGE_SECTORS, NULL));
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &small[1], PAGE_SECTORS, NULL));
	/* The stub is for this task only, and it is a worker that waits. */
	limit_pool(&fixture->pool, nr_owned(&fixture->pool));
	KUNIT_ASSERT_FALSE(test,
			   blkv_memory_get(&fixture->pool, &waiter->memory, BLKV_REGION_SECTORS,
					   NULL));

	waiter->pool = &fixture->pool;
	init_completion(&waiter->served);
	INIT_WORK(&waiter->work, wait_in_work);
	schedule_work(&waiter->work);
	KUNIT_EXPECT_EQ(test, wait_for_completion_timeout(&waiter->served, HZ / 10), 0);
	/* It holds what was idle, and still lacks a page after the first of these two. */
	put(&fixture->pool, &small[0]);
	KUNIT_EXPECT_EQ(test, wait_for_completion_timeout(&waiter->served, HZ / 10), 0);
	put(&fixture->pool, &small[1]);
	left = wait_for_completion_timeout(&waiter->served, 5 * HZ);
	KUNIT_EXPECT_NE(test, left, 0);
	if (!left) {
		/* Let it finish: it must not wait in memory that is freed. */
		WRITE_ONCE(fixture->budget.limit, PLENTY);
		wake_up_all(&fixture->pool.depot.wait);
		schedule_timeout_uninterruptible(HZ / 10);
		put(&fixture->pool, &fixture->kept);
	}
	cancel_work_sync(&waiter->work);
	KUNIT_EXPECT_EQ(test, waiter->memory.nr_vecs, REGION_PAGES);
	put(&fixture->pool, &waiter->memory);
	if (left)
		expect_settled(test, fixture);
}

static void limit_is_respected(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);
	struct blkv_pool *pool = &fixture->pool;
	struct blkv_memory a = {}, b = {}, c = {};

	/* One page too few for the kept memory, a and b. */
	limit_pool(pool, 3 * POOL_RESERVE - 1);
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &a, BLKV_REGION_SECTORS, NULL));
	KUNIT_EXPECT_FALSE(test, blkv_memory_get(pool, &b, BLKV_REGION_SECTORS, NULL));
	KUNIT_EXPECT_LE(test, nr_pages_out(), 3 * POOL_RESERVE - 1);
	KUNIT_EXPECT_EQ(test, nr_owned(pool), nr_pages_out());
	put(pool, &a);
	wait_briefly(test, pool, &b, BLKV_REGION_SECTORS);
	KUNIT_EXPECT_LE(test, nr_pages_out(), 3 * POOL_RESERVE - 1);

	/* One page less fits. */
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &c, BLKV_REGION_SECTORS - PAGE_SECTORS,
						NULL));
	KUNIT_EXPECT_EQ(test, nr_pages_out(), 3 * POOL_RESERVE - 1);
	put(pool, &b);
	put(pool, &c);
	expect_settled(test, fixture);

	/* A failed allocation is not counted as a page. */
	fixture->budget.limit = PLENTY;
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &a, BLKV_REGION_SECTORS, NULL));
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &b, BLKV_REGION_SECTORS, NULL));
	system_pages = 3;
	KUNIT_EXPECT_FALSE(test, blkv_memory_get(pool, &c, BLKV_REGION_SECTORS, NULL));
	KUNIT_EXPECT_EQ(test, nr_owned(pool), nr_pages_out());
	put(pool, &a);
	wait_briefly(test, pool, &c, BLKV_REGION_SECTORS);
	put(pool, &b);
	put(pool, &c);
	expect_settled(test, fixture);
}

/* What the delayed work does. */
static void trim(struct blkv_pool *pool)
{
	pool->depot.trim.work.func(&pool->depot.trim.work);
}

/* A claim on the limit ends after a while if the system has no memory for it. */
static void claims_without_memory_are_returned(struct kunit *test)
{
	struct bvtest_caller *caller = bvtest_caller(test);
	struct fixture *fixture = new_fixture(test);
	struct blkv_pool *pool = &fixture->pool;
	struct blkv_memory memory = {};

	bvtest_caller_add(caller, 0, 64 * PAGE_SIZE);
	system_pages = 0;
	KUNIT_EXPECT_FALSE(test, blkv_memory_get_long(pool, &memory, &caller->shape));
	KUNIT_EXPECT_GE(test, atomic_long_read(&fixture->budget.claimed), 64);
	KUNIT_EXPECT_TRUE(test, delayed_work_pending(&pool->depot.trim));
	flush_delayed_work(&pool->depot.trim);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&fixture->budget.claimed), 0);
	expect_settled(test, fixture);
}

static void trim_frees_what_stayed_idle(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);
	struct blkv_memory memories[4] = {};
	struct blkv_pool *pool = &fixture->pool;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(memories); i++)
		KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &memories[i], BLKV_REGION_SECTORS,
							NULL));
	for (i = 0; i < ARRAY_SIZE(memories); i++)
		put(pool, &memories[i]);
	KUNIT_EXPECT_EQ(test, nr_idle(pool), 4 * POOL_RESERVE);
	KUNIT_EXPECT_TRUE(test, delayed_work_pending(&pool->depot.trim));
	cancel_delayed_work_sync(&pool->depot.trim);

	/* All of them have been in use since the last trim. */
	trim(pool);
	KUNIT_EXPECT_EQ(test, nr_idle(pool), 4 * POOL_RESERVE);
	KUNIT_EXPECT_TRUE(test, delayed_work_pending(&pool->depot.trim));
	cancel_delayed_work_sync(&pool->depot.trim);
	/* Since then, those of two requests. */
	for (i = 0; i < 2; i++)
		KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &memories[i], BLKV_REGION_SECTORS,
							NULL));
	for (i = 0; i < 2; i++)
		put(pool, &memories[i]);
	cancel_delayed_work_sync(&pool->depot.trim);
	trim(pool);
	KUNIT_EXPECT_EQ(test, nr_idle(pool), 3 * POOL_RESERVE);
	cancel_delayed_work_sync(&pool->depot.trim);
	/* Since then, none: only the reserve is left. */
	trim(pool);
	KUNIT_EXPECT_EQ(test, nr_idle(pool), POOL_RESERVE);
	KUNIT_EXPECT_FALSE(test, delayed_work_pending(&pool->depot.trim));
	trim(pool);
	KUNIT_EXPECT_EQ(test, nr_idle(pool), POOL_RESERVE);
	expect_settled(test, fixture);
}

/* A trim during a check sees no idle memory, and would be the last one. */
static void trim_is_scheduled_after_a_check(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);
	struct blkv_memory a = {}, b = {};

	KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &a, BLKV_REGION_SECTORS, NULL));
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &b, BLKV_REGION_SECTORS, NULL));
	put(&fixture->pool, &a);
	put(&fixture->pool, &b);
	cancel_delayed_work_sync(&fixture->pool.depot.trim);
	blkv_pool_check(&fixture->pool);
	KUNIT_EXPECT_TRUE(test, delayed_work_pending(&fixture->pool.depot.trim));
	expect_settled(test, fixture);
}

static void trim_is_scheduled(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);
	struct blkv_memory a = {}, b = {};
	unsigned int i;

	KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &a, BLKV_REGION_SECTORS, NULL));
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &b, BLKV_REGION_SECTORS, NULL));
	put(&fixture->pool, &a);
	put(&fixture->pool, &b);
	for (i = 0; i < 50 && nr_idle(&fixture->pool) > POOL_RESERVE; i++)
		schedule_timeout_uninterruptible(HZ / 10);
	expect_settled(test, fixture);
	KUNIT_EXPECT_EQ(test, nr_idle(&fixture->pool), POOL_RESERVE);
}

/* ---- the order of pages ------------------------------------------------------------------- */

/* Are the pages that the data are in ascending? */
static bool is_ascending(const struct blkv_memory *memory)
{
	unsigned int i;

	for (i = 1; i < memory->nr_vecs; i++)
		if (page_to_pfn(memory->vecs[i].bv_page) !=
		    page_to_pfn(memory->vecs[i - 1].bv_page) + 1)
			return false;
	return true;
}

static void free_ascending_pages(void *unused)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, &ascending_pages, lru) {
		list_del(&page->lru);
		put_page(page);
	}
}

KUNIT_DEFINE_ACTION_WRAPPER(free_ascending_action, free_ascending_pages, void *);

/* With a system that hands out adjacent pages in ascending order. */
static struct fixture *new_ascending_fixture(struct kunit *test)
{
	struct page *pages = alloc_pages(GFP_KERNEL, ASCENDING_ORDER);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, pages);
	split_page(pages, ASCENDING_ORDER);
	for (i = 0; i < 1 << ASCENDING_ORDER; i++)
		list_add_tail(&pages[i].lru, &ascending_pages);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, free_ascending_action, NULL), 0);
	return new_fixture(test);
}

static void fresh_memory_is_ascending(struct kunit *test)
{
	struct fixture *fixture = new_ascending_fixture(test);
	struct blkv_memory a = {}, b = {};

	KUNIT_EXPECT_TRUE(test, is_ascending(&fixture->kept));
	/* From the reserve, and from the system. */
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &a, BLKV_REGION_SECTORS, NULL));
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &b, BLKV_REGION_SECTORS, NULL));
	KUNIT_EXPECT_TRUE(test, is_ascending(&a));
	KUNIT_EXPECT_TRUE(test, is_ascending(&b));
	put(&fixture->pool, &a);
	put(&fixture->pool, &b);
	expect_settled(test, fixture);
}

static void reused_memory_stays_ascending(struct kunit *test)
{
	static const unsigned int sizes[] = { 256, 1, 4, 5, 64, 2, 200, 3, 256, 17 };
	struct fixture *fixture = new_ascending_fixture(test);
	unsigned int round, i;

	for (round = 0; round < 3; round++)
		for (i = 0; i < ARRAY_SIZE(sizes); i++) {
			struct blkv_memory memory = {};

			KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &memory,
								sizes[i] * PAGE_SECTORS, NULL));
			KUNIT_EXPECT_TRUE_MSG(test, is_ascending(&memory), "round %u, %u pages",
					      round, sizes[i]);
			put(&fixture->pool, &memory);
		}
	expect_settled(test, fixture);
}

static void awaited_memory_is_ascending(struct kunit *test)
{
	struct fixture *fixture = new_ascending_fixture(test);
	struct blkv_memory a = {}, b = {};

	KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &a, BLKV_REGION_SECTORS, NULL));
	system_pages = 0;
	KUNIT_ASSERT_FALSE(test, blkv_memory_get(&fixture->pool, &b, BLKV_REGION_SECTORS, NULL));
	system_pages = PLENTY;
	wait_briefly(test, &fixture->pool, &b, BLKV_REGION_SECTORS);
	KUNIT_EXPECT_TRUE(test, is_ascending(&b));
	put(&fixture->pool, &b);
	put(&fixture->pool, &a);
	expect_settled(test, fixture);
}

static void pages_return_in_the_order_they_went_in(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);
	struct blkv_memory a = {}, b = {}, c = {};
	struct page *pages[7];
	unsigned int i;

	KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &a, 4 * PAGE_SECTORS, NULL));
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &b, 3 * PAGE_SECTORS, NULL));
	for (i = 0; i < 4; i++)
		pages[i] = a.vecs[i].bv_page;
	for (i = 0; i < 3; i++)
		pages[4 + i] = b.vecs[i].bv_page;
	put(&fixture->pool, &b);
	put(&fixture->pool, &a);
	/* The last returned memory first, each in page order; bvecs get none of its pages. */
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &c, 6 * PAGE_SECTORS, NULL));
	for (i = 0; i < 7; i++)
		KUNIT_EXPECT_PTR_NE(test, virt_to_page(c.vecs), pages[i]);
	for (i = 0; i < 6; i++)
		KUNIT_EXPECT_PTR_EQ(test, c.vecs[i].bv_page, pages[i]);
	put(&fixture->pool, &c);
	expect_settled(test, fixture);
}

/* ---- the caller's shape -------------------------------------------------------------------- */

static bool get_shaped(struct fixture *fixture, struct blkv_memory *memory,
		       struct bvtest_caller *caller)
{
	return blkv_memory_get(&fixture->pool, memory,
			       caller->shape.iter.bi_size >> SECTOR_SHIFT, &caller->shape);
}

/* Each segment is as long, begins at the same place of its page, and continues the same one. */
static void expect_shape(struct kunit *test, const struct blkv_memory *memory,
			 const struct bvtest_caller *caller)
{
	const struct bio_vec *ours = blkv_memory_vecs(memory), *theirs = caller->vecs;
	unsigned int i;

	KUNIT_EXPECT_FALSE(test, memory->reshaped);
	KUNIT_ASSERT_EQ(test, memory->nr_vecs, caller->nr_vecs);
	for (i = 0; i < caller->nr_vecs; i++) {
		KUNIT_ASSERT_EQ(test, ours[i].bv_len, theirs[i].bv_len);
		KUNIT_ASSERT_EQ(test, ours[i].bv_offset, theirs[i].bv_offset);
		if (i && bvtest_continues(&theirs[i - 1], &theirs[i]))
			KUNIT_ASSERT_TRUE(test, bvtest_continues(&ours[i - 1], &ours[i]));
	}
}

static unsigned int bytes_of(const struct blkv_memory *memory)
{
	unsigned int i, bytes = 0;

	for (i = 0; i < memory->nr_vecs; i++)
		bytes += memory->vecs[i].bv_len;
	return bytes;
}

/* Every byte can be stored, so no two segments overlap, and none is outside its pages (KASAN). */
static void expect_usable(struct kunit *test, struct blkv_memory *memory, unsigned int bytes)
{
	unsigned int i, n;

	KUNIT_ASSERT_GE(test, bytes_of(memory), bytes);
	for (i = 0; i < memory->nr_vecs; i++)
		memset(bvec_virt(&memory->vecs[i]), i + 1, memory->vecs[i].bv_len);
	for (i = 0; i < memory->nr_vecs; i++)
		for (n = 0; n < memory->vecs[i].bv_len; n++)
			KUNIT_ASSERT_EQ(test, ((u8 *)bvec_virt(&memory->vecs[i]))[n], (u8)(i + 1));
}

static void memory_has_the_callers_shape(struct kunit *test)
{
	struct bvtest_caller *caller = bvtest_caller(test);
	struct fixture *fixture = new_fixture(test);
	struct blkv_memory memory = {};
	unsigned int round;

	for (round = 0; round < bvtest_rounds(1000); round++) {
		bvtest_caller_cut(caller);
		KUNIT_ASSERT_TRUE(test, get_shaped(fixture, &memory, caller));
		expect_shape(test, &memory, caller);
		expect_usable(test, &memory, caller->shape.iter.bi_size);
		put(&fixture->pool, &memory);
		KUNIT_ASSERT_FALSE(test, READ_ONCE(fixture->pool.late.nr));
	}
	expect_settled(test, fixture);
}

/* The rest of a request that was split begins inside a segment, with something in front of it. */
static void split_request_begins_inside_a_segment(struct kunit *test)
{
	struct bvtest_caller *caller = bvtest_caller(test);
	struct fixture *fixture = new_fixture(test);
	struct blkv_memory memory = {};
	unsigned int round, inside = 0;

	for (round = 0; round < bvtest_rounds(1000); round++) {
		struct bvec_iter ours, *theirs = &caller->shape.iter;
		unsigned int nr;

		bvtest_caller_cut(caller);
		nr = theirs->bi_size >> SECTOR_SHIFT;
		bvtest_caller_skip(caller, below(caller->random, nr) << SECTOR_SHIFT);
		nr = theirs->bi_size >> SECTOR_SHIFT;
		/* Sometimes there are no large chunks, so that the lead is a segment of its own. */
		system_order = one_in(caller->random, 4) ? 0 : BLKV_MAX_ORDER;
		KUNIT_ASSERT_TRUE(test, get_shaped(fixture, &memory, caller));
		ours = blkv_memory_iter(&memory, 0, nr);
		KUNIT_ASSERT_EQ(test, ours.bi_size, theirs->bi_size);
		if (!memory.reshaped) {
			KUNIT_ASSERT_EQ(test, ours.bi_offset,
					min_t(unsigned int, theirs->bi_offset, PAGE_SIZE));
			KUNIT_ASSERT_EQ(test, ours.bi_idx, 0);
			inside += ours.bi_offset > 0;
		}
		/* The data are where they should be, in the same places of their pages. */
		while (ours.bi_size && !memory.reshaped) {
			struct bio_vec a = mp_bvec_iter_bvec(memory.vecs, ours);
			struct bio_vec b = mp_bvec_iter_bvec(caller->vecs, *theirs);

			KUNIT_ASSERT_EQ(test, a.bv_len, b.bv_len);
			KUNIT_ASSERT_EQ(test, offset_in_page(a.bv_offset),
					offset_in_page(b.bv_offset));
			bvec_iter_advance_single(memory.vecs, &ours, a.bv_len);
			bvec_iter_advance_single(caller->vecs, theirs, b.bv_len);
		}
		expect_usable(test, &memory, nr << SECTOR_SHIFT);
		blkv_memory_put(&fixture->pool, &memory, 99, 0);
		KUNIT_ASSERT_FALSE(test, READ_ONCE(fixture->pool.late.nr));
	}
	KUNIT_EXPECT_GT(test, inside, 0);
	expect_settled(test, fixture);
}

/* Pages that are not contiguous in the caller's memory are not so in ours, so do not coalesce. */
static void separate_pages_stay_separate(struct kunit *test)
{
	struct fixture *fixture = new_ascending_fixture(test);
	struct bvtest_caller *caller = bvtest_caller(test);
	struct blkv_memory memory = {};
	unsigned int nr, round, i;

	for (nr = 2; nr <= BVTEST_CALLER_VECS; nr++) {
		bvtest_caller_reset(caller);
		for (i = 0; i < nr; i++)
			bvtest_caller_add(caller, 2 * i * PAGE_SIZE, PAGE_SIZE);
		for (round = 0; round < 3; round++) {
			KUNIT_ASSERT_TRUE(test, get_shaped(fixture, &memory, caller));
			expect_shape(test, &memory, caller);
			for (i = 1; i < nr; i++)
				KUNIT_EXPECT_FALSE_MSG(test,
						       bvtest_continues(&memory.vecs[i - 1],
									&memory.vecs[i]),
						       "page %u of %u", i, nr);
			put(&fixture->pool, &memory);
		}
	}
	expect_settled(test, fixture);
}

/* Without a large chunk, several smaller ones are used, and the memory counts as reshaped. */
static void smaller_chunks_replace_a_large_one(struct kunit *test)
{
	struct bvtest_caller *caller = bvtest_caller(test);
	struct fixture *fixture = new_fixture(test);
	struct blkv_memory memory = {};
	unsigned int order;

	for (order = 0; order <= BVTEST_CALLER_ORDER; order++) {
		system_order = order;
		bvtest_caller_reset(caller);
		bvtest_caller_add(caller, 512, (PAGE_SIZE << BVTEST_CALLER_ORDER) - 1024);
		KUNIT_ASSERT_TRUE(test, get_shaped(fixture, &memory, caller));
		KUNIT_EXPECT_EQ(test, memory.reshaped, order < BVTEST_CALLER_ORDER);
		KUNIT_EXPECT_EQ(test, memory.nr_vecs, 1U << (BVTEST_CALLER_ORDER - order));
		KUNIT_EXPECT_EQ(test, bytes_of(&memory), caller->shape.iter.bi_size);
		KUNIT_EXPECT_EQ(test, memory.vecs[0].bv_offset, 512);
		expect_usable(test, &memory, caller->shape.iter.bi_size);
		put(&fixture->pool, &memory);
		/* Otherwise the next round would find these. */
		flush_delayed_work(&fixture->pool.depot.trim);
		flush_delayed_work(&fixture->pool.depot.trim);
		expect_settled(test, fixture);
	}
}

/* Random shapes from a system whose largest chunk and number of pages change all the time. */
static void memory_is_usable_whatever_there_is(struct kunit *test)
{
	struct bvtest_caller *caller = bvtest_caller(test);
	struct fixture *fixture = new_fixture(test);
	struct blkv_memory memories[3] = {};
	unsigned int round, n, pieces = 0, failed = 0;

	for (round = 0; round < bvtest_rounds(1000); round++) {
		struct blkv_memory *memory = &memories[round % ARRAY_SIZE(memories)];

		put(&fixture->pool, memory);
		system_order = below(caller->random, BLKV_ORDERS);
		system_pages = below(caller->random, 300);
		bvtest_caller_cut(caller);
		if (!get_shaped(fixture, memory, caller)) {
			failed++;
			KUNIT_ASSERT_TRUE(test, blkv_memory_is_empty(memory));
			for (n = 0; n < ARRAY_SIZE(memories); n++)
				put(&fixture->pool, &memories[n]);
			blkv_memory_wait(&fixture->pool, memory,
					 caller->shape.iter.bi_size >> SECTOR_SHIFT,
					 &caller->shape);
		}
		pieces += memory->reshaped;
		if (!memory->reshaped)
			expect_shape(test, memory, caller);
		expect_usable(test, memory, caller->shape.iter.bi_size);
		if (one_in(caller->random, 50))
			flush_delayed_work(&fixture->pool.depot.trim);
	}
	for (n = 0; n < ARRAY_SIZE(memories); n++)
		put(&fixture->pool, &memories[n]);
	KUNIT_EXPECT_GT(test, pieces, 0);
	kunit_info(test, "%u of %u were reshaped, %u waited", pieces, round, failed);
	expect_settled(test, fixture);
}

static void whole_pages_are_not_reshaped(struct kunit *test)
{
	struct bvtest_caller *caller = bvtest_caller(test);
	struct fixture *fixture = new_fixture(test);
	struct blkv_memory a = {}, b = {};

	bvtest_caller_add(caller, 0, PAGE_SIZE);
	bvtest_caller_add(caller, 2 * PAGE_SIZE, 512);
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &a, BLKV_REGION_SECTORS, NULL));
	system_pages = 0;
	KUNIT_ASSERT_FALSE(test, get_shaped(fixture, &b, caller));
	put(&fixture->pool, &a);
	blkv_memory_wait(&fixture->pool, &b, PAGE_SECTORS + 1, &caller->shape);
	KUNIT_EXPECT_FALSE(test, b.reshaped);
	put(&fixture->pool, &b);
	expect_settled(test, fixture);
}

/* More segments than a page of bvecs holds: whole pages have to do. */
static void too_many_segments_are_reshaped(struct kunit *test)
{
	const unsigned int nr = PAGE_SIZE / sizeof(struct bio_vec) + 1;
	struct bvtest_caller *caller = bvtest_caller(test);
	struct fixture *fixture = new_fixture(test);
	struct blkv_memory memory = {};
	struct bio_vec *vecs = kunit_kcalloc(test, nr, sizeof(*vecs), GFP_KERNEL);
	struct blkv_shape shape = { .vecs = vecs, .iter.bi_size = nr * SECTOR_SIZE };
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, vecs);
	for (i = 0; i < nr; i++)
		bvec_set_page(&vecs[i], caller->block + i % 2, SECTOR_SIZE, 0);
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &memory, nr, &shape));
	KUNIT_EXPECT_TRUE(test, memory.reshaped);
	expect_usable(test, &memory, nr * SECTOR_SIZE);
	put(&fixture->pool, &memory);

	shape.iter.bi_size -= SECTOR_SIZE;
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &memory, nr - 1, &shape));
	KUNIT_EXPECT_FALSE(test, memory.reshaped);
	put(&fixture->pool, &memory);
	expect_settled(test, fixture);
}

/* Its owner may wait for a request that needs the reserve. */
static void long_memory_leaves_the_reserve_alone(struct kunit *test)
{
	struct bvtest_caller *caller = bvtest_caller(test);
	struct fixture *fixture = new_fixture(test);
	struct blkv_memory a = {}, b = {}, c = {};

	bvtest_caller_add(caller, 0, PAGE_SIZE);
	bvtest_caller_add(caller, 2 * PAGE_SIZE, 4 * PAGE_SIZE);
	system_pages = 0;
	KUNIT_EXPECT_FALSE(test, blkv_memory_get_long(&fixture->pool, &a, &caller->shape));
	KUNIT_EXPECT_TRUE(test, blkv_memory_is_empty(&a));
	KUNIT_EXPECT_EQ(test, nr_idle(&fixture->pool), POOL_RESERVE);
	KUNIT_EXPECT_EQ(test, fixture->pool.depot.waiters, 0);
	/* A page, a chunk of four, and one for the bvecs. */
	system_pages = 6;
	KUNIT_EXPECT_TRUE(test, blkv_memory_get_long(&fixture->pool, &a, &caller->shape));
	expect_shape(test, &a, caller);
	KUNIT_EXPECT_EQ(test, nr_idle(&fixture->pool), POOL_RESERVE);
	/* And it does not overtake a request that waits. */
	system_pages = 0;
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &b, BLKV_REGION_SECTORS, NULL));
	KUNIT_ASSERT_FALSE(test, blkv_memory_get(&fixture->pool, &c, BLKV_REGION_SECTORS, NULL));
	put(&fixture->pool, &a);
	system_pages = PLENTY;
	KUNIT_EXPECT_FALSE(test, blkv_memory_get_long(&fixture->pool, &a, &caller->shape));
	put(&fixture->pool, &b);
	wait_briefly(test, &fixture->pool, &c, BLKV_REGION_SECTORS);
	put(&fixture->pool, &c);
	expect_settled(test, fixture);
}

/* Suspects that the reserve needs stay, even if a long request holds as many pages. */
static void pages_of_a_long_request_are_no_reserve(struct kunit *test)
{
	struct bvtest_caller *caller = bvtest_caller(test);
	struct fixture *fixture = new_fixture(test);
	struct blkv_pool *pool = &fixture->pool;
	struct blkv_memory a = {}, b = {};
	unsigned int i;

	for (i = 0; i < 10; i++)
		bvtest_caller_add(caller, 2 * i * PAGE_SIZE, PAGE_SIZE);
	KUNIT_ASSERT_TRUE(test, blkv_memory_get_long(pool, &a, &caller->shape));
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &b, BLKV_REGION_SECTORS, NULL));
	blkv_memory_put(pool, &b, 0, BLKV_SUSPECT);
	for (i = 0; i < 2; i++) {
		mod_delayed_work(system_wq, &pool->depot.release, 0);
		flush_delayed_work(&pool->depot.release);
	}
	KUNIT_EXPECT_EQ(test, pool->depot.data[0].nr, RESERVE_DATA);
	put(pool, &a);
	expect_settled(test, fixture);
}

/* Suspects are released as soon as the depot owns the pages of a long request. */
static void releasing_settle(struct blkv_depot *depot, struct blkv_supply *supply, bool waits)
{
	struct kunit *test = kunit_get_current_test();
	unsigned int i;

	kunit_deactivate_static_stub(test, blkv_depot_settle);
	blkv_depot_settle(depot, supply, waits);
	for (i = 0; i < 2; i++) {
		mod_delayed_work(system_wq, &depot->release, 0);
		flush_delayed_work(&depot->release);
	}
}

/* They are no reserve at any time, nor if the long request gets no memory after all. */
static void new_pages_of_a_long_request_are_no_reserve(struct kunit *test)
{
	struct bvtest_caller *caller = bvtest_caller(test);
	struct fixture *fixture = new_fixture(test);
	struct blkv_pool *pool = &fixture->pool;
	struct blkv_memory a = {}, b = {};
	unsigned int i, few;

	for (i = 0; i < 10; i++)
		bvtest_caller_add(caller, 2 * i * PAGE_SIZE, PAGE_SIZE);
	for (few = 0; few < 2; few++) {
		KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &b, BLKV_REGION_SECTORS, NULL));
		blkv_memory_put(pool, &b, 0, BLKV_SUSPECT);
		system_pages = few ? 5 : PLENTY;
		kunit_activate_static_stub(test, blkv_depot_settle, releasing_settle);
		KUNIT_EXPECT_EQ(test, blkv_memory_get_long(pool, &a, &caller->shape), !few);
		KUNIT_EXPECT_EQ(test, pool->depot.nr_spare, few ? 0 : 10);
		KUNIT_EXPECT_EQ(test, pool->depot.data[0].nr, RESERVE_DATA + (few ? 4 : 0));
		put(pool, &a);
		expect_settled(test, fixture);
		trim(pool);
		trim(pool);
	}
}

static void idle_chunks_are_trimmed(struct kunit *test)
{
	struct bvtest_caller *caller = bvtest_caller(test);
	struct fixture *fixture = new_fixture(test);
	struct blkv_memory memory = {};
	unsigned int i;

	bvtest_caller_add(caller, 0, 8 * PAGE_SIZE);
	KUNIT_ASSERT_TRUE(test, get_shaped(fixture, &memory, caller));
	put(&fixture->pool, &memory);
	KUNIT_EXPECT_EQ(test, fixture->pool.depot.data[3].nr, 1);
	/* It is used again. */
	system_pages = 0;
	KUNIT_ASSERT_TRUE(test, get_shaped(fixture, &memory, caller));
	KUNIT_EXPECT_FALSE(test, memory.reshaped);
	put(&fixture->pool, &memory);
	for (i = 0; i < 50 && nr_idle(&fixture->pool) > POOL_RESERVE; i++)
		schedule_timeout_uninterruptible(HZ / 10);
	KUNIT_EXPECT_EQ(test, fixture->pool.depot.data[3].nr, 0);
	expect_settled(test, fixture);
}

/* The sector that is reported for each marked word that changes, whatever the shape. */
static void late_data_are_found_in_any_shape(struct kunit *test)
{
	struct bvtest_caller *caller = bvtest_caller(test);
	struct fixture *fixture = new_fixture(test);
	struct blkv_pool *pool = &fixture->pool;
	struct blkv_memory memory = {};
	unsigned int round;

	for (round = 0; round < bvtest_rounds(500); round++) {
		struct blkv_late late;
		unsigned int n, i, at, lead;
		size_t before = 0;
		u64 *word;

		bvtest_caller_cut(caller);
		bvtest_caller_skip(caller, below(caller->random, caller->shape.iter.bi_size >>
						 SECTOR_SHIFT) << SECTOR_SHIFT);
		KUNIT_ASSERT_TRUE(test, get_shaped(fixture, &memory, caller));
		/* A marked word inside a segment, behind the lead. */
		i = below(caller->random, memory.nr_vecs);
		for (n = 0; n < i; n++)
			before += memory.vecs[n].bv_len;
		at = round_up(memory.vecs[i].bv_offset + 8, SECTOR_SIZE) - 8;
		if (at + 8 > memory.vecs[i].bv_offset + memory.vecs[i].bv_len)
			at = 0;
		word = page_address(memory.vecs[i].bv_page) + at;
		before += at - memory.vecs[i].bv_offset;
		lead = memory.lead;
		blkv_memory_put(pool, &memory, 5000, 0);
		if (!at || before < lead)
			continue;
		before -= lead;
		*word ^= 4;
		blkv_pool_check(pool);
		KUNIT_ASSERT_TRUE(test, blkv_lates_next(&pool->late, &late));
		/* The chunk may have been cut into sectors that straddle segments. */
		KUNIT_ASSERT_EQ(test, late.sector, 5000 + before / SECTOR_SIZE);
		KUNIT_ASSERT_EQ(test, late.found, late.expected ^ 4);
		KUNIT_ASSERT_FALSE(test, blkv_lates_next(&pool->late, &late));
	}
	expect_settled(test, fixture);
}

/* A leg that transfers some sectors only is found out by their marks, whatever the shape. */
static void sectors_are_marked_in_any_shape(struct kunit *test)
{
	struct bvtest_caller *caller = bvtest_caller(test);
	struct fixture *fixture = new_fixture(test);
	struct blkv_pool *pool = &fixture->pool;
	struct blkv_marks *marks = &pool->marks;
	u8 *data = kunit_kzalloc(test, SECTOR_SIZE, GFP_KERNEL);
	struct blkv_memory memory = {};
	unsigned int round, n, i;

	KUNIT_ASSERT_NOT_NULL(test, data);
	for (round = 0; round < bvtest_rounds(300); round++) {
		unsigned int nr, missing, unmarked = 0;

		bvtest_caller_cut(caller);
		nr = caller->shape.iter.bi_size >> SECTOR_SHIFT;
		KUNIT_ASSERT_TRUE(test, get_shaped(fixture, &memory, caller));
		for (n = 0; n < nr; n++)
			unmarked += !blkv_memory_is_marked(marks, &memory, n);
		/* Only if a word with a mark straddles its end. */
		if (!unmarked)
			KUNIT_ASSERT_EQ(test, blkv_memory_first_marked(marks, &memory, nr), 0);
		missing = below(caller->random, nr);
		for (n = 0; n < nr; n++) {
			struct bvec_iter iter = blkv_memory_iter(&memory, n, 1);
			bool marked = blkv_memory_is_marked(marks, &memory, n);

			if (n == missing)
				continue;
			for (i = 0; i < SECTOR_SIZE; i++) {
				struct bio_vec vec = bvec_iter_bvec(memory.vecs, iter);

				*((u8 *)page_address(vec.bv_page) + vec.bv_offset) = 0x77;
				bvec_iter_advance(memory.vecs, &iter, 1);
			}
			if (marked)
				KUNIT_ASSERT_FALSE(test, blkv_memory_is_marked(marks, &memory, n));
		}
		KUNIT_ASSERT_EQ(test, blkv_memory_first_marked(marks, &memory, nr),
				blkv_memory_is_marked(marks, &memory, missing) ? missing : nr);
		/* Marked again, for another read. */
		blkv_memory_mark(marks, &memory);
		if (!unmarked)
			KUNIT_ASSERT_TRUE(test,
					  blkv_memory_is_marked(marks, &memory, missing));
		put(pool, &memory);
	}
	expect_settled(test, fixture);
}

/* Chunks rest and are suspect as single pages are. */
static void chunks_rest_and_are_released(struct kunit *test)
{
	struct bvtest_caller *caller = bvtest_caller(test);
	struct fixture *fixture = new_resting_fixture(test, 1);
	struct blkv_pool *pool = &fixture->pool;
	struct blkv_memory memory = {};
	struct page *chunk;
	unsigned int i;

	bvtest_caller_add(caller, 0, 64 * PAGE_SIZE);
	KUNIT_ASSERT_TRUE(test, get_shaped(fixture, &memory, caller));
	chunk = memory.vecs[0].bv_page;
	put(pool, &memory);
	KUNIT_EXPECT_EQ(test, pool->depot.rest.nr_resting, 64);
	/* Until there are more than 256 newer pages. */
	for (i = 0; i < 4; i++) {
		KUNIT_ASSERT_TRUE(test, get_shaped(fixture, &memory, caller));
		KUNIT_EXPECT_PTR_NE(test, memory.vecs[0].bv_page, chunk);
		put(pool, &memory);
	}
	KUNIT_EXPECT_EQ(test, pool->depot.rest.nr_resting, 256);
	KUNIT_ASSERT_TRUE(test, get_shaped(fixture, &memory, caller));
	KUNIT_EXPECT_PTR_EQ(test, memory.vecs[0].bv_page, chunk);

	blkv_memory_put(pool, &memory, 0, BLKV_SUSPECT);
	KUNIT_EXPECT_EQ(test, pool->depot.rest.nr_suspects, 64);
	mod_delayed_work(system_wq, &pool->depot.release, 0);
	flush_delayed_work(&pool->depot.release);
	KUNIT_EXPECT_EQ(test, pool->depot.rest.nr_suspects, 64);
	mod_delayed_work(system_wq, &pool->depot.release, 0);
	flush_delayed_work(&pool->depot.release);
	KUNIT_EXPECT_EQ(test, pool->depot.rest.nr_suspects, 0);
	expect_settled(test, fixture);
}

/* Memory of every length that has its bvecs elsewhere or just not. */
static void memory_of_a_pool_is_walked(struct kunit *test)
{
	static const unsigned int sizes[] = { 1, 7, 8, 9, 31, 32, 33, 40, 41, 2041, 2048 };
	struct fixture *fixture = new_fixture(test);
	unsigned int i, n;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct blkv_memory memory = {};
		struct blkv_sector_iter iter;
		struct blkv_bounce bounce;
		u8 around[2];

		KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &memory, sizes[i], NULL));
		for (n = 0; n < sizes[i]; n++)
			memset(bvtest_sector(memory.vecs, n), n % 251, SECTOR_SIZE);
		iter = blkv_memory_walk(&memory, 0, sizes[i]);
		for (n = 0; n < sizes[i]; n++)
			KUNIT_ASSERT_PTR_EQ(test, blkv_sector_next(&iter, &bounce),
					    (const u8 *)bvtest_sector(memory.vecs, n));
		KUNIT_ASSERT_NULL(test, blkv_sector_next(&iter, &bounce));
		for (n = 1; n < sizes[i]; n++) {
			KUNIT_ASSERT_PTR_EQ(test, blkv_memory_sector(&memory, n, &bounce),
					    (const u8 *)bvtest_sector(memory.vecs, n));
			blkv_memory_read(&memory, n * SECTOR_SIZE - 1, around, sizeof(around));
			KUNIT_ASSERT_EQ(test, around[0], (n - 1) % 251);
			KUNIT_ASSERT_EQ(test, around[1], n % 251);
			blkv_memory_flip(&memory, n, 0xff);
			KUNIT_ASSERT_EQ(test, *bvtest_sector(memory.vecs, n), (n % 251) ^ 0xff);
			*bvtest_sector(memory.vecs, n) ^= 0xff;
		}
		put(&fixture->pool, &memory);
	}
}

/* ---- marks -------------------------------------------------------------------------------- */

/* The mark of a word of a page. */
static u64 expected_mark(struct page *page, unsigned int word)
{
	return MARK + (u64)page_to_pfn(page) * (PAGE_SIZE / 8) + word;
}

static u64 *words_of(struct blkv_memory *memory, unsigned int n)
{
	return (u64 *)bvtest_sector(memory->vecs, n);
}

/*
 * Memory is marked when a request gets it, whether it is new or was used before: in the last word
 * of each sector or, with a quarantine, in all words. No two marks are equal.
 */
static void lent_memory_is_marked(struct kunit *test)
{
	static const unsigned int sizes[] = { 1, 7, 8, 9, 33, 2047, 2048 };
	unsigned int quarantine, round, i, n, word;

	for (quarantine = 0; quarantine < 2; quarantine++) {
		struct fixture *fixture = new_resting_fixture(test, quarantine);

		for (round = 0; round < 2 * ARRAY_SIZE(sizes); round++) {
			struct blkv_memory memory = {};

			i = round % ARRAY_SIZE(sizes);
			KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &memory, sizes[i],
								NULL));
			for (n = 0; n < sizes[i]; n++) {
				struct page *page = memory.vecs[n / PAGE_SECTORS].bv_page;
				unsigned int first = n % PAGE_SECTORS * 64;

				KUNIT_ASSERT_TRUE(test, blkv_memory_is_marked(&fixture->pool.marks,
									      &memory, n));
				for (word = quarantine ? 0 : 63; word < 64; word++)
					KUNIT_ASSERT_EQ(test, words_of(&memory, n)[word],
							expected_mark(page, first + word));
			}
			/* Overwrite everything, as a request may. */
			for (n = 0; n < memory.nr_vecs; n++)
				memset(bvec_virt(&memory.vecs[n]), 0xa5, PAGE_SIZE);
			put(&fixture->pool, &memory);
		}
		expect_settled(test, fixture);
		kunit_release_action(test, exit_pool_action, fixture);
	}
}

static void transferred_data_removes_the_mark(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);
	struct blkv_pool *pool = &fixture->pool;
	struct blkv_memory memory = {};
	unsigned int n, i, nr = 2 * PAGE_SECTORS;

	KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &memory, nr, NULL));
	KUNIT_EXPECT_EQ(test, blkv_memory_first_marked(&pool->marks, &memory, nr), 0);
	for (n = 0; n < nr; n++)
		for (i = 0; i < 8; i++) {
			u8 *bytes = bvtest_sector(memory.vecs, n);

			blkv_memory_mark(&pool->marks, &memory);
			KUNIT_ASSERT_TRUE(test, blkv_memory_is_marked(&pool->marks, &memory, n));
			/* Any of its bytes; data before it do not. */
			bytes[SECTOR_SIZE - 9] ^= 1;
			KUNIT_ASSERT_TRUE(test, blkv_memory_is_marked(&pool->marks, &memory, n));
			bytes[SECTOR_SIZE - 8 + i] ^= 1;
			KUNIT_ASSERT_FALSE(test, blkv_memory_is_marked(&pool->marks, &memory, n));
			KUNIT_ASSERT_EQ(test, blkv_memory_first_marked(&pool->marks, &memory, nr),
					n ? 0 : 1);
		}
	/* Remove the marks one by one, in ascending order. */
	blkv_memory_mark(&pool->marks, &memory);
	for (n = 0; n < nr; n++) {
		KUNIT_EXPECT_EQ(test, blkv_memory_first_marked(&pool->marks, &memory, nr), n);
		KUNIT_EXPECT_EQ(test, blkv_memory_first_marked(&pool->marks, &memory, n), n);
		words_of(&memory, n)[63]++;
	}
	KUNIT_EXPECT_EQ(test, blkv_memory_first_marked(&pool->marks, &memory, nr), nr);
	put(pool, &memory);
}

/* ---- late data ------------------------------------------------------------------------------ */

static void expect_late(struct kunit *test, struct blkv_pool *pool, sector_t sector,
			unsigned int byte, u64 expected, u64 found)
{
	struct blkv_late late;

	KUNIT_ASSERT_TRUE(test, blkv_lates_next(&pool->late, &late));
	KUNIT_EXPECT_EQ(test, late.sector, sector);
	/* Some tests write at 800, all others read. */
	KUNIT_EXPECT_EQ(test, late.written, sector >= 800 && sector < 808);
	KUNIT_EXPECT_EQ(test, late.byte, byte);
	KUNIT_EXPECT_EQ(test, late.expected, expected);
	KUNIT_EXPECT_EQ(test, late.found, found);
}

/* A page that changed is reported with its last request when the page is used again. */
static void late_data_are_found(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);
	struct blkv_pool *pool = &fixture->pool;
	struct blkv_memory memory = {};
	struct blkv_late late;
	struct page *page;
	u64 *words;

	atomic_set(&late_calls, 0);
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &memory, 3 * PAGE_SECTORS, NULL));
	page = memory.vecs[1].bv_page;
	words = page_address(page);
	blkv_memory_put(pool, &memory, 1ULL << 20, 0);
	/* Words without a mark may change. */
	words[0]++;
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &memory, 3 * PAGE_SECTORS, NULL));
	KUNIT_EXPECT_FALSE(test, blkv_lates_next(&pool->late, &late));
	blkv_memory_put(pool, &memory, 1ULL << 20, 0);

	words[2 * 64 + 63] = 0xbad;
	words[5 * 64 + 63] = 0xbad2;
	KUNIT_EXPECT_FALSE(test, blkv_lates_next(&pool->late, &late));
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &memory, 3 * PAGE_SECTORS, NULL));
	expect_late(test, pool, (1ULL << 20) + PAGE_SECTORS + 2, 504,
		    expected_mark(page, 2 * 64 + 63), 0xbad);
	/* There is one finding for each page. */
	KUNIT_EXPECT_FALSE(test, blkv_lates_next(&pool->late, &late));
	flush_work(&pool->late.work);
	KUNIT_EXPECT_EQ(test, atomic_read(&late_calls), 1);
	/* The page is marked again: otherwise the next read would look filled. */
	KUNIT_EXPECT_EQ(test, blkv_memory_first_marked(&pool->marks, &memory, 3 * PAGE_SECTORS), 0);
	KUNIT_EXPECT_TRUE(test, blkv_memory_is_marked(&pool->marks, &memory, PAGE_SECTORS + 2));
	KUNIT_EXPECT_TRUE(test, blkv_memory_is_marked(&pool->marks, &memory, PAGE_SECTORS + 5));
	put(pool, &memory);
	expect_settled(test, fixture);
}

/* A change of any word is found, also before the page is freed to the system. */
static void late_data_are_found_anywhere_with_a_quarantine(struct kunit *test)
{
	struct fixture *fixture = new_resting_fixture(test, 1);
	struct blkv_pool *pool = &fixture->pool;
	struct blkv_memory memory = {}, other = {};
	struct blkv_late late;
	unsigned int word;

	for (word = 0; word < PAGE_SIZE / 8; word += 37) {
		struct page *page;
		u64 *words;

		KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &memory, PAGE_SECTORS, NULL));
		page = memory.vecs[0].bv_page;
		words = page_address(page);
		blkv_memory_put(pool, &memory, 800, BLKV_WRITTEN);
		words[word] ^= 1;
		/* Push the page through the quarantine, and then use all idle pages. */
		KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &memory, BLKV_REGION_SECTORS, NULL));
		put(pool, &memory);
		KUNIT_EXPECT_FALSE(test, blkv_lates_next(&pool->late, &late));
		KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &memory, BLKV_REGION_SECTORS, NULL));
		KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &other, BLKV_REGION_SECTORS, NULL));
		expect_late(test, pool, 800 + word / 64, word % 64 * 8, expected_mark(page, word),
			    expected_mark(page, word) ^ 1);
		KUNIT_EXPECT_FALSE(test, blkv_lates_next(&pool->late, &late));
		put(pool, &memory);
		put(pool, &other);
	}
	expect_settled(test, fixture);
}

static void too_many_late_pages_are_left_out(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);
	struct blkv_pool *pool = &fixture->pool;
	struct blkv_memory memory = {};
	struct blkv_late late;
	unsigned int i, nr = 0;

	KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &memory, BLKV_REGION_SECTORS, NULL));
	put(pool, &memory);
	for (i = 0; i < BLKV_MAX_LATE + 5; i++) {
		struct page *page;

		KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &memory, PAGE_SECTORS, NULL));
		page = memory.vecs[0].bv_page;
		put(pool, &memory);
		((u64 *)page_address(page))[63] = 0;
	}
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &memory, PAGE_SECTORS, NULL));
	while (blkv_lates_next(&pool->late, &late))
		nr++;
	KUNIT_EXPECT_EQ(test, nr, BLKV_MAX_LATE);
	put(pool, &memory);
	expect_settled(test, fixture);
}

/* Pages rest in FIFO order: a page is not reused until the quarantine is full of newer ones. */
static void quarantine_is_first_in_first_out(struct kunit *test)
{
	struct fixture *fixture = new_resting_fixture(test, 1);
	struct blkv_pool *pool = &fixture->pool;
	struct page **used = kunit_kcalloc(test, 700, sizeof(*used), GFP_KERNEL);
	struct blkv_memory memory = {};
	unsigned int i, j;

	KUNIT_ASSERT_NOT_NULL(test, used);
	KUNIT_ASSERT_EQ(test, pool->depot.rest.quarantine, 256);
	for (i = 0; i < 700; i++) {
		KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &memory, PAGE_SECTORS, NULL));
		used[i] = memory.vecs[0].bv_page;
		for (j = i > 256 ? i - 256 : 0; j < i; j++)
			KUNIT_ASSERT_PTR_NE(test, used[i], used[j]);
		put(pool, &memory);
		KUNIT_ASSERT_LE(test, pool->depot.rest.nr_resting, 256);
	}
	KUNIT_EXPECT_EQ(test, pool->depot.rest.nr_resting, 256);
	expect_settled(test, fixture);
}

/* Chunks that have rested long enough are trimmed, even if it is a page that ends their rest. */
static void trim_is_scheduled_after_a_rest(struct kunit *test)
{
	struct bvtest_caller *caller = bvtest_caller(test);
	struct fixture *fixture = new_resting_fixture(test, 1);
	struct blkv_pool *pool = &fixture->pool;
	struct blkv_memory memory = {};
	unsigned int i;

	bvtest_caller_add(caller, 0, 64 * PAGE_SIZE);
	for (i = 0; i < 4; i++) {
		KUNIT_ASSERT_TRUE(test, get_shaped(fixture, &memory, caller));
		put(pool, &memory);
	}
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &memory, PAGE_SECTORS, NULL));
	cancel_delayed_work_sync(&pool->depot.trim);
	KUNIT_ASSERT_EQ(test, pool->depot.data[6].nr, 0);
	put(pool, &memory);
	KUNIT_EXPECT_EQ(test, pool->depot.data[6].nr, 1);
	KUNIT_EXPECT_TRUE(test, delayed_work_pending(&pool->depot.trim));
	expect_settled(test, fixture);
}

/* The same if a waiter ends it, which needs a page behind them. */
static void trim_is_scheduled_after_a_wait(struct kunit *test)
{
	struct bvtest_caller *caller = bvtest_caller(test);
	struct fixture *fixture = new_resting_fixture(test, 1);
	struct blkv_pool *pool = &fixture->pool;
	struct blkv_memory memory = {}, others = {};

	bvtest_caller_add(caller, 0, 64 * PAGE_SIZE);
	KUNIT_ASSERT_TRUE(test, get_shaped(fixture, &memory, caller));
	put(pool, &memory);
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &memory, PAGE_SECTORS, NULL));
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &others, BLKV_REGION_SECTORS - PAGE_SECTORS,
						NULL));
	put(pool, &memory);
	KUNIT_ASSERT_EQ(test, pool->depot.data[0].nr, 0);
	cancel_delayed_work_sync(&pool->depot.trim);
	blkv_pool_await(pool);
	wait_briefly(test, pool, &memory, PAGE_SECTORS);
	KUNIT_EXPECT_EQ(test, pool->depot.data[6].nr, 1);
	KUNIT_EXPECT_TRUE(test, delayed_work_pending(&pool->depot.trim));
	put(pool, &memory);
	put(pool, &others);
	expect_settled(test, fixture);
}

/* How many resting pages were taken at once, at most, while someone looks for memory. */
static struct blkv_rest *watched;
static unsigned int watched_nr, most_taken;

static struct page *watching_page_alloc(unsigned int order, gfp_t gfp)
{
	most_taken = max(most_taken, watched_nr - watched->nr_resting);
	watched_nr = watched->nr_resting;
	return NULL;
}

/* A waiter that needs a page behind many chunks does not take all of them with the lock held. */
static void waiter_takes_a_few_chunks_at_a_time(struct kunit *test)
{
	struct bvtest_caller *caller = bvtest_caller(test);
	struct fixture *fixture = new_resting_fixture(test, 1);
	struct blkv_pool *pool = &fixture->pool;
	struct blkv_memory memories[6] = {}, memory = {}, others = {};
	unsigned int i;

	for (i = 0; i < 20; i++)
		bvtest_caller_add(caller, 3 * i * PAGE_SIZE, 2 * PAGE_SIZE);
	for (i = 0; i < ARRAY_SIZE(memories); i++)
		KUNIT_ASSERT_TRUE(test, get_shaped(fixture, &memories[i], caller));
	for (i = 0; i < ARRAY_SIZE(memories); i++)
		put(pool, &memories[i]);
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &memory, PAGE_SECTORS, NULL));
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &others, BLKV_REGION_SECTORS - PAGE_SECTORS,
						NULL));
	put(pool, &memory);
	KUNIT_ASSERT_EQ(test, pool->depot.data[0].nr, 0);
	KUNIT_ASSERT_EQ(test, pool->depot.rest.nr_resting, 6 * 20 * 2 + 1);

	watched = &pool->depot.rest;
	watched_nr = watched->nr_resting;
	most_taken = 0;
	kunit_activate_static_stub(test, blkv_chunk_alloc, watching_page_alloc);
	blkv_pool_await(pool);
	wait_briefly(test, pool, &memory, PAGE_SECTORS);
	watching_page_alloc(0, GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, watched_nr, 0);
	KUNIT_EXPECT_EQ(test, most_taken, 64 * 2);
	put(pool, &memory);
	put(pool, &others);
	expect_settled(test, fixture);
}

/* A request that waits for memory gets resting pages rather than wait forever. */
static void waiter_gets_resting_pages(struct kunit *test)
{
	struct fixture *fixture = new_resting_fixture(test, 1);
	struct blkv_pool *pool = &fixture->pool;
	struct blkv_memory memory = {};

	KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &memory, BLKV_REGION_SECTORS, NULL));
	put(pool, &memory);
	KUNIT_EXPECT_EQ(test, pool->depot.rest.nr_resting, 256);
	system_pages = 0;
	KUNIT_EXPECT_FALSE(test, blkv_memory_get(pool, &memory, BLKV_REGION_SECTORS, NULL));
	wait_briefly(test, pool, &memory, BLKV_REGION_SECTORS);
	KUNIT_EXPECT_EQ(test, blkv_memory_first_marked(&pool->marks, &memory, BLKV_REGION_SECTORS),
			0);
	put(pool, &memory);
	expect_settled(test, fixture);
}

static void release(struct blkv_pool *pool)
{
	cancel_delayed_work_sync(&pool->depot.release);
	pool->depot.release.work.func(&pool->depot.release.work);
}

/* Suspect pages rest for up to two intervals, and then leave the pool. */
static void suspects_go_back_to_the_system(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);
	struct blkv_pool *pool = &fixture->pool;
	struct blkv_memory memory = {}, other = {};
	struct page *page;
	int out;

	KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &other, BLKV_REGION_SECTORS, NULL));
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &memory, 40 * PAGE_SECTORS, NULL));
	page = memory.vecs[7].bv_page;
	out = nr_pages_out();
	blkv_memory_put(pool, &memory, 1000, BLKV_SUSPECT);
	put(pool, &other);
	KUNIT_EXPECT_EQ(test, pool->depot.rest.nr_suspects, 40);
	KUNIT_EXPECT_TRUE(test, delayed_work_pending(&pool->depot.release));
	expect_settled(test, fixture);

	((u64 *)page_address(page))[63] = 0xbad;
	release(pool);
	KUNIT_EXPECT_EQ(test, pool->depot.rest.nr_suspects, 40);
	KUNIT_EXPECT_EQ(test, nr_pages_out(), out);
	KUNIT_EXPECT_TRUE(test, delayed_work_pending(&pool->depot.release));
	release(pool);
	KUNIT_EXPECT_EQ(test, pool->depot.rest.nr_suspects, 0);
	KUNIT_EXPECT_EQ(test, nr_pages_out(), out - 40);
	KUNIT_EXPECT_FALSE(test, delayed_work_pending(&pool->depot.release));
	expect_late(test, pool, 1000 + 7 * PAGE_SECTORS, 504, expected_mark(page, 63), 0xbad);
	expect_settled(test, fixture);
}

/* Idle pages for bvecs do not count: they cannot replace pages for data. */
static void suspects_of_the_reserve_stay_beside_idle_bvecs(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);
	struct blkv_pool *pool = &fixture->pool;
	struct blkv_memory memories[10] = {};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(memories); i++)
		KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &memories[i], 16 * PAGE_SECTORS,
							NULL));
	for (i = 0; i < ARRAY_SIZE(memories); i++)
		put(pool, &memories[i]);
	KUNIT_ASSERT_EQ(test, pool->depot.vecs.nr, ARRAY_SIZE(memories));
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &memories[0], BLKV_REGION_SECTORS, NULL));
	blkv_memory_put(pool, &memories[0], 0, BLKV_SUSPECT);
	release(pool);
	release(pool);
	KUNIT_EXPECT_EQ(test, pool->depot.data[0].nr, RESERVE_DATA);
	expect_settled(test, fixture);
}

/* A leg that fails all requests must not use up the limit of the pool. */
static void many_suspects_rest_shorter(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);
	struct blkv_pool *pool = &fixture->pool;
	struct blkv_memory memory = {};
	unsigned int i;

	limit_pool(pool, 4 * POOL_RESERVE);
	for (i = 0; i < 100; i++) {
		KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &memory, 64 * PAGE_SECTORS, NULL));
		blkv_memory_put(pool, &memory, 0, BLKV_SUSPECT);
		flush_work(&pool->depot.release.work);
		KUNIT_ASSERT_LE(test, pool->depot.rest.nr_suspects, 2 * POOL_RESERVE / 8 + 64);
	}
	expect_settled(test, fixture);
}

/* A request that waits for memory gets suspect pages before they have rested. */
static void waiter_gets_suspects(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);
	struct blkv_pool *pool = &fixture->pool;
	struct blkv_memory memory = {};
	unsigned long start;

	KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &memory, BLKV_REGION_SECTORS, NULL));
	blkv_memory_put(pool, &memory, 0, BLKV_SUSPECT);
	system_pages = 0;
	KUNIT_ASSERT_FALSE(test, blkv_memory_get(pool, &memory, BLKV_REGION_SECTORS, NULL));
	start = jiffies;
	blkv_memory_wait(pool, &memory, BLKV_REGION_SECTORS, NULL);
	/* Nothing else can help it, so it does not wait for seconds. */
	KUNIT_EXPECT_TRUE(test, time_before(jiffies, start + HZ));
	put(pool, &memory);
	expect_settled(test, fixture);
}

/* The same if a page becomes suspect while it waits. */
static void waiter_learns_of_suspects(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);
	struct waiter *waiter = kunit_kzalloc(test, sizeof(*waiter), GFP_KERNEL);
	struct blkv_pool *pool = &fixture->pool;
	struct blkv_memory a = {}, b = {};
	unsigned long start;

	KUNIT_ASSERT_NOT_NULL(test, waiter);
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &a, BLKV_REGION_SECTORS - PAGE_SECTORS,
						NULL));
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &b, PAGE_SECTORS, NULL));
	/* Others own the rest; this is not one of many suspects, which are released at once. */
	atomic_long_set(&fixture->budget.claimed, PLENTY);
	KUNIT_ASSERT_FALSE(test,
			   blkv_memory_get(pool, &waiter->memory, BLKV_REGION_SECTORS, NULL));
	waiter->pool = pool;
	init_completion(&waiter->served);
	INIT_WORK(&waiter->work, wait_in_work);
	schedule_work(&waiter->work);
	KUNIT_EXPECT_EQ(test, wait_for_completion_timeout(&waiter->served, HZ / 10), 0);
	start = jiffies;
	blkv_memory_put(pool, &b, 0, BLKV_SUSPECT);
	while (READ_ONCE(pool->depot.rest.nr_suspects) && time_before(jiffies, start + 5 * HZ))
		schedule_timeout_uninterruptible(1);
	KUNIT_EXPECT_TRUE(test, time_before(jiffies, start + 3 * HZ / 4));
	put(pool, &a);
	wait_for_completion(&waiter->served);
	cancel_work_sync(&waiter->work);
	put(pool, &waiter->memory);
	expect_settled(test, fixture);
}

/* A few suspect pages do not make it wait for them, if others are enough. */
static void waiter_needs_no_suspects(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);
	struct waiter *waiter = kunit_kzalloc(test, sizeof(*waiter), GFP_KERNEL);
	struct blkv_pool *pool = &fixture->pool;
	struct blkv_memory a = {}, b = {}, c = {};

	KUNIT_ASSERT_NOT_NULL(test, waiter);
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &a, BLKV_REGION_SECTORS, NULL));
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &b, PAGE_SECTORS, NULL));
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &c, 40 * PAGE_SECTORS, NULL));
	blkv_memory_put(pool, &c, 0, BLKV_SUSPECT);
	limit_pool(pool, nr_owned(pool));
	KUNIT_ASSERT_FALSE(test,
			   blkv_memory_get(pool, &waiter->memory, BLKV_REGION_SECTORS, NULL));
	waiter->pool = pool;
	init_completion(&waiter->served);
	INIT_WORK(&waiter->work, wait_in_work);
	schedule_work(&waiter->work);
	KUNIT_EXPECT_EQ(test, wait_for_completion_timeout(&waiter->served, HZ / 5), 0);
	KUNIT_EXPECT_EQ(test, READ_ONCE(pool->depot.rest.nr_suspects), 40);
	put(pool, &a);
	wait_for_completion(&waiter->served);
	KUNIT_EXPECT_EQ(test, pool->depot.rest.nr_suspects, 40);
	cancel_work_sync(&waiter->work);
	put(pool, &waiter->memory);
	put(pool, &b);
	expect_settled(test, fixture);
}

/* Suspect pages that the reserve needs stay in the pool and are used again. */
static void suspects_of_the_reserve_stay(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);
	struct blkv_pool *pool = &fixture->pool;
	struct blkv_memory memory = {};

	KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &memory, BLKV_REGION_SECTORS, NULL));
	blkv_memory_put(pool, &memory, 0, BLKV_SUSPECT);
	KUNIT_EXPECT_EQ(test, pool->depot.rest.nr_suspects, REGION_PAGES);
	KUNIT_EXPECT_EQ(test, nr_idle(pool), RESERVE_VECS);
	release(pool);
	release(pool);
	KUNIT_EXPECT_EQ(test, pool->depot.rest.nr_suspects, 0);
	KUNIT_EXPECT_EQ(test, nr_idle(pool), POOL_RESERVE);
	expect_settled(test, fixture);
	system_pages = 0;
	KUNIT_EXPECT_TRUE(test, blkv_memory_get(pool, &memory, BLKV_REGION_SECTORS, NULL));
	put(pool, &memory);
}

/* blkv_pool_check() finds late data in the third page of a request at sector 1000. */
static void expect_found_by_check(struct kunit *test, struct fixture *fixture, struct page *page)
{
	struct blkv_pool *pool = &fixture->pool;
	struct blkv_late late;

	((u64 *)page_address(page))[63] = 0xbad;
	atomic_set(&late_calls, 0);
	blkv_pool_check(pool);
	KUNIT_EXPECT_EQ(test, atomic_read(&late_calls), 1);
	expect_late(test, pool, 1000 + 2 * PAGE_SECTORS, 504, expected_mark(page, 63), 0xbad);
	KUNIT_EXPECT_FALSE(test, blkv_lates_next(&pool->late, &late));
	expect_settled(test, fixture);
	/* The page is marked again. */
	blkv_pool_check(pool);
	KUNIT_EXPECT_FALSE(test, blkv_lates_next(&pool->late, &late));
	expect_settled(test, fixture);
}

static void check_looks_at_all_memory(struct kunit *test)
{
	unsigned int quarantine, suspect;

	for (quarantine = 0; quarantine < 2; quarantine++)
		for (suspect = 0; suspect < 2; suspect++) {
			struct fixture *fixture = new_resting_fixture(test, quarantine);
			struct blkv_memory memory = {};
			struct page *page;

			KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &memory,
								40 * PAGE_SECTORS, NULL));
			page = memory.vecs[2].bv_page;
			blkv_memory_put(&fixture->pool, &memory, 1000, suspect ? BLKV_SUSPECT : 0);
			expect_found_by_check(test, fixture, page);
			kunit_release_action(test, exit_pool_action, fixture);
			kunit_release_action(test, let_given_pages_go_action, NULL);
		}
}

/* Data pages, which the test leg may write to, are never used for bvecs. */
static void kinds_of_pages_are_never_mixed(struct kunit *test)
{
	struct rnd_state *random = bvtest_random(test);
	struct fixture *fixture = new_fixture(test);
	struct blkv_memory *memories = kunit_kcalloc(test, MANY, sizeof(*memories), GFP_KERNEL);
	unsigned int round, n, i;

	KUNIT_ASSERT_NOT_NULL(test, memories);
	for (round = 0; round < bvtest_rounds(2000); round++) {
		struct blkv_memory *memory = &memories[below(random, MANY)];

		if (memory->nr_vecs) {
			blkv_memory_put(&fixture->pool, memory, 0,
					one_in(random, 20) ? BLKV_SUSPECT : 0);
			continue;
		}
		if (one_in(random, 50)) {
			release(&fixture->pool);
			trim(&fixture->pool);
		}
		if (!blkv_memory_try(&fixture->pool, memory, between(random, 1, 400)))
			continue;
		for (i = 0; i < memory->nr_vecs; i++)
			KUNIT_ASSERT_FALSE(test, has_other_role(memory->vecs[i].bv_page, DATA));
		if (memory->vecs != memory->inline_vecs)
			KUNIT_ASSERT_FALSE(test, has_other_role(virt_to_page(memory->vecs), VECS));
	}
	for (n = 0; n < MANY; n++)
		put(&fixture->pool, &memories[n]);
	expect_settled(test, fixture);
	xa_destroy(&roles);
}

/* A failed blkv_memory_try() does not make other requests wait. */
static void try_leaves_no_waiter(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);
	struct blkv_memory a = {}, b = {};

	KUNIT_ASSERT_TRUE(test, blkv_memory_try(&fixture->pool, &a, PAGE_SECTORS));
	system_pages = 0;
	KUNIT_EXPECT_FALSE(test, blkv_memory_try(&fixture->pool, &b, BLKV_REGION_SECTORS));
	KUNIT_EXPECT_EQ(test, fixture->pool.depot.waiters, 0);
	KUNIT_EXPECT_TRUE(test, blkv_memory_try(&fixture->pool, &b, PAGE_SECTORS));
	put(&fixture->pool, &a);
	put(&fixture->pool, &b);
	expect_settled(test, fixture);
	/* An announced waiter takes precedence. */
	blkv_pool_await(&fixture->pool);
	KUNIT_EXPECT_FALSE(test, blkv_memory_try(&fixture->pool, &a, PAGE_SECTORS));
	wait_briefly(test, &fixture->pool, &b, BLKV_REGION_SECTORS);
	put(&fixture->pool, &b);
	expect_settled(test, fixture);
}

/* A target has two pools; only one of them has kept memory for re-reads. */
static void pool_without_kept_memory(struct kunit *test)
{
	struct fixture *fixture = kunit_kzalloc(test, sizeof(*fixture), GFP_KERNEL);
	struct blkv_memory memory = {};

	KUNIT_ASSERT_NOT_NULL(test, fixture);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, let_given_pages_go_action, NULL), 0);
	limit_system(test, POOL_RESERVE);
	KUNIT_ASSERT_EQ(test, blkv_pool_init(&fixture->pool, MARK, 0, late_work, NULL), 0);
	KUNIT_EXPECT_TRUE(test, blkv_memory_get(&fixture->pool, &memory, BLKV_REGION_SECTORS,
						NULL));
	put(&fixture->pool, &memory);
	blkv_pool_exit(&fixture->pool);
	KUNIT_EXPECT_EQ(test, nr_pages_out(), 0);
}

/* ---- magazines ---------------------------------------------------------------------------- */

/* Fill the magazine of a CPU, with chunks for data and for bvecs. */
static void fill_magazine(struct kunit *test, struct blkv_pool *pool, unsigned int cpu)
{
	struct blkv_memory memories[BLKV_MAGAZINE_SIZE / BLKV_MAGAZINE_PAGES] = {};
	unsigned int i;

	this_cpu = cpu;
	for (i = 0; i < ARRAY_SIZE(memories); i++)
		KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &memories[i],
							BLKV_MAGAZINE_PAGES * PAGE_SECTORS, NULL));
	for (i = 0; i < ARRAY_SIZE(memories); i++)
		put(pool, &memories[i]);
	KUNIT_ASSERT_EQ(test, pool->magazines.cpu[cpu]->nr[0], BLKV_MAGAZINE_SIZE);
	KUNIT_ASSERT_EQ(test, pool->magazines.cpu[cpu]->nr[BLKV_MAGAZINE_VECS],
			ARRAY_SIZE(memories));
}

/* (P1) */
static void expect_reserve(struct kunit *test, const struct blkv_pool *pool)
{
	KUNIT_ASSERT_GE(test, pool->depot.data[0].nr_owned,
			pool->depot.reserve + pool->depot.nr_spare);
	KUNIT_ASSERT_GE(test, pool->depot.vecs.nr_owned, 2 * RESERVE_VECS);
}

/* Requests of each short length, on one CPU, with the lock of the depot held. */
static void take_and_return(struct blkv_pool *pool, struct bvtest_caller *caller,
			    bool *successful)
{
	struct blkv_memory memory;
	unsigned int nr;

	for (nr = 1; nr <= BLKV_MAGAZINE_PAGES * PAGE_SECTORS; nr += 7) {
		blkv_memory_init(&memory);
		*successful &= blkv_memory_get(pool, &memory, nr, NULL);
		put(pool, &memory);
		blkv_memory_init(&memory);
		*successful &= blkv_memory_get(pool, &memory,
					       caller->shape.iter.bi_size >> SECTOR_SHIFT,
					       &caller->shape);
		put(pool, &memory);
	}
}

/* Healthy short requests take no lock of the depot, and write to nothing but their magazine. */
static void cpus_share_nothing(struct kunit *test)
{
	struct bvtest_caller *caller = bvtest_caller(test);
	struct fixture *fixture = new_fixture(test);
	struct blkv_pool *pool = &fixture->pool;
	struct blkv_pool *before = kunit_kzalloc(test, sizeof(*before), GFP_KERNEL);
	struct blkv_magazine *others = kunit_kcalloc(test, CPUS, sizeof(*others), GFP_KERNEL);
	unsigned int cpu, changed = 0;
	bool successful = true;
	unsigned long flags;

	KUNIT_ASSERT_TRUE(test, before && others);
	/* Three chunks: of 4 pages, of 8 and of one. */
	bvtest_caller_add(caller, 512, 3 * PAGE_SIZE);
	bvtest_caller_add(caller, 6 * PAGE_SIZE, 7 * PAGE_SIZE);
	bvtest_caller_add(caller, 20 * PAGE_SIZE, PAGE_SIZE);
	for (this_cpu = 0; this_cpu < CPUS; this_cpu++)
		take_and_return(pool, caller, &successful);
	KUNIT_ASSERT_TRUE(test, successful);
	KUNIT_ASSERT_TRUE(test, delayed_work_pending(&pool->depot.trim));

	this_cpu = 2;
	local_irq_save(flags);
	*before = *pool;
	for (cpu = 0; cpu < CPUS; cpu++)
		others[cpu] = *pool->magazines.cpu[cpu];
	/* Held by this test, so that taking it would be a recursion. */
	spin_lock(&pool->depot.lock);
	take_and_return(pool, caller, &successful);
	spin_unlock(&pool->depot.lock);
	changed += !!memcmp(before, pool, offsetof(struct blkv_pool, depot.lock));
	changed += !!memcmp(before->depot.data, pool->depot.data,
			    sizeof(*pool) - offsetof(struct blkv_pool, depot.data));
	for (cpu = 0; cpu < CPUS; cpu++)
		if (cpu != 2)
			changed += !!memcmp(&others[cpu], pool->magazines.cpu[cpu],
					    sizeof(others[cpu]));
	local_irq_restore(flags);
	KUNIT_EXPECT_TRUE(test, successful);
	KUNIT_EXPECT_EQ(test, changed, 0);
	expect_settled(test, fixture);
}

/* Full magazines do not take from the reserve: the longest request needs none of their chunks. */
static void magazines_hold_surplus_only(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);
	struct blkv_pool *pool = &fixture->pool;
	struct blkv_memory memory = {}, small = {};
	unsigned int cpu, before;

	for (cpu = 0; cpu < CPUS; cpu++) {
		fill_magazine(test, pool, cpu);
		expect_reserve(test, pool);
	}
	before = nr_in_magazines(pool);
	system_pages = 0;
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &memory, BLKV_REGION_SECTORS, NULL));
	KUNIT_EXPECT_EQ(test, nr_in_magazines(pool), before);
	put(pool, &memory);
	KUNIT_EXPECT_EQ(test, nr_in_magazines(pool), before);

	/* Without memory from the system, a short request gets a page of the reserve. */
	trim(pool);
	trim(pool);
	KUNIT_ASSERT_EQ(test, nr_in_magazines(pool), 0);
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &small, PAGE_SECTORS, NULL));
	KUNIT_EXPECT_EQ(test, nr_idle(pool), POOL_RESERVE - 1);
	expect_reserve(test, pool);
	put(pool, &small);
	KUNIT_EXPECT_EQ(test, nr_in_magazines(pool), 0);
	KUNIT_EXPECT_EQ(test, nr_idle(pool), POOL_RESERVE);
	expect_settled(test, fixture);
}

/* Random requests that start and end on any CPU. No chunk is lost, the reserve is always there. */
static void exchange_loses_nothing(struct kunit *test)
{
	struct rnd_state *random = bvtest_random(test);
	struct fixture *fixture = new_fixture(test);
	struct blkv_pool *pool = &fixture->pool;
	const unsigned int nr = 300;
	struct blkv_memory *memories = kunit_kcalloc(test, nr, sizeof(*memories), GFP_KERNEL);
	unsigned int round, most = 0, n, goal = nr;

	KUNIT_ASSERT_NOT_NULL(test, memories);
	for (round = 0; round < bvtest_rounds(20000); round++) {
		struct blkv_memory *memory = &memories[below(random, nr)];

		/* Ebb and flow: else the magazines neither run empty nor over. */
		if (one_in(random, 1000))
			goal = below(random, nr);
		this_cpu = below(random, CPUS);
		system_pages = one_in(random, 20) ? 0 : PLENTY;
		if (one_in(random, 2000))
			trim(pool);
		if (one_in(random, 2000))
			blkv_pool_check(pool);
		if (!blkv_memory_is_empty(memory)) {
			KUNIT_ASSERT_TRUE(test, holds(memory, memory - memories + 1));
			blkv_memory_put(pool, memory, 0, one_in(random, 500) ? BLKV_SUSPECT : 0);
		} else if (memory < memories + goal &&
			   blkv_memory_try(pool, memory,
					   one_in(random, 100) ? between(random, 200, 2048) :
					   between(random, 1, 20 * PAGE_SECTORS))) {
			for (n = 0; n < memory->nr_vecs; n++)
				memset(bvec_virt(&memory->vecs[n]), memory - memories + 1, 64);
		}
		expect_reserve(test, pool);
		most = max(most, nr_in_magazines(pool));
	}
	for (n = 0; n < nr; n++) {
		this_cpu = below(random, CPUS);
		put(pool, &memories[n]);
	}
	KUNIT_EXPECT_GT(test, most, 100);
	expect_settled(test, fixture);
	KUNIT_EXPECT_FALSE(test, READ_ONCE(pool->late.nr));
}

static unsigned int difference(unsigned int a, unsigned int b)
{
	return max(a, b) - min(a, b);
}

/* A CPU that only takes and one that only returns exchange whole batches with the depot. */
static void batches_go_through_the_depot(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);
	struct blkv_pool *pool = &fixture->pool;
	struct blkv_memory memory = {};
	unsigned int i, out;

	fill_magazine(test, pool, 0);
	for (i = 0; i < 3 * BLKV_MAGAZINE_SIZE; i++) {
		this_cpu = 0;
		KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &memory, PAGE_SECTORS, NULL));
		this_cpu = 1;
		put(pool, &memory);
	}
	/* From here on, nothing new is needed. */
	out = nr_pages_out();
	system_pages = PLENTY;
	for (i = 0; i < 10 * BLKV_MAGAZINE_SIZE; i++) {
		unsigned int before = pool->depot.data[0].nr, change;

		this_cpu = 0;
		KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &memory, PAGE_SECTORS, NULL));
		change = difference(before, pool->depot.data[0].nr);
		KUNIT_ASSERT_TRUE(test, !change || change == BLKV_MAGAZINE_SIZE / 2);
		before = pool->depot.data[0].nr;
		this_cpu = 1;
		put(pool, &memory);
		change = difference(before, pool->depot.data[0].nr);
		KUNIT_ASSERT_TRUE(test, !change || change == BLKV_MAGAZINE_SIZE / 2);
	}
	KUNIT_EXPECT_EQ(test, system_pages, PLENTY);
	KUNIT_EXPECT_EQ(test, nr_pages_out(), out);
	expect_settled(test, fixture);
}

/* (P2) Everything that the waiter needs is in the magazines of four CPUs. */
static void waiter_takes_from_all_magazines(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);
	struct waiter *waiter = kunit_kzalloc(test, sizeof(*waiter), GFP_KERNEL);
	struct blkv_pool *pool = &fixture->pool;
	struct blkv_memory memory = {};
	unsigned int cpu, i, from[CPUS + 1] = {};
	unsigned long left;

	KUNIT_ASSERT_NOT_NULL(test, waiter);
	KUNIT_ASSERT_EQ(test, CPUS * BLKV_MAGAZINE_SIZE, REGION_PAGES);
	for (cpu = 0; cpu < CPUS; cpu++) {
		fill_magazine(test, pool, cpu);
		for (i = 0; i < BLKV_MAGAZINE_SIZE; i++)
			xa_store(&roles, page_to_pfn(pool->magazines.cpu[cpu]->chunks[0][i]),
				 xa_mk_value(cpu + 1), GFP_KERNEL);
	}
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &memory, BLKV_REGION_SECTORS, NULL));
	/* The stub is for this task only, and it is a worker that waits; a trim would help it. */
	cancel_delayed_work_sync(&pool->depot.trim);
	limit_pool(pool, nr_owned(pool));
	KUNIT_ASSERT_FALSE(test,
			   blkv_memory_get(pool, &waiter->memory, BLKV_REGION_SECTORS, NULL));
	waiter->pool = pool;
	init_completion(&waiter->served);
	INIT_WORK(&waiter->work, wait_in_work);
	schedule_work(&waiter->work);
	left = wait_for_completion_timeout(&waiter->served, 5 * HZ);
	KUNIT_EXPECT_NE(test, left, 0);
	put(pool, &memory);
	cancel_work_sync(&waiter->work);
	for (i = 0; i < waiter->memory.nr_vecs; i++) {
		void *entry = xa_load(&roles, page_to_pfn(waiter->memory.vecs[i].bv_page));

		from[entry ? xa_to_value(entry) : 0]++;
	}
	for (cpu = 0; cpu < CPUS; cpu++)
		KUNIT_EXPECT_EQ(test, from[cpu + 1], BLKV_MAGAZINE_SIZE);
	xa_destroy(&roles);
	put(pool, &waiter->memory);
	expect_settled(test, fixture);
}

/* How many chunks the depot got back at once, at most. */
static unsigned int most_given_back;

static void counted_give_back(struct blkv_depot *depot, struct blkv_chunks *chunks)
{
	struct kunit *test = kunit_get_current_test();
	unsigned int nr = length_of(&chunks->pages) + length_of(&chunks->larger) +
			  length_of(&chunks->vecs);

	most_given_back = max(most_given_back, nr);
	kunit_deactivate_static_stub(test, blkv_depot_give_back);
	blkv_depot_give_back(depot, chunks);
	KUNIT_EXPECT_TRUE(test, blkv_chunks_are_empty(chunks));
	KUNIT_EXPECT_EQ(test, chunks->nr_pages + chunks->nr_vecs, 0);
	kunit_activate_static_stub(test, blkv_depot_give_back, counted_give_back);
}

/* The lock of the depot is held for the chunks of one magazine only. */
static void magazines_are_emptied_one_at_a_time(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);
	struct blkv_pool *pool = &fixture->pool;
	unsigned int cpu, most = 0;

	for (cpu = 0; cpu < CPUS; cpu++) {
		fill_magazine(test, pool, cpu);
		most = max(most, nr_in_magazine(pool, cpu));
	}
	most_given_back = 0;
	kunit_activate_static_stub(test, blkv_depot_give_back, counted_give_back);
	blkv_pool_check(pool);
	kunit_deactivate_static_stub(test, blkv_depot_give_back);
	KUNIT_EXPECT_EQ(test, nr_in_magazines(pool), 0);
	KUNIT_EXPECT_EQ(test, most_given_back, most);
	expect_settled(test, fixture);
}

/* (P2) While a request waits, chunks return to the depot, and none leaves it for a magazine. */
static void chunks_return_to_those_who_wait(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);
	struct blkv_pool *pool = &fixture->pool;
	struct blkv_memory long_one = {}, small = {}, single = {}, other = {}, waiting = {};

	fill_magazine(test, pool, 1);
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &single, PAGE_SECTORS, NULL));
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &small, 10 * PAGE_SECTORS, NULL));
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &long_one, BLKV_REGION_SECTORS, NULL));
	system_pages = 0;
	KUNIT_ASSERT_FALSE(test, blkv_memory_get(pool, &waiting, BLKV_REGION_SECTORS, NULL));
	KUNIT_ASSERT_EQ(test, nr_idle(pool), 0);
	/* A newer one gets nothing, not even from a magazine. */
	KUNIT_EXPECT_FALSE(test, blkv_memory_try(pool, &other, PAGE_SECTORS));
	put(pool, &small);
	/* Its ten pages and that with its bvecs. */
	KUNIT_EXPECT_EQ(test, nr_idle(pool), 11);
	put(pool, &single);
	KUNIT_EXPECT_EQ(test, nr_idle(pool), 12);
	put(pool, &long_one);
	wait_briefly(test, pool, &waiting, BLKV_REGION_SECTORS);
	KUNIT_EXPECT_EQ(test, nr_in_magazines(pool), 0);
	put(pool, &waiting);
	expect_settled(test, fixture);
}

/* How many chunks were freed at once, at most; a trim frees what it takes while it has the lock. */
static unsigned int most_freed;

static void counted_list_free(struct list_head *chunks)
{
	struct page *chunk, *next;
	unsigned int nr = 0;

	list_for_each_entry_safe(chunk, next, chunks, lru) {
		nr++;
		list_del(&chunk->lru);
		set_page_private(chunk, 0);
		__free_pages(chunk, order_of(chunk));
	}
	most_freed = max(most_freed, nr);
}

/* A trim holds no lock for long, neither of the depot nor of a magazine; nor does a release. */
static void trim_takes_a_few_at_a_time(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);
	struct blkv_pool *pool = &fixture->pool;
	struct blkv_memory memories[8] = {};
	unsigned int i, cpu, round;

	for (round = 0; round < 2; round++) {
		for (cpu = 0; cpu < CPUS; cpu++)
			fill_magazine(test, pool, cpu);
		for (i = 0; i < ARRAY_SIZE(memories); i++)
			KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &memories[i],
								BLKV_REGION_SECTORS, NULL));
		for (i = 0; i < ARRAY_SIZE(memories); i++)
			blkv_memory_put(pool, &memories[i], 0, round ? BLKV_SUSPECT : 0);
		most_freed = 0;
		kunit_activate_static_stub(test, blkv_list_free, counted_list_free);
		for (i = 0; i < 2; i++) {
			release(pool);
			cancel_delayed_work_sync(&pool->depot.trim);
			trim(pool);
		}
		kunit_deactivate_static_stub(test, blkv_list_free);
		KUNIT_EXPECT_GE(test, most_freed, 32);
		KUNIT_EXPECT_LE(test, most_freed, 64);
		KUNIT_EXPECT_EQ(test, nr_in_magazines(pool), 0);
		KUNIT_EXPECT_EQ(test, nr_idle(pool), POOL_RESERVE);
		expect_settled(test, fixture);
	}
}

/* What stayed in a magazine from one trim to the next is freed, and nothing else. */
static void unused_chunks_leave_magazines(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);
	struct blkv_pool *pool = &fixture->pool;
	struct blkv_memory memory = {};
	unsigned int cpu;

	for (cpu = 0; cpu < CPUS; cpu++)
		fill_magazine(test, pool, cpu);
	cancel_delayed_work_sync(&pool->depot.trim);
	trim(pool);
	KUNIT_EXPECT_EQ(test, pool->magazines.cpu[1]->nr[0], BLKV_MAGAZINE_SIZE);
	this_cpu = 1;
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &memory, 10 * PAGE_SECTORS, NULL));
	put(pool, &memory);
	cancel_delayed_work_sync(&pool->depot.trim);
	trim(pool);
	KUNIT_EXPECT_EQ(test, pool->magazines.cpu[1]->nr[0], 10);
	KUNIT_EXPECT_EQ(test, nr_in_magazines(pool), 11);
	KUNIT_EXPECT_TRUE(test, delayed_work_pending(&pool->depot.trim));
	cancel_delayed_work_sync(&pool->depot.trim);
	trim(pool);
	KUNIT_EXPECT_EQ(test, nr_in_magazines(pool), 0);
	KUNIT_EXPECT_FALSE(test, delayed_work_pending(&pool->depot.trim));
	expect_settled(test, fixture);
}

/* Late data in a chunk in a magazine are found when it is used, freed or checked. */
static void late_data_are_found_in_magazines(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);
	struct blkv_pool *pool = &fixture->pool;
	struct blkv_memory memory = {};
	struct blkv_late late;
	unsigned int way;

	for (way = 0; way < 3; way++) {
		struct page *page;

		this_cpu = way;
		KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &memory, 2 * PAGE_SECTORS, NULL));
		page = memory.vecs[1].bv_page;
		blkv_memory_put(pool, &memory, 1000, 0);
		KUNIT_ASSERT_EQ(test, nr_in_magazine(pool, way), 2);
		((u64 *)page_address(page))[63] = 0xbad;
		switch (way) {
		case 0:
			KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &memory, 2 * PAGE_SECTORS,
								NULL));
			put(pool, &memory);
			break;
		case 1:
			trim(pool);
			trim(pool);
			break;
		case 2:
			blkv_pool_check(pool);
			break;
		}
		expect_late(test, pool, 1000 + PAGE_SECTORS, 504, expected_mark(page, 63), 0xbad);
		KUNIT_EXPECT_FALSE(test, blkv_lates_next(&pool->late, &late));
	}
	expect_settled(test, fixture);
}

/* Memory of a request that a leg failed does not return to a magazine. */
static void suspects_do_not_enter_magazines(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);
	struct blkv_pool *pool = &fixture->pool;
	struct blkv_memory memory = {};

	this_cpu = 3;
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &memory, 10 * PAGE_SECTORS, NULL));
	blkv_memory_put(pool, &memory, 0, BLKV_SUSPECT);
	KUNIT_EXPECT_EQ(test, pool->depot.rest.nr_suspects, 10);
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &memory, PAGE_SECTORS, NULL));
	blkv_memory_put(pool, &memory, 0, BLKV_SUSPECT);
	KUNIT_EXPECT_EQ(test, pool->depot.rest.nr_suspects, 11);
	/* No leg has seen the page for bvecs. */
	KUNIT_EXPECT_EQ(test, nr_in_magazine(pool, 3), 1);
	expect_settled(test, fixture);
	release(pool);
	release(pool);
	KUNIT_EXPECT_EQ(test, pool->depot.rest.nr_suspects, 0);
	expect_settled(test, fixture);
}

/* (P4) Each page stays in its pool, and has one use there. */
static void pools_are_never_mixed(struct kunit *test)
{
	struct rnd_state *random = bvtest_random(test);
	struct fixture *fixtures[2] = { new_fixture(test), new_fixture(test) };
	struct blkv_memory *memories = kunit_kcalloc(test, 2 * MANY, sizeof(*memories), GFP_KERNEL);
	unsigned int round, n, i;

	KUNIT_ASSERT_NOT_NULL(test, memories);
	for (round = 0; round < bvtest_rounds(5000); round++) {
		struct blkv_memory *memory;
		struct blkv_pool *pool;

		n = below(random, 2 * MANY);
		memory = &memories[n];
		pool = &fixtures[n % 2]->pool;
		this_cpu = below(random, CPUS);
		if (memory->nr_vecs) {
			put(pool, memory);
			continue;
		}
		if (one_in(random, 500))
			trim(pool);
		if (!blkv_memory_try(pool, memory, between(random, 1, 150)))
			continue;
		for (i = 0; i < memory->nr_vecs; i++)
			KUNIT_ASSERT_FALSE(test, has_other_role(memory->vecs[i].bv_page,
								DATA + 2 * (n % 2)));
		if (memory->vecs != memory->inline_vecs)
			KUNIT_ASSERT_FALSE(test, has_other_role(virt_to_page(memory->vecs),
								VECS + 2 * (n % 2)));
	}
	for (n = 0; n < 2 * MANY; n++)
		put(&fixtures[n % 2]->pool, &memories[n]);
	xa_destroy(&roles);
}

/* (P3) Two pools never own more than the limit, without their reserves, and both make progress. */
static void pools_share_one_limit(struct kunit *test)
{
	struct rnd_state *random = bvtest_random(test);
	struct fixture *fixtures[2] = { new_fixture(test), new_fixture(test) };
	struct blkv_memory *memories = kunit_kcalloc(test, 2 * MANY, sizeof(*memories), GFP_KERNEL);
	struct blkv_budget *budget = &fixtures[0]->budget;
	unsigned int round, n, refused = 0;
	unsigned long most = 0, beyond;

	KUNIT_ASSERT_NOT_NULL(test, memories);
	fixtures[1]->pool.depot.budget = budget;
	budget->limit = 500;
	for (round = 0; round < bvtest_rounds(5000); round++) {
		struct blkv_memory *memory;
		struct blkv_pool *pool;

		n = below(random, 2 * MANY);
		memory = &memories[n];
		pool = &fixtures[n % 2]->pool;
		if (one_in(random, 300)) {
			trim(pool);
			release(pool);
		}
		if (!blkv_memory_is_empty(memory))
			blkv_memory_put(pool, memory, 0, one_in(random, 50) ? BLKV_SUSPECT : 0);
		else if (!blkv_memory_try(pool, memory, between(random, 1, 800)))
			refused++;
		beyond = 0;
		for (n = 0; n < 2; n++) {
			struct blkv_depot *depot = &fixtures[n]->pool.depot;
			unsigned long owned = nr_owned(&fixtures[n]->pool);

			beyond += owned - min(owned, depot->unclaimed);
			KUNIT_ASSERT_LE(test, owned, depot->unclaimed + depot->claimed);
		}
		KUNIT_ASSERT_LE(test, beyond, budget->limit);
		KUNIT_ASSERT_LE(test, atomic_long_read(&budget->claimed), budget->limit);
		most = max(most, beyond);
	}
	KUNIT_EXPECT_GT(test, most, budget->limit - 100);
	KUNIT_EXPECT_GT(test, refused, 0);
	for (n = 0; n < 2 * MANY; n++)
		put(&fixtures[n % 2]->pool, &memories[n]);
	/* What one pool does not need any more, the other may have. */
	for (n = 0; n < 2; n++) {
		release(&fixtures[0]->pool);
		trim(&fixtures[0]->pool);
	}
	KUNIT_EXPECT_EQ(test, fixtures[0]->pool.depot.claimed, 0);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&budget->claimed),
			fixtures[1]->pool.depot.claimed);
	for (n = 0; n < 2; n++) {
		release(&fixtures[1]->pool);
		trim(&fixtures[1]->pool);
	}
	KUNIT_EXPECT_EQ(test, atomic_long_read(&budget->claimed), 0);
}

/* Legs of several targets that fail all requests do not use up the limit together. */
static void pools_share_the_limit_of_suspects(struct kunit *test)
{
	struct fixture *fixtures[4];
	struct blkv_memory memory = {};
	unsigned int i, n, sum;

	for (n = 0; n < ARRAY_SIZE(fixtures); n++) {
		fixtures[n] = new_fixture(test);
		fixtures[n]->pool.depot.budget = &fixtures[0]->budget;
	}
	fixtures[0]->budget.limit = 8 * 500;
	for (i = 0; i < 50; i++) {
		sum = 0;
		for (n = 0; n < ARRAY_SIZE(fixtures); n++) {
			struct blkv_pool *pool = &fixtures[n]->pool;

			KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &memory, 64 * PAGE_SECTORS,
								NULL));
			blkv_memory_put(pool, &memory, 0, BLKV_SUSPECT);
			flush_work(&pool->depot.release.work);
			sum += pool->depot.rest.nr_suspects;
		}
		/* An eighth of the limit, and what has not rested yet. */
		KUNIT_ASSERT_LE(test, sum, 500 + ARRAY_SIZE(fixtures) * 64);
	}
	KUNIT_EXPECT_GT(test, sum, 200);
	for (n = 0; n < ARRAY_SIZE(fixtures); n++) {
		release(&fixtures[n]->pool);
		release(&fixtures[n]->pool);
		KUNIT_EXPECT_EQ(test, fixtures[n]->pool.depot.rest.nr_suspects, 0);
	}
	KUNIT_EXPECT_EQ(test, atomic_long_read(&fixtures[0]->budget.suspects), 0);
}

/* What this CPU does not need at the moment is not taken from it because others need memory. */
static void magazines_outlast_a_lack_of_memory(struct kunit *test)
{
	struct bvtest_caller *caller = bvtest_caller(test);
	struct fixture *fixture = new_fixture(test);
	struct blkv_pool *pool = &fixture->pool;
	struct blkv_memory memory = {};
	unsigned int i, before;

	fill_magazine(test, pool, 1);
	/* A chunk of an order that is not needed again. */
	bvtest_caller_add(caller, 0, 32 * PAGE_SIZE);
	KUNIT_ASSERT_TRUE(test, get_shaped(fixture, &memory, caller));
	put(pool, &memory);
	KUNIT_ASSERT_EQ(test, pool->depot.data[5].nr, 1);
	before = nr_in_magazines(pool);
	limit_pool(pool, nr_owned(pool));
	cancel_delayed_work_sync(&pool->depot.trim);
	bvtest_caller_reset(caller);
	bvtest_caller_add(caller, 0, 64 * PAGE_SIZE);
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_FALSE(test, blkv_memory_get_long(pool, &memory, &caller->shape));
		/* What is to be freed soon, and what at once. */
		flush_delayed_work(&pool->depot.room);
		flush_work(&pool->depot.trim.work);
	}
	KUNIT_EXPECT_EQ(test, pool->depot.data[5].nr, 0);
	KUNIT_EXPECT_EQ(test, nr_in_magazines(pool), before);
	KUNIT_EXPECT_FALSE(test, delayed_work_pending(&pool->depot.room));
	expect_settled(test, fixture);
}

/* Memory in a magazine would not rest. */
static void pool_with_quarantine_has_no_magazines(struct kunit *test)
{
	struct fixture *fixture = kunit_kzalloc(test, sizeof(*fixture), GFP_KERNEL);
	struct blkv_memory memory = {};
	unsigned int quarantine;

	KUNIT_ASSERT_NOT_NULL(test, fixture);
	for (quarantine = 0; quarantine < 2; quarantine++) {
		KUNIT_ASSERT_EQ(test, init_pool(fixture, quarantine), 0);
		KUNIT_EXPECT_EQ(test, fixture->pool.magazines.nr, quarantine ? 0 : nr_cpu_ids);
		KUNIT_EXPECT_TRUE(test, blkv_memory_get(&fixture->pool, &memory, 10, NULL));
		blkv_pool_check(&fixture->pool);
		put(&fixture->pool, &memory);
		trim(&fixture->pool);
		put(&fixture->pool, &fixture->kept);
		blkv_pool_exit(&fixture->pool);
	}
}

static void failed_init_of_magazines_leaks_nothing(struct kunit *test)
{
	struct blkv_magazines magazines = {};

	/* Zeroed memory is fine. */
	blkv_magazines_exit(&magazines);
	KUNIT_EXPECT_EQ(test, blkv_magazines_init(&magazines, 3), 0);
	blkv_magazines_exit(&magazines);
	KUNIT_EXPECT_NULL(test, magazines.cpu);
}

static int use_magazines(struct kunit *test)
{
	with_magazines = true;
	return 0;
}

static void use_no_magazines(struct kunit *test)
{
	with_magazines = false;
}

static struct kunit_case pool_cases[] = {
	KUNIT_CASE(new_pool_has_its_reserve),
	KUNIT_CASE(limit_is_a_fraction_of_memory),
	KUNIT_CASE(failed_init_leaks_nothing),
	KUNIT_CASE(exit_frees_all_pages),
	KUNIT_CASE(memory_has_the_pages_it_needs),
	KUNIT_CASE(empty_memory_may_be_put),
	KUNIT_CASE(last_used_page_is_reused_first),
	KUNIT_CASE(memories_never_share_a_page),
	KUNIT_CASE(reserve_covers_the_longest_request),
	KUNIT_CASE(failed_get_keeps_no_page),
	KUNIT_CASE(waiter_is_not_overtaken),
	KUNIT_CASE(request_that_leaves_enough_does_not_wait),
	KUNIT_CASE(waiter_sleeps_until_pages_return),
	KUNIT_CASE(limit_is_respected),
	KUNIT_CASE(claims_without_memory_are_returned),
	KUNIT_CASE(trim_frees_what_stayed_idle),
	KUNIT_CASE(trim_is_scheduled),
	KUNIT_CASE(trim_is_scheduled_after_a_check),
	KUNIT_CASE(fresh_memory_is_ascending),
	KUNIT_CASE(reused_memory_stays_ascending),
	KUNIT_CASE(awaited_memory_is_ascending),
	KUNIT_CASE(pages_return_in_the_order_they_went_in),
	KUNIT_CASE(memory_has_the_callers_shape),
	KUNIT_CASE(split_request_begins_inside_a_segment),
	KUNIT_CASE(separate_pages_stay_separate),
	KUNIT_CASE(smaller_chunks_replace_a_large_one),
	KUNIT_CASE(memory_is_usable_whatever_there_is),
	KUNIT_CASE(whole_pages_are_not_reshaped),
	KUNIT_CASE(too_many_segments_are_reshaped),
	KUNIT_CASE(long_memory_leaves_the_reserve_alone),
	KUNIT_CASE(pages_of_a_long_request_are_no_reserve),
	KUNIT_CASE(new_pages_of_a_long_request_are_no_reserve),
	KUNIT_CASE(idle_chunks_are_trimmed),
	KUNIT_CASE(late_data_are_found_in_any_shape),
	KUNIT_CASE(sectors_are_marked_in_any_shape),
	KUNIT_CASE(chunks_rest_and_are_released),
	KUNIT_CASE(memory_of_a_pool_is_walked),
	KUNIT_CASE(lent_memory_is_marked),
	KUNIT_CASE(transferred_data_removes_the_mark),
	KUNIT_CASE(late_data_are_found),
	KUNIT_CASE(late_data_are_found_anywhere_with_a_quarantine),
	KUNIT_CASE(too_many_late_pages_are_left_out),
	KUNIT_CASE(check_looks_at_all_memory),
	KUNIT_CASE(quarantine_is_first_in_first_out),
	KUNIT_CASE(trim_is_scheduled_after_a_rest),
	KUNIT_CASE(trim_is_scheduled_after_a_wait),
	KUNIT_CASE(waiter_takes_a_few_chunks_at_a_time),
	KUNIT_CASE(waiter_gets_resting_pages),
	KUNIT_CASE(suspects_go_back_to_the_system),
	KUNIT_CASE(many_suspects_rest_shorter),
	KUNIT_CASE(waiter_gets_suspects),
	KUNIT_CASE(waiter_learns_of_suspects),
	KUNIT_CASE(waiter_needs_no_suspects),
	KUNIT_CASE(suspects_of_the_reserve_stay),
	KUNIT_CASE(suspects_of_the_reserve_stay_beside_idle_bvecs),
	KUNIT_CASE(kinds_of_pages_are_never_mixed),
	KUNIT_CASE(try_leaves_no_waiter),
	KUNIT_CASE(pool_without_kept_memory),
	{}
};

static struct kunit_suite pool_suite = {
	.name = "pool",
	.test_cases = pool_cases,
};

/* Some cases of the depot as well, with requests that start and end on different CPUs. */
static struct kunit_case magazine_cases[] = {
	KUNIT_CASE(cpus_share_nothing),
	KUNIT_CASE(magazines_hold_surplus_only),
	KUNIT_CASE(exchange_loses_nothing),
	KUNIT_CASE(batches_go_through_the_depot),
	KUNIT_CASE(waiter_takes_from_all_magazines),
	KUNIT_CASE(magazines_are_emptied_one_at_a_time),
	KUNIT_CASE(chunks_return_to_those_who_wait),
	KUNIT_CASE(trim_takes_a_few_at_a_time),
	KUNIT_CASE(unused_chunks_leave_magazines),
	KUNIT_CASE(late_data_are_found_in_magazines),
	KUNIT_CASE(suspects_do_not_enter_magazines),
	KUNIT_CASE(pools_are_never_mixed),
	KUNIT_CASE(pools_share_one_limit),
	KUNIT_CASE(pools_share_the_limit_of_suspects),
	KUNIT_CASE(magazines_outlast_a_lack_of_memory),
	KUNIT_CASE(pool_with_quarantine_has_no_magazines),
	KUNIT_CASE(failed_init_of_magazines_leaks_nothing),
	KUNIT_CASE(new_pool_has_its_reserve),
	KUNIT_CASE(memory_has_the_pages_it_needs),
	KUNIT_CASE(empty_memory_may_be_put),
	KUNIT_CASE(memories_never_share_a_page),
	KUNIT_CASE(reserve_covers_the_longest_request),
	KUNIT_CASE(trim_is_scheduled),
	KUNIT_CASE(memory_has_the_callers_shape),
	KUNIT_CASE(split_request_begins_inside_a_segment),
	KUNIT_CASE(separate_pages_stay_separate),
	KUNIT_CASE(memory_is_usable_whatever_there_is),
	KUNIT_CASE(too_many_segments_are_reshaped),
	KUNIT_CASE(late_data_are_found_in_any_shape),
	KUNIT_CASE(sectors_are_marked_in_any_shape),
	KUNIT_CASE(memory_of_a_pool_is_walked),
	KUNIT_CASE(transferred_data_removes_the_mark),
	KUNIT_CASE(kinds_of_pages_are_never_mixed),
	{}
};

static struct kunit_suite magazine_suite = {
	.name = "magazine",
	.init = use_magazines,
	.exit = use_no_magazines,
	.test_cases = magazine_cases,
};

kunit_test_suites(&pool_suite, &magazine_suite);
