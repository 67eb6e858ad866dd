// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the operations and their names.
 */
#include <linux/string.h>

#include "kunit.h"
#include "operation.h"

/* Written out here and not taken from words.h: reports are parsed by scripts. */
static const struct {
	const char *name;
	enum req_op op;
	sector_t nr_sectors;
	bool has_data;
	bool changes_data;
} table[BLKV_OPERATIONS_NR] = {
	[BLKV_OPERATION_READ] = { "read", REQ_OP_READ, 8, true, false },
	[BLKV_OPERATION_WRITE] = { "write", REQ_OP_WRITE, 8, true, true },
	[BLKV_OPERATION_FLUSH] = { "flush", REQ_OP_WRITE, 0, false, false },
	[BLKV_OPERATION_DISCARD] = { "discard", REQ_OP_DISCARD, 8, false, true },
	[BLKV_OPERATION_SECURE_ERASE] = { "secure_erase", REQ_OP_SECURE_ERASE, 8, false, true },
	[BLKV_OPERATION_WRITE_ZEROES] = { "write_zeroes", REQ_OP_WRITE_ZEROES, 8, false, true },
};

static void every_operation_has_its_name(struct kunit *test)
{
	enum blkv_operation a, b;

	for (a = 0; a < BLKV_OPERATIONS_NR; a++) {
		KUNIT_ASSERT_NOT_NULL(test, blkv_operation_name(a));
		KUNIT_ASSERT_NOT_NULL(test, table[a].name);
		KUNIT_EXPECT_STREQ(test, blkv_operation_name(a), table[a].name);
		for (b = 0; b < a; b++)
			KUNIT_EXPECT_STRNEQ(test, blkv_operation_name(a), blkv_operation_name(b));
	}
}

static void every_operation_is_recognized(struct kunit *test)
{
	enum blkv_operation i, operation;

	for (i = 0; i < BLKV_OPERATIONS_NR; i++) {
		operation = BLKV_OPERATIONS_NR;
		KUNIT_EXPECT_TRUE(test,
				  blkv_operation_of(table[i].op, table[i].nr_sectors, &operation));
		KUNIT_EXPECT_EQ(test, operation, i);
	}
}

static bool is_supported(enum req_op op)
{
	enum blkv_operation i;

	for (i = 0; i < BLKV_OPERATIONS_NR; i++)
		if (table[i].op == op)
			return true;
	return false;
}

static void other_operations_are_rejected(struct kunit *test)
{
	enum blkv_operation operation;
	unsigned int op;

	for (op = 0; op <= (__force u32)REQ_OP_MASK; op++)
		KUNIT_EXPECT_EQ(test, blkv_operation_of((__force enum req_op)op, 8, &operation),
				is_supported((__force enum req_op)op));
}

static void data_is_transferred_and_changed_as_documented(struct kunit *test)
{
	enum blkv_operation i;

	for (i = 0; i < BLKV_OPERATIONS_NR; i++) {
		KUNIT_EXPECT_EQ(test, blkv_operation_has_data(i), table[i].has_data);
		KUNIT_EXPECT_EQ(test, blkv_operation_changes_data(i), table[i].changes_data);
	}
}

static struct kunit_case operation_cases[] = {
	KUNIT_CASE(every_operation_has_its_name),
	KUNIT_CASE(every_operation_is_recognized),
	KUNIT_CASE(other_operations_are_rejected),
	KUNIT_CASE(data_is_transferred_and_changed_as_documented),
	{}
};

static struct kunit_suite operation_suite = {
	.name = "operation",
	.test_cases = operation_cases,
};

kunit_test_suite(operation_suite);
