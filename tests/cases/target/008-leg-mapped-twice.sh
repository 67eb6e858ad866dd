# SPDX-License-Identifier: GPL-2.0-only
# This test will map a leg by another device-mapper device, which the kernel allows, and check that
# the log has a warning, for a disk and for a partition, but none about the target's own tables.

warning='device .* is also mapped by another device-mapper device'
new_pair 64

# Several tables of the same device cause no warning, even if one of them is read-only.
make_v
load_resume bvtest-v "0 $sectors blkverify $raw $test"
load_resume bvtest-v "0 $sectors blkverify $raw $test" --readonly
load_resume bvtest-v "0 $sectors blkverify $raw $test"
dmsetup remove bvtest-v
expect_no_log "$warning"

# The leg is mapped before the target is created, and stays mapped.
for shared in raw test; do
	new_dm other "0 $sectors linear ${!shared} 0"
	make_v
	expect_log "$shared device $(basename "${!shared}") is also mapped by another device-mapper device"
	expect "warnings" "$([ $shared = raw ] && echo 1 || echo 2)" "$(grep -c "$warning" <<<"$(case_log)")"
	dmsetup remove bvtest-v
	dmsetup remove bvtest-other
done

# A partition of a loop device.
disk=$TMPDIR/bvtest-disk
truncate -s 64M "$disk"
loop=$(losetup -f --show -P "$disk")
addpart "$loop" 1 2048 32768
addpart "$loop" 2 34816 32768
raw=${loop}p1 test=${loop}p2 sectors=32768
make_v
dmsetup remove bvtest-v
expect "warnings" 2 "$(grep -c "$warning" <<<"$(case_log)")"
new_dm other "0 $sectors linear $test 0"
make_v
expect_log "test device ${test#/dev/} is also mapped by another device-mapper device"
expect "warnings" 3 "$(grep -c "$warning" <<<"$(case_log)")"
