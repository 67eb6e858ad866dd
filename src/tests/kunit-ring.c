// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the ring of reports, against a list of all reports.
 */
#include <linux/mm.h>
#include <linux/string.h>

#include "kunit.h"
#include "ring.h"

#define MODEL_MAX 4000

/* What is remembered of one report. */
struct entry {
	enum blkv_kind kind;
	sector_t sector;
	bool repeated;
	enum blkv_label label;
	char mark[BLKV_MARK_LEN];
};

/*
 * All reports that a ring ever had are all[1..nr]. Since the last reset: those after @reset. With
 * an event: those up to @event.
 */
struct model {
	struct blkv_ring ring;
	struct entry *all;
	u64 nr;
	u64 reset;
	u64 event;
	char mark[BLKV_MARK_LEN];
	bool is_new_mark;
};

static void free_model(void *data)
{
	struct model *model = data;

	kvfree(model->all);
	kvfree(model);
}

KUNIT_DEFINE_ACTION_WRAPPER(free_model_action, free_model, void *);

static struct model *new_model(struct kunit *test)
{
	struct model *model = kvzalloc(sizeof(*model), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, model);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, free_model_action, model), 0);
	model->all = kvcalloc(MODEL_MAX + 1, sizeof(*model->all), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, model->all);
	blkv_ring_init(&model->ring);
	return model;
}

/* The first reports since the last reset and the last ones are kept. */
static bool is_kept(const struct model *model, u64 number)
{
	return number > model->reset && number <= model->nr &&
	       (number <= model->reset + BLKV_FIRST_REPORTS ||
		number + BLKV_LAST_REPORTS > model->nr);
}

/* The first report from @number on that is kept. */
static u64 next_kept(const struct model *model, u64 number)
{
	while (number <= model->nr && !is_kept(model, number))
		number++;
	return number;
}

static u64 nr_dropped(const struct model *model)
{
	u64 number, nr = 0;

	for (number = model->reset + 1; number <= model->nr; number++)
		nr += !is_kept(model, number);
	return nr;
}

static bool is_repeated(const struct model *model, enum blkv_kind kind, sector_t sector)
{
	u64 number;

	for (number = next_kept(model, 0); number <= model->nr;
	     number = next_kept(model, number + 1))
		if (model->all[number].kind == kind && model->all[number].sector == sector)
			return true;
	return false;
}

/* The place is where blkv_report_sector() looks for it; a decoy stands where it must not look. */
static struct blkv_report report_of(enum blkv_kind kind, sector_t sector)
{
	return (struct blkv_report){
		.kind = kind,
		.operation = BLKV_OPERATION_READ,
		.nr_sectors = 1,
		.sector = kind == BLKV_MISMATCH ? 12345 : sector,
		.bad_sector = kind == BLKV_MISMATCH ? sector : 12345,
	};
}

static void add(struct kunit *test, struct model *model, enum blkv_kind kind, sector_t sector)
{
	struct blkv_report report = report_of(kind, sector);
	bool repeated = is_repeated(model, kind, sector);
	bool first = model->nr == model->reset || model->is_new_mark;
	struct entry *entry = &model->all[++model->nr];

	KUNIT_ASSERT_LE(test, model->nr, MODEL_MAX);
	entry->kind = kind;
	entry->sector = sector;
	entry->repeated = repeated;
	memcpy(entry->mark, model->mark, sizeof(entry->mark));
	model->is_new_mark = false;

	KUNIT_ASSERT_EQ(test, blkv_ring_add(&model->ring, &report), first);
	KUNIT_ASSERT_EQ(test, report.number, model->nr);
	KUNIT_ASSERT_EQ(test, report.repeated, repeated);
	KUNIT_ASSERT_STREQ(test, report.mark, model->mark);
}

static void check_report(struct kunit *test, const struct model *model,
			 const struct blkv_report *report, u64 number)
{
	const struct entry *entry = &model->all[number];

	KUNIT_ASSERT_EQ(test, report->number, number);
	KUNIT_ASSERT_EQ(test, report->kind, entry->kind);
	KUNIT_ASSERT_EQ(test, blkv_report_sector(report), entry->sector);
	KUNIT_ASSERT_EQ(test, report->label, entry->label);
	KUNIT_ASSERT_STREQ(test, report->mark, entry->mark);
}

