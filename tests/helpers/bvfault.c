// SPDX-License-Identifier: GPL-2.0-only
/*
 * bvfault: a leg that fails on demand, and a workload that triggers each kind of fault.
 *
 * "serve" is a block server in user space behind the kernel's nbd driver. It keeps the current and
 * the previous version of each sector in memory and has at most one fault armed, by "arm" or by
 * "matrix". The latter writes and reads a device that has this leg, with a fault of one kind in
 * each combination of method, size and position, and prints a line for each. "judge" compares
 * these lines with the reports.
 *
 * Faults are armed for sectors, not for requests: only the kernel knows how it splits the I/O of a
 * program into requests.
 *
 * Exit status: 0 done, 1 unexpected results, 2 usage or set-up.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/nbd.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define SECTOR 512
#define PAGE 4096
#define PAGE_SECTORS (PAGE / SECTOR)
#define MAX_IO (1 << 20)
#define COUNT(array) (sizeof(array) / sizeof(*(array)))

enum kind {
	NONE,
	BITFLIP,	/* a bit is stored wrong */
	ZEROED,		/* zeros are stored */
	LOST,		/* nothing is stored */
	MISDIRECTED,	/* stored some sectors further on, over the data there */
	TORN,		/* garbage is stored for a run of sectors */
	SWAPPED,	/* two sectors are stored in each other's place */
	STALE_READ,	/* one reply has the previous version */
	TRANSIENT,	/* one reply has a wrong bit */
	WRONG_ERROR,	/* a write fails with ENOSPC */
	ONE_LEG,	/* reads fail with EIO */
};

static const char *const kind_names[] = {
	[NONE] = "none",
	[BITFLIP] = "bitflip",
	[ZEROED] = "zeroed",
	[LOST] = "lost-write",
	[MISDIRECTED] = "misdirected",
	[TORN] = "torn",
	[SWAPPED] = "swapped",
	[STALE_READ] = "stale-read",
	[TRANSIENT] = "transient",
	[WRONG_ERROR] = "wrong-error",
	[ONE_LEG] = "one-leg-error",
};

/* The armed fault, and, as a message to the server, the one to arm. */
struct fault {
	enum kind kind;
	uint64_t sector;	/* the first bad one */
	uint64_t distance;	/* to the other sector, if there are two */
	uint64_t nr;		/* length of a torn write */
	unsigned int bit;	/* the wrong one */
};

static void __attribute__((noreturn)) die(const char *what)
{
	fprintf(stderr, "bvfault: %s: %s\n", what, strerror(errno));
	exit(2);
}

#include "bvnbd.h"	/* which expects die() */

static void *aligned(size_t size)
{
	void *buffer;

	if (posix_memalign(&buffer, PAGE, size))
		die("memory");
	memset(buffer, 0, size);
	return buffer;
}

static bool is_read_fault(enum kind kind)
{
	return kind == STALE_READ || kind == TRANSIENT || kind == ONE_LEG;
}

/* Disarmed when it has been triggered. */
static bool is_once(enum kind kind)
{
	return kind == STALE_READ || kind == TRANSIENT;
}

static bool is_status(enum kind kind)
{
	return kind == WRONG_ERROR || kind == ONE_LEG;
}

static uint64_t mix(uint64_t number)
{
	number += 0x9e3779b97f4a7c15ULL;
	number = (number ^ (number >> 30)) * 0xbf58476d1ce4e5b9ULL;
	number = (number ^ (number >> 27)) * 0x94d049bb133111ebULL;
	return number ^ (number >> 31);
}

/* Data that is unique on the device. */
static void fill_sector(void *bytes, uint64_t sector, unsigned int version)
{
	uint64_t *words = bytes, seed = mix(sector * 64 + version);
	unsigned int i;

	for (i = 0; i < SECTOR / sizeof(*words); i++)
		words[i] = mix(seed + i);
}

static void flip(uint8_t *bytes, unsigned int bit)
{
	bytes[bit / 8] ^= 1 << bit % 8;
}

