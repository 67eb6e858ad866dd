/* SPDX-License-Identifier: GPL-2.0-only */
/* The command that "run" and "fstests" start. */
#ifndef BLKVERIFY_COMMAND_H
#define BLKVERIFY_COMMAND_H

#include <stdbool.h>

/* Exit status, as a shell has it. */
#define COMMAND_NOT_RUN 127

/* Of its environment. A list ends with a name that is NULL. */
struct variable {
	const char *name, *value;
};

/* The standard output is for a document: the output of the command goes to the standard error. */
void command_keep_output(void);
/* A handler: a signal that would end this process ends the command; the summary follows. */
void command_pass_signal_on(int signal);
/*
 * Run it. @meanwhile, which may be NULL, is called again and again; it should wait for a moment.
 * Returns its exit status as a shell has it.
 */
int command_run(char **command, const struct variable *variables,
		void (*meanwhile)(void *data), void *data);

/*
 * In three steps, for those that start it again and again. Then it leads a process group of its
 * own, which ends with it, and its standard input is empty.
 */
/* Returns false, perhaps after a message, if it was not started. */
bool command_start(char **command, const struct variable *variables);
/* Returns whether it has ended, and sets its exit status. */
bool command_ended(int *status);
/* End it, with force after so many seconds. */
void command_stop(double seconds);

#endif
