// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the trust map, against a plain bitmap.
 */
#include <kunit/static_stub.h>
#include <linux/bitmap.h>
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "kunit.h"
#include "trust.h"

/* As in the unit. */
#define GROUP_SECTORS (512U * BLKV_REGION_SECTORS)

/* Makes the unit's allocations fail, and only those; and how many succeed before that. */
static bool no_memory;
static unsigned int nr_allocations;

static void *may_fail_alloc(struct kmem_cache *cache, size_t size)
{
	if (no_memory && !nr_allocations)
		return NULL;
	if (no_memory)
		nr_allocations--;
	return cache ? kmem_cache_alloc(cache, BLKV_GFP_NOWAIT) : kmalloc(size, BLKV_GFP_NOWAIT);
}

/* An entry that is not a pointer: all trusted, or none. */
static bool is_uniform(const void *entry)
{
	return (unsigned long)entry <= 1;
}

struct model {
	struct kunit *test;
	struct blkv_trust trust;
	unsigned long *bits; /* a set bit is a trusted sector */
	u32 nr_sectors;
	u32 nr_trusted;
};

static void free_bits(void *bits)
{
	kvfree(bits);
}

static void exit_trust(void *trust)
{
	blkv_trust_exit(trust);
}

KUNIT_DEFINE_ACTION_WRAPPER(free_bits_action, free_bits, void *);
KUNIT_DEFINE_ACTION_WRAPPER(exit_trust_action, exit_trust, void *);

static struct model *new_model(struct kunit *test, u32 nr_sectors, bool trusted)
{
	struct model *model = kunit_kzalloc(test, sizeof(*model), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, model);
	model->bits = kvcalloc(BITS_TO_LONGS(nr_sectors), sizeof(long), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, model->bits);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, free_bits_action, model->bits), 0);
	KUNIT_ASSERT_EQ(test, blkv_trust_init(&model->trust, nr_sectors, trusted), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, exit_trust_action, &model->trust), 0);
	no_memory = false;
	kunit_activate_static_stub(test, blkv_trust_alloc, may_fail_alloc);
	model->test = test;
	model->nr_sectors = nr_sectors;
	if (trusted)
		bitmap_set(model->bits, 0, nr_sectors);
	model->nr_trusted = trusted ? nr_sectors : 0;
	return model;
}

static void set_model(struct model *model, u32 start, u32 nr, bool trusted)
{
	u32 i;

	for (i = start; i < start + nr; i++) {
		/* Whole words at once: ranges are long. */
		if (!(i % BITS_PER_LONG) && i + BITS_PER_LONG <= start + nr) {
			unsigned long *word = &model->bits[i / BITS_PER_LONG];

			model->nr_trusted += (trusted ? BITS_PER_LONG : 0) - hweight_long(*word);
			*word = trusted ? ~0UL : 0;
			i += BITS_PER_LONG - 1;
			continue;
		}
		model->nr_trusted += trusted - test_bit(i, model->bits);
		__assign_bit(i, model->bits, trusted);
	}
}

static void set_both(struct model *model, u32 start, u32 nr, bool trusted)
{
	u64 lost = blkv_trust_set(&model->trust, start, nr, trusted), untrusted;

	set_model(model, start, nr, trusted);
	/* The sectors that should not be trusted now. */
	untrusted = model->nr_sectors - model->nr_trusted;
	KUNIT_ASSERT_EQ(model->test, blkv_trust_untrusted(&model->trust), untrusted + lost);
}

/* The end of the run of equal bits that starts at @start, at most @end. */
static u32 run_end(struct model *model, u32 start, u32 end)
{
	return test_bit(start, model->bits) ? find_next_zero_bit(model->bits, end, start) :
					      find_next_bit(model->bits, end, start);
}

/* A run must be right, and as long as possible within a region. */
static sector_t check_run(struct kunit *test, struct model *model, u32 start, u32 nr)
{
	u32 end = run_end(model, start, start + nr);
	bool trusted;
	sector_t run = blkv_trust_run(&model->trust, start, nr, &trusted);

	KUNIT_ASSERT_GE(test, run, 1);
	KUNIT_ASSERT_LE(test, run, nr);
	KUNIT_ASSERT_EQ(test, trusted, test_bit(start, model->bits));
	KUNIT_ASSERT_LE(test, start + run, end);
	if (start + run < end)
		KUNIT_ASSERT_EQ(test, (start + run) % BLKV_REGION_SECTORS, 0);
	return run;
}

