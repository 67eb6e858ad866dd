// SPDX-License-Identifier: GPL-2.0-only
/*
 * bvcut: a block device that can lose power, and a load for it.
 *
 * "serve" is a block server in user space behind the kernel's nbd driver, with a write cache. Of
 * each block of 4 KiB it keeps the durable version and those that were written since the last
 * flush. "tell CONTROL off" cuts the power: from then on requests fail, and their writes may be done
 * or not. "tell CONTROL on" chooses one of its versions for each block, and serves again. A variant
 * breaks one rule:
 *
 *   legal    none
 *   flush    a flush makes nothing durable
 *   fua      neither FUA nor a later flush makes a write durable that had FUA
 *   early    a flush misses the last write before it
 *   torn     one block is a mix of two versions
 *   stray    one durable block is replaced by the data of another one
 *
 * "load" reads, writes and flushes in several threads, and goes on when requests fail.
 *
 * Exit status: 0 done, 2 usage or set-up.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/nbd.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#define BLOCK 4096
#define MAX_VERSIONS 6
#define MAX_IO (64 * BLOCK)

static void __attribute__((noreturn)) die(const char *what)
{
	fprintf(stderr, "bvcut: %s: %s\n", what, strerror(errno));
	exit(2);
}

#include "bvnbd.h"	/* which expects die() */
#include "bvsleep.h"

static void *aligned(size_t size)
{
	void *buffer;

	if (posix_memalign(&buffer, BLOCK, size))
		die("memory");
	memset(buffer, 0, size);
	return buffer;
}

static uint64_t next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* ---- the server --------------------------------------------------------------------------- */

/* versions[0] is durable, the last one is current. */
struct block {
	uint8_t *versions[1 + MAX_VERSIONS];
	unsigned int nr;	/* of those that are not durable */
	bool is_fua;		/* the current one had FUA, and the variant ignores that */
};

static struct block *blocks;
static uint64_t nr_blocks, seed;
static const char *variant;
static bool is_off;
static uint64_t last_written;

static bool is_variant(const char *name)
{
	return !strcmp(variant, name);
}

static uint8_t *current(struct block *block)
{
	return block->versions[block->nr];
}

/* One of the versions becomes the only one. */
static void keep(struct block *block, unsigned int chosen)
{
	uint8_t *data = block->versions[chosen];

	block->versions[chosen] = block->versions[0];
	block->versions[0] = data;
	for (; block->nr; block->nr--)
		free(block->versions[block->nr]);
	block->is_fua = false;
}

static void block_write(uint64_t number, const uint8_t *data, bool fua)
{
	struct block *block = &blocks[number];

	if (block->nr == MAX_VERSIONS) {
		free(block->versions[1]);
		memmove(&block->versions[1], &block->versions[2],
			(MAX_VERSIONS - 1) * sizeof(*block->versions));
		block->nr--;
	}
	block->versions[++block->nr] = memcpy(aligned(BLOCK), data, BLOCK);
	block->is_fua = fua && is_variant("fua");
	if (fua && !is_variant("fua") && !is_off)
		keep(block, block->nr);
	last_written = number;
}

static void cache_flush(void)
{
	uint64_t i;

	for (i = 0; i < nr_blocks && !is_variant("flush"); i++)
		if (!blocks[i].is_fua && !(is_variant("early") && i == last_written))
			keep(&blocks[i], blocks[i].nr);
}

/* A block that is durable, and has data. */
static uint64_t durable_block(void)
{
	uint64_t i, n = next(&seed) % nr_blocks;

	for (i = 0; i < nr_blocks; i++, n = (n + 1) % nr_blocks)
		if (!blocks[n].nr && blocks[n].versions[0][0])
			return n;
	return n;
}

static void power_on(void)
{
	bool torn = is_variant("torn");
	uint64_t i;

	for (i = 0; i < nr_blocks; i++) {
		struct block *block = &blocks[i];

		if (torn && block->nr) {
			memcpy(current(block) + BLOCK / 2, block->versions[0] + BLOCK / 2,
			       BLOCK / 2);
			keep(block, block->nr);
			torn = false;
		}
		keep(block, next(&seed) % (block->nr + 1));
	}
	if (is_variant("stray"))
		memcpy(blocks[durable_block()].versions[0], blocks[durable_block()].versions[0],
		       BLOCK);
	is_off = false;
}

static bool serve_request(int fd)
{
	static uint8_t *bytes, zeros[BLOCK];
	static size_t room;
	struct nbd_request request;
	struct nbd_reply reply = { .magic = htonl(NBD_REPLY_MAGIC) };
	uint32_t type, len, flags;
	uint64_t first, nr, i;

	if (!transfer(fd, &request, sizeof(request), false))
		return false;
	type = ntohl(request.type) & 0xffff;
	flags = ntohl(request.type) & ~0xffffU;
	len = ntohl(request.len);
	first = be64toh(request.from) / BLOCK;
	nr = len / BLOCK;
	memcpy(reply.handle, request.handle, sizeof(reply.handle));
	if (request.magic != htonl(NBD_REQUEST_MAGIC) || type == NBD_CMD_DISC)
		return false;
	if (type != NBD_CMD_FLUSH && (first > nr_blocks || nr > nr_blocks - first))
		return false;
	if (len > room && !command_zeroes(type)) {
		free(bytes);
		room = len;
		bytes = aligned(room);
	}
	if (type == NBD_CMD_WRITE && !transfer(fd, bytes, len, false))
		return false;

	if (command_is_known(type))
		reply.error = htonl(is_off ? EIO : 0);
	else
		reply.error = htonl(EINVAL);
	for (i = 0; i < nr; i++) {
		/* A write that fails may be done all the same. */
		if (is_off && next(&seed) % 2)
			continue;
		if (type == NBD_CMD_WRITE)
			block_write(first + i, bytes + i * BLOCK, flags & NBD_CMD_FLAG_FUA);
		else if (command_zeroes(type))
			block_write(first + i, zeros, flags & NBD_CMD_FLAG_FUA);
	}
	if (type == NBD_CMD_FLUSH && !is_off)
		cache_flush();
	if (!transfer(fd, &reply, sizeof(reply), true))
		return false;
	if (reply.error || type != NBD_CMD_READ)
		return true;
	for (i = 0; i < nr; i++)
		memcpy(bytes + i * BLOCK, current(&blocks[first + i]), BLOCK);
	return transfer(fd, bytes, len, true);
}

