// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>

#include "ranges.h"
#include "util.h"

static bool make_room(struct ranges *ranges)
{
	size_t room = ranges->room ? 2 * ranges->room : 16;
	struct range *range;

	if (ranges->nr < ranges->room)
		return true;
	range = realloc(ranges->range, room * sizeof(*range));
	if (!range) {
		ranges->incomplete = true;
		return false;
	}
	ranges->range = range;
	ranges->room = room;
	return true;
}

static uint64_t end_of(const struct range *range)
{
	return range->start + range->nr;
}

/* Ranges that touch or overlap become one. */
void ranges_add(struct ranges *ranges, uint64_t start, uint64_t nr)
{
	struct range added = { start, nr };
	size_t from = ranges->nr, to;

	if (!nr)
		return;
	/* From the end: ranges mostly come in order. */
	while (from && end_of(&ranges->range[from - 1]) >= start)
		from--;
	for (to = from; to < ranges->nr && ranges->range[to].start <= end_of(&added); to++) {
		uint64_t end = end_of(&ranges->range[to]);

		if (end < end_of(&added))
			end = end_of(&added);
		if (ranges->range[to].start < added.start)
			added.start = ranges->range[to].start;
		added.nr = end - added.start;
	}
	if (from == to && !make_room(ranges))
		return;
	memmove(&ranges->range[from + 1], &ranges->range[to], (ranges->nr - to) * sizeof(added));
	ranges->range[from] = added;
	ranges->nr = ranges->nr + 1 - (to - from);
}

uint64_t ranges_sectors(const struct ranges *ranges)
{
	uint64_t sectors = 0;
	size_t i;

	for (i = 0; i < ranges->nr; i++)
		sectors += ranges->range[i].nr;
	return sectors;
}

void ranges_free(struct ranges *ranges)
{
	free(ranges->range);
	memset(ranges, 0, sizeof(*ranges));
}

int ranges_verdict(const struct ranges *bad, const struct ranges *unreadable)
{
	if (bad->nr || bad->incomplete)
		return FOUND;
	return unreadable->nr || unreadable->incomplete ? INCONCLUSIVE : DONE;
}
