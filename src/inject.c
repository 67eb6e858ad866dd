// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bytes to be flipped on request, in the data of the test leg: a drill that proves that the
 * alarm works. Only the memory that was read into changes, never the test leg.
 *
 * Pure: knows no device. Locks: blkv_injections.lock, taken here, process context.
 */
#include <kunit/visibility.h>

#include "inject.h"

/**
 * blkv_injections_init() - nothing is to be flipped
 * @injections: zeroed
 */
void blkv_injections_init(struct blkv_injections *injections)
{
	spin_lock_init(&injections->lock);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_injections_init);

/**
 * blkv_injections_add() - flip a byte in the next read of a sector
 * @injections: the injections of the target
 * @sector: the sector
 * @xor: xored to its first byte
 *
 * Context: Process.
 * Return: false if too many are pending.
 */
bool blkv_injections_add(struct blkv_injections *injections, sector_t sector, u8 xor)
{
	bool room;

	spin_lock(&injections->lock);
	room = injections->nr < BLKV_MAX_INJECTIONS;
	if (room) {
		injections->all[injections->nr] = (struct blkv_injection) {
			.sector = sector,
			.xor = xor,
		};
		WRITE_ONCE(injections->nr, injections->nr + 1);
	}
	spin_unlock(&injections->lock);
	return room;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_injections_add);

/**
 * blkv_injections_apply() - flip what is to be flipped in a read
 * @injections: the injections of the target
 * @owner: the read; blkv_injections_end() is due if anything was flipped
 * @start: first sector of the read
 * @nr_sectors: its length
 * @memory: the data that the test leg returned, or a view of them in the caller's memory
 *
 * Context: Process.
 * Return: true if anything was flipped.
 */
bool blkv_injections_apply(struct blkv_injections *injections, const void *owner, sector_t start,
			   sector_t nr_sectors, struct blkv_memory *memory)
{
	bool flipped = false;
	unsigned int i;

	spin_lock(&injections->lock);
	for (i = 0; i < injections->nr; i++) {
		struct blkv_injection *injection = &injections->all[i];

		if (injection->owner || injection->sector < start ||
		    injection->sector - start >= nr_sectors)
			continue;
		blkv_memory_flip(memory, injection->sector - start, injection->xor);
		injection->owner = owner;
		flipped = true;
	}
	spin_unlock(&injections->lock);
	return flipped;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_injections_apply);

/**
 * blkv_injections_did() - was a byte of this sector flipped in this read?
 * @injections: the injections of the target
 * @owner: the read
 * @sector: the sector
 *
 * Context: Process.
 * Return: true if so.
 */
bool blkv_injections_did(struct blkv_injections *injections, const void *owner, sector_t sector)
{
	bool found = false;
	unsigned int i;

	spin_lock(&injections->lock);
	for (i = 0; i < injections->nr; i++)
		found |= injections->all[i].owner == owner && injections->all[i].sector == sector;
	spin_unlock(&injections->lock);
	return found;
}
EXPORT_SYMBOL_IF_KUNIT(blkv_injections_did);

/**
 * blkv_injections_end() - remove the injections that a read has used
 * @injections: the injections of the target
 * @owner: the read, which ends
 *
 * Context: Process.
 */
void blkv_injections_end(struct blkv_injections *injections, const void *owner)
{
	unsigned int i;

	spin_lock(&injections->lock);
	for (i = injections->nr; i--;)
		if (injections->all[i].owner == owner) {
			WRITE_ONCE(injections->nr, injections->nr - 1);
			injections->all[i] = injections->all[injections->nr];
		}
	spin_unlock(&injections->lock);
}
EXPORT_SYMBOL_IF_KUNIT(blkv_injections_end);
