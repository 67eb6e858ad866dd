# SPDX-License-Identifier: GPL-2.0-only
# This test will let a resume fail in another target of the table: what is known is not lost.
new_pair 16 discard=1
new_leg 8 discard=1
origin=$leg
new_leg 8
cow=$leg
n=$sectors
dmsetup create bvtest-v <<END
0 8 linear $origin 0
8 $n blkverify $raw $test
END
dd if=/dev/urandom of=$v bs=1M count=8 oflag=direct status=none 2>/dev/null
blkdiscard -f -o 1048576 -l 65536 $v
"$BVIO" poke "$test" 1048576 0x55
status_field() { dmsetup status bvtest-v | awk -v n="$1" '$3 == "blkverify" {print $(3 + n)}'; }
expect "untrusted" 128 "$(status_field 11)"
# A snapshot cannot be handed over while the device that has it runs.
dmsetup create bvtest-w --table "0 8 snapshot $origin $cow P 8"
dmsetup load bvtest-v <<END
0 8 snapshot $origin $cow P 8
8 $n blkverify $raw $test
END
if dmsetup resume bvtest-v 2>/dev/null; then fail "the resume did not fail"; fi
dmsetup suspend bvtest-w
dmsetup resume bvtest-v
expect "untrusted" 128 "$(status_field 11)"
expect_read 1048576 65536
expect "mismatches" 0 "$(status_field 3)"
dmsetup message bvtest-v 8 history 2048 | grep -q op=discard || fail "the history is gone"
