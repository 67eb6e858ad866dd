# SPDX-License-Identifier: GPL-2.0-only
# The library of the cases. Sourced by tests/lib/run-cases, in the machine, under set -eu.
# Every device that a case makes is named bvtest-*, or is a null_blk or loop device that clean_up
# knows; leftovers are removed, and counted as a failure of the case by the runner.

v=/dev/mapper/bvtest-v
raw= test= sectors=

fail() { printf '%s\n' "$*"; exit 1; }
skip() { printf '%s\n' "$*"; exit 77; }
expect() { # <what> <expected> <actual>
	[ "$2" = "$3" ] || fail "$1: expected \"$2\", got \"$3\""
}

# ---- time ----------------------------------------------------------------------------------------

# Scale seconds (or a quantity that grows with them) to this machine: limits are meant for the
# reference machine, and TIME_SCALE is the time that this one takes, in percent.
scaled() { echo $(($1 * ${TIME_SCALE:-100} / 100)); }

# Wait until a command succeeds, in a subshell. It is tried ten times a second; its output is only
# shown on a timeout.
wait_until() { # <seconds> <command>...
	local end=$((SECONDS + $(scaled "$1") + 1)) said
	shift
	until said=$("$@" 2>&1); do
		[ $SECONDS -lt $end ] ||
			fail "${BASH_SOURCE[1]##*/}:${BASH_LINENO[0]}: waited in vain until: $*${said:+: $said}"
		sleep 0.1
	done
}

# Conditions to wait for.
has_ended() { ! kill -0 "$1" 2>/dev/null; } # <pid>
is_gone() { ! dmsetup info "$1" 2>/dev/null; } # <device>
is_at_least() { [ "$(field "$1")" -ge "$2" ]; } # <status field> <number>

# ---- the kernel log ------------------------------------------------------------------------------

case_log() { # prints the log since the start of the case, or since the given text
	dmesg | sed "1,/${1:-bvtest: $case_name starts}/d"
}
expect_log() { grep -q -e "$1" <<<"$(case_log)" || fail "the kernel log lacks: $1"; }
expect_no_log() { if grep -e "$1" <<<"$(case_log)"; then fail "the kernel log has: $1"; fi; }
reports_in_log() { grep -cE 'blkverify: .*(contents mismatch|divergence)' <<<"$(case_log)" || :; }

# ---- legs ----------------------------------------------------------------------------------------

nullb=/sys/kernel/config/nullb
legs_made=0

# A new RAM disk; sets leg. Attributes are those of null_blk's configfs.
new_leg() { # <MiB> [attribute=value...]
	local name=bvleg$legs_made a
	legs_made=$((legs_made + 1))
	mkdir "$nullb/$name"
	echo "$1" >"$nullb/$name/size"
	echo 1 >"$nullb/$name/memory_backed"
	shift
	for a; do
		echo "${a#*=}" >"$nullb/$name/${a%%=*}"
	done
	echo 1 >"$nullb/$name/power"
	leg=/dev/$name
	[ -b "$leg" ] || leg=/dev/nullb$(cat "$nullb/$name/index")
	[ -b "$leg" ] || fail "null_blk made no $leg"
}

