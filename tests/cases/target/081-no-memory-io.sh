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

# On a busy machine, so few requests may be in flight for a while that the reserve is enough.
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

# Private memory: only the reserve is left, so requests get single pages, and those that find it empty
# wait.
allocations_fail_in blkv_memory_get 100
mixed_until_some_fail blkv_memory_get

# All of them at once, and those of fingerprints, too. (Legs allocate memory when a request is
# submitted, so the functions that submit cannot be among these.) A new pool has none of the idle
# pages that the last load left.
dmsetup remove bvtest-v

make_v fingerprint

allocations_fail_in blkv_fingerprints_write 100 blkv_memory_get
mixed_until_some_fail "blkv_fingerprints_write to blkv_memory_get"
expect_healthy

# Two copies of a write: a request that has only one of them must not keep it and wait.
allocations_succeed
dmsetup remove bvtest-v
make_v separate_copies check_copies
allocations_fail_in blkv_memory_get 100
mixed_until_some_fail "blkv_memory_get, with two copies"
expect_healthy
# Long requests get both copies, or none.
allocations_fail_in blkv_memory_get_long 30
long_writes=0
for ((i = 0; i < 30; i++)); do
	if dd_adjacent if=/dev/zero of=$v oflag=direct; then long_writes=$((long_writes + 1)); fi
done
[ $long_writes = 0 ] || some_failed "blkv_memory_get_long, with two copies"
expect_healthy
dmsetup remove bvtest-v
make_v fingerprint

# Requests that are longer than the reserve are cut, and that is counted.
expect_field reshaped 0
allocations_fail_in blkv_memory_get_long 100
dd if=/dev/urandom of=$TMPDIR/data bs=4100K count=1 status=none
for ((i = 0; i < 30; i++)); do
	if dd_adjacent if=$TMPDIR/data of=$v oflag=direct; then long_writes=$((long_writes + 1)); fi
	[ "$(allocations_failed)" = 0 ] || break
done
cmp -n $((4100 << 10)) $TMPDIR/data $v
expect_healthy
if [ $long_writes != 0 ]; then
	some_failed blkv_memory_get_long
	[ "$(field reshaped)" -gt 0 ] || fail "no sector was reshaped"
else
	allocations_succeed
	echo "no pages of a buffer are adjacent here: long requests were not tried" >"$case_shows"
fi

# The trust map: sectors that cannot be recorded become untrusted, and are counted.
dmsetup message bvtest-v 0 trust 0 $sectors
expect_field untrusted 0

allocations_fail_in blkv_trust_set 100
"$BVIO" mixed $v $((8 << 20)) 0.2 1 1 || fail "an I/O failed"

blkdiscard -o 4096 -l 8192 $v
some_failed blkv_trust_set
[ "$(field untrusted)" -gt 16 ] || fail "trust was lost and not counted"

# That was the loss of a group of regions; now that of one region, in a group that is split already.
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

# Writes restore the trust.
dd if=/dev/zero of=$v bs=1M count=16 oflag=direct status=none
expect_field untrusted 0

# Fingerprints: an unknown version only changes the class of a report.
for percent in 100 50; do
	allocations_fail_in blkv_fingerprints_write $percent
	dmsetup remove bvtest-v
	make_v fingerprint fingerprint_max_mib 1
	mixed_until_some_fail blkv_fingerprints_write
	expect_healthy
	allocations_succeed
done

# Events: a lost uevent does not lose the finding.
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

# Labels: the report is complete without one.
allocations_fail_in blkv_label_start 100
expect_read_error EILSEQ 4096 512
some_failed blkv_label_start
expect_field mismatches 2
