// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the history of writes, against a list of all writes.
 */
#include "history.h"
#include "kunit.h"

#define NR_WRITES (2 * BLKV_HISTORY_SIZE)
#define NR_SECTORS 4096

static void exit_history(void *history)
{
	blkv_history_exit(history);
}

static void free_spans(void *spans)
{
	kvfree(spans);
}

KUNIT_DEFINE_ACTION_WRAPPER(exit_history_action, exit_history, void *);
KUNIT_DEFINE_ACTION_WRAPPER(free_spans_action, free_spans, void *);

static struct blkv_history *new_history(struct kunit *test)
{
	struct blkv_history *history = kunit_kzalloc(test, sizeof(*history), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, history);
	KUNIT_ASSERT_EQ(test, blkv_history_init(history), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, exit_history_action, history), 0);
	return history;
}

static void add(struct blkv_history *history, sector_t start, sector_t nr_sectors)
{
	struct blkv_write write = {
		.start = start,
		.nr_sectors = nr_sectors,
		.operation = BLKV_OPERATION_WRITE,
	};

	blkv_history_add(history, &write);
}

static void new_history_is_empty(struct kunit *test)
{
	struct blkv_history *history = new_history(test);
	struct blkv_write write;

	KUNIT_EXPECT_EQ(test, blkv_history_find(history, 0, U64_MAX, &write), BLKV_PROVENANCE_NONE);
}

static void write_covers_exactly_its_sectors(struct kunit *test)
{
	struct blkv_history *history = new_history(test);
	struct blkv_write write;

	add(history, 8, 4);
	KUNIT_EXPECT_EQ(test, blkv_history_find(history, 7, U64_MAX, &write), BLKV_PROVENANCE_NONE);
	KUNIT_EXPECT_EQ(test, blkv_history_find(history, 8, U64_MAX, &write),
			BLKV_PROVENANCE_FOUND);
	KUNIT_EXPECT_EQ(test, blkv_history_find(history, 11, U64_MAX, &write),
			BLKV_PROVENANCE_FOUND);
	KUNIT_EXPECT_EQ(test, blkv_history_find(history, 12, U64_MAX, &write),
			BLKV_PROVENANCE_NONE);
	/* A write is not before itself. */
	KUNIT_EXPECT_EQ(test, blkv_history_find(history, 8, write.order, &write),
			BLKV_PROVENANCE_NONE);
}

struct span {
	u32 start;
	u32 nr;
};

static bool in_span(const struct span *span, u32 sector)
{
	return sector >= span->start && sector < span->start + span->nr;
}

/* The writes that are known to cover a sector, newest first, are those of the list. */
static void check_sector(struct kunit *test, struct blkv_history *history, const struct span *all,
			 u32 nr_writes, u32 sector)
{
	u32 oldest = nr_writes > BLKV_HISTORY_SIZE ? nr_writes - BLKV_HISTORY_SIZE : 0;
	enum blkv_provenance provenance;
	struct blkv_write write;
	u64 before = U64_MAX;
	u32 i;

	for (i = nr_writes; i-- > oldest;) {
		if (!in_span(&all[i], sector))
			continue;
		provenance = blkv_history_find(history, sector, before, &write);
		KUNIT_ASSERT_EQ(test, provenance, BLKV_PROVENANCE_FOUND);
		KUNIT_ASSERT_EQ(test, write.order, i + 1);
		KUNIT_ASSERT_EQ(test, write.start, all[i].start);
		KUNIT_ASSERT_EQ(test, write.nr_sectors, all[i].nr);
		before = write.order;
	}
	provenance = blkv_history_find(history, sector, before, &write);
	KUNIT_ASSERT_EQ(test, provenance,
			oldest ? BLKV_PROVENANCE_FORGOTTEN : BLKV_PROVENANCE_NONE);
}

static void random_writes_match_a_list(struct kunit *test)
{
	struct rnd_state *random = bvtest_random(test);
	struct blkv_history *history = new_history(test);
	struct span *all = kvcalloc(NR_WRITES, sizeof(*all), GFP_KERNEL);
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, all);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, free_spans_action, all), 0);
	for (i = 0; i < NR_WRITES; i++) {
		all[i].start = below(random, NR_SECTORS);
		all[i].nr = between(random, 1, NR_SECTORS - all[i].start);
		if (one_in(random, 2))
			all[i].nr = min(all[i].nr, 8U);
		add(history, all[i].start, all[i].nr);
		if (one_in(random, 500) || i + 1 == BLKV_HISTORY_SIZE || i == BLKV_HISTORY_SIZE)
			check_sector(test, history, all, i + 1, below(random, NR_SECTORS));
	}
}

