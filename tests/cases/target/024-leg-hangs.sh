# SPDX-License-Identifier: GPL-2.0-only
# This test will check that messages still work while a leg hangs, and that no difference is lost.
# Needs: machine=debug

loop_pair 16
new_dm raw "0 $sectors linear $raw 0"
raw_below=$raw raw=$leg
new_dm test "0 $sectors linear $test 0"
test_below=$test test=$leg
make_v

dd if=/dev/urandom of=$v bs=1M count=16 oflag=direct status=none

requests_of() { # <device below a leg>
	awk '{print $1 + $5}' "/sys/block/${1##*/}/stat"
}

more_requests() { # <device below a leg> <than>
	[ "$(requests_of "$1")" -gt "$2" ]
}

# A read that the test leg does not complete.
read_that_hangs() {
	local requests
	requests=$(requests_of "$raw_below")
	dmsetup suspend --noflush bvtest-test
	"$BVIO" read $v 0 65536 >"$TMPDIR/read" 2>&1 &
	reader=$!
	wait_until 30 more_requests "$raw_below" "$requests"
}

last_write() {
	dmsetup message bvtest-v 0 history 8 | head -n 1
}

# Whatever another task would change in that range has to wait.
for what in discard write_zeroes write; do
	read_that_hangs
	# -f, or it would probe for signatures first, and block there.
	case $what in
	discard) blkdiscard -f -o 4096 -l 4096 $v & ;;
	write_zeroes) blkdiscard -f -z -o 4096 -l 4096 $v & ;;
	write) dd if=/dev/urandom of=$v bs=4096 count=1 seek=1 oflag=direct conv=notrunc status=none & ;;
	esac
	writer=$!
	wait_until 30 grep -q "^State:.*disk sleep" /proc/$writer/status
	# It may have slept for another reason at first.
	sleep 0.5
	[[ $(last_write) != *pid=$writer* ]] || fail "the $what passed the read"
	[ $what != write ] || break
	dmsetup resume bvtest-test
	wait $reader || fail "the read before a $what: $(cat "$TMPDIR/read")"
	wait $writer || fail "the $what failed"
	# A worker submitted it: the history has the task that the request came from.
	[[ $(last_write) == *" start=8 nr=8 op=$what "*" pid=$writer comm=\"blkdiscard\"" ]] ||
		fail "the $what is not blkdiscard's: $(last_write)"
done

# All of these work meanwhile.
for command in "status bvtest-v" "table bvtest-v" "message bvtest-v 0 list" "message bvtest-v 0 history 8" \
	"message bvtest-v 0 mark hanging" "message bvtest-v 0 trust 0 1" "message bvtest-v 0 distrust 4096 8" \
	"message bvtest-v 0 inject 8192 0x1" "message bvtest-v 0 thaw" "message bvtest-v 0 reset"; do
	# shellcheck disable=SC2086
	timeout "$(scaled 10)" dmsetup $command >/dev/null || fail "\"dmsetup $command\" while test hangs"
	kill -0 $reader 2>/dev/null || fail "the read did not wait: $(cat "$TMPDIR/read")"
done

dmsetup resume bvtest-test

wait $reader || fail "the read: $(cat "$TMPDIR/read")"
wait $writer || fail "the write failed"
[[ $(last_write) == *" start=8 nr=8 op=write "*" pid=$writer comm=\"dd\"" ]] || fail "the write is not dd's: $(last_write)"
expect_field mismatches 0
expect_field divergences 0

# The raw leg hangs in the re-read. The comparison counts, even if the range is untrusted by then.
dmsetup remove bvtest-v
make_v
"$BVIO" poke "$test_below" 4096 1
read_that_hangs
dmsetup suspend bvtest-raw
dmsetup resume bvtest-test
wait_until 30 is_at_least compared 128
expect_field mismatches 0
timeout "$(scaled 10)" dmsetup message bvtest-v 0 distrust 0 128 || fail "distrust while raw hangs"

dmsetup resume bvtest-raw

if wait $reader; then fail "the difference is forgotten"; fi
expect "the read" "read: EILSEQ" "$(cat "$TMPDIR/read")"
expect_field mismatches 1
expect_field first_mismatch 8
expect_read 0 65536
