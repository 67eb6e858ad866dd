# SPDX-License-Identifier: GPL-2.0-only
# This test will let the test leg fetch the data of a write after completing it, and check that the
# wrong data that it stores are found; and let it change the memory of a write that has ended.
# Needs: machine=debug

new_pair 16
liar_as_test
make_v

lie fetch "$(scaled 100)"
dd if=/dev/urandom of=$v bs=4096 seek=5 count=1 oflag=direct status=none
wait_until 30 liar_is_done
lie honest
expect_field mismatches 0

expect_read_error EILSEQ $((5 * 4096)) 4096
expect_field first_mismatch 40
expect_log 'contents mismatch in sector 40 byte=504 .* differ=8 write_order=1 '
dmsetup remove bvtest-v

# The last word of each sector is marked.
for options in "" separate_copies; do
	make_v $options
	lie fetch 20
	lie modify $((2 * 512 + 505))
	dd if=/dev/urandom of=$v bs=4096 seek=7 count=1 oflag=direct status=none
	wait_until 30 liar_is_done
	lie honest
	expect_only_late
	dmsetup suspend bvtest-v
	expect_field mismatches 1
	expect_field first_mismatch 58
	expect_log 'bvtest-v: write sector=58 nr=1 contents mismatch in sector 58 byte=504 .* class=late '
	dmsetup resume bvtest-v
	dmsetup remove bvtest-v
done
