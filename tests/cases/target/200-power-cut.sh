# SPDX-License-Identifier: GPL-2.0-only
# This test will cut the power of a test device with a write cache, let each block come back in
# another way, and check that only what it must not hold is reported.
# Needs: machine=debug

new_pair 16 cache_size=1
fill_random "$raw" 1
dd if="$raw" of="$test" bs=1M count=1 oflag=direct status=none
dd if="$raw" of="$TMPDIR/first" bs=4096 skip=12 count=1 iflag=direct status=none
make_v crash crash_unit 8
expect_field power on
expect "write cache" "write back" "$(attribute queue/write_cache)"

# Blocks have 4 KiB; each file has one.
for f in a b c d e f; do
	dd if=/dev/urandom of="$TMPDIR/$f" bs=4096 count=1 status=none
done
write() { # <block> <file> [option of dd]
	dd if="$TMPDIR/$2" of=$v bs=4096 seek="$1" count=1 oflag=direct${3:+,$3} conv=notrunc status=none
}
flush() { dd if=/dev/null of=$v conv=fsync,notrunc status=none; }
# What the power cut leaves in a block of the test device.
leave() { # <block> <file>
	dd if="$TMPDIR/$2" of="$test" bs=4096 seek="$1" count=1 oflag=direct conv=notrunc status=none
}
holds() { # <device> <block> <file>
	dd if="$1" bs=4096 skip="$2" count=1 iflag=direct status=none | cmp - "$TMPDIR/$3"
}
crash() { dmsetup message bvtest-v 0 crash "$1"; }
cut_power() {
	crash arm
	crash cut
	expect_field power off
}
wrong() { # <block> <rest of the report>
	expect_read_error EILSEQ $(($1 * 4096)) 4096
	expect_log "read sector=$(($1 * 8)) nr=8 contents mismatch in sector .*$2"
}

for n in 0 1 2 3 4 5 6 7 8 9; do
	write $n a
done
write 0 c
flush
write 5 b
flush
# With FUA; a flush follows.
write 4 b dsync
# The last two are written for the first time.
for n in 1 2 3 6 7 8 9 11 12; do
	write $n b
done
expect_field uncertain 0

cut_power
expect_read_error EIO 0 4096
if write 20 a 2>/dev/null; then fail "a write was completed without power"; fi
leave 1 a
(head -c 2048 "$TMPDIR/a"; tail -c 2048 "$TMPDIR/b") >"$TMPDIR/torn"
leave 3 torn
leave 4 a
leave 5 a
dd if=/dev/zero of="$TMPDIR/zeros" bs=4096 count=1 status=none
leave 6 zeros
leave 7 c
leave 8 d
leave 11 d
leave 12 first
crash back

expect_field power settling
expect_field cuts 1
expect_field uncertain $((9 * 8))
expect "ranges" "8 24 48 32 88 16 complete" "$(dmsetup message bvtest-v 0 uncertain | tr '\n' ' ' | sed 's/ $//')"

holds $v 1 a || fail "an unflushed write must be allowed to be lost"
holds "$raw" 1 a || fail "raw did not follow test"
holds $v 12 first || fail "it must be allowed that nothing was written"
holds $v 2 b || fail "an unflushed write must be allowed to be kept"
holds $v 0 c
expect_field settled_old 2
expect_field settled_new 1
expect_field mismatches 0

# The block is torn where it is not what raw holds.
wrong 3 " class=torn differ=4 crash=1 write_order="
torn=$(dmsetup message bvtest-v 0 list | grep class=torn)
case $torn in
*" bad="*) fail "the runs of a block that was uncertain: $torn" ;;
*" words=0x0000000000000000 "*) fail "no word differs: $torn" ;;
*" words=0x"*) ;;
*) fail "the words are missing: $torn" ;;
esac
wrong 4 " class=lost differ=8 crash=1 promise=fua write_order=.*write_start=32 write_nr=8"
wrong 5 " class=lost differ=8 crash=1 promise=flush write_order=.*write_start=40 write_nr=8"
wrong 6 " class=zeros differ=8 crash=1 "
# Block 0 got them by the eleventh write through the device; block 7 was last written by the 18th.
wrong 7 " class=misplaced differ=8 crash=1 belongs_in=0 belongs_order=11 write_order=18 "
wrong 8 " class=other differ=8 crash=1 "
wrong 11 " class=other differ=8 crash=1 "
holds $v 9 b
expect_field mismatches 7
expect_field divergences 0
expect_field lost 2
expect_field torn 1
expect_field settled_new 2
expect_field state C

# An answer is final.
leave 1 b
wrong 1 " class=flapping differ=8 crash=1 "
leave 1 a
holds $v 1 a

# What is wrong is written again.
for n in 3 4 5 6 7 8 11; do
	write $n a
done
expect_field uncertain 0
expect_field power on
dmsetup message bvtest-v 0 reset
expect_field lost 0
expect_read 0 $((sectors * 512))
expect_field mismatches 0

# Data that are not those of a write, but what a power cut has left, have no number.
flush
write 9 b
cut_power
leave 9 first
crash back
wrong 9 " class=misplaced differ=8 crash=2 belongs_in=96 write_order="

# Nor have those of a write that the history has forgotten.
write 9 a
dd if=/dev/urandom of=$v bs=512 seek=8192 count=4200 oflag=direct conv=notrunc status=none
flush
write 8 b
cut_power
leave 8 c
crash back
wrong 8 " class=misplaced differ=8 crash=3 belongs_in=0 write_order="

# Two blocks that were durable have changed places.
write 13 e
write 14 f
flush
cut_power
leave 13 f
leave 14 e
crash back
wrong 13 " class=misplaced differ=8 crash=4 belongs_in=112 "
wrong 14 " class=misplaced differ=8 crash=4 belongs_in=104 "
expect_field lost 0
