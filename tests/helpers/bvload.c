// SPDX-License-Identifier: GPL-2.0-only
/*
 * bvload: loads whose requests depend on nothing but their name.
 *
 * A load runs on each of the devices in turn, from the same memory: the pages of a buffer may be
 * adjacent or not, which decides the segments of a request. Loads of which the kernel refuses a
 * property (NOWAIT, polling, discard...) do without it, as most programs would.
 *
 * Exit status: 0 done, 1 an I/O failed (the error's name is printed) or data differs, 2 usage or set-up.
 */
#define _GNU_SOURCE
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/fs.h>
#include <linux/io_uring.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define AREA (64UL << 20)	/* what a load reads or writes at most */
#define COMPARED (16UL << 20)
#define IN_FLIGHT (16UL << 20)	/* at most: a target allocates only so much memory */
#define REQUESTS 256UL		/* and in how many requests */
#define ARENA_MIN (2UL << 20)	/* the memory of the requests */
#define ARENA_MAX (32UL << 20)
#define HUGE (2UL << 20)

#ifndef F_SET_RW_HINT
#define F_SET_RW_HINT (1024 + 12)
#endif
#define HINT_NOT_SET 0
#define HINT_EXTREME 5	/* the last one */

#ifndef RWF_ATOMIC
#define RWF_ATOMIC 0x40
#endif
#define WHO_PROCESS 1
#define REALTIME_3 (1 << 13 | 3)
#define BEST_EFFORT_4 (2 << 13 | 4)

enum { READS, WRITES, WRONG, MIXED };

static const char *device, *reference;
static char *arena;
static size_t arena_size;
static size_t bytes;	/* length of a request, if the load leaves that open */