/* ---- the server --------------------------------------------------------------------------- */

static uint8_t *now, *before;	/* each sector's current and previous version */
static uint64_t nr_sectors;
static struct fault armed;
static uint64_t hits;		/* how often the armed fault was triggered */

/* A rewrite of the same data is not a new version. */
static void store(uint64_t sector, const uint8_t *bytes)
{
	if (!memcmp(now + sector * SECTOR, bytes, SECTOR))
		return;
	memcpy(before + sector * SECTOR, now + sector * SECTOR, SECTOR);
	memcpy(now + sector * SECTOR, bytes, SECTOR);
}

static void write_faulty(uint64_t sector, const uint8_t *bytes)
{
	uint64_t other = armed.sector + armed.distance;
	uint8_t changed[SECTOR];

	if (armed.kind == TORN && sector - armed.sector < armed.nr) {
		hits++;
		fill_sector(changed, ~sector, 0);
		store(sector, changed);
		return;
	}
	if (armed.kind == SWAPPED && sector == other) {
		hits++;
		store(armed.sector, bytes);
		return;
	}
	/* The misdirected write wins, whatever the order of the two. */
	if (armed.kind == MISDIRECTED && sector == other)
		return;
	if (sector != armed.sector) {
		store(sector, bytes);
		return;
	}

	switch (armed.kind) {
	case BITFLIP:
		hits++;
		memcpy(changed, bytes, SECTOR);
		flip(changed, armed.bit);
		store(sector, changed);
		break;
	case ZEROED:
		hits++;
		memset(changed, 0, SECTOR);
		store(sector, changed);
		break;
	case LOST:
		hits++;
		break;
	case MISDIRECTED:
	case SWAPPED:
		hits++;
		store(other, bytes);
		break;
	default:
		store(sector, bytes);
	}
}

/* Corrupt the data of some sectors in a reply. */
static void read_faulty(uint64_t sector, uint64_t nr, uint8_t *bytes)
{
	uint64_t at = armed.sector - sector;

	if (!is_once(armed.kind) || hits || at >= nr)
		return;
	hits++;
	if (armed.kind == STALE_READ)
		memcpy(bytes + at * SECTOR, before + armed.sector * SECTOR, SECTOR);
	else
		flip(bytes + at * SECTOR, armed.bit);
}

/* The error to reply with. */
static int error_for(uint32_t type, uint64_t sector, uint64_t nr)
{
	if (armed.sector - sector >= nr)
		return 0;
	if (armed.kind == WRONG_ERROR && type == NBD_CMD_WRITE) {
		hits++;
		return ENOSPC;
	}
	if (armed.kind == ONE_LEG && type == NBD_CMD_READ) {
		hits++;
		return EIO;
	}
	return 0;
}

static bool serve_request(int fd)
{
	static uint8_t *bytes;
	static size_t room;
	struct nbd_request request;
	struct nbd_reply reply = { .magic = htonl(NBD_REPLY_MAGIC) };
	uint64_t sector, nr, i;
	uint32_t type, len;
	int error;

	if (!transfer(fd, &request, sizeof(request), false))
		return false;
	type = ntohl(request.type) & 0xffff;
	len = ntohl(request.len);
	sector = be64toh(request.from) / SECTOR;
	nr = len / SECTOR;
	memcpy(reply.handle, request.handle, sizeof(reply.handle));
	if (request.magic != htonl(NBD_REQUEST_MAGIC) || type == NBD_CMD_DISC)
		return false;
	if (type != NBD_CMD_FLUSH && (sector > nr_sectors || nr > nr_sectors - sector))
		return false;
	if (len > room && !command_zeroes(type)) {
		free(bytes);
		room = len;
		bytes = aligned(room);
	}
	if (type == NBD_CMD_WRITE && !transfer(fd, bytes, len, false))
		return false;

	error = command_is_known(type) ? error_for(type, sector, nr) : EINVAL;
	reply.error = htonl(error);
	for (i = 0; !error && i < nr; i++)
		if (type == NBD_CMD_WRITE)
			write_faulty(sector + i, bytes + i * SECTOR);
		else if (command_zeroes(type))
			memset(now + (sector + i) * SECTOR, 0, SECTOR);
	if (!transfer(fd, &reply, sizeof(reply), true))
		return false;
	if (error || type != NBD_CMD_READ)
		return true;
	memcpy(bytes, now + sector * SECTOR, len);
	read_faulty(sector, nr, bytes);
	return transfer(fd, bytes, len, true);
}

