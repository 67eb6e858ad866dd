# SPDX-License-Identifier: GPL-2.0-only
# Shared by making and checking the patch series. Sourced after tests/lab/lib.sh.

# Debian's newest kernel source, from any suite, in the cache. Sets linux_source.
need_newest_source() {
	local newest=$cache/src/newest
	need xz-utils debian-archive-keyring
	if [ -n "${KERNEL_SOURCE-}" ]; then
		linux_source=$KERNEL_SOURCE
		return
	fi
	locked newest-source get_newest_source || exit 1
	linux_source=$(cat "$newest/found")
}

apt_elsewhere() { # <apt command> <argument>...; for other suites, without changes to the host
	local command=$1
	shift
	"$command" -o "Dir::Etc::sourcelist=$newest/sources.list" -o Dir::Etc::sourceparts=/dev/null \
		-o "Dir::State::Lists=$newest/lists" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= \
		-o APT::Sandbox::User=root -o Acquire::Check-Valid-Until=false "$@"
}

get_newest_source() {
	local suite key='[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]' package dir
	# Once a day is enough.
	[ -z "$(find "$newest/found" -mtime -1 2>/dev/null)" ] || [ ! -e "$(cat "$newest/found")/.ready" ] || return 0
	mkdir -p "$newest/lists/partial"
	for suite in trixie-backports forky sid; do
		say "deb $key $(debian_mirror) $suite main"
	done >"$newest/sources.list"
	quietly "reading the package lists of Debian's newest kernels" apt_elsewhere apt-get update
	package=$(apt_elsewhere apt-cache search --names-only '^linux-source-[0-9.]+$' | cut -d ' ' -f 1 | sort -V | tail -n 1)
	[ -n "$package" ] || die "Debian has no linux-source package"
	dir=$cache/src/$package
	if [ ! -e "$dir/.ready" ]; then
		rm -rf "$dir" "$newest/get"
		mkdir -p "$newest/get"
		(cd "$newest/get" && quietly "fetching $package (170 MB)" apt_elsewhere apt-get download "$package") || return 1
		quietly "unpacking $package" unpack_newest "$package"
		rm -rf "$newest/get"
		touch "$dir/.ready"
	fi
	say "$dir" >"$newest/found"
}

unpack_newest() { # <package>
	dpkg-deb --fsys-tarfile "$newest/get"/*.deb | tar -x -O -f - "./usr/src/$1.tar.xz" |
		tar -x -J -C "$cache/src" -f -
}
