# SPDX-License-Identifier: GPL-2.0-only
# This test will use an md raid1 as the test leg, and fail and re-add one of its disks meanwhile.
. "$TOP/tests/workloads/lib.sh"
modprobe -q raid1 || :
grep -q raid1 /proc/mdstat 2>/dev/null || skip "this kernel has no md raid1"
md=/dev/md/bvtest
new_leg 66
one=$leg
new_leg 66
two=$leg
mkdir -p /run/mdadm /dev/md
mdadm --create $md --run --metadata=1.2 --level=1 --raid-devices=2 --assume-clean "$one" "$two" >"$TMPDIR/mdadm" 2>&1 ||
	fail "$(cat "$TMPDIR/mdadm")"
[ -b $md ] || md=/dev/md127
before_clean_up() {
	dmsetup remove bvtest-v 2>/dev/null
	mdadm --stop $md >/dev/null 2>&1
}
test=$md
new_leg 64
raw=$leg sectors=$((64 * 2048))
exercise 64

row_name=$case_name-degraded
dd if="$raw" of="$test" bs=1M count=64 oflag=direct status=none
start_v
"$BVIO" mixed $v $((16 << 20)) 8 8 ${SEED:+"$SEED"} &
load=$!
for disk in "$one" "$two"; do
	sleep 1
	mdadm -q $md --fail "$disk" --remove "$disk"
	sleep 1
	mdadm -q $md --add "$disk"
	mdadm -q --wait $md || :
done
wait $load || fail "an I/O failed"
dd if=$v of=/dev/null bs=1M iflag=direct status=none
healthy
dmsetup remove bvtest-v
row