/* Arm a fault; reply with the hits of the previous one. */
static bool serve_control(int fd)
{
	struct fault fault;

	if (recv(fd, &fault, sizeof(fault), 0) != sizeof(fault))
		return false;
	if (send(fd, &hits, sizeof(hits), 0) != sizeof(hits))
		return false;
	armed = fault;
	hits = 0;
	return true;
}

static void serve(int data, int listener)
{
	struct pollfd wait[] = {
		{ .fd = data, .events = POLLIN },
		{ .fd = listener, .events = POLLIN },
		{ .fd = -1, .events = POLLIN },
	};

	for (;;) {
		if (poll(wait, COUNT(wait), -1) < 0)
			die("poll");
		if (wait[0].revents && !serve_request(data))
			return;
		if (wait[2].fd >= 0 && wait[2].revents && !serve_control(wait[2].fd)) {
			close(wait[2].fd);
			wait[2].fd = -1;
		}
		/* The next client has to wait until this one is gone. */
		wait[1].fd = wait[2].fd < 0 ? listener : -1;
		if (wait[1].fd >= 0 && wait[1].revents)
			wait[2].fd = accept(listener, NULL, NULL);
	}
}

static int serve_device(const char *path, unsigned long mib, const char *control_path)
{
	int device = open(path, O_RDWR);

	if (device < 0)
		die(path);
	nr_sectors = (uint64_t)mib * 2048;
	now = mmap(NULL, nr_sectors * SECTOR * 2, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (now == MAP_FAILED)
		die("memory");
	before = now + nr_sectors * SECTOR;
	return nbd_serve(device, SECTOR, nr_sectors, 0, control_path, serve);
}

/* ---- combinations ------------------------------------------------------------------------- */

enum method { BUFFERED, DIRECT, MAPPED };

static const char *const method_names[] = { "buffered", "direct", "mmap" };
static const char *const position_names[] = { "first", "middle", "last" };
static const unsigned int sizes[] = { 4096, 65536, 1048576 };
/*
 * To the other sector, for each size: in the same page, or in the same request but not in the page
 * that the page cache requests when it tries again.
 */
static const unsigned int distances[] = { 2, 17, 300 };

#define NR_COMBINATIONS 27

/* A combination and the fault in it. */
struct plan {
	enum method method;
	unsigned int size;	/* index in sizes */
	unsigned int position;
	uint64_t start;		/* sectors */
	uint64_t nr;
	struct fault fault;
	int error;		/* errno that the test leg fails with */
};

/*
 * Each has its own place, at least a MiB of unread space before the next one. The large ones are
 * placed so that the target does not split them.
 */
static void make_plan(struct plan *plan, unsigned int i, enum kind kind)
{
	unsigned int size = i / 3 % 3, position = i % 3;
	uint64_t start = (i + 1) * 4096 + (size < 2 ? 72 : 0), nr = sizes[size] / SECTOR;
	/* In the middle, but not at the start of a page: a page that is all garbage is not torn. */
	const uint64_t at[] = { 0, nr / 2 + 1, nr - 1 };
	struct fault *fault = &plan->fault;

	*plan = (struct plan){ .method = i / 9, .size = size, .position = position,
			       .start = start, .nr = nr };
	*fault = (struct fault){ .kind = kind, .sector = start + at[position],
				 .distance = distances[size], .bit = (i * 151 + 37) % 4096 };
	/* The other sector has to be in the request, too. */
	if (kind == SWAPPED && position == 2)
		fault->sector -= fault->distance;
	fault->nr = position ? start + nr - fault->sector : 3;
	plan->error = kind == ONE_LEG ? EIO : 0;
}

static bool is_bad(const struct plan *plan, uint64_t sector)
{
	const struct fault *fault = &plan->fault;

	switch (fault->kind) {
	case TORN:
		return sector - fault->sector < fault->nr;
	case SWAPPED:
	case MISDIRECTED:
		return sector == fault->sector || sector == fault->sector + fault->distance;
	default:
		return sector == fault->sector;
	}
}

/* The number of bad sectors in a request; the first of them in @first. */
static uint64_t count_bad(const struct plan *plan, uint64_t start, uint64_t nr, uint64_t *first)
{
	uint64_t i, bad = 0;

	for (i = start; i < start + nr; i++)
		if (is_bad(plan, i) && !bad++)
			*first = i;
	return bad;
}

/* Faults without a class of their own are torn if the bad sectors are one run at either end. */
static const char *run_class(const struct plan *plan, uint64_t start, uint64_t nr)
{
	uint64_t first = 0, nr_bad = count_bad(plan, start, nr, &first), nr_run = 0;

	while (is_bad(plan, first + nr_run) && first + nr_run < start + nr)
		nr_run++;
	if (nr_run == nr_bad && nr_bad < nr && (first == start || first + nr_bad == start + nr))
		return "torn";
	return "other";
}

/* Sectors on each side of a request that the target searches for the test leg's data. */
#define SEARCH_SECTORS 256

/*
 * The class if the first bad sector @first holds the data of sector @origin: shifted if @origin is
 * in the request or near it.
 */
static void moved_class(const struct plan *plan, uint64_t start, uint64_t nr, uint64_t first,
			uint64_t origin, char *class)
{
	if (origin + SEARCH_SECTORS >= start && origin < start + nr + SEARCH_SECTORS)
		sprintf(class, "shifted(%+lld)", (long long)(origin - first));
	else
		strcpy(class, run_class(plan, start, nr));
}

/* The expected class in a report of a request with these limits. */
static void expected_class(const struct plan *plan, uint64_t start, uint64_t nr, char *class)
{
	const struct fault *fault = &plan->fault;
	uint64_t first = 0, other = fault->sector + fault->distance;
	bool is_first;

	count_bad(plan, start, nr, &first);
	is_first = first == fault->sector;
	switch (fault->kind) {
	case BITFLIP:
	case TRANSIENT:
		strcpy(class, "bitflip(1)");
		break;
	case ZEROED:
		strcpy(class, "zeros");
		break;
	case LOST:
	case STALE_READ:
		strcpy(class, "stale(1)");
		break;
	case MISDIRECTED:
		/* The overwritten sector, if the one that was not written is not in the request. */
		if (is_first)
			strcpy(class, "stale(1)");
		else
			moved_class(plan, start, nr, first, fault->sector, class);
		break;
	case SWAPPED:
		moved_class(plan, start, nr, first, is_first ? other : fault->sector, class);
		break;
	case TORN:
		strcpy(class, run_class(plan, start, nr));
		break;
	default:
		strcpy(class, "-");
	}
}

#define PLAN_FORMAT "%s %u %s start=%llu nr=%llu sector=%llu errno=%d expect=%s,%s"

static void print_plan(const struct plan *plan)
{
	char class[32];

	expected_class(plan, plan->start, plan->nr, class);
	printf(PLAN_FORMAT "\n", method_names[plan->method], sizes[plan->size],
	       position_names[plan->position], (unsigned long long)plan->start,
	       (unsigned long long)plan->nr, (unsigned long long)plan->fault.sector, plan->error,
	       class, is_status(plan->fault.kind) ? "status" :
	       is_once(plan->fault.kind) ? "transient" : "persistent");
}

/* ---- the workload ------------------------------------------------------------------------- */

static int direct, cached, control;
static uint8_t *data, *expected;
static unsigned int problems;

static void __attribute__((format(printf, 2, 3))) problem(const struct plan *plan,
							   const char *format, ...)
{
	va_list args;

	problems++;
	printf("problem: %s %s %u %s: ", kind_names[plan->fault.kind], method_names[plan->method],
	       sizes[plan->size], position_names[plan->position]);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
}

/* Returns the hits of the fault that was armed before. */
static uint64_t arm(const struct fault *fault)
{
	uint64_t harm;

	if (send(control, fault, sizeof(*fault), 0) != sizeof(*fault) ||
	    recv(control, &harm, sizeof(harm), 0) != sizeof(harm))
		die("control");
	return harm;
}

static uint64_t disarm(void)
{
	struct fault none = { .kind = NONE };

	return arm(&none);
}

static sigjmp_buf bus_error;

static void on_bus_error(int signal)
{
	(void)signal;
	siglongjmp(bus_error, 1);
}

static uint8_t *map_region(const struct plan *plan)
{
	size_t size = plan->nr * SECTOR;
	uint8_t *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, cached,
			    plan->start * SECTOR);

	if (map == MAP_FAILED || madvise(map, size, MADV_RANDOM))
		die("mmap");
	/*
	 * Page faults alone would result in single-page requests, or read beyond the region. This
	 * reads just the region, in large requests.
	 */
	if (size > PAGE && madvise(map, size, MADV_WILLNEED))
		die("madvise");
	return map;
}

