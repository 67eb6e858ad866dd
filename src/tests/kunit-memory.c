// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of private memory and its pool.
 *
 * The pages that the unit allocates are counted and limited, to test a shortage without one.
 */
#include <linux/completion.h>
#include <linux/gfp.h>
#include <linux/slab.h>

#include "kunit.h"

static atomic_t nr_pages_out;
/* How many more pages the unit may allocate. */
static atomic_t system_pages;

static struct page *counted_alloc_page(gfp_t gfp)
{
	struct page *page;

	if (atomic_dec_if_positive(&system_pages) < 0)
		return NULL;
	page = alloc_page(gfp);
	if (page)
		atomic_inc(&nr_pages_out);
	return page;
}

static void counted_free_page(struct page *page)
{
	atomic_dec(&nr_pages_out);
	__free_page(page);
}

#undef alloc_page
#undef __free_page
#define alloc_page counted_alloc_page
#define __free_page counted_free_page
#include "../memory.c"

#define PLENTY 100000

struct fixture {
	struct blkv_pool pool;
	struct blkv_memory kept;
};

static void exit_pool(void *data)
{
	struct fixture *fixture = data;

	blkv_memory_put(&fixture->pool, &fixture->kept);
	blkv_pool_exit(&fixture->pool);
}

KUNIT_DEFINE_ACTION_WRAPPER(exit_pool_action, exit_pool, void *);

static struct fixture *new_fixture(struct kunit *test)
{
	struct fixture *fixture = kunit_kzalloc(test, sizeof(*fixture), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, fixture);
	atomic_set(&nr_pages_out, 0);
	atomic_set(&system_pages, PLENTY);
	KUNIT_ASSERT_EQ(test, blkv_pool_init(&fixture->pool, &fixture->kept), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, exit_pool_action, fixture), 0);
	/* Independent of the memory of this machine. */
	fixture->pool.limit = PLENTY;
	return fixture;
}

static unsigned int length_of(struct list_head *list)
{
	return list_count_nodes(list);
}

/* Call blkv_memory_wait() only where it need not wait: failing is better than hanging. */
static void wait_briefly(struct kunit *test, struct blkv_pool *pool, struct blkv_memory *memory,
			 unsigned int nr_sectors)
{
	unsigned int nr_pages = pages_for_data(nr_sectors);

	KUNIT_ASSERT_GE(test, pool->nr_idle + (unsigned int)atomic_read(&system_pages),
			nr_pages + pages_for_vecs(nr_pages));
	blkv_memory_wait(pool, memory, nr_sectors);
	KUNIT_ASSERT_EQ(test, memory->nr_pages, nr_pages);
}

/* Only what the fixture keeps is in use. */
static void expect_settled(struct kunit *test, struct fixture *fixture)
{
	struct blkv_pool *pool = &fixture->pool;

	KUNIT_EXPECT_EQ(test, length_of(&pool->idle), pool->nr_idle);
	KUNIT_EXPECT_EQ(test, pool->nr_idle + POOL_RESERVE,
			(unsigned int)atomic_read(&nr_pages_out));
	KUNIT_EXPECT_EQ(test, pool->nr_owned, (unsigned int)atomic_read(&nr_pages_out));
	KUNIT_EXPECT_GE(test, pool->nr_idle, POOL_RESERVE);
	KUNIT_EXPECT_EQ(test, pool->waiters, 0);
}

static void new_pool_has_its_reserve(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);

	KUNIT_EXPECT_EQ(test, fixture->pool.nr_idle, POOL_RESERVE);
	KUNIT_EXPECT_EQ(test, fixture->kept.nr_pages, REGION_PAGES);
	expect_settled(test, fixture);
}

