# SPDX-License-Identifier: GPL-2.0-only
# This test will reload tables in which the target starts elsewhere, and check that its state moves
# along.
# Needs: machine=debug

new_leg 8
other=$leg
new_pair 16 discard=1

load_at() { # <where it begins> [option...]
	local begin=$1
	shift
	{
		[ "$begin" = 0 ] || echo "0 $begin linear $other 0"
		echo "$begin $sectors blkverify $raw $test${*:+ $# $*}"
	} | dmsetup load bvtest-v
	dmsetup resume bvtest-v
}

make_v freeze_on_mismatch

dd if=/dev/urandom of=$v bs=1M count=8 oflag=direct status=none
blkdiscard -o 1048576 -l 65536 $v
"$BVIO" poke "$test" 1048576 0x55
"$BVIO" poke "$test" 1025 1

expect_read_error EILSEQ 0 4096
expect_field first_mismatch 2
expect_field state F

for begin in 8 4096 0 8; do
	load_at $begin freeze_on_mismatch
	expect_field state F
	expect_field untrusted 128
	expect "first mismatch, from $begin" $((begin + 2)) "$(field first_mismatch)"
	dmsetup message bvtest-v $begin list >"$TMPDIR/list"
	grep -q "^1 read sector=$begin nr=8 contents mismatch in sector $((begin + 2)) .* write_start=$begin " "$TMPDIR/list" ||
		fail "the report is not where it belongs: $(cat "$TMPDIR/list")"
done

dmsetup message bvtest-v 8 thaw

expect_read $((4096 + 1048576)) 65536
expect_field mismatches 1
grep -q "start=$((8 + 2048)) .*op=discard" <<<"$(dmsetup message bvtest-v 8 history $((8 + 2048)))" || fail "the history is gone"
expect_read_error EILSEQ 4096 4096
dmsetup remove bvtest-v

# Two read-only targets with the same legs: each keeps its own state.
two="0 1024 blkverify $raw $test 1 written_only
1024 2048 blkverify $raw $test"
dmsetup create bvtest-v --readonly --table "$two"

for i in 1 2; do
	load_resume bvtest-v "$two" --readonly
	expect "untrusted" "1024 0" "$(field untrusted | xargs)"
done

# The state of another device on the same legs is not inherited.
dmsetup remove bvtest-v

line="0 $sectors blkverify $raw $test"
dmsetup create bvtest-v --readonly --table "$line"

dmsetup message bvtest-v 0 distrust 0 8
dmsetup create bvtest-w --readonly --table "$line"
expect "untrusted of another device" 0 "$(field untrusted bvtest-w)"
expect_field untrusted 8