/* Returns an errno. An error of a cached write is returned by the sync. */
static int write_by_method(const struct plan *plan)
{
	size_t size = plan->nr * SECTOR;
	off_t offset = plan->start * SECTOR;
	uint8_t *map;
	int error = 0;

	switch (plan->method) {
	case BUFFERED:
		if (pwrite(cached, data, size, offset) != (ssize_t)size || fsync(cached))
			error = errno;
		break;
	case DIRECT:
		if (pwrite(direct, data, size, offset) != (ssize_t)size)
			error = errno;
		break;
	case MAPPED:
		map = map_region(plan);
		if (sigsetjmp(bus_error, 1))
			return EFAULT;
		memcpy(map, data, size);
		if (msync(map, size, MS_SYNC))
			error = errno;
		munmap(map, size);
		break;
	}
	return error;
}

/* Returns an errno, EFAULT for SIGBUS; in @done the number of bytes before it. */
static int read_by_method(const struct plan *plan, size_t *done)
{
	static volatile size_t mapped;
	size_t size = plan->nr * SECTOR;
	int fd = plan->method == DIRECT ? direct : cached;
	uint8_t *map;
	int error = 0;

	memset(data, 0xee, size);
	*done = 0;
	if (plan->method == MAPPED) {
		map = map_region(plan);
		if (sigsetjmp(bus_error, 1))
			error = EFAULT;
		else
			for (mapped = 0; mapped < size; mapped += PAGE)
				memcpy(data + mapped, map + mapped, PAGE);
		*done = mapped;
		munmap(map, size);
		return error;
	}
	while (*done < size) {
		ssize_t len = pread(fd, data + *done, size - *done, plan->start * SECTOR + *done);

		if (len <= 0)
			return len ? errno : ENODATA;
		*done += len;
	}
	return 0;
}

