/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dm-blkverify: mirror every write to two devices, compare them on every read.
 *
 * Words: the raw leg is trusted, the test leg is verified against it. A mismatch is a read for
 * which both legs succeeded and returned different bytes; a divergence is a request that one leg
 * failed and the other completed. A sector is trusted while both legs are known to hold the same
 * data in it; only trusted sectors are compared.
 *
 * Sectors are 512 bytes, counted from the start of the target, unless a comment says otherwise.
 * What a person sees (log, status, messages) counts from the start of the mapped device.
 *
 * Locks. All are spinlocks, and but for the last two they are taken with interrupts off, because
 * a leg may complete in hard-interrupt context. None is taken while another of them is held,
 * except that a reload takes the same one of both tables, the new table's first:
 *
 *   bv_ranges.lock        the tree of requests in flight
 *   bv_trust.lock         the trust map
 *   bv_pool.lock          the idle private pages
 *   bv_reports.lock       state, finding counters and the ring of reports
 *   bv_history.lock       the ring of writes
 *   bv_fingerprints.lock  checksums of written sectors; process context
 *   bv_injections.lock    bytes to be flipped on request; process context
 *
 * On top of them the range lock (dm-blkverify-range.c) makes a request the only owner of its
 * sectors, from before its first leg is submitted until it is compared. It is held across sleeps
 * and handed over between contexts, so lockdep cannot see it; it cannot deadlock, because a
 * request takes it once, for all its sectors, and waits only for requests that came before it.
 */
#ifndef DM_BLKVERIFY_H
#define DM_BLKVERIFY_H

#include <linux/atomic.h>
#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/bvec.h>
#include <linux/device-mapper.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/ratelimit.h>
#include <linux/rbtree.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "dm-blkverify-words.h"

#define DM_MSG_PREFIX "blkverify"

/* The longest read or write that reaches the legs in one piece. */
#define BV_REGION_SECTORS ((unsigned int)(SZ_1M >> SECTOR_SHIFT))
#define BV_REGION_PAGES ((unsigned int)(SZ_1M >> PAGE_SHIFT))

/*
 * Memory that a request would like to have and can do without. The request may be there to free
 * memory: then it must not empty the reserve that is meant for that.
 */
#define BV_GFP_NOWAIT (GFP_NOWAIT | __GFP_NOMEMALLOC | __GFP_NOWARN)

enum bv_leg_nr { BV_RAW, BV_TEST, BV_LEGS };

/* ---- dm-blkverify-args.c: the table line ------------------------------------------------- */

enum bv_mode { BV_MODE_FAIL = 0, BV_MODE_IGNORE, BV_MODE_FREEZE, BV_MODE_PANIC };

/**
 * struct bv_options - the optional arguments of a table line
 * @mode: what a mismatch does
 * @written_only: no sector is trusted before it was written through the target
 * @no_write_copy: the caller's own pages go to both legs
 * @fingerprint: remember checksums of what is written
 * @fingerprint_max_mib: memory for that; 0 when it was not given
 */
struct bv_options {
	enum bv_mode mode;
	bool written_only;
	bool no_write_copy;
	bool fingerprint;
	unsigned int fingerprint_max_mib;
};

int bv_options_parse(struct bv_options *options, unsigned int argc, char **argv,
		     const char **error, const char **word);
unsigned int bv_options_emit(const struct bv_options *options, char *result, unsigned int maxlen);
unsigned int bv_options_emit_pairs(const struct bv_options *options, char *result,
				   unsigned int maxlen);

/* ---- dm-blkverify-compare.c: the first differing byte of two bvec lists ------------------- */

size_t bv_compare(const struct bio_vec *a, struct bvec_iter a_iter, const struct bio_vec *b,
		  struct bvec_iter b_iter);
bool bv_has_alias(const struct bio_vec *vecs, struct bvec_iter iter);
void bv_copy_vecs(const struct bio_vec *dst, struct bvec_iter dst_iter, const struct bio_vec *src,
		  struct bvec_iter src_iter);

/* ---- dm-blkverify-range.c: the range lock ------------------------------------------------- */

