# SPDX-License-Identifier: GPL-2.0-only
# This test will check that discard_zeroes compares discarded sectors, that requests without data
# are counted, and that a report names the discards that may be the cause.
# Needs: machine=debug

new_pair 64 discard=1 cache_size=1
liar_as_test
make_v discard_zeroes
dd if=/dev/urandom of=$v bs=1M count=2 oflag=direct status=none

# All sectors are compared after a discard of the whole device.
blkdiscard -f $v
expect_field untrusted 0
expect_field distrusted_discard 0
dmsetup message bvtest-v 0 reset
expect_read 0 4194304
expect_field compared 8192
expect_field skipped 0

# A leg that ignores a discard is found.
dd if=/dev/urandom of=$v bs=4096 count=3 oflag=direct status=none
lie fail discard OK 1
blkdiscard -f -o 4096 -l 4096 $v
expect_read 0 4096
expect_read_error EILSEQ 4096 4096
expect_field first_mismatch 8
expect_log 'contents mismatch in sector 8 .* write_op=discard '
expect_read 8192 4096
dmsetup remove bvtest-v

# A long discard counts as one request.
make_v
discards=$(field discards) zeroes=$(field zeroes) flushes=$(field flushes)
blkdiscard -f -o 0 -l 8388608 $v
blkdiscard -f -o 8388608 -l 4096 $v
dd if=/dev/null of=$v conv=fsync,notrunc status=none
expect "discards" $((discards + 2)) "$(field discards)"
expect "zeroes" "$zeroes" "$(field zeroes)"
[ "$(field flushes)" -gt "$flushes" ] || fail "the flush was not counted"
dmsetup message bvtest-v 0 reset
expect_field discards 0
expect_field flushes 0
dmsetup remove bvtest-v

# The write that a report names is not the cause: a discard of other sectors destroyed its data.
make_v
write_block() { dd if=/dev/urandom of=$v bs=4096 seek="$1" count=1 oflag=direct status=none; }
write_block 100
write_block 101
write_block 3000
blkdiscard -f -o $((101 * 4096)) -l 4096 $v
blkdiscard -f -o $((3000 * 4096)) -l 4096 $v
dd if=/dev/zero of="$test_below" bs=4096 seek=100 count=1 oflag=direct status=none

expect_read_error EILSEQ $((100 * 4096)) 4096
expect_log 'sector 800 .* class=zeros .* write_order=1 .* latest_clear_order=5 latest_clear_start=24000 latest_clear_nr=8 latest_clear_op=discard nearest_clear_order=4 nearest_clear_start=808 nearest_clear_nr=8 nearest_clear_op=discard'

# A discard that is both the latest and the nearest is shown once; without a discard, none is shown.
dmsetup message bvtest-v 0 reset
write_block 100
blkdiscard -f -o $((101 * 4096)) -l 4096 $v
dd if=/dev/zero of="$test_below" bs=4096 seek=100 count=1 oflag=direct status=none
expect_read_error EILSEQ $((100 * 4096)) 4096
list=$(dmsetup message bvtest-v 0 list)
[[ $list == *"latest_clear_order=7 latest_clear_start=808 "* ]] || fail "$list"
[[ $list != *nearest_clear* ]] || fail "$list"

dmsetup message bvtest-v 0 reset
write_block 100
dd if=/dev/zero of="$test_below" bs=4096 seek=100 count=1 oflag=direct status=none
expect_read_error EILSEQ $((100 * 4096)) 4096
list=$(dmsetup message bvtest-v 0 list)
[[ $list == *"class=zeros"* && $list != *_clear_* ]] || fail "$list"
dmsetup remove bvtest-v

# Write zeroes requests are counted, too.
dmsetup remove bvtest-liar
loop_pair 16
make_v
blkdiscard -f -z -o 0 -l 1048576 $v
expect_field zeroes 1
expect_field discards 0