static void check_count(struct kunit *test, struct model *model)
{
	KUNIT_ASSERT_EQ(test, blkv_trust_untrusted(&model->trust),
			model->nr_sectors - model->nr_trusted);
}

static void check_all(struct kunit *test, struct model *model)
{
	u32 i;

	for (i = 0; i < model->nr_sectors;)
		i += check_run(test, model, i, model->nr_sectors - i);
	check_count(test, model);
}

/* A random range; many start or end at the edge of a region or a group. */
static void pick_range(struct rnd_state *random, u32 nr_sectors, u32 *start, u32 *nr)
{
	u32 unit, longest;

	*start = below(random, nr_sectors);
	unit = one_in(random, 3) ? GROUP_SECTORS : BLKV_REGION_SECTORS;
	if (one_in(random, 3))
		*start = round_down(*start, unit);
	longest = nr_sectors - *start;

	switch (below(random, 8)) {
	case 0:
		*nr = between(random, 1, longest);
		break;
	case 1:
		*nr = between(random, 1, min_t(u32, longest, 5 * BLKV_REGION_SECTORS));
		break;
	case 2:
		*nr = min_t(u32, longest, unit - *start % unit);
		break;
	case 3:
		*nr = longest;
		break;
	default:
		*nr = between(random, 1, min(longest, 64U));
		break;
	}
}

/* Sizes at and next to the edges of a region and a group. */
static const u32 sizes[] = {
	1,
	7,
	63,
	64,
	65,
	2047,
	2048,
	2049,
	5 * 2048,
	5 * 2048 + 1,
	GROUP_SECTORS - 1,
	GROUP_SECTORS,
	GROUP_SECTORS + 1,
	GROUP_SECTORS + 2048,
	2 * GROUP_SECTORS + 3 * 2048 + 777,
};

static void new_map_is_uniform(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		check_all(test, new_model(test, sizes[i], true));
		check_all(test, new_model(test, sizes[i], false));
	}
}

static void setting_one_sector_changes_no_other(struct kunit *test)
{
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct model *model = new_model(test, sizes[i], i % 2);
		u32 at[] = { 0, sizes[i] / 2, sizes[i] - 1, min(2047U, sizes[i] - 1) };

		for (j = 0; j < ARRAY_SIZE(at); j++) {
			set_both(model, at[j], 1, !(i % 2));
			check_all(test, model);
			set_both(model, at[j], 1, i % 2);
			check_all(test, model);
		}
	}
}

static void *group_entry(struct model *model, unsigned long group)
{
	return rcu_dereference_protected(model->trust.map, true)->groups[group];
}

/* How many sectors from @first to before @last are trusted. */
static u32 bits_between(struct model *model, u32 first, u32 last)
{
	u32 i, sum = 0;

	for (i = first; i < last; i++)
		sum += test_bit(i, model->bits);
	return sum;
}

/* What a leaf has beside its bits. Locks are longer on debug kernels. */
#define LEAF_HEAD (sizeof(spinlock_t) + sizeof(struct rcu_head) + sizeof(long))

/* Leaves and tables exist only where something is mixed. */
static void check_memory(struct kunit *test, struct model *model)
{
	struct blkv_trust_leaf *leaf;
	unsigned long g, r;

	for (g = 0; g < model->trust.nr_groups; g++) {
		u32 base = g * GROUP_SECTORS;
		u32 end = min_t(u32, base + GROUP_SECTORS, model->nr_sectors);
		bool mixed = run_end(model, base, end) < end;
		struct blkv_trust_table *table = group_entry(model, g);

		KUNIT_ASSERT_EQ(test, !is_uniform(table), mixed);
		if (!mixed)
			continue;
		KUNIT_ASSERT_LE(test, ksize(table->regions), PAGE_SIZE);
		for (r = 0; base + r * BLKV_REGION_SECTORS < end; r++) {
			u32 first = base + r * BLKV_REGION_SECTORS;
			u32 last = min(end, first + BLKV_REGION_SECTORS);

			mixed = run_end(model, first, last) < last;
			leaf = table->regions[r];
			KUNIT_ASSERT_EQ(test, !is_uniform(leaf), mixed);
			if (!mixed)
				continue;
			KUNIT_ASSERT_LE(test, ksize(leaf), 256 + LEAF_HEAD);
			KUNIT_ASSERT_EQ(test, leaf->nr_untrusted,
					last - first - bits_between(model, first, last));
		}
	}
}

