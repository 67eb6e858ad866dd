// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the range lock.
 *
 * The model of the random cases is a list in order of arrival: a range is granted when no earlier
 * one in the list conflicts with it.
 */
#include "kunit.h"
#include "range.h"

#define EVERYTHING ((sector_t)~0ULL)

static struct blkv_range range_of(sector_t start, sector_t last, bool shared)
{
	return (struct blkv_range){ .start = start, .last = last, .shared = shared };
}

#define reads(start, last) range_of(start, last, true)
#define writes(start, last) range_of(start, last, false)

static bool is_listed(struct list_head *granted, struct blkv_range *range)
{
	struct blkv_range *pos;

	list_for_each_entry(pos, granted, granted)
		if (pos == range)
			return true;
	return false;
}

/* Unlock @range and expect that this grants exactly these, in any order; NULL ends the list. */
static void unlock_grants(struct kunit *test, struct blkv_ranges *ranges, struct blkv_range *range,
			  ...)
{
	struct blkv_range *expected;
	LIST_HEAD(granted);
	size_t nr = 0;
	va_list args;

	blkv_range_unlock(ranges, range, &granted);
	va_start(args, range);
	while ((expected = va_arg(args, struct blkv_range *))) {
		KUNIT_EXPECT_TRUE(test, is_listed(&granted, expected));
		nr++;
	}
	va_end(args);
	KUNIT_EXPECT_EQ(test, list_count_nodes(&granted), nr);
}

static void expect_empty(struct kunit *test, struct blkv_ranges *ranges)
{
	KUNIT_EXPECT_TRUE(test, RB_EMPTY_ROOT(&ranges->root.rb_root));
	KUNIT_EXPECT_EQ(test, ranges->exclusive, 0);
}

static void reads_are_shared(struct kunit *test)
{
	struct blkv_range a = reads(0, 15), b = reads(8, 23), c = reads(8, 8);
	struct blkv_ranges ranges;

	blkv_ranges_init(&ranges);
	KUNIT_EXPECT_TRUE(test, blkv_range_lock(&ranges, &a));
	KUNIT_EXPECT_TRUE(test, blkv_range_lock(&ranges, &b));
	KUNIT_EXPECT_TRUE(test, blkv_range_lock(&ranges, &c));
	unlock_grants(test, &ranges, &b, NULL);
	unlock_grants(test, &ranges, &a, NULL);
	unlock_grants(test, &ranges, &c, NULL);
	expect_empty(test, &ranges);
}

static void reads_are_shared_despite_a_distant_write(struct kunit *test)
{
	struct blkv_range w = writes(100, 107), a = reads(0, 15), b = reads(8, 23);
	struct blkv_ranges ranges;

	blkv_ranges_init(&ranges);
	KUNIT_EXPECT_TRUE(test, blkv_range_lock(&ranges, &w));
	KUNIT_EXPECT_TRUE(test, blkv_range_lock(&ranges, &a));
	KUNIT_EXPECT_TRUE(test, blkv_range_lock(&ranges, &b));
	unlock_grants(test, &ranges, &a, NULL);
	unlock_grants(test, &ranges, &b, NULL);
	unlock_grants(test, &ranges, &w, NULL);
	expect_empty(test, &ranges);
}

static void write_waits_for_all_earlier_reads(struct kunit *test)
{
	struct blkv_range a = reads(0, 15), b = reads(8, 23), w = writes(15, 15);
	struct blkv_ranges ranges;

	blkv_ranges_init(&ranges);
	KUNIT_EXPECT_TRUE(test, blkv_range_lock(&ranges, &a));
	KUNIT_EXPECT_TRUE(test, blkv_range_lock(&ranges, &b));
	KUNIT_EXPECT_FALSE(test, blkv_range_lock(&ranges, &w));
	unlock_grants(test, &ranges, &a, NULL);
	unlock_grants(test, &ranges, &b, &w, NULL);
	unlock_grants(test, &ranges, &w, NULL);
	expect_empty(test, &ranges);
}

static void reads_wait_together_for_an_earlier_write(struct kunit *test)
{
	struct blkv_range w = writes(0, 31), a = reads(16, 31), b = reads(0, 31), c = reads(0, 0);
	struct blkv_ranges ranges;

	blkv_ranges_init(&ranges);
	KUNIT_EXPECT_TRUE(test, blkv_range_lock(&ranges, &w));
	KUNIT_EXPECT_FALSE(test, blkv_range_lock(&ranges, &a));
	KUNIT_EXPECT_FALSE(test, blkv_range_lock(&ranges, &b));
	KUNIT_EXPECT_FALSE(test, blkv_range_lock(&ranges, &c));
	unlock_grants(test, &ranges, &w, &a, &b, &c, NULL);
	unlock_grants(test, &ranges, &b, NULL);
	unlock_grants(test, &ranges, &c, NULL);
	unlock_grants(test, &ranges, &a, NULL);
	expect_empty(test, &ranges);
}

