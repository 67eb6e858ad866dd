# SPDX-License-Identifier: GPL-2.0-only
# This test will read the status of modules that are older or newer than the command.
# Needs: machine=debug

. "$TOP/tests/lib/command.sh"

command -v cc >/dev/null || skip "no C compiler"

# Replace the blkverify status that libdevmapper returns by $BVTEST_STATUS.
cat >"$TMPDIR/status.c" <<'END'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <libdevmapper.h>
#include <stdlib.h>
#include <string.h>

void *dm_get_next_target(struct dm_task *task, void *next, uint64_t *start, uint64_t *length,
			 char **type, char **params)
{
	static void *(*real)(struct dm_task *, void *, uint64_t *, uint64_t *, char **, char **);
	char *status = getenv("BVTEST_STATUS");

	if (!real)
		real = dlsym(RTLD_NEXT, "dm_get_next_target");
	next = real(task, next, start, length, type, params);
	if (status && *type && !strcmp(*type, "blkverify") && strchr("VCF", **params))
		*params = status;
	return next;
}
END
cc -shared -fPIC -o "$TMPDIR/status.so" "$TMPDIR/status.c"
printf '#!/bin/sh\nLD_PRELOAD=%s exec %s "$@"\n' "$TMPDIR/status.so" "$BLKVERIFY" >"$TMPDIR/blkverify"
chmod +x "$TMPDIR/blkverify"
BLKVERIFY=$TMPDIR/blkverify

new_images
tool 0 open bvtest-v "$raw_img" "$test_img"

# An older module has fewer fields: the others are absent, not zero.
export BVTEST_STATUS="C 99 1 2"
tool 6 status bvtest-v
cat "$TMPDIR/out"

says "bvtest-v: mismatch found"
says "  first mismatch: 99"
says "  divergences:    2"
says "  compared:       -"
says "  untrusted:      -"

tool 6 status
says "mismatch found                     99          1           2            -  /dev/loop"

tool 6 status --json
expect "fields" "99 1 2 None None" \
	"$(json '" ".join(str(d["devices"][0][f]) for f in ["first_mismatch", "mismatches", "divergences", "compared", "untrusted"])')"

BVTEST_STATUS="V"
tool 0 status bvtest-v
says "bvtest-v: no mismatch found"

tool 0 report bvtest-v
tool 1 dump bvtest-v
warns "bvtest-v has no recorded mismatch"

# Without a count of compared sectors, it is unknown whether anything was compared.
tool 7 scrub bvtest-v
says "16384 sectors read from 0, 0 bad, - skipped (untrusted)"
warns "the module does not report how much it compared on bvtest-v"

tool 7 scrub --json bvtest-v
expect "skipped" None "$(json 'd["skipped"]')"

BVTEST_STATUS="V - 0 0 5"
tool 0 status bvtest-v
says "  compared:       5 sectors (2.5 KiB)"

# A newer one has more.
# (Of each known field but the first two, a 0.)
BVTEST_STATUS="V - $(printf '0 %.0s' "${status_fields[@]:2}")17 later=1"
tool 0 status bvtest-v
says "  untrusted:      0"

# Any other format is an error, which names the field.
BVTEST_STATUS="V - none 0 5 0 0 0 0 0 0"
tool 7 status bvtest-v
warns "unexpected status format of bvtest-v: mismatches in \"$BVTEST_STATUS\" is not a number"
warns "blkverify and the module have different versions"

tool 7 status
BVTEST_STATUS="VC - 0 0 5 0 0 0 0 0 0"
tool 7 status bvtest-v
warns "state in \"$BVTEST_STATUS\" is not V, C or F"

unset BVTEST_STATUS
tool 0 close bvtest-v
expect_no_loops
