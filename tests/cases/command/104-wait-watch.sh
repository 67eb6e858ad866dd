# SPDX-License-Identifier: GPL-2.0-only
# This test will check that "wait" blocks until the first finding, and that "watch" follows
# findings.
# Needs: machine=debug

. "$TOP/tests/lib/command.sh"

shows_findings() { [ "$(grep -c "bitflip(1): a few bits differ" "$TMPDIR/watch")" = "$1" ]; } # <number>
new_pair 16
make_v

start=$SECONDS
tool 0 wait bvtest-v --timeout 1
[ $((SECONDS - start)) -ge 1 ] || fail "wait did not wait"

"$BVIO" poke "$test" 5120 0x01
"$BLKVERIFY" wait bvtest-v --timeout "$(scaled 60)" >"$TMPDIR/wait" &
waiter=$!
"$BLKVERIFY" watch bvtest-v >"$TMPDIR/watch" 2>"$TMPDIR/watch.err" &
watcher=$!
sleep 2
kill -0 $waiter || fail "wait returned before there was a finding"
expect_read_error EILSEQ 4096 4096

status=0
wait $waiter || status=$?
expect "exit status of wait" 6 $status
grep -q "first mismatch: *10" "$TMPDIR/wait" || fail "$(cat "$TMPDIR/wait")"

tool 6 wait bvtest-v
wait_until 30 shows_findings 1
kill -INT $watcher 2>/dev/null || :
kill $watcher 2>/dev/null || :
status=0
wait $watcher || status=$?
expect "exit status of watch" 6 $status

cat "$TMPDIR/watch"
grep -q "bitflip(1): a few bits differ" "$TMPDIR/watch" || fail "watch did not show the finding"

# After a reset new findings are shown.
"$BLKVERIFY" watch bvtest-v >"$TMPDIR/watch" 2>"$TMPDIR/watch.err" &
watcher=$!
wait_until 30 shows_findings 1
dmsetup message bvtest-v 0 reset
expect_read_error EILSEQ 4096 4096
wait_until 30 shows_findings 2

kill $watcher
wait $watcher || :

# The reader of its output goes away.
mkfifo "$TMPDIR/fifo"
"$BLKVERIFY" watch bvtest-v >"$TMPDIR/fifo" 2>/dev/null &
watcher=$!
head -n 1 "$TMPDIR/fifo" >/dev/null
wait_until 30 has_ended $watcher

# The device is removed during a wait.
dmsetup message bvtest-v 0 reset
"$BLKVERIFY" wait bvtest-v >"$TMPDIR/wait" 2>&1 &
waiter=$!
sleep 1
tool 0 close bvtest-v

status=0
wait $waiter || status=$?
expect "exit status of wait for what is gone" 4 $status

tool 4 wait bvtest-v
