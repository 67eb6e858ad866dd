# SPDX-License-Identifier: GPL-2.0-only
# This test will reach the corners of power cuts: messages that wait, are interrupted or come too
# early, devices that do not fit, replies in several parts, and blocks that are wrong in one half only.
# Needs: machine=debug

crash() { dmsetup message bvtest-v 0 crash "$1"; }
crash_refused() { # <action> <why>
	if crash "$1" 2>/dev/null; then fail "crash $1 is accepted"; fi
	expect_log "crash $1: $2"
}
cut_power() {
	crash arm
	crash cut
	expect_field power off
}
for f in a b c; do head -c 4096 /dev/zero | tr '\0' $f >"$TMPDIR/$f"; done
seq -f "block d is %4.0f" 256 >"$TMPDIR/d"	# no pattern, and in one place only
leave() { # <device> <block> <file>
	dd if="$TMPDIR/$3" of="$1" bs=4096 seek="$2" count=1 oflag=direct conv=notrunc status=none
}
sleeps() { grep -q '^State:.D' "/proc/$1/status"; } # <pid>
in_flight() { [ "$(attribute inflight | awk '{print $1 + $2}')" -gt 0 ]; }

# Devices that do not fit.
new_pair 16 cache_size=1
plain_raw=$raw plain_test=$test
if dmsetup create bvtest-v --readonly --table "0 $sectors blkverify $raw $test 1 crash" 2>/dev/null; then
	fail "a table that is read-only has crash"
fi
expect_log "crash needs a table that is not read-only"

# A device that cannot even flush may hold anything.
new_dm broken "0 $sectors flakey $plain_test 0 0 600 1 error_writes"
test=$leg
make_v crash
expect "versions" anything "$(dmsetup message bvtest-v 0 versions 8 | tail -n 1)"
dmsetup remove bvtest-v
dmsetup remove bvtest-broken

# A cut waits for requests in flight.
new_dm slow "0 $sectors delay $plain_test 0 3000"
test=$leg
make_v crash
crash arm
"$BVIO" read $v 0 4096 >"$TMPDIR/read" &
reader=$!
wait_until 10 in_flight
crash cut
grep -q "^read 4096$" "$TMPDIR/read" || fail "the cut did not wait for the read: $(cat "$TMPDIR/read")"
wait $reader
crash back
crash "done"

# A message that is killed while it waits changes nothing.
crash arm
"$BVIO" read $v 0 4096 >"$TMPDIR/read" &
reader=$!
wait_until 10 in_flight
dmsetup message bvtest-v 0 crash cut &
waits_for_read=$!
wait_until 10 sleeps $waits_for_read
dmsetup message bvtest-v 0 crash back &
waits_for_message=$!
wait_until 10 sleeps $waits_for_message
# In this order, or the second one gets its turn before it dies.
kill -KILL $waits_for_message
if wait $waits_for_message 2>/dev/null; then fail "back was not killed"; fi
kill -KILL $waits_for_read
if wait $waits_for_read 2>/dev/null; then fail "cut was not killed"; fi
wait $reader
expect_log "crash back: interrupted while another message waits for requests"
expect_log "crash cut: interrupted while requests are in flight"
expect_field power off
crash cut
crash back
expect_read 0 4096
dmsetup remove bvtest-v
dmsetup remove bvtest-slow

# A device that comes back with other blocks is another device.
test=$plain_test
make_v crash crash_unit 8
new_leg 16 blocksize=4096 cache_size=1
other=$leg
cut_power
suspend_load_resume bvtest-v "0 $sectors blkverify $raw - 3 crash crash_unit 8"
suspend_load_resume bvtest-v "0 $sectors blkverify $raw $other 3 crash crash_unit 8"
crash_refused back "the test device has another logical block size than before"
dmsetup remove bvtest-v

# More ranges than fit into a reply; the last one ends with the device.
blocks=$((sectors / 8))
make_v crash crash_unit 8 fingerprint
dd if=/dev/zero of=$v bs=1M oflag=direct status=none 2>/dev/null || :
flush_device $v
for ((n = blocks - 1; n > blocks - 2 * 257; n -= 2)); do leave $v $n a; done
leave $v $((blocks - 1)) d
cut_power
crash back
dmsetup message bvtest-v 0 uncertain >"$TMPDIR/ranges"
expect "lines of the first reply" 257 "$(wc -l <"$TMPDIR/ranges")"
more=$(sed -n 's/^more=//p' "$TMPDIR/ranges")
expect "the rest" "$(((blocks - 1) * 8)) 8 complete" "$(dmsetup message bvtest-v 0 uncertain "$more" | xargs)"
# This reply is full, and all there is.
from=$(((blocks - 512 + 1) * 8))
dmsetup message bvtest-v 0 uncertain $from >"$TMPDIR/ranges"
expect "lines of the second reply" "257 complete" "$(wc -l <"$TMPDIR/ranges") $(tail -n 1 "$TMPDIR/ranges")"
if dmsetup message bvtest-v 0 versions $sectors 2>/dev/null; then fail "there are versions beyond the end"; fi

# Raw follows an old version, and so do the fingerprints.
n=$((blocks - 1))
dd if=/dev/zero of="$test" bs=4096 seek=$n count=1 oflag=direct conv=notrunc status=none
expect_read $((n * 4096)) 4096
expect_field settled_old 1
expect_field mismatches 0
expect_read 0 $((sectors * 512))
expect_field uncertain 0
# What the cut has left counts as a version: the one that it has removed is not the previous one.
leave $v $n b
flush_device $v
leave "$test" $n d
expect_read_error EILSEQ $((n * 4096)) 4096
expect_log "sector $((n * 8)) .* class=stale(2) "
leave $v $n b

# A block of which only the second half is old: the first half is what raw holds.
leave $v 1 a
flush_device $v
leave $v 1 b
cut_power
(head -c 2048 "$TMPDIR/b"; tail -c 2048 "$TMPDIR/a") >"$TMPDIR/torn"
leave "$test" 1 torn
crash back
expect_read_error EILSEQ 4096 4096
expect_log "read sector=8 nr=8 contents mismatch in sector 12 .* class=torn differ=4 crash=2 "
leave $v 1 b

# Only a part of a block is read, or is trusted, when it is found to be wrong.
flush_device $v
leave "$test" 1 c
expect_read_error EILSEQ 4096 512
expect_log "read sector=8 nr=1 contents mismatch in sector 8 .* class=.* differ=1 crash=2 "
dmsetup message bvtest-v 0 distrust 15 1
expect_read_error EILSEQ 4096 4096
expect_log "read sector=8 nr=8 contents mismatch in sector 8 .* class=.* differ=7 crash=2 "
dmsetup remove bvtest-v

# Messages that come before the device has resumed: another target of the table keeps it from that.
new_leg 8
origin=$leg
new_leg 8
cow=$leg
dmsetup create bvtest-w --table "0 8 snapshot $origin $cow N 8"
dmsetup create bvtest-v --notable
dmsetup load bvtest-v <<END
0 8 snapshot $origin $cow N 8
8 $sectors blkverify $plain_raw $plain_test 1 crash
END
if dmsetup resume bvtest-v 2>/dev/null; then fail "the resume did not fail"; fi
for message in "crash arm" uncertain; do
	if dmsetup message bvtest-v 8 $message 2>/dev/null; then fail "$message is accepted"; fi
done
expect_log "crash arm: the device has not resumed yet"
expect_log "message rejected: the device has not resumed yet"
dmsetup remove bvtest-v
