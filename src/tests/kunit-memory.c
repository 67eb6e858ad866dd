// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of private memory and its pool.
 *
 * The pages that the unit allocates are counted and limited, to test a shortage without one.
 */
#include <kunit/static_stub.h>
#include <linux/bio.h>
#include <linux/completion.h>
#include <linux/crc32c.h>
#include <linux/gfp.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "kunit.h"
#include "memory.h"

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
/* How many more pages the unit may allocate. */
static unsigned int system_pages;
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

/* Let go of the pages that the unit has freed; returns how many it has not. */
static unsigned int nr_pages_out(void)
{
	unsigned int i, nr = 0;

	for (i = 0; i < nr_given; i++) {
		if (page_count(given[i]) > 1) {
			given[nr++] = given[i];
			continue;
		}
		xa_erase(&roles, page_to_pfn(given[i]));
		put_page(given[i]);
	}
	nr_given = nr;
	return nr;
}

static struct page *limited_page_alloc(gfp_t gfp)
{
	struct page *page;

	if (nr_given == GIVEN_MAX && nr_pages_out() == GIVEN_MAX)
		return NULL;
	if (!system_pages)
		return NULL;
	system_pages--;
	page = list_first_entry_or_null(&ascending_pages, struct page, lru);
	if (page)
		list_del(&page->lru);
	else
		page = alloc_page(gfp | __GFP_NOMEMALLOC | __GFP_NOWARN);
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
	kunit_activate_static_stub(test, blkv_page_alloc, limited_page_alloc);
}

#define PLENTY 100000
#define MARK 0x123456789abcdef0ULL

struct fixture {
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
	return READ_ONCE(pool->data.nr) + READ_ONCE(pool->vecs.nr);
}

static unsigned long nr_owned(const struct blkv_pool *pool)
{
	return pool->data.nr_owned + pool->vecs.nr_owned;
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
	/* Independent of the memory of this machine. */
	fixture->pool.limit = PLENTY;
	return fixture;
}

static struct fixture *new_fixture(struct kunit *test)
{
	return new_resting_fixture(test, 0);
}

static unsigned int length_of(struct list_head *list)
{
	return list_count_nodes(list);
}

/* Call blkv_memory_wait() only where it need not wait: failing is better than hanging. */
static void wait_briefly(struct kunit *test, struct blkv_pool *pool, struct blkv_memory *memory,
			 unsigned int nr_sectors)
{
	KUNIT_ASSERT_GE(test, nr_idle(pool) + pool->nr_resting + system_pages,
			pages_needed(nr_sectors));
	blkv_memory_wait(pool, memory, nr_sectors);
	KUNIT_ASSERT_EQ(test, memory->nr_pages, DIV_ROUND_UP(nr_sectors, PAGE_SECTORS));
}

/* Only what the fixture keeps is in use. */
static void expect_settled(struct kunit *test, struct fixture *fixture)
{
	struct blkv_pool *pool = &fixture->pool;

	KUNIT_EXPECT_EQ(test, length_of(&pool->data.pages), pool->data.nr);
	KUNIT_EXPECT_EQ(test, length_of(&pool->vecs.pages), pool->vecs.nr);
	KUNIT_EXPECT_EQ(test, length_of(&pool->resting), pool->nr_resting);
	KUNIT_EXPECT_EQ(test, length_of(&pool->suspects[0]) + length_of(&pool->suspects[1]),
			pool->nr_suspects);
	KUNIT_EXPECT_EQ(test, nr_idle(pool) + pool->nr_resting + pool->nr_suspects + POOL_RESERVE,
			nr_pages_out());
	KUNIT_EXPECT_EQ(test, nr_owned(pool), nr_pages_out());
	KUNIT_EXPECT_GE(test, pool->data.nr_owned, 2 * RESERVE_DATA);
	KUNIT_EXPECT_GE(test, pool->vecs.nr_owned, 2 * RESERVE_VECS);
	KUNIT_EXPECT_GE(test, pool->vecs.nr, RESERVE_VECS);
	KUNIT_EXPECT_EQ(test, pool->waiters, 0);
	KUNIT_EXPECT_EQ(test, pool->nr_late, 0);
}

static void new_pool_has_its_reserve(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);

	KUNIT_EXPECT_EQ(test, nr_idle(&fixture->pool), POOL_RESERVE);
	KUNIT_EXPECT_EQ(test, fixture->kept.nr_pages, REGION_PAGES);
	expect_settled(test, fixture);
}

/* Each pool may own 1 % of the memory, but at least enough for a few requests. */
static void limit_is_a_fraction_of_memory(struct kunit *test)
{
	struct fixture *fixture = kunit_kzalloc(test, sizeof(*fixture), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, fixture);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, let_given_pages_go_action, NULL), 0);
	limit_system(test, PLENTY);
	KUNIT_ASSERT_EQ(test, init_pool(fixture, 0), 0);
	KUNIT_EXPECT_EQ(test, fixture->pool.limit,
			max(totalram_pages() / 100, 4 * (REGION_PAGES + 1UL)));
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
		put(&fixture->pool, &memory);
		KUNIT_EXPECT_EQ(test, memory.nr_pages, 0);
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
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &memory, 8));
	put(&fixture->pool, &memory);
	put(&fixture->pool, &memory);
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
	put(&fixture->pool, &b);
	put(&fixture->pool, &a);
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &a, PAGE_SECTORS));
	KUNIT_ASSERT_PTR_EQ(test, a.vecs[0].bv_page, page);
	put(&fixture->pool, &a);
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
			put(&fixture->pool, memory);
			continue;
		}
		nr_sectors = between(random, 1, one_in(random, 3) ? BLKV_REGION_SECTORS : 64);
		KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, memory, nr_sectors));
		for (i = 0; i < memory->nr_pages; i++)
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
	KUNIT_EXPECT_TRUE(test, blkv_memory_get(&fixture->pool, &memory, BLKV_REGION_SECTORS));
	put(&fixture->pool, &memory);
	expect_settled(test, fixture);
}