static void die(const char *what)
{
	fprintf(stderr, "bvload: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void failed(const char *what)
{
	printf("%s: %s: %s\n", device, what, strerrorname_np(errno));
	exit(1);
}

static void expect(const char *what, ssize_t done, size_t wanted)
{
	if (done < 0)
		failed(what);
	if ((size_t)done != wanted) {
		printf("%s: %s: %zd instead of %zu bytes\n", device, what, done, wanted);
		exit(1);
	}
}

static int open_device(int flags)
{
	int fd = open(device, flags);

	if (fd < 0)
		die(device);
	return fd;
}

static uint64_t next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

#define HUGETLB -1	/* memory from hugetlbfs, instead of an advice */

static void arena_make(int advice)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | (advice == HUGETLB ? MAP_HUGETLB : 0);
	uint64_t random = 1, *word;
	char *memory;

	arena_size = 4 * bytes < ARENA_MIN ? ARENA_MIN : 4 * bytes > ARENA_MAX ? ARENA_MAX : 4 * bytes;
	memory = mmap(NULL, arena_size + HUGE, PROT_READ | PROT_WRITE, flags, -1, 0);
	if (memory == MAP_FAILED)
		die("memory");
	arena = (char *)(((uintptr_t)memory + HUGE - 1) & ~(HUGE - 1));
	/* Not every kernel has huge pages. */
	if (advice != HUGETLB)
		madvise(arena, arena_size, advice);
	for (word = (void *)arena; word < (uint64_t *)(arena + arena_size); word++)
		*word = next(&random);
	if (mlock(arena, arena_size))
		die("mlock");
}

/* ---- one request after the other ------------------------------------------------------------ */

static void transfer(int fd, int writes, size_t size, char *memory, off_t offset)
{
	if (writes)
		expect("write", pwrite(fd, memory, size, offset), size);
	else
		expect("read", pread(fd, memory, size, offset), size);
}

static void sequence(int writes, int flags, size_t total)
{
	int fd = open_device(O_RDWR | flags);
	size_t at;

	if (!(flags & O_DIRECT) && ioctl(fd, BLKFLSBUF))
		failed("BLKFLSBUF");
	for (at = 0; at < total; at += bytes)
		transfer(fd, writes, bytes, arena + at % (arena_size / 2), at);
	if (!(flags & O_DIRECT) && fdatasync(fd))
		failed("fdatasync");
	close(fd);
}

static void direct(int writes)
{
	sequence(writes, O_DIRECT, bytes * REQUESTS < AREA ? bytes * REQUESTS : AREA);
}

/* The kernel may write one page at a time. */
static void buffered(int writes)
{
	sequence(writes, 0, AREA / 16);
}

static void with_sync(int writes)
{
	sequence(writes, O_DIRECT | O_SYNC, 16 * bytes);
}

static void with_dsync(int writes)
{
	sequence(writes, O_DIRECT | O_DSYNC, 16 * bytes);
}

static void with_prio(int writes)
{
	if (syscall(SYS_ioprio_set, WHO_PROCESS, 0, REALTIME_3))
		die("ioprio_set");
	sequence(writes, O_DIRECT, 8 * bytes);
	if (syscall(SYS_ioprio_set, WHO_PROCESS, 0, BEST_EFFORT_4))
		die("ioprio_set");
}

static void set_hint(int fd, uint64_t hint)
{
	if (fcntl(fd, F_SET_RW_HINT, &hint) && errno != EINVAL)
		failed("F_SET_RW_HINT");
}

/* With each hint in turn. The device would keep the last one for other programs. */
static void with_hints(int writes)
{
	int fd = open_device(O_RDWR | O_DIRECT), hint, i, at = 0;

	for (hint = HINT_NOT_SET; hint <= HINT_EXTREME; hint++) {
		set_hint(fd, hint);
		/* A different number of each, so that the digest shows if two are swapped. */
		for (i = 0; i <= hint; i++)
			transfer(fd, writes, bytes, arena, at++ * bytes);
	}
	set_hint(fd, HINT_NOT_SET);
	close(fd);
}

static void atomically(int writes)
{
	int fd = open_device(O_RDWR | O_DIRECT), supported = 1, i;

	for (i = 0; i < 16; i++) {
		struct iovec piece = { arena + i * bytes % (arena_size / 2), bytes };
		ssize_t done = pwritev2(fd, &piece, 1, i * bytes, RWF_ATOMIC);

		if (done < 0 && errno == EOPNOTSUPP) {
			supported = 0;
			transfer(fd, writes, bytes, piece.iov_base, i * bytes);
			done = bytes;
		}
		expect("atomic write", done, bytes);
	}
	if (!supported)
		printf("%s: does not support atomic writes\n", device);
	close(fd);
}

static void with_fdatasync(int writes)
{
	int fd = open_device(O_RDWR), i;

	for (i = 0; i < 16; i++) {
		transfer(fd, writes, bytes, arena, i * bytes);
		if (fdatasync(fd))
			failed("fdatasync");
	}
	close(fd);
}

/* From memory that begins within a page. */
static void at_odd_offsets(int writes)
{
	int fd = open_device(O_RDWR | O_DIRECT), i;
	uint64_t random = 77;

	for (i = 0; i < 128; i++) {
		size_t size = (1 + next(&random) % 64) * 4096;
		off_t offset = next(&random) % ((AREA - size) / 4096) * 4096;
		char *memory = arena + next(&random) % (arena_size / 2) / 4096 * 4096 + 512;

		transfer(fd, writes, size, memory, offset);
	}
	close(fd);
}

/* In pieces of odd lengths, at several offsets in pages. */
static void in_pieces(int writes)
{
	static const size_t lengths[] = { 512, 1536, 4096, 512, 7680, 2560, 3584, 1024, 12800, 1024 };
	int fd = open_device(O_RDWR | O_DIRECT), i, j;
	struct iovec pieces[10];

	for (i = 0; i < 64; i++) {
		size_t total = 0;

		for (j = 0; j < 10; j++) {
			size_t length = lengths[(i + j) % 10];

			pieces[j] = (struct iovec){
				arena + i % 8 * 163840 + j * 16384 + (i + j) % 7 * 512, length
			};
			total += length;
		}
		if (writes)
			expect("writev", pwritev(fd, pieces, 10, i * total), total);
		else
			expect("readv", preadv(fd, pieces, 10, i * total), total);
	}
	close(fd);
}

static void with_nowait(int writes)
{
	int fd = open_device(O_RDWR | O_DIRECT), again = 0;
	size_t at = 0;

	while (at < 16 * bytes) {
		struct iovec piece = { arena + at % (arena_size / 2), bytes - at % bytes };
		ssize_t done = writes ? pwritev2(fd, &piece, 1, at, RWF_NOWAIT) :
					preadv2(fd, &piece, 1, at, RWF_NOWAIT);

		if (done < 0 && (errno == EAGAIN || errno == EOPNOTSUPP)) {
			again++;
			transfer(fd, writes, piece.iov_len, piece.iov_base, at);
			done = piece.iov_len;
		}
		if (done < 0)
			failed("NOWAIT");
		at += done;
	}
	if (again)
		printf("%s: %d requests were refused because of NOWAIT\n", device, again);
	close(fd);
}

static void range(unsigned long request)
{
	uint64_t range[2] = { 0, bytes };
	int fd = open_device(O_RDWR);

	if (ioctl(fd, request, range)) {
		if (errno != EOPNOTSUPP)
			failed("ioctl");
		printf("%s: not supported\n", device);
	}
	close(fd);
}

static void discard(int writes)
{
	(void)writes;
	range(BLKDISCARD);
}

static void erase(int writes)
{
	(void)writes;
	range(BLKSECDISCARD);
}

static void zeroes(int writes)
{
	(void)writes;
	range(BLKZEROOUT);
}

/* ---- what was read -------------------------------------------------------------------------- */

static int differs;

/* Compare what a device returns with what the first one did, and print the first difference. */
static void compare(int writes)
{
	int fd = open_device(O_RDONLY | O_DIRECT);
	static char *expected;
	size_t at, i;

	(void)writes;
	if (!expected && !(expected = malloc(COMPARED)))
		die("memory");
	for (at = 0; at < COMPARED; at += bytes) {
		char *memory = arena + at % (arena_size / 2);
		ssize_t done = pread(fd, memory, bytes, at);

		if (done < 0) {
			printf("%s: read at %zu: %s\n", device, at, strerrorname_np(errno));
			break;
		}
		expect("read", done, bytes);
		if (device == reference)
			memcpy(expected + at, memory, bytes);
		for (i = 0; i < bytes && memory[i] == expected[at + i]; i++)
			;
		if (i < bytes) {
			printf("%s: wrong at byte %zu\n", device, at + i);
			break;
		}
	}
	differs |= at < COMPARED;
	close(fd);
}

/* ---- many at a time ------------------------------------------------------------------------- */

#define MOST 256

static void at_once(int writes, int nr, off_t distance)
{
	struct iocb requests[MOST] = { 0 }, *list[MOST];
	int fd = open_device(O_RDWR | O_DIRECT), i, n;
	struct io_event events[MOST];
	aio_context_t context = 0;

	for (i = 0; i < nr; i++) {
		int reads = writes == READS || (writes == MIXED && i % 2);

		requests[i].aio_lio_opcode = reads ? IOCB_CMD_PREAD : IOCB_CMD_PWRITE;
		requests[i].aio_fildes = fd;
		requests[i].aio_buf = (uintptr_t)arena + i * bytes % (arena_size / 2);
		requests[i].aio_nbytes = bytes;
		requests[i].aio_offset = i * distance;
		list[i] = &requests[i];
	}
	if (syscall(SYS_io_setup, nr, &context))
		die("io_setup");
	for (i = 0; i < nr; i += n) {
		n = syscall(SYS_io_submit, context, nr - i, list + i);
		if (n <= 0)
			failed("io_submit");
	}
	if (syscall(SYS_io_getevents, context, nr, nr, events, NULL) != nr)
		failed("io_getevents");
	for (i = 0; i < nr; i++)
		expect("one of many", events[i].res, bytes);
	syscall(SYS_io_destroy, context);
	close(fd);
}

static void same_block(int writes)
{
	at_once(writes, 64, 0);
}

/* With gaps, so that no two can be merged. */
static void different_blocks(int writes)
{
	at_once(writes, IN_FLIGHT / bytes < MOST ? IN_FLIGHT / bytes : MOST, 2 * bytes);
}

/* ---- io_uring ------------------------------------------------------------------------------- */

#define ENTRIES 8

struct ring {
	int fd;
	struct io_uring_params params;
	char *sq, *cq;
	struct io_uring_sqe *sqes;
};

static char *ring_map(const struct ring *ring, size_t size, off_t what)
{
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring->fd,
			    what);

	if (memory == MAP_FAILED)
		die("io_uring");
	return memory;
}

