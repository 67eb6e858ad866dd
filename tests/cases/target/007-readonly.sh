# SPDX-License-Identifier: GPL-2.0-only
# This test will verify two read-only legs through a read-only table, and check that writes are
# rejected.
# Needs: machine=debug

new_pair 16
fill_random "$raw" 16
dd if="$raw" of="$test" bs=1M oflag=direct status=none
blockdev --setro "$raw"
blockdev --setro "$test"
dmsetup create bvtest-v --readonly --table "0 $sectors blkverify $raw $test"

expect_read 0 4194304
expect_healthy
if dd if=/dev/zero of=$v bs=4096 count=1 oflag=direct 2>/dev/null; then fail "could be written"; fi
expect_field written 0
