# SPDX-License-Identifier: GPL-2.0-only
# This test will run xfstests, which XFSTESTS names, on ext4 and XFS on blkverify devices, and
# expect the same results as on dm-linear; and find the test in which data goes bad.
# Needs: limit=1800 memory=8192
# XFSTESTS_LIST selects other tests, by names or options of the suite, such as "-g quick";
# XFSTESTS_FS, one of the file systems.
. "$TOP/tests/workloads/lib.sh"

# In turn: mmap, fsync and a power cut of dm-flakey, shutdown, fsx with AIO, reflinks (XFS only),
# appends and remounts, AIO and direct I/O, AIO, mmap and direct I/O, dm-error, fallocate and a
# power cut.
tests="generic/029 generic/034 generic/052 generic/112 generic/118 generic/169 generic/198
	generic/207 generic/247 generic/441 generic/481"

enter_suite XFSTESTS xfstests
rm -f local.config
export TEST_DIR=$TMPDIR/bvtest-test SCRATCH_MNT=$TMPDIR/bvtest-scratch RESULT_BASE=$TMPDIR/results
mkdir "$TEST_DIR" "$SCRATCH_MNT" "$TMPDIR/raw"

# The users of the suite; /etc cannot be written.
cp /etc/passwd /etc/group "$TMPDIR"
id=4000
for user in fsgqa fsgqa2 123456-fsgqa; do
	id=$((id + 1))
	grep -q "^$user:" "$TMPDIR/passwd" || echo "$user:x:$id:$id::/:/bin/bash" >>"$TMPDIR/passwd"
	grep -q "^$user:" "$TMPDIR/group" || echo "$user:x:$id:" >>"$TMPDIR/group"
done
mount --bind "$TMPDIR/passwd" /etc/passwd
mount --bind "$TMPDIR/group" /etc/group
before_clean_up() { umount /etc/passwd /etc/group; }

program() { # <name>: a script for the suite, from the standard input
	{ echo '#!/bin/sh'; cat; } >"$TMPDIR/bin/$1"
	chmod +x "$TMPDIR/bin/$1"
}
# This machine has no udev.
program udevadm <<<'exit 0'
# Called before each test.
program logger <<'END'
t=${1#run xfstest }
[ ! -e "$TMPDIR/before-test" ] || . "$TMPDIR/before-test"
END
program run-tests <<'END'
case $FSTYP in
xfs) mkfs.xfs -q -f $TEST_DEV ;;
*) mkfs.$FSTYP -q -F $TEST_DEV ;;
esac && exec ./check "$@"
END

# The result of each test, and why it was not run, without the names of devices.
results() { # <output of the suite>
	local t
	for t in $(sed -n 's/^Ran: //p' "$1"); do
		if [ -e "$RESULT_BASE/$t.notrun" ]; then
			printf '%s not run\t%s\n' "$t" \
				"$(sed 's|/dev/[^ ]*|DEVICE|g' "$RESULT_BASE/$t.notrun")"
		elif grep -qE "^Failures:.* $t( |$)" "$1"; then
			echo "$t failed"
		else
			echo "$t passed"
		fi
	done
}
run_suite() { # <name> <command>...; sets status
	local name=$1
	shift
	rm -rf "$RESULT_BASE"
	status=0
	"$@" >"$TMPDIR/$name.out" 2>&1 || status=$?
	results "$TMPDIR/$name.out" >"$TMPDIR/$name"
	say "$(count_results "$TMPDIR/$name")"
}
fstests() { # <scratch device> <argument of the suite>...
	local scratch=$1
	shift
	blkverify fstests --test "$test_leg" --scratch "$scratch" --raw-dir "$TMPDIR/raw" -- \
		run-tests "$@" >"$TMPDIR/table"
}
empty_legs() {
	blkdiscard -f "$test_leg"
	blkdiscard -f "$scratch_leg"
}

