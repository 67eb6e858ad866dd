// SPDX-License-Identifier: GPL-2.0-only
/*
 * See bundle.h. Each section is the output of a child: one of our own verbs, or a program that may
 * be missing. A section begins with a line "==== title"; a line of its contents that looks like one
 * is indented.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bundle.h"
#include "common.h"
#include "dm.h"
#include "options.h"
#include "util.h"
#include "verbs.h"

#define MAX_SECTORS 8		/* bad sectors that are shown in full */
#define PROGRAM_SECONDS "60"	/* a dying disk may not answer */
#define TIMED_OUT 124		/* the exit status of timeout(1) */

/* ---- sections ------------------------------------------------------------------------------- */

static void begin(FILE *out, const char *title, const char *of)
{
	fprintf(out, "%s==== %s%s%s\n", ftell(out) > 0 ? "\n" : "", title, of ? " " : "",
		of ? of : "");
}

static void copy_lines(FILE *out, FILE *in)
{
	char *line = NULL;
	size_t size = 0;
	bool newline = true;

	while (getline(&line, &size, in) >= 0) {
		fprintf(out, "%s%s", strncmp(line, "====", 4) ? "" : " ", line);
		newline = strchr(line, '\n');
	}
	if (!newline)
		fputc('\n', out);
	free(line);
}

