// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the pool of private pages.
 *
 * The unit's pages are counted and can be refused, so that a shortage needs no shortage.
 */
#include <linux/completion.h>
#include <linux/gfp.h>
#include <linux/slab.h>

#include "kunit.h"
#include "../dm-blkverify.h"

static atomic_t nr_pages_out;
/* How many more pages the system has for us. */
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
#define SECTORS_IN_PAGE ((unsigned int)(PAGE_SIZE >> SECTOR_SHIFT))

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
	/* Not that of this machine. */
	fixture->pool.limit = PLENTY;
	return fixture;
}

static unsigned int length_of(struct list_head *list)
{
	return list_count_nodes(list);
}

/* Wait where no waiting is due: a test that never ends says less than one that fails. */
static void wait_briefly(struct kunit *test, struct blkv_pool *pool, struct blkv_memory *buffer,
			 unsigned int nr_sectors)
{
	unsigned int nr_pages = pages_for_data(nr_sectors);

	KUNIT_ASSERT_GE(test, pool->nr_idle + (unsigned int)atomic_read(&system_pages),
			nr_pages + pages_for_vecs(nr_pages));
	blkv_memory_wait(pool, buffer, nr_sectors);
	KUNIT_ASSERT_EQ(test, buffer->nr_pages, nr_pages);
}

/* Nothing is out but what the fixture keeps. */
static void expect_settled(struct kunit *test, struct fixture *fixture)
{
	struct blkv_pool *pool = &fixture->pool;

	KUNIT_EXPECT_EQ(test, length_of(&pool->idle), pool->nr_idle);
	KUNIT_EXPECT_EQ(test, pool->nr_idle + RESERVE, (unsigned int)atomic_read(&nr_pages_out));
	KUNIT_EXPECT_EQ(test, pool->nr_owned, (unsigned int)atomic_read(&nr_pages_out));
	KUNIT_EXPECT_GE(test, pool->nr_idle, RESERVE);
	KUNIT_EXPECT_EQ(test, pool->waiters, 0);
}

static void a_new_pool_has_its_reserve_beside_what_is_kept(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);

	KUNIT_EXPECT_EQ(test, fixture->pool.nr_idle, RESERVE);
	KUNIT_EXPECT_EQ(test, fixture->kept.nr_pages, BLKV_REGION_PAGES);
	expect_settled(test, fixture);
}

/* 2 % of this machine's memory, but on a small one still what a few requests need. */
static void the_limit_is_a_part_of_the_memory(struct kunit *test)
{
	struct fixture *fixture = kunit_kzalloc(test, sizeof(*fixture), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, fixture);
	atomic_set(&nr_pages_out, 0);
	atomic_set(&system_pages, PLENTY);
	KUNIT_ASSERT_EQ(test, blkv_pool_init(&fixture->pool, &fixture->kept), 0);
	KUNIT_EXPECT_EQ(test, fixture->pool.limit,
			max(totalram_pages() * 2 / 100, 4 * (BLKV_REGION_PAGES + 1UL)));
	exit_pool(fixture);
}

static void a_pool_that_gets_no_memory_says_so_and_leaks_nothing(struct kunit *test)
{
	struct fixture *fixture = kunit_kzalloc(test, sizeof(*fixture), GFP_KERNEL);
	static const unsigned int few[] = { 0, 1, RESERVE, 2 * RESERVE - 1 };
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
	/* Of zeroed memory, too. */
	blkv_pool_exit(&fixture->pool);
	atomic_set(&nr_pages_out, 0);
	atomic_set(&system_pages, PLENTY);
	KUNIT_ASSERT_EQ(test, blkv_pool_init(&fixture->pool, &fixture->kept), 0);
	blkv_memory_put(&fixture->pool, &fixture->kept);
	blkv_pool_exit(&fixture->pool);
	KUNIT_EXPECT_EQ(test, atomic_read(&nr_pages_out), 0);
}

