# SPDX-License-Identifier: GPL-2.0-only
# This test will compare and copy devices and images, and never copy onto what is in use.
. "$TOP/tools/tests/lib.sh"
modprobe ext4
new_images 8
tool 0 compare "$raw_img" "$test_img"
says "0 of 16384 sectors differ"
spoil "$test_img" 0
spoil "$test_img" 16383
tool 6 compare "$raw_img" "$test_img"
says "differ: sectors 0 to 0 (1)"
says "differ: sectors 16383 to 16383 (1)"
truncate -s 4M "$TMPDIR/short"
tool 6 compare "$raw_img" "$TMPDIR/short"
warns "--allow-unequal"
tool 4 compare "$raw_img" "$raw_img"
tool 4 compare "$raw_img" "$TMPDIR/none"
new_pair 8
tool 1 sync "$raw_img" "$test"
warns "nothing was written"
cmp -n 512 "$test" /dev/zero || fail "it was written without yes"
mkfs.ext4 -q -L precious "$test"
tool 0 sync --yes "$raw_img" "$test"
warns 'holds ext4, label "precious"'
tool 0 compare "$raw_img" "$test"
mkfs.ext4 -q "$test"
mkdir "$TMPDIR/bvtest-mount"
mount "$test" "$TMPDIR/bvtest-mount"
tool 5 sync --yes "$raw_img" "$test"
warns "mounted on $TMPDIR/bvtest-mount"
umount "$TMPDIR/bvtest-mount"
tool 4 sync --yes "$raw_img" "$TMPDIR/short"
warns "8192 less than raw"
# An unreadable part.
dmsetup create bvtest-holes <<END
0 1000 linear $test 0
1000 8 error
1008 $((sectors - 1008)) linear $test 1008
END
dd if="$raw_img" of="$test" bs=1M oflag=direct status=none
tool 7 compare "$raw_img" /dev/mapper/bvtest-holes
says "cannot be read: sectors 1000 to 1007 (8)"
dmsetup remove bvtest-holes
# Killed in the middle: an unfinished copy is said to be one, and can be repeated.
new_dm slow "0 $sectors delay $raw 0 300"
"$BLKVERIFY" sync --yes /dev/mapper/bvtest-slow "$test" &
sleep 1
kill -9 $!
wait $! || :
tool 0 sync --yes /dev/mapper/bvtest-slow "$test"
tool 0 compare "$raw" "$test"
# qcow2.
command -v qemu-nbd >/dev/null && modprobe nbd || skip "no qemu-nbd or nbd module"
qemu-img convert -O qcow2 "$raw_img" "$TMPDIR/raw.qcow2"
tool 0 compare "$TMPDIR/raw.qcow2" "$raw_img"
spoil "$raw_img" 77
tool 6 compare "$TMPDIR/raw.qcow2" "$raw_img"
says "differ: sectors 77 to 77 (1)"
# Killed in the middle, which the slow device makes sure of.
"$BLKVERIFY" compare "$TMPDIR/raw.qcow2" /dev/mapper/bvtest-slow >/dev/null 2>&1 &
sleep 0.5
kill -9 $!
wait $! || :
for ((i = 0; i < 50; i++)); do [ -n "$(ls -d /sys/block/nbd*/pid 2>/dev/null)" ] || break; sleep 0.1; done
expect "nbd devices in use" "" "$(ls -d /sys/block/nbd*/pid 2>/dev/null)"
