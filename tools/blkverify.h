/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the units of the tool share. Data goes to stdout, messages to stderr.
 */
#ifndef BLKVERIFY_H
#define BLKVERIFY_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "parse.h"
#include "words.h"

#define SECTOR 512
#define STATE_DIR "/run/blkverify"
#define CHUNK_SECTORS 2048	/* the target's region: a longer read would only be split */

/* As veritysetup up to 5. */
enum exit_code {
	DONE = 0, BAD_USAGE = 1, NO_PERMISSION = 2, NO_MEMORY = 3, WRONG_DEVICE = 4, BUSY = 5,
	FOUND = 6, CANNOT_TELL = 7,
};

/* ---- blkverify.c: the command line ----------------------------------------------------------- */

struct options {
	bool json, debug, yes, readonly, dry_run, deferred, allow_unequal, resume;
	bool has_sectors, has_start, has_length, has_timeout;
	uint64_t sectors, start, length, timeout, context;
	const char *raw, *test, *raw_dir, *name;
	const char *words[NR_WORDS];	/* NULL: not given; else the value, or "" */
};
extern struct options opts;

/* One line on stderr; what to do next is part of it. */
void say_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void say_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Turn an errno into the exit code that suits it. */
int code_of(int error);

/* SIGINT, SIGTERM and SIGHUP set this; they end no system call silently (no SA_RESTART). */
extern volatile sig_atomic_t interrupted;
void catch_signals(void);
void catch_signals_by(void (*handler)(int), int flags);

/* ---- verbs; each returns an exit code -------------------------------------------------------- */

int verb_open(char **argv);
int verb_close(char **argv);
int verb_status(char **argv);
int verb_report(char **argv);
int verb_dump(char **argv);
int verb_wait(char **argv);
int verb_watch(char **argv);
int verb_scrub(char **argv);
int verb_compare(char **argv);
int verb_sync(char **argv);
int verb_run(char **argv);

/* ---- device.c: a mapped device, asked through dm.c and parsed through parse.c ---------------- */

struct device {
	char name[128];
	char path[160];
	unsigned int major, minor;
	bool readonly, suspended;
	int open_count;
	uint32_t event_nr;
	uint64_t start, length;		/* of the target, in sectors */
	struct table table;
	struct status status;
	char raw_node[64], test_node[64];
};

/* "/dev/mapper/v" is as good a name as "v". */
const char *bare_name(const char *name);
/* Say what is wrong and return an exit code, else DONE. */
int device_get(const char *name, struct device *device);
int device_list(const char *name, struct list *list);
/* Sets fd, or says what is wrong. */
int device_open(const struct device *device, int flags, int *fd);
bool device_bad(const struct device *device);
const char *verdict(const struct device *device);
/* /dev/sda for "8:0"; the text itself when the kernel does not know the number. */
void node_of(const char *numbers, char *node, size_t size);
/* The file behind a loop device, or an empty text. */
void backing_file(const char *node, char *file, size_t size);

/* ---- legs.c and loop.c: what is given as RAW or TEST ----------------------------------------- */

struct leg {
	const char *word;		/* "raw" or "test", for messages */
	const char *path;		/* as given */
	char node[64];			/* the block device; a loop device for a file */
	int fd;				/* keeps a loop device until the mapped device has it */
	bool is_file;
	dev_t number;
	uint64_t sectors;
	uint64_t block;			/* its logical block size, in sectors */
};

/* Say who has it; returns BUSY. */
int say_used(const char *word, const char *path);
int leg_open(struct leg *leg, const char *word, const char *path, bool readonly);
int legs_open(struct leg *raw, const char *raw_path, struct leg *test, const char *test_path,
	      bool readonly);
void leg_close(struct leg *leg);
/* Refuse a leg that somebody uses, and say who. */
int leg_refuse_used(const struct leg *leg, bool readonly);
int legs_refuse_same(const char *raw, const char *test);
/* What is on it, by libblkid: "ext4 file system "name"", or an empty text. */
void leg_contents(const char *node, char *text, size_t size);
/* Refuse a file that a loop device or another program uses, and lock it. */
int file_refuse_used(const char *word, const char *path, int fd, bool readonly);
struct stat;
bool loop_is_of(const char *node, const char *backing_file, const struct stat *file);
int loop_attach(int file_fd, const char *path, bool readonly, char *node, size_t size);

/* ---- users.c: who uses it ---------------------------------------------------------------------- */

/* What is built or mounted on a device or its partitions. */
void users_of(dev_t number, char *text, size_t size);
/* Adds the processes that have it open, but for us. */
void add_processes(const struct stat *wanted, char *text, size_t size);
/* Adds to a list in words. */
void add_text(char *text, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
bool read_line(const char *path, char *line, size_t size);

/* ---- module.c: kernel modules -------------------------------------------------------------------- */

void load_module(const char *module);
/* Load the target when it is not; say what is missing. */
int need_target(void);

/* ---- open.c ---------------------------------------------------------------------------------- */

/* Create the device of opts; sectors 0 means the smaller leg. */
int open_device(const char *name, struct leg *raw, struct leg *test);
int check_name(const char *name);

/* ---- report.c: people's form, json.c: scripts' form ------------------------------------------ */

void print_status(const struct device *device);
void print_report(const struct report *report);
void print_reports(const struct device *device, const struct list *list);
void describe_class(const struct report *report, char *text, size_t size);
void print_clean(const char *text);
void human_size(uint64_t sectors, char *text, size_t size);

/* compare.c */
struct ranges;
void print_ranges(const char *what, const struct ranges *ranges);
int ranges_verdict(const struct ranges *bad, const struct ranges *unreadable);

void json_status(const struct device *devices, size_t nr);
void json_reports(const struct device *device, const struct list *list);
/* bytes: of both, where there are two. */
void json_ranges(const char *verb, const char *a, const char *b, const uint64_t bytes[2],
		 uint64_t start, uint64_t length, uint64_t skipped, const struct ranges *bad,
		 const struct ranges *unreadable);

/* ---- progress.c: a line that tells how far a long job is ------------------------------------- */

struct progress {
	const char *what;
	uint64_t start, end;		/* sectors */
	bool shown;
	double began, last;
};

void progress_start(struct progress *progress, const char *what, uint64_t start, uint64_t end);
void progress_show(struct progress *progress, uint64_t at, uint64_t bad);
void progress_end(struct progress *progress);
double now(void);
void *aligned_buffer(size_t size);
/* All of it, or -errno; a file that ends early is -ENODATA. */
int read_at_least(int fd, void *buffer, uint64_t sector, size_t least, size_t size);
int read_sectors(int fd, void *buffer, uint64_t sector, uint64_t nr);
int write_sectors(int fd, const void *buffer, uint64_t sector, uint64_t nr);

#endif