# Two equal legs; sets raw, test and sectors.
new_pair() { # [MiB] [attribute=value...]
	local mib=${1:-64}
	[ $# = 0 ] || shift
	new_leg "$mib" "$@"
	raw=$leg
	new_leg "$mib" "$@"
	test=$leg
	sectors=$((mib * 2048))
}

# The same with loop devices on ext4, which support write zeroes and discard.
loop_pair() { # [MiB, at most 100]
	modprobe -q ext4 || :
	mkfs.ext4 -q /dev/ram7
	mkdir "$TMPDIR/bvtest-files"
	mount /dev/ram7 "$TMPDIR/bvtest-files"
	truncate -s "${1:-64}M" "$TMPDIR/bvtest-files/raw" "$TMPDIR/bvtest-files/test"
	raw=$(losetup -f --show "$TMPDIR/bvtest-files/raw")
	test=$(losetup -f --show "$TMPDIR/bvtest-files/test")
	sectors=$((${1:-64} * 2048))
}

# The same with bio-based RAM disks.
ram_pair() { # [MiB, at most 256]
	raw=/dev/ram0 test=/dev/ram1
	sectors=$((${1:-64} * 2048))
	[ -b $raw ] || skip "this kernel has no RAM disks"
	dd if=/dev/zero of=$raw bs=1M count="${1:-64}" oflag=direct status=none
	dd if=/dev/zero of=$test bs=1M count="${1:-64}" oflag=direct status=none
}

# A dm device of one line; sets leg.
new_dm() { # <name> <target line>
	dmsetup create "bvtest-$1" --table "$2"
	leg=/dev/mapper/bvtest-$1
}

# Replace the test leg by a device that passes requests to it. The function lie makes the device
# misbehave, see tests/helpers/liar.c. Sets test_below to the original leg.
liar_as_test() {
	[ -n "${LIAR-}" ] || skip "liar.ko is missing"
	[ -d /sys/module/liar ] || insmod "$LIAR"
	test_below=$test
	new_dm liar "0 $sectors liar $test"
	test=$leg
}
lie() { dmsetup message -- bvtest-liar 0 "$@"; }
liar_keeps() { [ "$(dmsetup status bvtest-liar | awk '{print $4}')" = "$1" ]; } # <reads>
liar_is_done() { [ "$(dmsetup status bvtest-liar | awk '{print $5}')" = 0 ]; }

# A RAM disk that loses what was not flushed when its power is cut, see tests/helpers/blackout.c;
# sets leg. Its name is bvtest-disk and a number; disks has all names.
disks=()
new_disk() { # <MiB>
	[ -d /sys/module/blackout ] || insmod "$BLACKOUT"
	new_dm "disk${#disks[@]}" "0 $(($1 * 2048)) blackout"
	disks+=("${leg#/dev/mapper/}")
}
disks_off() { dmsetup message "${disks[0]}" 0 off; }
disks_on() { # <seed>
	local d
	for d in "${disks[@]}"; do dmsetup message "$d" 0 lose "$1"; done
	dmsetup message "${disks[0]}" 0 on
}
flush_device() { dd if=/dev/null of="$1" conv=fsync,notrunc status=none; } # <device>

# Load a driver with a bug of tests/museum. tests/run looks for the calls, to build what is needed; the names
# must be literal.
need_exhibit() { # <name>
	local ko
	ko=$(grep "/$1\.ko$" <<<"${EXHIBITS-}") || skip "the source of this kernel's drivers is not here"
	insmod "$ko"
	exhibits+=" $1"
}
# The same without loading them: those that the case is about to load itself.
need_exhibits() { # <name>...
	[ -n "${EXHIBITS-}" ] || skip "the source of this kernel's drivers is not here"
}
exhibits=

make_v() { # [options of the table line]
	dmsetup create bvtest-v --table "0 $sectors blkverify $raw $test${*:+ $# $*}"
}

# A file of the device in /sys/block.
tracing=/sys/kernel/tracing
has_tracing() { [ -e $tracing/trace ] || mount -t tracefs none $tracing 2>/dev/null; }

attribute() { # <name>
	cat "/sys/block/$(dmsetup info -c --noheadings -o blkdevname bvtest-v)/$1"
}
# A bio has 256 segments, so this is five bios, unless pages of dd's buffer are adjacent, which not
# every kernel gives to anyone. Fails if there were none, and with them no bio of more than 1 MiB.
bios_so_far() { attribute stat | awk '{print $1 + $5}'; }
dd_adjacent() { # <argument of dd>...
	local before
	before=$(bios_so_far)
	dd bs=4100K count=1 status=none "$@"
	[ $(($(bios_so_far) - before)) -lt 5 ]
}

# ---- the target ----------------------------------------------------------------------------------

# Replace a table, as a user does: I/O in flight completes first (unless --noflush is given).
suspend_load_resume() { # [--noflush] <device> <target lines>
	local noflush=
	[ "$1" != --noflush ] || { noflush=$1; shift; }
	dmsetup suspend $noflush "$1"
	load_resume "$1" "$2"
}

# The same without an explicit suspend: a resume with a new table suspends, too.
load_resume() { # <device> <target lines> [option of dmsetup load...]
	local device=$1 lines=$2
	shift 2
	dmsetup load "$device" "$@" <<<"$lines"
	dmsetup resume "$device"
}

# The fields of the status, in order, from the list that the module is built from.
. "$TOP/tests/lib/words.sh"
mapfile -t status_fields < <(words_of FIELD)
[ ${#status_fields[@]} != 0 ] || fail "src/words.h has no list of the status fields"

# Prints a field of the status; one for each target if the table has several.
field() { # <name of a status field> [device]
	local i
	for i in "${!status_fields[@]}"; do
		[ "${status_fields[i]}" = "$1" ] || continue
		dmsetup status "${2:-bvtest-v}" | awk -v n="$i" '$3 == "blkverify" {print $(4 + n)}'
		return
	done
	fail "the status has no field $1"
}

expect_field() { expect "status field $1" "$2" "$(field "$1")"; }

reports_expected=0	# caused by the case on purpose
expect_healthy() {
	expect_field state V
	expect_field first_mismatch -
	expect_field mismatches 0
	expect_field divergences 0
	[ "$(field compared)" -gt 0 ] || fail "nothing was compared"
	expect "reports in the log" $reports_expected "$(reports_in_log)"
}

expect_same_legs() {
	cmp "$raw" "$test" >/dev/null || fail "the legs differ: $(cmp "$raw" "$test" 2>&1)"
}

# After leg errors: all that is written from now on is trusted, and equal on both legs.
expect_equal_again() {
	dd if=/dev/urandom of="$v" bs=1M count=$((sectors / 2048)) oflag=direct status=none
	expect_field untrusted 0
	expect_read 0 $((sectors * 512))
	expect_field mismatches 0
	dmsetup remove bvtest-v
	expect_same_legs
}

# A read must fail with an error of this name.
expect_read_error() { # <errno name> <offset> <bytes>
	expect "read of $3 bytes at $2" "read: $1" "$("$BVIO" read "$v" "$2" "$3" || :)"
}
expect_read() { # <offset> <bytes>
	expect "read of $2 bytes at $1" "read $2" "$("$BVIO" read "$v" "$1" "$2" || :)"
}

# The table line must be rejected, with this text in the log and nothing left open.
expect_refused() { # <text> <table line>
	local log
	refusals=$((refusals + 1))
	echo "bvtest: refusal $refusals." >/dev/kmsg
	if dmsetup create bvtest-refused --table "$2" 2>/dev/null; then
		fail "not refused: $2"
	fi
	log=$(case_log "bvtest: refusal $refusals.")
	[[ $log == *"$1"* ]] || fail "the log lacks \"$1\" for: $2"
	expect "users of the module" 0 "$(</sys/module/dm_blkverify/refcnt)"
}
refusals=0

# Does each mismatch in the list have its label, because the test leg was re-read? Late data get none.
has_labels() {
	! dmsetup message bvtest-v 0 list | grep 'contents mismatch' |
		grep -vE ' (persistent|transient) class=| class=late '
}

# Wait until nothing that the liar still has to do can affect the next request: the test leg was
# re-read for the labels, and all late data have arrived. Those of the re-reads are in idle memory:
# let it be looked at.
settle_lies() {
	wait_until 30 has_labels
	wait_until 30 liar_is_done
	dmsetup suspend bvtest-v
	dmsetup resume bvtest-v
}

# No report but those of late data: when they are found depends on when the memory is looked at.
expect_only_late() {
	expect "reports of other classes" "" \
		"$(dmsetup message bvtest-v 0 list | grep '^[0-9]' | grep -v ' class=late ' || :)"
}

fill_random() { # <device> <MiB>
	dd if=/dev/urandom of="$1" bs=1M count="$2" oflag=direct status=none
}

# ---- file systems --------------------------------------------------------------------------------

need_file_system() { # <name>
	modprobe -q "$1" || grep -qw "$1" /proc/filesystems || skip "this kernel has no $1"
}

# Exercise the file system on the device: files are copied to it, written and verified by fio,
# removed, and free space is discarded. It is unmounted afterwards.
exercise_file_system() {
	local mnt=$TMPDIR/bvtest-mnt
	mkdir "$mnt"
	mount -o discard $v "$mnt"
	cp -a /usr/share/perl5 "$mnt/"
	fio --name=files --directory="$mnt" --rw=randwrite --bsrange=1k-64k --size=4m --numjobs=2 \
		--verify=crc32c --ioengine=psync --fsync=32 --randseed=${SEED:-3} --output="$TMPDIR/fio" ||
		fail "$(cat "$TMPDIR/fio")"
	rm -rf "$mnt/perl5"
	fstrim "$mnt" || :
	umount "$mnt"
}

# ---- allocations that fail -----------------------------------------------------------------------

fault_attributes="/sys/kernel/debug/failslab /sys/kernel/debug/fail_page_alloc"
fault_times=1000000000

# The start and end of a function of the module, or of the whole module ("dm_blkverify").
module_code() { # <function>
	sed -n 's/^\([0-9a-f]*\) [tT] \([^ \t]*\)[ \t]*\[dm_blkverify\]$/\1 \2/p' /proc/kallsyms | sort |
		awk -v name="$1" '
			begin && !end && $2 != name && name != "dm_blkverify" {end = $1}
			!begin && ($2 == name || name == "dm_blkverify") {begin = $1}
			END {if (!begin) exit 1; print "0x" begin, "0x" (end ? end : "ffffffffffffffff")}'
}

# From now on allocations may fail if they are made by this function of the module, or by any from it
# up to another one: the given percentage, or those that bvnth chooses.
allocations_fail_in() { # <function> [percent [function]]
	local a range
	[ -e /sys/kernel/debug/failslab/require-start ] || skip "this kernel cannot let allocations fail"
	range=$(module_code "$1") || fail "the module has no function $1"
	if [ -n "${3-}" ]; then
		a=$(module_code "$3") || fail "the module has no function $3"
		[[ ${range% *} < ${a% *} ]] || fail "$3 comes before $1"
		range="${range% *} ${a% *}"
	fi
	for a in $fault_attributes; do
		echo "${range% *}" >$a/require-start
		echo "${range#* }" >$a/require-end
		echo 32 >$a/stacktrace-depth
		echo N >$a/ignore-gfp-wait
		echo 0 >$a/verbose
		echo $fault_times >$a/times
		[ ! -e $a/min-order ] || echo 0 >$a/min-order
		[ ! -e $a/ignore-gfp-highmem ] || echo N >$a/ignore-gfp-highmem
		echo "${2:-0}" >$a/probability
	done
}

allocations_failed() { # prints how many failed since allocations_fail_in
	local a left sum=0
	for a in $fault_attributes; do
		read -r left <$a/times
		sum=$((sum + fault_times - left))
	done
	echo $sum
}

allocations_succeed() {
	local a
	for a in $fault_attributes; do
		[ ! -e $a/probability ] || echo 0 >$a/probability
	done
}

# ---- requests that fail --------------------------------------------------------------------------

# Block layer fault injection: of one kind, in the given percentage of the requests to a leg.
request_faults=/sys/kernel/debug/fail_make_request
timeout_faults=/sys/kernel/debug/fail_io_timeout

need_faults() { # <directory of the attribute>
	[ -e "$1" ] || skip "this kernel has no fault injection: ${1##*/}"
}

start_faults() { # <directory of the attribute> <percent> [only every n-th]
	echo 0 >"$1/verbose"
	echo $fault_times >"$1/times"
	echo "${3:-1}" >"$1/interval"
	echo "$2" >"$1/probability"
}
stop_faults() { # <directory of the attribute>
	[ ! -e "$1" ] || { echo 0 >"$1/probability"; echo 1 >"$1/interval"; }
}
faults_happened() { [ "$(<"$1/times")" -lt $fault_times ]; } # <directory of the attribute>

# Fail requests to legs: the given percentage, or every n-th of those.
requests_fail() { # <percent> <leg> [leg] [every n-th]
	local percent=$1 leg interval=1
	need_faults $request_faults
	shift
	for leg; do
		case $leg in
		/*) echo 1 >"/sys/block/${leg##*/}/make-it-fail" ;;
		*) interval=$leg ;;
		esac
	done
	start_faults $request_faults "$percent" "$interval"
}
requests_succeed() { stop_faults $request_faults; }

# ---- the end -------------------------------------------------------------------------------------

clean_up() {
	set +e
	allocations_succeed
	requests_succeed
	local d i
	exec 8<&-
	lie release 2>/dev/null
	swapoff -a 2>/dev/null
	while read -r d; do
		umount "$d" 2>/dev/null
	done < <(awk '$2 ~ /bvtest/ {print $2}' /proc/mounts | tac)
	# Devices may be stacked: several rounds.
	for i in 1 2 3 4 5 6; do
		d=$(dmsetup ls 2>/dev/null)
		[[ $d == *bvtest-* ]] || break
		while read -r d _; do
			[[ $d == bvtest-* ]] || continue
			dmsetup resume "$d" 2>/dev/null
			dmsetup remove "$d" 2>/dev/null
		done <<<"$d"
	done
	[ ! -d /sys/block/md77/md ] || echo clear >/sys/block/md77/md/array_state
	[ ! -d /sys/module/liar ] || rmmod liar
	[ ! -d /sys/module/recorder ] || rmmod recorder
	[ ! -d /sys/module/blackout ] || rmmod blackout
	losetup -D 2>/dev/null
	for d in $exhibits; do rmmod "$d"; done
	for d in "$TMPDIR"/bvtest-*; do
		if mountpoint -q "$d"; then umount -l "$d"; fi
	done
	for d in "$nullb"/bvleg*; do
		[ -d "$d" ] || continue
		echo 0 >"$d/power"
		rmdir "$d"
	done
	d=/sys/module/dm_blkverify/parameters/report_as_bug
	[ ! -e $d ] || echo 0 >$d
	rm -rf "$TMPDIR"/*
}