/**
 * struct bv_range - the sectors of one request, in the lock's tree from lock to unlock
 * @start: first sector
 * @last: last sector, inclusive
 * @shared: may be held together with other shared ranges
 * @granted: links the ranges that an unlock has granted
 * @node: in bv_ranges.root; under bv_ranges.lock, as the members below
 * @subtree_last: the highest @last in the subtree (interval tree)
 * @blockers: conflicting ranges in the tree that came before this one; granted at 0
 */
struct bv_range {
	sector_t start;
	sector_t last;
	bool shared;
	struct list_head granted;

	struct rb_node node;
	sector_t subtree_last;
	unsigned int blockers;
};

/**
 * struct bv_ranges - all requests in flight, granted and waiting
 * @lock: protects all members and those of the ranges in the tree; any context
 * @root: interval tree of struct bv_range
 * @exclusive: ranges in the tree that are not shared
 */
struct bv_ranges {
	spinlock_t lock; /* the tree */
	struct rb_root_cached root;
	unsigned int exclusive;
};

void bv_ranges_init(struct bv_ranges *ranges);
bool bv_range_lock(struct bv_ranges *ranges, struct bv_range *range);
void bv_range_unlock(struct bv_ranges *ranges, struct bv_range *range, struct list_head *granted);

/* ---- dm-blkverify-trust.c: the trust map -------------------------------------------------- */

/**
 * struct bv_trust - which sectors both legs are known to agree about
 * @nr_sectors: size of the map
 * @nr_groups: entries of @groups
 * @lock: protects the members below; any context
 * @groups: per group of regions: all trusted, none trusted, or a table of regions
 * @untrusted: sectors not trusted; read without @lock by bv_trust_run()
 */
struct bv_trust {
	sector_t nr_sectors;
	unsigned long nr_groups;

	spinlock_t lock; /* the map */
	void **groups;
	atomic64_t untrusted;
};

int bv_trust_init(struct bv_trust *trust, sector_t nr_sectors, bool trusted);
void bv_trust_exit(struct bv_trust *trust);
void bv_trust_set(struct bv_trust *trust, sector_t start, sector_t nr, bool trusted);
sector_t bv_trust_run(struct bv_trust *trust, sector_t start, sector_t nr, bool *trusted);
void bv_trust_move(struct bv_trust *to, struct bv_trust *from);
u64 bv_trust_untrusted(struct bv_trust *trust);

/* ---- dm-blkverify-buffer.c: private pages ------------------------------------------------- */

#define BV_INLINE_VECS 4

/**
 * struct bv_buffer - the private pages of one request
 * @vecs: one entry a page, whole pages, in order; @inline_vecs or a page of its own
 * @nr_pages: pages in @vecs, 0 while there is no buffer
 * @inline_vecs: serves small requests
 */
struct bv_buffer {
	struct bio_vec *vecs;
	unsigned int nr_pages;
	struct bio_vec inline_vecs[BV_INLINE_VECS];
};

/**
 * struct bv_pool - where private pages come from and return to
 * @trim: gives pages that were idle for a while back to the system
 * @wait: the one request that waits for pages sleeps here
 * @lock: protects the members below; any context
 * @idle: pages not in use, linked by page->lru, the last one used first
 * @nr_idle: length of @idle
 * @low: the lowest @nr_idle since the last trim
 * @nr_owned: pages that this pool has of the system, idle or in buffers
 * @limit: of @nr_owned
 * @waiters: requests that were refused pages and not served since; while there are any,
 *	new requests get only what they cannot need, so that they cannot starve them
 */
struct bv_pool {
	struct delayed_work trim;
	wait_queue_head_t wait;

	spinlock_t lock; /* the idle pages */
	struct list_head idle;
	unsigned int nr_idle;
	unsigned int low;
	unsigned long nr_owned;
	unsigned long limit;
	unsigned int waiters;
};

int bv_pool_init(struct bv_pool *pool, struct bv_buffer *kept);
void bv_pool_exit(struct bv_pool *pool);
bool bv_buffer_get(struct bv_pool *pool, struct bv_buffer *buffer, unsigned int nr_sectors);
void bv_buffer_wait(struct bv_pool *pool, struct bv_buffer *buffer, unsigned int nr_sectors);
void bv_buffer_put(struct bv_pool *pool, struct bv_buffer *buffer);