static void failed_get_keeps_no_page(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);
	struct blkv_memory a = {}, b = {};

	KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &a, 10 * PAGE_SECTORS));
	/* Not enough, even idle and new pages together. */
	system_pages = 5;
	KUNIT_EXPECT_FALSE(test, blkv_memory_get(&fixture->pool, &b, BLKV_REGION_SECTORS));
	KUNIT_EXPECT_EQ(test, b.nr_pages, 0);
	KUNIT_EXPECT_EQ(test, fixture->pool.waiters, 1);
	KUNIT_EXPECT_EQ(test, nr_idle(&fixture->pool), POOL_RESERVE - 11 + 5);
	KUNIT_EXPECT_EQ(test, length_of(&fixture->pool.data.pages) +
				    length_of(&fixture->pool.vecs.pages),
			POOL_RESERVE - 11 + 5);

	put(&fixture->pool, &a);
	wait_briefly(test, &fixture->pool, &b, BLKV_REGION_SECTORS);
	KUNIT_EXPECT_EQ(test, b.nr_pages, REGION_PAGES);
	put(&fixture->pool, &b);
	expect_settled(test, fixture);
}

/* A newer request may pass if it leaves as much as the waiter can need. */
static void request_that_leaves_enough_does_not_wait(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);
	struct blkv_memory a = {}, b = {}, c = {}, d = {};

	KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &a, BLKV_REGION_SECTORS));
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &b, 2 * PAGE_SECTORS));
	system_pages = 0;
	KUNIT_EXPECT_FALSE(test, blkv_memory_get(&fixture->pool, &c, BLKV_REGION_SECTORS));
	put(&fixture->pool, &a);
	/* The waiter can need the reserve; there are two pages more. */
	put(&fixture->pool, &b);
	KUNIT_ASSERT_EQ(test, nr_idle(&fixture->pool), POOL_RESERVE + 2);
	KUNIT_EXPECT_TRUE(test, blkv_memory_get(&fixture->pool, &d, 2 * PAGE_SECTORS));
	KUNIT_EXPECT_FALSE(test, blkv_memory_get(&fixture->pool, &b, PAGE_SECTORS));
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

	KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &a, PAGE_SECTORS));
	system_pages = 0;
	KUNIT_EXPECT_FALSE(test, blkv_memory_get(&fixture->pool, &b, BLKV_REGION_SECTORS));
	/* There are enough pages for this one, idle and new. */
	system_pages = PLENTY;
	KUNIT_EXPECT_FALSE(test, blkv_memory_get(&fixture->pool, &c, PAGE_SECTORS));
	KUNIT_EXPECT_EQ(test, fixture->pool.waiters, 2);

	wait_briefly(test, &fixture->pool, &b, BLKV_REGION_SECTORS);
	KUNIT_EXPECT_EQ(test, fixture->pool.waiters, 1);
	wait_briefly(test, &fixture->pool, &c, PAGE_SECTORS);
	put(&fixture->pool, &a);
	put(&fixture->pool, &b);
	put(&fixture->pool, &c);
	expect_settled(test, fixture);

	/* Afterwards, everything is as before. */
	KUNIT_EXPECT_TRUE(test, blkv_memory_get(&fixture->pool, &a, PAGE_SECTORS));
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
	/* The stub is for this task only, and it is a worker that waits. */
	fixture->pool.limit = nr_owned(&fixture->pool);
	KUNIT_ASSERT_FALSE(test,
			   blkv_memory_get(&fixture->pool, &waiter->memory, BLKV_REGION_SECTORS));

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
		WRITE_ONCE(fixture->pool.limit, PLENTY);
		wake_up_all(&fixture->pool.wait);
		schedule_timeout_uninterruptible(HZ / 10);
		put(&fixture->pool, &fixture->kept);
	}
	cancel_work_sync(&waiter->work);
	KUNIT_EXPECT_EQ(test, waiter->memory.nr_pages, REGION_PAGES);
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
	pool->limit = 3 * POOL_RESERVE - 1;
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &a, BLKV_REGION_SECTORS));
	KUNIT_EXPECT_FALSE(test, blkv_memory_get(pool, &b, BLKV_REGION_SECTORS));
	KUNIT_EXPECT_LE(test, nr_pages_out(), pool->limit);
	KUNIT_EXPECT_EQ(test, nr_owned(pool), nr_pages_out());
	put(pool, &a);
	wait_briefly(test, pool, &b, BLKV_REGION_SECTORS);
	KUNIT_EXPECT_LE(test, nr_pages_out(), pool->limit);

	/* One page less fits. */
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &c, BLKV_REGION_SECTORS - PAGE_SECTORS));
	KUNIT_EXPECT_EQ(test, nr_pages_out(), pool->limit);
	put(pool, &b);
	put(pool, &c);
	expect_settled(test, fixture);

	/* A failed allocation is not counted as a page. */
	pool->limit = PLENTY;
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &a, BLKV_REGION_SECTORS));
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &b, BLKV_REGION_SECTORS));
	system_pages = 3;
	KUNIT_EXPECT_FALSE(test, blkv_memory_get(pool, &c, BLKV_REGION_SECTORS));
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
	pool->trim.work.func(&pool->trim.work);
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
		put(pool, &memories[i]);
	KUNIT_EXPECT_EQ(test, nr_idle(pool), 4 * POOL_RESERVE);
	KUNIT_EXPECT_TRUE(test, delayed_work_pending(&pool->trim));
	cancel_delayed_work_sync(&pool->trim);

	/* All of them have been in use since the last trim. */
	trim(pool);
	KUNIT_EXPECT_EQ(test, nr_idle(pool), 4 * POOL_RESERVE);
	KUNIT_EXPECT_TRUE(test, delayed_work_pending(&pool->trim));
	cancel_delayed_work_sync(&pool->trim);
	/* Since then, those of two requests. */
	for (i = 0; i < 2; i++)
		KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &memories[i], BLKV_REGION_SECTORS));
	for (i = 0; i < 2; i++)
		put(pool, &memories[i]);
	cancel_delayed_work_sync(&pool->trim);
	trim(pool);
	KUNIT_EXPECT_EQ(test, nr_idle(pool), 3 * POOL_RESERVE);
	cancel_delayed_work_sync(&pool->trim);
	/* Since then, none: only the reserve is left. */
	trim(pool);
	KUNIT_EXPECT_EQ(test, nr_idle(pool), POOL_RESERVE);
	KUNIT_EXPECT_FALSE(test, delayed_work_pending(&pool->trim));
	trim(pool);
	KUNIT_EXPECT_EQ(test, nr_idle(pool), POOL_RESERVE);
	expect_settled(test, fixture);
}

