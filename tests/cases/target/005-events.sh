# SPDX-License-Identifier: GPL-2.0-only
# This test will check that a mismatch wakes "dmsetup wait" and sends a uevent.
# Needs: machine=debug

new_pair 16
make_v

listen() { # <file for what it hears>; sets listener
	# Before it starts: what the last one wrote there must not be taken for its own.
	rm -f "$1"
	"$BVIO" uevent "$(scaled 60)" >"$1" &
	listener=$!
	wait_until 30 grep -q listening "$1"
}
# With an event number, it does not matter whether dmsetup starts waiting before the event.
wait_for_event() { # sets waiter
	local events
	events=$(dmsetup info -c --noheadings -o events bvtest-v)
	timeout "$(scaled 30)" dmsetup wait bvtest-v "$events" >"$TMPDIR/wait" &
	waiter=$!
}

"$BVIO" poke "$test" 5120 0x01
listen "$TMPDIR/uevent"
wait_for_event
sleep 1

kill -0 $waiter || fail "dmsetup wait returned before there was an event"
expect_read_error EILSEQ 4096 4096
wait $waiter || fail "dmsetup wait did not return"
wait $listener || fail "no uevent: $(cat "$TMPDIR/uevent")"

# A second one for the same sector sends no uevent: udev would read the device again in response.
listen "$TMPDIR/second"
wait_for_event
expect_read_error EILSEQ 4096 4096
wait $waiter || fail "dmsetup wait did not return for the second report"

# It would be sent beside the event.
sleep 1
kill $listener 2>/dev/null || :
wait $listener || :
expect "a second uevent" listening "$(<"$TMPDIR/second")"
expect uevent "listening DM_BLKVERIFY_SECTOR=10 DM_BLKVERIFY_OP=read DM_BLKVERIFY_KIND=mismatch" \
	"$(xargs <"$TMPDIR/uevent")"

# A divergence in the same sector has not been announced yet.
dmsetup remove bvtest-v
new_dm test "0 $sectors linear $test 0"
test=$leg
make_v

"$BVIO" poke "$test" 4096 1

told() { # <kind> <errno of the read>
	listen "$TMPDIR/uevent"
	expect_read_error "$2" 4096 4096
	wait $listener || fail "no uevent"
	expect uevent "listening DM_BLKVERIFY_SECTOR=8 DM_BLKVERIFY_OP=read DM_BLKVERIFY_KIND=$1" "$(xargs <"$TMPDIR/uevent")"
}

told mismatch EILSEQ
suspend_load_resume bvtest-test "0 $sectors error"
told divergence EIO
