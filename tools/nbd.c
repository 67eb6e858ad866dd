// SPDX-License-Identifier: GPL-2.0-only
/*
 * qcow2 images through qemu-nbd. The server is a child of this process and ends with it.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "module.h"
#include "nbd.h"
#include "util.h"

bool is_qcow2(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char magic[4] = "";
	struct stat st;
	/* Not a device: a guest may have written anything there. */
	bool is = fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode) && read(fd, magic, 4) == 4 &&
		  !memcmp(magic, "QFI\xfb", 4);

	if (fd >= 0)
		close(fd);
	return is;
}

/* A connected device has a pid in sysfs. */
static bool find_free(char *node, size_t size)
{
	char path[64];
	int i;

	for (i = 0; i < 64; i++) {
		snprintf(path, sizeof(path), "/sys/block/nbd%d", i);
		if (access(path, F_OK))
			return false;
		snprintf(path, sizeof(path), "/sys/block/nbd%d/pid", i);
		snprintf(node, size, "/dev/nbd%d", i);
		if (access(path, F_OK))
			return true;
	}
	return false;
}

static void serve_image(const char *node, const char *path, pid_t parent)
{
	char connect_to[64], file[PATH_MAX + 2];
	int null = open("/dev/null", O_WRONLY);

	dup2(null, STDOUT_FILENO);
	snprintf(connect_to, sizeof(connect_to), "--connect=%s", node);
	/* qemu-nbd takes "a:b" for a protocol and "-a" for an option. */
	snprintf(file, sizeof(file), "%s%s", path[0] == '/' ? "" : "./", path);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(127);
	/* Control-C must not end the server: it is needed until nbd_detach(). */
	setpgid(0, 0);
	/* Without --verbose it would become a daemon. */
	execlp("qemu-nbd", "qemu-nbd", "--verbose", "--read-only", "--format=qcow2", connect_to,
	       file, NULL);
	say_error("cannot run qemu-nbd: %s: install qemu-utils", strerror(errno));
	_exit(127);
}

static uint64_t size_of(const char *node)
{
	char path[64], line[32] = "0";
	FILE *f;

	snprintf(path, sizeof(path), "/sys/block/%s/size", node + strlen("/dev/"));
	f = fopen(path, "re");
	if (f && !fgets(line, sizeof(line), f))
		line[0] = '\0';
	if (f)
		fclose(f);
	return strtoull(line, NULL, 10);
}

/* sysfs has the thread that serves the node: another program may have taken it first. */
static bool is_ours(const struct nbd *nbd)
{
	char path[96], thread[32];

	snprintf(path, sizeof(path), "/sys/block/%s/pid", nbd->node + strlen("/dev/"));
	if (!read_line(path, thread, sizeof(thread)))
		return false;
	snprintf(path, sizeof(path), "/proc/%ld/task/%s", (long)nbd->server, thread);
	return !access(path, F_OK);
}

static bool wait_ready(struct nbd *nbd)
{
	int i;

	for (i = 0; i < 300 && !interrupted; i++) {
		if (waitpid(nbd->server, NULL, WNOHANG) == nbd->server) {
			nbd->server = 0;
			return false;
		}
		if (size_of(nbd->node) && is_ours(nbd))
			return true;
		usleep(100000);
	}
	return false;
}

/* Other instances wait from the search for a free node until it is served. */
static int lock_nodes(void)
{
	int fd;

	mkdir(STATE_DIR, 0755);
	fd = open(STATE_DIR "/nbd.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0)
		while (flock(fd, LOCK_EX) && errno == EINTR && !interrupted)
			;
	return fd;
}

static int attach_image(struct nbd *nbd, const char *path)
{
	pid_t parent;

	if (!find_free(nbd->node, sizeof(nbd->node))) {
		say_error("%s is a qcow2 image, which needs a free nbd device: modprobe nbd, or "
			  "disconnect one (qemu-nbd -d)",
			  path);
		nbd->node[0] = '\0';
		return WRONG_DEVICE;
	}
	parent = getpid();
	nbd->server = fork();
	if (!nbd->server)
		serve_image(nbd->node, path, parent);
	if (nbd->server > 0 && wait_ready(nbd))
		return DONE;
	say_error("qemu-nbd failed to serve %s (see its messages above)", path);
	nbd_detach(nbd);
	return WRONG_DEVICE;
}

int nbd_attach(struct nbd *nbd, const char *path)
{
	int lock, r;

	*nbd = (struct nbd){ 0 };
	if (!is_qcow2(path))
		return DONE;
	if (access("/sys/block/nbd0", F_OK))
		module_load("nbd");
	lock = lock_nodes();
	r = attach_image(nbd, path);
	if (lock >= 0)
		close(lock);
	return r;
}

void nbd_detach(struct nbd *nbd)
{
	if (nbd->server > 0) {
		kill(nbd->server, SIGTERM);
		waitpid(nbd->server, NULL, 0);
	}
	nbd->server = 0;
	nbd->node[0] = '\0';
}