static void trim_is_scheduled(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);
	struct blkv_memory a = {}, b = {};
	unsigned int i;

	KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &a, BLKV_REGION_SECTORS));
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &b, BLKV_REGION_SECTORS));
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

	for (i = 1; i < memory->nr_pages; i++)
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
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &a, BLKV_REGION_SECTORS));
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &b, BLKV_REGION_SECTORS));
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
								sizes[i] * PAGE_SECTORS));
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

	KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &a, BLKV_REGION_SECTORS));
	system_pages = 0;
	KUNIT_ASSERT_FALSE(test, blkv_memory_get(&fixture->pool, &b, BLKV_REGION_SECTORS));
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

	KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &a, 4 * PAGE_SECTORS));
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &b, 3 * PAGE_SECTORS));
	for (i = 0; i < 4; i++)
		pages[i] = a.vecs[i].bv_page;
	for (i = 0; i < 3; i++)
		pages[4 + i] = b.vecs[i].bv_page;
	put(&fixture->pool, &b);
	put(&fixture->pool, &a);
	/* The last returned memory first, each in page order; bvecs get none of its pages. */
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &c, 6 * PAGE_SECTORS));
	for (i = 0; i < 7; i++)
		KUNIT_EXPECT_PTR_NE(test, virt_to_page(c.vecs), pages[i]);
	for (i = 0; i < 6; i++)
		KUNIT_EXPECT_PTR_EQ(test, c.vecs[i].bv_page, pages[i]);
	put(&fixture->pool, &c);
	expect_settled(test, fixture);
}

/* ---- walks -------------------------------------------------------------------------------- */

#define ARENA_ORDER 4
#define ARENA_SIZE (PAGE_SIZE << ARENA_ORDER)
#define WALK_SECTORS 24U
#define WALK_BYTES (WALK_SECTORS << SECTOR_SHIFT)
#define WALK_VECS 64

/*
 * Private memory whose segments have any length and place, so that sectors straddle them, and what
 * it should hold.
 */
struct walked {
	struct rnd_state *random;
	struct page *arena;
	struct bio_vec vecs[WALK_VECS];
	struct blkv_memory memory;
	u8 flat[WALK_BYTES];
	u8 copy[WALK_BYTES];
};

static void free_arena(void *pages)
{
	__free_pages(pages, ARENA_ORDER);
}

KUNIT_DEFINE_ACTION_WRAPPER(free_arena_action, free_arena, void *);

static struct walked *new_walked(struct kunit *test)
{
	struct walked *walked = kunit_kzalloc(test, sizeof(*walked), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, walked);
	walked->random = bvtest_random(test);
	walked->arena = alloc_pages(GFP_KERNEL | __GFP_COMP, ARENA_ORDER);
	KUNIT_ASSERT_NOT_NULL(test, walked->arena);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, free_arena_action, walked->arena), 0);
	walked->memory.vecs = walked->vecs;
	return walked;
}

/* Write to the segments, or read from them, without the unit. */
static void copy_flat(struct walked *walked, u8 *flat, bool to_memory)
{
	unsigned int i, len;

	for (i = 0; i < walked->memory.nr_pages; i++, flat += len) {
		u8 *bytes = page_address(walked->vecs[i].bv_page);

		bytes += walked->vecs[i].bv_offset;
		len = walked->vecs[i].bv_len;
		memcpy(to_memory ? bytes : flat, to_memory ? flat : bytes, len);
	}
}