/* List the reports from number @from on, as the message "list" does from 0 on. */
static void check_list(struct kunit *test, struct model *model, u64 from)
{
	u64 expected, dropped, number = from;
	struct blkv_report report;

	for (expected = next_kept(model, from); expected <= model->nr;
	     expected = next_kept(model, expected + 1)) {
		KUNIT_ASSERT_TRUE(test, blkv_ring_next(&model->ring, &number, &report, &dropped));
		check_report(test, model, &report, expected);
		KUNIT_ASSERT_EQ(test, dropped, nr_dropped(model));
	}
	KUNIT_ASSERT_FALSE(test, blkv_ring_next(&model->ring, &number, &report, &dropped));
	KUNIT_ASSERT_EQ(test, dropped, nr_dropped(model));
}

static void check_event(struct kunit *test, struct model *model)
{
	u64 expected = max(model->event, model->nr - min_t(u64, model->nr, BLKV_RING_SIZE)) + 1;
	const struct entry *entry = &model->all[expected];
	struct blkv_event event;

	if (expected > model->nr) {
		KUNIT_ASSERT_FALSE(test, blkv_ring_next_event(&model->ring, &event));
		return;
	}
	KUNIT_ASSERT_TRUE(test, blkv_ring_next_event(&model->ring, &event));
	KUNIT_ASSERT_EQ(test, event.kind, entry->kind);
	KUNIT_ASSERT_EQ(test, event.operation, BLKV_OPERATION_READ);
	KUNIT_ASSERT_EQ(test, event.sector, entry->sector);
	KUNIT_ASSERT_EQ(test, event.repeated, entry->repeated);
	model->event = expected;
}

/* The report may be dropped, or never have existed. */
static void label(struct model *model, u64 number, enum blkv_label label)
{
	blkv_ring_label(&model->ring, number, label);
	if (is_kept(model, number))
		model->all[number].label = label;
}

static void mark(struct model *model, const char *text)
{
	blkv_ring_mark(&model->ring, text);
	strscpy(model->mark, text, sizeof(model->mark));
	model->is_new_mark = true;
}

static void reset(struct model *model)
{
	blkv_ring_reset(&model->ring);
	model->reset = model->nr;
}

/* The old ring is empty then, and its numbers continue. */
static void move(struct model *to, struct model *from)
{
	u64 number;

	blkv_ring_move(&to->ring, &from->ring);
	for (number = 0; number <= MODEL_MAX; number++)
		to->all[number] = from->all[number];
	memcpy(to->mark, from->mark, sizeof(to->mark));
	to->is_new_mark = from->is_new_mark;
	to->nr = from->nr;
	to->reset = from->reset;
	to->event = from->event;
	from->reset = from->nr;
	from->event = from->nr;
}

static void new_ring_is_empty(struct kunit *test)
{
	struct model *model = new_model(test);

	check_list(test, model, 0);
	check_event(test, model);
}

/* The first reports are never replaced; of the others the oldest is. */
static void first_and_last_reports_are_kept(struct kunit *test)
{
	struct model *model = new_model(test);
	unsigned int i;

	for (i = 1; i <= 3 * BLKV_RING_SIZE; i++) {
		add(test, model, BLKV_MISMATCH, i);
		check_list(test, model, 0);
	}
}

/* A long list is read in several calls, and reports may be added in between. */
static void list_continues_where_it_was(struct kunit *test)
{
	struct model *model = new_model(test);
	unsigned int i;

	for (i = 0; i < BLKV_RING_SIZE + 50; i++)
		add(test, model, BLKV_DIVERGENCE, i);
	for (i = 0; i < BLKV_RING_SIZE + 60; i++)
		check_list(test, model, i);
}

