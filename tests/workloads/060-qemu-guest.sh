# SPDX-License-Identifier: GPL-2.0-only
# This test will have a guest in QEMU write and read the device, with cache=none.
# Needs: limit=400
. "$TOP/tests/workloads/lib.sh"
need_file_system ext4
[ "$LAB_KERNEL" != stock ] || skip "a guest in a machine that is emulated itself takes too long"
new_pair 128
guest() { # <what it does> <aio>
	say "guest: $1, aio=$2"
	timeout -k 5 150 qemu-system-x86_64 -accel tcg -cpu max -m 256 -display none -no-reboot -nic none -monitor none \
		-serial "file:$TMPDIR/console" -kernel "$GUEST_KERNEL" -initrd "$WORK/initramfs.img" \
		-append "console=ttyS0 quiet panic=-1 bvtest=$1" \
		-drive "file=$v,format=raw,if=virtio,cache=none,aio=$2" >"$TMPDIR/qemu" 2>&1 ||
		fail "$(cat "$TMPDIR/qemu" "$TMPDIR/console")"
	tr -d '\r' <"$TMPDIR/console" | sed -n 's/.*bvtest-guest: //p'
}
start_v
expect "the guest that writes" right "$(guest write native)"
expect "the guest that reads" right "$(guest read io_uring)"
healthy
say "planted faults"
mapfile -t places < <(marked_places "$raw")
expect "places to spoil" 8 ${#places[@]}
plant "${places[@]}"
# QEMU passes the error on, and the guest notices it.
expect "the guest that reads bad blocks" wrong "$(guest read native)"
found
dmsetup load bvtest-v --table "0 $sectors blkverify $raw $test 1 ignore_mismatch"
dmsetup resume bvtest-v
expect "the guest that is served raw's data" right "$(guest read threads)"
planted=()
expect "reports" 8 "$(field mismatches)"
account
row
