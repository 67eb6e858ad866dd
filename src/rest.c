// SPDX-License-Identifier: GPL-2.0-only
/*
 * Private memory that rests before it is used again, because a leg may still write to it.
 *
 *   - With a quarantine, all chunks rest, in FIFO order.
 *   - Chunks of a request that a leg failed are suspect: they rest for one to two intervals, until
 *     their owner has rotated them twice.
 *
 * Pure: the caller has a lock. The chunks are marked.
 */
#include "rest.h"

/**
 * blkv_rest_init() - begin without any chunks
 * @rest: zeroed
 * @quarantine: number of pages that rest whatever the request was, 0 for none
 *
 * Context: Any.
 */
void blkv_rest_init(struct blkv_rest *rest, unsigned int quarantine)
{
	INIT_LIST_HEAD(&rest->resting);
	INIT_LIST_HEAD(&rest->suspects[0]);
	INIT_LIST_HEAD(&rest->suspects[1]);
	rest->quarantine = quarantine;
}

/**
 * blkv_rest_add() - put chunks for data into quarantine
 * @rest: where to
 * @chunks: the chunks; empty afterwards, but for those for bvecs
 *
 * Context: Any, with the lock of the caller.
 */
void blkv_rest_add(struct blkv_rest *rest, struct blkv_chunks *chunks)
{
	struct page *chunk;

	rest->nr_resting += chunks->nr_pages;
	list_for_each_entry(chunk, &chunks->larger, lru)
		rest->nr_resting += 1U << blkv_chunk_order(chunk);
	list_splice_tail_init(&chunks->pages, &rest->resting);
	list_splice_tail_init(&chunks->larger, &rest->resting);
	chunks->nr_pages = 0;
}

/**
 * blkv_rest_oldest() - end the quarantine of the chunk that has rested for the longest time
 * @rest: where it is
 *
 * Context: Any, with the lock of the caller.
 * Return: the chunk, in no list, or NULL.
 */
struct page *blkv_rest_oldest(struct blkv_rest *rest)
{
	struct page *chunk = list_first_entry_or_null(&rest->resting, struct page, lru);

	if (chunk) {
		list_del(&chunk->lru);
		rest->nr_resting -= 1U << blkv_chunk_order(chunk);
	}
	return chunk;
}

/**
 * blkv_rest_surplus() - the same, if more rests than has to
 * @rest: where it is
 *
 * Context: Any, with the lock of the caller.
 * Return: the chunk, in no list, or NULL.
 */
struct page *blkv_rest_surplus(struct blkv_rest *rest)
{
	return rest->nr_resting > rest->quarantine ? blkv_rest_oldest(rest) : NULL;
}

/**
 * blkv_rest_suspect() - put aside chunks that a leg may still write to
 * @rest: where to
 * @chunks: the chunks; empty afterwards, but for those for bvecs
 *
 * Context: Any, with the lock of the caller.
 */
void blkv_rest_suspect(struct blkv_rest *rest, struct blkv_chunks *chunks)
{
	struct page *chunk;

	rest->nr_suspects += chunks->nr_pages;
	list_for_each_entry(chunk, &chunks->larger, lru)
		rest->nr_suspects += 1U << blkv_chunk_order(chunk);
	list_splice_tail_init(&chunks->pages, &rest->suspects[0]);
	list_splice_tail_init(&chunks->larger, &rest->suspects[0]);
	chunks->nr_pages = 0;
}

/**
 * blkv_rest_rotate() - an interval has passed: take the suspect chunks that have rested
 * @rest: where they are
 * @rested: an empty list; gets those that were suspect already at the previous call
 *
 * The caller counts them down in @nr_suspects.
 *
 * Context: Any, with the lock of the caller.
 */
void blkv_rest_rotate(struct blkv_rest *rest, struct list_head *rested)
{
	list_splice_init(&rest->suspects[1], rested);
	list_splice_init(&rest->suspects[0], &rest->suspects[1]);
}