static void overlapping_writes_are_serialized(struct kunit *test)
{
	struct blkv_range a = writes(7, 7), b = writes(0, 7), c = writes(7, 9);
	struct blkv_ranges ranges;

	blkv_ranges_init(&ranges);
	KUNIT_EXPECT_TRUE(test, blkv_range_lock(&ranges, &a));
	KUNIT_EXPECT_FALSE(test, blkv_range_lock(&ranges, &b));
	KUNIT_EXPECT_FALSE(test, blkv_range_lock(&ranges, &c));
	unlock_grants(test, &ranges, &a, &b, NULL);
	unlock_grants(test, &ranges, &b, &c, NULL);
	unlock_grants(test, &ranges, &c, NULL);
	expect_empty(test, &ranges);
}

static void adjacent_ranges_do_not_conflict(struct kunit *test)
{
	struct blkv_range a = writes(8, 15), below = writes(0, 7), above = writes(16, 23);
	struct blkv_ranges ranges;

	blkv_ranges_init(&ranges);
	KUNIT_EXPECT_TRUE(test, blkv_range_lock(&ranges, &a));
	KUNIT_EXPECT_TRUE(test, blkv_range_lock(&ranges, &below));
	KUNIT_EXPECT_TRUE(test, blkv_range_lock(&ranges, &above));
	unlock_grants(test, &ranges, &a, NULL);
	unlock_grants(test, &ranges, &above, NULL);
	unlock_grants(test, &ranges, &below, NULL);
	expect_empty(test, &ranges);
}

static void read_does_not_overtake_a_waiting_write(struct kunit *test)
{
	struct blkv_range a = reads(0, 7), w = writes(0, 15), b = reads(8, 15);
	struct blkv_ranges ranges;

	blkv_ranges_init(&ranges);
	KUNIT_EXPECT_TRUE(test, blkv_range_lock(&ranges, &a));
	KUNIT_EXPECT_FALSE(test, blkv_range_lock(&ranges, &w));
	KUNIT_EXPECT_FALSE(test, blkv_range_lock(&ranges, &b));
	unlock_grants(test, &ranges, &a, &w, NULL);
	unlock_grants(test, &ranges, &w, &b, NULL);
	unlock_grants(test, &ranges, &b, NULL);
	expect_empty(test, &ranges);
}

static void unlock_is_counted_once(struct kunit *test)
{
	struct blkv_range a = reads(0, 7), b = reads(0, 7), w = writes(0, 7), c = reads(0, 7);
	struct blkv_ranges ranges;

	/* @c waits only for @w: the earlier reads do not block it, and their ends do not count. */
	blkv_ranges_init(&ranges);
	KUNIT_EXPECT_TRUE(test, blkv_range_lock(&ranges, &a));
	KUNIT_EXPECT_TRUE(test, blkv_range_lock(&ranges, &b));
	KUNIT_EXPECT_FALSE(test, blkv_range_lock(&ranges, &w));
	KUNIT_EXPECT_FALSE(test, blkv_range_lock(&ranges, &c));
	unlock_grants(test, &ranges, &b, NULL);
	unlock_grants(test, &ranges, &a, &w, NULL);
	unlock_grants(test, &ranges, &w, &c, NULL);
	unlock_grants(test, &ranges, &c, NULL);
	expect_empty(test, &ranges);
}

static void whole_device_conflicts_with_everything(struct kunit *test)
{
	struct blkv_range a = writes(0, 0), b = reads(1ULL << 40, (1ULL << 40) + 7);
	struct blkv_range all = writes(0, EVERYTHING);
	struct blkv_range c = reads(EVERYTHING, EVERYTHING), d = writes(0, 7);
	struct blkv_ranges ranges;

	blkv_ranges_init(&ranges);
	KUNIT_EXPECT_TRUE(test, blkv_range_lock(&ranges, &a));
	KUNIT_EXPECT_TRUE(test, blkv_range_lock(&ranges, &b));
	KUNIT_EXPECT_FALSE(test, blkv_range_lock(&ranges, &all));
	KUNIT_EXPECT_FALSE(test, blkv_range_lock(&ranges, &c));
	KUNIT_EXPECT_FALSE(test, blkv_range_lock(&ranges, &d));
	unlock_grants(test, &ranges, &a, NULL);
	unlock_grants(test, &ranges, &b, &all, NULL);
	unlock_grants(test, &ranges, &all, &c, &d, NULL);
	unlock_grants(test, &ranges, &d, NULL);
	unlock_grants(test, &ranges, &c, NULL);
	expect_empty(test, &ranges);
}

