// SPDX-License-Identifier: GPL-2.0-only
/*
 * bundle: write all that a bug report needs to one file.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bundle.h"
#include "bundle-state.h"
#include "options.h"
#include "util.h"
#include "verbs.h"

/* Without a name, or with that of a folder: NAME-20261129T010203Z.blkverify.txt */
static void choose_path(const char *given, const struct device *device, char *path, size_t size)
{
	char when[32];
	struct stat st;

	if (given && (stat(given, &st) || !S_ISDIR(st.st_mode))) {
		snprintf(path, size, "%s", given);
		return;
	}
	utc_text("%Y%m%dT%H%M%SZ", when, sizeof(when));
	snprintf(path, size, "%s%s%s-%s.blkverify.txt", given ? given : "", given ? "/" : "",
		 device->name, when);
}

static int say_write_error(const char *path, int error)
{
	say_error("cannot write %s: %s", path, strerror(error));
	return exit_code_of(error);
}

/* It has bytes of the device in it: for the owner only. */
static int write_file(const char *path, const struct device *device)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), synced = 0, r;
	FILE *out;

	if (fd < 0)
		return say_write_error(path, errno);
	out = fdopen(fd, "w");
	if (out) {
		bundle_write(out, device);
		synced = fflush(out) || fsync(fd) ? -errno : 0;
	}
	r = close_written(out);
	/* The first error has the reason. */
	if (synced)
		r = synced;
	if (!r && !interrupted) {
		printf("%s\n", path);
		return DONE;
	}
	/* The part that was written would be taken for a bundle. */
	unlink(path);
	if (r)
		return say_write_error(path, -r);
	say_error("interrupted: %s was not written", path);
	return INCONCLUSIVE;
}

static int write_bundle(const char *given, const struct device *device)
{
	char path[4096];

	choose_path(given, device, path, sizeof(path));
	return write_file(path, device);
}

/* A finding that arrives while the bundle is written may not be in it. */
static int write_first(const char *given, const struct device *device)
{
	enum bundle_need need;
	uint64_t last;
	int r = bundle_check(device, &need, &last);

	if (r)
		return r;
	if (need == NEEDS_BUNDLE) {
		r = write_bundle(given, device);
		return r ? r : bundle_remember(device, last);
	}
	if (need == HAS_BUNDLE)
		say_error("%s already has a bundle of its first finding", device->name);
	else
		say_error("nothing was found on %s", device->name);
	return DONE;
}

int verb_bundle(char **argv)
{
	struct device device;
	int r = device_get(argv[0], &device);

	if (r)
		return r;
	catch_signals();
	return opts.first ? write_first(argv[1], &device) : write_bundle(argv[1], &device);
}
