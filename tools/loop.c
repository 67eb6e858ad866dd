// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loop devices for image files. They are detached on last close (autoclear), so nothing has to be
 * remembered until "close", and nothing is left behind if the command is killed.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/loop.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "loop.h"
#include "module.h"
#include "util.h"

#ifndef LOOP_CONFIGURE
#error "the kernel headers are older than Linux 5.8"
#endif

void loop_backing_file(const char *node, char *file, size_t size)
{
	char path[128];

	file[0] = '\0';
	if (strncmp(node, "/dev/", 5))
		return;
	snprintf(path, sizeof(path), "/sys/block/%.64s/loop/backing_file", node + 5);
	if (!read_line(path, file, size))
		file[0] = '\0';
}

/* The kernel encodes a device number in 64 bits differently from the C library. */
static dev_t decode_dev(uint64_t number)
{
	return makedev((unsigned int)(number >> 8) & 0xfff,
		       (unsigned int)(number & 0xff) | ((unsigned int)(number >> 12) & 0xfff00));
}

/*
 * Whether this is the loop device of a file. Ask the device first: the file may have been renamed
 * or removed since it was attached.
 */
static bool loop_is_of(const char *node, const char *backing_file, const struct stat *file)
{
	int fd = open(node, O_RDONLY | O_CLOEXEC);
	struct loop_info64 info;
	struct stat st;
	bool known;

	known = fd >= 0 && !ioctl(fd, LOOP_GET_STATUS64, &info);
	if (fd >= 0)
		close(fd);
	if (known)
		return decode_dev(info.lo_device) == file->st_dev && info.lo_inode == file->st_ino;
	return !stat(backing_file, &st) && st.st_dev == file->st_dev && st.st_ino == file->st_ino;
}

bool loop_find(const struct stat *file, char *node, size_t size)
{
	struct dirent *entry;
	DIR *d = opendir("/sys/block");
	bool found = false;

	while (d && !found && (entry = readdir(d))) {
		char path[PATH_MAX];

		if (strncmp(entry->d_name, "loop", 4))
			continue;
		snprintf(node, size, "/dev/%.32s", entry->d_name);
		loop_backing_file(node, path, sizeof(path));
		found = path[0] && loop_is_of(node, path, file);
	}
	if (d)
		closedir(d);
	return found;
}

static int configure_loop(int loop_fd, int file_fd, const char *path, bool readonly)
{
	struct loop_config config = { .fd = (uint32_t)file_fd };

	/* Without direct I/O the page cache of the file would hide errors of the storage below. */
	config.info.lo_flags = LO_FLAGS_AUTOCLEAR | LO_FLAGS_DIRECT_IO;
	if (readonly)
		config.info.lo_flags |= LO_FLAGS_READ_ONLY;
	strncpy((char *)config.info.lo_file_name, path, LO_NAME_SIZE - 1);
	return ioctl(loop_fd, LOOP_CONFIGURE, &config) ? -errno : 0;
}

int loop_attach(int file_fd, const char *path, bool readonly, char *node, size_t size)
{
	int control, tries, r = -EBUSY;

	if (access("/dev/loop-control", F_OK))
		module_load("loop");
	control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	if (control < 0)
		return -errno;
	/* Another process may take the free device first: try again. */
	for (tries = 0; tries < 64 && r == -EBUSY; tries++) {
		int nr = ioctl(control, LOOP_CTL_GET_FREE), fd;

		if (nr < 0) {
			r = -errno;
			break;
		}
		snprintf(node, size, "/dev/loop%d", nr);
		fd = open(node, (readonly ? O_RDONLY : O_RDWR) | O_CLOEXEC);
		if (fd < 0) {
			r = -errno;
			break;
		}
		r = configure_loop(fd, file_fd, path, readonly);
		if (!r)
			r = fd;
		else
			close(fd);
	}
	close(control);
	say_debug("%s is attached to %s: %s", path, node, r < 0 ? strerror(-r) : "yes");
	return r;
}