static void ring_make(struct ring *ring, unsigned int flags)
{
	struct iovec all = { arena, arena_size };

	memset(ring, 0, sizeof(*ring));
	ring->params.flags = flags;
	ring->fd = syscall(SYS_io_uring_setup, ENTRIES, &ring->params);
	if (ring->fd < 0)
		die("io_uring_setup");
	ring->sq = ring_map(ring, ring->params.sq_off.array + ENTRIES * sizeof(unsigned int),
			    IORING_OFF_SQ_RING);
	ring->cq = ring_map(ring, ring->params.cq_off.cqes +
			    ring->params.cq_entries * sizeof(struct io_uring_cqe),
			    IORING_OFF_CQ_RING);
	ring->sqes = (void *)ring_map(ring, ENTRIES * sizeof(*ring->sqes), IORING_OFF_SQES);
	if (syscall(SYS_io_uring_register, ring->fd, IORING_REGISTER_BUFFERS, &all, 1))
		die("IORING_REGISTER_BUFFERS");
}

static void ring_free(struct ring *ring)
{
	munmap(ring->sqes, ENTRIES * sizeof(*ring->sqes));
	munmap(ring->cq, ring->params.cq_off.cqes +
	       ring->params.cq_entries * sizeof(struct io_uring_cqe));
	munmap(ring->sq, ring->params.sq_off.array + ENTRIES * sizeof(unsigned int));
	close(ring->fd);
}