static void run_model(struct kunit *test, struct rnd_state *random, struct model *model,
		      unsigned int rounds)
{
	/* The bias changes, so that sometimes nearly all is trusted, sometimes nearly none. */
	unsigned int round, bias = 2;
	u32 start, nr;

	for (round = 0; round < rounds; round++) {
		if (!(round % 32))
			bias = between(random, 1, 7);
		pick_range(random, model->nr_sectors, &start, &nr);
		set_both(model, start, nr, below(random, 8) < bias);
		check_count(test, model);
		check_run(test, model, start, model->nr_sectors - start);
		pick_range(random, model->nr_sectors, &start, &nr);
		check_run(test, model, start, nr);
		if (!(round % 16))
			check_memory(test, model);
	}
	check_all(test, model);
	check_memory(test, model);
}

static void random_changes_match_a_bitmap(struct kunit *test)
{
	struct rnd_state *random = bvtest_random(test);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		run_model(test, random, new_model(test, sizes[i], one_in(random, 2)),
			  bvtest_rounds(400));
}

static void memory_is_freed_when_uniform_again(struct kunit *test)
{
	struct rnd_state *random = bvtest_random(test);
	u32 nr_sectors = 2 * GROUP_SECTORS + 3 * 2048 + 777;
	unsigned int i, way;

	for (way = 0; way < 2; way++) {
		struct model *model = new_model(test, nr_sectors, way);
		u32 start, nr;

		for (i = 0; i < 200; i++) {
			start = below(random, nr_sectors);
			set_both(model, start, 1, !way);
		}
		check_memory(test, model);
		/* In pieces, so that no region or group is ever set as a whole. */
		for (start = 0; start < nr_sectors; start += nr) {
			nr = min(between(random, 1, 2000), nr_sectors - start);
			set_both(model, start, nr, way);
		}
		check_all(test, model);
		for (i = 0; i < model->trust.nr_groups; i++)
			KUNIT_EXPECT_TRUE(test, is_uniform(group_entry(model, i)));
	}
}

static void move_between_equal_sizes_swaps(struct kunit *test)
{
	struct rnd_state *random = bvtest_random(test);
	u32 nr_sectors = GROUP_SECTORS + 5000;
	struct model *to = new_model(test, nr_sectors, true);
	struct model *from = new_model(test, nr_sectors, false);
	unsigned int i;

	for (i = 0; i < bvtest_rounds(10); i++) {
		run_model(test, random, to, 40);
		run_model(test, random, from, 40);
		blkv_trust_move(&to->trust, &from->trust);
		swap(to->bits, from->bits);
		swap(to->nr_trusted, from->nr_trusted);
		check_all(test, to);
		check_memory(test, to);
		/* The contents of the old map are of no interest, but it must still work. */
		blkv_trust_set(&from->trust, 0, nr_sectors, false);
		KUNIT_EXPECT_EQ(test, blkv_trust_untrusted(&from->trust), nr_sectors);
		set_model(from, 0, nr_sectors, false);
	}
}

