# SPDX-License-Identifier: GPL-2.0-only
# This test will poll for requests: the test leg gets them as polled requests, and none waits for a
# poll that does not come.
# Needs: machine=debug,stock

# A task that waits for a read before it polls for a write that the read must wait for.
expect_no_hang() { # <what>
	local start=$SECONDS i
	# In polls, null_blk may get no memory for its data.
	dd if=/dev/urandom of=$v bs=1M count=4 oflag=direct status=none
	for i in 1 2 3; do
		timeout "$(scaled 20)" "$BVLOAD" read-before-polling 4096 $v || fail "$1: $BVLOAD: $?"
	done
	[ $((SECONDS - start)) -lt "$(scaled 10)" ] || fail "$1: took $((SECONDS - start)) s"
	expect_healthy
}

sectors=32768
new_leg 16 poll_queues=1
[ "$(<"/sys/block/${leg##*/}/queue/io_poll")" = 1 ] || skip "null_blk does not poll"
raw=$leg
new_leg 16 poll_queues=1
test=$leg
make_v
expect "io_poll of the mapped device" 1 "$(attribute queue/io_poll)"
expect_no_hang "a disk"
dmsetup remove bvtest-v

# A dm device below: it must not be polled by two at once.
new_dm below "0 $sectors linear $test 0"
test=$leg
make_v
expect_no_hang "a dm device"
"$BVLOAD" polled-write 4096 $v | tee "$case_shows"
"$BVLOAD" polled-read 4096 $v | tee -a "$case_shows"
[ ! -s "$case_shows" ] || fail "not polled"
expect_healthy
