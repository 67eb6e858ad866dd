# SPDX-License-Identifier: GPL-2.0-only
# This test will check that a request that waits for another one counts as in flight, until it has
# ended.
# Needs: machine=debug

new_pair 16
new_dm slow "0 $sectors delay $test 0 $(scaled 1000)"
test=$leg
make_v

in_flight() { [ "$(attribute inflight | tr -s ' ')" = " $1 $2" ]; } # <reads> <writes>

"$BVIO" read $v 0 4096 >/dev/null &
wait_until 10 in_flight 1 0
dd if=/dev/urandom of=$v bs=4096 count=1 oflag=direct status=none &
wait_until 10 in_flight 1 1
"$BVIO" read $v 0 4096 >/dev/null &
wait_until 10 in_flight 2 1
wait
wait_until 10 in_flight 0 0

# A crowd of writes to one block.
fio --name=crowd --filename=$v --rw=write --bs=4k --size=4k --loops=32 --direct=1 --ioengine=libaio \
	--iodepth=8 --output-format=terse >/dev/null || fail "fio"
wait_until 10 in_flight 0 0
expect_healthy
