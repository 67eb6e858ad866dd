# SPDX-License-Identifier: GPL-2.0-only
# This test will check that every invalid table line is rejected, with the reason in the log.
# Needs: machine=debug

new_pair 16
n=$sectors

expect_refused "Raw and test device are missing" "0 $n blkverify"
expect_refused "Test device is missing" "0 $n blkverify $raw"
expect_refused 'Number of optional arguments is not a number: "surplus"' "0 $n blkverify $raw $test surplus"
expect_refused "Number of optional arguments does not match the arguments that follow it" "0 $n blkverify $raw $test 2 written_only"
expect_refused "Number of optional arguments does not match the arguments that follow it" "0 $n blkverify $raw $test 0 written_only"
expect_refused "Number of optional arguments is not a number" "0 $n blkverify $raw $test -1"
expect_refused 'Unknown optional argument: "surplus"' "0 $n blkverify $raw $test 1 surplus"
expect_refused 'Optional argument given twice: "written_only"' "0 $n blkverify $raw $test 2 written_only written_only"
expect_refused 'More than one mismatch mode: "panic_on_mismatch"' "0 $n blkverify $raw $test 2 ignore_mismatch panic_on_mismatch"
expect_refused "Raw and test are the same device" "0 $n blkverify $raw $raw"
expect_refused "Cannot open raw device" "0 $n blkverify /dev/nonexistent $test"
expect_refused "Cannot open test device" "0 $n blkverify $raw /dev/nonexistent"
expect_refused "Raw device is shorter than the target" "0 $((n + 8)) blkverify $raw $test"
expect_log "raw device .* has $n sectors, 8 less than the target"

new_leg 8
expect_refused "Test device is shorter than the target" "0 $n blkverify $raw $leg"
expect_log "test device .* has 16384 sectors, 16384 less than the target"

blockdev --setro "$test"
expect_refused "Test device is read-only but the table is writable" "0 $n blkverify $raw $test"
expect_refused "Raw device is read-only but the table is writable" "0 $n blkverify $test $raw"
blockdev --setrw "$test"

# Legs that overlap: the kernel allows exclusive use of a disk or of its partitions, not of both.
truncate -s 32M "$TMPDIR/disk"
printf 'label: dos\nstart=2048, size=32768\nstart=34816, size=20480\n' | sfdisk -q "$TMPDIR/disk"
disk=$(losetup -fP --show "$TMPDIR/disk")
expect_refused "Cannot open test device" "0 16384 blkverify $disk ${disk}p1"

dmsetup create bvtest-v --table "0 16384 blkverify ${disk}p1 ${disk}p2"
dmsetup remove bvtest-v

new_leg 16 zoned=1 zone_size=4
expect_refused "Test device is zoned, which is not supported" "0 $n blkverify $raw $leg"
expect_refused "Raw device is zoned, which is not supported" "0 $n blkverify $leg $test"

# A leg that another target writes would change behind our back. A read-only target does no harm,
# and the table being replaced does not count as another target.
new_leg 16
other=$leg
make_v

refused_beside_v() { # <text> <table line>
	if dmsetup create bvtest-w --table "$2" 2>/dev/null; then fail "not refused: $2"; fi
	expect_log "$1"
	expect "users of the module" 1 "$(</sys/module/dm_blkverify/refcnt)"
}

refused_beside_v "Raw device is a leg of another blkverify target" "0 $n blkverify $raw $other"
refused_beside_v "Test device is a leg of another blkverify target" "0 $n blkverify $other $test"
refused_beside_v "Raw device is a leg of another blkverify target" "0 $n blkverify $test $other"
load_resume bvtest-v "0 $n blkverify $raw $test 1 written_only"
dmsetup remove bvtest-v
expect_refused "is a leg of another blkverify target" "0 1024 blkverify $raw $test
1024 1024 blkverify $raw $test"

dmsetup create bvtest-v --readonly --table "0 $n blkverify $raw $test"
dmsetup create bvtest-w --readonly --table "0 $n blkverify $raw $other"
dmsetup remove bvtest-w

refused_beside_v "Raw device is a leg of another blkverify target" "0 $n blkverify $raw $other"
dmsetup remove bvtest-v

# After all that, a device on the same legs still works.
make_v
expect_field state V