static bool is_error_for(const struct plan *plan, int error)
{
	switch (plan->method) {
	case BUFFERED:
		return error == EIO || error == EILSEQ;
	case MAPPED:
		return error == EFAULT;
	default:
		return error == (plan->fault.kind == ONE_LEG ? EIO : EILSEQ);
	}
}

/* Check the result of reading back. */
static void check_read(const struct plan *plan, int error, size_t done)
{
	enum kind kind = plan->fault.kind;
	uint64_t page = (plan->fault.sector - plan->start) / PAGE_SECTORS;

	if (memcmp(data, expected, done))
		problem(plan, "read wrong data");
	if (!error) {
		/*
		 * A failed write leaves a range that is not compared. After a failed readahead the
		 * page cache reads again, without a fault that happens only once: the program gets
		 * the right data, but the report has to be there.
		 */
		if (kind != NONE && kind != WRONG_ERROR &&
		    !(is_once(kind) && plan->method != DIRECT))
			problem(plan, "no error was seen");
		return;
	}
	if (kind == NONE || kind == WRONG_ERROR || !is_error_for(plan, error))
		problem(plan, "read failed: %s", strerrorname_np(error));
	else if (plan->method != DIRECT && done / PAGE != page)
		problem(plan, "page %zu failed instead of %llu", done / PAGE,
			(unsigned long long)page);
}

