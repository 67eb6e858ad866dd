# SPDX-License-Identifier: GPL-2.0-only
# This test will let a disk lose all, none or some blocks of atomic writes in a power cut, and check
# that only the last is reported, and not for a write that is not atomic.
# Needs: machine=stock

. "$TOP/tests/lib/scsi.sh"

new_scsi_disks 1 dev_size_mb=8 atomic_wr=1
test=${disks[0]}
sectors=16384
dd if=/dev/zero of="$test" bs=1M oflag=direct status=none 2>/dev/null || :
new_leg 8
raw=$leg
make_v crash crash_unit 8
[ -e "/sys/block/${test##*/}/queue/atomic_write_unit_max_bytes" ] || skip "this kernel has no atomic writes"
if [ "$(attribute queue/atomic_write_unit_max_bytes)" -lt 16384 ]; then
	expect "the only such kernel" 6.12 "$(uname -r | cut -d . -f 1,2)"
	skip "this kernel's device mapper passes no atomic writes on"
fi
expect "write cache" "write back" "$(attribute queue/write_cache)"

# Places of 16 KiB; the number of one is that of its first KiB.
size=16384
dd if=/dev/urandom of="$TMPDIR/old" bs=1M count=1 status=none
write() { # <place>
	dd if="$TMPDIR/new" of=$v bs=1k skip="$1" seek="$1" count=16 oflag=direct conv=notrunc status=none
}
write_atomic() { # <place>
	expect "an atomic write" "atomic $size" "$("$BVIO" atomic $v $(($1 * 1024)) $size || :)"
}
# The disk loses what was written to these blocks of 4 KiB.
lose() { # <place> <first block> <blocks>
	dd if="$TMPDIR/old" of="$test" bs=1k skip=$(($1 + $2 * 4)) seek=$(($1 + $2 * 4)) \
		count=$(($3 * 4)) oflag=direct conv=notrunc status=none
}
crash() { dmsetup message bvtest-v 0 crash "$1"; }
begin() {
	dd if="$TMPDIR/old" of=$v bs=64k oflag=direct conv=fsync,notrunc status=none
	dmsetup message bvtest-v 0 reset
}
cut_power() {
	crash arm
	crash cut
	"$@"
	crash back
	expect_field power settling
}
expect_torn() { # <place> <block that is read>
	expect_read_error EILSEQ $((($1 + $2 * 4) * 1024)) 4096
	expect_log "contents mismatch in sector $((($1 + $2 * 4) * 2)) .* class=torn "
}

dd if=/dev/urandom of="$TMPDIR/new" bs=1M count=1 status=none
begin
for place in 0 16 32 48 64; do write_atomic $place; done
write 80
losses() {
	lose 0 0 4
	lose 32 2 2
	lose 48 0 1
	lose 64 1 2
	lose 80 0 2
}
cut_power losses

# All or none, and a write that is not atomic.
for place in 0 16 80; do
	expect_read $((place * 1024)) $size
done
expect_field mismatches 0
# The first block of the others that is read may be either; one that does not go with it is torn.
expect_read $((32 * 1024)) 8192
expect_torn 32 2
expect_torn 32 3
expect_read $((48 * 1024)) 4096
expect_torn 48 1
expect_read $(((64 + 12) * 1024)) 4096
expect_torn 64 1
expect_read $((64 * 1024)) 4096
expect_field torn 4

# Blocks that a later write covers need not go with the others.
dd if=/dev/zero of=$v bs=1M count=1 oflag=direct conv=fsync,notrunc status=none
begin
write_atomic 0
write 0
write_atomic 16
dd if="$TMPDIR/new" of=$v bs=1k skip=16 seek=16 count=8 oflag=direct conv=notrunc status=none
losses() {
	lose 0 0 2
	lose 16 0 1
}
cut_power losses
expect_read 0 1048576
expect_field mismatches 0
