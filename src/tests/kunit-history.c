// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the history of writes, against a list of all writes.
 */
#include <kunit/static_stub.h>
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/mutex.h>
#include <linux/sched.h>

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

/**
 * struct machine - what the histories of a test run on
 * @cpus: how many CPUs it has
 * @cpu: the one that this is
 * @clock: the time
 * @step: how far the clock advances when it is read
 */
static struct machine {
	unsigned int cpus;
	unsigned int cpu;
	u64 clock;
	u64 step;
} machine;

static unsigned int machine_cpus(void)
{
	return machine.cpus;
}

static unsigned int machine_cpu(void)
{
	return machine.cpu;
}

static u64 machine_clock(void)
{
	return machine.clock += machine.step;
}

/* The time of a write is its order, so that tests can compare both. */
static void new_machine(struct kunit *test, unsigned int cpus)
{
	machine = (struct machine){ .cpus = cpus, .step = 1 };
	kunit_activate_static_stub(test, blkv_history_cpus, machine_cpus);
	kunit_activate_static_stub(test, blkv_history_cpu, machine_cpu);
	kunit_activate_static_stub(test, blkv_history_clock, machine_clock);
}

static struct blkv_history *new_history_of_machine(struct kunit *test)
{
	struct blkv_history *history = kunit_kzalloc(test, sizeof(*history), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, history);
	KUNIT_ASSERT_EQ(test, blkv_history_init(history), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, exit_history_action, history), 0);
	return history;
}

static struct blkv_history *new_history(struct kunit *test)
{
	new_machine(test, 1);
	return new_history_of_machine(test);
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
	KUNIT_EXPECT_EQ(test, blkv_history_find(history, 8, write.time, &write),
			BLKV_PROVENANCE_NONE);
}

struct span {
	u32 start;
	u32 nr;
	u32 cpu;
};

static bool in_span(const struct span *span, u32 sector)
{
	return sector >= span->start && sector < span->start + span->nr;
}

/*
 * What is known of the past begins with the write after the newest one that any CPU has forgotten:
 * each remembers as many as its ring has slots.
 */
static u32 oldest_of(const struct blkv_history *history, const struct span *all, u32 nr_writes)
{
	u32 cpu, i, of_cpu, oldest = 0;

	for (cpu = 0; cpu < machine.cpus; cpu++) {
		of_cpu = 0;
		for (i = nr_writes; i-- > oldest;)
			if (all[i].cpu == cpu && ++of_cpu > history->nr_slots)
				oldest = i + 1;
	}
	return oldest;
}

/* The writes that are known to cover a sector, newest first, are those of the list. */
static void check_sector(struct kunit *test, struct blkv_history *history, const struct span *all,
			 u32 nr_writes, u32 sector)
{
	u32 oldest = oldest_of(history, all, nr_writes);
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
		before = write.time;
	}
	provenance = blkv_history_find(history, sector, before, &write);
	KUNIT_ASSERT_EQ(test, provenance,
			oldest ? BLKV_PROVENANCE_FORGOTTEN : BLKV_PROVENANCE_NONE);
}

static void match_a_list(struct kunit *test, unsigned int cpus)
{
	struct rnd_state *random = bvtest_random(test);
	struct span *all = kvcalloc(NR_WRITES, sizeof(*all), GFP_KERNEL);
	struct blkv_history *history;
	u32 i;

	new_machine(test, cpus);
	history = new_history_of_machine(test);

	KUNIT_ASSERT_NOT_NULL(test, all);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, free_spans_action, all), 0);
	for (i = 0; i < NR_WRITES; i++) {
		all[i].start = below(random, NR_SECTORS);
		all[i].nr = between(random, 1, NR_SECTORS - all[i].start);
		if (one_in(random, 2))
			all[i].nr = min(all[i].nr, 8U);
		/* At times one CPU makes most of them. */
		if (i / 1000 % 2 || one_in(random, 50))
			machine.cpu = below(random, cpus);
		all[i].cpu = machine.cpu;
		add(history, all[i].start, all[i].nr);
		if (one_in(random, 500) || i + 1 == BLKV_HISTORY_SIZE || i == BLKV_HISTORY_SIZE)
			check_sector(test, history, all, i + 1, below(random, NR_SECTORS));
	}
}

static void random_writes_match_a_list(struct kunit *test)
{
	match_a_list(test, 1);
}

static void writes_of_several_cpus_match_a_list(struct kunit *test)
{
	match_a_list(test, 3);
}

static void writes_of_many_cpus_match_a_list(struct kunit *test)
{
	match_a_list(test, 20);
}

