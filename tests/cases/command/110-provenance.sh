# SPDX-License-Identifier: GPL-2.0-only
# This test will check that reports name the writer of a bad sector, injections and marks.
# Needs: machine=debug

. "$TOP/tests/lib/command.sh"

new_pair 16
tool 0 open bvtest-v "$raw" "$test" --fingerprint --fingerprint-max-mib 8
cp "$(command -v dd)" "$TMPDIR/my writer"
"$TMPDIR/my writer" if=/dev/urandom of=$v bs=4096 seek=2 count=2 oflag=direct status=none
dmsetup message bvtest-v 0 mark 'phase "two"' || dmsetup message bvtest-v 0 mark phase
dmsetup message bvtest-v 0 inject 17 0x80
expect_read_error EILSEQ 8192 4096

tool 6 report bvtest-v
cat "$TMPDIR/out"

says "bitflip(1): a few bits differ"
says "by my writer (pid "
says "injected"
says "mark: phase"
says "differ: sectors 1+1 of the request"
says "in the first: words 0x0000000000000001, bits set "
says "found: 20"
grep -qE '^      submitted by: [a-z]+ \(pid [0-9]+\), flags [a-z,]*sync[a-z,]*, 1 segment, the first at byte 0 of its page$' "$TMPDIR/out" ||
	fail "who submitted it: $(cat "$TMPDIR/out")"
grep -qE '^      on CPU [01]; completed by the test leg on CPU [01]$' "$TMPDIR/out" || fail "on which CPU: $(cat "$TMPDIR/out")"
grep -qE '^      before: mark [0-9]+ ms ago$' "$TMPDIR/out" || fail "what happened before: $(cat "$TMPDIR/out")"
grep -qE '^sectors compared, by CPU: [01]: [0-9]+(, 1: [0-9]+)?$' "$TMPDIR/out" || fail "by CPU: $(cat "$TMPDIR/out")"

tool 6 report --json bvtest-v
expect "write" "16 my writer True" \
	"$(json '(lambda r: " ".join(map(str, [r["write"]["start"], r["write"]["comm"], r["more"]["injected"]])))(d["reports"][0])')"

tool 0 dump bvtest-v
cat "$TMPDIR/out"

says "no difference"
says "written: write, "
says "ago by my writer (pid "

# A name that looks like a number is not a number.
cp "$(command -v dd)" "$TMPDIR/007"
"$TMPDIR/007" if=/dev/urandom of=$v bs=4096 seek=5 count=1 oflag=direct status=none
dmsetup message bvtest-v 0 mark 12
dmsetup message bvtest-v 0 inject 40 1
expect_read_error EILSEQ 20480 4096

tool 6 report --json bvtest-v
expect "names" "['007', '12']" "$(json '[d["reports"][-1]["write"]["comm"], d["reports"][-1]["more"]["mark"]]')"

dmsetup message bvtest-v 0 mark phase

# Control characters in a name are not shown.
cp "$(command -v dd)" "$TMPDIR/$(printf 'e\033[7m\302\233\377')"
"$TMPDIR/$(printf 'e\033[7m\302\233\377')" if=/dev/urandom of=$v bs=4096 seek=9 count=1 oflag=direct status=none
tool 0 dump bvtest-v 72
says "ago by e?[7m?"
! grep -qaP '\x1b|\x9b|\xff' "$TMPDIR/out" || fail "control characters are shown"

# A write that the test leg lost.
dd if="$test" of="$TMPDIR/old" bs=4096 skip=2 count=1 iflag=direct status=none
"$TMPDIR/my writer" if=/dev/urandom of=$v bs=4096 seek=2 count=1 oflag=direct status=none
dd if="$TMPDIR/old" of="$test" bs=4096 seek=2 count=1 oflag=direct status=none
expect_read_error EILSEQ 8192 4096

tool 6 report bvtest-v
says "stale(1): an earlier version: lost writes, or an old copy"

tool 6 report --json bvtest-v
expect "class" "stale 1" "$(json '"%s %d" % (d["reports"][-1]["class"], d["reports"][-1]["class_number"])')"

tool 6 dump bvtest-v 16
says "the difference is there"

# A sector that was never written.
"$BVIO" poke "$test" 1048576 0x01
expect_read_error EILSEQ 1048576 4096

tool 6 report bvtest-v
says "written: not through this device"
tool 0 close bvtest-v
