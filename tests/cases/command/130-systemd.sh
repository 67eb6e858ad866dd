# SPDX-License-Identifier: GPL-2.0-only
# This test will boot systemd, which opens a device from /etc/blkverify as soon as its images can be
# written, and check that udev makes one bundle of its findings.
# Needs: machine=stock

. "$TOP/tests/lib/command.sh"

[ -x /lib/systemd/systemd ] && [ -x /lib/systemd/systemd-udevd ] || skip "no systemd"
[ -e /lib/udev/rules.d/95-dm-notify.rules ] || skip "no udev rules for dm"

# As "make install" does, in this machine only.
make -s -C "$TOP/tools" O="${BLKVERIFY%/*}" install
new_images
mkdir "$TMPDIR/images"
mv "$raw_img" "$test_img" "$TMPDIR/images/"
raw_img=$TMPDIR/images/raw.img test_img=$TMPDIR/images/test.img
mkdir -p /etc/blkverify
cat >/etc/blkverify/bvtest-v.conf <<END_OF_CONF
RAW=$raw_img
TEST=$test_img
OPTIONS="--ignore-mismatch --fingerprint"
END_OF_CONF

# Nothing but udev and the file systems.
: >/etc/fstab
cat >/etc/systemd/system/bvtest.target <<END_OF_UNIT
[Unit]
Wants=systemd-udevd.service systemd-udev-trigger.service systemd-remount-fs.service
Wants=local-fs.target blkverify@bvtest-v.service
END_OF_UNIT
# What makes the root file system writable on others makes the images writable here.
cat >/etc/systemd/system/systemd-remount-fs.service <<END_OF_UNIT
[Unit]
DefaultDependencies=no
Before=local-fs.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c "sleep 5; mount -o remount,bind,rw $TMPDIR/images"
END_OF_UNIT
systemctl enable blkverify@bvtest-v.service
expect "enabled" enabled "$(systemctl is-enabled blkverify@bvtest-v.service)"

# In a namespace of its own, in which it is process 1.
cat >"$TMPDIR/boot" <<END_OF_BOOT
mount -t tmpfs tmpfs /run
mount --bind "$TMPDIR/images" "$TMPDIR/images"
mount -o remount,bind,ro "$TMPDIR/images"
mount -t cgroup2 cgroup2 /sys/fs/cgroup
exec env -i PATH=/usr/sbin:/usr/bin container=bvtest /lib/systemd/systemd --unit=bvtest.target --log-target=kmsg
END_OF_BOOT
unshare --mount --pid --fork --mount-proc --cgroup --kill-child sh "$TMPDIR/boot" >"$TMPDIR/boot.log" 2>&1 &
booted=$!
shut_down() {
	kill -9 $booted
	wait $booted || :
	clean_up
	rm -rf /etc/systemd/system/{*bvtest*,systemd-remount-fs.service}
	rm -rf /etc/blkverify /var/lib/blkverify
}
trap shut_down EXIT

wait_until 120 test -L $v
expect "options" "fingerprint ignore_mismatch" \
	"$(dmsetup table bvtest-v | grep -oE 'ignore_mismatch|fingerprint' | sort | xargs)"

# A finding, the same again, and another one.
bundles() { find /var/lib/blkverify -name 'bvtest-v-*.blkverify.txt' 2>/dev/null | wc -l; }
is_captured() { [ "$(bundles)" = 1 ] && grep -q '^==== dmesg' /var/lib/blkverify/*; }
read_block() { dd if=$v of=/dev/null bs=4k skip="$1" count=1 iflag=direct status=none; }
captures() { dmesg | grep -c 'Finished blkverify-capture@bvtest' || :; }
has_captured() { [ "$(captures)" -ge "$1" ]; }
spoil "$test_img" 99
spoil "$test_img" 500 /dev/urandom
expect "bundles before" 0 "$(bundles)"
read_block 12
wait_until 120 is_captured
wait_until 60 has_captured 1
read_block 12
read_block 62
wait_until 60 has_captured 2
expect "bundles" 1 "$(bundles)"
grep -q '^sector 99' /var/lib/blkverify/bvtest-v-*.txt || fail "the bundle lacks the sector"
expect "folder" 700 "$(stat -c %a /var/lib/blkverify)"
