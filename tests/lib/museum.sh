# SPDX-License-Identifier: GPL-2.0-only
# What exhibits of tests/museum share, in the machine, on top of tests/lib/case.sh: how one is run with
# its bug and without it, below blkverify and alone, by an ordinary load. Sourced.

. "$TOP/tests/lib/trouble.sh"
mnt=$TMPDIR/bvtest-mnt
md_version= md_state=

# ---- legs ----------------------------------------------------------------------------------------

# A RAM disk as large as the test leg, that offers what most legs do; sets raw and sectors.
raw_like_test() {
	sectors=$(blockdev --getsz "$test")
	new_leg $(((sectors + 2047) / 2048)) discard=1
	raw=$leg
}

# An array of md with a personality of this name, without metadata, or with that of md_version; sets leg.
# It starts active, or in md_state. Its members are as large as given; 0: as they are. Attributes of md are
# set before it starts.
new_md() { # <personality> <members> <MiB of a member> [attribute=value...] -- <device>...
	local md=/sys/block/md_museum/md number=0 a device size
	[ -d $md ] || echo md_museum >/sys/module/md_mod/parameters/new_array
	echo "${md_version:-none}" >$md/metadata_version
	echo "$1" >$md/level
	echo "$2" >$md/raid_disks
	size=$(($3 * 1024))
	[ $size = 0 ] || echo $size >$md/component_size
	shift 3
	while [ "$1" != -- ]; do
		echo "${1#*=}" >"$md/${1%%=*}"
		shift
	done
	shift
	for device; do
		lsblk -dno MAJ:MIN "$device" | tr -d ' ' >$md/new_dev
		a=$md/dev-$(lsblk -dno KNAME "$device")
		[ $size != 0 ] || echo $(($(blockdev --getsz "$device") / 2)) >"$a/size"
		[ $size = 0 ] || [ -n "$md_version" ] || echo $size >"$a/size"
		echo $number >"$a/slot"
		number=$((number + 1))
	done
	echo "${md_state:-active}" >$md/array_state
	leg=/dev/md_museum
	wait_until 10 test -b $leg
}
member() { echo "/sys/block/md_museum/md/dev-$(lsblk -dno KNAME "$1")"; } # <device>
lose_member() { # <device>
	local dir
	dir=$(member "$1")
	echo faulty >"$dir/state"
	sleep 0.1
	echo remove >"$dir/state" || :
}
# Use the device with fio during a resync, which goes on in steps, to last as long on any host.
use_while_resync() { # <sectors to resync> <sectors of a step> <seconds of a step> <argument of fio>...
	local end job
	fio --name=resync --filename=$v --direct=1 --ioengine=libaio --bs=4k --runtime=100 --time_based \
		--randseed=4 "${@:4}" >/dev/null &
	job=$!
	sleep 1
	for ((end = $2; end < $1; end += $2)); do
		echo $end >/sys/block/md_museum/md/sync_max
		sleep "$3"
	done
	kill $job
	wait $job || :
	echo max >/sys/block/md_museum/md/sync_max
	wait_until 60 grep -qx idle /sys/block/md_museum/md/sync_action
}
remove_md() {
	local md=/sys/block/md_museum/md i
	[ -d $md ] || return 0
	for ((i = 0; i < 50; i++)); do
		! echo clear >$md/array_state || return 0
		sleep 0.1
	done 2>/dev/null
}

# ---- loads ---------------------------------------------------------------------------------------

# A step of a load: run a command, whose failure does not matter, since reads of bad sectors fail. It
# fails when blkverify has found something, which ends the load.
step() { # <what it does> <command>...
	[ -z "$found_in" ] || return 1
	local what=$1
	shift
	"$@" >"$TMPDIR/step" 2>&1 || step_failed+="$what: $(tail -n 1 "$TMPDIR/step"); "
	[ "$(field mismatches)" != 0 ] || [ "$(field divergences)" != 0 ] || return 0
	found_in=$what
	return 1
}
found_in='' step_failed=''

