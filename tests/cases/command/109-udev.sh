# SPDX-License-Identifier: GPL-2.0-only
# This test will use the command on a machine with udev, and check that no cookie is left behind.
# Needs: machine=stock

. "$TOP/tests/lib/command.sh"

udevd=/lib/systemd/systemd-udevd
[ -x $udevd ] && [ -e /lib/udev/rules.d/95-dm-notify.rules ] || skip "no udev, or no rules for dm"

new_images
spoil "$test_img" 99
$udevd &
udevd_pid=$!

# Stop udev for later cases: it reads every device that changes.
trap 'kill $udevd_pid; wait $udevd_pid; clean_up; rm -rf /run/udev' EXIT
wait_until 30 test -S /run/udev/control
udevadm settle --timeout "$(scaled 30)"
unset DM_DISABLE_UDEV
for ((i = 0; i < 3; i++)); do
	tool 0 open bvtest-v "$raw_img" "$test_img"
	[ -L $v ] || fail "$v is not a symlink made by udev"
	tool 6 scrub bvtest-v
	tool 0 close bvtest-v
	[ ! -e $v ] || fail "$v is left"
done

work='dd if=/dev/urandom of=$BLKVERIFY_DEVICE bs=64k count=4 oflag=direct status=none
	dd if=$BLKVERIFY_DEVICE of=/dev/null bs=64k count=4 iflag=direct status=none'
tool 0 run --test "$test_img" -- sh -c "$work"
expect_no_loops
expect "cookies" "" "$(dmsetup udevcookies | sed 1d)"
