# SPDX-License-Identifier: GPL-2.0-only
# Shared by the workloads, on top of tests/lib/case.sh. A workload runs on healthy legs and calls
# "healthy"; then it plants faults in the test leg, reads, and calls "found". The counts of both go
# into a row of the ledger. Sourced by each workload.

mnt=$TMPDIR/bvtest-mnt
row_name=$case_name
requests=0 compared=0 nr_planted=0 nr_reported=0 false_alarms=0
planted=()		# sectors of the mapped device that are wrong in the test leg
stat_counted=0
leg_to_spoil=		# where to write behind the target's back, if not to $test itself

# For progress messages: the other output of a case is only shown when it fails.
say() { printf '      %s\n' "$*" >&3; }

# Print the command that ended a workload.
catch_errors() {
	set -eE
	trap 'echo "failed: line $LINENO of ${BASH_SOURCE[0]##*/}: $BASH_COMMAND"' ERR
}
# A workload may define these, for things that clean_up does not know.
before_clean_up() { :; }
after_clean_up() { :; }
clean_up_all() {
	set +e
	trap - ERR
	before_clean_up
	clean_up
	after_clean_up
}
# A failed workload gets a row with its counts so far.
trap 'trap - ERR; [ $((requests + nr_planted + false_alarms)) = 0 ] || row; clean_up_all' EXIT
catch_errors

# ---- the ledger ------------------------------------------------------------------------------

# One row: name, requests, sectors compared, faults planted, faults reported, false alarms.
row() {
	echo "ledger $row_name $requests $compared $nr_planted $nr_reported $false_alarms" >&3
	requests=0 compared=0 nr_planted=0 nr_reported=0 false_alarms=0
}

start_v() { # [options]
	make_v "$@"
	stat_counted=0
}

# Add the counts of the device.
account() {
	local now
	now=$(attribute stat | awk '{print $1 + $5 + $12}')
	requests=$((requests + now - stat_counted)) stat_counted=$now
	compared=$((compared + $(field compared)))
	dmsetup message bvtest-v 0 reset
}

# Expect no reports so far, and that something was compared.
healthy() {
	local alarms
	alarms=$(($(field mismatches) + $(field divergences)))
	false_alarms=$((false_alarms + alarms))
	if [ $alarms != 0 ]; then
		dmsetup status bvtest-v
		dmsetup message bvtest-v 0 list
		fail "false alarms: $alarms"
	fi
	expect_field state V
	expect_field first_mismatch -
	[ "$(field compared)" -gt 0 ] || fail "nothing was compared"
	account
}

# ---- faults ----------------------------------------------------------------------------------

# Change a byte of the test leg behind the target's back.
plant() { # <offset in bytes>...
	local offset
	for offset; do
		"$BVIO" poke "${leg_to_spoil:-$test}" "$offset" 0xff
		planted+=($((offset / 512)))
	done
}