static void ring_prepare(struct ring *ring, int fd, int opcode, char *memory, off_t offset)
{
	unsigned int *tail = (void *)(ring->sq + ring->params.sq_off.tail);
	unsigned int *array = (void *)(ring->sq + ring->params.sq_off.array);
	unsigned int i = *tail % ENTRIES;

	memset(&ring->sqes[i], 0, sizeof(*ring->sqes));
	ring->sqes[i].opcode = opcode;
	ring->sqes[i].fd = fd;
	ring->sqes[i].addr = (uintptr_t)memory;
	ring->sqes[i].len = bytes;
	ring->sqes[i].off = offset;
	array[i] = i;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
}

/*
 * Submit @submit prepared requests, and wait for @nr. The system call may return before: a poll ends
 * when another task wants the CPU. Returns 0 if the device refuses them.
 */
static int ring_finish(struct ring *ring, unsigned int submit, unsigned int nr)
{
	unsigned int *head = (void *)(ring->cq + ring->params.cq_off.head);
	unsigned int *tail = (void *)(ring->cq + ring->params.cq_off.tail);
	struct io_uring_cqe *cqes = (void *)(ring->cq + ring->params.cq_off.cqes);
	unsigned int done = 0;
	int supported = 1;

	while (done < nr) {
		int submitted = syscall(SYS_io_uring_enter, ring->fd, submit, 1,
					IORING_ENTER_GETEVENTS, NULL, 0);

		if (submitted < 0 && errno != EINTR && errno != EAGAIN)
			failed("io_uring_enter");
		if (submitted > 0)
			submit -= submitted;
		while (*head != __atomic_load_n(tail, __ATOMIC_ACQUIRE)) {
			ssize_t result = cqes[*head % ring->params.cq_entries].res;

			__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
			done++;
			if (result == -EOPNOTSUPP) {
				supported = 0;
				continue;
			}
			errno = -result;
			expect("io_uring", result, bytes);
		}
	}
	return supported;
}

static int ring_run(struct ring *ring)
{
	return ring_finish(ring, ENTRIES, ENTRIES);
}

static int uring_try(int opcode, unsigned int flags, size_t total, unsigned int in_page)
{
	int fd = open_device(O_RDWR | O_DIRECT), i, supported = 1;
	struct ring ring;
	size_t at;

	ring_make(&ring, flags);
	for (at = 0; at < total && supported; at += ENTRIES * bytes) {
		for (i = 0; i < ENTRIES; i++) {
			off_t offset = at + i * bytes;

			ring_prepare(&ring, fd, opcode, arena + offset % (arena_size / 2) + in_page,
				     offset);
		}
		supported = ring_run(&ring);
	}
	ring_free(&ring);
	close(fd);
	return supported;
}

static void fixed(int writes)
{
	uring_try(writes ? IORING_OP_WRITE_FIXED : IORING_OP_READ_FIXED, 0, 32 * bytes, 1024);
}

static void polled(int writes)
{
	int opcode = writes ? IORING_OP_WRITE_FIXED : IORING_OP_READ_FIXED;

	if (!uring_try(opcode, IORING_SETUP_IOPOLL, REQUESTS * bytes, 0)) {
		printf("%s: does not support polling\n", device);
		uring_try(opcode, 0, REQUESTS * bytes, 0);
	}
}

/*
 * Submit a polled write and, before polling for it, wait for a read of the same block: where the
 * device is alone, neither depends on the other.
 */
