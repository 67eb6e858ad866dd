# SPDX-License-Identifier: GPL-2.0-only
# This test will fail the re-read of the raw leg, and check that the difference is still reported.
# Needs: machine=debug

new_pair 16
make_v
"$BVIO" poke "$test" 4096 1

# Every second request.
requests_fail 100 "$raw" 2

expect_read_error EIO 0 16384
expect_log 'bvtest-v: read sector=0 nr=32 divergence raw=-5 test=0 differed_in=8$'
expect_field divergences 1
expect_field mismatches 0
expect_field first_mismatch 8
requests_succeed

# A failed readahead is not reported, except for this one: it found a difference. (The page cache
# then reads the range again, page by page.)
blockdev --setra 64 $v
dmsetup message bvtest-v 0 reset
requests_fail 100 "$raw" 2
if dd if=$v of=/dev/null bs=32k count=1 iflag=fullblock status=none; then fail "could be read"; fi
expect_log 'bvtest-v: read sector=0 nr=64 divergence raw=-5 test=0 differed_in=8$'
requests_succeed

dmsetup message bvtest-v 0 reset
expect_read_error EILSEQ 0 16384
expect_field mismatches 1
