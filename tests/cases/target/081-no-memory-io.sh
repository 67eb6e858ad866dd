# SPDX-License-Identifier: GPL-2.0-only
# This test will fail allocations under I/O, one place at a time, and expect no lost requests and no
# reports.
# Needs: machine=debug

allocations_fail_in dm_blkverify 0

mixed() { "$BVIO" mixed $v $((8 << 20)) "${LOAD_SECONDS:-2}" 8 ${SEED:-} || fail "an I/O failed"; }

some_failed() {
	local n
	n=$(allocations_failed)
	echo "$1: $n allocations failed"
	[ "$n" -gt 0 ] || fail "no allocation failed in $1"
	allocations_succeed
}

# On a busy machine so little may be in flight for a while that the reserve is enough.
mixed_until_some_fail() {
	local i
	for ((i = 0; i < 10; i++)); do
		mixed
		[ "$(allocations_failed)" = 0 ] || break
	done
	some_failed "$1"
}

new_pair 16 discard=1
make_v fingerprint

# Private pages: only the reserve is left, and who finds none there waits for the others.
allocations_fail_in blkv_memory_get 100
mixed_until_some_fail blkv_memory_get

# All of them at once, and those of fingerprints, too. (Legs allocate memory when they are given a
# request, so the functions which do that cannot be among these.) A new pool has none of the pages
# that the last load left idle.
dmsetup remove bvtest-v

make_v fingerprint

allocations_fail_in blkv_fingerprints_write 100 blkv_memory_get
mixed_until_some_fail "blkv_fingerprints_write to blkv_memory_get"
expect_healthy

# The trust map: what cannot be recorded is not trusted, and is counted.
dmsetup message bvtest-v 0 trust 0 $sectors
expect_field untrusted 0

allocations_fail_in blkv_trust_set 100
"$BVIO" mixed $v $((8 << 20)) 0.2 1 1 || fail "an I/O failed"

blkdiscard -o 4096 -l 8192 $v
some_failed blkv_trust_set
[ "$(field untrusted)" -gt 16 ] || fail "trust was lost and not counted"

# What a group of regions loses; now what one region loses, where the group is split already.
allocations_succeed
dmsetup message bvtest-v 0 trust 0 $sectors
dmsetup message bvtest-v 0 distrust 0 1
allocations_fail_in blkv_trust_set 100
blkdiscard -f -o $((4 << 20)) -l 8192 $v
some_failed "blkv_trust_set, in a split group"
expect_field untrusted 2049

skipped=$(field skipped)
expect_read 1048576 8388608
[ "$(field skipped)" -gt "$skipped" ] || fail "nothing was skipped"

allocations_fail_in blkv_trust_set 30
mixed_until_some_fail blkv_trust_set
expect_healthy

# It comes back with what is written.
dd if=/dev/zero of=$v bs=1M count=16 oflag=direct status=none
expect_field untrusted 0

# Fingerprints: what is not known gets another name, no more.
for percent in 100 50; do
	allocations_fail_in blkv_fingerprints_write $percent
	dmsetup remove bvtest-v
	make_v fingerprint fingerprint_max_mib 1
	mixed_until_some_fail blkv_fingerprints_write
	expect_healthy
	allocations_succeed
done

# Events: the finding itself is not lost with its uevent.
dmsetup message bvtest-v 0 trust 0 $sectors
"$BVIO" poke "$test" 4096 1
allocations_fail_in events_raise 100
expect_read_error EILSEQ 4096 512

allocation_failed() { [ "$(allocations_failed)" != 0 ]; }
wait_until 30 allocation_failed

some_failed events_raise

expect_field mismatches 1
expect_field first_mismatch 8
[[ $(dmsetup message bvtest-v 0 list) == "1 read sector=8 nr=1 contents mismatch in sector 8 "* ]] || fail "the report is lost"
