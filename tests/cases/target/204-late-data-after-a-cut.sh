# SPDX-License-Identifier: GPL-2.0-only
# This test will let the test leg fail a read after a power cut, and write to its memory later, while
# the next read of uncertain sectors waits for the raw leg.
# Needs: machine=debug

new_pair 16 cache_size=1
fill_random "$raw" 16
dd if="$raw" of="$test" bs=1M oflag=direct status=none
fast=$raw
new_dm slow-raw "0 $sectors delay $raw 0 $(scaled 1000) $raw 0 0"
raw=$leg
liar_as_test
make_v crash

dd if=/dev/urandom of=$v bs=4096 count=1 oflag=direct conv=notrunc status=none
dd if=/dev/urandom of=$v bs=4096 count=1 seek=100 oflag=direct conv=notrunc status=none
dmsetup message bvtest-v 0 crash arm
dmsetup message bvtest-v 0 crash cut
dmsetup message bvtest-v 0 crash back
expect_field uncertain 16

# The data of the first read arrive half a second later.
lie early "$(scaled 500)"
lie fail read IOERR 1
expect_read_error EIO 0 4096
lie honest
expect_field unreadable 1
expect_read 409600 4096
wait_until 30 liar_is_done
expect_field uncertain 8
expect_field mismatches 0
expect_read 0 4096
expect_field settled_new 16
expect_field mismatches 0
cmp <(dd if="$fast" bs=1M iflag=direct status=none) <(dd if="$test_below" bs=1M iflag=direct status=none) ||
	fail "the legs differ"
