// SPDX-License-Identifier: GPL-2.0-only
/* See cutter.h. */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "cutter.h"
#include "dm.h"
#include "text.h"
#include "util.h"

#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyz0123456789_-"

/* ---- finding one ---------------------------------------------------------------------------- */

/* In the source tree, the command is in a directory beside cut.d. */
static bool find_beside_command(char *directory, size_t size)
{
	char program[PATH_MAX], *end;
	ssize_t len = readlink("/proc/self/exe", program, sizeof(program) - 1);

	if (len <= 0)
		return false;
	program[len] = '\0';
	end = strrchr(program, '/');
	if (!end)
		return false;
	*end = '\0';
	return snprintf(directory, size, "%s/../cut.d", program) < (int)size &&
	       !access(directory, X_OK);
}

static void find_directory(char *directory, size_t size)
{
	const char *given = getenv("BLKVERIFY_CUT_DIR");

	if (given && *given)
		snprintf(directory, size, "%s", given);
	else if (!find_beside_command(directory, size))
		snprintf(directory, size, "%s", CUT_DIR);
}

static int is_name(const struct dirent *entry)
{
	return entry->d_name[strspn(entry->d_name, NAME_CHARACTERS)] == '\0';
}

/* Call @take for each executable. */
static void for_each_name(void (*take)(const char *name, void *data), void *data)
{
	char directory[PATH_MAX];
	struct dirent **entries;
	int i, nr;

	find_directory(directory, sizeof(directory));
	nr = scandir(directory, &entries, is_name, alphasort);
	for (i = 0; i < nr; i++) {
		take(entries[i]->d_name, data);
		free(entries[i]);
	}
	if (nr >= 0)
		free(entries);
}

static void append_name(const char *name, void *data)
{
	text_append(data, 512, "%s", name);
}

static int say_unknown(const char *text, const char *path)
{
	char names[512] = "";

	for_each_name(append_name, names);
	say_error("--cut \"%s\": %s is not an executable file. Use exec:COMMAND for a command%s%s",
		  text, path, names[0] ? "; cutters are " : "", names);
	return FAILED;
}

int cutter_find(struct cutter *cutter, const char *text, const char *restore)
{
	size_t len = strspn(text, NAME_CHARACTERS);
	char directory[PATH_MAX];

	*cutter = (struct cutter){ .argument = text, .restore = restore };
	if (!len || text[len] != ':')
		return DONE;
	cutter->argument = text + len + 1;
	if (!strncmp(text, "exec:", 5))
		return DONE;
	find_directory(directory, sizeof(directory));
	if (snprintf(cutter->path, sizeof(cutter->path), "%s/%.*s", directory, (int)len, text) >=
	    (int)sizeof(cutter->path) || access(cutter->path, X_OK))
		return say_unknown(text, cutter->path);
	return DONE;
}

static void print_name(const char *name, void *data)
{
	fprintf(data, "%s:\n", name);
}

void cutter_print_names(FILE *out)
{
	print_name("exec", out);
	for_each_name(print_name, out);
}

/* ---- running it ----------------------------------------------------------------------------- */

static const char *const action_words[] = { "cut", "restore" };

/* A command for sh, or NULL if the executable is to be called. */
static const char *shell_command(const struct cutter *cutter, enum cutter_action action)
{
	if (action == CUTTER_RESTORE && cutter->restore)
		return cutter->restore;
	return cutter->path[0] ? NULL : cutter->argument;
}

static void run_child(const struct cutter *cutter, enum cutter_action action)
{
	const char *command = shell_command(cutter, action);

	/* A process group of its own: it can be killed as a whole, and Control-C is not for it. */
	setpgid(0, 0);
	catch_signals_by(SIG_DFL, 0);
	signal(SIGPIPE, SIG_DFL);
	dm_end();
	setenv("BLKVERIFY_DEVICE", cutter->device, 1);
	setenv("BLKVERIFY_TEST", cutter->test, 1);
	/* The standard output is for the summary. */
	dup2(STDERR_FILENO, STDOUT_FILENO);
	if (command)
		execl("/bin/sh", "sh", "-c", command, NULL);
	else
		execl(cutter->path, cutter->path, action_words[action], cutter->argument, NULL);
	say_error("cannot run %s: %s", command ? "/bin/sh" : cutter->path, strerror(errno));
	_exit(127);
}

static int say_failure(const struct cutter *cutter, enum cutter_action action, const char *how)
{
	const char *command = shell_command(cutter, action);

	if (command)
		say_error("--%s \"%s\" %s", action_words[action], command, how);
	else
		say_error("the cutter \"%s %s %s\" %s", cutter->path, action_words[action],
			  cutter->argument, how);
	return FAILED;
}

int cutter_run(const struct cutter *cutter, enum cutter_action action, double seconds)
{
	char how[96];
	int status = 0, r;
	pid_t pid;

	/* The device comes back on its own. */
	if (action == CUTTER_RESTORE && !cutter->path[0] && !cutter->restore)
		return DONE;
	pid = fork();
	if (!pid)
		run_child(cutter, action);
	r = pid < 0 ? -errno : child_wait(pid, seconds, &status);
	if (!r && WIFEXITED(status) && !WEXITSTATUS(status))
		return DONE;
	if (r == -ETIMEDOUT)
		snprintf(how, sizeof(how), "did not end within %g s", seconds);
	else if (r)
		snprintf(how, sizeof(how), "was not waited for: %s", strerror(-r));
	else if (WIFEXITED(status))
		snprintf(how, sizeof(how), "failed with exit status %d", WEXITSTATUS(status));
	else
		snprintf(how, sizeof(how), "was ended by signal %d", WTERMSIG(status));
	return say_failure(cutter, action, how);
}