static void read_before_polling(int writes)
{
	int fd = open_device(O_RDWR | O_DIRECT);
	char *memory = arena + arena_size / 2;
	struct ring ring;

	(void)writes;
	ring_make(&ring, IORING_SETUP_IOPOLL);
	ring_prepare(&ring, fd, IORING_OP_WRITE_FIXED, arena, 0);
	if (syscall(SYS_io_uring_enter, ring.fd, 1, 0, 0, NULL, 0) != 1)
		die("io_uring_enter");
	expect("read", pread(fd, memory, bytes, 0), bytes);
	if (!ring_finish(&ring, 0, 1))
		die("polling");
	ring_free(&ring);
	close(fd);
}

/* ---- protection information ----------------------------------------------------------------- */

#define APP_TAG 0x1234
#define BLOCK 512

/* Since 6.14; io_uring_sqe has had room for it. */
struct attr_pi {
	uint16_t flags;
	uint16_t app_tag;
	uint32_t len;
	uint64_t addr;
	uint64_t seed;
	uint64_t reserved;
};

struct tuple {
	uint16_t guard;
	uint16_t app_tag;
	uint32_t ref_tag;
};

static uint16_t crc_t10dif(const unsigned char *data)
{
	uint16_t crc = 0;
	int i, bit;

	for (i = 0; i < BLOCK; i++) {
		crc ^= data[i] << 8;
		for (bit = 0; bit < 8; bit++)
			crc = crc << 1 ^ (crc & 0x8000 ? 0x8bb7 : 0);
	}
	return crc;
}

static struct tuple tuple_for(const char *data, off_t sector)
{
	return (struct tuple) {
		.guard = htobe16(crc_t10dif((const unsigned char *)data)),
		.app_tag = htobe16(APP_TAG),
		.ref_tag = htobe32(sector),
	};
}

/* One request, whose blocks have tuples of ours: the driver would make others. */
static void with_tuples(int writes)
{
	int fd = open_device(O_RDWR | O_DIRECT);
	size_t blocks = bytes / BLOCK, i;
	struct tuple *tuples = (void *)(arena + arena_size / 2);
	struct attr_pi pi = {
		.flags = 7,	/* check guard, reference tag and application tag */
		.app_tag = APP_TAG,
		.len = blocks * sizeof(*tuples),
		.addr = (uintptr_t)tuples,
	};
	struct ring ring;
	uint64_t *attr;

	ring_make(&ring, 0);
	ring_prepare(&ring, fd, writes ? IORING_OP_WRITE : IORING_OP_READ, arena, 0);
	attr = (uint64_t *)((char *)&ring.sqes[0] + 48);
	attr[0] = (uintptr_t)&pi;
	attr[1] = 1;
	for (i = 0; i < blocks; i++)
		tuples[i] = writes ? tuple_for(arena + i * BLOCK, i) : (struct tuple) {};
	if (writes == WRONG)
		tuples[blocks - 1].guard ^= 1;
	if (!ring_finish(&ring, 1, 1)) {
		errno = EOPNOTSUPP;
		failed("io_uring");
	}
	for (i = 0; i < blocks; i++) {
		struct tuple wanted = tuple_for(arena + i * BLOCK, i);

		if (memcmp(&tuples[i], &wanted, sizeof(wanted))) {
			printf("%s: wrong tuple of sector %zu\n", device, i);
			exit(1);
		}
	}
	ring_free(&ring);
	close(fd);
}

/* ---- swap ----------------------------------------------------------------------------------- */

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif

/* The arena is locked; this memory is not. */
static void swap(int writes)
{
	uint64_t random = 9, *memory, expected;
	size_t words = bytes / sizeof(*memory), i;

	(void)writes;
	memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED || swapon(device, 0))
		die("swapon");
	for (i = 0; i < words; i++)
		memory[i] = next(&random);
	if (madvise(memory, bytes, MADV_PAGEOUT))
		die("MADV_PAGEOUT");
	random = 9;
	for (i = 0; i < words; i++) {
		expected = next(&random);
		if (memory[i] != expected) {
			printf("%s: wrong at byte %zu\n", device, i * sizeof(*memory));
			exit(1);
		}
	}
	if (swapoff(device))
		failed("swapoff");
	munmap(memory, bytes);
}