/* Whole pages of its own, as many as the sectors need, for every length. */
static void a_buffer_has_the_pages_that_it_needs(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);
	struct blkv_memory buffer = {};
	unsigned int nr, i;

	for (nr = 1; nr <= BLKV_REGION_SECTORS; nr += nr < 100 ? 1 : 61) {
		unsigned int needed = DIV_ROUND_UP(nr, SECTORS_IN_PAGE);

		KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &buffer, nr));
		KUNIT_ASSERT_EQ(test, buffer.nr_pages, needed);
		KUNIT_EXPECT_EQ(test, buffer.vecs == buffer.inline_vecs,
				needed <= BLKV_INLINE_VECS);
		for (i = 0; i < needed; i++) {
			KUNIT_ASSERT_EQ(test, buffer.vecs[i].bv_len, PAGE_SIZE);
			KUNIT_ASSERT_EQ(test, buffer.vecs[i].bv_offset, 0);
		}
		/* A page that were in there twice, or held the vecs, would not keep this. */
		for (i = 0; i < nr; i++)
			memset(blkv_memory_sector(&buffer, i), i, SECTOR_SIZE);
		for (i = 0; i < nr; i++)
			KUNIT_ASSERT_NULL(test, memchr_inv(blkv_memory_sector(&buffer, i), i & 0xff,
							   SECTOR_SIZE));
		blkv_memory_put(&fixture->pool, &buffer);
		KUNIT_EXPECT_EQ(test, buffer.nr_pages, 0);
	}
	/* One request after the other is served from the reserve. */
	KUNIT_EXPECT_EQ(test, fixture->pool.nr_idle, RESERVE);
	expect_settled(test, fixture);
}

static void an_empty_buffer_may_be_put(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);
	struct blkv_memory buffer = {};

	blkv_memory_put(&fixture->pool, &buffer);
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &buffer, 8));
	blkv_memory_put(&fixture->pool, &buffer);
	blkv_memory_put(&fixture->pool, &buffer);
	expect_settled(test, fixture);
}

static void the_page_used_last_is_used_first(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);
	struct blkv_memory a = {}, b = {};
	struct page *page;

	KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &a, SECTORS_IN_PAGE));
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &b, SECTORS_IN_PAGE));
	page = a.vecs[0].bv_page;
	blkv_memory_put(&fixture->pool, &b);
	blkv_memory_put(&fixture->pool, &a);
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &a, SECTORS_IN_PAGE));
	KUNIT_ASSERT_PTR_EQ(test, a.vecs[0].bv_page, page);
	blkv_memory_put(&fixture->pool, &a);
}

#define MANY 24

static bool holds(const struct blkv_memory *buffer, u8 stamp)
{
	unsigned int i;

	for (i = 0; i < buffer->nr_pages; i++)
		if (memchr_inv(bvec_virt(&buffer->vecs[i]), stamp, 64))
			return false;
	return true;
}

static void random_buffers_never_share_a_page(struct kunit *test)
{
	struct rnd_state *random = bvtest_random(test);
	struct fixture *fixture = new_fixture(test);
	struct blkv_memory *buffers = kunit_kcalloc(test, MANY, sizeof(*buffers), GFP_KERNEL);
	unsigned int round, i, n;

	KUNIT_ASSERT_NOT_NULL(test, buffers);
	for (round = 0; round < bvtest_rounds(1000); round++) {
		struct blkv_memory *buffer;

		n = below(random, MANY);
		buffer = &buffers[n];
		if (buffer->nr_pages) {
			KUNIT_ASSERT_TRUE(test, holds(buffer, n + 1));
			blkv_memory_put(&fixture->pool, buffer);
			continue;
		}
		KUNIT_ASSERT_TRUE(
			test,
			blkv_memory_get(&fixture->pool, buffer,
					between(random, 1,
						one_in(random, 3) ? BLKV_REGION_SECTORS : 64)));
		for (i = 0; i < buffer->nr_pages; i++)
			memset(bvec_virt(&buffer->vecs[i]), n + 1, 64);
	}
	for (n = 0; n < MANY; n++) {
		KUNIT_EXPECT_TRUE(test, holds(&buffers[n], n + 1));
		blkv_memory_put(&fixture->pool, &buffers[n]);
	}
	expect_settled(test, fixture);
}

