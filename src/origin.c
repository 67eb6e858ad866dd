// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where a request came from, and how it was served: what all findings of one task, CPU or request
 * size have in common is seen at once.
 *
 * Pure: no locks, any context.
 */
#include <kunit/visibility.h>
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/string.h>
#include <linux/time64.h>

#include "origin.h"

/**
 * blkv_comm_emit() - print the name of a task between quotes
 * @comm: the name; a task can have any
 * @text: where to print
 * @size: of @text
 *
 * Context: Any.
 * Return: length printed, without the terminating zero.
 */
int blkv_comm_emit(const char *comm, char *text, size_t size)
{
	char clean[TASK_COMM_LEN];
	unsigned int i;

	strscpy(clean, comm, sizeof(clean));
	for (i = 0; clean[i]; i++)
		if (clean[i] < ' ' || clean[i] > '~' || clean[i] == '"' || clean[i] == '\\')
			clean[i] = '?';
	return scnprintf(text, size, "\"%s\"", clean);
}

static int flags_emit(blk_opf_t opf, char *text, size_t size)
{
	static const struct {
		blk_opf_t flag;
		const char *word;
	} words[] = {
		{ REQ_SYNC, "sync" },
		{ REQ_META, "meta" },
		{ REQ_PRIO, "prio" },
		{ REQ_IDLE, "idle" },
		{ REQ_FUA, "fua" },
		{ REQ_RAHEAD, "rahead" },
		{ REQ_BACKGROUND, "background" },
		{ REQ_NOWAIT, "nowait" },
		{ REQ_POLLED, "polled" },
		{ REQ_SWAP, "swap" },
		{ REQ_INTEGRITY, "integrity" },
		{ REQ_ATOMIC, "atomic" },
	};
	unsigned int i;
	int len = 0;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (opf & words[i].flag)
			len += scnprintf(text + len, size - len, "%s%s", len ? "," : " flags=",
					 words[i].word);
	return len;
}

/* Print how long a leg took, if that was measured. */
static int took_emit(u64 took, const char *word, char *text, size_t size)
{
	return took ? scnprintf(text, size, " %s=%llu", word, div_u64(took, NSEC_PER_USEC)) : 0;
}

/**
 * blkv_origin_emit() - print it, without a newline
 * @origin: the origin
 * @text: where to print
 * @size: of @text
 *
 * Context: Any.
 * Return: length printed, without the terminating zero; 0 if the request is not known.
 */
int blkv_origin_emit(const struct blkv_origin *origin, char *text, size_t size)
{
	int len;

	if (!origin->known)
		return 0;
	len = scnprintf(text, size, " pid=%d comm=", origin->pid);
	len += blkv_comm_emit(origin->comm, text + len, size - len);
	len += flags_emit(origin->opf, text + len, size - len);
	if (origin->segments)
		len += scnprintf(text + len, size - len, " segments=%u offset=%u",
				 origin->segments, origin->offset);
	if (!origin->served)
		return len;
	len += scnprintf(text + len, size - len, " cpus=%u,%u", origin->submit_cpu,
			 origin->complete_cpu);
	len += took_emit(origin->took[BLKV_RAW], "raw_us", text + len, size - len);
	return len + took_emit(origin->took[BLKV_TEST], "test_us", text + len, size - len);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_origin_emit);