/* 2 % of the memory, but at least what a few requests need. */
static void limit_is_a_fraction_of_memory(struct kunit *test)
{
	struct fixture *fixture = kunit_kzalloc(test, sizeof(*fixture), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, fixture);
	atomic_set(&nr_pages_out, 0);
	atomic_set(&system_pages, PLENTY);
	KUNIT_ASSERT_EQ(test, blkv_pool_init(&fixture->pool, &fixture->kept), 0);
	KUNIT_EXPECT_EQ(test, fixture->pool.limit,
			max(totalram_pages() * 2 / 100, 4 * (REGION_PAGES + 1UL)));
	exit_pool(fixture);
}

static void failed_init_leaks_nothing(struct kunit *test)
{
	struct fixture *fixture = kunit_kzalloc(test, sizeof(*fixture), GFP_KERNEL);
	static const unsigned int few[] = { 0, 1, POOL_RESERVE, 2 * POOL_RESERVE - 1 };
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, fixture);
	for (i = 0; i < ARRAY_SIZE(few); i++) {
		memset(fixture, 0, sizeof(*fixture));
		atomic_set(&nr_pages_out, 0);
		atomic_set(&system_pages, few[i]);
		KUNIT_EXPECT_EQ(test, blkv_pool_init(&fixture->pool, &fixture->kept), -ENOMEM);
		blkv_memory_put(&fixture->pool, &fixture->kept);
		blkv_pool_exit(&fixture->pool);
		KUNIT_EXPECT_EQ(test, atomic_read(&nr_pages_out), 0);
	}
}

static void exit_frees_all_pages(struct kunit *test)
{
	struct fixture *fixture = kunit_kzalloc(test, sizeof(*fixture), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, fixture);
	/* Zeroed memory is fine. */
	blkv_pool_exit(&fixture->pool);
	atomic_set(&nr_pages_out, 0);
	atomic_set(&system_pages, PLENTY);
	KUNIT_ASSERT_EQ(test, blkv_pool_init(&fixture->pool, &fixture->kept), 0);
	blkv_memory_put(&fixture->pool, &fixture->kept);
	blkv_pool_exit(&fixture->pool);
	KUNIT_EXPECT_EQ(test, atomic_read(&nr_pages_out), 0);
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

		KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &memory, nr));
		KUNIT_ASSERT_EQ(test, memory.nr_pages, needed);
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
		blkv_memory_put(&fixture->pool, &memory);
		KUNIT_EXPECT_EQ(test, memory.nr_pages, 0);
	}
	/* Requests one at a time are served from the reserve. */
	KUNIT_EXPECT_EQ(test, fixture->pool.nr_idle, POOL_RESERVE);
	expect_settled(test, fixture);
}

static void empty_memory_may_be_put(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);
	struct blkv_memory memory = {};

	blkv_memory_put(&fixture->pool, &memory);
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &memory, 8));
	blkv_memory_put(&fixture->pool, &memory);
	blkv_memory_put(&fixture->pool, &memory);
	expect_settled(test, fixture);
}

static void last_used_page_is_reused_first(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);
	struct blkv_memory a = {}, b = {};
	struct page *page;

	KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &a, PAGE_SECTORS));
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &b, PAGE_SECTORS));
	page = a.vecs[0].bv_page;
	blkv_memory_put(&fixture->pool, &b);
	blkv_memory_put(&fixture->pool, &a);
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &a, PAGE_SECTORS));
	KUNIT_ASSERT_PTR_EQ(test, a.vecs[0].bv_page, page);
	blkv_memory_put(&fixture->pool, &a);
}

#define MANY 24

static bool holds(const struct blkv_memory *memory, u8 stamp)
{
	unsigned int i;

	for (i = 0; i < memory->nr_pages; i++)
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
		if (memory->nr_pages) {
			KUNIT_ASSERT_TRUE(test, holds(memory, n + 1));
			blkv_memory_put(&fixture->pool, memory);
			continue;
		}
		nr_sectors = between(random, 1, one_in(random, 3) ? BLKV_REGION_SECTORS : 64);
		KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, memory, nr_sectors));
		for (i = 0; i < memory->nr_pages; i++)
			memset(bvec_virt(&memory->vecs[i]), n + 1, 64);
	}
	for (n = 0; n < MANY; n++) {
		KUNIT_EXPECT_TRUE(test, holds(&memories[n], n + 1));
		blkv_memory_put(&fixture->pool, &memories[n]);
	}
	expect_settled(test, fixture);
}

