# SPDX-License-Identifier: GPL-2.0-only
# This test will return EIO from the raw leg, the test leg and both, on reads and on writes.
# Needs: machine=debug

new_pair 16
raw_bdev=$raw test_bdev=$test
half=$((sectors / 2))

# The first half works; the second fails.
bad_line() { printf '0 %s linear %s 0\n%s %s error\n' $half "$1" $half $half; }

dmsetup create bvtest-bad-raw <<<"$(bad_line "$raw")"
dmsetup create bvtest-bad-test <<<"$(bad_line "$test")"
bad_raw=/dev/mapper/bvtest-bad-raw bad_test=/dev/mapper/bvtest-bad-test
at=$((half * 512 + 4096))
s=$((half + 8))

write_error() {
	if dd if=/dev/zero of=$v bs=4096 seek=$((at / 4096)) count=1 oflag=direct 2>"$TMPDIR/dd"; then
		fail "the write did not fail"
	fi
	grep -q "Input/output error" "$TMPDIR/dd" || fail "$(cat "$TMPDIR/dd")"
}

try() { # <raw errno> <test errno> <divergences>
	make_v
	expect_read 0 4096
	expect_read_error EIO $at 4096
	expect_field divergences $(($3 / 2))
	expect_field untrusted 0
	write_error
	expect_field mismatches 0
	expect_field divergences $3
	expect_field raw_errors $(($1 ? 2 : 0))
	expect_field test_errors $(($2 ? 2 : 0))
	expect_field untrusted 8
	if [ $3 = 0 ]; then
		expect_field state V
		expect "reports in the log" 0 "$(reports_in_log)"
	else
		expect_field state C
		expect_field first_mismatch $s
		expect_log "bvtest-v: read sector=$s nr=8 divergence raw=$1 test=$2"
		expect_log "bvtest-v: write sector=$s nr=8 divergence raw=$1 test=$2"
	fi
	dmsetup remove bvtest-v
}

raw=$bad_raw test=$bad_test
try -5 -5 0
raw=$bad_raw test=$test_bdev
try -5 0 2
raw=$raw_bdev test=$bad_test
try 0 -5 2

# The error is passed on: the one of the raw leg if both failed.
raw=$raw_bdev test=$test_bdev
"$BVIO" poke "$test" 0 1
dmsetup create bvtest-inner --table "0 $sectors blkverify $raw $test"
new_leg 16
good=$leg
raw=$good test=/dev/mapper/bvtest-inner
make_v
expect_read_error EILSEQ 0 4096
expect_log "bvtest-v: read sector=0 nr=8 divergence raw=0 test=-84"
dmsetup remove bvtest-v

new_dm bad "0 $sectors error"
raw=$leg
make_v
expect_read_error EIO 0 4096
expect_field divergences 0
dmsetup remove bvtest-v

raw=/dev/mapper/bvtest-inner test=$leg
make_v
expect_read_error EILSEQ 0 4096
expect_field divergences 0