static const struct {
	const char *name;
	void (*run)(int writes);
	int writes;
	int advice;	/* about the memory of the requests */
} loads[] = {
	{ "read", direct, READS, MADV_NOHUGEPAGE },
	{ "write", direct, WRITES, MADV_NOHUGEPAGE },
	{ "huge-read", direct, READS, MADV_HUGEPAGE },
	{ "huge-write", direct, WRITES, MADV_HUGEPAGE },
	{ "hugetlb-read", direct, READS, HUGETLB },
	{ "hugetlb-write", direct, WRITES, HUGETLB },
	{ "hugetlb-odd-read", at_odd_offsets, READS, HUGETLB },
	{ "hugetlb-odd-write", at_odd_offsets, WRITES, HUGETLB },
	{ "odd-read", at_odd_offsets, READS, MADV_NOHUGEPAGE },
	{ "odd-write", at_odd_offsets, WRITES, MADV_NOHUGEPAGE },
	{ "readv", in_pieces, READS, MADV_NOHUGEPAGE },
	{ "writev", in_pieces, WRITES, MADV_NOHUGEPAGE },
	{ "fixed-read", fixed, READS, MADV_NOHUGEPAGE },
	{ "fixed-write", fixed, WRITES, MADV_NOHUGEPAGE },
	{ "huge-fixed-read", fixed, READS, MADV_HUGEPAGE },
	{ "huge-fixed-write", fixed, WRITES, MADV_HUGEPAGE },
	{ "polled-read", polled, READS, MADV_NOHUGEPAGE },
	{ "polled-write", polled, WRITES, MADV_NOHUGEPAGE },
	{ "read-before-polling", read_before_polling, WRITES, MADV_NOHUGEPAGE },
	{ "tuples-read", with_tuples, READS, MADV_NOHUGEPAGE },
	{ "tuples-write", with_tuples, WRITES, MADV_NOHUGEPAGE },
	{ "tuples-wrong", with_tuples, WRONG, MADV_NOHUGEPAGE },
	{ "nowait-read", with_nowait, READS, MADV_NOHUGEPAGE },
	{ "nowait-write", with_nowait, WRITES, MADV_NOHUGEPAGE },
	{ "huge-nowait-read", with_nowait, READS, MADV_HUGEPAGE },
	{ "huge-nowait-write", with_nowait, WRITES, MADV_HUGEPAGE },
	{ "sync-write", with_sync, WRITES, MADV_NOHUGEPAGE },
	{ "dsync-write", with_dsync, WRITES, MADV_NOHUGEPAGE },
	{ "prio-read", with_prio, READS, MADV_NOHUGEPAGE },
	{ "prio-write", with_prio, WRITES, MADV_NOHUGEPAGE },
	{ "hint-write", with_hints, WRITES, MADV_NOHUGEPAGE },
	{ "atomic-write", atomically, WRITES, MADV_NOHUGEPAGE },
	{ "same-block-read", same_block, READS, MADV_NOHUGEPAGE },
	{ "same-block-write", same_block, WRITES, MADV_NOHUGEPAGE },
	{ "different-blocks-read", different_blocks, READS, MADV_NOHUGEPAGE },
	{ "different-blocks-write", different_blocks, WRITES, MADV_NOHUGEPAGE },
	{ "different-blocks-mixed", different_blocks, MIXED, MADV_NOHUGEPAGE },
	{ "buffered-read", buffered, READS, MADV_NOHUGEPAGE },
	{ "buffered-write", buffered, WRITES, MADV_NOHUGEPAGE },
	{ "fdatasync", with_fdatasync, WRITES, MADV_NOHUGEPAGE },
	{ "discard", discard, WRITES, MADV_NOHUGEPAGE },
	{ "erase", erase, WRITES, MADV_NOHUGEPAGE },
	{ "zeroes", zeroes, WRITES, MADV_NOHUGEPAGE },
	{ "compare", compare, READS, MADV_NOHUGEPAGE },
	{ "swap", swap, WRITES, MADV_NOHUGEPAGE },
};

int main(int argc, char **argv)
{
	unsigned int i;
	int d;

	setlinebuf(stdout);
	for (i = 0; i < sizeof(loads) / sizeof(*loads); i++) {
		if (argc < 4 || strcmp(argv[1], loads[i].name))
			continue;
		bytes = strtoull(argv[2], NULL, 0);
		arena_make(loads[i].advice);
		reference = argv[3];
		for (d = 3; d < argc; d++) {
			device = argv[d];
			loads[i].run(loads[i].writes);
		}
		return differs;
	}
	fprintf(stderr, "usage: bvload LOAD BYTES DEVICE...\nLOAD:");
	for (i = 0; i < sizeof(loads) / sizeof(*loads); i++)
		fprintf(stderr, " %s", loads[i].name);
	fprintf(stderr, "\n");
	return 2;
}
