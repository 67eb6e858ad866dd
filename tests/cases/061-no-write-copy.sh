# SPDX-License-Identifier: GPL-2.0-only
# This test will send the caller's own pages: with stable pages the page cache raises no alarm.
new_pair 64
make_v no_write_copy
expect "stable_writes" 1 "$(attribute queue/stable_writes)"
mkfs.ext4 -q $v
mkdir "$TMPDIR/bvtest-mnt"
mount $v "$TMPDIR/bvtest-mnt"
# Writers that change pages while they are on their way.
fio --name=mmap --directory="$TMPDIR/bvtest-mnt" --rw=randwrite --bs=4k --size=4m --numjobs=2 --ioengine=mmap \
	--fsync=16 --time_based --runtime=4 --output="$TMPDIR/fio" || fail "$(cat "$TMPDIR/fio")"
umount "$TMPDIR/bvtest-mnt"
expect_read 0 67108864
expect_healthy
dmsetup remove bvtest-v
expect_same_legs
# By default the pages need not be stable.
make_v
expect "stable_writes by default" 0 "$(attribute queue/stable_writes)"
