# SPDX-License-Identifier: GPL-2.0-only
# This test will fail requests for reasons that are not the leg's fault, and expect no divergence.
# Needs: machine=debug

fault=/sys/kernel/debug/fail_make_request
[ -e $fault ] || skip "this kernel cannot let requests fail"

new_pair 16
make_v

trap 'echo 0 >$fault/probability; clean_up' EXIT
echo 1 >"/sys/block/${test##*/}/make-it-fail"
echo 0 >$fault/verbose
echo 1000 >$fault/times
echo 100 >$fault/probability

# Readahead that nobody waits for.
xfs_io -r -c "fadvise -w 1048576 65536" $v
for ((i = 0; i < 50 && $(<$fault/times) == 1000; i++)); do sleep 0.1; done
[ "$(<$fault/times)" -lt 1000 ] || fail "nothing was read ahead"

udevadm settle 2>/dev/null || sleep 0.2

expect_field divergences 0
expect_field test_errors 0
expect_field state V

# Who waits for the same sectors is told.
expect_read_error EIO 1048576 65536
expect_field divergences 1
expect_field test_errors 1

echo 0 >$fault/probability
dmsetup remove bvtest-v

# A leg that could zero when the table was made, and cannot any more.
loop_pair 64
real=$test
new_dm low "0 $sectors linear $real 0"
test=$leg
make_v

dmsetup suspend bvtest-low
dmsetup load bvtest-low --table "0 $sectors error"
dmsetup resume bvtest-low

if fallocate -p -o 1048576 -l 65536 $v 2>"$TMPDIR/said"; then fail "it did not fail"; fi
grep -q "unsupported" "$TMPDIR/said" || fail "$(cat "$TMPDIR/said")"
expect_field divergences 0
expect_field test_errors 0
expect_field untrusted 128

dmsetup suspend bvtest-low
dmsetup load bvtest-low --table "0 $sectors linear $real 0"
dmsetup resume bvtest-low
reports_expected=1
expect_read 0 4194304
expect_healthy
