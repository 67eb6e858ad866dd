/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What cuts the power of a device and restores it: an executable of the directory cut.d, which is
 * called as "NAME cut ARGUMENT" and "NAME restore ARGUMENT", or commands for sh.
 */
#ifndef BLKVERIFY_CUTTER_H
#define BLKVERIFY_CUTTER_H

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>

enum cutter_action { CUTTER_CUT, CUTTER_RESTORE };

struct cutter {
	char path[PATH_MAX];		/* of the executable; empty if both are commands */
	const char *argument;		/* for the executable, or the command that cuts */
	const char *restore;		/* the command that restores; NULL: none was given */
	const char *device, *test;	/* for its environment */
};

/*
 * @text: NAME:ARGUMENT, exec:COMMAND or COMMAND. @restore: a command, or NULL. Returns DONE, or
 * reports that it is not executable and returns an exit code.
 */
int cutter_find(struct cutter *cutter, const char *text, const char *restore);
/* Run it, for at most so many seconds. Returns DONE; or reports what went wrong, as above. */
int cutter_run(const struct cutter *cutter, enum cutter_action action, double seconds);
/* The executables, one a line, each with a colon. */
void cutter_print_names(FILE *out);

#endif
