# SPDX-License-Identifier: GPL-2.0-only
# This test will run the command without standard files, with signals ignored, and with dirty page
# caches.
# Needs: machine=debug

. "$TOP/tests/lib/command.sh"

new_pair 16

# The page cache is flushed to the legs before the result is determined.
leg=/dev/mapper/bvtest-holes
dmsetup create bvtest-holes <<END
0 1000 linear $test 0
1000 8 error
1008 $((sectors - 1008)) linear $test 1008
END
tool 6 run --raw "$raw" --test "$leg" -- sh -c 'dd if=$BLKVERIFY_DEVICE of=/dev/null bs=64k count=1 iflag=direct status=none
	dd if=/dev/zero of=$BLKVERIFY_DEVICE bs=4096 seek=125 count=1 status=none'
says "divergences:    1"

reports_expected=1
dmsetup remove bvtest-holes

# SIGCHLD may be ignored by the parent, and this is inherited.
status=0
env --ignore-signal=CHLD "$BLKVERIFY" run --raw "$raw" --test "$test" -- \
	sh -c 'dd if=$BLKVERIFY_DEVICE of=/dev/null bs=1M count=1 iflag=direct status=none; exit 3' >"$TMPDIR/out" 2>&1 || status=$?
expect "exit status with SIGCHLD ignored" 3 $status

# nohup: the command and its child keep running.
env --ignore-signal=HUP "$BLKVERIFY" run --raw "$raw" --test "$test" --name bvtest-run -- \
	sh -c 'dd if=$BLKVERIFY_DEVICE of=/dev/null bs=1M count=1 iflag=direct status=none; touch "$TMPDIR/begun"; sleep 2' >"$TMPDIR/out" 2>&1 &
run=$!
wait_until 30 test -e "$TMPDIR/begun"
kill -HUP $run
status=0
wait $run || status=$?
expect "exit status after an ignored SIGHUP" 0 $status

# No file descriptor leaks into the command.
tool 0 run --raw "$raw" --test "$test" -- \
	sh -c 'dd if=$BLKVERIFY_DEVICE of=/dev/null bs=1M count=1 iflag=direct status=none; readlink /proc/self/fd/* >"$TMPDIR/fds" || :'
if grep -e /dev/mapper -e "$raw" -e "$test" "$TMPDIR/fds"; then fail "the command has that open"; fi

# Without a standard input there is no confirmation, and no device is read in its place.
printf 'yes\n' >"$TMPDIR/yes"
truncate -s 1M "$TMPDIR/yes" "$TMPDIR/other"
status=0
"$BLKVERIFY" sync "$TMPDIR/yes" "$TMPDIR/other" <&- >"$TMPDIR/out" 2>&1 || status=$?
expect "exit status without a standard input" 1 $status
cmp -n 1M "$TMPDIR/other" /dev/zero || fail "it was overwritten"

# Nor is a device written as standard output.
new_leg 8
small=$leg
dd if="$raw" of="$TMPDIR/before" bs=1M count=1 status=none
status=0
"$BLKVERIFY" open bvtest-w "$raw" "$small" >&- 2>&- || status=$?
expect "exit status without outputs" 4 $status
cmp -n 1M "$TMPDIR/before" "$raw" || fail "the message is on the device"

# A scrub of a badly corrupted device can be interrupted, and reports what it has found.
dd if=/dev/urandom of="$test" bs=1M oflag=direct status=none 2>/dev/null || :
new_dm slow "0 $sectors delay $test 0 200"
tool 0 open bvtest-v "$raw" "$leg"
"$BLKVERIFY" scrub bvtest-v >"$TMPDIR/out" 2>"$TMPDIR/err" &
scrub=$!
wait_until 60 is_at_least mismatches 5
kill $scrub
wait_until 30 has_ended $scrub

status=0
wait $scrub || status=$?

expect "exit status" 6 $status
warns "the scrub is incomplete"
says "bad: sectors 0 to"
tool 0 close bvtest-v
dmsetup remove bvtest-slow

# Contents without a usable name are reported, too; and a label cannot control the terminal.
if mkfs.ext4 -q -F -L $'a\033[7mb' "$TMPDIR/other" 2>/dev/null; then
	echo no | "$BLKVERIFY" sync "$TMPDIR/yes" "$TMPDIR/other" >"$TMPDIR/out" 2>&1 || :
	says ext4
	if grep -q "$escape" "$TMPDIR/out"; then fail "the label is on the terminal as it is"; fi
fi
