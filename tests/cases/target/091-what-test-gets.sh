# SPDX-License-Identifier: GPL-2.0-only
# This test will run loads on a device, alone and as the test leg, and compare the requests that it
# gets.
# Needs: machine=debug,stock
#
# BRIEF=1: only what the debug machine cannot do, with one kind of raw.

. "$TOP/tests/lib/recorder.sh"
. "$TOP/tests/lib/scsi.sh"

# Differences that are not going away: load, operation.field, reason.
cat >"$TMPDIR/explanations" <<'END'
64 writes to one block|write.depth|overlapping writes run one at a time
64 writes to one block|write.overlaps|overlapping writes run one at a time
END
# The caller's memory may be contiguous beyond that, from one huge page to the next.
for op in read write; do
	for field in $op.segments $op.multi $op.shapes $op.adjacent reshaped; do
		echo "16 MiB $op, huge pages|$field|no private memory is contiguous for more than 4 MiB"
	done
done >>"$TMPDIR/explanations"

big=320		# MiB; mkfs.xfs refuses less than 300
table=$TMPDIR/table
: >"$table"

# ---- the devices: alone and below are recorders on equal legs, above is one on blkverify ---------

test_attributes="max_sectors=32768 discard=1 cache_size=8"
test_erases=16384	# sectors; null_blk has no secure erase, so the recorders offer it

# shellcheck disable=SC2086
set_up() { # <what raw is like> <MiB> <attribute of raw>...
	local mib=$2
	echo "raw $1" >>"$table"
	shift 2
	sectors=$((mib * 2048))
	new_leg $mib $test_attributes
	raise_max_sectors "$leg"
	new_recorder alone "$leg" $test_erases
	alone=$leg
	new_leg $mib $test_attributes
	raise_max_sectors "$leg"
	new_recorder below "$leg" $test_erases
	test=$leg
	new_leg $mib "$@"
	raise_max_sectors "$leg"
	raw=$leg
}

# Make blkverify, and what goes on top of it. CONTROL tests this case: dm-linear makes no difference.
start() {
	if [ -n "${CONTROL-}" ]; then
		new_dm v "0 $sectors linear $test 0"
	else
		make_v
	fi
	raise_max_sectors $v
	new_recorder above $v
	above=$leg
	reshaped=0
}

tear_down() {
	if [ -z "${CONTROL-}" ]; then
		expect_field state V
		expect_field mismatches 0
		expect_field divergences 0
	fi
	dmsetup remove bvtest-above
	dmsetup remove bvtest-v
	dmsetup remove bvtest-below
	dmsetup remove bvtest-alone
}

# ---- loads -------------------------------------------------------------------------------------

begin() { # <recorder>...
	local name
	for name; do
		tell_recorder $name reset
	done
}

row() { # <mode of compare_shapes> <load> <recorder> <recorder> [operation.field that the load is for]
	dmsetup status "bvtest-$3" >"$TMPDIR/record-1"
	dmsetup status "bvtest-$4" >"$TMPDIR/record-2"
	compare_shapes "$1" "$2" "$TMPDIR/record-1" "$TMPDIR/record-2" "$TMPDIR/explanations" "${5-}" >>"$table"
	[ -n "${CONTROL-}" ] || expect_not_reshaped "$2"
}

expect_not_reshaped() { # <load>
	local before=$reshaped
	reshaped=$(field reshaped)
	[ "$reshaped" = "$before" ] || grep -qF "$1|reshaped|" "$TMPDIR/explanations" ||
		echo "$1|||||||differs: $((reshaped - before)) sectors were reshaped" >>"$table"
}

# Requests from the memory of a program: the same memory in both runs, so all must be equal.
direct() { # <name> <load of bvload> <bytes> [operation.field that the load is for]
	begin alone below
	"$BVLOAD" "$2" "$3" "$alone" $v
	row same "$1" alone below "${4-}"
}

# Many at a time. Completions are delayed, so that all that may be in flight at once are.
deep() { # <name> <load of bvload> <bytes> <ms>
	tell_recorder alone delay "$(scaled "$4")"
	tell_recorder below delay "$(scaled "$4")"
	begin alone below
	"$BVLOAD" "$2" "$3" "$alone" $v
	row depth "$1" alone below
	tell_recorder alone delay 0
	tell_recorder below delay 0
}

# Requests from memory of the kernel, which differs in each run: what enters blkverify must be what
# leaves it, and what enters must be similar to what the device gets alone.
cached() { # <name> <command with the device to be appended>...
	local name=$1
	shift
	begin alone above below
	"$@" "$alone"
	"$@" "$above"
	row same "$name, passed on" above below
	row alike "$name" alone below
}