static void overwritten_slots_are_forgotten(struct kunit *test)
{
	struct blkv_history *history = new_history(test);
	struct blkv_write write;
	u32 i;

	add(history, 100, 1);
	for (i = 0; i < BLKV_HISTORY_SIZE; i++)
		add(history, 200, 1);
	KUNIT_EXPECT_EQ(test, blkv_history_find(history, 100, U64_MAX, &write),
			BLKV_PROVENANCE_FORGOTTEN);
	KUNIT_EXPECT_EQ(test, blkv_history_find(history, 300, U64_MAX, &write),
			BLKV_PROVENANCE_FORGOTTEN);
	KUNIT_EXPECT_EQ(test, blkv_history_find(history, 200, U64_MAX, &write),
			BLKV_PROVENANCE_FOUND);
	KUNIT_EXPECT_EQ(test, write.order, BLKV_HISTORY_SIZE + 1);
}

static void add_operation(struct blkv_history *history, enum blkv_operation operation,
			  sector_t start, sector_t nr_sectors)
{
	struct blkv_write write = {
		.start = start,
		.nr_sectors = nr_sectors,
		.operation = operation,
	};

	blkv_history_add(history, &write);
}

static void expect_clears(struct kunit *test, struct blkv_history *history, sector_t sector,
			  u64 after, u64 latest, u64 nearest)
{
	struct blkv_write last, near;

	memset(&last, 0xa5, sizeof(last));
	memset(&near, 0xa5, sizeof(near));
	blkv_history_find_clears(history, sector, after, &last, &near);
	KUNIT_EXPECT_EQ(test, last.order, latest);
	KUNIT_EXPECT_EQ(test, near.order, nearest);
}

static void clears_are_found_anywhere(struct kunit *test)
{
	struct blkv_history *history = new_history(test);

	expect_clears(test, history, 100, 0, 0, 0);
	add(history, 100, 8);
	expect_clears(test, history, 100, 0, 0, 0);
	add_operation(history, BLKV_OPERATION_DISCARD, 90, 8);
	add_operation(history, BLKV_OPERATION_WRITE_ZEROES, 200, 8);
	add(history, 300, 8);
	add_operation(history, BLKV_OPERATION_SECURE_ERASE, 5000, 8);
	expect_clears(test, history, 100, 0, 5, 2);
	expect_clears(test, history, 160, 0, 5, 3);
	expect_clears(test, history, 5003, 0, 5, 5);
	expect_clears(test, history, 100000, 0, 5, 5);
	/* Only those after the write. */
	expect_clears(test, history, 100, 1, 5, 2);
	expect_clears(test, history, 100, 2, 5, 3);
	expect_clears(test, history, 100, 4, 5, 5);
	expect_clears(test, history, 100, 5, 0, 0);
	/* Of two at the same distance, the later one. */
	add_operation(history, BLKV_OPERATION_DISCARD, 90, 8);
	expect_clears(test, history, 100, 0, 6, 6);
}

/* The distance of a sector from a range, counted sector by sector. */
static u32 distance_of(const struct span *span, u32 sector)
{
	u32 i, least = U32_MAX;

	for (i = span->start; i < span->start + span->nr; i++)
		least = min(least, i < sector ? sector - i : i - sector);
	return least;
}

static void random_clears_match_a_list(struct kunit *test)
{
	struct rnd_state *random = bvtest_random(test);
	struct blkv_history *history = new_history(test);
	enum { NR = 200, SPACE = 500 };
	struct span *all = kunit_kcalloc(test, NR, sizeof(*all), GFP_KERNEL);
	bool *clears = kunit_kcalloc(test, NR, sizeof(*clears), GFP_KERNEL);
	u32 nr, i;

	KUNIT_ASSERT_NOT_NULL(test, all);
	KUNIT_ASSERT_NOT_NULL(test, clears);
	for (nr = 0; nr < NR; nr++) {
		u32 sector = below(random, SPACE), after = below(random, nr + 1);
		u32 latest = 0, near = 0;

		all[nr].start = below(random, SPACE);
		all[nr].nr = between(random, 1, 20);
		clears[nr] = one_in(random, 3);
		add_operation(history,
			      clears[nr] ? BLKV_OPERATION_DISCARD : BLKV_OPERATION_WRITE,
			      all[nr].start, all[nr].nr);
		for (i = after; i <= nr; i++) {
			if (!clears[i])
				continue;
			latest = i + 1;
			if (!near || distance_of(&all[i], sector) <=
					     distance_of(&all[near - 1], sector))
				near = i + 1;
		}
		expect_clears(test, history, sector, after, latest, near);
	}
}

