# SPDX-License-Identifier: GPL-2.0-only
# This test will create, fill, verify and check an ext4 file system.
# Needs: machine=stock

modprobe -q ext4 || grep -qw ext4 /proc/filesystems || skip "this kernel has no ext4"
new_pair 384 discard=1
make_v

mkfs.ext4 -q $v
mkdir "$TMPDIR/bvtest-mnt"
mount -o discard $v "$TMPDIR/bvtest-mnt"
cp -a /usr/share/perl5 "$TMPDIR/bvtest-mnt/"
fio --name=files --directory="$TMPDIR/bvtest-mnt" --rw=randwrite --bsrange=1k-64k --size=4m --numjobs=2 \
	--verify=crc32c --ioengine=psync --fsync=32 --randseed=${SEED:-3} --output="$TMPDIR/fio" || fail "$(cat "$TMPDIR/fio")"
rm -rf "$TMPDIR/bvtest-mnt/perl5"

fstrim "$TMPDIR/bvtest-mnt" || :
umount "$TMPDIR/bvtest-mnt"
e2fsck -fn $v >"$TMPDIR/fsck" 2>&1 || fail "$(cat "$TMPDIR/fsck")"
expect_healthy
