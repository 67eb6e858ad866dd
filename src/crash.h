/* SPDX-License-Identifier: GPL-2.0-only */
/* Power cuts of the test leg. */
#ifndef DM_BLKVERIFY_CRASH_H
#define DM_BLKVERIFY_CRASH_H

#include <linux/atomic.h>
#include <linux/blk_types.h>
#include <linux/mutex.h>
#include <linux/siphash.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "types.h"
#include "versions.h"

struct blkv_report;
struct blkv_request;
struct blkverify;

/* The longest read, or write of the raw leg, that settling and pre-images need. */
#define BLKV_CRASH_SECTORS BLKV_VERSIONS_MAX_UNIT

/**
 * enum blkv_power - the power of the test leg, as far as the user has told
 * @BLKV_POWER_ON: it is on
 * @BLKV_POWER_ARMED: it may fail from now on
 * @BLKV_POWER_OFF: it has failed; no request is sent to either leg
 */
enum blkv_power { BLKV_POWER_ON, BLKV_POWER_ARMED, BLKV_POWER_OFF };

/**
 * struct blkv_answers - the answers for the blocks of a piece
 * @test: hashes of what the test leg returned
 * @raw: hashes of what the raw leg must not differ from, if it is certain
 * @answer: of each block, by its first sector
 * @differs: the raw leg has to follow the test leg
 */
struct blkv_answers {
	u64 test[BLKV_CRASH_SECTORS];
	u64 raw[BLKV_CRASH_SECTORS];
	u8 answer[BLKV_CRASH_SECTORS];
	bool differs;
};

/**
 * struct blkv_crash - power cuts of the test leg
 * @versions: what the test leg may hold after one
 * @key: of the hashes in @versions; random
 * @test_sectors: size of the test leg when it was first seen
 * @test_block: its logical block size, then
 * @grain: how many sectors both legs can be asked for; a power of two. The raw leg may have larger
 *	blocks than the test leg, which may then tear parts of them.
 * @preimage_wq: ordered; writes that overwrite durable data, which is read from the raw leg before
 * @settle_wq: ordered; reads of uncertain sectors
 * @preimage: one at a time, in @preimage_wq
 * @raw: data of the raw leg; one at a time, in @settle_wq
 * @test: data of the test leg; one at a time, in @settle_wq
 * @lent: what the test leg reads into, before it is copied to @test; in @settle_wq
 * @spent: was lent before; late data may still arrive in it. May be NULL
 * @answers: one piece at a time, in @settle_wq
 * @recheck: a block at a time, in recheck_wq
 * @mutex: taken by messages that change @power or what is uncertain, and to take over what another
 *	target knows; process context
 * @unreadable: reads of uncertain sectors that the test leg failed
 * @began: the target has resumed, and @versions is valid since then
 * @settling: some sectors may be uncertain; written while no request is in flight, or by one that
 *	has found that none are
 * @power: an enum blkv_power; any context
 * @nr_requests: requests in flight
 * @idle: woken when there are none
 */
struct blkv_crash {
	struct blkv_versions versions;
	siphash_key_t key;
	sector_t test_sectors;
	unsigned int test_block;
	unsigned int grain;
	struct workqueue_struct *preimage_wq;
	struct workqueue_struct *settle_wq;
	void *preimage;
	void *raw;
	void *test;
	void *lent;
	void *spent;
	struct blkv_answers answers;
	struct blkv_answers recheck;
	struct mutex mutex; /* the messages */
	atomic64_t unreadable;
	bool began;
	bool settling;
	atomic_t power;
	atomic_t nr_requests;
	wait_queue_head_t idle;
};

/**
 * struct blkv_crash_status - what the status shows of power cuts
 * @power: a word
 * @cuts: power cuts so far
 * @uncertain: sectors that are uncertain
 * @unproven: sectors that may hold anything after a power cut
 * @unreadable: reads of uncertain sectors that the test leg failed
 * @counters: answers and losses
 */
struct blkv_crash_status {
	const char *power;
	u64 cuts;
	u64 uncertain;
	u64 unproven;
	u64 unreadable;
	struct blkv_version_counters counters;
};

int blkv_crash_init(struct blkverify *blkv);
void blkv_crash_exit(struct blkverify *blkv);
void blkv_crash_move(struct blkverify *to, struct blkverify *from);
void blkv_crash_begin(struct blkverify *blkv);
bool blkv_crash_is_like(const struct blkverify *blkv, const struct blkverify *other);

bool blkv_crash_enter(struct blkv_crash *crash);
void blkv_crash_leave(struct blkv_crash *crash);
void blkv_crash_extend(struct blkv_request *req);
bool blkv_crash_needs_preimages(struct blkv_request *req);
void blkv_crash_read_preimages(struct blkv_request *req);
void blkv_crash_record(struct blkv_request *req);
void blkv_crash_note_status(struct blkv_crash *crash, blk_status_t status);
void blkv_crash_test_done(struct blkv_request *req, blk_status_t status);
bool blkv_crash_excuses(struct blkv_crash *crash);
bool blkv_crash_explains(struct blkv_crash *crash, sector_t sector, u64 hash);

void blkv_crash_replace_lent(struct blkv_crash *crash);
u64 blkv_crash_hash(const struct blkv_crash *crash, const void *sector);
blk_status_t blkv_crash_io(struct blkverify *blkv, enum blkv_leg_nr leg, blk_opf_t opf,
			   void *data, sector_t start, unsigned int nr_sectors);

int blkv_crash_arm(struct blkverify *blkv, const char **error);
int blkv_crash_cut(struct blkverify *blkv, const char **error);
int blkv_crash_back(struct blkverify *blkv, const char **error);
int blkv_crash_done(struct blkverify *blkv, const char **error);
void blkv_crash_trust(struct blkverify *blkv, sector_t start, sector_t nr, bool trusted);
void blkv_crash_reset(struct blkv_crash *crash);
void blkv_crash_read_status(struct blkv_crash *crash, struct blkv_crash_status *status);

/*
 * Has the test leg lost power? @crash: may be NULL. Any context. If it is back, what
 * blkv_crash_back() wrote before is seen, too.
 */
static inline bool blkv_crash_is_off(const struct blkv_crash *crash)
{
	return crash && atomic_read_acquire(&crash->power) == BLKV_POWER_OFF;
}

/* Has the target resumed? Before, what is recorded may yet be replaced. Any context. */
static inline bool blkv_crash_has_begun(const struct blkv_crash *crash)
{
	/* Pairs with begun_set(). */
	return smp_load_acquire(&crash->began);
}

#endif /* DM_BLKVERIFY_CRASH_H */
