# SPDX-License-Identifier: GPL-2.0-only
# This test will let open and run make the module log its reports so that test harnesses find them.
# Needs: machine=debug

. "$TOP/tests/lib/command.sh"

parameter=/sys/module/dm_blkverify/parameters/report_as_bug
raw_img=$TMPDIR/raw.img test_img=$TMPDIR/test.img
truncate -s 16M "$raw_img" "$test_img"

tool 0 open bvtest-v "$raw_img" "$test_img"
expect "without the option" N "$(cat $parameter)"
tool 0 close bvtest-v
tool 0 open bvtest-v "$raw_img" "$test_img" --report-as-bug --dry-run
expect "with --dry-run" N "$(cat $parameter)"
tool 0 open bvtest-v "$raw_img" "$test_img" --report-as-bug
expect "after open" Y "$(cat $parameter)"
tool 0 close bvtest-v
expect "after close" Y "$(cat $parameter)"
echo 0 >$parameter

lies='printf x | dd of=$LIE bs=1 seek=5000 conv=notrunc status=none
	dd if=$BLKVERIFY_DEVICE of=/dev/null bs=1M count=1 iflag=direct status=none; exit 0'
LIE=$test_img tool 6 run --name bvtest-run --test "$test_img" --raw-dir "$TMPDIR" --zeroed --report-as-bug -- \
	sh -c "$lies"
expect "the line" "BUG: blkverify: bvtest-run: contents mismatch in sector 9 (class=bitflip(4))" \
	"$(dmesg -t | grep '^BUG:')"
echo 0 >$parameter

# A module without the parameter.
mount -t tmpfs none /sys/module/dm_blkverify/parameters
tool 4 open bvtest-v "$raw_img" "$test_img" --report-as-bug
warns "the loaded dm-blkverify module is too old for --report-as-bug"
expect "devices" "" "$(dmsetup ls --target blkverify -o blkdevname 2>/dev/null | grep bvtest-v || :)"
umount /sys/module/dm_blkverify/parameters
