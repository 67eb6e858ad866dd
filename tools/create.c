// SPDX-License-Identifier: GPL-2.0-only
/*
 * Creating the mapped device: its table line, its size, and why the kernel rejected it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "create.h"
#include "dm.h"
#include "kernel-log.h"
#include "leg.h"
#include "options.h"
#include "parse.h"
#include "util.h"
#include "zeroed.h"

/* ---- the table line ------------------------------------------------------------------------- */

static void add_words(char *params, size_t size)
{
	size_t len = strlen(params);
	int i, nr = 0;

	for (i = 0; i < NR_OPTIONS; i++)
		nr += opts.words[i] ? 1 + !!opts.words[i][0] : 0;
	if (nr)
		len += (size_t)snprintf(params + len, size - len, " %d", nr);
	for (i = 0; i < NR_OPTIONS; i++)
		if (opts.words[i])
			len += (size_t)snprintf(params + len, size - len, " %s%s%s", option_words[i],
						opts.words[i][0] ? " " : "", opts.words[i]);
}

/* The option as spelled on the command line. */
static void option_text(enum option_nr option, char *text, size_t size)
{
	snprintf(text, size, "--%s", option_words[option]);
	for (; *text; text++)
		if (*text == '_')
			*text = '-';
}

int create_check_options(void)
{
	char name[64];
	uint64_t n;
	int i;

	if (opts.zeroed && opts.words[OPTION_WRITTEN_ONLY]) {
		say_error("--zeroed and --written-only are mutually exclusive");
		return FAILED;
	}
	for (i = 0; i < NR_OPTIONS; i++) {
		if (option_types[i] != OPTION_NUMBER || !opts.words[i] ||
		    (parse_number(opts.words[i], &n) && n))
			continue;
		option_text((enum option_nr)i, name, sizeof(name));
		say_error("%s \"%s\" is not a number of MiB", name, opts.words[i]);
		return FAILED;
	}
	return DONE;
}

static int choose_size(const struct leg *raw, const struct leg *test, uint64_t *sectors)
{
	const struct leg *small = raw->sectors < test->sectors ? raw : test;
	const struct leg *large = small == raw ? test : raw;
	uint64_t block = raw->block > test->block ? raw->block : test->block;

	if (opts.has_sectors) {
		*sectors = opts.sectors;
		if (*sectors && *sectors <= small->sectors)
			return DONE;
		say_error("--sectors %llu: %s %s has %llu sectors", (unsigned long long)*sectors,
			  small->word, small->path, (unsigned long long)small->sectors);
		return FAILED;
	}
	*sectors = small->sectors;
	if (raw->sectors == test->sectors)
		return DONE;
	if (opts.allow_unequal) {
		/* Whole blocks only. */
		*sectors -= *sectors % block;
		if (*sectors)
			return DONE;
		say_error("%s %s has %llu sectors, less than a block of %s %s", small->word,
			  small->path, (unsigned long long)small->sectors, large->word, large->path);
		return WRONG_DEVICE;
	}
	say_error("%s %s has %llu sectors, %llu less than %s %s: --allow-unequal uses the common part",
		  small->word, small->path, (unsigned long long)small->sectors,
		  (unsigned long long)(large->sectors - small->sectors), large->word, large->path);
	return WRONG_DEVICE;
}

/* ---- why the kernel rejected it -------------------------------------------------------------- */

static int say_create_error(const char *name, int error, int log)
{
	kernel_log_say(log);
	if (error == -EEXIST || error == -EBUSY)
		say_error("cannot create %s: the name exists, or a leg is in use: \"dmsetup ls\" lists "
			  "the names",
			  name);
	else
		say_error("cannot create %s: %s; see dmesg", name, strerror(-error));
	return exit_code_of(error);
}

static int create_mapped(const char *name, uint64_t sectors, const char *params)
{
	int log = kernel_log_open();
	int r = dm_create(name, "blkverify", sectors, params, opts.readonly);

	if (r)
		r = say_create_error(name, r, log);
	kernel_log_close(log);
	return r;
}

/* ---- the device ----------------------------------------------------------------------------- */

#define NAME_CHARACTERS \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789#+-.:=@_"

int create_check_name(const char *name)
{
	struct dm_device device;
	int r;

	/* udev and libdevmapper escape other characters in /dev/mapper. */
	if (!*name || strlen(name) > 127 || name[strspn(name, NAME_CHARACTERS)] ||
	    !strcmp(name, "control") || !strcmp(name, ".") || !strcmp(name, "..")) {
		say_error("invalid device name \"%s\": use 1 to 127 letters, digits or #+-.:=@_", name);
		return FAILED;
	}
	r = dm_get(name, DM_INFO_LINE, &device);
	free(device.params);
	if (r)
		return DONE; /* any other error will be reported on creation */
	say_error("%s exists already: run \"%s %s\" first, or use another name", name,
		  device.ours || !device.has_table ? "blkverify close" : "dmsetup remove", name);
	return BUSY;
}

int create_device(const char *name, struct leg *raw, struct leg *test)
{
	char params[1024];
	uint64_t sectors;
	int r = choose_size(raw, test, &sectors);

	if (!r)
		r = leg_reject_used(raw, opts.readonly);
	if (!r)
		r = leg_reject_used(test, opts.readonly);
	if (!r && opts.zeroed)
		r = zeroed_check(raw, sectors);
	if (!r && opts.zeroed)
		r = zeroed_check(test, sectors);
	if (r)
		return r;
	snprintf(params, sizeof(params), "%s %s", raw->node, test->node);
	add_words(params, sizeof(params));
	say_debug("0 %llu blkverify %s", (unsigned long long)sectors, params);
	if (!opts.dry_run)
		return create_mapped(name, sectors, params);

	if (raw->is_file || test->is_file)
		printf("# the loop devices of image files are those that are free now\n");
	printf("0 %llu blkverify %s\n", (unsigned long long)sectors, params);
	printf("dmsetup create %s%s --table '0 %llu blkverify %s'\n", name,
	       opts.readonly ? " --readonly" : "", (unsigned long long)sectors, params);
	return DONE;
}
