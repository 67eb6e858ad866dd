# SPDX-License-Identifier: GPL-2.0-only
# This test will refuse what cannot work, say who is in the way, and leave nothing behind.
. "$TOP/tools/tests/lib.sh"
modprobe ext4
new_pair 16
truncate -s 8M "$TMPDIR/small"
truncate -s 100 "$TMPDIR/tiny"
tool 4 open bvtest-v "$raw" "$TMPDIR/small"
warns "$TMPDIR/small has 16384 sectors, 16384 less than raw $raw: --allow-unequal"
tool 4 open bvtest-v "$raw" "$TMPDIR/tiny"
warns "less than a sector"
tool 4 open bvtest-v "$raw" "$raw"
warns "are the same"
tool 4 open bvtest-v "$raw" "$TMPDIR/none"
warns "cannot open test $TMPDIR/none"
tool 4 open bvtest-v "$raw" "$TMPDIR"
tool 1 open bvtest-v "$raw"
warns "usage: blkverify open"
tool 1 open bvtest-v "$raw" "$test" --ignore-mismatch --freeze-on-mismatch
tool 1 open bvtest/v "$raw" "$test"
tool 1 open bvtest-v "$raw" "$test" --sectors 999999999
tool 1 open bvtest-v "$raw" "$test" --nonsense
tool 1 blurb
new_dm holder "0 $sectors linear $test 0"
tool 5 open bvtest-v "$raw" "$test"
warns "test $test is in use by device mapper device bvtest-holder"
dmsetup remove bvtest-holder
mkfs.ext4 -q "$test"
mkdir "$TMPDIR/bvtest-mount"
mount "$test" "$TMPDIR/bvtest-mount"
tool 5 open bvtest-v "$raw" "$test"
warns "the file system mounted on $TMPDIR/bvtest-mount"
umount "$TMPDIR/bvtest-mount"
mkswap "$raw" >/dev/null
swapon "$raw"
tool 5 open bvtest-v "$raw" "$test"
warns "raw $raw is in use by swap"
swapoff "$raw"
tool 0 open --dry-run bvtest-v "$raw" "$test" --written-only --fingerprint-max-mib 7
says "0 $sectors blkverify $raw $test 3 written_only fingerprint_max_mib 7"
says "dmsetup create bvtest-v --table '0 $sectors blkverify"
expect_no_device bvtest-v
# A name that exists.
tool 0 open bvtest-v "$raw" "$TMPDIR/small" --allow-unequal --written-only
expect "table" "0 16384 blkverify" "$(dmsetup table bvtest-v | cut -d ' ' -f 1-3)"
expect "options" "1 written_only" "$(dmsetup table bvtest-v | cut -d ' ' -f 6-)"
truncate -s 8M "$TMPDIR/a" "$TMPDIR/b"
tool 5 open bvtest-v "$TMPDIR/a" "$TMPDIR/b"
warns "bvtest-v exists already"
tool 5 open bvtest-w "$TMPDIR/a" "$TMPDIR/small"
warns "is attached to /dev/loop"
# In use.
exec 5<$v
tool 5 close bvtest-v
warns "bvtest-v is in use"
tool 0 close --deferred bvtest-v
exec 5<&-
expect_no_device bvtest-v
tool 4 close bvtest-v
warns "there is no device bvtest-v"
new_dm other "0 $sectors linear $test 0"
tool 4 close bvtest-other
warns "bvtest-other is a linear device, not blkverify"
dmsetup remove bvtest-other
# What a killed open leaves: a device without a table.
dmsetup create bvtest-v --notable
tool 4 status bvtest-v
warns "has no table"
tool 0 close bvtest-v
tool 0 open bvtest-v "$raw" "$test" --readonly
expect "read-only" 1 "$(cat /sys/block/$(basename "$(readlink -f $v)")/ro 2>/dev/null || blockdev --getro $v)"
tool 0 close bvtest-v
expect_no_loops
