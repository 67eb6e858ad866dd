// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fail the first, second, third ... allocation of a device-mapper ioctl, until there are no more.
 *
 * The caller selects the allocations by the stack filters of failslab and fail_page_alloc. Prints a
 * line for each try that did not simply succeed, then how many allocations and, as a result, how
 * many ioctls failed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/dm-ioctl.h>

#define SIZE 16384

static int control, nth_file;

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static struct dm_ioctl *request(const char *name)
{
	static union {
		struct dm_ioctl dmi;
		char bytes[SIZE];
	} buffer;
	struct dm_ioctl *dmi = &buffer.dmi;

	memset(&buffer, 0, sizeof(buffer));
	dmi->version[0] = DM_VERSION_MAJOR;
	dmi->data_size = SIZE;
	dmi->data_start = sizeof(*dmi);
	snprintf(dmi->name, sizeof(dmi->name), "%s", name);
	return dmi;
}

/* An ioctl without failures, for calls that are not under test. */
static void clear(const char *name)
{
	if (ioctl(control, DM_TABLE_CLEAR, request(name)))
		die("DM_TABLE_CLEAR");
}

static int load(const char *name, unsigned long long length, const char *params)
{
	struct dm_ioctl *dmi = request(name);
	struct dm_target_spec *spec = (void *)((char *)dmi + dmi->data_start);

	dmi->target_count = 1;
	spec->length = length;
	strcpy(spec->target_type, "blkverify");
	strcpy((char *)(spec + 1), params);
	return ioctl(control, DM_TABLE_LOAD, dmi);
}

static int message(const char *name, const char *text)
{
	struct dm_ioctl *dmi = request(name);
	struct dm_target_msg *msg = (void *)((char *)dmi + dmi->data_start);

	strcpy(msg->message, text);
	return ioctl(control, DM_TARGET_MSG, dmi);
}

static void set_nth(unsigned int nth)
{
	char text[16];
	int len = sprintf(text, "%u", nth);

	if (pwrite(nth_file, text, len, 0) != len)
		die("fail-nth");
}

/* The number of allocations until the one that fails; 0 if it has failed. */
static unsigned int get_nth(void)
{
	char text[16] = "";

	if (pread(nth_file, text, sizeof(text) - 1, 0) < 1)
		die("fail-nth");
	return atoi(text);
}

int main(int argc, char **argv)
{
	unsigned int nth, left, refused = 0;
	int is_load, r, error;

	is_load = argc == 5 && !strcmp(argv[1], "load");
	if (!is_load && !(argc == 4 && !strcmp(argv[1], "message"))) {
		fprintf(stderr, "usage: bvnth load NAME SECTORS PARAMETERS\n"
				"       bvnth message NAME TEXT\n");
		return 2;
	}
	control = open("/dev/mapper/control", O_RDWR);
	if (control < 0)
		die("/dev/mapper/control");
	nth_file = open("/proc/thread-self/fail-nth", O_RDWR);
	if (nth_file < 0)
		die("fail-nth");

	for (nth = 1;; nth++) {
		set_nth(nth);
		r = is_load ? load(argv[2], strtoull(argv[3], NULL, 10), argv[4]) :
			      message(argv[2], argv[3]);
		error = r ? errno : 0;
		left = get_nth();
		set_nth(0);
		if (is_load && !r)
			clear(argv[2]);
		if (left)
			break;
		refused += r != 0;
		if (error && error != ENOMEM)
			printf("allocation %u failed: %s\n", nth, strerror(error));
	}
	if (r) {
		printf("fails without a failed allocation: %s\n", strerror(error));
		return 1;
	}
	printf("%u allocations, %u refusals\n", nth - 1, refused);
	return 0;
}
