# SPDX-License-Identifier: GPL-2.0-only
# This test will use a thin volume as the test leg, and take snapshots of it meanwhile.
. "$TOP/tests/workloads/lib.sh"
modprobe -q dm-thin-pool || :
dmsetup targets | grep -q '^thin-pool' || skip "this kernel has no dm-thin"
new_leg 8
metadata=$leg
new_leg 192
new_dm pool "0 $((192 * 2048)) thin-pool $metadata $leg 128 0"
pool=$leg
dmsetup message bvtest-pool 0 "create_thin 0"
sectors=$((64 * 2048))
new_dm thin "0 $sectors thin $pool 0"
test=$leg
new_leg 64 discard=1
raw=$leg
exercise 64

row_name=$case_name-snapshots
dd if="$raw" of="$test" bs=1M oflag=direct status=none
start_v
"$BVIO" mixed $v $((16 << 20)) 6 8 ${SEED:+"$SEED"} &
load=$!
for i in 1 2 3 4; do
	sleep 0.8
	dmsetup suspend bvtest-thin
	dmsetup message bvtest-pool 0 "create_snap $i 0"
	dmsetup resume bvtest-thin
done
wait $load || fail "an I/O failed"
dd if=$v of=/dev/null bs=1M iflag=direct status=none
healthy
dmsetup remove bvtest-v
row
dmsetup remove bvtest-thin