static void the_reserve_covers_the_longest_request_without_the_system(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);
	struct blkv_memory buffer = {};

	atomic_set(&system_pages, 0);
	KUNIT_EXPECT_TRUE(test, blkv_memory_get(&fixture->pool, &buffer, BLKV_REGION_SECTORS));
	blkv_memory_put(&fixture->pool, &buffer);
	expect_settled(test, fixture);
}

static void a_refusal_keeps_no_page(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);
	struct blkv_memory a = {}, b = {};

	KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &a, 10 * SECTORS_IN_PAGE));
	/* Not enough, idle and new together. */
	atomic_set(&system_pages, 5);
	KUNIT_EXPECT_FALSE(test, blkv_memory_get(&fixture->pool, &b, BLKV_REGION_SECTORS));
	KUNIT_EXPECT_EQ(test, b.nr_pages, 0);
	KUNIT_EXPECT_EQ(test, fixture->pool.waiters, 1);
	KUNIT_EXPECT_EQ(test, fixture->pool.nr_idle, RESERVE - 11 + 5);
	KUNIT_EXPECT_EQ(test, length_of(&fixture->pool.idle), RESERVE - 11 + 5);

	blkv_memory_put(&fixture->pool, &a);
	wait_briefly(test, &fixture->pool, &b, BLKV_REGION_SECTORS);
	KUNIT_EXPECT_EQ(test, b.nr_pages, BLKV_REGION_PAGES);
	blkv_memory_put(&fixture->pool, &b);
	expect_settled(test, fixture);
}

/* ... but by those who leave it as much as it can need. */
static void who_leaves_enough_does_not_wait(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);
	struct blkv_memory a = {}, b = {}, c = {}, d = {};

	KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &a, BLKV_REGION_SECTORS));
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &b, 2 * SECTORS_IN_PAGE));
	atomic_set(&system_pages, 0);
	KUNIT_EXPECT_FALSE(test, blkv_memory_get(&fixture->pool, &c, BLKV_REGION_SECTORS));
	blkv_memory_put(&fixture->pool, &a);
	/* The reserve and two pages more would do; there are two pages more. */
	blkv_memory_put(&fixture->pool, &b);
	KUNIT_ASSERT_EQ(test, fixture->pool.nr_idle, RESERVE + 2);
	KUNIT_EXPECT_TRUE(test, blkv_memory_get(&fixture->pool, &d, 2 * SECTORS_IN_PAGE));
	KUNIT_EXPECT_FALSE(test, blkv_memory_get(&fixture->pool, &b, SECTORS_IN_PAGE));
	wait_briefly(test, &fixture->pool, &c, BLKV_REGION_SECTORS);
	blkv_memory_put(&fixture->pool, &c);
	wait_briefly(test, &fixture->pool, &b, SECTORS_IN_PAGE);
	blkv_memory_put(&fixture->pool, &b);
	blkv_memory_put(&fixture->pool, &d);
	expect_settled(test, fixture);
}

static void who_waits_is_not_overtaken(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);
	struct blkv_memory a = {}, b = {}, c = {};

	KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &a, SECTORS_IN_PAGE));
	atomic_set(&system_pages, 0);
	KUNIT_EXPECT_FALSE(test, blkv_memory_get(&fixture->pool, &b, BLKV_REGION_SECTORS));
	/* There would be pages for this one, idle and new. */
	atomic_set(&system_pages, PLENTY);
	KUNIT_EXPECT_FALSE(test, blkv_memory_get(&fixture->pool, &c, SECTORS_IN_PAGE));
	KUNIT_EXPECT_EQ(test, fixture->pool.waiters, 2);

	wait_briefly(test, &fixture->pool, &b, BLKV_REGION_SECTORS);
	KUNIT_EXPECT_EQ(test, fixture->pool.waiters, 1);
	wait_briefly(test, &fixture->pool, &c, SECTORS_IN_PAGE);
	blkv_memory_put(&fixture->pool, &a);
	blkv_memory_put(&fixture->pool, &b);
	blkv_memory_put(&fixture->pool, &c);
	expect_settled(test, fixture);

	/* After that, all is as before. */
	KUNIT_EXPECT_TRUE(test, blkv_memory_get(&fixture->pool, &a, SECTORS_IN_PAGE));
	blkv_memory_put(&fixture->pool, &a);
}

