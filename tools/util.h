/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by all units: exit codes, messages, signals. Data goes to stdout, messages to stderr. */
#ifndef BLKVERIFY_UTIL_H
#define BLKVERIFY_UTIL_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define SECTOR 512
#define NR_OF(array) (sizeof(array) / sizeof((array)[0]))
#define STATE_DIR "/run/blkverify"

/* 1 to 5 as veritysetup has them. */
enum exit_code {
	DONE = 0,		/* and nothing was found */
	FAILED = 1,		/* wrong arguments, not confirmed, or an error without a code */
	NO_PERMISSION = 2,
	NO_MEMORY = 3,
	WRONG_DEVICE = 4,	/* missing, of the wrong kind or size; also no module */
	BUSY = 5,		/* the name exists, or a device is in use */
	FOUND = 6,		/* a mismatch, a divergence, or a difference */
	INCONCLUSIVE = 7,	/* nothing, or not everything, could be compared */
};

/* One line on stderr, with what to do next. */
void say_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Does nothing before say_debug_enable(true). */
void say_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));
void say_debug_enable(bool debug);
/* The exit code of an errno. */
int exit_code_of(int error);

/* How many SIGINT, SIGTERM and SIGHUP have come. They interrupt system calls (no SA_RESTART). */
extern volatile sig_atomic_t interrupted;
void catch_signals(void);
void catch_signals_by(void (*handler)(int), int flags);

/*
 * A number of sectors or, with a suffix, of bytes, as losetup takes them: K or KiB, and M, G, T, P
 * and E, for powers of 1024, KB for powers of 1000. Returns NULL, or what is wrong with it.
 */
const char *parse_size(const char *text, uint64_t *sectors);

/* Seconds, as 2, 0.5 or 1..5. Returns false if that is not what @text is. */
bool parse_span(const char *text, double *low, double *high);

/* The first line of a file, such as one of sysfs. */
bool read_line(const char *path, char *line, size_t size);
/* Of a device, in STATE_DIR. */
void state_path(const char *name, const char *suffix, char *path, size_t size);
/* The time in UTC, as strftime() formats it. */
void utc_text(const char *format, char *text, size_t size);
/*
 * Close a file that was written to; NULL if it could not be opened. Returns 0, or the -errno of
 * opening it, or of any write to it.
 */
int close_written(FILE *file);
/* Seconds of the monotonic clock. */
double seconds_now(void);

#endif