/* Between tables of different lengths. */
static void move_between_sizes_keeps_the_common_part(struct kunit *test)
{
	struct rnd_state *random = bvtest_random(test);
	unsigned int i, j, round;
	u32 at, both, run;

	for (round = 0; round < bvtest_rounds(60); round++) {
		struct model *to, *from;
		bool trusted = one_in(random, 2);

		i = below(random, ARRAY_SIZE(sizes));
		j = (i + between(random, 1, ARRAY_SIZE(sizes) - 1)) % ARRAY_SIZE(sizes);
		to = new_model(test, sizes[i], trusted);
		from = new_model(test, sizes[j], one_in(random, 2));
		if (!one_in(random, 4))
			run_model(test, random, from, 30);
		blkv_trust_move(&to->trust, &from->trust);
		both = min(sizes[i], sizes[j]);
		for (at = 0; at < both; at += run) {
			run = run_end(from, at, both) - at;
			set_model(to, at, run, test_bit(at, from->bits));
		}
		/* Nothing is known of what is beyond the old one. */
		set_model(to, both, sizes[i] - both, false);
		check_all(test, to);
		check_memory(test, to);
	}
}

static void map_of_64_tib_is_made_quickly(struct kunit *test)
{
	sector_t nr_sectors = 1ULL << 37;
	struct blkv_trust trust = {};
	ktime_t start = ktime_get();
	bool trusted;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		KUNIT_ASSERT_EQ(test, blkv_trust_init(&trust, nr_sectors, i), 0);
		KUNIT_EXPECT_LE(test, trust.nr_groups * sizeof(void *), SZ_1M);
		KUNIT_EXPECT_EQ(test, blkv_trust_untrusted(&trust), i ? 0 : nr_sectors);

		/* High sectors are not mistaken for low ones. */
		blkv_trust_set(&trust, nr_sectors - 1, 1, !i);
		blkv_trust_set(&trust, (1ULL << 32) + 5, 3, !i);
		KUNIT_EXPECT_EQ(test, blkv_trust_untrusted(&trust), i ? 4 : nr_sectors - 4);
		KUNIT_EXPECT_GE(test, blkv_trust_run(&trust, 5, 3, &trusted), 1);
		KUNIT_EXPECT_EQ(test, trusted, i);
		KUNIT_EXPECT_EQ(test, blkv_trust_run(&trust, (1ULL << 32) + 5, 9, &trusted), 3);
		KUNIT_EXPECT_EQ(test, trusted, !i);
		KUNIT_EXPECT_EQ(test, blkv_trust_run(&trust, nr_sectors - 1, 1, &trusted), 1);
		KUNIT_EXPECT_EQ(test, trusted, !i);

		blkv_trust_set(&trust, 0, nr_sectors, !i);
		KUNIT_EXPECT_EQ(test, blkv_trust_untrusted(&trust), i ? nr_sectors : 0);
		blkv_trust_exit(&trust);
	}
	/* A few ms each, 2 s with KASAN and emulated; a plain bitmap would take a minute. */
	KUNIT_EXPECT_LT(test, ktime_ms_delta(ktime_get(), start), 20000);
}

static void exit_accepts_zeroed_memory(struct kunit *test)
{
	struct blkv_trust trust = {};

	blkv_trust_exit(&trust);
	KUNIT_ASSERT_EQ(test, blkv_trust_init(&trust, 5000, true), 0);
	blkv_trust_exit(&trust);
	blkv_trust_exit(&trust);
}

/* ---- when memory is short ----------------------------------------------------------------- */

/*
 * Remove from the model the trust that the map has lost. Returns how many sectors that were; a
 * sector that only the map trusts is a failure.
 */
static u32 adopt_losses(struct kunit *test, struct model *model)
{
	u32 i, j, run, less = 0;
	bool trusted;

	for (i = 0; i < model->nr_sectors; i += run) {
		run = blkv_trust_run(&model->trust, i, model->nr_sectors - i, &trusted);
		if (trusted) {
			KUNIT_ASSERT_TRUE(test, test_bit(i, model->bits));
			KUNIT_ASSERT_GE(test, run_end(model, i, i + run), i + run);
			continue;
		}
		j = model->nr_trusted;
		set_model(model, i, run, false);
		less += j - model->nr_trusted;
	}
	KUNIT_ASSERT_EQ(test, blkv_trust_untrusted(&model->trust),
			model->nr_sectors - model->nr_trusted);
	return less;
}