# Files are made, checked, removed and trimmed.
use_files() { # <device>
	mkdir -p "$mnt"
	mount -o discard "$1" "$mnt" || return 1
	cp -a /usr/share/perl5/D* "$mnt/" &&
		fio --name=files --directory="$mnt" --rw=randwrite --bsrange=1k-64k --size=2m --numjobs=2 \
			--verify=crc32c --ioengine=psync --fsync=32 --randseed=3 &&
		umount "$mnt" && mount -o discard "$1" "$mnt" &&
		diff -r --no-dereference /usr/share/perl5/Dpkg "$mnt/Dpkg" &&
		rm -r "$mnt/Dpkg" && sync && { fstrim "$mnt" || :; }
	local status=$?
	umount "$mnt"
	return $status
}
check_files() { e2fsck -fn "$1"; } # <device>

# Many requests at once, which fio checks itself. Blocks that overlap would confuse it.
use_fio() { # <device>
	local bs size=4m
	for bs in 4k 256k; do
		fio --name=load --filename="$1" --rw=randwrite --direct=1 --ioengine=libaio --iodepth=16 --bs=$bs \
			--size=$size --verify=crc32c --verify_fatal=1 --randseed=11 || return 1
		size=16m
	done
}

# The same from memory that does not begin at a page.
use_odd_memory() { # <device>
	fio --name=memory --filename="$1" --rw=randwrite --direct=1 --ioengine=libaio --iodepth=16 --bs=64k \
		--iomem_align=512 --size=16m --verify=crc32c --verify_fatal=1 --randseed=12
}

# Write everything, then discard odd pieces all over the device, long and short.
use_discards() { # <device>
	local i step
	step=$(($(blockdev --getsize64 "$1") / 24 / 4096 * 4096))
	dd if=/dev/urandom of="$1" bs=1M oflag=direct status=none || :	# until it is full
	for ((i = 0; i < 24; i++)); do
		blkdiscard -o $((i * step + i % 8 * 512)) -l $((70 * 1024 + i % 5 * 1024)) "$1" || :
		blkdiscard -o $((i * step + step / 8192 * 4096 + (i % 8 + 1) * 512)) -l 1024 "$1" || :
	done
}

read_all() { # <device>
	dd if="$1" of=/dev/null bs=1M iflag=direct status=none
}

# What people do with a disk, and a scrub.
ordinary_load() {
	step mkfs mkfs.ext4 -qF $v &&
		step files use_files $v &&
		step fsck check_files $v &&
		step scrub read_all $v &&
		step fio use_fio $v &&
		step memory use_odd_memory $v &&
		step discards use_discards $v &&
		step scrub read_all $v
}

# ---- power cuts ----------------------------------------------------------------------------------

# The driver is on disks of new_disk. An exhibit has two functions: start sets it up on these disks
# and sets test, stop removes it while they have no power. Its options are "crash".
crash() { dmsetup message bvtest-v 0 crash "$1"; }
use_as_test() { # <device>
	load_resume bvtest-v "0 $sectors blkverify $raw $1 $(wc -w <<<"$options") $options"
}
cut_power() { # <seed>
	crash arm
	disks_off
	crash cut
	use_as_test -
	stop
	disks_on "$1"
	start
	use_as_test "$test"
	crash back
}

# Like read_all, but go on after a sector that cannot be read.
read_rest() { # <device>
	dd if="$1" of=/dev/null bs=64k iflag=direct conv=noerror status=none
}
cut_and_read() { # <seed>
	step cut cut_power "$1"
	step "read after the cut" read_rest $v
}

# Cut the power while requests of all kinds are in flight, several times.
cut_under_load() { # <times>
	local i load
	for ((i = 1; i <= $1; i++)); do
		"$BVCUT" load $v $((sectors / 2048)) 60 4 $i >/dev/null 2>&1 &
		load=$!
		sleep 0.7
		step cut cut_power $i
		kill $load
		wait $load
		step "read after the cut" read_rest $v || return
	done
}

# Write with FUA. A flush would follow each write, but not if I/O is asynchronous.
write_fua() { # <block size> <size>
	fio --name=fua --filename=$v --rw=randwrite --direct=1 --sync=dsync --ioengine=libaio --iodepth=4 \
		--bs="$1" --size="$2" --randseed=7
}

# ---- power cuts by the command --------------------------------------------------------------------

