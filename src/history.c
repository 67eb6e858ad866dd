// SPDX-License-Identifier: GPL-2.0-only
/*
 * Provenance: a ring of the last requests that changed data, to say who wrote a bad sector last.
 *
 * Pure: knows no device. It costs a write one slot of a ring that is allocated once, and no look
 * at the data. A slot is filled when the request is sent to the legs, under the range lock: so of
 * two writes that overlap the one with the higher order came later on both legs.
 *
 * Locks: blkv_history.lock, taken here, any context.
 */
#include <linux/sched.h>
#include <linux/timekeeping.h>

#include "history.h"

/**
 * blkv_history_init() - make an empty history
 * @history: zeroed
 *
 * Context: Process; sleeps.
 * Return: 0 or -ENOMEM.
 */
int blkv_history_init(struct blkv_history *history)
{
	spin_lock_init(&history->lock);
	history->next_order = 1;
	history->ring = kvcalloc(BLKV_HISTORY_SIZE, sizeof(*history->ring), GFP_KERNEL);
	return history->ring ? 0 : -ENOMEM;
}

/**
 * blkv_history_exit() - free a history
 * @history: the history; zeroed memory is fine
 *
 * Context: Process.
 */
void blkv_history_exit(struct blkv_history *history)
{
	kvfree(history->ring);
	history->ring = NULL;
}

/**
 * blkv_history_add() - remember a request that changes data
 * @history: the history
 * @write: the request; its order and time are set here
 *
 * Context: Any.
 */
void blkv_history_add(struct blkv_history *history, const struct blkv_write *write)
{
	struct blkv_write *slot;
	unsigned long flags;

	spin_lock_irqsave(&history->lock, flags);
	slot = &history->ring[history->next_order % BLKV_HISTORY_SIZE];
	*slot = *write;
	slot->order = history->next_order++;
	slot->time = ktime_get_coarse_ns();
	spin_unlock_irqrestore(&history->lock, flags);
}

static bool covers(const struct blkv_write *write, sector_t sector)
{
	return sector >= write->start && sector - write->start < write->nr_sectors;
}

/**
 * blkv_history_find() - the last request that covered a sector
 * @history: the history
 * @sector: the sector
 * @before: only those with a lower order; U64_MAX for the very last one
 * @write: filled in when there is one
 *
 * Context: Any, but looks at up to BLKV_HISTORY_SIZE slots.
 * Return: BLKV_HISTORY_FOUND, or else BLKV_HISTORY_NONE if no request covered the sector since the
 * history began, or BLKV_HISTORY_FORGOTTEN if one may have that is no longer in the ring.
 */
enum blkv_history_answer blkv_history_find(struct blkv_history *history, sector_t sector,
					   u64 before, struct blkv_write *write)
{
	enum blkv_history_answer answer = BLKV_HISTORY_NONE;
	unsigned long flags;
	u64 order, oldest;

	spin_lock_irqsave(&history->lock, flags);
	oldest = history->next_order > BLKV_HISTORY_SIZE ? history->next_order - BLKV_HISTORY_SIZE :
							   1;
	if (oldest > 1)
		answer = BLKV_HISTORY_FORGOTTEN;
	for (order = min(before, history->next_order); order-- > oldest;) {
		struct blkv_write *slot = &history->ring[order % BLKV_HISTORY_SIZE];

		if (!covers(slot, sector))
			continue;
		*write = *slot;
		answer = BLKV_HISTORY_FOUND;
		break;
	}
	spin_unlock_irqrestore(&history->lock, flags);
	return answer;
}

/**
 * blkv_history_move() - let a new history go on where an old one ends
 * @to: the new one; what it holds is lost
 * @from: the old one; is empty afterwards
 *
 * Context: Process. No request is in flight on either.
 */
void blkv_history_move(struct blkv_history *to, struct blkv_history *from)
{
	spin_lock_irq(&to->lock);
	spin_lock_nested(&from->lock, SINGLE_DEPTH_NESTING);
	swap(to->ring, from->ring);
	to->next_order = from->next_order;
	from->next_order = 1;
	spin_unlock(&from->lock);
	spin_unlock_irq(&to->lock);
}

static const char *write_name(const struct blkv_write *write)
{
	switch (write->op) {
	case REQ_OP_DISCARD:
		return "discard";
	case REQ_OP_SECURE_ERASE:
		return "secure_erase";
	case REQ_OP_WRITE_ZEROES:
		return "write_zeroes";
	default:
		return write->fua ? "write,fua" : "write";
	}
}

/**
 * blkv_write_emit() - print a write as "<prefix>order=12 <prefix>start=8 ... <prefix>comm="fio""
 * @write: what to print
 * @begin: where the target begins in the mapped device, in sectors
 * @prefix: goes before each name
 * @text: where to
 * @size: of @text
 *
 * Return: length printed, without the terminating zero.
 */
int blkv_write_emit(const struct blkv_write *write, sector_t begin, const char *prefix, char *text,
		    size_t size)
{
	u64 age = ktime_get_coarse_ns() - write->time;
	char comm[TASK_COMM_LEN];
	unsigned int i;

	/* A task may call itself anything; this stands between quotes in the kernel log. */
	strscpy(comm, write->comm, sizeof(comm));
	for (i = 0; comm[i]; i++)
		if (comm[i] < ' ' || comm[i] > '~' || comm[i] == '"' || comm[i] == '\\')
			comm[i] = '?';

	return scnprintf(
		text, size,
		"%sorder=%llu %sstart=%llu %snr=%llu %sop=%s %sage_ms=%llu %spid=%d %scomm=\"%s\"",
		prefix, write->order, prefix, (unsigned long long)(begin + write->start), prefix,
		(unsigned long long)write->nr_sectors, prefix, write_name(write), prefix,
		div_u64(age, NSEC_PER_MSEC), prefix, write->pid, prefix, comm);
}