static void failed_allocation_never_adds_trust(struct kunit *test)
{
	struct rnd_state *random = bvtest_random(test);
	u32 nr_sectors = GROUP_SECTORS + 20 * 2048 + 100, start, nr;
	struct model *model = new_model(test, nr_sectors, true);
	unsigned int round, losses = 0;

	for (round = 0; round < bvtest_rounds(600); round++) {
		pick_range(random, nr_sectors, &start, &nr);
		no_memory = one_in(random, 3);
		set_both(model, start, nr, one_in(random, 2));
		no_memory = false;
		losses += !!adopt_losses(test, model);
		check_run(test, model, start, nr);
		if (one_in(random, 10))
			set_both(model, 0, nr_sectors, true);
	}
	KUNIT_EXPECT_GT(test, losses, 0);
	check_memory(test, model);
}

/*
 * Distrust one sector with memory for @allocations only: all around it is lost, counted, and can be
 * set again.
 */
static void expect_loss(struct kunit *test, u32 nr_sectors, u32 at, u32 lost,
			unsigned int allocations)
{
	struct model *model = new_model(test, nr_sectors, true);
	u32 spared = 3 * BLKV_REGION_SECTORS;

	if (lost <= BLKV_REGION_SECTORS)
		set_both(model, spared, 1, false);
	no_memory = true;
	nr_allocations = allocations;
	set_both(model, at, 1, false);
	no_memory = false;
	KUNIT_EXPECT_EQ(test, nr_allocations, 0);
	KUNIT_EXPECT_EQ(test, adopt_losses(test, model), lost - 1);
	blkv_trust_set(&model->trust, 0, nr_sectors, true);
	KUNIT_EXPECT_EQ(test, blkv_trust_untrusted(&model->trust), 0);
}

static void failed_allocation_loses_one_region_or_group(struct kunit *test)
{
	u32 nr_sectors = GROUP_SECTORS + 2048 + 100;

	expect_loss(test, nr_sectors, 2048 + 5, BLKV_REGION_SECTORS, 0);
	expect_loss(test, nr_sectors, 2048 + 5 + BLKV_REGION_SECTORS * 9, BLKV_REGION_SECTORS, 0);
	expect_loss(test, 5 * 2048 + 100, 5 * 2048 + 99, 100, 0);
	expect_loss(test, nr_sectors, nr_sectors - 1, 2048 + 100, 0);
	expect_loss(test, nr_sectors, 7, GROUP_SECTORS, 0);
	/* A table consists of two allocations. */
	expect_loss(test, nr_sectors, 7, GROUP_SECTORS, 1);
}

static void whole_regions_and_groups_need_no_memory(struct kunit *test)
{
	u32 nr_sectors = 2 * GROUP_SECTORS + 100;
	struct model *model = new_model(test, nr_sectors, true);

	set_both(model, 0, 1, false);
	no_memory = true;
	set_both(model, GROUP_SECTORS, GROUP_SECTORS, false);
	set_both(model, 2 * GROUP_SECTORS, 100, false);
	set_both(model, 4 * BLKV_REGION_SECTORS, 2 * BLKV_REGION_SECTORS, false);
	set_both(model, 0, 2 * BLKV_REGION_SECTORS, true);
	no_memory = false;
	check_all(test, model);
	check_memory(test, model);
}

/* ---- several CPUs ------------------------------------------------------------------------- */

/**
 * struct race - what another CPU does while this one changes the map
 * @model: of the map
 * @random: what it is made from
 * @start: first sector that this CPU changes
 * @nr: how many
 * @trusted: what they are to be
 * @overlaps: the other CPU may change the same sectors, as the messages do
 * @left: how many more changes it makes for this one of ours
 * @changes: how many it has made
 */
static struct race {
	struct model *model;
	struct rnd_state *random;
	u32 start;
	u32 nr;
	bool trusted;
	bool overlaps;
	unsigned int left;
	unsigned int changes;
} race;

/* How often the unit was about to take a lock, or to exchange an entry. */
static unsigned int nr_locks;

static bool count_locks(void)
{
	nr_locks++;
	return false;
}

