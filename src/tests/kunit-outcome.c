// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of what the status of a leg means.
 *
 * The model is a chain of conditions, written independently of the table in the unit.
 */
#include <linux/blk_types.h>
#include <linux/blkdev.h>

#include "kunit.h"
#include "outcome.h"

static const blk_opf_t operations[] = {
	REQ_OP_READ,	REQ_OP_WRITE,	     REQ_OP_WRITE | REQ_PREFLUSH | REQ_FUA,
	REQ_OP_DISCARD, REQ_OP_SECURE_ERASE, REQ_OP_WRITE_ZEROES,
};

/*
 * Of these, only REQ_RAHEAD and REQ_INTEGRITY matter: BLKV_HAD_NOWAIT tells whether the legs got
 * REQ_NOWAIT.
 */
static const blk_opf_t opf_flags[] = {
	0,
	REQ_RAHEAD,
	REQ_NOWAIT,
	REQ_NOWAIT | REQ_RAHEAD,
	REQ_SYNC | REQ_META | REQ_IDLE,
	REQ_INTEGRITY,
	REQ_INTEGRITY | REQ_NOWAIT,
};

static enum req_op op_of(blk_opf_t opf)
{
	return (__force enum req_op)(opf & REQ_OP_MASK);
}

/* The leg completed a NOWAIT request with a status that a resubmission without it can change. */
static bool would_wait(blk_status_t status)
{
	return status == BLK_STS_AGAIN || status == BLK_STS_NOTSUPP;
}

static bool has_data(blk_opf_t opf)
{
	return op_of(opf) == REQ_OP_READ || op_of(opf) == REQ_OP_WRITE;
}

/* The leg learned from this request that it does not support the operation. */
static bool has_given_up(blk_opf_t opf, blk_status_t status)
{
	return !has_data(opf) && status == BLK_STS_TARGET;
}

/* The status blames the request, not the leg. */
static bool is_request_error(blk_opf_t opf, blk_status_t status, unsigned int flags)
{
	if (flags & BLKV_REREAD)
		return false;
	/* Every leg must support requests with data. */
	if (!has_data(opf) &&
	    (status == BLK_STS_NOTSUPP || status == BLK_STS_AGAIN || status == BLK_STS_INVAL))
		return true;
	if (has_given_up(opf, status))
		return true;
	if (has_data(opf) && (opf & REQ_INTEGRITY) && status == BLK_STS_PROTECTION)
		return true;
	return op_of(opf) == REQ_OP_READ && (opf & REQ_RAHEAD);
}

static enum blkv_outcome expected_outcome(blk_opf_t opf, blk_status_t status, unsigned int flags)
{
	if (!status)
		return BLKV_OUTCOME_OK;
	if ((flags & BLKV_HAD_NOWAIT) && !(flags & BLKV_REREAD) && would_wait(status))
		return BLKV_OUTCOME_RETRY;
	if (!is_request_error(opf, status, flags))
		return BLKV_OUTCOME_LEG_FAULT;
	if (!has_data(opf) && (status == BLK_STS_NOTSUPP || status == BLK_STS_TARGET))
		return BLKV_OUTCOME_UNSUPPORTED;
	return BLKV_OUTCOME_CALLER_FAULT;
}

/* Every status that fits in the type: those that the kernel defines, and the rest. */
static void every_combination_matches_the_model(struct kunit *test)
{
	unsigned int op, opf_flag, number, flags, nr[BLKV_OUTCOME_CALLER_FAULT + 1] = {};

	for (op = 0; op < ARRAY_SIZE(operations); op++)
		for (opf_flag = 0; opf_flag < ARRAY_SIZE(opf_flags); opf_flag++)
			for (number = 0; number <= U8_MAX; number++)
				for (flags = 0; flags <= (BLKV_HAD_NOWAIT | BLKV_REREAD); flags++) {
					blk_opf_t opf = operations[op] | opf_flags[opf_flag];
					blk_status_t status = (__force blk_status_t)number;
					enum blkv_outcome expected;

					expected = expected_outcome(opf, status, flags);
					KUNIT_ASSERT_EQ_MSG(test, blkv_outcome(opf, status, flags),
							    expected,
							    "opf %#x, status %u, flags %u",
							    (__force u32)opf, number, flags);
					nr[expected]++;
				}
	/* No outcome is left out. */
	for (number = 0; number < ARRAY_SIZE(nr); number++)
		KUNIT_EXPECT_GT(test, nr[number], 0);
}

