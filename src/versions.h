/* SPDX-License-Identifier: GPL-2.0-only */
/* What the test leg may hold after it lost power. */
#ifndef DM_BLKVERIFY_VERSIONS_H
#define DM_BLKVERIFY_VERSIONS_H

#include <linux/bits.h>
#include <linux/list.h>
#include <linux/rbtree.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "trust.h"

/* The most sectors of a block. */
#define BLKV_VERSIONS_MAX_UNIT 64U

/* Intervals of epochs that failed flushes should have covered. */
#define BLKV_VERSIONS_VOIDS 8U

/* A write with one of these flags. BLKV_VERSION_NO_CACHE: test announces no write cache. */
#define BLKV_VERSION_FUA BIT(0)
#define BLKV_VERSION_NO_CACHE BIT(1)
#define BLKV_VERSION_ATOMIC BIT(2)

/**
 * enum blkv_version_kind - what a version of a sector is
 * @BLKV_VERSION_DATA: the data of a write
 * @BLKV_VERSION_ZEROS: zeros
 * @BLKV_VERSION_ANYTHING: what a discard or a secure erase left, or a request that is not known
 * @BLKV_VERSION_PREIMAGE: what the sector held before it was written
 * @BLKV_VERSION_SETTLED: what was read after a power cut
 */
enum blkv_version_kind {
	BLKV_VERSION_DATA,
	BLKV_VERSION_ZEROS,
	BLKV_VERSION_ANYTHING,
	BLKV_VERSION_PREIMAGE,
	BLKV_VERSION_SETTLED,
};

/**
 * enum blkv_promise - what test has promised about a write
 * @BLKV_PROMISE_NONE: nothing yet, or nothing that counts after the last power cut
 * @BLKV_PROMISE_FAILED: nothing: the write failed
 * @BLKV_PROMISE_VOID: nothing: the flush that should have covered the write failed
 * @BLKV_PROMISE_FLUSH: the write is durable by a flush
 * @BLKV_PROMISE_FUA: the write is durable by FUA
 * @BLKV_PROMISE_NO_CACHE: the write is durable because there was no write cache
 * @BLKV_PROMISE_PREIMAGE: the sector had been durable before it was recorded
 */
enum blkv_promise {
	BLKV_PROMISE_NONE,
	BLKV_PROMISE_FAILED,
	BLKV_PROMISE_VOID,
	BLKV_PROMISE_FLUSH,
	BLKV_PROMISE_FUA,
	BLKV_PROMISE_NO_CACHE,
	BLKV_PROMISE_PREIMAGE,
};

/**
 * enum blkv_flush_end - how a flush of test ended
 * @BLKV_FLUSH_OK: without an error
 * @BLKV_FLUSH_FAILED: with an error
 * @BLKV_FLUSH_CUT: with an error because of the power cut that the caller is about to declare
 */
enum blkv_flush_end { BLKV_FLUSH_OK, BLKV_FLUSH_FAILED, BLKV_FLUSH_CUT };

/**
 * enum blkv_answer - what the data that test returned for a block are; higher ones are worse
 * @BLKV_ANSWER_CERTAIN: what raw holds, which is all that they may be
 * @BLKV_ANSWER_NEW: the newest version
 * @BLKV_ANSWER_OLD: an older version that is allowed
 * @BLKV_ANSWER_UNPROVEN: none that is known, but anything is allowed
 * @BLKV_ANSWER_TORN: a mix of versions, or of an atomic write only a part
 * @BLKV_ANSWER_LOST: a version that is too old: a durable write is gone
 * @BLKV_ANSWER_FLAPPING: another version than the one that was read after the power cut
 * @BLKV_ANSWER_ZEROS: zeros, which are not allowed
 * @BLKV_ANSWER_OTHER: anything else
 */
