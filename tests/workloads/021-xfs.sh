# SPDX-License-Identifier: GPL-2.0-only
# This test will fill and stress an XFS file system, and check it with xfs_repair -n.
. "$TOP/tests/workloads/lib.sh"
fsck() { xfs_repair -n $v; }
file_system_workload xfs mkfs.xfs -q -f
row