/* A client says "off" or "on", and gets its word back. */
static void serve_control(int listener)
{
	int fd = accept(listener, NULL, NULL);
	char word[16] = "";

	if (fd < 0)
		return;
	if (recv(fd, word, sizeof(word) - 1, 0) > 0) {
		if (!strcmp(word, "off"))
			is_off = true;
		else
			power_on();
		if (send(fd, word, strlen(word), 0) < 0)
			perror("bvcut");
	}
	close(fd);
}

static void serve(int data, int listener)
{
	struct pollfd wait[] = {
		{ .fd = data, .events = POLLIN },
		{ .fd = listener, .events = POLLIN },
	};

	for (;;) {
		if (poll(wait, 2, -1) < 0)
			die("poll");
		if (wait[0].revents && !serve_request(data))
			return;
		if (wait[1].revents)
			serve_control(listener);
	}
}

static int serve_device(const char *path, unsigned long mib, const char *control)
{
	int device = open(path, O_RDWR);
	uint64_t i;

	if (device < 0)
		die(path);
	nr_blocks = (uint64_t)mib * 256;
	blocks = aligned(nr_blocks * sizeof(*blocks));
	for (i = 0; i < nr_blocks; i++)
		blocks[i].versions[0] = aligned(BLOCK);
	return nbd_serve(device, BLOCK, nr_blocks, NBD_FLAG_SEND_FUA, control, serve);
}

static int tell(const char *control, const char *word)
{
	int fd = control_connect(control);
	char reply[16];

	if (send(fd, word, strlen(word), 0) < 0 || recv(fd, reply, sizeof(reply), 0) <= 0)
		die(control);
	return 0;
}

/* ---- the load ----------------------------------------------------------------------------- */

static const char *device;
static uint64_t area;
static volatile bool stop;

static void *load(void *arg)
{
	uint64_t random = (uintptr_t)arg, range[2], i;
	uint64_t *buffer = aligned(MAX_IO);
	struct iovec segment = { buffer, 0 };
	int fd = open(device, O_RDWR | O_DIRECT);

	if (fd < 0)
		die(device);
	while (!stop) {
		/* Mostly short, so that many requests fit between two flushes. */
		uint64_t max = next(&random) % 8 ? 4 : MAX_IO / BLOCK;
		uint64_t nr = 1 + next(&random) % max;
		off_t at = next(&random) % (area / BLOCK - nr + 1) * BLOCK;
		ssize_t done;

		segment.iov_len = nr * BLOCK;
		range[0] = at;
		range[1] = segment.iov_len;
		for (i = 0; i < segment.iov_len / sizeof(*buffer); i += 16)
			buffer[i] = next(&random) | 1;
		switch (next(&random) % 32) {
		case 0:
			done = fdatasync(fd);
			break;
		case 1:
			done = ioctl(fd, BLKDISCARD, range);
			break;
		case 2:
			done = ioctl(fd, BLKZEROOUT, range);
			break;
		case 3:
			done = pwritev2(fd, &segment, 1, at, RWF_DSYNC);
			break;
		case 4 ... 10:
			done = preadv(fd, &segment, 1, at);
			break;
		default:
			done = pwritev(fd, &segment, 1, at);
		}
		/* There is no power: do not take all of the CPU meanwhile. */
		if (done < 0)
			usleep(5000);
	}
	return NULL;
}

static int run_load(double seconds, unsigned int nr_threads)
{
	pthread_t threads[64];
	unsigned int i;

	for (i = 0; i < nr_threads && i < 64; i++)
		if (pthread_create(&threads[i], NULL, load,
				   (void *)(uintptr_t)((seed + i) * 0x9e3779b97f4a7c15ULL | 1)))
			die("thread");
	sleep_for(seconds);
	stop = true;
	while (i--)
		pthread_join(threads[i], NULL);
	return 0;
}

static int usage(void)
{
	fprintf(stderr, "usage: bvcut serve /dev/nbdN MIB CONTROL VARIANT SEED\n"
			"       bvcut tell CONTROL off|on\n"
			"       bvcut load DEVICE AREA_MIB SECONDS THREADS SEED\n");
	return 2;
}

int main(int argc, char **argv)
{
	if (argc == 7 && !strcmp(argv[1], "serve")) {
		variant = argv[5];
		seed = strtoull(argv[6], NULL, 0) * 0x9e3779b97f4a7c15ULL | 1;
		return serve_device(argv[2], strtoul(argv[3], NULL, 0), argv[4]);
	}
	if (argc == 4 && !strcmp(argv[1], "tell"))
		return tell(argv[2], argv[3]);
	if (argc == 7 && !strcmp(argv[1], "load")) {
		device = argv[2];
		area = strtoull(argv[3], NULL, 0) << 20;
		seed = strtoull(argv[6], NULL, 0);
		return run_load(strtod(argv[4], NULL), strtoul(argv[5], NULL, 0));
	}
	return usage();
}