enum blkv_answer {
	BLKV_ANSWER_CERTAIN,
	BLKV_ANSWER_NEW,
	BLKV_ANSWER_OLD,
	BLKV_ANSWER_UNPROVEN,
	BLKV_ANSWER_TORN,
	BLKV_ANSWER_LOST,
	BLKV_ANSWER_FLAPPING,
	BLKV_ANSWER_ZEROS,
	BLKV_ANSWER_OTHER,
};

/**
 * struct blkv_version - a version of a sector
 * @order: of its write; counts from 1, in the order of the range lock; 0 for a pre-image
 * @time: when it was recorded, in ns since boot
 * @start: first sector of its write; of a pre-image, the sector
 * @nr_sectors: length of its write
 * @kind: what it is
 * @flags: of its write
 * @promise: what test has promised about it
 * @completed: test has completed it without an error
 * @hash: of the data of the sector
 */
struct blkv_version {
	u64 order;
	u64 time;
	sector_t start;
	sector_t nr_sectors;
	enum blkv_version_kind kind;
	unsigned int flags;
	enum blkv_promise promise;
	bool completed;
	u64 hash;
};

/**
 * struct blkv_judgement - what is known about an answer
 * @answer: the answer
 * @sector: the first sector that decides it
 * @is_known: @version is valid
 * @version: an allowed answer: the version that it is. Otherwise a version that should be there: of
 *	LOST, the newest durable one, which is gone; of TORN and FLAPPING, the newest one
 */
struct blkv_judgement {
	enum blkv_answer answer;
	sector_t sector;
	bool is_known;
	struct blkv_version version;
};

/**
 * struct blkv_version_flush - a flush in flight; its request keeps it
 * @flight: links those in flight, in the order of submission
 * @epoch: writes that test completed up to this epoch are covered
 * @durable: writes up to this epoch had been durable before
 */
struct blkv_version_flush {
	struct list_head flight;
	u64 epoch;
	u64 durable;
};

/**
 * struct blkv_version_void - epochs that a failed flush should have covered
 * @after: they begin after this one
 * @last: and end with this one
 */
struct blkv_version_void {
	u64 after;
	u64 last;
};

/**
 * struct blkv_version_counters - answers and losses
 * @settled_new: blocks that were settled as the newest version
 * @settled_old: blocks that were settled as an older version
 * @settled_unproven: blocks that were settled because anything was allowed
 * @lost: answers that are LOST
 * @torn: answers that are TORN
 * @other: all other answers that are not allowed
 * @forgotten: sectors that became, or remained, unproven for want of memory
 * @unread: sectors that became unproven because they were written without a pre-image
 */
struct blkv_version_counters {
	u64 settled_new;
	u64 settled_old;
	u64 settled_unproven;
	u64 lost;
	u64 torn;
	u64 other;
	u64 forgotten;
	u64 unread;
};

struct blkv_version_write;

/**
 * struct blkv_versions - what each sector of test may hold after a power cut
 * @nr_sectors: size of the target
 * @max_bytes: limit of @bytes
 * @unit: sectors of a block, which test writes as a whole; a power of two
 * @zero_hash: the hash of a sector of zeros
 * @preimage: stands for the write of all pre-images
 * @proven: sectors that are not trusted in it are unproven: they may hold anything
 * @certain: sectors that are not trusted in it are uncertain: since the last power cut they were
 *	neither read nor written
 * @lock: protects the members below; any context
 * @chunks: by number
 * @by_age: all chunks, the least recently written one first
 * @bytes: memory of all chunks and writes
 * @order: of the last write
 * @epoch: grows by one before each flush
 * @durable: writes that test completed up to this epoch are durable, except for @voids
 * @flights: flushes in flight
 * @voids: epochs that no flush makes durable
 * @nr_voids: how many
 * @cuts: power cuts so far
 * @counters: answers and losses
 */
struct blkv_versions {
	sector_t nr_sectors;
	size_t max_bytes;
	unsigned int unit;
	u64 zero_hash;
	struct blkv_version_write *preimage;
	struct blkv_trust proven;
	struct blkv_trust certain;