# An exhibit with a workload, a function, also runs under "blkverify run --crash", which calls a
# script for all that it needs: the workload, cut_disks and restore_disks. The script has our functions,
# and those variables that start needs: the word "kept" names them.
write_script() { # <file>
	{
		echo '#!/bin/bash'
		declare -p TMPDIR BVCUT mnt disks $kept
		declare -f
		echo 'set -e; "$@"'
	} >"$1"
	chmod +x "$1"
}
cut_disks() { disks_off; }
restore_disks() {
	local seed
	seed=$(($(cat "$TMPDIR/seed" 2>/dev/null || echo 0) + 1))
	echo $seed >"$TMPDIR/seed"
	stop
	disks_on $seed
	start
}

# A workload: ext4, with files that are on the disk, and one that is overwritten in place, one half of
# it with FUA. It runs again after a power cut.
overwrite_a_file() { # <command to run before>...
	local file=$mnt/overwritten
	set +e
	trap 'umount "$mnt" || umount -l "$mnt"' EXIT
	umount "$mnt"
	mkdir -p "$mnt"
	blockdev --flushbufs "$BLKVERIFY_DEVICE"
	if [ ! -e "$TMPDIR/sums" ]; then
		mkfs.ext4 -qF "$BLKVERIFY_DEVICE" && mount "$BLKVERIFY_DEVICE" "$mnt" &&
			cp -r /usr/share/perl5/Dpkg "$mnt/" &&
			(cd "$mnt" && find Dpkg -type f -exec md5sum {} +) >"$TMPDIR/new" &&
			dd if=/dev/urandom of="$file" bs=64k count=256 conv=fsync status=none &&
			sync && umount "$mnt" && mv "$TMPDIR/new" "$TMPDIR/sums" || exit
	fi
	mount "$BLKVERIFY_DEVICE" "$mnt" && "$@" || exit
	fio --filename="$file" --rw=randwrite --direct=1 --bs=4k --ioengine=libaio --iodepth=4 --size=8m \
		--rate_iops=200 --time_based --runtime=1d --name=fua --sync=dsync --name=others --offset=8m
}
# What those say who look at what came back.
ask_after_the_cut() { # <device>
	local said=nothing
	mkdir -p "$mnt"
	mount "$1" "$mnt" || said=found
	record after mount $said
	said=nothing
	(cd "$mnt" && md5sum --quiet -c "$TMPDIR/sums") || said=found
	record after md5sum $said
	said=nothing
	umount "$mnt" && check_files "$1" || said=found
	record after e2fsck $said
}

# As a user would, at random moments.
by_command() (
	set -e
	local status=0 script=$TMPDIR/script
	trap clean_up_exhibit EXIT
	exhibit_defaults
	. "$TOP/tests/museum/$exhibit"
	declare -F workload >/dev/null || exit 0
	load_exhibit
	legs
	write_script "$script"
	"$BLKVERIFY" run --crash $cuts --every "$(scaled 2)..$(scaled 3)" --timeout "$(scaled 60)" --full \
		--cut "exec:$script cut_disks" --restore "$script restore_disks" --test "$test" --output json \
		-- "$script" workload >"$TMPDIR/run.json" || status=$?
	record command $status "$(python3 - "$TMPDIR/run.json" <<-'END'
		import json, sys
		d = json.load(open(sys.argv[1]))
		c = d["power_cuts"]
		r = (d["reports"] or [{}])[0]
		print(c["cuts"], c["settled_old"], c["settled_new"], r.get("bad_sector", ""),
		      r.get("class", ""), sep="|")
	END
	)"
	[ $status != 6 ] || [ ! -e "$TMPDIR/sums" ] || ask_after_the_cut "$test"
)

# ---- peers: the same on the bare device -----------------------------------------------------------

# Each prints its name and "found" or "nothing".
ask_peers() { # <device>
	local said=nothing
	use_fio "$1" >"$TMPDIR/peer" 2>&1 || said=found
	record peer fio $said "$(grep -m 1 -e 'verify:' -e 'error' "$TMPDIR/peer" | tr -d '\n' | cut -c 1-100)"
	said=nothing
	{ mkfs.ext4 -qF "$1" && use_files "$1"; } >"$TMPDIR/peer" 2>&1 || said=found
	record peer files $said "$(tail -n 1 "$TMPDIR/peer" | cut -c 1-100)"
	said=nothing
	check_files "$1" >"$TMPDIR/peer" 2>&1 || said=found
	record peer e2fsck $said "$(tail -n 1 "$TMPDIR/peer" | cut -c 1-100)"
}