/* New segments with new contents. */
static void cut_at_random(struct walked *walked)
{
	unsigned int left = WALK_BYTES, at = 0, nr = 0, len;

	while (left) {
		switch (below(walked->random, 4)) {
		case 0:
			len = between(walked->random, 1, 40);
			break;
		case 1:
			len = SECTOR_SIZE * between(walked->random, 1, 4);
			break;
		case 2:
			len = between(walked->random, 1, 2 * PAGE_SIZE);
			break;
		default:
			len = between(walked->random, 400, 700);
			break;
		}
		/* The last segment takes the rest, so that the space always suffices. */
		len = nr == WALK_VECS - 1 ? left : min(len, left);
		at += one_in(walked->random, 2) ? below(walked->random, 64) : 0;
		walked->vecs[nr].bv_page = walked->arena + at / PAGE_SIZE;
		walked->vecs[nr].bv_offset = offset_in_page(at);
		walked->vecs[nr++].bv_len = len;
		at += len;
		left -= len;
	}
	walked->memory.nr_pages = nr;
	prandom_bytes_state(walked->random, walked->flat, WALK_BYTES);
	copy_flat(walked, walked->flat, true);
}

/* Where byte @offset is, and how many bytes follow it in the same segment and page. */
static u8 *place_of(const struct walked *walked, unsigned int offset, unsigned int *left)
{
	unsigned int i;
	u8 *place;

	for (i = 0; offset >= walked->vecs[i].bv_len; i++)
		offset -= walked->vecs[i].bv_len;
	place = (u8 *)page_address(walked->vecs[i].bv_page) + walked->vecs[i].bv_offset + offset;
	*left = min_t(unsigned int, walked->vecs[i].bv_len - offset,
		      PAGE_SIZE - offset_in_page(place));
	return place;
}

/* One sector: the bounce is used only if the sector is not in one piece. */
static void check_sector(struct kunit *test, struct walked *walked, unsigned int n, const u8 *bytes,
			 const struct blkv_bounce *bounce)
{
	unsigned int left;
	u8 *place = place_of(walked, n << SECTOR_SHIFT, &left);

	KUNIT_ASSERT_NOT_NULL(test, bytes);
	KUNIT_ASSERT_PTR_EQ(test, bytes, left < SECTOR_SIZE ? bounce->bytes : place);
	KUNIT_ASSERT_EQ(test, memcmp(bytes, walked->flat + (n << SECTOR_SHIFT), SECTOR_SIZE), 0);
}

static void walk_returns_every_sector(struct kunit *test)
{
	struct walked *walked = new_walked(test);
	unsigned int round, n;

	for (round = 0; round < bvtest_rounds(500); round++) {
		unsigned int first = below(walked->random, WALK_SECTORS);
		unsigned int nr = between(walked->random, 0, WALK_SECTORS - first);
		struct blkv_sector_iter iter;
		struct blkv_bounce bounce;

		cut_at_random(walked);
		iter = blkv_memory_walk(&walked->memory, first, nr);
		for (n = 0; n < nr; n++)
			check_sector(test, walked, first + n, blkv_sector_next(&iter, &bounce),
				     &bounce);
		KUNIT_ASSERT_NULL(test, blkv_sector_next(&iter, &bounce));
		KUNIT_ASSERT_NULL(test, blkv_sector_next(&iter, &bounce));
	}
}

static void each_sector_is_found(struct kunit *test)
{
	struct walked *walked = new_walked(test);
	struct blkv_bounce bounce;
	unsigned int round, n;

	for (round = 0; round < bvtest_rounds(100); round++) {
		cut_at_random(walked);
		for (n = 0; n < WALK_SECTORS; n++)
			check_sector(test, walked, n,
				     blkv_memory_sector(&walked->memory, n, &bounce), &bounce);
	}
}

static void iterator_covers_its_sectors(struct kunit *test)
{
	struct walked *walked = new_walked(test);
	unsigned int round;

	for (round = 0; round < bvtest_rounds(500); round++) {
		unsigned int first = below(walked->random, WALK_SECTORS), done = 0;
		unsigned int nr = between(walked->random, 0, WALK_SECTORS - first);
		struct bvec_iter iter, start;
		struct bio_vec vec;

		cut_at_random(walked);
		start = blkv_memory_iter(&walked->memory, first, nr);
		KUNIT_ASSERT_EQ(test, start.bi_size, nr << SECTOR_SHIFT);
		KUNIT_ASSERT_EQ(test, start.bi_sector, 0);
		for_each_bvec(vec, blkv_memory_vecs(&walked->memory), iter, start) {
			memcpy(walked->copy + done, bvec_virt(&vec), vec.bv_len);
			done += vec.bv_len;
		}
		KUNIT_ASSERT_EQ(test, done, nr << SECTOR_SHIFT);
		KUNIT_ASSERT_EQ(test,
				memcmp(walked->copy, walked->flat + (first << SECTOR_SHIFT), done),
				0);
	}
}

