// SPDX-License-Identifier: GPL-2.0-only
/*
 * The operations that the target supports, and their names.
 *
 * Pure: no locks, any context.
 */
#include <kunit/visibility.h>

#include "operation.h"

/**
 * blkv_operation_of() - the operation of a request
 * @op: the block layer's name for it
 * @nr_sectors: length of the request; a flush has none
 * @operation: set to the operation
 *
 * Return: false if the target does not support it.
 */
bool blkv_operation_of(enum req_op op, sector_t nr_sectors, enum blkv_operation *operation)
{
	switch (op) {
	case REQ_OP_READ:
		*operation = BLKV_OPERATION_READ;
		return true;
	case REQ_OP_WRITE:
		*operation = nr_sectors ? BLKV_OPERATION_WRITE : BLKV_OPERATION_FLUSH;
		return true;
	case REQ_OP_DISCARD:
		*operation = BLKV_OPERATION_DISCARD;
		return true;
	case REQ_OP_SECURE_ERASE:
		*operation = BLKV_OPERATION_SECURE_ERASE;
		return true;
	case REQ_OP_WRITE_ZEROES:
		*operation = BLKV_OPERATION_WRITE_ZEROES;
		return true;
	default:
		return false;
	}
}
EXPORT_SYMBOL_IF_KUNIT(blkv_operation_of);

/**
 * blkv_operation_name() - the word for an operation
 * @operation: the operation
 *
 * Return: the word, as reports and events print it.
 */
const char *blkv_operation_name(enum blkv_operation operation)
{
	static const char *const names[BLKV_OPERATIONS_NR] = {
#define OPERATION_NAME(id, word) \
	[BLKV_OPERATION_##id] = word,
		BLKV_OPERATIONS(OPERATION_NAME)
#undef OPERATION_NAME
	};

	return names[operation];
}
EXPORT_SYMBOL_IF_KUNIT(blkv_operation_name);
