// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module of the unit tests: its parameters. KUnit runs the suites when it is loaded.
 */
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/string.h>

#include "kunit.h"

static unsigned long seed;
module_param(seed, ulong, 0444);
MODULE_PARM_DESC(seed, "Seed of the random cases; 0: a new one, which each of them prints");

static unsigned int rounds = 100;
module_param(rounds, uint, 0444);
MODULE_PARM_DESC(rounds, "Rounds of the random cases, in percent");

/**
 * bvtest_random() - a source of randomness for a test
 * @test: the test; its name is mixed in, so that it behaves the same when run alone
 *
 * Return: the source; it lives as long as the test.
 */
struct rnd_state *bvtest_random(struct kunit *test)
{
	struct rnd_state *random = kunit_kzalloc(test, sizeof(*random), GFP_KERNEL);
	u64 mixed;
	const char *c;

	KUNIT_ASSERT_NOT_NULL(test, random);
	while (!seed)
		seed = get_random_u32();
	mixed = seed;
	for (c = test->name; *c; c++)
		mixed = (mixed ^ *c) * 0x100000001b3ULL;
	prandom_seed_state(random, mixed);
	kunit_info(test, "seed=%lu\n", seed);
	return random;
}

/**
 * bvtest_rounds() - how many rounds a random case makes
 * @n: how many by default
 *
 * Return: how many, at least 1.
 */
unsigned int bvtest_rounds(unsigned int n)
{
	return max(1U, n * rounds / 100);
}

static void free_page_of_test(void *page)
{
	__free_page(page);
}

KUNIT_DEFINE_ACTION_WRAPPER(free_page_action, free_page_of_test, void *);

/**
 * bvtest_memory() - private memory without a pool
 * @test: the test
 * @nr_pages: how many pages; filled with zeros
 *
 * Return: the memory; it lives as long as the test.
 */
struct blkv_memory *bvtest_memory(struct kunit *test, unsigned int nr_pages)
{
	struct blkv_memory *memory = kunit_kzalloc(test, sizeof(*memory), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, memory);
	memory->vecs = kunit_kcalloc(test, nr_pages, sizeof(*memory->vecs), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, memory->vecs);
	for (i = 0; i < nr_pages; i++) {
		struct page *page = alloc_page(GFP_KERNEL | __GFP_ZERO);

		KUNIT_ASSERT_NOT_NULL(test, page);
		KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, free_page_action, page), 0);
		bvec_set_page(&memory->vecs[i], page, PAGE_SIZE, 0);
	}
	memory->nr_vecs = nr_pages;
	return memory;
}

static void free_block_action(void *block)
{
	__free_pages(block, BVTEST_CALLER_ORDER);
}

/**
 * bvtest_caller() - memory of a caller, without any segments
 * @test: the test
 *
 * Return: the memory; it lives as long as the test.
 */
struct bvtest_caller *bvtest_caller(struct kunit *test)
{
	struct bvtest_caller *caller = kunit_kzalloc(test, sizeof(*caller), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, caller);
	caller->random = bvtest_random(test);
	caller->block = alloc_pages(GFP_KERNEL | __GFP_COMP, BVTEST_CALLER_ORDER);
	KUNIT_ASSERT_NOT_NULL(test, caller->block);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, free_block_action, caller->block), 0);
	bvtest_caller_reset(caller);
	return caller;
}

/**
 * bvtest_caller_reset() - remove all segments
 * @caller: the memory
 */
void bvtest_caller_reset(struct bvtest_caller *caller)
{
	caller->nr_vecs = 0;
	caller->shape = (struct blkv_shape){ .vecs = caller->vecs };
}

/**
 * bvtest_caller_add() - add a segment
 * @caller: the memory
 * @at: where it begins in the block
 * @len: its length in bytes
 */
void bvtest_caller_add(struct bvtest_caller *caller, size_t at, size_t len)
{
	bvec_set_page(&caller->vecs[caller->nr_vecs++], caller->block + (at >> PAGE_SHIFT), len,
		      offset_in_page(at));
	caller->shape.iter.bi_size += len;
}

/**
 * bvtest_caller_cut() - make random segments, of whole sectors in total
 * @caller: the memory
 */
void bvtest_caller_cut(struct bvtest_caller *caller)
{
	const size_t size = PAGE_SIZE << BVTEST_CALLER_ORDER;
	unsigned int i, nr = between(caller->random, 1, BVTEST_CALLER_VECS);
	/* Alignment of addresses and lengths. */
	unsigned int step = one_in(caller->random, 4) ? 4 : SECTOR_SIZE;
	size_t at = 0, len;

	bvtest_caller_reset(caller);
	for (i = 0; i < nr; i++) {
		if (!i || !one_in(caller->random, 3) || at == size)
			at = below(caller->random, size / step) * step;
		if (one_in(caller->random, 3))
			at = round_down(at, PAGE_SIZE);
		len = PAGE_SIZE;
		if (one_in(caller->random, 2))
			len = between(caller->random, 1, 5 * PAGE_SIZE / step) * step;
		len = min(len, size - at);
		if (i == nr - 1)
			len += -(caller->shape.iter.bi_size + len) & (SECTOR_SIZE - 1);
		if (at + len > size)
			at = size - len;
		bvtest_caller_add(caller, at, len);
		at += len;
	}
}

/**
 * bvtest_caller_skip() - let the shape begin later, as that of the rest of a split request does
 * @caller: the memory
 * @bytes: how many bytes to skip; less than there are
 */
void bvtest_caller_skip(struct bvtest_caller *caller, unsigned int bytes)
{
	bvec_iter_advance(caller->vecs, &caller->shape.iter, bytes);
}

/**
 * bvtest_continues() - does a segment continue where another one ends?
 * @vec: a segment
 * @next: the other one
 *
 * Return: true if their memory is contiguous.
 */
bool bvtest_continues(const struct bio_vec *vec, const struct bio_vec *next)
{
	return page_to_phys(vec->bv_page) + vec->bv_offset + vec->bv_len ==
	       page_to_phys(next->bv_page) + next->bv_offset;
}

MODULE_DESCRIPTION("Unit tests of dm-blkverify");
MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING");
MODULE_LICENSE("GPL");
