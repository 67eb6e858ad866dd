# SPDX-License-Identifier: GPL-2.0-only
# This test will check that "run" reports through its exit status what the command and the legs did.
# Needs: machine=debug

. "$TOP/tests/lib/command.sh"

new_pair 16
before=$(dmsetup ls)

# A reference file is created; the written data is read back.
work='dd if=/dev/urandom of=$BLKVERIFY_DEVICE bs=64k count=4 oflag=direct status=none
	dd if=$BLKVERIFY_DEVICE of=/dev/null bs=64k count=4 iflag=direct status=none'
tool 0 run --test "$test" -- sh -c "$work"
cat "$TMPDIR/out"
says "no mismatch found"
says "options:        written_only"

tool 3 run --test "$test" -- sh -c "$work; exit 3"
tool 7 run --test "$test" -- true
warns "nothing was compared"

tool 127 run --test "$test" -- /no/such/command
tool 1 run -- true
warns "--test is missing"

# Wrong data.
spoil_it="$work; \"\$BVIO\" poke \"$test\" 5120 0x01
	dd if=\$BLKVERIFY_DEVICE of=/dev/null bs=64k count=4 iflag=direct status=none; exit 0"
tool 6 run --test "$test" -- sh -c "$spoil_it"
says "bitflip(1): a few bits differ"

# Data that was written but not read back is compared by a final scrub, which shows where it is bad.
writes='dd if=/dev/urandom of=$BLKVERIFY_DEVICE bs=64k count=8 oflag=direct status=none'
tool 0 run --test "$test" -- sh -c "$writes; dd if=\$BLKVERIFY_DEVICE of=/dev/null bs=64k count=1 iflag=direct status=none"
warns "512 KiB were written and only 64 KiB read back and compared"

tool 0 run --test "$test" -- sh -c "$writes; $BLKVERIFY scrub \$BLKVERIFY_DEVICE"
expect "messages" "" "$(cat "$TMPDIR/err")"

tool 6 run --test "$test" -- sh -c "$writes; \"\$BVIO\" poke \"$test\" 5120 0x01; $BLKVERIFY scrub \$BLKVERIFY_DEVICE"
says "bad: sectors 10 to 10 (1)"

# Options of the command are not taken for ours, even without "--".
tool 3 run --test "$test" sh -c 'exit 3' --name x --help

# A reference file that does not fit is not an error of the test leg.
mkdir "$TMPDIR/bvtest-small"
mount -t tmpfs -o size=1m none "$TMPDIR/bvtest-small"
tool 7 run --test "$test" --raw-dir "$TMPDIR/bvtest-small" -- \
	sh -c "$work; dd if=/dev/zero of=\$BLKVERIFY_DEVICE bs=1M count=4 oflag=direct status=none; exit 0"
warns "the reference file of blkverify-"
warns " requests, so the test leg was not verified"
umount "$TMPDIR/bvtest-small"

# With a reference device.
dd if="$test" of="$raw" bs=1M oflag=direct status=none
tool 0 run --raw "$raw" --test "$test" --name bvtest-run -- dd if=/dev/mapper/bvtest-run of=/dev/null bs=1M iflag=direct
truncate -s 8M "$TMPDIR/img"
tool 0 run --test "$TMPDIR/img" --raw-dir "$TMPDIR" -- sh -c "$work"

# A command that leaves the device in use, until it is told to close it.
mkfifo "$TMPDIR/let-go"
tool 5 run --raw "$raw" --test "$test" --name bvtest-run -- \
	sh -c 'dd if=$BLKVERIFY_DEVICE of=/dev/null bs=1M count=1 iflag=direct
		exec 5<$BLKVERIFY_DEVICE; read line <"$TMPDIR/let-go" >/dev/null 2>&1 &'
warns "in use"

echo now >"$TMPDIR/let-go"
expect_no_device bvtest-run

# The legs are free when it has ended, every time.
new_dm upper "0 $sectors linear $test 0"
cp "$TMPDIR/img" "$TMPDIR/img2"
for i in 1 2 3 4 5; do
	tool 7 run --test /dev/mapper/bvtest-upper -- true
	dmsetup remove bvtest-upper || fail "round $i: the leg is in use"
	new_dm upper "0 $sectors linear $test 0"
	tool 0 run --raw "$TMPDIR/img" --test "$TMPDIR/img2" -- sh -c 'dd if=$BLKVERIFY_DEVICE of=/dev/null bs=1M count=1 iflag=direct status=none'
done

dmsetup remove bvtest-upper
rm "$TMPDIR/img2"

# Killed while the command runs: nothing is left behind.
"$BLKVERIFY" run --test "$TMPDIR/img" --name bvtest-run -- \
	sh -c 'touch "$TMPDIR/runs"; exec sleep 2' &
wait_until 30 test -e "$TMPDIR/runs"
kill -9 $!
expect_no_device bvtest-run
expect_no_loops

# Terminated: it ends its command first, then prints the summary.
rm "$TMPDIR/runs"
"$BLKVERIFY" run --test "$TMPDIR/img" --name bvtest-run -- \
	sh -c 'touch "$TMPDIR/runs"; exec sleep 60' >"$TMPDIR/out" &
wait_until 30 test -e "$TMPDIR/runs"
kill $!
status=0
wait $! || status=$?
expect "exit status after SIGTERM" 143 $status
expect_no_device bvtest-run

# At any moment: it ends, and nothing is left behind.
for ((i = 0; i < 20; i++)); do
	"$BLKVERIFY" run --test "$TMPDIR/img" --name bvtest-run -- sleep 60 >"$TMPDIR/out" 2>&1 &
	run=$!
	sleep 0.0$((i * 4 / 10))$((i * 4 % 10))
	kill $run 2>/dev/null || :
	wait_until 30 has_ended $run
	wait $run || :
	expect_no_device bvtest-run
done

expect_no_loops
expect "devices" "$before" "$(dmsetup ls)"
