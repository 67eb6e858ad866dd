# SPDX-License-Identifier: GPL-2.0-only
# This test will lose a write with FUA that completes while the target is armed: a device with FUA must
# not lose it; one that needs a flush for it may have been without power before the flush.
# Needs: machine=debug

lose_fua() { # <FUA of the test device>
	new_pair 16 cache_size=1 fua="$1"
	fill_random "$raw" 1
	dd if="$raw" of="$test" bs=1M count=1 oflag=direct status=none
	expect "FUA of $test" "$1" "$(cat "/sys/block/${test#/dev/}/queue/fua")"
	dd if="$test" of="$TMPDIR/saved" bs=4096 count=1 iflag=direct status=none
	make_v crash
	dmsetup message bvtest-v 0 crash arm
	# With O_DSYNC, a direct write has FUA. The flush that follows is of no interest while armed.
	dd if=/dev/urandom of=$v bs=4096 count=1 oflag=direct,dsync conv=notrunc status=none
	dmsetup message bvtest-v 0 crash cut
	dd if="$TMPDIR/saved" of="$test" oflag=direct conv=notrunc bs=4096 status=none
	dmsetup message bvtest-v 0 crash back
}

lose_fua 0
expect_read 0 4096
expect_field settled_old 8
expect_field mismatches 0
dmsetup remove bvtest-v

lose_fua 1
expect_read_error EILSEQ 0 4096
expect_log "contents mismatch in sector 0 .* class=lost .* promise=fua"
