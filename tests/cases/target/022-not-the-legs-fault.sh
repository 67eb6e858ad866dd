# SPDX-License-Identifier: GPL-2.0-only
# This test will fail requests for reasons that are not the leg's fault, and expect no divergence.
# Needs: machine=debug

new_pair 16
make_v
requests_fail 100 "$test"

# Readahead without a waiter.
xfs_io -r -c "fadvise -w 1048576 65536" $v
wait_until 30 faults_happened $request_faults
udevadm settle 2>/dev/null || sleep 0.2

expect_field divergences 0
expect_field test_errors 0
expect_field state V

# A read of the same sectors that is waited for is reported.
expect_read_error EIO 1048576 65536
expect_field divergences 1
expect_field test_errors 1

requests_succeed
dmsetup remove bvtest-v

# A leg that supported write zeroes when the table was loaded, and no longer does.
loop_pair 64
real=$test
new_dm low "0 $sectors linear $real 0"
test=$leg
make_v

suspend_load_resume bvtest-low "0 $sectors error"

if fallocate -p -o 1048576 -l 65536 $v 2>"$TMPDIR/said"; then fail "it did not fail"; fi
grep -q "unsupported" "$TMPDIR/said" || fail "$(cat "$TMPDIR/said")"
expect_field divergences 0
expect_field test_errors 0
expect_field untrusted 128

suspend_load_resume bvtest-low "0 $sectors linear $real 0"
reports_expected=1
expect_read 0 4194304
expect_healthy
