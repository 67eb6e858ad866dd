// SPDX-License-Identifier: GPL-2.0-only
/*
 * bvio: I/O for the cases that dd and fio cannot do.
 *
 * Exit status: 0 done, 1 an I/O failed (the error's name is printed), 2 usage or set-up.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/fs.h>
#include <linux/netlink.h>
#include <pthread.h>
#include <scsi/sg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#include <poll.h>

#include "bvsleep.h"

#define SECTOR 512
#define MAX_IO (1 << 20)
#define PAGE 4096

static const char *device;
static uint64_t area;		/* bytes at the start of the device that the load uses */
static double seconds;
static unsigned long long seed;
static unsigned int block = SECTOR;	/* what the device can address */
static volatile int stop;

static unsigned long long requests, failures;	/* __atomic */

static void die(const char *what)
{
	fprintf(stderr, "bvio: %s: %s\n", what, strerror(errno));
	exit(2);
}

static int report(const char *what)
{
	printf("%s: %s\n", what, strerrorname_np(errno));
	return 1;
}

static int open_device(const char *path, int flags)
{
	int fd = open(path, flags | O_DIRECT);

	if (fd < 0)
		die(path);
	return fd;
}

static void *aligned(size_t size)
{
	void *buffer;

	if (posix_memalign(&buffer, PAGE, size))
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

/* ---- loads: several threads for some seconds ---------------------------------------------- */

struct thread {
	pthread_t id;
	uint64_t random;
	int number;
	int fd;
};

static void count(ssize_t done)
{
	__atomic_add_fetch(&requests, 1, __ATOMIC_RELAXED);
	if (done < 0)
		__atomic_add_fetch(&failures, 1, __ATOMIC_RELAXED);
}

static size_t random_size(struct thread *t, size_t max)
{
	return (1 + next(&t->random) % (max / block)) * block;
}

static off_t random_offset(struct thread *t, size_t size)
{
	return next(&t->random) % ((area - size) / block + 1) * block;
}

/* All threads write at random offsets of one small area. */
static void *overlap(void *arg)
{
	struct thread *t = arg;
	char *buffer = aligned(65536);

	while (!stop) {
		size_t size = random_size(t, 65536 < area ? 65536 : area);

		memset(buffer, next(&t->random), size);
		count(pwrite(t->fd, buffer, size, random_offset(t, size)));
	}
	return NULL;
}

/* Even threads write, odd ones read. */
static void *race(void *arg)
{
	struct thread *t = arg;
	char *buffer = aligned(65536);

	while (!stop) {
		size_t size = random_size(t, 65536 < area ? 65536 : area);
		off_t offset = random_offset(t, size);

		memset(buffer, next(&t->random), size);
		count(t->number % 2 ? pread(t->fd, buffer, size, offset) :
				      pwrite(t->fd, buffer, size, offset));
	}
	return NULL;
}

/* One read whose segments are all the same page. */
static void *alias(void *arg)
{
	struct thread *t = arg;
	char *buffer = aligned(PAGE);
	struct iovec segments[16];
	unsigned int i;

	for (i = 0; i < 16; i++)
		segments[i] = (struct iovec){ buffer, PAGE };
	while (!stop) {
		off_t offset = random_offset(t, sizeof(segments) / sizeof(*segments) * PAGE);

		count(preadv(t->fd, segments, 16, offset & ~(off_t)(PAGE - 1)));
	}
	return NULL;
}

static char *scribbled;

static void *scribbler(void *arg)
{
	uint64_t random = (uintptr_t)arg;

	while (!stop) {
		uint64_t where = next(&random) % 65536;

		((volatile char *)scribbled)[where] = random >> 32;
	}
	return NULL;
}

static void *scribble_write(void *arg)
{
	struct thread *t = arg;

	while (!stop)
		count(pwrite(t->fd, scribbled, 65536, random_offset(t, 65536)));
	return NULL;
}

static void *scribble_read(void *arg)
{
	struct thread *t = arg;

	while (!stop)
		count(pread(t->fd, scribbled, 65536, random_offset(t, 65536)));
	return NULL;
}

/* Writes, reads, discards and zeroes of any length, all over the area. */
static void *mixed(void *arg)
{
	struct thread *t = arg;
	char *buffer = aligned(MAX_IO);

	while (!stop) {
		size_t max = MAX_IO < area ? MAX_IO : area;
		size_t size = random_size(t, max);
		off_t offset = random_offset(t, size);
		uint64_t range[2] = { offset, size };

		memset(buffer, next(&t->random), size);
		switch (next(&t->random) % 8) {
		case 0:
			/* Not every leg supports it. */
			if (ioctl(t->fd, BLKDISCARD, range) && errno != EOPNOTSUPP)
				count(-1);
			else
				count(0);
			break;
		case 1:
			count(ioctl(t->fd, BLKZEROOUT, range));
			break;
		case 2:
			count(fdatasync(t->fd));
			break;
		case 3:
		case 4:
			count(pwrite(t->fd, buffer, size, offset));
			break;
		default:
			count(pread(t->fd, buffer, size, offset));
		}
	}
	return NULL;
}

static const struct {
	const char *name;
	void *(*run)(void *arg);
} loads[] = {
	{ "overlap", overlap },
	{ "race", race },
	{ "alias", alias },
	{ "scribble-write", scribble_write },
	{ "scribble-read", scribble_read },
	{ "mixed", mixed },
};

static int run_load(void *(*run)(void *), unsigned int nr_threads)
{
	struct thread threads[64];
	pthread_t scribblers[2];
	unsigned int i;
	int fd;

	if (nr_threads > 64)
		nr_threads = 64;
	fd = open_device(device, O_RDWR);
	if (ioctl(fd, BLKSSZGET, &block))
		die("BLKSSZGET");
	close(fd);
	scribbled = aligned(65536);
	if (run == scribble_write || run == scribble_read)
		for (i = 0; i < 2; i++)
			if (pthread_create(&scribblers[i], NULL, scribbler,
					   (void *)(uintptr_t)(seed + i)))
				die("thread");
	for (i = 0; i < nr_threads; i++) {
		threads[i].number = i;
		threads[i].random = (seed + i) * 0x9e3779b97f4a7c15ULL + 1;
		threads[i].fd = open_device(device, O_RDWR);
		if (pthread_create(&threads[i].id, NULL, run, &threads[i]))
			die("thread");
	}
	sleep_for(seconds);
	stop = 1;
	for (i = 0; i < nr_threads; i++)
		pthread_join(threads[i].id, NULL);
	printf("seed=%llu requests=%llu failed=%llu\n", seed, requests, failures);
	return failures ? 1 : 0;
}

/* ---- single requests ---------------------------------------------------------------------- */

static int read_at(const char *path, off_t offset, size_t size)
{
	int fd = open_device(path, O_RDONLY);
	char *buffer = aligned(size);
	ssize_t done = pread(fd, buffer, size, offset);

	if (done < 0)
		return report("read");
	printf("read %zd\n", done);
	return done == (ssize_t)size ? 0 : 1;
}

/* Xor a byte of a device, behind the back of its users. */
static int poke(const char *path, off_t offset, int xor)
{
	int fd = open_device(path, O_RDWR);
	int size = PAGE;
	char *buffer;
	off_t base;

	if (ioctl(fd, BLKSSZGET, &size))
		die("BLKSSZGET");
	buffer = aligned(size);
	base = offset - offset % size;
	if (pread(fd, buffer, size, base) != size)
		return report("read");
	buffer[offset - base] ^= xor;
	if (pwrite(fd, buffer, size, base) != size)
		return report("write");
	free(buffer);
	close(fd);
	return 0;
}

/*
 * For reads of several lengths at one offset of @path: flip a bit of @leg in the first, a middle
 * and the last byte of the first, a middle and the last sector, and expect EILSEQ; flip it back
 * and expect success. Prints a line for each: sector, byte.
 */
static int sweep(const char *path, const char *leg, off_t base)
{
	static const size_t sizes[] = { 512, 1024, 4096, 65536, 1048576, 4194304 };
	static const int bytes[] = { 0, 257, 511 };
	char *buffer = aligned(4194304);
	int fd = open_device(path, O_RDONLY);
	unsigned int i, j, k;

	for (i = 0; i < 6; i++)
		for (j = 0; j < 3; j++)
			for (k = 0; k < 3; k++) {
				uint64_t sector = (sizes[i] / SECTOR - 1) * j / 2;
				off_t at = base + sector * SECTOR + bytes[k];

				if (poke(leg, at, 0x40))
					return 1;
				if (pread(fd, buffer, sizes[i], base) >= 0 || errno != EILSEQ) {
					printf("missed: %zu bytes, byte %lld\n", sizes[i],
					       (long long)at);
					return 1;
				}
				if (poke(leg, at, 0x40))
					return 1;
				if (pread(fd, buffer, sizes[i], base) != (ssize_t)sizes[i])
					return report("read of what is right again");
				printf("%llu %d\n", (unsigned long long)at / SECTOR, bytes[k]);
			}
	return 0;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

/* One NOWAIT request, as from io_uring; prints how long the submission took. */
static int nowait(const char *what, const char *path, off_t offset, size_t size)
{
	struct iocb request = {
		.aio_lio_opcode = strcmp(what, "read") ? IOCB_CMD_PWRITE : IOCB_CMD_PREAD,
		.aio_rw_flags = RWF_NOWAIT,
		.aio_fildes = open_device(path, O_RDWR),
		.aio_nbytes = size,
		.aio_offset = offset,
	}, *requests = &request;
	uint64_t *buffer = aligned(size), random = seed;
	aio_context_t context = 0;
	struct io_event event;
	double start;
	size_t i;

	for (i = 0; i < size / sizeof(random); i++)
		buffer[i] = next(&random);
	request.aio_buf = (uintptr_t)buffer;
	if (syscall(SYS_io_setup, 1, &context))
		die("io_setup");
	start = now();
	if (syscall(SYS_io_submit, context, 1, &requests) != 1)
		die("io_submit");
	printf("submitted in %.0f ms\n", (now() - start) * 1000);
	if (syscall(SYS_io_getevents, context, 1, 1, &event, NULL) != 1)
		die("io_getevents");
	/* Otherwise a worker unmaps it while we exit, which makes User-Mode Linux 6.12 complain. */
	syscall(SYS_io_destroy, context);
	if (event.res != (long long)size) {
		errno = -event.res;
		return report("nowait");
	}
	printf("%s %zu\n", what, size);
	return 0;
}

/*
 * Read with odd segments: lengths that are multiples of 512 but not of a page, at odd offsets in
 * pages; compare with a plain read of another device.
 */
static int scatter(const char *path, const char *reference, off_t offset)
{
	static const size_t lengths[] = { 512, 1536, 4096, 512, 7680, 2560, 3584, 1024, 12800, 1024 };
	struct iovec segments[10];
	char *buffer = aligned(MAX_IO), *expected = aligned(MAX_IO), *at = expected;
	size_t total = 0, i;

	for (i = 0; i < 10; i++) {
		segments[i] = (struct iovec){ buffer + i * 16384 + (i % 7) * 512, lengths[i] };
		total += lengths[i];
	}
	if (preadv(open_device(path, O_RDONLY), segments, 10, offset) != (ssize_t)total)
		return report("preadv");
	if (pread(open_device(reference, O_RDONLY), expected, total, offset) != (ssize_t)total)
		return report("pread");
	for (i = 0; i < 10; i++) {
		if (memcmp(segments[i].iov_base, at, lengths[i])) {
			printf("segment %zu is wrong\n", i);
			return 1;
		}
		at += lengths[i];
	}
	printf("read %zu\n", total);
	return 0;
}

#ifndef RWF_ATOMIC
#define RWF_ATOMIC 0x40
#endif

/* Write random data in one piece, which must not be torn. */
static int atomic(const char *path, off_t offset, size_t size)
{
	uint64_t *buffer = aligned(size), random = time(NULL) + 1;
	struct iovec segment = { buffer, size };
	ssize_t done;
	size_t i;

	for (i = 0; i < size / sizeof(random); i++)
		buffer[i] = next(&random);
	done = pwritev2(open_device(path, O_RDWR), &segment, 1, offset, RWF_ATOMIC);
	if (done < 0)
		return report("atomic");
	printf("atomic %zd\n", done);
	return done == (ssize_t)size ? 0 : 1;
}

/*
 * Send a SCSI command, given in hexadecimal digits, with a sector of data from the device or to it;
 * prints the status and the first data.
 */
static int scsi(const char *direction, const char *path, const char *digits)
{
	unsigned char cdb[16], sense[64], *data = aligned(SECTOR);
	struct sg_io_hdr hdr = {
		.interface_id = 'S',
		.dxfer_direction = strcmp(direction, "from") ? SG_DXFER_TO_DEV : SG_DXFER_FROM_DEV,
		.dxferp = data,
		.dxfer_len = SECTOR,
		.cmdp = cdb,
		.sbp = sense,
		.mx_sb_len = sizeof(sense),
		.timeout = 60000,
	};
	unsigned int i;

	for (; *digits && hdr.cmd_len < sizeof(cdb); digits += 2)
		if (sscanf(digits, "%2hhx", &cdb[hdr.cmd_len++]) != 1)
			die(digits);
	if (ioctl(open_device(path, O_RDWR), SG_IO, &hdr))
		return report("scsi");
	printf("scsi %d", hdr.status);
	for (i = 0; i < 36 && (int)i < SECTOR - hdr.resid; i++)
		printf("%s%02x", i ? "" : " ", data[i]);
	printf("\n");
	return 0;
}

/* ---- memory ------------------------------------------------------------------------------- */

/* Fill more memory than there is, so that it is swapped out, and check that it reads back. */
static int hog(size_t size, unsigned int rounds)
{
	uint64_t *memory = aligned(size);
	size_t i, words = size / sizeof(*memory);
	unsigned int round;

	for (round = 0; round < rounds; round++) {
		uint64_t random = seed + round + 1;

		for (i = 0; i < words; i++)
			memory[i] = next(&random);
		random = seed + round + 1;
		for (i = 0; i < words; i++)
			if (memory[i] != next(&random)) {
				printf("wrong at byte %zu\n", i * sizeof(*memory));
				return 1;
			}
	}
	printf("hog %zu\n", size);
	return 0;
}

/* ---- events ------------------------------------------------------------------------------- */

/* Print the DM_BLKVERIFY_ variables of the next uevent that has them. */
static int uevent(double limit)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int fd = socket(AF_NETLINK, SOCK_DGRAM, NETLINK_KOBJECT_UEVENT);
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	char message[8192];

	if (fd < 0 || bind(fd, (void *)&address, sizeof(address)))
		die("netlink");
	printf("listening\n");
	fflush(stdout);
	while (poll(&wait, 1, limit * 1000) == 1) {
		ssize_t len = recv(fd, message, sizeof(message) - 1, 0);
		char *at;
		int found = 0;

		if (len < 0)
			die("netlink");
		message[len] = '\0';
		for (at = message; at < message + len; at += strlen(at) + 1)
			if (!strncmp(at, "DM_BLKVERIFY_", 13)) {
				printf("%s\n", at);
				found = 1;
			}
		if (found)
			return 0;
	}
	printf("no event\n");
	return 1;
}

static int usage(void)
{
	fprintf(stderr, "usage: bvio LOAD DEVICE AREA_BYTES SECONDS THREADS [SEED]\n"
			"       bvio read DEVICE OFFSET BYTES\n"
			"       bvio poke DEVICE OFFSET XOR\n"
			"       bvio sweep DEVICE LEG OFFSET\n"
			"       bvio scatter DEVICE REFERENCE OFFSET\n"
			"       bvio nowait read|write DEVICE OFFSET BYTES\n"
			"       bvio atomic DEVICE OFFSET BYTES\n"
			"       bvio scsi from|to DEVICE CDB\n"
			"       bvio hog BYTES ROUNDS\n"
			"       bvio uevent SECONDS\n"
			"LOAD: overlap race alias scribble-write scribble-read mixed\n");
	return 2;
}

int main(int argc, char **argv)
{
	unsigned int i;

	setlinebuf(stdout);
	if (argc >= 6) {
		device = argv[2];
		area = strtoull(argv[3], NULL, 0);
		seconds = atof(argv[4]);
		seed = argc > 6 ? strtoull(argv[6], NULL, 0) : (unsigned long long)time(NULL);
		for (i = 0; i < sizeof(loads) / sizeof(*loads); i++)
			if (!strcmp(argv[1], loads[i].name))
				return run_load(loads[i].run, atoi(argv[5]));
	}
	if (argc == 5 && !strcmp(argv[1], "read"))
		return read_at(argv[2], strtoull(argv[3], NULL, 0), strtoull(argv[4], NULL, 0));
	if (argc == 5 && !strcmp(argv[1], "poke"))
		return poke(argv[2], strtoull(argv[3], NULL, 0), strtoul(argv[4], NULL, 0));
	if (argc == 5 && !strcmp(argv[1], "sweep"))
		return sweep(argv[2], argv[3], strtoull(argv[4], NULL, 0));
	if (argc == 5 && !strcmp(argv[1], "scatter"))
		return scatter(argv[2], argv[3], strtoull(argv[4], NULL, 0));
	if (argc == 6 && !strcmp(argv[1], "nowait"))
		return nowait(argv[2], argv[3], strtoull(argv[4], NULL, 0),
			      strtoull(argv[5], NULL, 0));
	if (argc == 5 && !strcmp(argv[1], "atomic"))
		return atomic(argv[2], strtoull(argv[3], NULL, 0), strtoull(argv[4], NULL, 0));
	if (argc == 5 && !strcmp(argv[1], "scsi"))
		return scsi(argv[2], argv[3], argv[4]);
	if (argc == 4 && !strcmp(argv[1], "hog"))
		return hog(strtoull(argv[2], NULL, 0), atoi(argv[3]));
	if (argc == 3 && !strcmp(argv[1], "uevent"))
		return uevent(atof(argv[2]));
	return usage();
}