# ---- a run ---------------------------------------------------------------------------------------

# A line of results: bug or control, then words, separated by "|".
results=/dev/null
record() {
	local IFS='|'
	printf 'museum|%s|%s|%s\n' "$exhibit" "$which" "$*" >>"$results"
}

load_exhibit() {
	local name=$exhibit ko
	[ "$which" = bug ] || name+=_control
	ko=$(grep "/$name\.ko$" <<<"${EXHIBITS-}") || skip "the source of this kernel's drivers is not here"
	insmod "$ko" $module_options || fail "$name cannot be loaded: $(dmesg | tail -n 3)"
	exhibits+=" $name"
}

# The default functions of an exhibit.
exhibit_defaults() {
	options= peers=yes module_options= kept= cuts=${CUTS:-10}
	rename() { :; }
	load() { ordinary_load; }
	tear_down() { :; }
}

clean_up_exhibit() {
	set +e
	umount "$mnt" 2>/dev/null
	dmsetup resume bvtest-v 2>/dev/null
	dmsetup remove bvtest-v 2>/dev/null
	tear_down >/dev/null 2>&1
	clean_up
}

uptime_now() { cut -d ' ' -f 1 /proc/uptime; }

# Below blkverify.
below_blkverify() (
	set -e
	local mark begin report
	trap clean_up_exhibit EXIT
	exhibit_defaults
	. "$TOP/tests/museum/$exhibit"
	load_exhibit
	legs
	[ -n "$raw" ] || raw_like_test
	make_v $options
	mark="bvtest: load of $exhibit $which."
	echo "$mark" >/dev/kmsg
	load || :
	mapfile -t report < <(dmesg | sed "1,/$mark/d" | grep -E 'blkverify: .*(contents mismatch|divergence)')
	begin=$(dmesg | sed -n "s/^\[ *\([0-9.]*\)\] $mark/\1/p")
	record load "${found_in:-all}" "$(field compared)" "${step_failed:-}"
	[ "$options" != crash ] ||
		record power "$(field cuts)" "$(field settled_old)" "$(field settled_new)"
	if dmesg | sed "1,/$mark/d" | grep -E "$trouble" >"$TMPDIR/trouble"; then
		record kernel "$(head -n 1 "$TMPDIR/trouble")"
	fi
	if [ ${#report[@]} = 0 ]; then
		record nothing
	else
		record found "$(awk -v line="${report[0]}" -v begin="$begin" 'BEGIN {
			match(line, /[0-9]+\.[0-9]+/); printf "%.1f", substr(line, RSTART, RLENGTH) - begin}')" \
			"$(sed -n 's/.*in sector \([0-9]*\).*/\1/p; s/.* sector=\([0-9]*\) .*divergence.*/\1/p' <<<"${report[0]}")" \
			"$(sed -n 's/.* class=\([^ ]*\).*/\1/p; s/.*divergence .*test=\(-[0-9]*\).*/error(\1)/p' <<<"${report[0]}")" \
			"${report[0]#*\] }"
	fi
)

# Alone.
alone() (
	set -e
	trap clean_up_exhibit EXIT
	exhibit_defaults
	. "$TOP/tests/museum/$exhibit"
	[ "$peers" = yes ] || exit 0
	load_exhibit
	legs
	ask_peers "$test"
)

# What breaks in a run must not end the others.
apart() { # <function>
	local status
	set +e
	"$1" >"$TMPDIR/../exhibit.out" 2>&1
	status=$?
	set -e
	[ $status = 0 ] || record broken "$1: $(tail -n 1 "$TMPDIR/../exhibit.out")"
}

# Run an exhibit with its bug and without it; without it first if the bug damages memory of the machine.
# The caller checks the results.
run_exhibit() { # <name>
	local order="bug control"
	exhibit=$1
	! grep -q '^damages_memory=yes$' "$TOP/tests/museum/$1" || order="control bug"
	for which in $order; do
		apart below_blkverify
		[ -n "${NO_PEERS-}" ] || apart alone
		[ -z "${ASK_COMMAND-}" ] || apart by_command
	done
}