mkdir "$TMPDIR/some-files"
for ((i = 1; i <= 50; i++)); do
	head -c $((i * i * 300)) /dev/urandom >"$TMPDIR/some-files/$i"
done

swap() { # <device>
	mkswap "$1" >/dev/null
	"$BVLOAD" swap 16777216 "$1"
}

files() { # <file system> <device>
	local mnt=$TMPDIR/bvtest-mnt force=-f
	[ -d "$mnt" ] || mkdir "$mnt"
	[ "$1" != ext4 ] || force=-F
	"mkfs.$1" -q $force "$2" >"$TMPDIR/mkfs" 2>&1 || fail "$(cat "$TMPDIR/mkfs")"
	mount "$2" "$mnt"
	cp -a "$TMPDIR/some-files" "$mnt/"
	sync
	rm -f "$mnt"/some-files/*7
	fstrim "$mnt" 2>/dev/null || :
	umount "$mnt"
	mount "$2" "$mnt"
	find "$mnt" -type f -exec cat {} + >/dev/null
	umount "$mnt"
}

in_cgroup() { # <command>...
	sh -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$cgroup" "$@"
}

cgroup=/sys/fs/cgroup/bvtest
has_cgroup() {
	[ -d /sys/fs/cgroup ] || return 1
	mountpoint -q /sys/fs/cgroup || mount -t cgroup2 cgroup2 /sys/fs/cgroup || return 1
	echo +io >/sys/fs/cgroup/cgroup.subtree_control || return 1
	[ -d $cgroup ] || mkdir $cgroup
}

# Huge pages as the kernel hands them out, and those that are set aside for programs.
huge_loads() {
	local op
	for op in read write; do
		direct "4 MiB $op, huge pages" huge-$op 4194304
		direct "16 MiB $op, huge pages" huge-$op 16777216
		direct "fixed $op, huge pages" huge-fixed-$op 262144
		direct "nowait 1M $op, huge" huge-nowait-$op 1048576 $op.nowait
		if [ -n "$has_hugetlb" ]; then
			direct "4 MiB $op, hugetlb" hugetlb-$op 4194304
			direct "odd offset $op, hugetlb" hugetlb-odd-$op 2097152 $op.odd
		fi
	done
}

file_systems() { # <name>...
	local fs
	for fs; do
		if command -v mkfs.$fs >/dev/null && { modprobe -q $fs || grep -qw $fs /proc/filesystems; }; then
			cached $fs files $fs
		fi
	done
}

all_loads() {
	local op

	if [ -n "$has_thp" ]; then huge_loads; fi
	cached "swap" swap
	file_systems btrfs
	[ -z "${BRIEF-}" ] || return 0
	file_systems ext4 xfs
	for op in read write; do
		direct "4 KiB $op" $op 4096
		direct "64 KiB $op" $op 65536
		direct "1 MiB $op" $op 1048576
		direct "4 MiB $op" $op 4194304
		direct "odd offset $op" odd-$op 0 $op.odd
		direct "${op}v" ${op}v 0
		direct "fixed $op" fixed-$op 65536
		direct "polled $op" polled-$op 4096 $op.polled
		direct "nowait 4K $op" nowait-$op 4096 $op.nowait
		direct "nowait 256K $op" nowait-$op 262144 $op.nowait
		direct "nowait 1M $op" nowait-$op 1048576 $op.nowait
	done
	direct "O_SYNC" sync-write 4096
	direct "O_DSYNC" dsync-write 65536
	direct "discard 32M" discard 33554432 discard.bios
	direct "secure erase 32M" erase 33554432 erase.bios

	deep "64 writes to one block" same-block-write 4096 20
	deep "64 reads of one block" same-block-read 4096 200
	for op in read write; do
		deep "256 ${op}s at once" different-blocks-$op 4096 500
		deep "16 ${op}s of 1M at once" different-blocks-$op 1048576 1000
	done
	deep "128 of each at once" different-blocks-mixed 4096 500

	cached "buffered read" "$BVLOAD" buffered-read 1048576
	cached "buffered write" "$BVLOAD" buffered-write 1048576
	cached "fdatasync" "$BVLOAD" fdatasync 65536
}

has_thp=
if [ -d /sys/kernel/mm/transparent_hugepage ]; then has_thp=1; fi
has_hugetlb=
if echo 24 2>/dev/null >/proc/sys/vm/nr_hugepages && [ "$(cat /proc/sys/vm/nr_hugepages)" = 24 ]; then has_hugetlb=1; fi

# ---- what a request carries must reach both legs --------------------------------------------------

# As direct, but also compare what the raw leg gets.
both() { # <name> <load of bvload> <bytes> <operation.field that the load is for> [<command>...]
	begin alone below beside
	"${@:5}" "$BVLOAD" "$2" "$3" "$alone" $v
	row same "$1" alone below "$4"
	[ -n "${CONTROL-}" ] || row same "$1, raw leg" alone beside "$4"
}

belongings() {
	local op
	for op in read write; do
		if has_cgroup; then
			both "cgroup $op" $op 262144 $op.cgroup in_cgroup
		else
			echo "cgroup $op|$op|||||||not tested: no cgroups" >>"$table"
		fi
		[ -n "${BRIEF-}" ] || both "ioprio $op" prio-$op 65536 $op.ioprio
	done
	[ -z "${BRIEF-}" ] || return 0
	# Write streams are not here: the device mapper offers none.
	both "write hints" hint-write 65536 write.hint
	both "secure erase" erase 33554432 erase.bios
}

# ---- atomic writes: disks of scsi_debug have them ------------------------------------------------

atomic_writes() {
	local disks bytes
	echo "raw without atomic writes" >>"$table"
	compgen -G "/sys/block/*/queue/atomic_write_max_bytes" >/dev/null &&
		make_scsi_disks 2 dev_size_mb=8 add_host=2 per_host_store=1 atomic_wr=1 || {
		echo "atomic write|write|||||||not tested: no disks with atomic writes" >>"$table"
		return
	}
	new_recorder alone "${disks[0]}"
	alone=$leg
	new_recorder below "${disks[1]}"
	test=$leg
	new_leg 8
	raw=$leg sectors=16384
	start
	for bytes in 4096 65536; do
		direct "atomic write, $bytes bytes" atomic-write $bytes write.atomic
	done
	tear_down
}

