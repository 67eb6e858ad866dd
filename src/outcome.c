// SPDX-License-Identifier: GPL-2.0-only
/*
 * The meaning of a leg's status: one table, so that all callers treat a status alike.
 *
 * Pure: no locks, any context.
 */
#include <kunit/visibility.h>
#include <linux/bits.h>
#include <linux/kernel.h>

#include "outcome.h"

/* Operations that are treated alike. A flush is a write without data. */
enum op_class {
	OP_READ = BIT(0),
	OP_WRITE = BIT(1),
	OP_NO_DATA = BIT(2), /* discard, secure erase, write zeroes */
	OP_ANY = OP_READ | OP_WRITE | OP_NO_DATA,
};

/*
 * Besides the flags of the caller: a read that was only a readahead, and a request that came with
 * protection information.
 */
#define IS_READAHEAD BIT(8)
#define HAS_INTEGRITY BIT(9)

/*
 * The first row that matches decides. A row matches if the operation is one of @ops, all of
 * @flags are set, and the status is @status or, if @any_error, any but BLK_STS_OK.
 */
static const struct outcome_row {
	unsigned int ops;
	unsigned int flags;
	blk_status_t status;
	bool any_error;
	enum blkv_outcome outcome;
} outcome_rows[] = {
	{ OP_ANY, 0, BLK_STS_OK, false, BLKV_OUTCOME_OK },

	/* An error that kept us from confirming a difference is always reported. */
	{ OP_ANY, BLKV_REREAD, 0, true, BLKV_OUTCOME_LEG_FAULT },

	/* A leg that is a dm device may since have got a table that does not support NOWAIT. */
	{ OP_ANY, BLKV_HAD_NOWAIT, BLK_STS_AGAIN, false, BLKV_OUTCOME_RETRY },
	{ OP_ANY, BLKV_HAD_NOWAIT, BLK_STS_NOTSUPP, false, BLKV_OUTCOME_RETRY },

	/*
	 * Not for reads and writes: every leg has to support them, so if only one leg completes
	 * one, that is a divergence, whatever the status of the other leg.
	 */
	{ OP_NO_DATA, 0, BLK_STS_NOTSUPP, false, BLKV_OUTCOME_UNSUPPORTED },
	{ OP_NO_DATA, 0, BLK_STS_AGAIN, false, BLKV_OUTCOME_CALLER_FAULT },
	{ OP_NO_DATA, 0, BLK_STS_INVAL, false, BLKV_OUTCOME_CALLER_FAULT },

	/*
	 * The leg found out, by the request that it just failed, that it does not support the
	 * operation. Its limits do not show it: a disk that rejects WRITE SAME with UNMAP fails its
	 * discards with this, and a device on top of it may still have the old limits.
	 */
	{ OP_NO_DATA, 0, BLK_STS_TARGET, false, BLKV_OUTCOME_UNSUPPORTED },

	/* The submitter's protection information may be wrong; it alone knows what it should be. */
	{ OP_READ | OP_WRITE, HAS_INTEGRITY, BLK_STS_PROTECTION, false, BLKV_OUTCOME_CALLER_FAULT },

	/* A readahead may fail at any time. */
	{ OP_READ, IS_READAHEAD, 0, true, BLKV_OUTCOME_CALLER_FAULT },

	{ OP_ANY, 0, 0, true, BLKV_OUTCOME_LEG_FAULT },
};

static unsigned int op_class(enum req_op op)
{
	switch (op) {
	case REQ_OP_READ:
		return OP_READ;
	case REQ_OP_WRITE:
		return OP_WRITE;
	default:
		return OP_NO_DATA;
	}
}

/**
 * blkv_status_is_refusal() - did a leg refuse a request before it did anything?
 * @status: the status of the leg
 *
 * Then it does not use the memory of the request any more. A command that was aborted may.
 *
 * Context: Any.
 * Return: true if so; false for BLK_STS_OK.
 */
bool blkv_status_is_refusal(blk_status_t status)
{
	return status == BLK_STS_NOTSUPP || status == BLK_STS_INVAL || status == BLK_STS_AGAIN;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_status_is_refusal);

/**
 * blkv_outcome() - interpret the status of a leg
 * @opf: operation and flags of the request, as its submitter set them
 * @status: the status of the leg
 * @flags: BLKV_HAD_NOWAIT, BLKV_REREAD
 *
 * Context: Any.
 * Return: the outcome.
 */
enum blkv_outcome blkv_outcome(blk_opf_t opf, blk_status_t status, unsigned int flags)
{
	unsigned int op = op_class((__force enum req_op)(opf & REQ_OP_MASK));
	unsigned int i;

	if (opf & REQ_RAHEAD)
		flags |= IS_READAHEAD;
	if (opf & REQ_INTEGRITY)
		flags |= HAS_INTEGRITY;
	for (i = 0; i < ARRAY_SIZE(outcome_rows) - 1; i++) {
		const struct outcome_row *row = &outcome_rows[i];

		if ((row->ops & op) && (row->flags & flags) == row->flags &&
		    (row->any_error ? status != BLK_STS_OK : status == row->status))
			break;
	}
	/* The last row matches everything that is left. */
	return outcome_rows[i].outcome;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_outcome);
