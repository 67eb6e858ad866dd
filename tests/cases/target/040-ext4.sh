# SPDX-License-Identifier: GPL-2.0-only
# This test will create, fill, verify and check an ext4 file system.
# Needs: machine=stock

need_file_system ext4
new_pair 384 discard=1
make_v

mkfs.ext4 -q $v
exercise_file_system

e2fsck -fn $v >"$TMPDIR/fsck" 2>&1 || fail "$(cat "$TMPDIR/fsck")"
expect_healthy
