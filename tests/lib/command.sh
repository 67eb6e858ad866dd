# SPDX-License-Identifier: GPL-2.0-only
# Shared by the cases of the blkverify command, on top of tests/lib/case.sh.
# BLKVERIFY is the command under test.

# Two equal image files of random data; sets raw_img, test_img.
new_images() { # [MiB]
	raw_img=$TMPDIR/raw.img test_img=$TMPDIR/test.img
	dd if=/dev/urandom of="$raw_img" bs=1M count="${1:-8}" status=none
	cp "$raw_img" "$test_img"
}

# Replace a sector of an image.
spoil() { # <file> <sector> [source of data]
	dd if="${3:-/dev/zero}" of="$1" bs=512 seek="$2" count=1 conv=notrunc status=none
}

# Run it; its output is in $TMPDIR/out and $TMPDIR/err; its exit status must be as given.
tool() { # <exit status> <argument>...
	local expected=$1 status=0
	shift
	"$BLKVERIFY" "$@" >"$TMPDIR/out" 2>"$TMPDIR/err" || status=$?
	[ $status = "$expected" ] ||
		fail "blkverify $*: exit status $status, not $expected: $(cat "$TMPDIR/out" "$TMPDIR/err")"
}
says() { grep -qF -e "$1" "$TMPDIR/out" || fail "the output lacks \"$1\": $(cat "$TMPDIR/out")"; }
warns() { grep -qF -e "$1" "$TMPDIR/err" || fail "the messages lack \"$1\": $(cat "$TMPDIR/err")"; }

# From now on, the command runs the shell command $BVTEST_COMMAND before it sends a message that
# begins with $BVTEST_MESSAGE, and does not send it if that fails.
interpose_messages() {
	command -v cc >/dev/null || skip "no C compiler"
	cat >"$TMPDIR/messages.c" <<'END'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <libdevmapper.h>
#include <stdlib.h>
#include <string.h>

int dm_task_set_message(struct dm_task *task, const char *message)
{
	static int (*real)(struct dm_task *, const char *);
	const char *which = getenv("BVTEST_MESSAGE");

	if (!real)
		real = dlsym(RTLD_NEXT, "dm_task_set_message");
	if (which && !strncmp(message, which, strlen(which)) && system(getenv("BVTEST_COMMAND")))
		return 0;
	return real(task, message);
}
END
	cc -shared -fPIC -o "$TMPDIR/messages.so" "$TMPDIR/messages.c"
	printf '#!/bin/sh\nLD_PRELOAD=%s exec %s "$@"\n' "$TMPDIR/messages.so" "$BLKVERIFY" \
		>"$TMPDIR/interposed"
	chmod +x "$TMPDIR/interposed"
	BLKVERIFY=$TMPDIR/interposed
}
list_fails() { BVTEST_MESSAGE=list BVTEST_COMMAND=false "$@"; } # <command>...

json() { # <expression of python, of the document d> [file]
	python3 -c "import json,sys; d=json.load(open(sys.argv[1])); print($1)" "${2:-$TMPDIR/out}"
}
# Every member of a JSON document is in the manual.
documented() { # <what> [file]
	python3 - "${2:-$TMPDIR/out}" "$TOP/Documentation/blkverify.8" <<'END' || fail "$1: the manual lacks members"
import json, re, sys
manual = open(sys.argv[2]).read().split(".Sh JSON")[1].split(".Sh ENVIRONMENT")[0]
known = set(re.findall(r"\.Ql (\w+)", manual))
def members(value):
    for item in value if isinstance(value, list) else []:
        yield from members(item)
    for key in value if isinstance(value, dict) else []:
        yield key
        # Fields of the target's own output are in the manual of the target.
        if key not in ("write", "more"):
            yield from members(value[key])
missing = {m for m in members(json.load(open(sys.argv[1])))} - known
print("not in the manual:", *missing) if missing else None
sys.exit(bool(missing))
END
}

# What "ktap" and "junit" need. A function in $(...) could not skip the case.
need_formats() {
	[ -r "${KUNIT_PARSER-}/kunit_parser.py" ] || skip "the kernel's KTAP parser is not here"
	[ -r "${JUNIT_SCHEMAS-}/JUnit.xsd" ] || skip "the schemas of JUnit are not here"
	command -v xmllint >/dev/null || skip "xmllint is not here"
}

# $TMPDIR/out is KTAP that the kernel's own parser accepts; prints the outcomes as it counts them.
ktap() {
	PYTHONPATH=$KUNIT_PARSER PYTHONDONTWRITEBYTECODE=1 python3 - "$TMPDIR/out" >"$TMPDIR/ktap" <<'END' || fail "$(cat "$TMPDIR/ktap" "$TMPDIR/out")"
import sys
import kunit_parser
c = kunit_parser.parse_run_tests(open(sys.argv[1])).counts
print(f"{c.passed} passed, {c.failed} failed, {c.skipped} skipped")
sys.exit(bool(c.errors or c.crashed))
END
	tail -n 1 "$TMPDIR/ktap"
}

# $TMPDIR/out is valid JUnit: for Jenkins, and for the strict schema, which knows no skipped tests.
junit() { # [schema...]
	local schema
	[ $# != 0 ] || set -- jenkins-junit JUnit
	for schema; do
		xmllint --noout --schema "$JUNIT_SCHEMAS/$schema.xsd" "$TMPDIR/out" 2>"$TMPDIR/xmllint" ||
			fail "$(cat "$TMPDIR/xmllint" "$TMPDIR/out")"
	done
}

# A loop device detaches itself on last close, but not at once.
no_loops() { ! losetup -a | grep .; }
expect_no_loops() { wait_until 30 no_loops; }
expect_no_device() { wait_until 30 is_gone "$1"; }

# Run it on a terminal, recorded in $TMPDIR/tty; its exit status must be as given.
on_terminal() { # <exit status> <argument>...; its input is typed on the terminal
	local expected=$1 status=0
	shift
	script -qfec "$(printf '%q ' "$BLKVERIFY" "$@")" "$TMPDIR/tty" >/dev/null || status=$?
	[ $status = "$expected" ] ||
		fail "blkverify $* on a terminal: exit status $status, not $expected: $(cat -v "$TMPDIR/tty")"
}
shows() { grep -qF -e "$1" "$TMPDIR/tty" || fail "the terminal lacks \"$1\": $(cat -v "$TMPDIR/tty")"; }
escape=$'\033'
