# SPDX-License-Identifier: GPL-2.0-only
# This test will use a test device that says "done" and fills nothing: memory that happens to hold
# the right data does not hide it.
new_leg 16
raw=$leg
new_leg 16 memory_backed=0
test=$leg
sectors=32768
make_v
for i in 1 2 3; do
	dd if=/dev/urandom of=$v bs=4096 count=1 oflag=direct status=none
	expect_read_error EILSEQ 0 4096
done
expect_field mismatches 3
expect_log "contents mismatch in sector 0 .* persistent class=unfilled differ=8"
dd if=/dev/urandom of=$v bs=1M count=1 oflag=direct status=none
expect_read_error EILSEQ 0 1048576
expect_log "nr=2048 contents mismatch in sector 0 .* class=unfilled differ=2048\|nr=[0-9]* .* class=unfilled"