static void bytes_are_read_from_anywhere(struct kunit *test)
{
	struct walked *walked = new_walked(test);
	unsigned int round;

	for (round = 0; round < bvtest_rounds(1000); round++) {
		unsigned int offset = below(walked->random, WALK_BYTES);
		unsigned int len = between(walked->random, 0, WALK_BYTES - offset);

		if (one_in(walked->random, 2))
			len = min(len, 16U);
		cut_at_random(walked);
		memset(walked->copy, 0xa5, WALK_BYTES);
		blkv_memory_read(&walked->memory, offset, walked->copy, len);
		KUNIT_ASSERT_EQ(test, memcmp(walked->copy, walked->flat + offset, len), 0);
		/* And no more than asked for. */
		KUNIT_ASSERT_NULL(test, memchr_inv(walked->copy + len, 0xa5, WALK_BYTES - len));
	}
}

static void flip_changes_one_byte(struct kunit *test)
{
	struct walked *walked = new_walked(test);
	unsigned int round;

	for (round = 0; round < bvtest_rounds(300); round++) {
		unsigned int n = below(walked->random, WALK_SECTORS);
		u8 xor = between(walked->random, 1, 255);

		cut_at_random(walked);
		blkv_memory_flip(&walked->memory, n, xor);
		walked->flat[n << SECTOR_SHIFT] ^= xor;
		copy_flat(walked, walked->copy, false);
		KUNIT_ASSERT_EQ(test, memcmp(walked->copy, walked->flat, WALK_BYTES), 0);
	}
}

/* The same for memory of a pool, of every length that has its bvecs elsewhere or just not. */
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

		KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &memory, sizes[i]));
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

static void attached_bio_transfers_the_memory(struct kunit *test)
{
	struct walked *walked = new_walked(test);
	struct bio_vec others[2] = { { .bv_len = SECTOR_SIZE }, { .bv_len = WALK_BYTES } };
	struct bio bio;

	cut_at_random(walked);
	bio_init(&bio, NULL, others, ARRAY_SIZE(others), REQ_OP_READ);
	bio.bi_iter.bi_sector = 99;
	bio.bi_iter.bi_size = SECTOR_SIZE + WALK_BYTES;
	/* Into the second segment; the name of the member for that depends on the kernel. */
	bvec_iter_advance(others, &bio.bi_iter, SECTOR_SIZE + 7);
	blkv_memory_attach(&walked->memory, &bio, 5);
	KUNIT_EXPECT_PTR_EQ(test, (const struct bio_vec *)bio.bi_io_vec,
			    blkv_memory_vecs(&walked->memory));
	KUNIT_EXPECT_EQ(test, bio.bi_iter.bi_size, 5 * SECTOR_SIZE);
	KUNIT_EXPECT_EQ(test, bio.bi_iter.bi_idx, 0);
	KUNIT_EXPECT_EQ(test, mp_bvec_iter_offset(bio.bi_io_vec, bio.bi_iter),
			blkv_memory_vecs(&walked->memory)->bv_offset);
	/* Where on the leg is the business of the caller. */
	KUNIT_EXPECT_EQ(test, bio.bi_iter.bi_sector, 99);
	bio_uninit(&bio);
}

static void sector_of_other_memory_is_found(struct kunit *test)
{
	struct walked *walked = new_walked(test), *other = new_walked(test);
	unsigned int round;

	/* Otherwise both would hold the same data. */
	other->random = walked->random;
	for (round = 0; round < bvtest_rounds(100); round++) {
		unsigned int from = below(walked->random, WALK_SECTORS);
		unsigned int to = below(walked->random, WALK_SECTORS);

		cut_at_random(walked);
		cut_at_random(other);
		KUNIT_ASSERT_EQ(test,
				blkv_memory_find(&walked->memory, WALK_SECTORS, &other->memory,
						 from, one_in(walked->random, 2)),
				WALK_SECTORS);
		memcpy(other->flat + from * SECTOR_SIZE, walked->flat + to * SECTOR_SIZE,
		       SECTOR_SIZE);
		copy_flat(other, other->flat, true);
		KUNIT_ASSERT_EQ(test,
				blkv_memory_find(&walked->memory, WALK_SECTORS, &other->memory,
						 from, one_in(walked->random, 2)),
				to);
		/* Only the given number of sectors is searched. */
		KUNIT_ASSERT_EQ(test,
				blkv_memory_find(&walked->memory, to, &other->memory, from,
						 one_in(walked->random, 2)), to);
	}
}

static void first_or_last_match_is_found(struct kunit *test)
{
	struct walked *walked = new_walked(test);
	unsigned int first = WALK_SECTORS / 3, last = WALK_SECTORS / 2;

	cut_at_random(walked);
	memcpy(walked->flat + last * SECTOR_SIZE, walked->flat + first * SECTOR_SIZE, SECTOR_SIZE);
	copy_flat(walked, walked->flat, true);
	KUNIT_EXPECT_EQ(test,
			blkv_memory_find(&walked->memory, WALK_SECTORS, &walked->memory, last,
					 false),
			first);
	KUNIT_EXPECT_EQ(test,
			blkv_memory_find(&walked->memory, WALK_SECTORS, &walked->memory, first,
					 true),
			last);
}

