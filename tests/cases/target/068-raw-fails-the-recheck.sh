# SPDX-License-Identifier: GPL-2.0-only
# This test will fail the re-read of the raw leg, and check that the difference is still reported.
# Needs: machine=debug

fault=/sys/kernel/debug/fail_make_request
[ -e $fault ] || skip "this kernel cannot let requests fail"

new_pair 16
make_v

"$BVIO" poke "$test" 4096 1
trap 'echo 0 >$fault/probability; clean_up' EXIT
echo 1 >"/sys/block/${raw##*/}/make-it-fail"
echo 0 >$fault/verbose
echo -1 >$fault/times
echo 100 >$fault/probability

# Every second request.
echo 2 >$fault/interval

expect_read_error EIO 0 16384
expect_log 'bvtest-v: read sector=0 nr=32 divergence raw=-5 test=0 differed_in=8$'
expect_field divergences 1
expect_field mismatches 0
expect_field first_mismatch 8

echo 0 >$fault/probability

# Readahead may fail at any time and nobody hears of it, but of this one: it found something. (What
# was to be had by it is read again by page.)
blockdev --setra 64 $v
dmsetup message bvtest-v 0 reset
echo 100 >$fault/probability
if dd if=$v of=/dev/null bs=32k count=1 iflag=fullblock status=none; then fail "could be read"; fi
expect_log 'bvtest-v: read sector=0 nr=64 divergence raw=-5 test=0 differed_in=8$'

echo 0 >$fault/probability
echo 1 >$fault/interval
dmsetup message bvtest-v 0 reset
expect_read_error EILSEQ 0 16384
expect_field mismatches 1
