// SPDX-License-Identifier: GPL-2.0-only
/* See util.h. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "util.h"

volatile sig_atomic_t interrupted;
static bool debugging;

/* ---- messages and exit codes ---------------------------------------------------------------- */

void say_debug_enable(bool debug)
{
	debugging = debug;
}

void say_error(const char *format, ...)
{
	va_list args;

	fputs("blkverify: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

void say_debug(const char *format, ...)
{
	va_list args;

	if (!debugging)
		return;
	fputs("# ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

int exit_code_of(int error)
{
	switch (error < 0 ? -error : error) {
	case 0:
		return DONE;
	case EPERM:
	case EACCES:
		return NO_PERMISSION;
	case ENOMEM:
		return NO_MEMORY;
	case EBUSY:
	case EEXIST:
		return BUSY;
	case ENXIO:
	case ENODEV:
	case ENOENT:
	case ENOTBLK:
	case EISDIR:
		return WRONG_DEVICE;
	default:
		return FAILED;
	}
}

static void note_signal(int signal)
{
	(void)signal;
	interrupted++;
}

/* A signal that is ignored, as by nohup, stays ignored. */
void catch_signals_by(void (*handler)(int), int flags)
{
	static const int all[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags }, before;
	size_t i;

	for (i = 0; i < NR_OF(all); i++)
		if (!sigaction(all[i], NULL, &before) && before.sa_handler != SIG_IGN)
			sigaction(all[i], &action, NULL);
}

void catch_signals(void)
{
	catch_signals_by(note_signal, 0);
}

/* ---- sizes ---------------------------------------------------------------------------------- */

/* The factor of a suffix; false if it is unknown. */
static bool parse_suffix(const char *suffix, unsigned int *base, unsigned int *power)
{
	static const char letters[] = "KMGTPE";
	const char *letter = *suffix ? strchr(letters, toupper((unsigned char)*suffix)) : NULL;

	if (!letter)
		return false;
	*power = (unsigned int)(letter - letters) + 1;
	*base = strcmp(suffix + 1, "B") ? 1024 : 1000;
	return !suffix[1] || !strcmp(suffix + 1, "B") || !strcmp(suffix + 1, "iB");
}

const char *parse_size(const char *text, uint64_t *sectors)
{
	static const char *const no_size = "not a number of sectors or a size such as 64M";
	unsigned int base, power;
	char *suffix;

	if (!isdigit((unsigned char)*text))
		return no_size;
	errno = 0;
	*sectors = strtoull(text, &suffix, 10);
	if (*suffix && !parse_suffix(suffix, &base, &power))
		return no_size;
	if (errno)
		return "too large";
	if (!*suffix)
		return NULL;
	for (; power; power--)
		if (__builtin_mul_overflow(*sectors, base, sectors))
			return "too large";
	if (*sectors % SECTOR)
		return "not a multiple of 512 bytes";
	*sectors /= SECTOR;
	return NULL;
}

/* ---- times ---------------------------------------------------------------------------------- */

#define MAX_SECONDS 1e6

/* Digits, with a point in between: no sign, no exponent. Returns what follows, or NULL. */
static const char *parse_seconds(const char *text, double *seconds)
{
	const char *t = text + strspn(text, "0123456789");

	if (t == text)
		return NULL;
	if (*t == '.' && isdigit((unsigned char)t[1]))
		t += 1 + strspn(t + 1, "0123456789");
	/* The locale is not set, so the point is one. */
	*seconds = strtod(text, NULL);
	return *seconds <= MAX_SECONDS ? t : NULL;
}

bool parse_span(const char *text, double *low, double *high)
{
	const char *rest = parse_seconds(text, low);

	*high = *low;
	if (rest && !strncmp(rest, "..", 2))
		rest = parse_seconds(rest + 2, high);
	return rest && !*rest && *low <= *high;
}

/* ---- the rest ------------------------------------------------------------------------------- */

bool read_line(const char *path, char *line, size_t size)
{
	FILE *f = fopen(path, "re");
	bool ok = f && fgets(line, (int)size, f);

	if (ok)
		line[strcspn(line, "\n")] = '\0';
	if (f)
		fclose(f);
	return ok;
}

void state_path(const char *name, const char *suffix, char *path, size_t size)
{
	snprintf(path, size, STATE_DIR "/%s%s", name, suffix);
}

void utc_text(const char *format, char *text, size_t size)
{
	time_t now = time(NULL);

	strftime(text, size, format, gmtime(&now));
}

int close_written(FILE *file)
{
	int error;

	if (!file)
		return -errno;
	/* What failed before is written again, with the same error unless there is room by now. */
	error = fflush(file) ? errno : ferror(file) ? EIO : 0;
	if (fclose(file) && !error)
		error = errno;
	return -error;
}

double seconds_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}
