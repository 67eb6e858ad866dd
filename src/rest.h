/* SPDX-License-Identifier: GPL-2.0-only */
/* Private memory that rests before it is used again. */
#ifndef DM_BLKVERIFY_REST_H
#define DM_BLKVERIFY_REST_H

#include <linux/list.h>
#include <linux/mm.h>
#include <linux/types.h>

#include "chunk.h"

/**
 * struct blkv_rest - chunks that rest
 * @quarantine: number of pages that rest before they are used again, whatever the request
 * @resting: chunks in quarantine, oldest first
 * @nr_resting: pages in @resting
 * @suspects: chunks of requests that a leg failed: [0] since the last release, [1] before that
 * @nr_suspects: pages in both lists
 */
struct blkv_rest {
	unsigned int quarantine;
	struct list_head resting;
	unsigned int nr_resting;
	struct list_head suspects[2];
	unsigned int nr_suspects;
};

void blkv_rest_init(struct blkv_rest *rest, unsigned int quarantine);
void blkv_rest_add(struct blkv_rest *rest, struct blkv_chunks *chunks);
struct page *blkv_rest_oldest(struct blkv_rest *rest);
struct page *blkv_rest_surplus(struct blkv_rest *rest);
void blkv_rest_suspect(struct blkv_rest *rest, struct blkv_chunks *chunks);
void blkv_rest_rotate(struct blkv_rest *rest, struct list_head *rested);

#endif /* DM_BLKVERIFY_REST_H */