static void set_elsewhere(u32 start, u32 end, bool trusted)
{
	unsigned int left = race.left;

	if (start >= end)
		return;
	race.changes++;
	/* Nothing else changes this one. */
	race.left = 0;
	blkv_trust_set(&race.model->trust, start, end - start, trusted);
	set_model(race.model, start, end - start, trusted);
	race.left = left;
}

/* Change what surrounds our sectors, in their region or group, or something anywhere. */
static bool change_meanwhile(void)
{
	static const u32 units[] = { BLKV_REGION_SECTORS, GROUP_SECTORS };
	struct model *model = race.model;
	u32 end = race.start + race.nr, start, nr, unit;
	bool trusted = one_in(race.random, 2), was_short = no_memory;

	/* What is untrusted must be seen to be so at once. */
	if (!race.trusted)
		KUNIT_EXPECT_TRUE(model->test,
				  rcu_dereference_protected(model->trust.map, true)->tainted);
	if (!race.left || one_in(race.random, 2))
		return false;
	race.left--;
	no_memory = was_short && one_in(race.random, 2);

	unit = units[below(race.random, ARRAY_SIZE(units))];
	if (one_in(race.random, 4)) {
		pick_range(race.random, model->nr_sectors, &start, &nr);
		if (race.overlaps || start >= end || start + nr <= race.start)
			set_elsewhere(start, start + nr, trusted);
	} else if (race.overlaps && one_in(race.random, 2)) {
		start = round_down(race.start, unit);
		set_elsewhere(start, min(start + unit, model->nr_sectors), trusted);
	} else {
		set_elsewhere(round_down(race.start, unit), race.start, trusted);
		set_elsewhere(end, min(round_up(end, unit), model->nr_sectors), trusted);
	}
	no_memory = was_short;
	return false;
}

/* One of our changes, with others in between. Returns how many sectors lost their trust. */
static u64 set_with_race(struct model *model, u32 start, u32 nr, bool trusted)
{
	u64 lost;

	race.start = start;
	race.nr = nr;
	race.trusted = trusted;
	race.left = 3;
	lost = blkv_trust_set(&model->trust, start, nr, trusted);
	race.left = 0;
	set_model(model, start, nr, trusted);
	return lost;
}

static void new_race(struct kunit *test, struct model *model, bool overlaps)
{
	race = (struct race){
		.model = model,
		.random = bvtest_random(test),
		.overlaps = overlaps,
	};
	kunit_activate_static_stub(test, blkv_trust_race, change_meanwhile);
}

static void no_change_is_lost_when_neighbours_change(struct kunit *test)
{
	struct rnd_state *random = bvtest_random(test);
	u32 nr_sectors = GROUP_SECTORS + 3 * BLKV_REGION_SECTORS + 777, start, nr;
	struct model *model = new_model(test, nr_sectors, true);
	unsigned int round;

	new_race(test, model, false);
	for (round = 0; round < bvtest_rounds(1500); round++) {
		pick_range(random, nr_sectors, &start, &nr);
		set_with_race(model, start, nr, one_in(random, 2));
		check_count(test, model);
		check_run(test, model, start, nr);
		if (!(round % 16)) {
			check_all(test, model);
			check_memory(test, model);
		}
	}
	KUNIT_EXPECT_GT(test, race.changes, round / 8);
}

static void neighbours_without_memory_never_add_trust(struct kunit *test)
{
	struct rnd_state *random = bvtest_random(test);
	u32 nr_sectors = GROUP_SECTORS + 20 * 2048 + 100, start, nr;
	struct model *model = new_model(test, nr_sectors, true);
	unsigned int round;

	new_race(test, model, false);
	for (round = 0; round < bvtest_rounds(600); round++) {
		pick_range(random, nr_sectors, &start, &nr);
		no_memory = one_in(random, 2);
		set_with_race(model, start, nr, one_in(random, 2));
		no_memory = false;
		adopt_losses(test, model);
		check_memory(test, model);
		if (one_in(random, 10))
			set_both(model, 0, nr_sectors, true);
	}
}

/* The model becomes what the map is. */
static void adopt_all(struct model *model, u32 start, u32 end)
{
	bool trusted;
	u32 run;

	for (; start < end; start += run) {
		run = blkv_trust_run(&model->trust, start, end - start, &trusted);
		set_model(model, start, run, trusted);
	}
}