static void patterns_are_recognised(struct kunit *test)
{
	struct walked *walked = new_walked(test);
	unsigned int n = WALK_SECTORS / 2;
	u8 *sector = walked->flat + n * SECTOR_SIZE;

	cut_at_random(walked);
	KUNIT_EXPECT_FALSE(test, blkv_memory_is_pattern(&walked->memory, n));
	memcpy(sector, "patterns", 8);
	memset64((u64 *)sector, *(u64 *)sector, SECTOR_SIZE / 8);
	copy_flat(walked, walked->flat, true);
	KUNIT_EXPECT_TRUE(test, blkv_memory_is_pattern(&walked->memory, n));
	sector[SECTOR_SIZE - 1]++;
	copy_flat(walked, walked->flat, true);
	KUNIT_EXPECT_FALSE(test, blkv_memory_is_pattern(&walked->memory, n));
}

static void sum_covers_every_byte(struct kunit *test)
{
	struct walked *walked = new_walked(test);
	unsigned int round;

	for (round = 0; round < bvtest_rounds(200); round++) {
		unsigned int nr = between(walked->random, 1, WALK_SECTORS);
		u32 sum;

		cut_at_random(walked);
		sum = blkv_memory_sum(&walked->memory, nr);
		KUNIT_ASSERT_EQ(test, sum, crc32c(~0, walked->flat, nr * SECTOR_SIZE));
		blkv_memory_flip(&walked->memory, below(walked->random, nr), 1);
		KUNIT_ASSERT_NE(test, blkv_memory_sum(&walked->memory, nr), sum);
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
			KUNIT_ASSERT_TRUE(test, blkv_memory_get(&fixture->pool, &memory, sizes[i]));
			for (n = 0; n < sizes[i]; n++) {
				struct page *page = memory.vecs[n / PAGE_SECTORS].bv_page;
				unsigned int first = n % PAGE_SECTORS * 64;

				KUNIT_ASSERT_TRUE(test, blkv_memory_is_marked(&fixture->pool,
									      &memory, n));
				for (word = quarantine ? 0 : 63; word < 64; word++)
					KUNIT_ASSERT_EQ(test, words_of(&memory, n)[word],
							expected_mark(page, first + word));
			}
			/* Overwrite everything, as a request may. */
			for (n = 0; n < memory.nr_pages; n++)
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

	KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &memory, nr));
	KUNIT_EXPECT_EQ(test, blkv_memory_first_marked(pool, &memory, nr), 0);
	for (n = 0; n < nr; n++)
		for (i = 0; i < 8; i++) {
			u8 *bytes = bvtest_sector(memory.vecs, n);

			blkv_memory_mark(pool, &memory);
			KUNIT_ASSERT_TRUE(test, blkv_memory_is_marked(pool, &memory, n));
			/* Any of its bytes; data before it do not. */
			bytes[SECTOR_SIZE - 9] ^= 1;
			KUNIT_ASSERT_TRUE(test, blkv_memory_is_marked(pool, &memory, n));
			bytes[SECTOR_SIZE - 8 + i] ^= 1;
			KUNIT_ASSERT_FALSE(test, blkv_memory_is_marked(pool, &memory, n));
			KUNIT_ASSERT_EQ(test, blkv_memory_first_marked(pool, &memory, nr),
					n ? 0 : 1);
		}
	/* Remove the marks one by one, in ascending order. */
	blkv_memory_mark(pool, &memory);
	for (n = 0; n < nr; n++) {
		KUNIT_EXPECT_EQ(test, blkv_memory_first_marked(pool, &memory, nr), n);
		KUNIT_EXPECT_EQ(test, blkv_memory_first_marked(pool, &memory, n), n);
		words_of(&memory, n)[63]++;
	}
	KUNIT_EXPECT_EQ(test, blkv_memory_first_marked(pool, &memory, nr), nr);
	put(pool, &memory);
}

/* ---- late data ------------------------------------------------------------------------------ */

