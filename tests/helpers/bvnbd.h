/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What bvfault and bvcut share: a block server in user space behind the kernel's nbd driver, which
 * is controlled through a socket. Expects die() of the program.
 */
#ifndef BVNBD_H
#define BVNBD_H

#include <errno.h>
#include <linux/nbd.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Not in the headers of a distribution whose kernel cannot send it. */
#define CMD_WRITE_ZEROES 6
#define FLAG_SEND_WRITE_ZEROES (1 << 6)

/* Discarded blocks are zeros here, too. */
static bool command_zeroes(uint32_t type)
{
	return type == NBD_CMD_TRIM || type == CMD_WRITE_ZEROES;
}

/*
 * The driver of Linux 6.12 may send write zeroes because an earlier server of the same device
 * offered it. A server that completes what it does not know, and does nothing, loses data.
 */
static bool command_is_known(uint32_t type)
{
	return type == NBD_CMD_READ || type == NBD_CMD_WRITE || type == NBD_CMD_FLUSH ||
	       command_zeroes(type);
}

/* Read or write all of it. Returns false at the end of the connection. */
static bool transfer(int fd, void *buffer, size_t size, bool out)
{
	char *at = buffer;

	while (size) {
		ssize_t done = out ? write(fd, at, size) : read(fd, at, size);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		at += done;
		size -= done;
	}
	return true;
}

static int control_socket(const char *path, struct sockaddr_un *address)
{
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(address->sun_path)) {
		errno = ENAMETOOLONG;
		die(path);
	}
	strcpy(address->sun_path, path);
	return socket(AF_UNIX, SOCK_SEQPACKET, 0);
}

static int control_connect(const char *path)
{
	struct sockaddr_un address;
	int fd = control_socket(path, &address);

	if (connect(fd, (void *)&address, sizeof(address)))
		die(path);
	return fd;
}

/*
 * Say for which blocks @device asks the server; @nr blocks of @size bytes. @flags: what this server
 * offers beside flushes, discards and zeroing.
 */
static int nbd_connect(int device, int fd, unsigned int size, uint64_t nr, unsigned int flags)
{
	return ioctl(device, NBD_SET_SOCK, fd) || ioctl(device, NBD_SET_BLKSIZE, size) ||
	       ioctl(device, NBD_SET_SIZE_BLOCKS, nr) ||
	       ioctl(device, NBD_SET_FLAGS,
		     NBD_FLAG_HAS_FLAGS | NBD_FLAG_SEND_FLUSH | NBD_FLAG_SEND_TRIM |
			     FLAG_SEND_WRITE_ZEROES | flags);
}

/*
 * Serve until the connection ends. The driver runs in the initial process, so that the device goes
 * away when that ends, by whatever signal; the server is its child and ends with the connection.
 */
static int nbd_serve(int device, unsigned int size, uint64_t nr, unsigned int flags,
		     const char *control, void (*serve)(int data, int listener))
{
	struct sockaddr_un address;
	int ends[2], listener = control_socket(control, &address);
	pid_t child;

	if (bind(listener, (void *)&address, sizeof(address)) || listen(listener, 1))
		die(control);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
		die("socketpair");

	child = fork();
	if (child < 0)
		die("fork");
	if (!child) {
		/* Holding the device or the other socket would keep the connection alive. */
		close(device);
		close(ends[0]);
		signal(SIGPIPE, SIG_IGN);
		serve(ends[1], listener);
		_exit(0);
	}
	close(ends[1]);
	close(listener);
	if (nbd_connect(device, ends[0], size, nr, flags))
		die("nbd");
	return ioctl(device, NBD_DO_IT) ? 2 : 0;
}

#endif
