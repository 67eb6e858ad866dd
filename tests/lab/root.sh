# SPDX-License-Identifier: GPL-2.0-only
# Clean roots of Debian suites, to install packages in and throw away. Sourced after lib.sh.

# The sources of a suite's packages: the mirror that this host uses, and the one of security fixes.
sources() { # <suite>
	local key='[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]' security
	security=$(grep -rhoE '(https?|ftp)://[^ ]*/debian-security/?( |$)' /etc/apt/sources.list \
		/etc/apt/sources.list.d/ 2>/dev/null | grep -v archive/ | head -n 1 | tr -d ' ')
	say "deb $key $(debian_mirror) $1 main"
	[ -z "$security" ] || say "deb $key $security $1-security main"
}

# A root of a suite with the headers of its kernel and some packages, in the cache. Sets kver and
# vmroot, the kernel.
need_root() { # <name> <suite> [<package>...]
	local name=$1 suite=$2 machine
	# shellcheck disable=SC1091
	machine=$(. /etc/os-release && say "${VERSION_CODENAME-}")
	need mmdebstrap debian-archive-keyring
	if [ "$suite" = "$machine" ]; then
		need_stock_kernel
	else
		need_suite_kernel "$suite"
	fi
	locked "root-$name" make_root "$@" || exit 1
}

# A root to build in, without a kernel.
need_builder() { # <name> <suite> <package>...
	kver=
	need mmdebstrap debian-archive-keyring
	locked "root-$1" make_root "$@" || exit 1
}

make_root() {
	local name=$1 suite=$2 dir=$cache/root-$1 wanted
	shift 2
	# The suite may have a newer kernel by now.
	wanted="$kver $*"
	[ "$(cat "$dir/done" 2>/dev/null)" != "$wanted" ] || return 0
	as_root rm -rf "$dir"
	mkdir -p "$dir"
	sources "$suite" >"$dir/sources"
	# It cannot cope with many files held open by another process.
	quietly "installing a root of $suite for $name" as_root mmdebstrap --variant=minbase \
		--include="${kver:+linux-headers-$kver }$*" --aptopt='Acquire::Check-Valid-Until "false"' \
		"$suite" "$dir/root" "$dir/sources" 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- || return 1
	say "$wanted" >"$dir/done"
}

# Changes in $root are discarded by close_root.
open_root() { # <name> <private folder>
	layers=$2 root=$2/root
	mkdir -p "$layers/root" "$layers/upper" "$layers/overlay"
	as_root mount -t overlay -o "lowerdir=$cache/root-$1/root,upperdir=$layers/upper,workdir=$layers/overlay" \
		overlay "$root" || return 1
	as_root cp /etc/resolv.conf "$root/etc/" 2>/dev/null || :
}
close_root() {
	local i
	# A machine that was killed releases it a moment later.
	for ((i = 0; i < 20; i++)); do
		[ -n "$(findmnt -n "$root")" ] || break
		as_root umount "$root" 2>/dev/null || sleep 0.5
	done
	as_root rm -rf --one-file-system "$layers"
}

# Run a command in it, with the folder $shared, if set, as /mnt.
in_root() {
	# shellcheck disable=SC2016
	as_root env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
		unshare --mount --pid --fork sh -c 'root=$1 shared=$2; shift 2
			mount -t proc proc "$root/proc" && mount --rbind /dev "$root/dev" || exit
			[ -z "$shared" ] || mount --bind "$shared" "$root/mnt" || exit
			exec chroot "$root" "$@"' \
		sh "$root" "${shared-}" "$@"
}

# Install our packages there from a folder, as a user would.
install_packages() { # <folder>
	as_root cp "$1"/dm-blkverify-dkms_*.deb "$root/tmp/dm-blkverify-dkms.deb"
	as_root cp "$1"/blkverify_*.deb "$root/tmp/blkverify.deb"
	in_root apt-get -o Acquire::Check-Valid-Until=false update &&
		in_root apt-get install -y --no-install-recommends /tmp/dm-blkverify-dkms.deb /tmp/blkverify.deb
}