static void reserve_covers_the_longest_request(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);
	struct blkv_memory memory = {};

	atomic_set(&system_pages, 0);
	KUNIT_EXPECT_TRUE(test, blkv_memory_get(&fixture->pool, &memory, BLKV_REGION_SECTORS));
	blkv_memory_put(&fixture->pool, &memory);
	expect_settled(test, fixture);
}

static void failed_get_keeps_no_page(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);
	struct blkv_memory a = {}, b = {};

	KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &a, 10 * PAGE_SECTORS));
	/* Not enough, even idle and new pages together. */
	atomic_set(&system_pages, 5);
	KUNIT_EXPECT_FALSE(test, blkv_memory_get(&fixture->pool, &b, BLKV_REGION_SECTORS));
	KUNIT_EXPECT_EQ(test, b.nr_pages, 0);
	KUNIT_EXPECT_EQ(test, fixture->pool.waiters, 1);
	KUNIT_EXPECT_EQ(test, fixture->pool.nr_idle, POOL_RESERVE - 11 + 5);
	KUNIT_EXPECT_EQ(test, length_of(&fixture->pool.idle), POOL_RESERVE - 11 + 5);

	blkv_memory_put(&fixture->pool, &a);
	wait_briefly(test, &fixture->pool, &b, BLKV_REGION_SECTORS);
	KUNIT_EXPECT_EQ(test, b.nr_pages, REGION_PAGES);
	blkv_memory_put(&fixture->pool, &b);
	expect_settled(test, fixture);
}

/* A newer request may pass if it leaves as much as the waiter can need. */
static void request_that_leaves_enough_does_not_wait(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);
	struct blkv_memory a = {}, b = {}, c = {}, d = {};

	KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &a, BLKV_REGION_SECTORS));
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &b, 2 * PAGE_SECTORS));
	atomic_set(&system_pages, 0);
	KUNIT_EXPECT_FALSE(test, blkv_memory_get(&fixture->pool, &c, BLKV_REGION_SECTORS));
	blkv_memory_put(&fixture->pool, &a);
	/* The waiter can need the reserve; there are two pages more. */
	blkv_memory_put(&fixture->pool, &b);
	KUNIT_ASSERT_EQ(test, fixture->pool.nr_idle, POOL_RESERVE + 2);
	KUNIT_EXPECT_TRUE(test, blkv_memory_get(&fixture->pool, &d, 2 * PAGE_SECTORS));
	KUNIT_EXPECT_FALSE(test, blkv_memory_get(&fixture->pool, &b, PAGE_SECTORS));
	wait_briefly(test, &fixture->pool, &c, BLKV_REGION_SECTORS);
	blkv_memory_put(&fixture->pool, &c);
	wait_briefly(test, &fixture->pool, &b, PAGE_SECTORS);
	blkv_memory_put(&fixture->pool, &b);
	blkv_memory_put(&fixture->pool, &d);
	expect_settled(test, fixture);
}

