// SPDX-License-Identifier: GPL-2.0-only
/* See child.h. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "util.h"

/* How often to look. */
#define LOOK_US 5000
/* For a child that was killed: it may be in a call that cannot be interrupted. */
#define KILL_SECONDS 2

/* Returns 0 if it has ended, or -ETIMEDOUT. */
static int wait_until(pid_t pid, double end, bool mind_signals, int *status)
{
	pid_t ended;

	for (;;) {
		ended = waitpid(pid, status, WNOHANG);
		if (ended == pid)
			return 0;
		if (ended < 0 && errno != EINTR)
			return -errno;
		if (mind_signals && interrupted > 1)
			return -EINTR;
		if (seconds_now() >= end)
			return -ETIMEDOUT;
		usleep(LOOK_US);
	}
}

int child_wait(pid_t pid, double seconds, int *status)
{
	int r = wait_until(pid, seconds_now() + seconds, true, status), ignored;

	if (r == -ETIMEDOUT || r == -EINTR) {
		kill(-pid, SIGKILL);
		kill(pid, SIGKILL);
		wait_until(pid, seconds_now() + KILL_SECONDS, false, &ignored);
	}
	return r;
}

int child_call(int (*function)(void *data), void *data, double seconds)
{
	int status = 0, r;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid) {
		/* Control-C on the terminal is for the parent. */
		setpgid(0, 0);
		catch_signals_by(SIG_IGN, 0);
		_exit(-function(data));
	}
	r = child_wait(pid, seconds, &status);
	if (r)
		return r;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EIO;
}
