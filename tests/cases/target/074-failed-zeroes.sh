# SPDX-License-Identifier: GPL-2.0-only
# This test will fail write zeroes on one leg, and expect a divergence and an untrusted range.
# Needs: machine=debug

need_faults $request_faults
loop_pair 64
make_v

blkdiscard -f -z -o 1048576 -l 65536 $v
expect_field divergences 0

requests_fail 100 "$test"
if fallocate -p -o 1048576 -l 65536 $v 2>"$TMPDIR/said"; then fail "it did not fail"; fi
requests_succeed

expect_log "write_zeroes sector=2048 nr=128 divergence raw=0 test=-5"
expect_field first_mismatch 2048
expect_field divergences 1
expect_field untrusted 128
