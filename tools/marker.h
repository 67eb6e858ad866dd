/* SPDX-License-Identifier: GPL-2.0-only */
/* The line that blktests and xfstests write to the kernel log at the start of each test. Pure. */
#ifndef BLKVERIFY_MARKER_H
#define BLKVERIFY_MARKER_H

#include <stdbool.h>
#include <stddef.h>

/* NR_SUITES: none, what the command does itself. */
enum suite { SUITE_BLKTESTS, SUITE_FSTESTS, NR_SUITES };

extern const char *const suite_words[NR_SUITES];

struct marker {
	enum suite suite;
	char test[96];		/* generic/001: fit for a path below a folder */
	char started[32];	/* as the suite writes it */
};

/* The text of a record of /dev/kmsg, "6,1234,5678,-;text\n..."; false if it has none. */
bool kmsg_text(const char *record, char *text, size_t size);
/* "run fstests generic/001 at 2026-11-29 01:02:03"; false for any other line. */
bool parse_marker(const char *text, struct marker *marker);

#endif