/* Run it in a child, which writes to the file. Returns its exit status. */
static int add_child(FILE *out, int (*run)(char **argv), char **argv)
{
	int fds[2], status = 0;
	FILE *in;
	pid_t pid;

	fflush(out);
	if (interrupted)
		return DONE;
	if (pipe(fds)) {
		fprintf(out, "(not available: %s)\n", strerror(errno));
		return DONE;
	}
	pid = fork();
	if (!pid) {
		dup2(fds[1], STDOUT_FILENO);
		dup2(fds[1], STDERR_FILENO);
		close(fds[0]);
		close(fds[1]);
		status = run(argv);
		fflush(stdout);
		_exit(status);
	}
	close(fds[1]);
	in = fdopen(fds[0], "r");
	if (in) {
		copy_lines(out, in);
		fclose(in);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		fprintf(out, "(not available: %s)\n", strerror(errno));
	else if (WIFSIGNALED(status))
		fprintf(out, "(ended by signal %d)\n", WTERMSIG(status));
	return WEXITSTATUS(status);
}

static int run_program(char **argv)
{
	dm_end();
	execvp(argv[0], argv);
	printf("(not available: %s: %s)\n", argv[2], strerror(errno));
	return FAILED;
}

/* Of our own verbs. The options are those of the child only. */
static int run_json_status(char **argv)
{
	opts.json = true;
	return verb_status(argv);
}

static int run_json_report(char **argv)
{
	opts.json = true;
	return verb_report(argv);
}

static void add_verb(FILE *out, const char *title, int (*run)(char **argv), const char *name,
		     const char *argument)
{
	char *argv[] = { (char *)name, (char *)argument, NULL };

	begin(out, title, argument);
	add_child(out, run, argv);
}

static void add_program(FILE *out, char **argv)
{
	char title[256] = "";
	size_t i, len = 0;
	int status;

	for (i = 2; argv[i] && len < sizeof(title); i++)
		len += (size_t)snprintf(title + len, sizeof(title) - len, "%s%s", i > 2 ? " " : "",
					argv[i]);
	begin(out, title, NULL);
	status = add_child(out, run_program, argv);
	if (status == TIMED_OUT)
		fprintf(out, "(not complete after " PROGRAM_SECONDS " s)\n");
	else if (status)
		fprintf(out, "(exit status %d)\n", status);
}

#define PROGRAM(...) (char *[]){ "timeout", PROGRAM_SECONDS, __VA_ARGS__, NULL }

/* ---- what is in it -------------------------------------------------------------------------- */

static void add_versions(FILE *out)
{
	unsigned int v[3];
	struct utsname name;
	char when[64];

	utc_text("%Y-%m-%dT%H:%M:%SZ", when, sizeof(when));
	begin(out, "versions", NULL);
	fprintf(out, "date %s\nblkverify %s\n", when, TOOL_VERSION);
	if (!dm_target_version("blkverify", v))
		fprintf(out, "target %u.%u.%u\n", v[0], v[1], v[2]);
	if (!uname(&name))
		fprintf(out, "%s %s %s %s\n", name.sysname, name.release, name.version,
			name.machine);
}

static int compare_names(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* The files of a folder of sysfs that have one line. A partition has the queue of its disk. */
static void add_queue(FILE *out, const char *numbers, const char *node)
{
	char folder[PATH_MAX], path[PATH_MAX + NAME_MAX + 2], line[256];
	struct dirent **entries;
	int i, nr;

	begin(out, "queue of", node);
	snprintf(folder, sizeof(folder), "/sys/dev/block/%s/queue", numbers);
	if (access(folder, F_OK))
		snprintf(folder, sizeof(folder), "/sys/dev/block/%s/../queue", numbers);
	nr = scandir(folder, &entries, NULL, compare_names);
	for (i = 0; i < nr; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
		if (entries[i]->d_name[0] != '.' && read_line(path, line, sizeof(line)))
			fprintf(out, "%s: %s\n", entries[i]->d_name, line);
		free(entries[i]);
	}
	if (nr >= 0)
		free(entries);
}

static void add_history(FILE *out, const struct device *device, const char *sector)
{
	char message[64], *reply = NULL;

	begin(out, "history", sector);
	snprintf(message, sizeof(message), "%s %s", message_words[MESSAGE_HISTORY], sector);
	if (!dm_message(device->name, 0, message, &reply) && reply)
		fprintf(out, "%s\n", reply);
	free(reply);
}

/* Each bad sector once. */
static void add_sectors(FILE *out, const struct device *device)
{
	uint64_t sectors[MAX_SECTORS];
	size_t i, j, nr = 0;
	struct list list;
	char sector[24];

	if (device_list(device->name, &list))
		return;
	for (i = 0; i < list.nr && nr < MAX_SECTORS; i++) {
		if (list.reports[i].kind != KIND_MISMATCH)
			continue;
		for (j = 0; j < nr && sectors[j] != list.reports[i].bad_sector; j++)
			;
		if (j < nr)
			continue;
		sectors[nr++] = list.reports[i].bad_sector;
		snprintf(sector, sizeof(sector), "%" PRIu64, sectors[nr - 1]);
		add_history(out, device, sector);
		add_verb(out, "dump", verb_dump, device->name, sector);
	}
	list_free(&list);
}

static void add_disk(FILE *out, const char *disk)
{
	add_program(out, PROGRAM("smartctl", "-x", (char *)disk));
	if (strncmp(disk, "/dev/nvme", 9))
		return;
	add_program(out, PROGRAM("nvme", "smart-log", (char *)disk));
	add_program(out, PROGRAM("nvme", "error-log", (char *)disk));
}

static void add_leg(FILE *out, const char *numbers, const char *node)
{
	char disks[8][64];
	size_t i, nr;

	add_queue(out, numbers, node);
	/* Without serial numbers. */
	add_program(out, PROGRAM("lsblk", "-s", "-o", "NAME,TYPE,SIZE,RO,MODEL,REV,TRAN",
				 (char *)node));
	nr = common_disks_of(node, disks, NR_OF(disks));
	for (i = 0; i < nr; i++)
		add_disk(out, disks[i]);
}

void bundle_write(FILE *out, const struct device *device)
{
	char numbers[32];

	add_versions(out);
	add_verb(out, "status", verb_status, device->name, NULL);
	add_verb(out, "report", verb_report, device->name, NULL);
	add_program(out, PROGRAM("dmsetup", "table", (char *)device->name));
	add_sectors(out, device);
	snprintf(numbers, sizeof(numbers), "%u:%u", device->major, device->minor);
	add_queue(out, numbers, device->path);
	add_leg(out, device->table.raw, device->raw_node);
	add_leg(out, device->table.test, device->test_node);
	add_verb(out, "status --json", run_json_status, device->name, NULL);
	add_verb(out, "report --json", run_json_report, device->name, NULL);
	add_program(out, PROGRAM("dmesg"));
}
