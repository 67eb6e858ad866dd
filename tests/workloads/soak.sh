# SPDX-License-Identifier: GPL-2.0-only
# This test will mix loads, legs, options, events and faults at random, for the given time.
# Started by tests/soak. Variables: SOAK_SECONDS, SEED, ROUND (the first), BREAK (what to break, to
# check that it is noticed). Each round has its own seed, so that it can be repeated alone.
. "$TOP/tests/workloads/lib.sh"

started=$SECONDS
round=${ROUND:-1}
suspends=0 reloads=0 injected=0 reported=0 rounds=0
cuts=0 blocks_new=0 blocks_old=0
area_mib=48		# the area of planted faults
declare -gA seen=()	# how often each choice was made

roll() { rolled=$(((RANDOM * 32768 + RANDOM) % $1)); } # not in a subshell: it has its own RANDOM
pick() {
	roll $#
	shift $rolled
	picked=$1
	seen[$picked]=$((${seen[$picked]-0} + 1))
}
breaking() { [ "${BREAK-}" = "$1" ]; }

# ---- the ledger ------------------------------------------------------------------------------

# Add up the counts of healthy and found.
add_up() {
	injected=$((injected + nr_planted)) reported=$((reported + nr_reported))
	nr_planted=0 nr_reported=0
}

row() {
	add_up
	say "ledger after $rounds rounds, $((SECONDS - started)) s:"
	say "  requests          $requests"
	say "  bytes compared    $((compared * 512))"
	say "  suspends, reloads $suspends, $reloads"
	say "  power cuts        $cuts, after them $blocks_new blocks were new, $blocks_old old"
	say "  faults injected   $injected"
	say "  faults reported   $reported"
	say "  false alarms      $false_alarms"
	say "  choices           $(for what in "${!seen[@]}"; do echo "$what=${seen[$what]}"; done | sort | xargs)"
	[ -z "$1" ] || say "repeat from this round: tests/soak -s $SEED -r $round"
}
trap 'trap - ERR; [ $done_well = 1 ] || row again; clean_up_all' EXIT
done_well=0

# ---- legs ------------------------------------------------------------------------------------

server= control= md= load=
before_clean_up() {
	# Or it would keep the device open.
	[ -z "$load" ] || kill -KILL "$load" 2>/dev/null
	[ -z "$md" ] || { dmsetup resume bvtest-v; dmsetup remove bvtest-v; dmsetup remove bvtest-test; mdadm --stop "$md"; } >/dev/null 2>&1
	md=
}
after_clean_up() {
	[ -z "$server" ] || { kill "$server" && wait "$server"; } 2>/dev/null
	server=
	[ ! -e /sys/module/scsi_debug ] || rmmod scsi_debug
}

