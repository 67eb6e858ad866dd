# SPDX-License-Identifier: GPL-2.0-only
# This test will reload, grow and shrink the table, and check that trust, findings and history are
# kept.
# Needs: machine=debug

new_pair 32 discard=1
half=$((sectors / 2))

load() { # <sectors> [option...]
	local n=$1
	shift
	load_resume bvtest-v "0 $n blkverify $raw $test${*:+ $# $*}"
}

dmsetup create bvtest-v --table "0 $half blkverify $raw $test"

dd if=/dev/urandom of=$v bs=1M count=16 oflag=direct status=none
blkdiscard -o 1048576 -l 65536 $v

# The contents of a discarded range are undefined: here the legs differ.
"$BVIO" poke "$test" 1048577 0x55
"$BVIO" poke "$test" 512 1
expect_read_error EILSEQ 0 4096
expect_field untrusted 128

compared=$(field compared)

kept() { # <sectors> <untrusted>
	expect_field untrusted "$2"
	expect_field first_mismatch 1
	expect_field mismatches 1
	expect_field state C
	expect_read 1048576 65536
	expect_field mismatches 1
	grep -q "^1 read sector=0 nr=8 contents mismatch in sector 1 " <<<"$(dmsetup message bvtest-v 0 list)" ||
		fail "the report is gone"
	grep -q 'op=discard' <<<"$(dmsetup message bvtest-v 0 history 2048)" || fail "the history is gone"
}

load $half
kept $half 128
expect_field compared "$compared"

# Nothing is known about sectors beyond the old table: it may have been longer once.
load $sectors
kept $sectors $((half + 128))
expect "size" $sectors "$(blockdev --getsz $v)"

dmsetup message bvtest-v 0 trust $half $half
kept $sectors 128

blkdiscard -f -o $((half * 512 + 65536)) -l 65536 $v
"$BVIO" poke "$test" $((half * 512 + 65536)) 0x55
load $half
kept $half 128

load $sectors
expect_read $((half * 512)) 1048576
kept $sectors $((half + 128))

load $half

# Plain suspend and resume change nothing.
dmsetup suspend bvtest-v
dmsetup resume bvtest-v
kept $half 128

# Other options, same legs.
load $half ignore_mismatch
kept $half 128

# written_only withdraws the promise that the legs are equal.
load $half written_only
expect_field untrusted $half

# A reload cannot restore it, but a message can.
load $half
expect_field untrusted $half

dmsetup message bvtest-v 0 trust 0 2048
expect_field untrusted $((half - 2048))

# Where it was set before, nothing is withdrawn.
load $half written_only
dd if=/dev/zero of=$v bs=1M count=1 oflag=direct status=none
load $half written_only
expect_field untrusted $((half - 2048))

# The mark is kept, pending injections are dropped.
dmsetup message bvtest-v 0 trust 0 $half
"$BVIO" poke "$test" 4096 1
dmsetup message bvtest-v 0 reset
dd if=/dev/zero of=$v bs=1M seek=4 count=1 oflag=direct status=none
dmsetup message bvtest-v 0 mark kept
dmsetup message bvtest-v 0 inject 4096
load $half

expect_field written 2048
expect_read 2097152 4096
expect_read_error EILSEQ 4096 4096
[[ $(dmsetup message bvtest-v 0 list) == *' mark="kept"'* ]] || fail "the mark is gone"

# With other legs nothing is kept.
swapped=$raw raw=$test test=$swapped
load $half
expect_field untrusted 0
expect_field state V

# Nor if only one leg is another.
dmsetup message bvtest-v 0 distrust 0 8
expect_field untrusted 8

new_leg 32
test=$leg
load $half
expect_field untrusted 0

dmsetup message bvtest-v 0 distrust 0 8
new_leg 32
raw=$leg
load $half
expect_field untrusted 0