static void check_write(const struct plan *plan, int error)
{
	if (plan->fault.kind != WRONG_ERROR) {
		if (error)
			problem(plan, "write failed: %s", strerrorname_np(error));
	} else if (error != plan->error && (plan->method == DIRECT || error != EIO)) {
		/* The page cache turns most errors into EIO. */
		problem(plan, "error of write: %s", error ? strerrorname_np(error) : "none");
	}
}

static void run_combination(const struct plan *plan)
{
	const struct fault *fault = &plan->fault;
	size_t size = plan->nr * SECTOR, done;
	uint64_t harm = 0, i;
	int error;

	for (i = 0; i < plan->nr; i++)
		fill_sector(data + i * SECTOR, plan->start + i, 2 * fault->kind);
	if (pwrite(direct, data, size, plan->start * SECTOR) != (ssize_t)size) {
		problem(plan, "the first version was not written");
		return;
	}
	for (i = 0; i < plan->nr; i++)
		fill_sector(data + i * SECTOR, plan->start + i, 2 * fault->kind + 1);
	memcpy(expected, data, size);

	if (!is_read_fault(fault->kind))
		arm(fault);
	check_write(plan, write_by_method(plan));
	if (!is_read_fault(fault->kind))
		harm = disarm();

	if (ioctl(cached, BLKFLSBUF))
		die("BLKFLSBUF");
	if (is_read_fault(fault->kind))
		arm(fault);
	error = read_by_method(plan, &done);
	check_read(plan, error, done);
	if (is_read_fault(fault->kind))
		harm = disarm();
	if (!harm != (fault->kind == NONE))
		problem(plan, "the fault did not happen");
	print_plan(plan);
}

/* The driver of the leg may have fewer error codes than the server. */
static int error_of_leg(const char *leg)
{
	struct fault fault = { .kind = WRONG_ERROR, .sector = 0 };
	int fd = open(leg, O_RDWR | O_DIRECT);
	int error = 0;

	if (fd < 0)
		die(leg);
	arm(&fault);
	if (pwrite(fd, data, PAGE, 0) < 0)
		error = errno;
	disarm();
	close(fd);
	return error;
}

/* One fault, for a script; prints the hits of the previous one. */
static int arm_one(const char *control_path, enum kind kind, uint64_t sector)
{
	struct fault fault = { .kind = kind, .sector = sector, .distance = 2, .nr = 2, .bit = 5 };

	control = control_connect(control_path);
	printf("%llu\n", (unsigned long long)arm(&fault));
	return 0;
}

static int matrix(const char *path, const char *leg, const char *control_path, enum kind kind)
{
	struct sigaction action = { .sa_handler = on_bus_error };
	int leg_error = 0;
	unsigned int i;

	data = aligned(MAX_IO);
	expected = aligned(MAX_IO);
	direct = open(path, O_RDWR | O_DIRECT);
	cached = open(path, O_RDWR);
	if (direct < 0 || cached < 0 || posix_fadvise(cached, 0, 0, POSIX_FADV_RANDOM))
		die(path);
	control = control_connect(control_path);
	sigaction(SIGBUS, &action, NULL);

	if (kind == WRONG_ERROR)
		leg_error = error_of_leg(leg);
	for (i = 0; i < NR_COMBINATIONS; i++) {
		struct plan plan;

		make_plan(&plan, i, kind);
		if (kind == WRONG_ERROR)
			plan.error = leg_error;
		run_combination(&plan);
	}
	/* Waits for pending readahead. */
	if (close(cached) || close(direct))
		die("close");
	return problems ? 1 : 0;
}

