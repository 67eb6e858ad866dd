# SPDX-License-Identifier: GPL-2.0-only
# This test will fail a write on one leg, and check that the range is not compared until it is
# rewritten.
# Needs: machine=debug

new_pair 16
n=$sectors real=$test
new_dm flakey "0 $n flakey $test 0 0 60 1 error_writes"
test=$leg
make_v
if dd if=/dev/urandom of=$v bs=65536 count=1 oflag=direct 2>/dev/null; then
	fail "the write did not fail"
fi
expect_field divergences 1

reports_expected=1

expect_field untrusted 128
expect_read 0 65536
expect_read 0 1048576
expect_field mismatches 0
expect_field skipped 256

suspend_load_resume bvtest-flakey "0 $n linear $real 0"
dd if=/dev/urandom of=$v bs=32768 count=1 oflag=direct status=none
expect_field untrusted 64

dd if=/dev/urandom of=$v bs=65536 count=1 oflag=direct status=none
expect_field untrusted 0

dmsetup message bvtest-v 0 reset
expect_read 0 1048576
expect_healthy

"$BVIO" poke "$real" 40000 1
expect_read_error EILSEQ 0 65536