static void waiter_is_not_overtaken(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);
	struct blkv_memory a = {}, b = {}, c = {};

	KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &a, PAGE_SECTORS));
	atomic_set(&system_pages, 0);
	KUNIT_EXPECT_FALSE(test, blkv_memory_get(&fixture->pool, &b, BLKV_REGION_SECTORS));
	/* There are enough pages for this one, idle and new. */
	atomic_set(&system_pages, PLENTY);
	KUNIT_EXPECT_FALSE(test, blkv_memory_get(&fixture->pool, &c, PAGE_SECTORS));
	KUNIT_EXPECT_EQ(test, fixture->pool.waiters, 2);

	wait_briefly(test, &fixture->pool, &b, BLKV_REGION_SECTORS);
	KUNIT_EXPECT_EQ(test, fixture->pool.waiters, 1);
	wait_briefly(test, &fixture->pool, &c, PAGE_SECTORS);
	blkv_memory_put(&fixture->pool, &a);
	blkv_memory_put(&fixture->pool, &b);
	blkv_memory_put(&fixture->pool, &c);
	expect_settled(test, fixture);

	/* Afterwards, everything is as before. */
	KUNIT_EXPECT_TRUE(test, blkv_memory_get(&fixture->pool, &a, PAGE_SECTORS));
	blkv_memory_put(&fixture->pool, &a);
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

	blkv_memory_wait(waiter->pool, &waiter->memory, BLKV_REGION_SECTORS);
	complete(&waiter->served);
}

static void waiter_sleeps_until_pages_return(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);
	struct waiter *waiter = kunit_kzalloc(test, sizeof(*waiter), GFP_KERNEL);
	struct blkv_memory small[2] = {};
	unsigned long left;

	KUNIT_ASSERT_NOT_NULL(test, waiter);
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &small[0], PAGE_SECTORS));
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &small[1], PAGE_SECTORS));
	atomic_set(&system_pages, 0);
	KUNIT_ASSERT_FALSE(test,
			   blkv_memory_get(&fixture->pool, &waiter->memory, BLKV_REGION_SECTORS));

	waiter->pool = &fixture->pool;
	init_completion(&waiter->served);
	INIT_WORK(&waiter->work, wait_in_work);
	schedule_work(&waiter->work);
	KUNIT_EXPECT_EQ(test, wait_for_completion_timeout(&waiter->served, HZ / 10), 0);
	/* It holds what was idle, and still lacks a page after the first of these two. */
	blkv_memory_put(&fixture->pool, &small[0]);
	KUNIT_EXPECT_EQ(test, wait_for_completion_timeout(&waiter->served, HZ / 10), 0);
	blkv_memory_put(&fixture->pool, &small[1]);
	left = wait_for_completion_timeout(&waiter->served, 5 * HZ);
	KUNIT_EXPECT_NE(test, left, 0);
	if (!left) {
		/* Let it finish: it must not wait in memory that is freed. */
		atomic_set(&system_pages, PLENTY);
		wake_up_all(&fixture->pool.wait);
		schedule_timeout_uninterruptible(HZ / 10);
		blkv_memory_put(&fixture->pool, &fixture->kept);
	}
	cancel_work_sync(&waiter->work);
	KUNIT_EXPECT_EQ(test, waiter->memory.nr_pages, REGION_PAGES);
	blkv_memory_put(&fixture->pool, &waiter->memory);
	if (left)
		expect_settled(test, fixture);
}

static void limit_is_respected(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);
	struct blkv_pool *pool = &fixture->pool;
	struct blkv_memory a = {}, b = {}, c = {};

	/* One page too few for the kept memory, a and b. */
	pool->limit = 3 * POOL_RESERVE - 1;
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &a, BLKV_REGION_SECTORS));
	KUNIT_EXPECT_FALSE(test, blkv_memory_get(pool, &b, BLKV_REGION_SECTORS));
	KUNIT_EXPECT_LE(test, atomic_read(&nr_pages_out), (int)pool->limit);
	KUNIT_EXPECT_EQ(test, pool->nr_owned, (unsigned int)atomic_read(&nr_pages_out));
	blkv_memory_put(pool, &a);
	wait_briefly(test, pool, &b, BLKV_REGION_SECTORS);
	KUNIT_EXPECT_LE(test, atomic_read(&nr_pages_out), (int)pool->limit);

	/* One page less fits. */
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &c, BLKV_REGION_SECTORS - PAGE_SECTORS));
	KUNIT_EXPECT_EQ(test, atomic_read(&nr_pages_out), (int)pool->limit);
	blkv_memory_put(pool, &b);
	blkv_memory_put(pool, &c);
	expect_settled(test, fixture);

	/* A failed allocation is not counted as a page. */
	pool->limit = PLENTY;
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &a, BLKV_REGION_SECTORS));
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &b, BLKV_REGION_SECTORS));
	atomic_set(&system_pages, 3);
	KUNIT_EXPECT_FALSE(test, blkv_memory_get(pool, &c, BLKV_REGION_SECTORS));
	KUNIT_EXPECT_EQ(test, pool->nr_owned, (unsigned int)atomic_read(&nr_pages_out));
	blkv_memory_put(pool, &a);
	wait_briefly(test, pool, &c, BLKV_REGION_SECTORS);
	blkv_memory_put(pool, &b);
	blkv_memory_put(pool, &c);
	expect_settled(test, fixture);
}

