# SPDX-License-Identifier: GPL-2.0-only
# This test will check that freeze_on_mismatch keeps all requests from the legs until "thaw".
# Needs: machine=debug

new_pair 16 discard=1 cache_size=1
make_v freeze_on_mismatch

requests() { cat "/sys/block/${raw##*/}/stat" "/sys/block/${test##*/}/stat"; }

refused() {
	local before
	before=$(requests)
	expect_read_error EIO 65536 4096
	if dd if=/dev/zero of=$v bs=4096 seek=5 count=1 oflag=direct 2>/dev/null; then fail "a write was let through"; fi
	if blkdiscard -f -o 0 -l 4096 -z $v 2>/dev/null; then fail "zeroes were let through"; fi
	if blkdiscard -f -o 0 -l 4096 $v 2>/dev/null; then fail "a discard was let through"; fi
	if dd if=/dev/null of=$v conv=fsync,notrunc 2>/dev/null; then fail "a flush was let through"; fi
	expect "requests that the legs have seen" "$before" "$(requests)"
	expect_field state F
}

"$BVIO" poke "$test" 4096 1

expect_read 65536 4096
expect_read_error EILSEQ 4096 4096
expect_field first_mismatch 8
refused

# Neither a reset nor a reload thaws the device.
dmsetup message bvtest-v 0 reset
refused

line=$(dmsetup table bvtest-v)
load_resume bvtest-v "$line"
refused

load_resume bvtest-v "0 $sectors blkverify $raw $test"
refused

dmsetup suspend bvtest-v
dmsetup resume bvtest-v
refused

"$BVIO" poke "$test" 4096 1
dmsetup message bvtest-v 0 thaw

expect_field state V
expect_read 0 1048576
expect_field first_mismatch -

# Requests that were already submitted to the legs complete.
dmsetup remove bvtest-v
new_dm slow "0 $sectors delay $test 0 0 $test 0 $(scaled 30000)"
fast=$test test=$leg
"$BVIO" poke "$fast" 4096 1
make_v freeze_on_mismatch

dd if=/dev/zero of=$v bs=4096 seek=100 count=1 oflag=direct status=none &
writer=$!
delays_one() { [ "$(dmsetup status bvtest-slow | awk '{print $5}')" = 1 ]; }
wait_until 30 delays_one

expect_read_error EILSEQ 4096 4096
expect_field state F

# A suspend releases the held requests.
dmsetup suspend bvtest-slow
dmsetup resume bvtest-slow
wait $writer || fail "a write that was with the legs was not completed"
expect_field written 8

test=$fast

# A divergence freezes, too; an error of both legs does not.
dmsetup remove bvtest-v
good=$test
new_dm bad "0 $sectors error"
bad_test=$leg
new_dm bad2 "0 $sectors error"
bad_raw=$leg
healthy_raw=$raw
raw=$bad_raw test=$bad_test
make_v freeze_on_mismatch
expect_read_error EIO 0 4096
expect_field state V
dmsetup remove bvtest-v

raw=$healthy_raw
make_v freeze_on_mismatch

expect_read_error EIO 0 4096
expect_field state F
expect_field divergences 1

test=$good