/* The address of sector @n of a buffer; private pages are never in high memory. */
static inline void *bv_buffer_sector(const struct bv_buffer *buffer, unsigned int n)
{
	size_t offset = (size_t)n << SECTOR_SHIFT;

	return page_address(buffer->vecs[offset >> PAGE_SHIFT].bv_page) + offset_in_page(offset);
}

/* ---- dm-blkverify-classify.c: what a difference looks like -------------------------------- */

enum bv_class {
	BV_CLASS_OTHER,
	BV_CLASS_ZEROS,
	BV_CLASS_ONES,
	BV_CLASS_BITFLIP,
	BV_CLASS_SHIFTED,
	BV_CLASS_TORN,
	BV_CLASS_STALE,
	BV_CLASS_UNFILLED,
};

/* Up to this many differing bits in a sector are a bit flip. */
#define BV_BITFLIP_MAX 8

/**
 * struct bv_diagnosis - what a mismatch looks like
 * @class: see enum bv_class
 * @number: of bits for a bit flip, of sectors for shifted, else 0
 */
struct bv_diagnosis {
	enum bv_class class;
	int number;
};

void bv_classify(struct bv_diagnosis *diagnosis, const struct bv_buffer *raw,
		 const struct bv_buffer *test, unsigned int nr_sectors, unsigned int bad,
		 unsigned int nr_bad);
int bv_class_emit(const struct bv_diagnosis *diagnosis, char *text, size_t size);

/* ---- dm-blkverify-history.c: who wrote last ----------------------------------------------- */

#define BV_HISTORY_SIZE 4096U

/**
 * struct bv_write - a request that changed data
 * @order: counts such requests from 1; of two that overlap, the later one has the higher
 * @time: when it was sent to the legs, in ns since boot
 * @start: first sector
 * @nr_sectors: how many
 * @op: write, write zeroes, discard or secure erase
 * @fua: it was a write through any cache
 * @pid: of the task that submitted it
 * @comm: name of that task
 */
struct bv_write {
	u64 order;
	u64 time;
	sector_t start;
	sector_t nr_sectors;
	enum req_op op;
	bool fua;
	pid_t pid;
	char comm[TASK_COMM_LEN];
};

/**
 * struct bv_history - the last writes
 * @lock: protects the members below; any context
 * @ring: write number n is at n % BV_HISTORY_SIZE
 * @next_order: number of the next write
 */
struct bv_history {
	spinlock_t lock; /* the ring */
	struct bv_write *ring;
	u64 next_order;
};

enum bv_history_answer { BV_HISTORY_FOUND, BV_HISTORY_NONE, BV_HISTORY_FORGOTTEN };

int bv_history_init(struct bv_history *history);
void bv_history_exit(struct bv_history *history);
void bv_history_add(struct bv_history *history, const struct bv_write *write);
enum bv_history_answer bv_history_find(struct bv_history *history, sector_t sector, u64 before,
				       struct bv_write *write);
void bv_history_move(struct bv_history *to, struct bv_history *from);
int bv_write_emit(const struct bv_write *write, sector_t begin, const char *prefix, char *text,
		  size_t size);

/* ---- dm-blkverify-fingerprint.c: checksums of what was written ---------------------------- */

/**
 * struct bv_fingerprints - two versions of each written sector
 * @bucket_bits: there are 2 to the power of this many @buckets
 * @max_chunks: limit of @nr_chunks
 * @lock: protects the members below; process context
 * @buckets: chunks by number; NULL when fingerprints are not wanted
 * @by_age: all chunks, the one that was not written for longest first
 * @nr_chunks: how many there are
 */
struct bv_fingerprints {
	unsigned int bucket_bits;
	unsigned long max_chunks;

	spinlock_t lock; /* the chunks */
	struct hlist_head *buckets;
	struct list_head by_age;
	unsigned long nr_chunks;
};

int bv_fingerprints_init(struct bv_fingerprints *prints, unsigned int max_mib);
void bv_fingerprints_exit(struct bv_fingerprints *prints);
void bv_fingerprints_write(struct bv_fingerprints *prints, sector_t start,
			   const struct bv_buffer *buffer, unsigned int nr_sectors);
void bv_fingerprints_fill(struct bv_fingerprints *prints, sector_t start, sector_t nr_sectors,
			  bool zeroed);
