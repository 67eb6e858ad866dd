# SPDX-License-Identifier: GPL-2.0-only
# This test will check that the mapped device has the limits and features of the test leg, whatever
# those of the raw leg are, except for a larger logical block size.
# Needs: machine=debug,stock

# Not stable_writes, which the table line decides, nor what is tuned by the user of a queue.
files="chunk_sectors discard_granularity discard_max_bytes discard_max_hw_bytes dma_alignment fua
	hw_sector_size logical_block_size max_discard_segments max_hw_sectors_kb max_sectors_kb
	max_segment_size max_segments minimum_io_size optimal_io_size physical_block_size rotational
	virt_boundary_mask write_cache write_zeroes_max_bytes write_zeroes_unmap_max_bytes
	write_zeroes_unmap_max_hw_bytes zone_write_granularity zoned"

limit() { cat "/sys/block/${1##*/}/queue/$2"; } # <leg> <file>
set_limit() { # <leg> <file> <value>
	[ ! -e "/sys/block/${1##*/}/queue/$2" ] || echo "$3" >"/sys/block/${1##*/}/queue/$2"
}

expect_limits_of_test() { # <what> [file...]: except for these files
	local f what=$1 from=/sys/block/${test##*/} mapped wanted
	mapped=/sys/block/$(dmsetup info -c --noheadings -o blkdevname bvtest-v)
	shift
	for f in $files; do
		[[ " $* " != *" $f "* ]] || continue
		[ -e "$from/queue/$f" ] || continue
		wanted=$(<"$from/queue/$f")
		# dm devices require at least 512 bytes.
		[ "$f" != dma_alignment ] || [ "$wanted" -ge 511 ] || wanted=511
		expect "$what: $f" "$wanted" "$(<"$mapped/queue/$f")"
	done
	expect "$what: alignment_offset" "$(<"$from/alignment_offset")" "$(<"$mapped/alignment_offset")"
}

# Write and read, with requests of several lengths.
use() {
	local bytes
	for bytes in "$(attribute queue/logical_block_size)" 12288 520192 2097152; do
		dd if=/dev/urandom of=$v bs="$bytes" seek=1 count=2 oflag=direct status=none
	done
	expect_read 0 8388608
	expect_healthy
}

sectors=32768

# A raw leg that is worse in all respects.
new_leg 16 max_sectors=8 virt_boundary=1
raw=$leg
set_limit "$raw" rotational 1
new_leg 16 max_sectors=4096 discard=1 cache_size=1
test=$leg
make_v
expect_limits_of_test "a worse raw leg"
[ "$(attribute queue/discard_max_bytes)" -gt 0 ] || fail "test has discards"
expect "write cache" "write back" "$(attribute queue/write_cache)"
expect "rotational" 0 "$(attribute queue/rotational)"
[ "$(attribute queue/max_sectors_kb)" -gt "$(limit "$raw" max_hw_sectors_kb)" ] || fail "max_sectors is that of raw"
use
dmsetup remove bvtest-v

# A raw leg that is better in all respects.
sectors=32768 leg=$raw raw=$test test=$leg
make_v
expect_limits_of_test "a better raw leg"
expect "discards" 0 "$(attribute queue/discard_max_bytes)"
expect "write cache" "write through" "$(attribute queue/write_cache)"
expect "rotational" 1 "$(attribute queue/rotational)"
use
dmsetup remove bvtest-v

# A limit that is set by the user counts as well.
set_limit "$test" max_sectors_kb 4
make_v
expect_limits_of_test "a lower max_sectors_kb"
dmsetup remove bvtest-v

# Different drivers: a loop device that is a file, and a disk in memory.
[ ! -b /dev/ram0 ] || { ram_pair 16; ram=$raw; }
loop_pair 16
loop=$test
for test in "$loop" ${ram+"$ram"}; do
	for raw in "$loop" ${ram+"$ram"} "$leg"; do
		[ "$raw" != "$test" ] || continue
		make_v written_only
		expect_limits_of_test "$raw and $test"
		dmsetup remove bvtest-v
	done
done

# A raw leg that becomes too short between load and resume is refused, as dm does for the test leg.
raw=$(losetup -f --show "$TMPDIR/bvtest-files/raw") test=$loop
dmsetup create bvtest-v --notable
dmsetup load bvtest-v <<<"0 $sectors blkverify $raw $test"
truncate -s 8M "$TMPDIR/bvtest-files/raw"
losetup -c "$raw"
if dmsetup resume bvtest-v 2>/dev/null; then fail "raw is too short"; fi
expect_log "raw device ${raw##*/} has 16384 sectors, 16384 less than the target"
truncate -s 16M "$TMPDIR/bvtest-files/raw"
losetup -c "$raw"
dmsetup resume bvtest-v
expect_read 0 1048576
expect_healthy
dmsetup remove bvtest-v

# 512-byte blocks on the test leg, 4096-byte blocks on the raw leg: only what follows from the block
# size differs.
new_leg 16 blocksize=4096
large=$leg
new_leg 16 discard=1 max_sectors=2047
small=$leg
raw=$large test=$small
make_v
expect_limits_of_test "larger blocks on raw" hw_sector_size logical_block_size physical_block_size \
	minimum_io_size discard_granularity max_sectors_kb max_hw_sectors_kb discard_max_bytes \
	discard_max_hw_bytes
for f in hw_sector_size logical_block_size physical_block_size minimum_io_size discard_granularity; do
	expect "$f" 4096 "$(attribute queue/$f)"
done
for f in discard_max_bytes discard_max_hw_bytes; do
	expect "$f" $(($(limit "$test" $f) / 4096 * 4096)) "$(attribute queue/$f)"
done
expect "max_hw_sectors_kb" 1020 "$(attribute queue/max_hw_sectors_kb)"
blkdiscard -f -o 4096 -l 8192 $v
use
dmsetup remove bvtest-v

# The target must be aligned to the blocks of raw, which dm does not check.
expect_refused "not aligned to the logical blocks of the raw device" "0 32764 blkverify $raw $test"
expect_refused "not aligned to the logical blocks of the raw device" \
	"0 1 error
1 32760 blkverify $raw $test"

# The other way round, the limits are those of test without exception.
raw=$small test=$large
make_v
expect_limits_of_test "larger blocks on test"
expect "logical_block_size" 4096 "$(attribute queue/logical_block_size)"
use
dmsetup remove bvtest-v

# A target that begins elsewhere in the table.
sectors=32760 raw=$large test=$small
dmsetup create bvtest-v <<END
0 8 error
8 $sectors blkverify $raw $test
END
expect "logical_block_size" 4096 "$(attribute queue/logical_block_size)"
expect_read 4096 1048576
expect_healthy
