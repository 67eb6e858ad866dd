# SPDX-License-Identifier: GPL-2.0-only
# This test will fill and stress an ext4 file system, and check it with e2fsck.
. "$TOP/tests/workloads/lib.sh"
fsck() { e2fsck -fn $v; }
file_system_workload ext4 mkfs.ext4 -q
row