static void moved_history_continues(struct kunit *test)
{
	struct blkv_history *to = new_history(test), *from = new_history(test);
	struct blkv_write write;

	add(to, 1, 1);
	add(from, 2, 1);
	add(from, 3, 1);
	blkv_history_move(to, from);
	KUNIT_EXPECT_EQ(test, blkv_history_find(to, 1, U64_MAX, &write), BLKV_PROVENANCE_NONE);
	KUNIT_EXPECT_EQ(test, blkv_history_find(to, 3, U64_MAX, &write), BLKV_PROVENANCE_FOUND);
	KUNIT_EXPECT_EQ(test, write.order, 2);
	KUNIT_EXPECT_EQ(test, blkv_history_find(from, 2, U64_MAX, &write), BLKV_PROVENANCE_NONE);
	add(to, 4, 1);
	KUNIT_EXPECT_EQ(test, blkv_history_find(to, 4, U64_MAX, &write), BLKV_PROVENANCE_FOUND);
	KUNIT_EXPECT_EQ(test, write.order, 3);
}

static void emitted_line_is_complete_and_quotable(struct kunit *test)
{
	static const struct {
		enum blkv_operation operation;
		bool fua;
		const char *name;
	} operations[] = {
		{ BLKV_OPERATION_WRITE, false, "write" },
		{ BLKV_OPERATION_WRITE, true, "write,fua" },
		{ BLKV_OPERATION_DISCARD, false, "discard" },
		{ BLKV_OPERATION_SECURE_ERASE, false, "secure_erase" },
		{ BLKV_OPERATION_WRITE_ZEROES, false, "write_zeroes" },
	};
	struct blkv_write write = {
		.order = 7,
		.start = 8,
		.nr_sectors = 9,
		.pid = 10,
		.comm = "a\"b\\c\nd\xe9",
	};
	char text[200], expected[200];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(operations); i++) {
		write.operation = operations[i].operation;
		write.fua = operations[i].fua;
		write.time = ktime_get_coarse_ns();
		snprintf(expected, sizeof(expected),
			 "w_order=7 w_start=108 w_nr=9 w_op=%s w_age_ms=", operations[i].name);
		KUNIT_EXPECT_EQ(test, blkv_write_emit(&write, 100, "w_", text, sizeof(text)),
				strlen(text));
		KUNIT_EXPECT_EQ(test, strncmp(text, expected, strlen(expected)), 0);
		KUNIT_EXPECT_NOT_NULL(test, strstr(text, " w_pid=10 w_comm=\"a?b?c?d?\""));
	}
	/* It is cut where the space ends. */
	KUNIT_EXPECT_EQ(test, blkv_write_emit(&write, 0, "", text, 8), 7);
	KUNIT_EXPECT_STREQ(test, text, "order=7");
}

static void exit_accepts_zeroed_memory(struct kunit *test)
{
	struct blkv_history history = {};

	blkv_history_exit(&history);
}

static struct kunit_case history_cases[] = {
	KUNIT_CASE(new_history_is_empty),
	KUNIT_CASE(write_covers_exactly_its_sectors),
	KUNIT_CASE(random_writes_match_a_list),
	KUNIT_CASE(overwritten_slots_are_forgotten),
	KUNIT_CASE(clears_are_found_anywhere),
	KUNIT_CASE(random_clears_match_a_list),
	KUNIT_CASE(moved_history_continues),
	KUNIT_CASE(emitted_line_is_complete_and_quotable),
	KUNIT_CASE(exit_accepts_zeroed_memory),
	{}
};

static struct kunit_suite history_suite = {
	.name = "history",
	.test_cases = history_cases,
};

kunit_test_suite(history_suite);