/* ---- the judge ---------------------------------------------------------------------------- */

struct verdict {
	struct plan plan;
	unsigned int reports;
	bool found;		/* a report names the planted sector */
	bool wrong_sector;
	bool wrong_class;
};

struct line {
	char op[16];
	unsigned long long start;
	unsigned long long nr;
	unsigned long long bad;
	unsigned int byte;
	char label[16];
	char class[32];
	unsigned int differ;
	int raw;
	int test;
	bool is_status;
};

static bool parse_line(const char *text, struct line *line)
{
	const char *rest;
	int len = 0;

	memset(line, 0, sizeof(*line));
	if (sscanf(text, "%*u %15s sector=%llu nr=%llu %n", line->op, &line->start, &line->nr,
		   &len) != 3 || !len)
		return false;
	rest = text + len;
	line->is_status = sscanf(rest, "divergence raw=%d test=%d", &line->raw,
				 &line->test) == 2;
	return line->is_status ||
	       sscanf(rest,
		      "contents mismatch in sector %llu byte=%u raw=%*s test=%*s %15s class=%31s differ=%u",
		      &line->bad, &line->byte, line->label, line->class, &line->differ) == 5;
}

/* The one O_DIRECT request, or any request that the page cache may have made for a part of it. */
static bool is_possible(const struct plan *plan, const struct line *line)
{
	return plan->method != DIRECT || (line->start == plan->start && line->nr == plan->nr);
}

static void judge_status(struct verdict *verdict, const struct line *line)
{
	const struct plan *plan = &verdict->plan;
	const char *op = plan->fault.kind == ONE_LEG ? "read" : "write";

	if (plan->fault.sector - line->start < line->nr && is_possible(plan, line))
		verdict->found = true;
	else
		verdict->wrong_sector = true;
	if (!line->is_status || strcmp(line->op, op) || line->raw || line->test != -plan->error)
		verdict->wrong_class = true;
	/* It is read again page by page; the larger failed readahead does not count. */
	if (plan->fault.kind == ONE_LEG && plan->method != DIRECT && line->nr > PAGE_SECTORS)
		verdict->wrong_sector = true;
}

static void judge_contents(struct verdict *verdict, const struct line *line)
{
	const struct plan *plan = &verdict->plan;
	const struct fault *fault = &plan->fault;
	uint64_t first = 0, nr_bad = count_bad(plan, line->start, line->nr, &first);
	char class[32];

	if (!nr_bad || line->bad != first || line->is_status || !is_possible(plan, line)) {
		verdict->wrong_sector = true;
		return;
	}
	if (first == fault->sector)
		verdict->found = true;
	expected_class(plan, line->start, line->nr, class);
	if (strcmp(line->op, "read") || strcmp(line->class, class) || line->differ != nr_bad ||
	    strcmp(line->label, is_once(fault->kind) ? "transient" : "persistent"))
		verdict->wrong_class = true;
	if ((fault->kind == BITFLIP || fault->kind == TRANSIENT) && line->byte != fault->bit / 8)
		verdict->wrong_class = true;
	/* A second report of it is unexpected. */
	if (is_once(fault->kind) && verdict->reports > 1)
		verdict->wrong_sector = true;
}