static void granted_ranges_are_appended(struct kunit *test)
{
	struct blkv_range a = writes(0, 7), b = writes(8, 15), c = writes(0, 7), d = writes(8, 15);
	struct blkv_ranges ranges;
	LIST_HEAD(granted);

	blkv_ranges_init(&ranges);
	KUNIT_EXPECT_TRUE(test, blkv_range_lock(&ranges, &a));
	KUNIT_EXPECT_TRUE(test, blkv_range_lock(&ranges, &b));
	KUNIT_EXPECT_FALSE(test, blkv_range_lock(&ranges, &c));
	KUNIT_EXPECT_FALSE(test, blkv_range_lock(&ranges, &d));
	blkv_range_unlock(&ranges, &a, &granted);
	blkv_range_unlock(&ranges, &b, &granted);
	KUNIT_EXPECT_PTR_EQ(test, granted.next, &c.granted);
	KUNIT_EXPECT_PTR_EQ(test, granted.prev, &d.granted);
	KUNIT_EXPECT_PTR_EQ(test, c.granted.next, &d.granted);
	unlock_grants(test, &ranges, &c, NULL);
	unlock_grants(test, &ranges, &d, NULL);
	expect_empty(test, &ranges);
}

/* ---- random cases ------------------------------------------------------------------------- */

#define MODEL_MAX 64

/*
 * One request, in the list of the model from lock to unlock. @held is what the lock returned, not
 * what the model expects.
 */
struct request {
	struct blkv_range range;
	struct list_head arrival;
	bool held;
};

struct model {
	struct blkv_ranges ranges;
	struct list_head requests; /* in order of arrival */
	struct request *slots;
	unsigned int nr;
	unsigned int nr_held;
	unsigned int waited;
	sector_t base;
	u32 nr_sectors;
};

static struct model *new_model(struct kunit *test, sector_t base, u32 nr_sectors)
{
	struct model *model = kunit_kzalloc(test, sizeof(*model), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, model);
	model->slots = kunit_kcalloc(test, MODEL_MAX, sizeof(*model->slots), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, model->slots);
	blkv_ranges_init(&model->ranges);
	INIT_LIST_HEAD(&model->requests);
	model->base = base;
	model->nr_sectors = nr_sectors;
	return model;
}

static bool conflict(const struct request *a, const struct request *b)
{
	return a->range.start <= b->range.last && b->range.start <= a->range.last &&
	       !(a->range.shared && b->range.shared);
}

static bool may_run(struct model *model, const struct request *request)
{
	struct request *other;

	list_for_each_entry(other, &model->requests, arrival) {
		if (other == request)
			return true;
		if (conflict(other, request))
			return false;
	}
	return true;
}

static struct request *free_slot(struct model *model)
{
	unsigned int i;

	for (i = 0; i < MODEL_MAX; i++)
		if (!model->slots[i].arrival.next)
			return &model->slots[i];
	return NULL;
}

static void pick_range(struct rnd_state *random, struct model *model, struct blkv_range *range)
{
	u32 start = below(random, model->nr_sectors), nr = 1;

	memset(range, 0xa5, sizeof(*range));
	switch (below(random, 8)) {
	case 0:
		start = 0;
		nr = model->nr_sectors;
		break;
	case 1 ... 2:
		nr = between(random, 1, model->nr_sectors - start);
		break;
	case 3 ... 6:
		nr = min(between(random, 1, 8), model->nr_sectors - start);
		break;
	}
	range->start = model->base + start;
	range->last = range->start + nr - 1;
	range->shared = !one_in(random, 3);
}

static void lock_one(struct kunit *test, struct rnd_state *random, struct model *model)
{
	struct request *request = free_slot(model);

	if (!request)
		return;
	pick_range(random, model, &request->range);
	list_add_tail(&request->arrival, &model->requests);
	request->held = blkv_range_lock(&model->ranges, &request->range);
	KUNIT_ASSERT_EQ(test, request->held, may_run(model, request));
	model->nr++;
	model->nr_held += request->held;
	model->waited += !request->held;
}

static struct request *pick_held(struct rnd_state *random, struct model *model)
{
	u32 n = below(random, model->nr_held);
	struct request *request;

	list_for_each_entry(request, &model->requests, arrival)
		if (request->held && !n--)
			return request;
	return NULL;
}

