# SPDX-License-Identifier: GPL-2.0-only
# This test will install Debian onto the device: raw is a flat file, test a qcow2 image of qemu-nbd.
# Needs: limit=900
. "$TOP/tests/workloads/lib.sh"
need_file_system ext4
[ "$LAB_KERNEL" != stock ] || skip "the images are in a folder of the host, which only User-Mode Linux can write"
modprobe -q nbd max_part=0 || :
[ -b /dev/nbd0 ] || skip "this kernel has no nbd"
# Not in a folder that clean_up removes.
images=/run/images target=$mnt
mkdir "$images" "$target"
mount -t hostfs -o "$WORK" none "$images"
nbd=
after_clean_up() {
	qemu-nbd -d /dev/nbd0 >/dev/null
	[ -z "$nbd" ] || wait "$nbd"
	umount "$images"
}
raw=$(losetup -f --show "$images/raw.img")
qemu-nbd --connect=/dev/nbd0 --format=qcow2 --cache=writeback --discard=unmap "$images/test.qcow2" >"$TMPDIR/nbd" 2>&1 3>&- &
nbd=$!
sectors=$(blockdev --getsz "$raw")
for ((i = 0; i < 100; i++)); do
	[ "$(cat /sys/block/nbd0/size)" != "$sectors" ] || break
	sleep 0.1
done
expect "sectors of the qcow2 image" "$sectors" "$(cat /sys/block/nbd0/size)"
test=/dev/nbd0

start_v
mkfs.ext4 -q $v
mount $v "$target"
say "installing"
start=$SECONDS
debootstrap --variant=minbase --include="$INCLUDE" --unpack-tarball="$PACKAGES" bookworm "$target" "$MIRROR" >"$TMPDIR/debootstrap" 2>&1 ||
	fail "$(tail -n 30 "$TMPDIR/debootstrap" "$target/debootstrap/debootstrap.log")"
say "installed $(chroot "$target" dpkg-query -W | wc -l) packages in $((SECONDS - start)) s"
echo blkverify-guest >"$target/etc/hostname"
echo "/dev/vda / ext4 defaults 0 1" >"$target/etc/fstab"
cat >"$target/etc/systemd/system/bvtest.service" <<END
[Unit]
After=getty.target serial-getty@ttyS0.service
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'sleep 3; dpkg --verify >/run/wrong 2>&1; if [ -s /run/wrong ]; then head /run/wrong; else echo "bvtest: all files are right"; fi >/dev/kmsg; systemctl poweroff'
END
mkdir -p "$target/etc/systemd/system/multi-user.target.wants"
ln -s ../bvtest.service "$target/etc/systemd/system/multi-user.target.wants/"
umount "$target"
say "checking what was installed"
e2fsck -fn $v >"$TMPDIR/fsck" 2>&1 || fail "$(cat "$TMPDIR/fsck")"
mount -o ro $v "$target"
verify() {
	chroot "$target" dpkg --verify >"$TMPDIR/verify" 2>&1 || :
	[ ! -s "$TMPDIR/verify" ] || fail "$(cat "$TMPDIR/verify")"
}
verify
healthy
expect_field raw_errors 0
expect_field test_errors 0

say "planted faults"
mapfile -t files < <(find "$target/usr" -xdev -type f -links 1 -size +300k | LC_ALL=C sort | head -n 16)
expect "files to spoil" 16 ${#files[@]}
places=()
for file in "${files[@]}"; do places+=("$(place_in_file "$file" 123456)"); done
umount "$target"
dmsetup load bvtest-v --table "0 $sectors blkverify $raw $test 1 ignore_mismatch"
dmsetup resume bvtest-v
plant "${places[@]}"
mount -o ro $v "$target"
# The system survives, because reads return the data of the raw leg.
verify
# Some of them do not belong to a package.
cat "${files[@]}" >/dev/null
umount "$target"
found
# Flip them back for the following steps.
plant "${places[@]}"
planted=()
dmsetup remove bvtest-v
row