/* The messages do not wait for requests. Which of both wins is open, but the sum must be right. */
static void sum_is_right_when_messages_interfere(struct kunit *test)
{
	struct rnd_state *random = bvtest_random(test);
	u32 nr_sectors = GROUP_SECTORS + 3 * BLKV_REGION_SECTORS + 777, start, nr;
	struct model *model = new_model(test, nr_sectors, true);
	unsigned int round;

	new_race(test, model, true);
	for (round = 0; round < bvtest_rounds(1500); round++) {
		pick_range(random, nr_sectors, &start, &nr);
		set_with_race(model, start, nr, one_in(random, 2));
		adopt_all(model, start, start + nr);
		check_count(test, model);
		if (!(round % 16)) {
			check_all(test, model);
			check_memory(test, model);
		}
	}
}

static void known_trust_takes_no_lock(struct kunit *test)
{
	struct rnd_state *random = bvtest_random(test);
	u32 nr_sectors = GROUP_SECTORS + 5000, i, start, nr;
	struct model *model = new_model(test, nr_sectors, true);
	bool trusted;

	kunit_activate_static_stub(test, blkv_trust_race, count_locks);
	nr_locks = 0;
	/* Nothing is known to be untrusted. */
	KUNIT_EXPECT_EQ(test, blkv_trust_set(&model->trust, 0, nr_sectors, true), 0);
	KUNIT_EXPECT_EQ(test, nr_locks, 0);

	for (i = 0; i < 40; i++) {
		pick_range(random, nr_sectors, &start, &nr);
		set_both(model, start, min(nr, 3000U), one_in(random, 2));
	}
	KUNIT_EXPECT_GT(test, nr_locks, 0);
	nr_locks = 0;
	for (start = 0; start < nr_sectors; start += nr) {
		nr = blkv_trust_run(&model->trust, start, nr_sectors - start, &trusted);
		KUNIT_EXPECT_EQ(test, blkv_trust_set(&model->trust, start, nr, trusted), 0);
	}
	KUNIT_EXPECT_EQ(test, nr_locks, 0);
	check_all(test, model);
}

#define NR_THREADS 3
#define THREAD_REGIONS 6
#define THREAD_SECTORS (THREAD_REGIONS * BLKV_REGION_SECTORS)

/**
 * struct owner - a thread that owns some sectors, as requests do
 * @trust: the map
 * @nr: its number; sectors belong to the threads in turn, eight each, or a whole region each
 * @random: what its changes are made from
 * @rounds: how many it makes
 * @wrong: sectors of its own that were not as it had left them
 * @bits: its sectors; a set bit is a trusted one
 * @done: it has ended
 */
struct owner {
	struct blkv_trust *trust;
	unsigned int nr;
	struct rnd_state random;
	unsigned int rounds;
	unsigned int wrong;
	DECLARE_BITMAP(bits, THREAD_SECTORS);
	struct completion done;
};

/* In the first half, the threads share each region; in the second, regions have one owner. */
static bool owner_has(const struct owner *owner, u32 sector)
{
	u32 piece = sector < THREAD_SECTORS / 2 ? sector / 8 : sector / BLKV_REGION_SECTORS;

	return piece % NR_THREADS == owner->nr;
}

static u32 owner_piece(u32 sector)
{
	return sector < THREAD_SECTORS / 2 ? 8 : BLKV_REGION_SECTORS;
}

static void owner_check(struct owner *owner, u32 start, u32 end)
{
	u32 sector;
	bool trusted;

	for (sector = start; sector < end; sector++) {
		if (!owner_has(owner, sector))
			continue;
		blkv_trust_run(owner->trust, sector, 1, &trusted);
		owner->wrong += trusted != test_bit(sector, owner->bits);
	}
}

static void owner_set(struct owner *owner, u32 start, u32 nr, bool trusted)
{
	blkv_trust_set(owner->trust, start, nr, trusted);
	if (trusted)
		bitmap_set(owner->bits, start, nr);
	else
		bitmap_clear(owner->bits, start, nr);
}

