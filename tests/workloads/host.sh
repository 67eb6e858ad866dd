# SPDX-License-Identifier: GPL-2.0-only
# Host side of the workloads, before and after the machine runs. Sourced by tests/check-workloads.

need_machine() { # <kernel>
	[ "$1" != stock ] || return 0
	"$top/tests/lab/build-kernel" "$1" || exit 1
	# As a module, so that it can be reloaded with other disks.
	[ -e "$cache/uml-$1/drivers/scsi/scsi_debug.ko" ] ||
		locked "kernel-$1" quietly "building scsi_debug" make -C "$cache/uml-$1" ARCH=um drivers/scsi/scsi_debug.ko || exit 1
}

# A workload may define these in NNN-name.host; "prepare" may add to "options".
prepare() { :; }
afterwards() { :; } # <status of the machine>

# An initramfs of busybox and the modules for ext4 on a virtio disk: $work/initramfs.img, to be booted
# with $guest_kernel. The first process is a script that begins with ". /modules/load".
guest_initramfs() { # <script>
	local dir=$work/initramfs module
	need_stock_kernel
	guest_kernel=$vmroot/boot/vmlinuz-$kver
	mkdir -p "$dir/bin" "$dir/modules" "$dir/mnt" "$dir/proc" "$dir/sys" "$dir/dev"
	cp /bin/busybox "$dir/bin/busybox"
	cp "$1" "$dir/init"
	chmod +x "$dir/init"
	{
		say "/bin/busybox --install -s /bin"
		say "mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev"
		/sbin/modprobe -d "$vmroot" -S "$kver" --show-depends -a virtio_pci virtio_blk crc32c_generic ext4 |
			sed -n 's/^insmod \([^ ]*\).*/\1/p' | awk '!seen[$0]++' | while read -r module; do
			cp "$module" "$dir/modules/" && say "insmod /modules/${module##*/}"
		done
		say "while [ ! -b /dev/vda ]; do sleep 0.1; done"
	} >"$dir/modules/load"
	(cd "$dir" && find . | cpio --quiet -o -H newc) >"$work/initramfs.img"
	rm -r "$dir"
}
