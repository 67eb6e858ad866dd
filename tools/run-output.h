/* SPDX-License-Identifier: GPL-2.0-only */
/* What "run" prints at its end, for people and for programs. */
#ifndef BLKVERIFY_RUN_OUTPUT_H
#define BLKVERIFY_RUN_OUTPUT_H

#include <stdbool.h>

#include "device.h"

enum format { FORMAT_TEXT, FORMAT_JSON, FORMAT_KTAP, FORMAT_JUNIT, NR_FORMATS };

extern const char *const format_words[NR_FORMATS];

struct crash_series;
struct guard;
struct members;

struct run_outcome {
	const struct device *device;
	const struct list *list;	/* NULL if it could not be read */
	bool raw_failed;	/* only the reference file is known to have failed */
	char **command;
	int status;		/* of the command */
	double seconds;
	const struct crash_series *series;	/* of power cuts, or NULL */
	const struct guard *guard;		/* of margins, or NULL */
	const struct members *members;		/* that were failed, or NULL */
};

/* Returns false if there is no such word. */
bool parse_format(const char *word, enum format *format);
void run_print(enum format format, const struct run_outcome *outcome);

#endif
