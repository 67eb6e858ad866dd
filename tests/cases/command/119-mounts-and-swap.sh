# SPDX-License-Identifier: GPL-2.0-only
# This test will name mounts and swap whose paths have spaces and other characters in them.
# Needs: machine=debug

. "$TOP/tests/lib/command.sh"

modprobe -q ext4 || :
new_pair 16
place=$TMPDIR/bvtest-my\ disk
mkdir "$place"
mkfs.ext4 -q "$test"

mount "$test" "$place"
tool 5 open bvtest-v "$raw" "$test"
warns "test $test is in use by the file system mounted on $place: "
umount "$place"

# Control characters are not printed verbatim.
mkdir "$TMPDIR/bvtest-"$'a\tb\033c'
mount "$test" "$TMPDIR/bvtest-"$'a\tb\033c'
tool 5 open bvtest-v "$raw" "$test"
warns "mounted on $TMPDIR/bvtest-a?b?c: "
umount "$TMPDIR/bvtest-"$'a\tb\033c'

# A swap device whose node has such a name.
numbers=$(cat "/sys/block/${raw#/dev/}/dev")
mknod -m 600 "$TMPDIR/my swap" b "${numbers%:*}" "${numbers#*:}"
mkswap "$raw" >/dev/null
swapon "$TMPDIR/my swap"
tool 5 open bvtest-v "$raw" "$test"
warns "raw $raw is in use by swap: "
swapoff "$TMPDIR/my swap"

# A swap file, under any path.
mount "$test" "$place"
dd if=/dev/zero of="$place/swap file" bs=1M count=4 status=none
chmod 600 "$place/swap file"
mkswap "$place/swap file" >/dev/null
truncate -s 1M "$TMPDIR/small"
ln "$place/swap file" "$place/other"
swapon "$place/swap file"
for file in "$place/swap file" "$place/other"; do
	tool 5 open bvtest-v "$raw" "$file" --allow-unequal
	warns "test file $file is in use by swap: "
	tool 5 sync --yes "$TMPDIR/small" "$file"
	warns "test file $file is in use by swap: "
done

swapoff "$place/swap file"
umount "$place"
expect_no_loops