/* All of its sectors in a region at once, so that regions become uniform, or only one piece. */
static void owner_change(struct owner *owner)
{
	u32 first = below(&owner->random, THREAD_REGIONS) * BLKV_REGION_SECTORS, at, piece;
	u32 skip = below(&owner->random, BLKV_REGION_SECTORS / 8) * 8;
	bool trusted = one_in(&owner->random, 2), all = one_in(&owner->random, 2);

	piece = owner_piece(first);
	for (at = first; at < first + BLKV_REGION_SECTORS; at += piece) {
		if (!owner_has(owner, at))
			continue;
		if (all)
			owner_set(owner, at, piece, trusted);
		else if (piece > 8)
			owner_set(owner, at + skip, 8, trusted);
		else if (at >= first + skip)
			return owner_set(owner, at + at / 8 % 8, 1, trusted);
	}
}

static int owner_run(void *data)
{
	struct owner *owner = data;
	unsigned int i;
	u32 at;

	for (i = 0; i < owner->rounds; i++) {
		owner_change(owner);
		at = below(&owner->random, THREAD_REGIONS) * BLKV_REGION_SECTORS;
		owner_check(owner, at, at + BLKV_REGION_SECTORS);
		cond_resched();
	}
	complete(&owner->done);
	return 0;
}

static void threads_keep_what_they_own(struct kunit *test)
{
	struct rnd_state *random = bvtest_random(test);
	struct model *model = new_model(test, THREAD_SECTORS, true);
	struct owner *owners = kunit_kcalloc(test, NR_THREADS, sizeof(*owners), GFP_KERNEL);
	unsigned int i, started;
	u32 sector;

	KUNIT_ASSERT_NOT_NULL(test, owners);
	for (i = 0; i < NR_THREADS; i++) {
		owners[i].trust = &model->trust;
		owners[i].nr = i;
		owners[i].rounds = bvtest_rounds(1000);
		prandom_seed_state(&owners[i].random, prandom_u32_state(random));
		bitmap_fill(owners[i].bits, THREAD_SECTORS);
		init_completion(&owners[i].done);
	}
	for (started = 0; started < NR_THREADS; started++)
		if (IS_ERR(kthread_run(owner_run, &owners[started], "kunit-trust/%u", started)))
			break;
	for (i = 0; i < started; i++)
		wait_for_completion(&owners[i].done);
	KUNIT_ASSERT_EQ(test, started, NR_THREADS);

	for (i = 0; i < NR_THREADS; i++) {
		KUNIT_EXPECT_EQ(test, owners[i].wrong, 0);
		for (sector = 0; sector < THREAD_SECTORS; sector++)
			if (owner_has(&owners[i], sector))
				set_model(model, sector, 1, test_bit(sector, owners[i].bits));
	}
	check_all(test, model);
	check_memory(test, model);
}

static struct kunit_case trust_cases[] = {
	KUNIT_CASE(new_map_is_uniform),
	KUNIT_CASE(setting_one_sector_changes_no_other),
	KUNIT_CASE(random_changes_match_a_bitmap),
	KUNIT_CASE(memory_is_freed_when_uniform_again),
	KUNIT_CASE(move_between_equal_sizes_swaps),
	KUNIT_CASE(move_between_sizes_keeps_the_common_part),
	KUNIT_CASE(map_of_64_tib_is_made_quickly),
	KUNIT_CASE(exit_accepts_zeroed_memory),
	KUNIT_CASE(failed_allocation_never_adds_trust),
	KUNIT_CASE(failed_allocation_loses_one_region_or_group),
	KUNIT_CASE(whole_regions_and_groups_need_no_memory),
	KUNIT_CASE(no_change_is_lost_when_neighbours_change),
	KUNIT_CASE(neighbours_without_memory_never_add_trust),
	KUNIT_CASE(sum_is_right_when_messages_interfere),
	KUNIT_CASE(known_trust_takes_no_lock),
	KUNIT_CASE(threads_keep_what_they_own),
	{}
};

static struct kunit_suite trust_suite = {
	.name = "trust",
	.test_cases = trust_cases,
};

kunit_test_suite(trust_suite);