static void rings_share_the_size(struct kunit *test)
{
	static const u32 slots[][2] = {
		{ 1, 4096 }, { 2, 2048 }, { 3, 2048 }, { 4, 1024 },
		{ 8, 512 },  { 9, 512 },  { 300, 512 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(slots); i++) {
		new_machine(test, slots[i][0]);
		KUNIT_EXPECT_EQ(test, new_history_of_machine(test)->nr_slots, slots[i][1]);
	}
}

/* The write that one CPU still knows may not be the last one: another one has forgotten some. */
static void idle_cpu_does_not_name_an_old_write(struct kunit *test)
{
	struct blkv_history *history;
	struct blkv_write write;
	u32 i;

	new_machine(test, 8);
	history = new_history_of_machine(test);
	add(history, 100, 1);
	machine.cpu = 7;
	add(history, 100, 2);
	for (i = 0; i < BLKV_HISTORY_SIZE_OF_CPU - 1; i++)
		add(history, 200, 1);
	KUNIT_EXPECT_EQ(test, blkv_history_find(history, 100, U64_MAX, &write),
			BLKV_PROVENANCE_FOUND);
	KUNIT_EXPECT_EQ(test, write.order, 2);
	add(history, 200, 1);
	KUNIT_EXPECT_EQ(test, blkv_history_find(history, 100, U64_MAX, &write),
			BLKV_PROVENANCE_FORGOTTEN);
	machine.cpu = 3;
	add(history, 100, 1);
	KUNIT_EXPECT_EQ(test, blkv_history_find(history, 100, U64_MAX, &write),
			BLKV_PROVENANCE_FOUND);
	KUNIT_EXPECT_EQ(test, write.order, BLKV_HISTORY_SIZE_OF_CPU + 3);
}

static void writes_are_ordered_while_the_clock_stands(struct kunit *test)
{
	struct blkv_history *history = new_history(test);
	struct blkv_write write = { .time = U64_MAX };
	u32 i;

	machine.clock = 1000;
	machine.step = 0;
	for (i = 1; i <= 100; i++)
		add(history, 8, i);
	for (i = 100; i; i--) {
		KUNIT_ASSERT_EQ(test, blkv_history_find(history, 8, write.time, &write),
				BLKV_PROVENANCE_FOUND);
		KUNIT_EXPECT_EQ(test, write.nr_sectors, i);
		KUNIT_EXPECT_EQ(test, write.order, i);
	}
}

/**
 * struct writer - a thread that writes
 * @history: the history
 * @start: the sector that only this thread writes
 * @wrong: lookups of it that did not find the write that was the last one
 * @done: it has ended
 */
struct writer {
	struct blkv_history *history;
	sector_t start;
	unsigned int wrong;
	struct completion done;
};

/* In place of the range lock of the sector that all threads write. */
static DEFINE_MUTEX(shared_lock);
static u32 nr_shared;

#define NR_WRITERS 3
#define NR_WRITES_OF_EACH 150

static int writer_run(void *data)
{
	struct writer *writer = data;
	struct blkv_write write;
	u32 i;

	for (i = 1; i <= NR_WRITES_OF_EACH; i++) {
		add(writer->history, writer->start, i);
		if (blkv_history_find(writer->history, writer->start, U64_MAX, &write) !=
			    BLKV_PROVENANCE_FOUND || write.nr_sectors != i)
			writer->wrong++;
		mutex_lock(&shared_lock);
		add(writer->history, 8, ++nr_shared);
		mutex_unlock(&shared_lock);
		cond_resched();
	}
	complete(&writer->done);
	return 0;
}

/* With the real clock, on the real CPUs. */
static void overlapping_writes_of_threads_are_ordered(struct kunit *test)
{
	struct blkv_history *history = new_history_of_machine(test);
	struct writer *writers = kunit_kcalloc(test, NR_WRITERS, sizeof(*writers), GFP_KERNEL);
	struct blkv_write write = { .time = U64_MAX };
	unsigned int i, started;
	u64 order = U64_MAX;

	KUNIT_ASSERT_NOT_NULL(test, writers);
	nr_shared = 0;
	for (i = 0; i < NR_WRITERS; i++) {
		writers[i].history = history;
		writers[i].start = 10000 * (i + 1);
		init_completion(&writers[i].done);
	}
	for (started = 0; started < NR_WRITERS; started++)
		if (IS_ERR(kthread_run(writer_run, &writers[started], "kunit-history/%u", started)))
			break;
	for (i = 0; i < started; i++)
		wait_for_completion(&writers[i].done);
	KUNIT_ASSERT_EQ(test, started, NR_WRITERS);

	for (i = 0; i < NR_WRITERS; i++)
		KUNIT_EXPECT_EQ(test, writers[i].wrong, 0);
	for (i = NR_WRITERS * NR_WRITES_OF_EACH; i; i--) {
		KUNIT_ASSERT_EQ(test, blkv_history_find(history, 8, write.time, &write),
				BLKV_PROVENANCE_FOUND);
		KUNIT_ASSERT_EQ(test, write.nr_sectors, i);
		KUNIT_ASSERT_LT(test, write.order, order);
		order = write.order;
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

static void old_clears_are_forgotten_with_writes(struct kunit *test)
{
	struct blkv_history *history;
	u32 i;

	new_machine(test, 8);
	history = new_history_of_machine(test);
	add_operation(history, BLKV_OPERATION_DISCARD, 90, 8);
	machine.cpu = 2;
	add(history, 200, 1);
	add_operation(history, BLKV_OPERATION_DISCARD, 300, 8);
	for (i = 0; i < BLKV_HISTORY_SIZE_OF_CPU - 2; i++)
		add(history, 200, 1);
	expect_clears(test, history, 100, 0, 3, 1);
	/* CPU 2 forgets a write that is later than the first discard, and not the second one. */
	add(history, 200, 1);
	expect_clears(test, history, 100, 0, 3, 3);
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
	struct blkv_history *history;
	enum { NR = 200, SPACE = 500 };
	struct span *all = kunit_kcalloc(test, NR, sizeof(*all), GFP_KERNEL);
	bool *clears = kunit_kcalloc(test, NR, sizeof(*clears), GFP_KERNEL);
	u32 nr, i;

	KUNIT_ASSERT_NOT_NULL(test, all);
	KUNIT_ASSERT_NOT_NULL(test, clears);
	new_machine(test, 3);
	history = new_history_of_machine(test);
	for (nr = 0; nr < NR; nr++) {
		u32 sector = below(random, SPACE), after = below(random, nr + 1);
		u32 latest = 0, near = 0;

		all[nr].start = below(random, SPACE);
		all[nr].nr = between(random, 1, 20);
		clears[nr] = one_in(random, 3);
		machine.cpu = below(random, 3);
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

static void moved_history_knows_what_it_forgot(struct kunit *test)
{
	struct blkv_history *to, *from;
	struct blkv_write write;
	u32 i;

	new_machine(test, 8);
	to = new_history_of_machine(test);
	from = new_history_of_machine(test);
	add(from, 100, 1);
	machine.cpu = 5;
	for (i = 0; i <= BLKV_HISTORY_SIZE_OF_CPU; i++)
		add(from, 200, 1);
	blkv_history_move(to, from);
	KUNIT_EXPECT_EQ(test, blkv_history_find(to, 100, U64_MAX, &write),
			BLKV_PROVENANCE_FORGOTTEN);
	KUNIT_EXPECT_EQ(test, blkv_history_find(to, 200, U64_MAX, &write), BLKV_PROVENANCE_FOUND);
	KUNIT_EXPECT_EQ(test, write.order, BLKV_HISTORY_SIZE_OF_CPU + 2);
	KUNIT_EXPECT_EQ(test, blkv_history_find(from, 200, U64_MAX, &write), BLKV_PROVENANCE_NONE);
	add(from, 300, 1);
	KUNIT_EXPECT_EQ(test, blkv_history_find(from, 100, U64_MAX, &write), BLKV_PROVENANCE_NONE);
	KUNIT_EXPECT_EQ(test, blkv_history_find(from, 300, U64_MAX, &write), BLKV_PROVENANCE_FOUND);
	KUNIT_EXPECT_EQ(test, write.order, 1);
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
	KUNIT_CASE(writes_of_several_cpus_match_a_list),
	KUNIT_CASE(writes_of_many_cpus_match_a_list),
	KUNIT_CASE(rings_share_the_size),
	KUNIT_CASE(idle_cpu_does_not_name_an_old_write),
	KUNIT_CASE(writes_are_ordered_while_the_clock_stands),
	KUNIT_CASE(overlapping_writes_of_threads_are_ordered),
	KUNIT_CASE(overwritten_slots_are_forgotten),
	KUNIT_CASE(clears_are_found_anywhere),
	KUNIT_CASE(old_clears_are_forgotten_with_writes),
	KUNIT_CASE(random_clears_match_a_list),
	KUNIT_CASE(moved_history_continues),
	KUNIT_CASE(moved_history_knows_what_it_forgot),
	KUNIT_CASE(emitted_line_is_complete_and_quotable),
	KUNIT_CASE(exit_accepts_zeroed_memory),
	{}
};

static struct kunit_suite history_suite = {
	.name = "history",
	.test_cases = history_cases,
};

kunit_test_suite(history_suite);