/* Returns false for a report that matches no planted fault. */
static bool judge_line(struct verdict *verdicts, const struct line *line)
{
	unsigned int i;

	for (i = 0; i < NR_COMBINATIONS; i++) {
		struct verdict *verdict = &verdicts[i];
		const struct plan *plan = &verdict->plan;

		if (line->start < plan->start || line->start + line->nr > plan->start + plan->nr)
			continue;
		verdict->reports++;
		if (is_status(plan->fault.kind))
			judge_status(verdict, line);
		else
			judge_contents(verdict, line);
		return !verdict->wrong_sector && !verdict->wrong_class;
	}
	return false;
}

/* Read the plan that "matrix" has printed. The rest follows from the combination. */
static unsigned int read_plan(const char *path, enum kind kind, struct verdict *verdicts)
{
	FILE *file = fopen(path, "r");
	unsigned int nr = 0;
	char text[256];

	if (!file)
		die(path);
	while (nr < NR_COMBINATIONS && fgets(text, sizeof(text), file)) {
		struct plan *plan = &verdicts[nr].plan;
		const char *error = strstr(text, " errno=");

		if (!error)
			continue;
		make_plan(plan, nr++, kind);
		plan->error = atoi(error + 7);
	}
	fclose(file);
	return nr;
}

/* Prints problems, then: fault injected reported sector class. */
static int judge(enum kind kind, const char *plan_path)
{
	static struct verdict verdicts[NR_COMBINATIONS];
	unsigned int injected = read_plan(plan_path, kind, verdicts);
	unsigned int reported = 0, sector = 0, class = 0, i;
	bool complete = false, strange = false;
	char text[1024];

	while (fgets(text, sizeof(text), stdin)) {
		struct line line;

		if (!strncmp(text, "dropped=", 8)) {
			complete = !strcmp(text, "dropped=0\n");
			continue;
		}
		if (!parse_line(text, &line) || !judge_line(verdicts, &line)) {
			printf("wrong: %s", text);
			strange = true;
		}
	}
	for (i = 0; i < injected; i++) {
		struct verdict *verdict = &verdicts[i];

		if (!verdict->found) {
			printf("missed: ");
			print_plan(&verdict->plan);
		}
		reported += verdict->reports > 0;
		sector += verdict->found && !verdict->wrong_sector;
		class += verdict->found && !verdict->wrong_class;
	}
	if (!complete)
		printf("some reports were dropped\n");
	printf("%s %u %u %u %u\n", kind_names[kind], injected, reported, sector, class);
	return strange || !complete || reported != injected || sector != injected ||
	       class != injected;
}

static int usage(void)
{
	unsigned int i;

	fprintf(stderr, "usage: bvfault serve /dev/nbdN MIB CONTROL\n"
			"       bvfault arm CONTROL FAULT SECTOR\n"
			"       bvfault matrix DEVICE LEG CONTROL FAULT >PLAN\n"
			"       bvfault judge FAULT PLAN <LIST\n"
			"FAULT:");
	for (i = 0; i < COUNT(kind_names); i++)
		fprintf(stderr, " %s", kind_names[i]);
	fprintf(stderr, "\n");
	return 2;
}

static bool find_kind(const char *name, enum kind *kind)
{
	unsigned int i;

	for (i = 0; i < COUNT(kind_names); i++)
		if (!strcmp(name, kind_names[i])) {
			*kind = i;
			return true;
		}
	return false;
}

int main(int argc, char **argv)
{
	enum kind kind;

	setlinebuf(stdout);
	if (argc == 5 && !strcmp(argv[1], "serve"))
		return serve_device(argv[2], strtoul(argv[3], NULL, 0), argv[4]);
	if (argc == 5 && !strcmp(argv[1], "arm") && find_kind(argv[3], &kind))
		return arm_one(argv[2], kind, strtoull(argv[4], NULL, 0));
	if (argc == 6 && !strcmp(argv[1], "matrix") && find_kind(argv[5], &kind))
		return matrix(argv[2], argv[3], argv[4], kind);
	if (argc == 4 && !strcmp(argv[1], "judge") && find_kind(argv[2], &kind))
		return judge(kind, argv[3]);
	return usage();
}