# Expect a report for each planted sector, as the first bad one, and no other reports.
found() {
	local list sector bad=0 reports=() missed=()
	list=$(dmsetup message bvtest-v 0 list)
	mapfile -t reports < <(sed -n 's/.*contents mismatch in sector \([0-9]*\) .*/\1/p' <<<"$list" | sort -nu)
	for sector in "${planted[@]}"; do
		nr_planted=$((nr_planted + 1))
		if [[ " ${reports[*]-} " == *" $sector "* ]]; then
			nr_reported=$((nr_reported + 1))
		else
			missed+=("$sector")
		fi
	done
	for sector in ${reports[@]+"${reports[@]}"}; do
		[[ " ${planted[*]} " == *" $sector "* ]] || bad=$((bad + 1))
	done
	false_alarms=$((false_alarms + bad + $(grep -c 'divergence' <<<"$list" || :)))
	if [ ${#missed[@]} != 0 ] || [ $false_alarms != 0 ] || ! grep -q '^dropped=0$' <<<"$list"; then
		printf '%s\n' "$list"
		fail "not reported: ${missed[*]-}; false alarms: $false_alarms"
	fi
	planted=()
	account
}

# A file with a place to corrupt in each MiB, findable because all file systems and databases store
# data as it was written.
marked_file() { # <path> <MiB>
	local i
	for ((i = 0; i < $2; i++)); do
		printf 'bvtest-place-%04d.' $i
		head -c $((1048576 - 18)) /dev/urandom
	done >"$1"
}

# The offset of each place on the raw leg, or in a file. (grep -zob counts wrong after many zeros.)
marked_places() { # <file or device>
	perl -e 'open F, "<:raw", $ARGV[0] or die; $all = ""; $base = 0;
		while (read F, $more, 1 << 20) {
			$all .= $more;
			print $base + $-[0], "\n" while $all =~ /bvtest-place-\d{4}\./g;
			$keep = length $all < 17 ? length $all : 17;
			$base += length($all) - $keep;
			$all = substr $all, length($all) - $keep;
		}' "$1"
}

# The offset of a byte of a file on the device. Not for btrfs, which maps addresses once more.
place_in_file() { # <file> <offset>
	local first
	first=$(filefrag -v -b1024 "$1" | awk -F '[ .:]+' -v block=$(($2 / 1024)) '
		$2 ~ /^[0-9]+$/ && block >= $3 && block <= $4 {print $5 + block - $3}')
	[ -n "$first" ] || fail "nothing is stored of $1 at $2"
	echo $((first * 1024 + $2 % 1024))
}

# Drop caches, so that the next reads come from the device.
forget() { # <file>...
	local file
	sync
	for file; do dd if="$file" iflag=nocache count=0 status=none; done
}

# ---- test suites -----------------------------------------------------------------------------

# Go to a copy of a suite, which a variable names and its user has built, with blkverify in the path.
# A script in $TMPDIR/bin takes the place of a program that the suite calls.
enter_suite() { # <variable> <suite>
	local folder=${!1-}
	[ -n "$folder" ] || skip "$1 does not name a folder with $2, built by make"
	[ -x "$folder/check" ] || fail "$1=$folder has no executable file check"
	PATH=$TMPDIR/bin:$PATH
	mkdir "$TMPDIR/bin"
	ln -s "$BLKVERIFY" "$TMPDIR/bin/blkverify"
	cp -a "$folder" "$TMPDIR/$2"
	cd "$TMPDIR/$2"
}

# How many tests have which result, from lines of a test, its result, and perhaps a tab and why.
count_results() { cut -f 1 "$1" | cut -d ' ' -f 2- | sort | uniq -c | xargs; } # <file>

# ---- loads that several workloads share ------------------------------------------------------

fio_verify() { # <file or device> <option>...
	local file=$1
	shift
	fio --name=load --filename="$file" --rw=randrw --verify=crc32c --verify_backlog=256 \
		--randseed="${SEED:-11}" --output="$TMPDIR/fio" "$@" || fail "fio: $(cat "$TMPDIR/fio")"
}

# Fill, stress, check and corrupt a file system; the caller defines fsck(), which checks $v, and may
# define scrub(), which checks the file system mounted on $mnt.
file_system_workload() { # <name> <mkfs>...
	local fs=$1 places
	shift
	need_file_system "$fs"
	new_pair 448 discard=1
	start_v
	"$@" $v
	mkdir "$mnt"
	mount -o noatime,discard $v "$mnt"
	say "files"
	cp -a /usr/share/perl5 "$mnt/"
	fio --name=files --directory="$mnt" --rw=randwrite --bsrange=1k-64k --size=8m --numjobs=2 --verify=crc32c \
		--ioengine=psync --fsync=32 --randseed="${SEED:-3}" --output="$TMPDIR/fio" || fail "fio: $(cat "$TMPDIR/fio")"
	rm -f "$mnt"/files.*
	say "stress-ng"
	file_system_stress 10
	diff -r /usr/share/perl5 "$mnt/perl5" || fail "the files are not what they were"
	rm -rf "$mnt/perl5"
	fstrim "$mnt" || :
	cp -a /usr/share/perl5 "$mnt/"
	marked_file "$mnt/marked" 24
	cp "$mnt/marked" "$TMPDIR/marked"
	umount "$mnt"
	mount -o noatime $v "$mnt"
	diff -r /usr/share/perl5 "$mnt/perl5" || fail "the files are not what they were"
	check_file_system
	umount "$mnt"
	healthy
	expect_field raw_errors 0
	expect_field test_errors 0

	say "planted faults"
	mapfile -t places < <(marked_places "$raw")
	expect "places to spoil" 24 ${#places[@]}
	dmsetup remove bvtest-v
	# Files must read back right although the test leg is wrong: reads return data of the raw leg.
	start_v ignore_mismatch
	plant "${places[@]}"
	mount -o ro $v "$mnt"
	cmp "$TMPDIR/marked" "$mnt/marked" || fail "raw's data was not served"
	check_file_system
	found
}

check_file_system() { # mounted before and after
	if declare -F scrub >/dev/null; then
		scrub >"$TMPDIR/fsck" 2>&1 || fail "$(cat "$TMPDIR/fsck")"
	fi
	umount "$mnt"
	fsck >"$TMPDIR/fsck" 2>&1 || fail "$(cat "$TMPDIR/fsck")"
	mount -o ro $v "$mnt"
}

# Like fsstress and fsx: all kinds of file operations at once, verified.
file_system_stress() { # <seconds>
	mkdir "$mnt/stress"
	stress-ng --temp-path "$mnt/stress" --seed "${SEED:-5}" --timeout "$1" --verify --oomable \
		--hdd 1 --hdd-bytes 8m --hdd-opts direct,fsync --iomix 1 --iomix-bytes 8m --fpunch 1 --fallocate 1 --fallocate-bytes 16m \
		--rename 1 --dentry 1 --dentries 256 --dir 1 --link 1 --symlink 1 --sync-file 1 --sync-file-bytes 4m \
		--seek 1 --seek-size 8m --filename 1 --readahead 1 --readahead-bytes 8m \
		>"$TMPDIR/stress" 2>&1 || fail "stress-ng: $(tail -n 30 "$TMPDIR/stress")"
	rm -rf "$mnt/stress"
}

# All kinds of I/O on the device itself, then faults, with the current legs.
exercise() { # <MiB>
	local i places=()
	say "$row_name: healthy"
	start_v
	"$BVIO" mixed $v $((($1 < 16 ? $1 : 16) << 20)) "${LOAD_SECONDS:-5}" 8 ${SEED:+"$SEED"}
	fio_verify $v --direct=1 --ioengine=libaio --iodepth=16 --bs=4k-128k --blockalign=4k --size=$((($1 < 32 ? $1 : 32)))m \
		--io_size=32m
	dd if=$v of=/dev/null bs=1M iflag=direct status=none
	healthy
	expect_field raw_errors 0
	expect_field test_errors 0
	say "$row_name: planted faults"
	dd if=/dev/urandom of=$v bs=1M count="$1" oflag=direct status=none 2>/dev/null || :
	for ((i = 0; i < $1; i += ($1 + 15) / 16)); do
		places+=($((i * 1048576 + (i * 7919 + 13) % 1048576)))
	done
	plant "${places[@]}"
	dd if=$v of=/dev/null bs=1M iflag=direct status=none conv=noerror 2>/dev/null || :
	found
	# Flip them back: nothing has been written since.
	plant "${places[@]}"
	planted=()
	dmsetup remove bvtest-v
	row
}