bool bv_fingerprints_is_stale(struct bv_fingerprints *prints, sector_t sector, const void *bytes);
void bv_fingerprints_move(struct bv_fingerprints *to, struct bv_fingerprints *from);

/* ---- dm-blkverify-report.c: findings ------------------------------------------------------ */

#define BV_RING_SIZE 128
#define BV_WINDOW 16
#define BV_MARK_LEN 48

enum bv_kind { BV_MISMATCH, BV_DIVERGENCE };

/**
 * struct bv_report - one finding
 * @number: 1 for the first finding of this target, and so on
 * @kind: mismatch or divergence
 * @op: of the request
 * @sector: first sector of the request, in sectors of the mapped device
 * @nr_sectors: length of the request
 * @errnos: what the legs completed it with (divergence)
 * @unverified: it is a divergence because raw, whose data differed from test's, could not be read
 *	again; then @bad_sector is where they differed
 * @bad_sector: first sector that differs, in sectors of the mapped device (mismatch, as below)
 * @nr_bad: sectors of the request that differ
 * @byte: first differing byte in that sector
 * @window_offset: of @window in that sector
 * @window: bytes around @byte, per leg
 * @persistent: test returned something wrong again when it was read again
 * @injected: we flipped a byte of test's answer ourselves
 * @diagnosis: what the difference looks like
 * @provenance: is @write known?
 * @write: the last one that covered @bad_sector
 * @mark: the text of the last mark message, or empty
 * @repeated: a report of the same kind and place is in the ring already
 */
struct bv_report {
	u64 number;
	enum bv_kind kind;
	enum req_op op;
	sector_t sector;
	sector_t nr_sectors;
	int errnos[BV_LEGS];
	bool unverified;
	sector_t bad_sector;
	unsigned int nr_bad;
	unsigned int byte;
	unsigned int window_offset;
	u8 window[BV_LEGS][BV_WINDOW];
	bool persistent;
	bool injected;
	struct bv_diagnosis diagnosis;
	enum bv_history_answer provenance;
	struct bv_write write;
	char mark[BV_MARK_LEN];
	bool repeated;
};

/**
 * struct bv_counts - what a healthy request counts, one per CPU
 * @compared: sectors compared and found equal or different
 * @skipped: sectors read and not compared because they were not trusted
 * @written: sectors written to both legs
 */
struct bv_counts {
	u64 compared;
	u64 skipped;
	u64 written;
};

/**
 * struct bv_findings - what an unhealthy request counts; reset zeroes them
 * @bad: something was found
 * @located: something was found in a sector, which a flush does not have
 * @first_sector: where the first such thing was, in sectors of the mapped device
 * @reported: reports made; the last ones are in the ring
 * @mismatches: requests whose contents differed
 * @divergences: requests that one leg failed
 * @leg_errors: requests that this leg failed
 * @unstable: reads whose buffer changed under us
 */
struct bv_findings {
	bool bad;
	bool located;
	sector_t first_sector;
	u64 reported;
	u64 mismatches;
	u64 divergences;
	u64 leg_errors[BV_LEGS];
	u64 unstable;
};

/**
 * struct bv_reports - counters and the ring of reports of one target
 * @ti: the target
 * @counts: per CPU, only ever added to
 * @event_work: raises the dm event and a uevent for each report, where it may sleep
 * @ratelimit: of the log lines
 * @frozen: no request reaches a leg any more; written under @lock, read without it
 * @lock: protects the members below; any context
 * @base: @counts at the last reset
 * @findings: see there
 * @next_number: number of the next report
 * @next_event: number of the next report that has no uevent yet
 * @ring: report number n is at n % BV_RING_SIZE
 * @mark: goes into each report
 */
struct bv_reports {
	struct dm_target *ti;
	struct bv_counts __percpu *counts;
	struct work_struct event_work;
	struct ratelimit_state ratelimit;
	bool frozen;

	spinlock_t lock; /* the findings */
	struct bv_counts base;
	struct bv_findings findings;
	u64 next_number;
	u64 next_event;
	struct bv_report ring[BV_RING_SIZE];
	char mark[BV_MARK_LEN];
};

/**
 * struct bv_snapshot - all numbers of a target at one moment
 * @counts: since the last reset
 * @findings: since the last reset
 * @frozen: no request reaches a leg
 */
struct bv_snapshot {
	struct bv_counts counts;
	struct bv_findings findings;
	bool frozen;
};