static void same_kind_and_place_is_repeated(struct kunit *test)
{
	struct model *model = new_model(test);
	struct blkv_report report;
	unsigned int i;

	add(test, model, BLKV_MISMATCH, 8);
	report = report_of(BLKV_MISMATCH, 8);
	blkv_ring_add(&model->ring, &report);
	KUNIT_EXPECT_TRUE(test, report.repeated);
	report = report_of(BLKV_DIVERGENCE, 8);
	blkv_ring_add(&model->ring, &report);
	KUNIT_EXPECT_FALSE(test, report.repeated);
	report = report_of(BLKV_MISMATCH, 9);
	blkv_ring_add(&model->ring, &report);
	KUNIT_EXPECT_FALSE(test, report.repeated);

	/* A replaced report no longer counts. The first reports are never replaced. */
	for (i = 0; i < 2 * BLKV_RING_SIZE; i++) {
		report = report_of(BLKV_MISMATCH, 100 + i);
		blkv_ring_add(&model->ring, &report);
	}
	report = report_of(BLKV_MISMATCH, 8);
	blkv_ring_add(&model->ring, &report);
	KUNIT_EXPECT_TRUE(test, report.repeated);
	report = report_of(BLKV_MISMATCH, 100 + BLKV_FIRST_REPORTS);
	blkv_ring_add(&model->ring, &report);
	KUNIT_EXPECT_FALSE(test, report.repeated);
	report = report_of(BLKV_MISMATCH, 100 + 2 * BLKV_RING_SIZE - 1);
	blkv_ring_add(&model->ring, &report);
	KUNIT_EXPECT_TRUE(test, report.repeated);
}

static void label_is_added_to_its_report(struct kunit *test)
{
	struct model *model = new_model(test);
	unsigned int i;

	label(model, 0, BLKV_LABEL_PERSISTENT);
	label(model, 1, BLKV_LABEL_PERSISTENT);
	for (i = 0; i < BLKV_RING_SIZE + 10; i++)
		add(test, model, BLKV_MISMATCH, i);
	check_list(test, model, 0);
	for (i = 0; i <= model->nr + 2; i++)
		label(model, i, i % 2 ? BLKV_LABEL_PERSISTENT : BLKV_LABEL_TRANSIENT);
	check_list(test, model, 0);
	/* A report from before the reset. */
	reset(model);
	label(model, 3, BLKV_LABEL_TRANSIENT);
	add(test, model, BLKV_MISMATCH, 1);
	check_list(test, model, 0);
	label(model, model->nr, BLKV_LABEL_TRANSIENT);
	check_list(test, model, 0);
}

static void reset_forgets_reports_but_not_numbers(struct kunit *test)
{
	struct model *model = new_model(test);

	add(test, model, BLKV_MISMATCH, 8);
	add(test, model, BLKV_MISMATCH, 9);
	reset(model);
	check_list(test, model, 0);
	add(test, model, BLKV_MISMATCH, 8);
	KUNIT_EXPECT_EQ(test, model->nr, 3);
	check_list(test, model, 0);
}

static void reset_takes_no_event_away(struct kunit *test)
{
	struct model *model = new_model(test);
	struct blkv_event event;

	add(test, model, BLKV_MISMATCH, 8);
	add(test, model, BLKV_DIVERGENCE, 9);
	reset(model);
	check_event(test, model);
	check_event(test, model);
	KUNIT_EXPECT_EQ(test, model->event, 2);
	KUNIT_EXPECT_FALSE(test, blkv_ring_next_event(&model->ring, &event));
}

static void every_report_gets_one_event(struct kunit *test)
{
	struct model *model = new_model(test);
	struct blkv_event event;
	unsigned int i, nr = 0;

	for (i = 0; i < BLKV_RING_SIZE; i++)
		add(test, model, BLKV_MISMATCH, i);
	while (blkv_ring_next_event(&model->ring, &event))
		KUNIT_ASSERT_EQ(test, event.sector, nr++);
	KUNIT_EXPECT_EQ(test, nr, BLKV_RING_SIZE);

	/* The oldest of too many pending events are lost. */
	for (i = 0; i < BLKV_RING_SIZE + 10; i++)
		add(test, model, BLKV_MISMATCH, 1000 + i);
	nr = 10;
	while (blkv_ring_next_event(&model->ring, &event))
		KUNIT_ASSERT_EQ(test, event.sector, 1000 + nr++);
	KUNIT_EXPECT_EQ(test, nr, BLKV_RING_SIZE + 10);
}