static void unlock_one(struct kunit *test, struct rnd_state *random, struct model *model)
{
	struct request *request, *other;
	LIST_HEAD(granted);
	size_t nr = 0;

	if (!model->nr_held)
		return;
	request = pick_held(random, model);
	blkv_range_unlock(&model->ranges, &request->range, &granted);
	list_del(&request->arrival);
	memset(request, 0, sizeof(*request));
	model->nr--;
	model->nr_held--;

	/* The lock must grant exactly what the model grants. */
	list_for_each_entry(other, &model->requests, arrival) {
		if (other->held || !may_run(model, other))
			continue;
		KUNIT_ASSERT_TRUE(test, is_listed(&granted, &other->range));
		other->held = true;
		nr++;
	}
	KUNIT_ASSERT_EQ(test, list_count_nodes(&granted), nr);
	model->nr_held += nr;
}

static void expect_no_conflict_held(struct kunit *test, struct model *model)
{
	struct request *a, *b;

	list_for_each_entry(a, &model->requests, arrival)
		for (b = list_next_entry(a, arrival);
		     !list_entry_is_head(b, &model->requests, arrival);
		     b = list_next_entry(b, arrival))
			KUNIT_ASSERT_FALSE(test, a->held && b->held && conflict(a, b));
}

static void run_model(struct kunit *test, struct rnd_state *random, struct model *model,
		      unsigned int rounds)
{
	/* The load changes: sometimes crowded, sometimes nearly empty. */
	u32 wanted = 1;

	while (rounds--) {
		if (one_in(random, 50))
			wanted = between(random, 1, MODEL_MAX);
		if (below(random, wanted) >= model->nr / 2)
			lock_one(test, random, model);
		else
			unlock_one(test, random, model);
		expect_no_conflict_held(test, model);
	}
}

/* Everything that waits is granted once the others are done. */
static void drain(struct kunit *test, struct rnd_state *random, struct model *model)
{
	while (model->nr) {
		KUNIT_ASSERT_GT(test, model->nr_held, 0);
		unlock_one(test, random, model);
	}
	expect_empty(test, &model->ranges);
}

static void crowded_requests_match_a_list(struct kunit *test)
{
	struct rnd_state *random = bvtest_random(test);
	struct model *model = new_model(test, 0, 32);

	run_model(test, random, model, bvtest_rounds(4000));
	KUNIT_EXPECT_GT(test, model->waited, 0);
	drain(test, random, model);
}

static void sparse_requests_match_a_list(struct kunit *test)
{
	struct rnd_state *random = bvtest_random(test);
	struct model *model = new_model(test, 0, 1 << 20);

	run_model(test, random, model, bvtest_rounds(4000));
	KUNIT_EXPECT_GT(test, model->waited, 0);
	drain(test, random, model);
}

static void high_sectors_match_a_list(struct kunit *test)
{
	struct rnd_state *random = bvtest_random(test);
	/* Around 2^32, where a truncated sector number would wrap. */
	struct model *model = new_model(test, (1ULL << 32) - 100, 200);

	run_model(test, random, model, bvtest_rounds(2000));
	KUNIT_EXPECT_GT(test, model->waited, 0);
	drain(test, random, model);
}

static void every_waiter_is_eventually_granted(struct kunit *test)
{
	struct rnd_state *random = bvtest_random(test);
	struct model *model = new_model(test, 0, 64);
	unsigned int i;

	for (i = 0; i < bvtest_rounds(30); i++) {
		while (model->nr < MODEL_MAX)
			lock_one(test, random, model);
		drain(test, random, model);
	}
}

static struct kunit_case range_cases[] = {
	KUNIT_CASE(reads_are_shared),
	KUNIT_CASE(reads_are_shared_despite_a_distant_write),
	KUNIT_CASE(write_waits_for_all_earlier_reads),
	KUNIT_CASE(reads_wait_together_for_an_earlier_write),
	KUNIT_CASE(overlapping_writes_are_serialized),
	KUNIT_CASE(adjacent_ranges_do_not_conflict),
	KUNIT_CASE(read_does_not_overtake_a_waiting_write),
	KUNIT_CASE(unlock_is_counted_once),
	KUNIT_CASE(whole_device_conflicts_with_everything),
	KUNIT_CASE(granted_ranges_are_appended),
	KUNIT_CASE(crowded_requests_match_a_list),
	KUNIT_CASE(sparse_requests_match_a_list),
	KUNIT_CASE(high_sectors_match_a_list),
	KUNIT_CASE(every_waiter_is_eventually_granted),
	{}
};

static struct kunit_suite range_suite = {
	.name = "range",
	.test_cases = range_cases,
};

kunit_test_suite(range_suite);