/* The same for the cases that matter most, with the expectation written out. */
static void typical_cases_have_the_documented_outcome(struct kunit *test)
{
	static const struct {
		blk_opf_t opf;
		blk_status_t status;
		unsigned int flags;
		enum blkv_outcome outcome;
	} cases[] = {
		{ REQ_OP_READ, BLK_STS_OK, BLKV_REREAD, BLKV_OUTCOME_OK },
		{ REQ_OP_READ, BLK_STS_IOERR, 0, BLKV_OUTCOME_LEG_FAULT },
		{ REQ_OP_READ, BLK_STS_MEDIUM, 0, BLKV_OUTCOME_LEG_FAULT },
		{ REQ_OP_READ | REQ_RAHEAD, BLK_STS_MEDIUM, 0, BLKV_OUTCOME_CALLER_FAULT },
		{ REQ_OP_READ | REQ_RAHEAD, BLK_STS_MEDIUM, BLKV_REREAD, BLKV_OUTCOME_LEG_FAULT },
		{ REQ_OP_WRITE | REQ_RAHEAD, BLK_STS_MEDIUM, 0, BLKV_OUTCOME_LEG_FAULT },
		{ REQ_OP_WRITE, BLK_STS_AGAIN, BLKV_HAD_NOWAIT, BLKV_OUTCOME_RETRY },
		{ REQ_OP_WRITE, BLK_STS_NOTSUPP, BLKV_HAD_NOWAIT, BLKV_OUTCOME_RETRY },
		{ REQ_OP_READ, BLK_STS_AGAIN, 0, BLKV_OUTCOME_LEG_FAULT },
		{ REQ_OP_READ, BLK_STS_NOTSUPP, 0, BLKV_OUTCOME_LEG_FAULT },
		{ REQ_OP_READ, BLK_STS_INVAL, BLKV_HAD_NOWAIT, BLKV_OUTCOME_LEG_FAULT },
		{ REQ_OP_READ | REQ_RAHEAD, BLK_STS_AGAIN, 0, BLKV_OUTCOME_CALLER_FAULT },
		{ REQ_OP_WRITE, BLK_STS_AGAIN, 0, BLKV_OUTCOME_LEG_FAULT },
		{ REQ_OP_WRITE, BLK_STS_NOTSUPP, 0, BLKV_OUTCOME_LEG_FAULT },
		{ REQ_OP_WRITE, BLK_STS_INVAL, 0, BLKV_OUTCOME_LEG_FAULT },
		{ REQ_OP_DISCARD, BLK_STS_AGAIN, 0, BLKV_OUTCOME_CALLER_FAULT },
		{ REQ_OP_DISCARD, BLK_STS_INVAL, 0, BLKV_OUTCOME_CALLER_FAULT },
		{ REQ_OP_DISCARD, BLK_STS_NOTSUPP, 0, BLKV_OUTCOME_UNSUPPORTED },
		{ REQ_OP_WRITE, BLK_STS_TARGET, 0, BLKV_OUTCOME_LEG_FAULT },
		{ REQ_OP_READ, BLK_STS_TARGET, 0, BLKV_OUTCOME_LEG_FAULT },
		{ REQ_OP_DISCARD, BLK_STS_TARGET, 0, BLKV_OUTCOME_UNSUPPORTED },
		{ REQ_OP_SECURE_ERASE, BLK_STS_TARGET, 0, BLKV_OUTCOME_UNSUPPORTED },
		{ REQ_OP_WRITE_ZEROES, BLK_STS_TARGET, 0, BLKV_OUTCOME_UNSUPPORTED },
		{ REQ_OP_WRITE_ZEROES, BLK_STS_IOERR, 0, BLKV_OUTCOME_LEG_FAULT },
		{ REQ_OP_READ, BLK_STS_AGAIN, BLKV_REREAD, BLKV_OUTCOME_LEG_FAULT },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		KUNIT_EXPECT_EQ_MSG(test,
				    blkv_outcome(cases[i].opf, cases[i].status, cases[i].flags),
				    cases[i].outcome, "case %u", i);
}

static void unknown_status_is_a_failure(struct kunit *test)
{
	unsigned int op;

	for (op = 0; op < ARRAY_SIZE(operations); op++)
		KUNIT_EXPECT_EQ(test, blkv_outcome(operations[op], (__force blk_status_t)200, 0),
				BLKV_OUTCOME_LEG_FAULT);
}

static void only_a_request_that_was_not_started_is_refused(struct kunit *test)
{
	static const blk_status_t others[] = {
		BLK_STS_OK, BLK_STS_IOERR, BLK_STS_TIMEOUT, BLK_STS_MEDIUM, BLK_STS_TARGET,
		BLK_STS_TRANSPORT, BLK_STS_PROTECTION, BLK_STS_RESOURCE,
	};
	unsigned int i;

	KUNIT_EXPECT_TRUE(test, blkv_status_is_refusal(BLK_STS_NOTSUPP));
	KUNIT_EXPECT_TRUE(test, blkv_status_is_refusal(BLK_STS_INVAL));
	KUNIT_EXPECT_TRUE(test, blkv_status_is_refusal(BLK_STS_AGAIN));
	for (i = 0; i < ARRAY_SIZE(others); i++)
		KUNIT_EXPECT_FALSE_MSG(test, blkv_status_is_refusal(others[i]), "case %u", i);
}

static struct kunit_case outcome_cases[] = {
	KUNIT_CASE(every_combination_matches_the_model),
	KUNIT_CASE(typical_cases_have_the_documented_outcome),
	KUNIT_CASE(unknown_status_is_a_failure),
	KUNIT_CASE(only_a_request_that_was_not_started_is_refused),
	{}
};

static struct kunit_suite outcome_suite = {
	.name = "outcome",
	.test_cases = outcome_cases,
};

kunit_test_suite(outcome_suite);