	spinlock_t lock; /* the chunks */
	struct rb_root chunks;
	struct list_head by_age;
	size_t bytes;
	u64 order;
	u64 epoch;
	u64 durable;
	struct list_head flights;
	struct blkv_version_void voids[BLKV_VERSIONS_VOIDS];
	unsigned int nr_voids;
	u64 cuts;
	struct blkv_version_counters counters;
};

const char *blkv_promise_name(enum blkv_promise promise);
const char *blkv_answer_name(enum blkv_answer answer);
const char *blkv_version_kind_name(enum blkv_version_kind kind);

int blkv_versions_init(struct blkv_versions *versions, sector_t nr_sectors, size_t max_bytes,
		       unsigned int unit, u64 zero_hash);
void blkv_versions_exit(struct blkv_versions *versions);
bool blkv_versions_move(struct blkv_versions *to, struct blkv_versions *from);

bool blkv_versions_find_bare(struct blkv_versions *versions, sector_t *start, sector_t *nr);
void blkv_versions_add_preimage(struct blkv_versions *versions, sector_t start, sector_t nr,
				const u64 *hashes);
struct blkv_version_write *blkv_versions_write_begin(struct blkv_versions *versions,
						     sector_t start, sector_t nr,
						     enum blkv_version_kind kind,
						     unsigned int flags);
void blkv_versions_write_add(struct blkv_versions *versions, struct blkv_version_write *write,
			     sector_t start, sector_t nr, const u64 *hashes);
void blkv_versions_write_drop_fua(struct blkv_versions *versions,
				  struct blkv_version_write *write);
void blkv_versions_write_end(struct blkv_versions *versions, struct blkv_version_write *write,
			     bool ok, bool no_cache);
void blkv_versions_flush_begin(struct blkv_versions *versions, struct blkv_version_flush *flush);
void blkv_versions_flush_end(struct blkv_versions *versions, struct blkv_version_flush *flush,
			     enum blkv_flush_end end);

void blkv_versions_unprove(struct blkv_versions *versions, sector_t start, sector_t nr);

void blkv_versions_cut(struct blkv_versions *versions);
void blkv_versions_done(struct blkv_versions *versions);
void blkv_versions_exempt(struct blkv_versions *versions, sector_t start, sector_t nr);
bool blkv_versions_find_uncertain(struct blkv_versions *versions, sector_t *start, sector_t *nr);
enum blkv_answer blkv_versions_judge(struct blkv_versions *versions, sector_t start,
				     const u64 *test, const u64 *raw,
				     struct blkv_judgement *judgement);
void blkv_versions_settle(struct blkv_versions *versions, sector_t start, const u64 *hashes,
			  enum blkv_answer answer);

unsigned int blkv_versions_list(struct blkv_versions *versions, sector_t sector,
				struct blkv_version *list, unsigned int max, bool *unproven);
bool blkv_versions_may_hold(struct blkv_versions *versions, sector_t sector, u64 hash);
bool blkv_versions_find_hash(struct blkv_versions *versions, u64 hash, sector_t except,
			     sector_t *sector, u64 *time);
void blkv_versions_count(struct blkv_versions *versions, struct blkv_version_counters *counters);
void blkv_versions_reset(struct blkv_versions *versions);
u64 blkv_versions_cuts(struct blkv_versions *versions);

/* Is the answer allowed? Then the block may be settled. */
static inline bool blkv_answer_is_allowed(enum blkv_answer answer)
{
	return answer <= BLKV_ANSWER_UNPROVEN;
}

/* How many sectors are uncertain. */
static inline u64 blkv_versions_uncertain(struct blkv_versions *versions)
{
	return blkv_trust_untrusted(&versions->certain);
}

/* How many sectors are unproven. */
static inline u64 blkv_versions_unproven(struct blkv_versions *versions)
{
	return blkv_trust_untrusted(&versions->proven);
}

#if IS_ENABLED(CONFIG_KUNIT)
void *blkv_versions_alloc(size_t size);
#endif

#endif /* DM_BLKVERIFY_VERSIONS_H */