static void expect_late(struct kunit *test, struct blkv_pool *pool, sector_t sector,
			unsigned int byte, u64 expected, u64 found)
{
	struct blkv_late late;

	KUNIT_ASSERT_TRUE(test, blkv_pool_next_late(pool, &late));
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
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &memory, 3 * PAGE_SECTORS));
	page = memory.vecs[1].bv_page;
	words = page_address(page);
	blkv_memory_put(pool, &memory, 1ULL << 20, 0);
	/* Words without a mark may change. */
	words[0]++;
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &memory, 3 * PAGE_SECTORS));
	KUNIT_EXPECT_FALSE(test, blkv_pool_next_late(pool, &late));
	blkv_memory_put(pool, &memory, 1ULL << 20, 0);

	words[2 * 64 + 63] = 0xbad;
	words[5 * 64 + 63] = 0xbad2;
	KUNIT_EXPECT_FALSE(test, blkv_pool_next_late(pool, &late));
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &memory, 3 * PAGE_SECTORS));
	expect_late(test, pool, (1ULL << 20) + PAGE_SECTORS + 2, 504,
		    expected_mark(page, 2 * 64 + 63), 0xbad);
	/* There is one finding for each page. */
	KUNIT_EXPECT_FALSE(test, blkv_pool_next_late(pool, &late));
	flush_work(&pool->late_work);
	KUNIT_EXPECT_EQ(test, atomic_read(&late_calls), 1);
	/* The page is marked again: otherwise the next read would look filled. */
	KUNIT_EXPECT_EQ(test, blkv_memory_first_marked(pool, &memory, 3 * PAGE_SECTORS), 0);
	KUNIT_EXPECT_TRUE(test, blkv_memory_is_marked(pool, &memory, PAGE_SECTORS + 2));
	KUNIT_EXPECT_TRUE(test, blkv_memory_is_marked(pool, &memory, PAGE_SECTORS + 5));
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

		KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &memory, PAGE_SECTORS));
		page = memory.vecs[0].bv_page;
		words = page_address(page);
		blkv_memory_put(pool, &memory, 800, BLKV_WRITTEN);
		words[word] ^= 1;
		/* Push the page through the quarantine, and then use all idle pages. */
		KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &memory, BLKV_REGION_SECTORS));
		put(pool, &memory);
		KUNIT_EXPECT_FALSE(test, blkv_pool_next_late(pool, &late));
		KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &memory, BLKV_REGION_SECTORS));
		KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &other, BLKV_REGION_SECTORS));
		expect_late(test, pool, 800 + word / 64, word % 64 * 8, expected_mark(page, word),
			    expected_mark(page, word) ^ 1);
		KUNIT_EXPECT_FALSE(test, blkv_pool_next_late(pool, &late));
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

	KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &memory, BLKV_REGION_SECTORS));
	put(pool, &memory);
	for (i = 0; i < BLKV_MAX_LATE + 5; i++) {
		struct page *page;

		KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &memory, PAGE_SECTORS));
		page = memory.vecs[0].bv_page;
		put(pool, &memory);
		((u64 *)page_address(page))[63] = 0;
	}
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &memory, PAGE_SECTORS));
	while (blkv_pool_next_late(pool, &late))
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
	KUNIT_ASSERT_EQ(test, pool->quarantine, 256);
	for (i = 0; i < 700; i++) {
		KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &memory, PAGE_SECTORS));
		used[i] = memory.vecs[0].bv_page;
		for (j = i > 256 ? i - 256 : 0; j < i; j++)
			KUNIT_ASSERT_PTR_NE(test, used[i], used[j]);
		put(pool, &memory);
		KUNIT_ASSERT_LE(test, pool->nr_resting, 256);
	}
	KUNIT_EXPECT_EQ(test, pool->nr_resting, 256);
	expect_settled(test, fixture);
}

/* A request that waits for memory gets resting pages rather than wait forever. */
static void waiter_gets_resting_pages(struct kunit *test)
{
	struct fixture *fixture = new_resting_fixture(test, 1);
	struct blkv_pool *pool = &fixture->pool;
	struct blkv_memory memory = {};

	KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &memory, BLKV_REGION_SECTORS));
	put(pool, &memory);
	KUNIT_EXPECT_EQ(test, pool->nr_resting, 256);
	system_pages = 0;
	KUNIT_EXPECT_FALSE(test, blkv_memory_get(pool, &memory, BLKV_REGION_SECTORS));
	wait_briefly(test, pool, &memory, BLKV_REGION_SECTORS);
	KUNIT_EXPECT_EQ(test, blkv_memory_first_marked(pool, &memory, BLKV_REGION_SECTORS), 0);
	put(pool, &memory);
	expect_settled(test, fixture);
}

static void release(struct blkv_pool *pool)
{
	cancel_delayed_work_sync(&pool->release);
	pool->release.work.func(&pool->release.work);
}

/* Suspect pages rest for up to two intervals, and then leave the pool. */
static void suspects_go_back_to_the_system(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);
	struct blkv_pool *pool = &fixture->pool;
	struct blkv_memory memory = {}, other = {};
	struct page *page;
	int out;

	KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &other, BLKV_REGION_SECTORS));
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &memory, 40 * PAGE_SECTORS));
	page = memory.vecs[7].bv_page;
	out = nr_pages_out();
	blkv_memory_put(pool, &memory, 1000, BLKV_SUSPECT);
	put(pool, &other);
	KUNIT_EXPECT_EQ(test, pool->nr_suspects, 40);
	KUNIT_EXPECT_TRUE(test, delayed_work_pending(&pool->release));
	expect_settled(test, fixture);

	((u64 *)page_address(page))[63] = 0xbad;
	release(pool);
	KUNIT_EXPECT_EQ(test, pool->nr_suspects, 40);
	KUNIT_EXPECT_EQ(test, nr_pages_out(), out);
	KUNIT_EXPECT_TRUE(test, delayed_work_pending(&pool->release));
	release(pool);
	KUNIT_EXPECT_EQ(test, pool->nr_suspects, 0);
	KUNIT_EXPECT_EQ(test, nr_pages_out(), out - 40);
	KUNIT_EXPECT_FALSE(test, delayed_work_pending(&pool->release));
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
		KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &memories[i], 16 * PAGE_SECTORS));
	for (i = 0; i < ARRAY_SIZE(memories); i++)
		put(pool, &memories[i]);
	KUNIT_ASSERT_EQ(test, pool->vecs.nr, ARRAY_SIZE(memories));
	KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &memories[0], BLKV_REGION_SECTORS));
	blkv_memory_put(pool, &memories[0], 0, BLKV_SUSPECT);
	release(pool);
	release(pool);
	KUNIT_EXPECT_EQ(test, pool->data.nr, RESERVE_DATA);
	expect_settled(test, fixture);
}