static void trim_frees_what_stayed_idle(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);
	struct blkv_memory memories[4] = {};
	struct blkv_pool *pool = &fixture->pool;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(memories); i++)
		KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &memories[i], BLKV_REGION_SECTORS));
	for (i = 0; i < ARRAY_SIZE(memories); i++)
		blkv_memory_put(pool, &memories[i]);
	KUNIT_EXPECT_EQ(test, pool->nr_idle, 4 * POOL_RESERVE);
	KUNIT_EXPECT_TRUE(test, delayed_work_pending(&pool->trim));
	cancel_delayed_work_sync(&pool->trim);

	/* All of them have been in use since the last trim. */
	pool_trim(&pool->trim.work);
	KUNIT_EXPECT_EQ(test, pool->nr_idle, 4 * POOL_RESERVE);
	KUNIT_EXPECT_TRUE(test, delayed_work_pending(&pool->trim));
	cancel_delayed_work_sync(&pool->trim);
	/* Since then, those of two requests. */
	for (i = 0; i < 2; i++)
		KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &memories[i], BLKV_REGION_SECTORS));
	for (i = 0; i < 2; i++)
		blkv_memory_put(pool, &memories[i]);
	cancel_delayed_work_sync(&pool->trim);
	pool_trim(&pool->trim.work);
	KUNIT_EXPECT_EQ(test, pool->nr_idle, 3 * POOL_RESERVE);
	cancel_delayed_work_sync(&pool->trim);
	/* Since then, none: only the reserve is left. */
	pool_trim(&pool->trim.work);
	KUNIT_EXPECT_EQ(test, pool->nr_idle, POOL_RESERVE);
	KUNIT_EXPECT_FALSE(test, delayed_work_pending(&pool->trim));
	pool_trim(&pool->trim.work);
	KUNIT_EXPECT_EQ(test, pool->nr_idle, POOL_RESERVE);
	expect_settled(test, fixture);
}

static void trim_is_scheduled(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);
	struct blkv_memory a = {}, b = {};
	unsigned int i;

	KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &a, BLKV_REGION_SECTORS));
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &b, BLKV_REGION_SECTORS));
	blkv_memory_put(&fixture->pool, &a);
	blkv_memory_put(&fixture->pool, &b);
	for (i = 0; i < 50 && READ_ONCE(fixture->pool.nr_idle) > POOL_RESERVE; i++)
		schedule_timeout_uninterruptible(HZ / 10);
	expect_settled(test, fixture);
	KUNIT_EXPECT_EQ(test, fixture->pool.nr_idle, POOL_RESERVE);
}

static struct kunit_case memory_cases[] = {
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
	KUNIT_CASE(trim_frees_what_stayed_idle),
	KUNIT_CASE(trim_is_scheduled),
	{}
};

static struct kunit_suite memory_suite = {
	.name = "memory",
	.test_cases = memory_cases,
};

kunit_test_suite(memory_suite);
