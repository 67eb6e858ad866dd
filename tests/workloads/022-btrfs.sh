# SPDX-License-Identifier: GPL-2.0-only
# This test will fill and stress a btrfs file system, and check it with scrub and btrfs check.
. "$TOP/tests/workloads/lib.sh"
fsck() { btrfs check --check-data-csum $v; }
# scrub keeps its state in /var/lib, which is the host's. Read-only, as the mount may be that, too.
scrub() {
	mountpoint -q /var/lib || mount -t tmpfs tmpfs /var/lib
	btrfs scrub start -B -r "$mnt" | tee "$TMPDIR/scrub" && grep -q 'no errors found' "$TMPDIR/scrub"
}
file_system_workload btrfs mkfs.btrfs -q -f
row
