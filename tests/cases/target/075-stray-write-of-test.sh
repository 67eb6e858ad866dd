# SPDX-License-Identifier: GPL-2.0-only
# This test will let the test leg write to the memory of a read that it has completed or failed, and
# check that no later write is damaged and that the late data are reported.
# Needs: machine=debug

new_pair 64
fill_random "$raw" 4
dd if="$raw" of="$test" bs=1M count=4 oflag=direct status=none
fast=$raw
head -c 4096 /dev/zero | tr '\0' W >"$TMPDIR/block"

# Slow writes, whose memory is still in use when the late data arrive.
new_dm slow-raw "0 $sectors delay $raw 0 0 $raw 0 $(scaled 1500)"
raw=$leg
new_dm slow-test "0 $sectors delay $test 0 0 $test 0 $(scaled 1500)"
test=$leg
liar_as_test

# Six reads, each followed by a write that allocates memory while the late data arrive.
six_of_both() {
	local i writers=()
	for i in 1 2 3 4 5 6; do
		"$BVIO" read $v $((i * 262144)) 4096 >/dev/null || :
		dd if="$TMPDIR/block" of=$v bs=4096 seek=$((8000 + i)) oflag=direct status=none &
		writers+=($!)
	done
	wait "${writers[@]}"
	wait_until 30 liar_is_done
}

# The writes are correct on both legs.
expect_six_writes() {
	local i
	for leg in "$raw" "$test"; do
		for i in 1 2 3 4 5 6; do
			expect "bytes of write $i on $leg that were not written" 0 \
				"$(dd if="$leg" bs=4096 skip=$((8000 + i)) count=1 iflag=direct status=none | tr -d W | wc -c)"
		done
	done
}

# Completed reads, whose data arrive once more.
make_v
lie stray "$(scaled 500)"
six_of_both
lie honest
expect_six_writes
dmsetup remove bvtest-v

# Failed reads, whose data still arrive.
make_v
lie early "$(scaled 500)"
lie fail read IOERR 6
six_of_both
lie honest
expect_six_writes
expect_field divergences 6
expect "mismatches of other kinds" "" \
	"$(dmsetup message bvtest-v 0 list | grep 'contents mismatch' | grep -v ' class=late ' || :)"
dmsetup remove bvtest-v

# Late data are found when the memory is used again: the last word of each sector is marked.
# (The slow legs are no longer needed.)
dmsetup remove bvtest-liar
raw=$fast test=$test_below
liar_as_test

stray_read() { # <table options...>
	make_v "$@"
	expect_read 524288 4096
	lie stray 10
	expect_read 262144 4096
	wait_until 30 liar_is_done
	lie honest
	expect_only_late
}

# (A slow machine may find them earlier, when the memory has been idle or has rested for seconds.)
stray_read
expect_read 0 4096
wait_until 30 is_at_least mismatches 1
expect_field mismatches 1
expect_field first_mismatch 512
expect_field state C
expect_log 'bvtest-v: read sector=512 nr=1 contents mismatch in sector 512 byte=504 .* class=late '
expect "the late word" 1 "$(dmsetup message bvtest-v 0 list | grep -c '^1 read .* words=0x8000000000000000 ')"
expect_read 262144 4096
expect_field mismatches 1
dmsetup remove bvtest-v

# With a quarantine, every word is marked, and the memory rests before it is used again.
stray_read quarantine_mib 1
expect_read 0 4096
expect_read 1048576 1048576
expect_read 1048576 1048576
expect_read 1048576 1048576
wait_until 30 is_at_least mismatches 1
expect_field mismatches 1
expect_field first_mismatch 512
expect "the report" 1 "$(dmsetup message bvtest-v 0 list |
	grep -c '^1 read sector=512 nr=1 contents mismatch in sector 512 byte=0 .* class=late ')"
dmsetup remove bvtest-v

# Memory that no request uses again is checked when the target is suspended.
stray_read
dmsetup suspend bvtest-v
expect_field mismatches 1
expect_field first_mismatch 512
dmsetup resume bvtest-v
dmsetup remove bvtest-v
stray_read quarantine_mib 1
dmsetup suspend bvtest-v
expect_field mismatches 1
dmsetup resume bvtest-v
dmsetup remove bvtest-v

# The memory of a failed read rests, so that its data do not reach another read, and name the read
# that they belong to.
make_v
lie early "$(scaled 300)"
lie fail read IOERR 1
expect_read_error EIO 262144 4096
lie honest
for i in 1 2 3 4; do expect_read $((i * 8192)) 4096; done
wait_until 30 liar_is_done
for i in 1 2 3 4; do expect_read $((i * 8192)) 4096; done
dmsetup suspend bvtest-v
expect_field mismatches 1
expect_field first_mismatch 512
dmsetup resume bvtest-v
