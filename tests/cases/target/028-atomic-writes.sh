# SPDX-License-Identifier: GPL-2.0-only
# This test will send atomic writes to the mapped device: they must reach the test leg in one piece,
# as atomic writes, whatever the raw leg offers, and have the limits of the test leg.
# Needs: machine=stock

. "$TOP/tests/lib/recorder.sh"
. "$TOP/tests/lib/scsi.sh"

new_scsi_disks 1 dev_size_mb=8 atomic_wr=1
disk=${disks[0]}

limits_of() { # <disk>: in bytes
	local f
	for f in unit_min unit_max max boundary; do
		cat "/sys/block/$1/queue/atomic_write_${f}_bytes"
	done | xargs
}
limits_of_v() { limits_of "$(dmsetup info -c --noheadings -o blkdevname bvtest-v)"; }
recorded() { # <recorder> <field>: of writes
	dmsetup status "bvtest-$1" | tr ' ' '\n' | awk -F = -v f="$2" '
		NF == 1 {op = $1} op == "write" && $1 == f {n = $2} END {print n + 0}'
}

[ -e "/sys/block/${disk##*/}/queue/atomic_write_unit_max_bytes" ] || skip "this kernel has no atomic writes"
limits=$(limits_of "${disk##*/}")
read -r unit_min unit_max _ <<<"$limits"
[ "$unit_max" -gt 0 ] || fail "the disk has no atomic writes: $limits"
sectors=16384
dd if=/dev/zero of="$disk" bs=1M oflag=direct status=none 2>/dev/null || :

new_leg 8
plain=$leg
new_recorder raw "$plain"
raw=$leg
new_recorder test "$disk"
test=$leg
make_v

# Kernels whose device mapper does not pass them on.
if [ "$(limits_of "$(dmsetup info -c --noheadings -o blkdevname bvtest-test)")" = "0 0 0 0" ]; then
	expect "the only such kernel" 6.12 "$(uname -r | cut -d . -f 1,2)"
	expect "limits" "0 0 0 0" "$(limits_of_v)"
	expect "an atomic write" 'atomic: EOPNOTSUPP' "$("$BVIO" atomic $v 0 4096 || :)"
	exit 0
fi

# Raw has no atomic writes.
expect "limits" "$limits" "$(limits_of_v)"
tell_recorder test reset
tell_recorder raw reset
written=0
for size in $unit_min 4096 $unit_max; do
	expect "an atomic write" "atomic $size" "$("$BVIO" atomic $v 1048576 "$size" || :)"
	written=$((written + 1))
done
expect "writes of test" $written "$(recorded test bios)"
expect "atomic writes of test" $written "$(recorded test atomic)"
expect "writes of raw" $written "$(recorded raw bios)"
expect "atomic writes of raw" 0 "$(recorded raw atomic)"
expect "longer than the limit" 'atomic: EINVAL' "$("$BVIO" atomic $v 0 $((unit_max * 2)) || :)"
expect "writes of test" $written "$(recorded test bios)"
expect_read 0 8388608
expect_healthy
dmsetup remove bvtest-v
blockdev --flushbufs "$plain" "$disk"
expect_same_legs

# Raw has larger blocks.
new_leg 8 blocksize=4096
raw=$leg
dd if="$disk" of="$raw" bs=1M iflag=direct oflag=direct status=none
make_v
expect "limits" "4096 ${limits#* }" "$(limits_of_v)"
expect "an atomic write" 'atomic 4096' "$("$BVIO" atomic $v 0 4096 || :)"
expect "less than a block" 'atomic: EINVAL' "$("$BVIO" atomic $v 0 512 || :)"
expect_read 0 8388608
expect_healthy
dmsetup remove bvtest-v

# Only raw has them.
raw=$disk test=$plain
dd if="$raw" of="$test" bs=1M iflag=direct oflag=direct status=none
dmsetup remove bvtest-test
make_v
expect "limits" "0 0 0 0" "$(limits_of_v)"
expect "an atomic write" 'atomic: EOPNOTSUPP' "$("$BVIO" atomic $v 0 4096 || :)"
dmsetup remove bvtest-v
