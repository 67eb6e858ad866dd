# SPDX-License-Identifier: GPL-2.0-only
# This test will check that "scrub" finds the limits of bad ranges in every mode, and resumes after
# a kill.
# Needs: machine=debug

. "$TOP/tests/lib/command.sh"

new_images 16
for s in 0 4095 4096 4097 20000 32767; do spoil "$test_img" $s; done
ranges='[(0, 1), (4095, 3), (20000, 1), (32767, 1)]'

bad() { json '[(r["start"], r["sectors"]) for r in d["bad"]]'; }

tool 0 open bvtest-v "$raw_img" "$test_img"
tool 6 scrub --json bvtest-v
expect "bad ranges" "$ranges" "$(bad)"

tool 6 scrub --json bvtest-v --start 4096 --length 8
expect "part of it" "[(4096, 2)]" "$(bad)"

tool 0 scrub bvtest-v --start 8192 --length 4096
tool 1 scrub bvtest-v --start 32768
tool 1 scrub bvtest-v --length 32769
tool 1 scrub bvtest-v --resume
warns "no interrupted scrub"
tool 0 close bvtest-v

tool 0 open bvtest-v "$raw_img" "$test_img" --ignore-mismatch
tool 6 scrub --json bvtest-v
expect "bad ranges with ignore_mismatch" "$ranges" "$(bad)"
tool 0 close bvtest-v

tool 0 open bvtest-v "$raw_img" "$test_img" --freeze-on-mismatch
tool 6 scrub --json bvtest-v
warns "was frozen by a finding"
expect "unreadable when frozen" "[]" "$(json 'd["unreadable"]')"

tool 6 scrub bvtest-v
warns "thaw"

# Thawed and resumed each time it freezes, it finds all bad sectors.
for ((i = 0; i < 20; i++)); do
	dmsetup message bvtest-v 0 thaw
	dmsetup message bvtest-v 0 reset
	tool 6 scrub --resume --json bvtest-v
	grep -q "the scrub is incomplete" "$TMPDIR/err" || break
	first=$(dmsetup status bvtest-v | cut -d ' ' -f 5)
	dd if="$raw_img" of="$test_img" bs=512 skip="$first" seek="$first" count=1 conv=notrunc status=none
done

expect "bad ranges when resumed" "$ranges" "$(bad)"
tool 0 close bvtest-v

for s in 0 4095 4096 4097 20000 32767; do spoil "$test_img" $s; done

# Progress is not applied to another device of that name, even on the same loop devices.
tool 0 open bvtest-v "$raw_img" "$test_img" --freeze-on-mismatch
tool 6 scrub bvtest-v
tool 0 close bvtest-v

tool 0 open bvtest-v "$raw_img" "$test_img"
tool 1 scrub --resume bvtest-v
warns "no interrupted scrub"

dmsetup suspend bvtest-v
tool 5 scrub bvtest-v
warns "is suspended"

dmsetup resume bvtest-v
tool 0 close bvtest-v

tool 0 open bvtest-v "$raw_img" "$test_img" --written-only
tool 7 scrub bvtest-v

# A stale node, which now belongs to another device.
rm $v

mknod $v b 1 3
tool 4 scrub bvtest-v
warns "is a stale node of another device"
rm $v

dmsetup mknodes bvtest-v
tool 7 scrub bvtest-v
tool 0 close bvtest-v
expect_no_loops

# Slow enough to be interrupted: the test leg takes 100 ms a read.
new_pair 512
new_dm slow "0 $sectors delay $test 0 100"
test=/dev/mapper/bvtest-slow
"$BVIO" poke "$raw" 5120 0x01
make_v

"$BLKVERIFY" scrub bvtest-v >"$TMPDIR/out" 2>"$TMPDIR/err" &
scrub=$!
saved_at() { sed -n 's/^at \([0-9]*\) .*/\1/p' /run/blkverify/bvtest-v.scrub; }
has_got_beyond() { [ "$(saved_at)" -gt "$1" ]; } # <sector>
wait_until 60 has_got_beyond 0

kill -9 $scrub
wait $scrub || :
cat /run/blkverify/bvtest-v.scrub
grep -q '^bad 10 1$' /run/blkverify/bvtest-v.scrub || fail "the bad range was not saved"

at=$(saved_at)
[ "$at" -gt 0 ] && [ "$at" -lt "$sectors" ] || fail "it was saved that it was at $at"

compared=$(field compared)
"$BLKVERIFY" scrub --resume bvtest-v >"$TMPDIR/out" 2>"$TMPDIR/err" &
scrub=$!
wait_until 60 has_got_beyond "$at"
kill -TERM $scrub
status=0
wait $scrub || status=$?
cat "$TMPDIR/out"
expect "exit status when interrupted" 6 $status
warns "--resume\" continues at sector"

tool 6 scrub --resume --json bvtest-v

expect "bad ranges after all" "[(10, 1)]" "$(bad)"
expect "from and to" "0 $sectors" "$(json 'str(d["start"]) + " " + str(d["sectors"])')"
[ "$(field compared)" -lt $((compared + sectors)) ] || fail "it began from the start again"
[ ! -e /run/blkverify/bvtest-v.scrub ] || fail "the state stays after the end"