static void mark_tags_later_reports_only(struct kunit *test)
{
	struct model *model = new_model(test);

	add(test, model, BLKV_MISMATCH, 1);
	mark(model, "before the power cut");
	add(test, model, BLKV_MISMATCH, 2);
	mark(model, "after");
	add(test, model, BLKV_MISMATCH, 3);
	mark(model, "");
	add(test, model, BLKV_MISMATCH, 4);
	check_list(test, model, 0);
	KUNIT_EXPECT_STREQ(test, model->ring.reports[1].mark, "before the power cut");
	KUNIT_EXPECT_STREQ(test, model->ring.reports[3].mark, "");
	/* One that is too long is cut. */
	mark(model, "0123456789012345678901234567890123456789012345678901234567890123456789");
	add(test, model, BLKV_MISMATCH, 5);
	KUNIT_EXPECT_EQ(test, strnlen(model->ring.reports[4].mark, BLKV_MARK_LEN),
			BLKV_MARK_LEN - 1);
	check_list(test, model, 0);
}

static void moved_ring_continues(struct kunit *test)
{
	struct model *to = new_model(test), *from = new_model(test);

	add(test, to, BLKV_MISMATCH, 1);
	mark(from, "old table");
	add(test, from, BLKV_MISMATCH, 2);
	add(test, from, BLKV_DIVERGENCE, 3);
	check_event(test, from);
	move(to, from);
	check_list(test, to, 0);
	check_list(test, from, 0);
	check_event(test, from);
	/* The second event is still due, and the mark still set. */
	KUNIT_EXPECT_EQ(test, to->event, 1);
	check_event(test, to);
	KUNIT_EXPECT_EQ(test, to->event, 2);
	add(test, to, BLKV_MISMATCH, 4);
	check_list(test, to, 0);
	/* A pending label finds its report in the new ring. */
	label(to, 1, BLKV_LABEL_PERSISTENT);
	label(from, 1, BLKV_LABEL_PERSISTENT);
	check_list(test, to, 0);
	check_list(test, from, 0);
	/* The old ring can still be used. */
	add(test, from, BLKV_MISMATCH, 5);
	check_list(test, from, 0);
}

static void random_operations_match_a_list(struct kunit *test)
{
	static const char *const marks[] = { "", "a", "second mark" };
	struct rnd_state *random = bvtest_random(test);
	struct model *models[2] = { new_model(test), new_model(test) };
	unsigned int round, i;

	for (round = 0; round < min(bvtest_rounds(5000), 5000U); round++) {
		struct model *model = models[below(random, 2)];

		switch (below(random, 100)) {
		case 0:
			mark(model, marks[below(random, ARRAY_SIZE(marks))]);
			break;
		case 1:
			reset(model);
			break;
		case 2:
			i = below(random, 2);
			move(models[i], models[!i]);
			break;
		case 3:
			label(model, below(random, model->nr + 3),
			      between(random, BLKV_LABEL_TRANSIENT, BLKV_LABEL_PERSISTENT));
			break;
		case 4 ... 9:
			check_list(test, model, below(random, model->nr + 3));
			break;
		case 10 ... 35:
			check_event(test, model);
			break;
		default:
			if (model->nr < MODEL_MAX)
				add(test, model, below(random, BLKV_KINDS_NR), below(random, 300));
			break;
		}
	}
	check_list(test, models[0], 0);
	check_list(test, models[1], 0);
}

static struct kunit_case ring_cases[] = {
	KUNIT_CASE(new_ring_is_empty),
	KUNIT_CASE(first_and_last_reports_are_kept),
	KUNIT_CASE(list_continues_where_it_was),
	KUNIT_CASE(same_kind_and_place_is_repeated),
	KUNIT_CASE(label_is_added_to_its_report),
	KUNIT_CASE(reset_forgets_reports_but_not_numbers),
	KUNIT_CASE(reset_takes_no_event_away),
	KUNIT_CASE(every_report_gets_one_event),
	KUNIT_CASE(mark_tags_later_reports_only),
	KUNIT_CASE(moved_ring_continues),
	KUNIT_CASE(random_operations_match_a_list),
	{}
};

static struct kunit_suite ring_suite = {
	.name = "ring",
	.test_cases = ring_cases,
};

kunit_test_suite(ring_suite);
