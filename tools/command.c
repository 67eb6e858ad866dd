// SPDX-License-Identifier: GPL-2.0-only
/* See command.h. */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command.h"
#include "dm.h"
#include "util.h"

#define COMMAND_NOT_RUN 127

static bool own_output;

void command_keep_output(void)
{
	own_output = true;
}

/* A signal that arrived during fork() is delivered to the child now, and ends it. */
static void run_child(char **command, const struct variable *variables, const sigset_t *mask)
{
	catch_signals_by(SIG_DFL, 0);
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, mask, NULL);
	dm_end();
	for (; variables->name; variables++)
		setenv(variables->name, variables->value, 1);
	if (own_output)
		dup2(STDERR_FILENO, STDOUT_FILENO);
	execvp(command[0], command);
	say_error("cannot run %s: %s: check the command after --", command[0], strerror(errno));
	_exit(COMMAND_NOT_RUN);
}

static int exit_status(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static volatile sig_atomic_t child;

/* A signal that would end this process ends the command; the summary follows. */
void command_pass_signal_on(int signal)
{
	(void)signal;
	interrupted = 1;
	if (child)
		kill((pid_t)child, SIGTERM);
}

/* Returns 0, and starts nothing, if a signal has already arrived. */
static pid_t start_command(char **command, const struct variable *variables)
{
	sigset_t ours, before;
	pid_t pid = 0;

	sigemptyset(&ours);
	sigaddset(&ours, SIGINT);
	sigaddset(&ours, SIGTERM);
	sigaddset(&ours, SIGHUP);
	/* No signal may arrive between this check and setting the pid to pass it on to. */
	sigprocmask(SIG_BLOCK, &ours, &before);
	if (!interrupted) {
		pid = fork();
		if (!pid)
			run_child(command, variables, &before);
		child = pid > 0 ? pid : 0;
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	return pid;
}

static int wait_for(pid_t pid, void (*meanwhile)(void *data), void *data)
{
	int status = 0;
	pid_t ended;

	do {
		if (meanwhile)
			meanwhile(data);
		ended = waitpid(pid, &status, meanwhile ? WNOHANG : 0);
	} while (!ended || (ended < 0 && errno == EINTR));
	return ended < 0 ? COMMAND_NOT_RUN : exit_status(status);
}

int command_run(char **command, const struct variable *variables,
		void (*meanwhile)(void *data), void *data)
{
	pid_t pid = start_command(command, variables);
	int status;

	if (!pid)
		return 128 + SIGTERM;
	if (pid < 0) {
		say_error("cannot start a process: %s", strerror(errno));
		return COMMAND_NOT_RUN;
	}
	status = wait_for(pid, meanwhile, data);
	child = 0;
	return status;
}
