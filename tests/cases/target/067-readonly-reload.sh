# SPDX-License-Identifier: GPL-2.0-only
# This test will reload a read-only table under a writer, and check that nothing more is written.
# Needs: machine=debug

new_pair 16 discard=1
make_v

new_dm top "0 $sectors linear $v 0"
top=$leg
dd if=/dev/urandom of=$top bs=4096 count=1 oflag=direct status=none
load_resume bvtest-v "0 $sectors blkverify $raw $test" --readonly

writes() { awk '{print $5, $12}' "/sys/block/${raw##*/}/stat" "/sys/block/${test##*/}/stat"; }

before=$(writes)

if dd if=/dev/urandom of=$top bs=4096 count=1 oflag=direct status=none 2>/dev/null; then fail "it was written"; fi
if blkdiscard -f $top 2>/dev/null; then fail "it was discarded"; fi
if blkdiscard -f -z -l 65536 $top 2>/dev/null; then fail "it was zeroed"; fi
expect "writes that the legs have seen" "$before" "$(writes)"
expect_read 0 1048576
expect_healthy
