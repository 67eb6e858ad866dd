/* SPDX-License-Identifier: GPL-2.0-only */
/* Power cuts of the test device, one after the other, at random moments. */
#ifndef BLKVERIFY_CRASH_SERIES_H
#define BLKVERIFY_CRASH_SERIES_H

#include <stdbool.h>
#include <stdint.h>

#include "command.h"
#include "cutter.h"
#include "status.h"

/* What all cuts have shown. Blocks are those that the test device writes as a whole. */
struct crash_counts {
	uint64_t cuts;
	uint64_t value[NR_FIELDS];	/* of the fields that count, by how much they have grown */
	uint64_t unproven;		/* sectors, at most after one cut */
	double seconds;
};

struct crash_series {
	struct cutter cutter;
	const char *name;		/* of the mapped device */
	const char *path;		/* where the test device comes back; NULL: where it was */
	double low, high;		/* seconds from one cut to the next */
	uint64_t wanted;		/* cuts */
	const char *state;		/* the file of a series that can be continued, or NULL */
	/* To run meanwhile, and to restart if a power cut ends it; NULL: none. */
	char **command;
	const struct variable *variables;

	/* Results. */
	struct crash_counts counts;
	int command_status;		/* if it has failed without a power cut, else 0 */
	bool began;			/* the device was accepted */
	bool failed;			/* an error has ended the series, and was reported */
};

/*
 * From the options of the command line, with the name and the wanted cuts set. Returns an exit code,
 * after a message.
 */
int crash_series_prepare(struct crash_series *series);
/*
 * Ends after the first cut with a finding. Returns DONE; or reports what went wrong, and returns an
 * exit code. A signal ends it when the test device has power again.
 */
int crash_series_run(struct crash_series *series);
/* Whether something was found. */
bool crash_counts_are_bad(const struct crash_counts *counts);
/* Whether a block was compared with what it may hold after a cut. */
bool crash_counts_prove(const struct crash_counts *counts);
/* What else a user should know about the result. */
void crash_series_advise(const struct crash_series *series);

#endif
