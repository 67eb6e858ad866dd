/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * --fail-members: fail the members of the arrays below the test device in turn, and read everything
 * without them. Reads of a whole array leave out copies and parity.
 */
#ifndef BLKVERIFY_MEMBERS_H
#define BLKVERIFY_MEMBERS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "array.h"

/* What was read without some members. */
struct round {
	char array[32], failed[256];	/* "sda, sdb" */
	bool rebuilt;			/* members that were rebuilt before were read */
	uint64_t compared, mismatches, divergences;
};

struct members {
	struct array arrays[ARRAYS_MAX];
	size_t nr;

	/* Results. */
	struct round *rounds;
	size_t nr_rounds;
	bool complete;			/* nothing was left out */
};

/* Check the arrays below the test device. Returns DONE; or reports why not, and an exit code. */
int members_prepare(struct members *members, const char *test);
/* Do it. Ends with the first finding on this mapped device. */
void members_run(struct members *members, const char *name);
/* Whether a read without a member has found something. */
bool members_found(const struct members *members);
/* The results, for people. */
void members_print(FILE *out, const struct members *members);
void members_free(struct members *members);

#endif