struct waiter {
	struct work_struct work;
	struct completion served;
	struct blkv_pool *pool;
	struct blkv_memory buffer;
};

static void wait_in_work(struct work_struct *work)
{
	struct waiter *waiter = container_of(work, struct waiter, work);

	blkv_memory_wait(waiter->pool, &waiter->buffer, BLKV_REGION_SECTORS);
	complete(&waiter->served);
}

static void a_waiter_sleeps_until_pages_come_back(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);
	struct waiter *waiter = kunit_kzalloc(test, sizeof(*waiter), GFP_KERNEL);
	struct blkv_memory small[2] = {};
	unsigned long left;

	KUNIT_ASSERT_NOT_NULL(test, waiter);
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &small[0], SECTORS_IN_PAGE));
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &small[1], SECTORS_IN_PAGE));
	atomic_set(&system_pages, 0);
	KUNIT_ASSERT_FALSE(test,
			   blkv_memory_get(&fixture->pool, &waiter->buffer, BLKV_REGION_SECTORS));

	waiter->pool = &fixture->pool;
	init_completion(&waiter->served);
	INIT_WORK(&waiter->work, wait_in_work);
	schedule_work(&waiter->work);
	KUNIT_EXPECT_EQ(test, wait_for_completion_timeout(&waiter->served, HZ / 10), 0);
	/* It holds what there was, and still lacks a page after the first of these two. */
	blkv_memory_put(&fixture->pool, &small[0]);
	KUNIT_EXPECT_EQ(test, wait_for_completion_timeout(&waiter->served, HZ / 10), 0);
	blkv_memory_put(&fixture->pool, &small[1]);
	left = wait_for_completion_timeout(&waiter->served, 5 * HZ);
	KUNIT_EXPECT_NE(test, left, 0);
	if (!left) {
		/* Let it go, lest it wait in memory that is gone. */
		atomic_set(&system_pages, PLENTY);
		wake_up_all(&fixture->pool.wait);
		schedule_timeout_uninterruptible(HZ / 10);
		blkv_memory_put(&fixture->pool, &fixture->kept);
	}
	cancel_work_sync(&waiter->work);
	KUNIT_EXPECT_EQ(test, waiter->buffer.nr_pages, BLKV_REGION_PAGES);
	blkv_memory_put(&fixture->pool, &waiter->buffer);
	if (left)
		expect_settled(test, fixture);
}

static void the_limit_is_kept_and_counts_what_is_owned(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);
	struct blkv_pool *pool = &fixture->pool;
	struct blkv_memory a = {}, b = {}, c = {};

	/* What is kept, a, and all but one page of b. */
	pool->limit = 3 * RESERVE - 1;
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &a, BLKV_REGION_SECTORS));
	KUNIT_EXPECT_FALSE(test, blkv_memory_get(pool, &b, BLKV_REGION_SECTORS));
	KUNIT_EXPECT_LE(test, atomic_read(&nr_pages_out), (int)pool->limit);
	KUNIT_EXPECT_EQ(test, pool->nr_owned, (unsigned int)atomic_read(&nr_pages_out));
	blkv_memory_put(pool, &a);
	wait_briefly(test, pool, &b, BLKV_REGION_SECTORS);
	KUNIT_EXPECT_LE(test, atomic_read(&nr_pages_out), (int)pool->limit);

	/* One less fits. */
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &c, BLKV_REGION_SECTORS - SECTORS_IN_PAGE));
	KUNIT_EXPECT_EQ(test, atomic_read(&nr_pages_out), (int)pool->limit);
	blkv_memory_put(pool, &b);
	blkv_memory_put(pool, &c);
	expect_settled(test, fixture);

	/* The system's refusal is not counted as a page. */
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