int bv_reports_init(struct bv_reports *reports, struct dm_target *ti);
void bv_reports_exit(struct bv_reports *reports);
void bv_found(struct bv_reports *reports, const struct bv_report *report, bool freeze);
void bv_report(struct bv_reports *reports, struct bv_report *report);
void bv_count_leg_error(struct bv_reports *reports, enum bv_leg_nr leg);
void bv_count_unstable(struct bv_reports *reports);
void bv_reports_snapshot(struct bv_reports *reports, struct bv_snapshot *snapshot);
void bv_reports_reset(struct bv_reports *reports);
void bv_reports_thaw(struct bv_reports *reports);
void bv_reports_move(struct bv_reports *to, struct bv_reports *from);
void bv_reports_mark(struct bv_reports *reports, const char *mark);
bool bv_reports_next(struct bv_reports *reports, u64 *number, struct bv_report *report,
		     u64 *dropped);
void bv_device_name(struct dm_target *ti, char *name);
int bv_report_emit(const struct bv_report *report, sector_t begin, char *text, size_t size);

/* ---- dm-blkverify-io.c: bytes to be flipped ------------------------------------------------ */

#define BV_MAX_INJECTIONS 16

struct bv_io;

/**
 * struct bv_injection - a byte of test's answer to be flipped
 * @sector: where
 * @xor: what with
 * @met_by: the read in which that was done, until it ends; NULL before
 */
struct bv_injection {
	sector_t sector;
	u8 xor;
	const struct bv_io *met_by;
};

/**
 * struct bv_injections - what is to be flipped, to prove that the alarm works
 * @lock: protects the members below; process context. @nr is read without it to see whether
 *	there is anything to do; a read that is under way when the message comes may miss it.
 * @nr: entries in use
 * @all: the entries
 */
struct bv_injections {
	spinlock_t lock; /* the entries */
	unsigned int nr;
	struct bv_injection all[BV_MAX_INJECTIONS];
};

/* ---- dm-blkverify.c and dm-blkverify-io.c: the target and its requests -------------------- */

/**
 * struct blkverify - one target
 * @ti: the target, and back
 * @instance: in the list of all targets; under its mutex, as @knows
 * @knows: what the legs hold: has been resumed, or has taken it over, and has not handed it on
 * @legs: raw and test
 * @options: from the table line
 * @ranges: the range lock
 * @trust: the trust map
 * @pool: private pages
 * @reports: counters and findings
 * @history: the last writes
 * @prints: checksums of written sectors
 * @injections: bytes to be flipped
 * @cookie: what test's pages are marked with before a read, to see that they were filled
 * @recheck: where raw is read again; one request at a time, in @recheck_wq
 * @wq: comparing, settling and late submission; may wait for a leg, but not for private pages
 *	and not for a request that needs this queue to go on
 * @wait_wq: ordered; requests that wait for private pages
 * @recheck_wq: ordered; mismatches
 *
 * Three queues, because each may wait for the next: a request that waits for pages waits for
 * requests that are compared, and those with a mismatch for the recheck. With one queue, and no
 * memory for a second worker, they would wait for each other.
 */
struct blkverify {
	struct dm_target *ti;
	struct list_head instance;
	bool knows;
	struct dm_dev *legs[BV_LEGS];
	struct bv_options options;
	struct bv_ranges ranges;
	struct bv_trust trust;
	struct bv_pool pool;
	struct bv_reports reports;
	struct bv_history history;
	struct bv_fingerprints prints;
	struct bv_injections injections;
	u64 cookie;
	struct bv_buffer recheck;
	struct workqueue_struct *wq;
	struct workqueue_struct *wait_wq;
	struct workqueue_struct *recheck_wq;
};

size_t bv_io_size(void);
int bv_io_map(struct blkverify *bv, struct bio *bio);
bool bv_io_inject(struct blkverify *bv, sector_t sector, u8 xor);

/* ---- dm-blkverify-message.c: status and messages ------------------------------------------ */

void bv_status(struct blkverify *bv, status_type_t type, char *result, unsigned int maxlen);
int bv_message(struct blkverify *bv, unsigned int argc, char **argv, char *result,
	       unsigned int maxlen);

#endif /* DM_BLKVERIFY_H */
