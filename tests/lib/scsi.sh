# SPDX-License-Identifier: GPL-2.0-only
# SCSI disks, which scsi_debug makes. Sourced by cases that need what only these have.

scsi_disks() { grep -lx 'scsi_debug *' /sys/block/sd*/device/model 2>/dev/null | cut -d / -f 4; }
scsi_disks_are() { [ "$(scsi_disks | wc -l)" = "$1" ]; }
remove_scsi_disks() {
	clean_up
	rmmod scsi_debug
}

# Sets disks to their paths; they are removed when the case ends. A parameter that the kernel does not
# know has no effect. Returns false if the kernel has no scsi_debug.
make_scsi_disks() { # <how many> <parameter of scsi_debug>...
	modprobe sd_mod 2>/dev/null || :
	modprobe -n -q scsi_debug || return 1
	modprobe scsi_debug max_luns=1 "${@:2}" || fail "scsi_debug cannot be loaded"
	trap remove_scsi_disks EXIT
	wait_until 30 scsi_disks_are "$1"
	mapfile -t disks < <(scsi_disks | sed 's|^|/dev/|')
}
new_scsi_disks() { make_scsi_disks "$@" || skip "this kernel has no scsi_debug"; }