static void trim_returns_what_was_idle_since_the_last_time(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);
	struct blkv_memory buffers[4] = {};
	struct blkv_pool *pool = &fixture->pool;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(buffers); i++)
		KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &buffers[i], BLKV_REGION_SECTORS));
	for (i = 0; i < ARRAY_SIZE(buffers); i++)
		blkv_memory_put(pool, &buffers[i]);
	KUNIT_EXPECT_EQ(test, pool->nr_idle, 4 * RESERVE);
	KUNIT_EXPECT_TRUE(test, delayed_work_pending(&pool->trim));
	cancel_delayed_work_sync(&pool->trim);

	/* All of them were in use a moment ago. */
	trim(&pool->trim.work);
	KUNIT_EXPECT_EQ(test, pool->nr_idle, 4 * RESERVE);
	KUNIT_EXPECT_TRUE(test, delayed_work_pending(&pool->trim));
	cancel_delayed_work_sync(&pool->trim);
	/* Two requests' worth since then. */
	for (i = 0; i < 2; i++)
		KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &buffers[i], BLKV_REGION_SECTORS));
	for (i = 0; i < 2; i++)
		blkv_memory_put(pool, &buffers[i]);
	cancel_delayed_work_sync(&pool->trim);
	trim(&pool->trim.work);
	KUNIT_EXPECT_EQ(test, pool->nr_idle, 3 * RESERVE);
	cancel_delayed_work_sync(&pool->trim);
	/* None since then: down to the reserve, and no further. */
	trim(&pool->trim.work);
	KUNIT_EXPECT_EQ(test, pool->nr_idle, RESERVE);
	KUNIT_EXPECT_FALSE(test, delayed_work_pending(&pool->trim));
	trim(&pool->trim.work);
	KUNIT_EXPECT_EQ(test, pool->nr_idle, RESERVE);
	expect_settled(test, fixture);
}

static void trim_comes_by_itself(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);
	struct blkv_memory a = {}, b = {};
	unsigned int i;

	KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &a, BLKV_REGION_SECTORS));
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &b, BLKV_REGION_SECTORS));
	blkv_memory_put(&fixture->pool, &a);
	blkv_memory_put(&fixture->pool, &b);
	for (i = 0; i < 50 && READ_ONCE(fixture->pool.nr_idle) > RESERVE; i++)
		schedule_timeout_uninterruptible(HZ / 10);
	expect_settled(test, fixture);
	KUNIT_EXPECT_EQ(test, fixture->pool.nr_idle, RESERVE);
}

static struct kunit_case buffer_cases[] = {
	KUNIT_CASE(a_new_pool_has_its_reserve_beside_what_is_kept),
	KUNIT_CASE(the_limit_is_a_part_of_the_memory),
	KUNIT_CASE(a_pool_that_gets_no_memory_says_so_and_leaks_nothing),
	KUNIT_CASE(exit_frees_all_pages),
	KUNIT_CASE(a_buffer_has_the_pages_that_it_needs),
	KUNIT_CASE(an_empty_buffer_may_be_put),
	KUNIT_CASE(the_page_used_last_is_used_first),
	KUNIT_CASE(random_buffers_never_share_a_page),
	KUNIT_CASE(the_reserve_covers_the_longest_request_without_the_system),
	KUNIT_CASE(a_refusal_keeps_no_page),
	KUNIT_CASE(who_waits_is_not_overtaken),
	KUNIT_CASE(who_leaves_enough_does_not_wait),
	KUNIT_CASE(a_waiter_sleeps_until_pages_come_back),
	KUNIT_CASE(the_limit_is_kept_and_counts_what_is_owned),
	KUNIT_CASE(trim_returns_what_was_idle_since_the_last_time),
	KUNIT_CASE(trim_comes_by_itself),
	{}
};

static struct kunit_suite buffer_suite = {
	.name = "buffer",
	.test_cases = buffer_cases,
};

kunit_test_suite(buffer_suite);