# ---- write zeroes: loop devices support them, null_blk does not ----------------------------------

zeroes() { # <raw>
	raw=$1 sectors=$(blockdev --getsz "$1")
	new_recorder alone "$loop_alone"
	alone=$leg
	new_recorder below "$loop_test"
	test=$leg
	start
	direct "zeroes 32M" zeroes 33554432 zeroes.bios
	direct "loop discard 32M" discard 33554432 discard.bios
	tear_down
}

# ---- the kinds of raw ----------------------------------------------------------------------------

set_up alike $big $test_attributes
start
all_loads
tear_down

set_up "recorded, too" 64 $test_attributes
new_recorder beside "$raw" $test_erases
raw=$leg
start
belongings
tear_down
dmsetup remove bvtest-beside

if [ -z "${BRIEF-}" ]; then
	loop_pair 40
	loop_alone=$raw loop_test=$test
	truncate -s 40M "$TMPDIR/bvtest-files/third"
	loop_raw=$(losetup -f --show "$TMPDIR/bvtest-files/third")
	echo "raw alike" >>"$table"
	zeroes "$loop_raw"

	set_up "with small limits" $big max_sectors=256 virt_boundary=1 hw_queue_depth=4 discard=1 cache_size=8
	echo 1048576 >"/sys/block/${raw##*/}/queue/discard_max_bytes"
	start
	all_loads
	tear_down
	echo 1048576 >"/sys/block/${loop_raw##*/}/queue/discard_max_bytes"
	zeroes "$loop_raw"

	set_up "without features" $big max_sectors=32768 discard=0 cache_size=0 poll_queues=0
	start
	all_loads
	tear_down
	new_leg 40
	zeroes "$leg"

	# Its requests must not wait for each other: the test leg has room for all of them.
	set_up "with a short queue" 16 hw_queue_depth=4 irqmode=2 \
		completion_nsec=$(($(scaled 40) * 1000000)) no_sched=1
	start
	deep "256 writes at once" different-blocks-write 4096 300
	deep "256 reads at once" different-blocks-read 4096 300
	tear_down

	atomic_writes
fi

# ---- the verdict -------------------------------------------------------------------------------

nr_of() { grep -c "|$1[^|]*$" "$table" || :; } # <start of the verdict>

print_shapes <"$table" >"$TMPDIR/shapes"
differs=$(nr_of differs:)
if [ "$differs" != 0 ] || [ -n "${SHOW_SHAPES-}" ]; then cat "$TMPDIR/shapes" >&3; fi
printf '%s rows: %s equal, %s explained, %s not tested\n' "$(grep -c '|' "$table")" "$(nr_of equal)" \
	"$(nr_of 'differs (explained)')" "$(nr_of 'not tested')" >"$case_shows"
grep -e 'differs (explained)' -e 'not tested' "$TMPDIR/shapes" >>"$case_shows" || :
[ "$(nr_of equal)" -gt 0 ] || fail "no row is equal"
[ "$differs" = 0 ] || fail "$differs of $(grep -c '|' "$table") rows differ"
