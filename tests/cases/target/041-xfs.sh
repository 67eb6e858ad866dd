# SPDX-License-Identifier: GPL-2.0-only
# This test will create, fill, verify and check an xfs file system.
# Needs: machine=stock

modprobe -q xfs || grep -qw xfs /proc/filesystems || skip "this kernel has no xfs"
new_pair 384 discard=1
make_v

mkfs.xfs -q -f $v
mkdir "$TMPDIR/bvtest-mnt"
mount -o discard $v "$TMPDIR/bvtest-mnt"
cp -a /usr/share/perl5 "$TMPDIR/bvtest-mnt/"
fio --name=files --directory="$TMPDIR/bvtest-mnt" --rw=randwrite --bsrange=1k-64k --size=4m --numjobs=2 \
	--verify=crc32c --ioengine=psync --fsync=32 --randseed=${SEED:-3} --output="$TMPDIR/fio" || fail "$(cat "$TMPDIR/fio")"
rm -rf "$TMPDIR/bvtest-mnt/perl5"

fstrim "$TMPDIR/bvtest-mnt" || :
umount "$TMPDIR/bvtest-mnt"
xfs_repair -n $v >"$TMPDIR/fsck" 2>&1 || fail "$(cat "$TMPDIR/fsck")"
expect_healthy
