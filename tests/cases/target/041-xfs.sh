# SPDX-License-Identifier: GPL-2.0-only
# This test will create, fill, verify and check an xfs file system.
# Needs: machine=stock

need_file_system xfs
new_pair 384 discard=1
make_v

mkfs.xfs -q -f $v
exercise_file_system

xfs_repair -n $v >"$TMPDIR/fsck" 2>&1 || fail "$(cat "$TMPDIR/fsck")"
expect_healthy
