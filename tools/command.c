// SPDX-License-Identifier: GPL-2.0-only
/* See command.h. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command.h"
#include "dm.h"
#include "util.h"

static bool own_output, leads_group;

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
	if (leads_group) {
		setpgid(0, 0);
		dup2(open("/dev/null", O_RDONLY | O_CLOEXEC), STDIN_FILENO);
	}
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
	interrupted++;
	if (child)
		kill(leads_group ? -(pid_t)child : (pid_t)child, SIGTERM);
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
		/* Here, too: a signal may arrive before the child does it. */
		if (pid > 0 && leads_group)
			setpgid(pid, pid);
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

/* ---- in steps ------------------------------------------------------------------------------- */

#define LOOK_US 10000
#define KILL_SECONDS 5
#define GROUP_SECONDS 20

bool command_start(char **command, const struct variable *variables)
{
	pid_t pid;

	leads_group = true;
	/* Inherit what is left of the group when its leader has ended, to wait for it. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	pid = start_command(command, variables);
	if (pid < 0)
		say_error("cannot start a process: %s", strerror(errno));
	return pid > 0;
}

/*
 * Killed processes may still be closing the device. Do not wait forever: one may be stuck in a request
 * to a device without power.
 */
static void wait_for_group(pid_t group)
{
	double end = seconds_now() + GROUP_SECONDS;
	pid_t ended;

	while ((ended = waitpid(-group, NULL, WNOHANG)) >= 0 && seconds_now() < end)
		if (!ended)
			usleep(LOOK_US);
}

bool command_ended(int *status)
{
	pid_t pid = (pid_t)child;
	siginfo_t info = { 0 };

	/* Its number is its group's, and must not be used again before that is killed. */
	if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) || !info.si_pid)
		return false;
	child = 0;
	kill(-pid, SIGKILL);
	if (waitpid(pid, status, 0) != pid)
		return false;
	wait_for_group(pid);
	*status = exit_status(*status);
	return true;
}

void command_stop(double seconds)
{
	double end = seconds_now() + seconds;
	pid_t pid = (pid_t)child;
	int status;

	kill(-pid, SIGTERM);
	while (!command_ended(&status) && seconds_now() < end && interrupted < 2)
		usleep(LOOK_US);
	if (!child)
		return;
	kill(-pid, SIGKILL);
	end = seconds_now() + KILL_SECONDS;
	while (!command_ended(&status) && seconds_now() < end)
		usleep(LOOK_US);
}
