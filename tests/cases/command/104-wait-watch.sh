# SPDX-License-Identifier: GPL-2.0-only
# This test will check that "wait" blocks until the first finding, and that "watch" follows
# findings.
# Needs: machine=debug

. "$TOP/tests/lib/command.sh"

new_pair 16
make_v

start=$SECONDS
tool 0 wait bvtest-v --timeout 1
[ $((SECONDS - start)) -ge 1 ] || fail "wait did not wait"

"$BVIO" poke "$test" 5120 0x01
"$BLKVERIFY" wait bvtest-v --timeout 60 >"$TMPDIR/wait" &
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
for ((i = 0; i < 100; i++)); do grep -q "bitflip(1): a few bits differ" "$TMPDIR/watch" && break; sleep 0.1; done
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
for ((i = 0; i < 100; i++)); do grep -q "bitflip(1): a few bits differ" "$TMPDIR/watch" && break; sleep 0.1; done
dmsetup message bvtest-v 0 reset
expect_read_error EILSEQ 4096 4096
for ((i = 0; i < 100; i++)); do [ "$(grep -c "bitflip(1): a few bits differ" "$TMPDIR/watch")" = 2 ] && break; sleep 0.1; done
expect "findings that watch showed" 2 "$(grep -c "bitflip(1): a few bits differ" "$TMPDIR/watch")"

kill $watcher
wait $watcher || :

# Who reads what it shows goes.
mkfifo "$TMPDIR/fifo"
"$BLKVERIFY" watch bvtest-v >"$TMPDIR/fifo" 2>/dev/null &
watcher=$!
head -n 1 "$TMPDIR/fifo" >/dev/null
for ((i = 0; i < 100; i++)); do kill -0 $watcher 2>/dev/null || break; sleep 0.1; done
! kill -0 $watcher 2>/dev/null || fail "watch goes on without a reader"

# The device goes while somebody waits.
dmsetup message bvtest-v 0 reset
"$BLKVERIFY" wait bvtest-v >"$TMPDIR/wait" 2>&1 &
waiter=$!
sleep 1
tool 0 close bvtest-v

status=0
wait $waiter || status=$?
expect "exit status of wait for what is gone" 4 $status

tool 4 wait bvtest-v
