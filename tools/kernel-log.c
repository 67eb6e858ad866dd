// SPDX-License-Identifier: GPL-2.0-only
/* See kernel-log.h. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "kernel-log.h"
#include "marker.h"
#include "util.h"

int kernel_log_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	lseek(fd, 0, SEEK_END);
	return fd;
}

void kernel_log_say(int log)
{
	char record[2048], text[2048];
	ssize_t len;

	while (log >= 0 && (len = read(log, record, sizeof(record) - 1)) > 0) {
		record[len] = '\0';
		if (kmsg_text(record, text, sizeof(text)) && strstr(text, "device-mapper:"))
			say_error("kernel log: %s", text);
	}
}

void kernel_log_close(int log)
{
	if (log >= 0)
		close(log);
}