# A pair of legs of one kind, each behind a dm-linear device whose table is replaced by the faults.
make_legs() { # <kind> <MiB>
	local mib=$2 filling=/dev/urandom i
	sectors=$((mib * 2048))
	case $1 in
	null | thin | md | nbd | scsi)
		pick 512 4096
		new_leg "$mib" blocksize="$picked" discard=1
		behind_raw=$leg
		;;&
	null)
		pick 512 4096
		new_leg "$mib" blocksize="$picked" discard=1
		behind_test=$leg
		;;
	slow)
		new_leg "$mib" irqmode=2 completion_nsec=20000
		behind_raw=$leg
		new_leg "$mib" irqmode=2 completion_nsec=400000
		behind_test=$leg
		;;
	loop)
		truncate -s "${mib}M" "$TMPDIR/raw" "$TMPDIR/test"
		behind_raw=$(losetup -f --show "$TMPDIR/raw")
		behind_test=$(losetup -f --show "$TMPDIR/test")
		;;
	ram) behind_raw=/dev/ram0 behind_test=/dev/ram1 ;;
	thin)
		new_leg 8
		local metadata=$leg
		new_leg $((mib + 32))
		new_dm pool "0 $((sectors + 65536)) thin-pool $metadata $leg 128 0"
		dmsetup message bvtest-pool 0 "create_thin 0"
		new_dm thin "0 $sectors thin /dev/mapper/bvtest-pool 0"
		behind_test=/dev/mapper/bvtest-thin
		;;
	md)
		new_leg $((mib + 2))
		local one=$leg
		new_leg $((mib + 2))
		mkdir -p /run/mdadm /dev/md
		md=/dev/md127
		mdadm --create /dev/md127 --run --metadata=1.2 --level=1 --raid-devices=2 --assume-clean "$one" "$leg" >"$TMPDIR/mdadm" 2>&1 ||
			fail "$(cat "$TMPDIR/mdadm")"
		behind_test=$md
		;;
	nbd)
		control=$TMPDIR/control
		"$BVFAULT" serve /dev/nbd0 "$mib" "$control" 3>&- &
		server=$!
		for ((i = 0; i < 100; i++)); do
			[ ! -S "$control" ] || [ ! -e /sys/block/nbd0/pid ] || break
			sleep 0.1
		done
		behind_test=/dev/nbd0
		;;
	legal | flush | fua | torn | stray)	# a cache that loses what was not flushed, or breaks a rule
		new_leg "$mib" blocksize=4096
		behind_raw=$leg
		control=$TMPDIR/control
		roll 1000000
		"$BVCUT" serve /dev/nbd0 "$mib" "$control" "$1" $rolled 3>&- &
		server=$!
		behind_test=/dev/nbd0
		;;
	scsi)
		insmod "$KTREE/drivers/scsi/scsi_debug.ko" dev_size_mb="$mib" sector_size=4096 lbpu=1 lbpws=1 delay=0
		for ((i = 0; i < 100; i++)); do
			behind_test=$(grep -ls scsi_debug /sys/block/sd*/device/model || :)
			[ -z "$behind_test" ] || break
			sleep 0.1
		done
		behind_test=${behind_test#/sys/block/}
		behind_test=/dev/${behind_test%%/*}
		;;
	esac
	# A disk appears before its size is set.
	for ((i = 0; i < 100 && $(blockdev --getsz "$behind_test") < sectors; i++)); do sleep 0.1; done
	expect "sectors of test" 1 $(($(blockdev --getsz "$behind_test") >= sectors))
	# The legs start equal, and have all their memory allocated. After a power cut, only data that were
	# written since can be found elsewhere: then they start with zeros.
	case $1 in legal | flush | fua | torn | stray) filling=/dev/zero ;; esac
	dd if=$filling of="$behind_raw" bs=1M count="$mib" oflag=direct status=none
	dd if="$behind_raw" of="$behind_test" bs=1M count="$mib" oflag=direct status=none
	new_dm raw "0 $sectors linear $behind_raw 0"
	raw=$leg
	new_dm test "0 $sectors linear $behind_test 0"
	test=$leg leg_to_spoil=$behind_test
}

set_leg() { # <raw|test> <table lines>
	dmsetup suspend --noflush "bvtest-$1"
	dmsetup load "bvtest-$1" <<<"$2"
	dmsetup resume "bvtest-$1"
}
restore_leg() { local behind=behind_$1; set_leg "$1" "0 $sectors linear ${!behind} 0"; }

# ---- loads -----------------------------------------------------------------------------------

files_load() { # <seconds> <mkfs>...
	local seconds=$1 fs=$2
	shift 2
	set -eu
	"$@" $v
	mkdir "$mnt"
	mount -o noatime,discard $v "$mnt"
	cp -a /usr/share/perl5 "$mnt/"
	file_system_stress "$seconds"
	diff -r /usr/share/perl5 "$mnt/perl5"
	umount "$mnt"
	case $fs in
	ext4) e2fsck -fn $v ;;
	xfs) xfs_repair -n $v ;;
	btrfs) btrfs check --check-data-csum $v ;;
	esac
	rmdir "$mnt"
}

sqlite_load() { # <seconds>
	local until=$((SECONDS + $1)) i=0
	set -eu
	mkfs.ext4 -q $v
	mkdir "$mnt"
	mount -o noatime,discard $v "$mnt"
	sqlite3 -bail "$mnt/db" "PRAGMA journal_mode=wal; CREATE TABLE t (n INTEGER PRIMARY KEY, bytes BLOB);
		INSERT INTO t SELECT value, randomblob(1 + value % 2000) FROM generate_series(1, 3000);"
	while [ $SECONDS -lt $until ]; do
		i=$((i + 1))
		sqlite3 -bail "$mnt/db" "UPDATE t SET bytes = randomblob(1 + n % 1500) WHERE n % 11 = $((i % 11));"
		[ $((i % 8)) != 0 ] || forget "$mnt/db"
	done
	[ "$(sqlite3 "$mnt/db" 'PRAGMA integrity_check;')" = ok ]
	umount "$mnt"
	rmdir "$mnt"
}

start_load() { # <name> <seconds>
	local name=$1 seconds=$2
	roll 1000000
	(
		case $name in
		fio-*)
			SEED=$rolled fio_verify $v --ioengine="${name#fio-}" --iodepth=16 --direct=1 --bsrange=4k-256k --blockalign=4k \
				--size=${area_mib}m --time_based --runtime="$seconds" ;;
		ext4) files_load "$seconds" ext4 mkfs.ext4 -q ;;
		xfs) files_load "$seconds" xfs mkfs.xfs -q -f ;;
		btrfs) files_load "$seconds" btrfs mkfs.btrfs -q -f ;;
		sqlite) sqlite_load "$seconds" ;;
		*) "$BVIO" "$name" $v $((16 << 20)) "$seconds" 8 $rolled ;;
		esac
	) >"$TMPDIR/load" 2>&1 &
	load=$!
}

# A load that has not ended long after its time is stuck.
end_load() { # <seconds at most>
	local i
	for ((i = 0; i < $1 * 5; i++)); do
		kill -0 $load 2>/dev/null || {
			i=0
			wait $load || i=$?
			# Its number may soon be that of another process.
			load=
			return $i
		}
		sleep 0.2
	done
	echo w >/proc/sysrq-trigger
	dmesg | tail -n 60
	fail "the load does not end"
}

# ---- events ----------------------------------------------------------------------------------

event() {
	local line free
	pick suspend suspend-noflush reload leg-suspend pressure caches message
	if breaking hang; then picked=suspend; fi
	case $picked in
	suspend | suspend-noflush)
		suspends=$((suspends + 1))
		if [ "$picked" = suspend ]; then dmsetup suspend bvtest-v; else dmsetup suspend --noflush --nolockfs bvtest-v; fi
		roll 5
		sleep 0.$rolled
		breaking hang || dmsetup resume bvtest-v
		;;
	reload)
		reloads=$((reloads + 1))
		line=$(dmsetup table bvtest-v)
		dmsetup load bvtest-v --table "$line"
		dmsetup resume bvtest-v
		;;
	leg-suspend)
		pick raw test
		dmsetup suspend --noflush "bvtest-$picked"
		roll 5
		sleep 0.$rolled
		dmsetup resume "bvtest-$picked"
		;;
	pressure)
		free=$(awk '/^MemAvailable/ {print int($2 / 1024)}' /proc/meminfo)
		roll 100
		[ "$free" -gt $((350 + rolled)) ] || return 0
		mkdir "$TMPDIR/bvtest-hog"
		mount -t tmpfs -o size=100% tmpfs "$TMPDIR/bvtest-hog"
		fallocate -l $((free - 250 - rolled))M "$TMPDIR/bvtest-hog/memory" || :
		sleep 1
		umount "$TMPDIR/bvtest-hog"
		rmdir "$TMPDIR/bvtest-hog"
		;;
	caches) blockdev --flushbufs $v ;;
	message)
		dmsetup message bvtest-v 0 mark "round $round"
		dmsetup message bvtest-v 0 list >/dev/null
		dmsetup message bvtest-v 0 history 2048 >/dev/null
		dmsetup status bvtest-v >/dev/null
		;;
	esac
}

# ---- faults: each is injected in a way that determines the number of reports --------------------

refill() { dd if=/dev/urandom of=$v bs=1M count=$area_mib oflag=direct status=none; }

spoil() { # sectors at rest
	local i places=() nr
	roll 12
	nr=$((rolled + 1))
	for ((i = 0; i < nr; i++)); do
		roll $((4 << 20))
		# Never two in one request: they are at least a MiB apart.
		places+=($((i * (4 << 20) + rolled % (3 << 20))))
	done
	plant "${places[@]}"
	if breaking missed; then planted+=(99); fi
	pick direct buffered
	if [ "$picked" = direct ]; then
		dd if=$v of=/dev/null bs=1M count=$area_mib iflag=direct status=none conv=noerror 2>/dev/null || :
	else
		for i in "${places[@]}"; do dd if=$v of=/dev/null bs=4096 count=1 skip=$((i / 4096)) status=none 2>/dev/null || :; done
	fi
	found
	plant "${places[@]}"
	planted=()
}

# Expect as many error reports as injected errors, all about this leg, and no other reports.
found_errors() { # <raw|test> <at least> [<at most>]
	local list nr wrong pattern='divergence raw=0 test=-'
	[ "$1" = test ] || pattern='divergence raw=-[0-9]* test=0'
	list=$(dmsetup message bvtest-v 0 list)
	nr=$(field divergences)
	wrong=$(grep -v '^dropped=' <<<"$list" | grep -vc "$pattern" || :)
	false_alarms=$((false_alarms + wrong + $(field mismatches)))
	if [ $# = 3 ] && [ "$nr" -gt "$3" ]; then false_alarms=$((false_alarms + nr - $3)); fi
	[ "$nr" -le "$2" ] || nr=$2
	nr_planted=$((nr_planted + $2)) nr_reported=$((nr_reported + nr))
	# The other leg had no errors.
	if [ "$1" = raw ]; then expect_field test_errors 0; else expect_field raw_errors 0; fi
	if [ "$nr" -lt "$2" ] || [ $false_alarms != 0 ]; then
		printf '%s\n' "$list"
		fail "errors of $1: reported $nr of $2; false alarms: $false_alarms"
	fi
	account
}

leg_errors() { # on reads and on writes, nothing else running
	local leg behind i at n=0
	pick raw test
	leg=$picked
	behind=behind_$leg
	roll $((area_mib - 2))
	at=$(((rolled + 1) << 20))
	set_leg "$leg" "0 $((at / 512)) linear ${!behind} 0
$((at / 512)) 2048 error
$((at / 512 + 2048)) $((sectors - at / 512 - 2048)) linear ${!behind} $((at / 512 + 2048))"
	for i in 0 1 2 3 4; do
		expect "read from a bad leg" "read: EIO" "$("$BVIO" read $v $((at + i * 65536)) 16384 || :)"
		if dd if=/dev/urandom of=$v bs=8192 seek=$((at / 8192 + i * 8)) count=1 oflag=direct status=none 2>/dev/null; then fail "a write to a bad leg succeeded"; fi
		n=$((n + 2))
	done
	found_errors "$leg" $n $n
	restore_leg "$leg"
}

leg_errors_under_load() {
	local leg
	pick raw test
	leg=$picked
	start_load mixed 2
	sleep 0.7
	set_leg "$leg" "0 $sectors error"
	"$BVIO" read $v $((20 << 20)) 65536 >/dev/null || :
	sleep 0.3
	restore_leg "$leg"
	end_load 60 || :
	# The number of requests is unknown: at least one report, and none about the other leg.
	found_errors "$leg" 1
}

wrong_reads() { # each read of the test leg
	local i at nr
	head -c ${area_mib}M /dev/zero | tr '\0' '\377' | dd of=$v bs=1M iflag=fullblock oflag=direct status=none
	set_leg test "0 $sectors flakey $behind_test 0 0 1 5 corrupt_bio_byte 1000 r 0 0"
	roll 20
	nr=$((rolled + 1))
	for ((i = 0; i < nr; i++)); do
		roll 255
		at=$((i * 2 * 1048576 + rolled * 4096))
		planted+=($((at / 512 + 1)))	# the 1000th byte is in the second sector
		"$BVIO" read $v $at 8192 >/dev/null || :
	done
	found
	restore_leg test
}

served_faults() { # by the block server, one sector each, while a load runs elsewhere
	local fault at sector harm
	start_load mixed 3
	for fault in bitflip zeroed lost-write misdirected torn swapped stale-read transient wrong-error one-leg-error; do
		roll $(((sectors - (20 << 11)) / 8))
		at=$(((20 << 20) + rolled * 4096))
		roll 5
		sector=$((at / 512 + rolled))
		for _ in 1 2; do dd if=/dev/urandom of=$v bs=4096 seek=$((at / 4096)) count=1 oflag=direct status=none; done
		"$BVFAULT" arm "$control" $fault $sector >/dev/null
		case $fault in
		wrong-error)
			if dd if=/dev/urandom of=$v bs=4096 seek=$((at / 4096)) count=1 oflag=direct status=none 2>/dev/null; then fail "a write did not fail"; fi ;;
		stale-read | transient) expect "read of $fault" "read: EILSEQ" "$("$BVIO" read $v $at 4096 || :)" ;;
		one-leg-error) expect "read of $fault" "read: EIO" "$("$BVIO" read $v $at 4096 || :)" ;;
		*)
			dd if=/dev/urandom of=$v bs=4096 seek=$((at / 4096)) count=1 oflag=direct status=none
			expect "read of $fault" "read: EILSEQ" "$("$BVIO" read $v $at 4096 || :)" ;;
		esac
		harm=$("$BVFAULT" arm "$control" none 0)
		[ "$harm" -gt 0 ] || fail "$fault did no harm"
		case $fault in
		*-error) found_errors test 1 1 ;;
		*)
			planted=("$sector")
			found ;;
		esac
		dd if=/dev/urandom of=$v bs=4096 seek=$((at / 4096)) count=1 oflag=direct status=none
	done
	end_load 60 || fail "$(cat "$TMPDIR/load")"
	dd if=$v of=/dev/null bs=1M iflag=direct status=none
	healthy
}

# ---- power cuts ------------------------------------------------------------------------------

# Any event at any step.
maybe_event() {
	roll 4
	[ $rolled != 0 ] || event
}

cut_power() {
	dmsetup message bvtest-v 0 crash arm
	maybe_event
	roll 10
	sleep 0.0$rolled
	"$BVCUT" tell "$control" off
	maybe_event
	dmsetup message bvtest-v 0 crash cut
	maybe_event
	"$BVCUT" tell "$control" on
	dmsetup message bvtest-v 0 crash back
	cuts=$((cuts + 1))
}

read_all() { dd if=$v of=/dev/null bs=64k iflag=direct conv=noerror status=none 2>/dev/null || :; }

is_reported() { # <class>: in one line with the power cut
	local list
	list=$(dmsetup message bvtest-v 0 list)
	grep -q "contents mismatch .* class=$1 .*crash=" <<<"$list"
}

# A broken rule counts as one fault, which must be found within some cuts.
end_of_broken_rule() { # <class> <cuts>
	nr_planted=1
	if is_reported "$1"; then nr_reported=1; fi
	false_alarms=$((false_alarms + $(field divergences)))
	if [ $nr_reported = 0 ] || [ $false_alarms != 0 ]; then
		dmsetup message bvtest-v 0 list
		fail "not reported: $1, after $2 cuts; divergences: $(field divergences)"
	fi
	account
	add_up
}

cut_round() {
	local rule class='' options=(crash) until i
	pick legal legal legal flush fua torn stray
	if breaking legal-cut || breaking broken-cut; then picked=legal; fi
	rule=$picked
	case $rule in
	flush | fua) class=lost ;;
	torn) class=torn ;;
	stray) class=misplaced ;;
	esac
	if breaking legal-cut; then rule=flush; fi
	if breaking broken-cut; then class=lost; fi
	make_legs $rule 8
	pick default fingerprint crash_max_mib crash_unit
	case $picked in
	fingerprint) options+=(fingerprint) ;;
	crash_max_mib) options+=(crash_max_mib 1) ;;
	crash_unit) options+=(crash_unit 8) ;;
	esac
	start_v "${options[@]}"
	roll 6
	until=$((SECONDS + rolled + 4))
	say "round $round, $((SECONDS - started)) of $SOAK_SECONDS s: power cuts, $rule, ${options[*]}"
	roll 1000000
	# Low priority: on one CPU the load would delay the commands that cut the power.
	nice -n 15 "$BVCUT" load $v 8 100000 6 $rolled >"$TMPDIR/load" 2>&1 &
	load=$!
	for ((i = 0; i < 40; i++)); do
		[ $SECONDS -lt $until ] || [ -n "$class" ] || break
		cut_power
		roll 3
		[ $rolled = 0 ] && [ -z "$class" ] || read_all
		if [ -n "$class" ] && is_reported $class; then break; fi
	done
	kill $load
	end_load 60 || :
	read_all
	blocks_new=$((blocks_new + $(field settled_new))) blocks_old=$((blocks_old + $(field settled_old)))
	if [ -n "$class" ]; then
		end_of_broken_rule $class $i
	else
		healthy
		expect_field uncertain 0
		# What was in flight at a cut may be untrusted.
		dd if=/dev/urandom of=$v bs=1M count=8 oflag=direct,dsync status=none
		expect_field untrusted 0
		cmp -n $((8 << 20)) "$behind_raw" "$behind_test" || fail "the legs differ"
	fi
	dmsetup remove bvtest-v
}

# ---- rounds ----------------------------------------------------------------------------------

# Features that this kernel lacks are replaced, so that the rest of a round with a seed is the same.
has_filesystem() { modprobe -q "$1"; grep -qw "$1" /proc/filesystems; }
has_legs() {
	case $1 in
	thin) modprobe -q dm-thin-pool; dmsetup targets | grep -q '^thin-pool' ;;
	md) modprobe -q raid1; grep -q '\[raid1\]' /proc/mdstat ;;
	esac
}

instead() { # <what>
	seen[$picked]=$((seen[$picked] - 1))
	[ ${seen[$picked]} != 0 ] || unset "seen[$picked]"
	picked=$1
	seen[$picked]=$((${seen[$picked]-0} + 1))
}

one_round() {
	local kind load_name options=() seconds mib=64 until faults
	RANDOM=$(((SEED + round * 7919) % 32768))
	pick mixed overlap race alias scribble-write scribble-read fio-io_uring fio-libaio fio-sync ext4 xfs btrfs sqlite \
		cuts cuts
	if breaking legal-cut || breaking broken-cut; then picked=cuts; fi
	case $picked in
	cuts)
		cut_round
		end_round
		return ;;
	xfs | btrfs) has_filesystem "$picked" || instead ext4 ;;
	esac
	load_name=$picked
	case $load_name in
	ext4 | xfs | btrfs | sqlite)
		mib=320
		# It needs more space than others for the same files.
		[ "$load_name" != btrfs ] || mib=448
		pick null slow loop thin md ;;
	*)
		pick null slow loop ram thin md nbd nbd scsi ;;
	esac
	has_legs "$picked" || instead null
	kind=$picked
	make_legs "$kind" $mib
	pick default fingerprint written_only written_only,fingerprint no_write_copy no_read_copy \
		no_write_copy,no_read_copy
	# These options are a promise not to change buffers during writes or reads.
	if [[ $picked = no_* && $load_name != fio-* ]]; then picked=default; fi
	[ "$picked" = default ] || IFS=, read -r -a options <<<"$picked"
	start_v ${options[@]+"${options[@]}"}
	# These only read: without writes, nothing would be compared.
	case $load_name in
	alias | scribble-read) dd if=/dev/urandom of=$v bs=1M count=$mib oflag=direct status=none ;;
	esac

	roll 5
	seconds=$((rolled + 4))
	until=$((SECONDS + seconds))
	say "round $round, $((SECONDS - started)) of $SOAK_SECONDS s: $load_name on $kind legs${options[*]+, ${options[*]}}"
	start_load "$load_name" $seconds
	while [ $SECONDS -lt $until ]; do
		roll 15
		sleep $((rolled / 10)).$((rolled % 10))
		event
	done
	if breaking load; then kill $load; fi
	end_load $((seconds + 120)) || fail "$load_name: $(tail -n 40 "$TMPDIR/load")"
	if breaking false-alarm; then
		"$BVIO" poke "$behind_test" 1000 1
		"$BVIO" read $v 0 4096 || :
	fi
	if breaking divergence; then
		set_leg test "0 $sectors error"
		"$BVIO" read $v 0 4096 || :
		restore_leg test
	fi
	dd if=$v of=/dev/null bs=1M count=16 iflag=direct status=none || :
	if breaking untested; then dmsetup message bvtest-v 0 reset; fi
	healthy

	refill
	roll 3
	for ((faults = rolled + 1; faults > 0; faults--)); do
		if [ "$kind" = nbd ]; then
			pick served_faults spoil leg_errors leg_errors_under_load wrong_reads
		else
			pick spoil leg_errors leg_errors_under_load wrong_reads
		fi
		if breaking missed; then picked=spoil; fi
		$picked
		add_up
		# Restore the trust of the failed ranges by writing them.
		refill
	done
	dd if=$v of=/dev/null bs=1M count=$area_mib iflag=direct status=none
	healthy
	dmsetup remove bvtest-v
	if breaking splat; then echo "BUG: not really" >/dev/kmsg; fi
	if breaking data; then "$BVIO" poke "$behind_test" 1000 1; fi
	cmp -n $((area_mib << 20)) "$behind_raw" "$behind_test" || fail "the legs differ"
	end_round
}

end_round() {
	clean_up_all
	catch_errors
	rounds=$((rounds + 1))
	say "  $requests requests, $((compared / 2048)) MiB compared, $reported of $injected faults reported, $false_alarms false alarms"
}

modprobe -q nbd max_part=0 || :
while [ $((SECONDS - started)) -lt "$SOAK_SECONDS" ]; do
	one_round
	round=$((round + 1))
done
done_well=1
row ""
[ $injected = $reported ] || fail "$reported of $injected faults were reported"
