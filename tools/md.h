/* SPDX-License-Identifier: GPL-2.0-only */
/* What md shows about an array and its members, as text of sysfs. Pure. */
#ifndef BLKVERIFY_MD_H
#define BLKVERIFY_MD_H

#include <stdbool.h>
#include <stdint.h>

enum md_redundancy {
	MD_NONE,		/* it does not work without a member */
	MD_COPIES,		/* it works with any one of its members: RAID 1 */
	MD_ONE_SPARE,		/* it works without any one of them */
};

struct md_state {
	bool faulty, journal, replacement;
};

enum md_redundancy md_redundancy(const char *level);
/* The file "state" of a member. Words that are not known are ignored. */
void md_parse_state(const char *text, struct md_state *state);
/* The file "slot" of a member; -1: it has none. Returns false if it is neither. */
bool md_parse_slot(const char *text, int *slot);
/* The file "sync_completed". Returns false if nothing is being synced, or not yet. */
bool md_parse_progress(const char *text, uint64_t *done, uint64_t *all);

#endif
