# SPDX-License-Identifier: GPL-2.0-only
# This test will use a disk of scsi_debug, with 4096-byte blocks and a cache, as the test leg.
. "$TOP/tests/workloads/lib.sh"
module=${KTREE:+$KTREE/drivers/scsi/scsi_debug.ko}
options="dev_size_mb=64 sector_size=4096 lbpu=1 lbpws=1 delay=1 ptype=0"
if [ -e "$module" ]; then
	insmod "$module" $options
else
	modprobe scsi_debug $options 2>/dev/null || skip "this kernel has no scsi_debug"
fi
# It can only be unloaded when its disk is not in use.
after_clean_up() { rmmod scsi_debug; }
for ((i = 0; i < 100; i++)); do
	disk=$(grep -ls scsi_debug /sys/block/sd*/device/model || :)
	[ -z "$disk" ] || break
	sleep 0.1
done
[ -n "$disk" ] || fail "scsi_debug made no disk"
disk=${disk#/sys/block/}
test=/dev/${disk%%/*}
new_leg 64
raw=$leg sectors=$((64 * 2048))
exercise 64