/* A leg that fails all requests must not use up the limit of the pool. */
static void many_suspects_rest_shorter(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);
	struct blkv_pool *pool = &fixture->pool;
	struct blkv_memory memory = {};
	unsigned int i;

	pool->limit = 4 * POOL_RESERVE;
	for (i = 0; i < 100; i++) {
		KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &memory, 64 * PAGE_SECTORS));
		blkv_memory_put(pool, &memory, 0, BLKV_SUSPECT);
		flush_work(&pool->release.work);
		KUNIT_ASSERT_LE(test, pool->nr_suspects, pool->limit / 4 + 64);
	}
	expect_settled(test, fixture);
}

/* A request that waits for memory gets suspect pages before they have rested. */
static void waiter_gets_suspects(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);
	struct blkv_pool *pool = &fixture->pool;
	struct blkv_memory memory = {};
	unsigned long start = jiffies;

	KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &memory, BLKV_REGION_SECTORS));
	blkv_memory_put(pool, &memory, 0, BLKV_SUSPECT);
	system_pages = 0;
	KUNIT_ASSERT_FALSE(test, blkv_memory_get(pool, &memory, BLKV_REGION_SECTORS));
	blkv_memory_wait(pool, &memory, BLKV_REGION_SECTORS);
	KUNIT_EXPECT_TRUE(test, time_before(jiffies, start + 20 * HZ));
	put(pool, &memory);
	expect_settled(test, fixture);
}

/* Suspect pages that the reserve needs stay in the pool and are used again. */
static void suspects_of_the_reserve_stay(struct kunit *test)
{
	struct fixture *fixture = new_fixture(test);
	struct blkv_pool *pool = &fixture->pool;
	struct blkv_memory memory = {};

	KUNIT_ASSERT_TRUE(test, blkv_memory_get(pool, &memory, BLKV_REGION_SECTORS));
	blkv_memory_put(pool, &memory, 0, BLKV_SUSPECT);
	KUNIT_EXPECT_EQ(test, pool->nr_suspects, REGION_PAGES);
	KUNIT_EXPECT_EQ(test, nr_idle(pool), RESERVE_VECS);
	release(pool);
	release(pool);
	KUNIT_EXPECT_EQ(test, pool->nr_suspects, 0);
	KUNIT_EXPECT_EQ(test, nr_idle(pool), POOL_RESERVE);
	expect_settled(test, fixture);
	system_pages = 0;
	KUNIT_EXPECT_TRUE(test, blkv_memory_get(pool, &memory, BLKV_REGION_SECTORS));
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
	KUNIT_EXPECT_FALSE(test, blkv_pool_next_late(pool, &late));
	expect_settled(test, fixture);
	/* The page is marked again. */
	blkv_pool_check(pool);
	KUNIT_EXPECT_FALSE(test, blkv_pool_next_late(pool, &late));
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
								40 * PAGE_SECTORS));
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

		if (memory->nr_pages) {
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
		for (i = 0; i < memory->nr_pages; i++)
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
	KUNIT_EXPECT_EQ(test, fixture->pool.waiters, 0);
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
	KUNIT_EXPECT_TRUE(test, blkv_memory_get(&fixture->pool, &memory, BLKV_REGION_SECTORS));
	put(&fixture->pool, &memory);
	blkv_pool_exit(&fixture->pool);
	KUNIT_EXPECT_EQ(test, nr_pages_out(), 0);
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
	KUNIT_CASE(fresh_memory_is_ascending),
	KUNIT_CASE(reused_memory_stays_ascending),
	KUNIT_CASE(awaited_memory_is_ascending),
	KUNIT_CASE(pages_return_in_the_order_they_went_in),
	KUNIT_CASE(walk_returns_every_sector),
	KUNIT_CASE(each_sector_is_found),
	KUNIT_CASE(iterator_covers_its_sectors),
	KUNIT_CASE(bytes_are_read_from_anywhere),
	KUNIT_CASE(flip_changes_one_byte),
	KUNIT_CASE(memory_of_a_pool_is_walked),
	KUNIT_CASE(attached_bio_transfers_the_memory),
	KUNIT_CASE(sector_of_other_memory_is_found),
	KUNIT_CASE(first_or_last_match_is_found),
	KUNIT_CASE(patterns_are_recognised),
	KUNIT_CASE(sum_covers_every_byte),
	KUNIT_CASE(lent_memory_is_marked),
	KUNIT_CASE(transferred_data_removes_the_mark),
	KUNIT_CASE(late_data_are_found),
	KUNIT_CASE(late_data_are_found_anywhere_with_a_quarantine),
	KUNIT_CASE(too_many_late_pages_are_left_out),
	KUNIT_CASE(check_looks_at_all_memory),
	KUNIT_CASE(quarantine_is_first_in_first_out),
	KUNIT_CASE(waiter_gets_resting_pages),
	KUNIT_CASE(suspects_go_back_to_the_system),
	KUNIT_CASE(many_suspects_rest_shorter),
	KUNIT_CASE(waiter_gets_suspects),
	KUNIT_CASE(suspects_of_the_reserve_stay),
	KUNIT_CASE(suspects_of_the_reserve_stay_beside_idle_bvecs),
	KUNIT_CASE(kinds_of_pages_are_never_mixed),
	KUNIT_CASE(try_leaves_no_waiter),
	KUNIT_CASE(pool_without_kept_memory),
	{}
};

static struct kunit_suite memory_suite = {
	.name = "memory",
	.test_cases = memory_cases,
};

kunit_test_suite(memory_suite);
