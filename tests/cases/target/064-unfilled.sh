# SPDX-License-Identifier: GPL-2.0-only
# This test will use a test leg that completes reads without transferring data, and check that stale
# memory does not hide it.
# Needs: machine=debug

new_leg 16 max_sectors=2048
raw=$leg
new_leg 16 memory_backed=0 max_sectors=2048
test=$leg
sectors=32768
make_v
for i in 1 2 3; do
	dd if=/dev/urandom of=$v bs=4096 count=1 oflag=direct status=none
	expect_read_error EILSEQ 0 4096
done

expect_field mismatches 3
expect_log "contents mismatch in sector 0 .* class=unfilled differ=8"

# All sectors the same, because the pages come back in another order.
head -c 1M /dev/zero | tr '\0' U | dd of=$v bs=1M iflag=fullblock oflag=direct status=none
expect_read_error EILSEQ 0 1048576
expect_log "read sector=0 nr=2048 contents mismatch in sector 0 .* class=unfilled differ=2048 "