# A sector that the suite reads in each test of the scratch device goes bad for one of three tests.
bad=generic/169
around="generic/135 $bad generic/215"
superblock() { # first sector
	if [ "$FSTYP" = xfs ]; then echo 0; else echo 2; fi
}
before_bad_test() { # <command for it> <command for the others>
	echo "if [ \$t = $bad ]; then $1; else $2; fi" >"$TMPDIR/before-test"
}
# The suite fails the test, and prints our two lines with it.
bad_test_fails() { # <file with the output of the suite> <device>
	nr_planted=$((nr_planted + 1))
	expect "results" "generic/135 passed $bad failed generic/215 passed" \
		"$(results "$1" | xargs)"
	sed -n "/^${bad/\//.} /,/^generic.215/p" "$1" >"$TMPDIR/report"
	grep -A 1 "^HINT: blkverify: contents mismatch in sector $(superblock) of $2 (class=" \
		"$TMPDIR/report" >"$TMPDIR/hint" || fail "no hint: $(cat "$1")"
	grep -q "\"blkverify report ${2##*/}\" shows the reports with mark=\"$bad\"$" \
		"$TMPDIR/hint" || fail "no second line: $(cat "$1")"
	expect "hints" 1 "$(grep -c HINT "$1")"
	while IFS= read -r line; do
		say "$line"
	done < <(head -n 1 "$TMPDIR/report"; cat "$TMPDIR/hint")
	nr_reported=$((nr_reported + 1))
}

new_leg 1024 discard=1
test_leg=$leg
new_leg 1024 discard=1
scratch_leg=$leg
sectors=$((1024 * 2048))
for FSTYP in ${XFSTESTS_FS:-ext4 xfs}; do
	export FSTYP
	row_name=$case_name-$FSTYP
	say "$FSTYP on dm-linear"
	empty_legs
	new_dm scratch "0 $sectors linear $scratch_leg 0"
	new_dm test "0 $sectors linear $test_leg 0"
	# shellcheck disable=SC2086
	TEST_DEV=$leg SCRATCH_DEV=/dev/mapper/bvtest-scratch \
		run_suite linear run-tests ${XFSTESTS_LIST:-$tests}
	status_linear=$status
	dmsetup remove bvtest-test
	dmsetup remove bvtest-scratch

	say "$FSTYP on blkverify"
	empty_legs
	# shellcheck disable=SC2086
	run_suite verified fstests "$scratch_leg" ${XFSTESTS_LIST:-$tests}
	diff "$TMPDIR/linear" "$TMPDIR/verified" ||
		fail "other results: $(cat "$TMPDIR/verified.out")"
	grep -q ' passed$' "$TMPDIR/verified" ||
		fail "nothing passed: $(cat "$TMPDIR/verified.out")"
	expect "exit status" "$status_linear" $status
	if grep -vE '^TEST |no mismatch found$|nothing compared$' "$TMPDIR/table"; then
		fail "something was found"
	fi
	grep -q '^reading-back .* no mismatch found$' "$TMPDIR/table" ||
		fail "nothing was read back"
	compared=$(awk 'NR > 1 {sum += $2} END {print sum}' "$TMPDIR/table")

	say "$FSTYP with a faulty scratch device"
	empty_legs
	test=$scratch_leg
	liar_as_test
	before_bad_test "dmsetup message bvtest-liar 0 flip $(superblock) 1000" \
		"dmsetup message bvtest-liar 0 honest"
	# shellcheck disable=SC2086
	run_suite fault fstests "$test" $around
	expect "exit status" 6 $status
	bad_test_fails "$TMPDIR/fault.out" /dev/mapper/blkverify-scratch
	expect "tests with findings" $bad "$(awk '$3 > 0 && NR > 1 {print $1}' "$TMPDIR/table")"
	dmsetup remove bvtest-liar

	# The suite gets the data of the raw leg, so only the kernel log has the mismatch.
	say "$FSTYP with an injected mismatch"
	empty_legs
	new_leg 1024 discard=1
	raw=$leg test=$scratch_leg
	make_v ignore_mismatch
	new_dm test "0 $sectors linear $test_leg 0"
	echo 1 >/sys/module/dm_blkverify/parameters/report_as_bug
	before_bad_test "dmsetup message bvtest-v 0 inject $(superblock)" :
	blkverify follow --hints "$RESULT_BASE" bvtest-v >"$TMPDIR/table" 2>"$TMPDIR/follow" &
	follower=$!
	wait_until 30 grep -q following "$TMPDIR/follow"
	# shellcheck disable=SC2086
	TEST_DEV=$leg SCRATCH_DEV=$v run_suite inject run-tests $around
	kill $follower
	status=0
	wait $follower || status=$?
	expect "exit status of follow" 6 $status
	bad_test_fails "$TMPDIR/inject.out" $v
	grep -q '_check_dmesg: something found in dmesg' "$TMPDIR/report" ||
		fail "it failed for another reason"
	expect "tests with findings" $bad "$(awk '$3 > 0 && NR > 1 {print $1}' "$TMPDIR/table")"
	echo 0 >/sys/module/dm_blkverify/parameters/report_as_bug
	rm "$TMPDIR/before-test"
	dmsetup remove bvtest-test
	dmsetup remove bvtest-v
	row
done
