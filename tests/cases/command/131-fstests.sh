# SPDX-License-Identifier: GPL-2.0-only
# This test will check that "fstests" runs a suite on two devices and names the test in which data went
# bad, also if the suite has not read it.
# Needs: machine=debug

. "$TOP/tests/lib/command.sh"

truncate -s 64M "$TMPDIR/test.img" "$TMPDIR/scratch.img"
mkdir -p "$TMPDIR/results/generic"
before=$(dmsetup ls)

# Plays xfstests: its lines in the kernel log, its folder for hints, a file system on TEST_DEV.
cat >"$TMPDIR/check" <<'END_OF_CHECK'
cd "$TMPDIR"
wait_for() { # <command>...
	i=0
	until "$@"; do
		i=$((i + 1))
		[ $i != 600 ] || exit 9
		sleep 0.1
	done
}
# Until the test before it has been looked at.
begin() { # <test>
	echo "run fstests $1 at $(date +'%F %T')" >/dev/kmsg
	wait_for grep -qxF "# test $1 begins" "$TMPDIR/err"
}
mkfs.ext4 -q $TEST_DEV || exit 9
begin generic/001
mount $TEST_DEV "$TMPDIR/bvtest-mnt" || exit 9
dd if=/dev/urandom of="$TMPDIR/bvtest-mnt/file" bs=64k count=4 oflag=direct status=none
umount "$TMPDIR/bvtest-mnt"
begin generic/002
dd if=/dev/urandom of=$SCRATCH_DEV bs=64k count=4 oflag=direct status=none
# Behind the back of the target, and only in some runs.
case $1 in
read | unread | unlisted)
	dd if=/dev/zero of="$TMPDIR/scratch.img" bs=512 seek=99 count=1 conv=notrunc status=none ;;
esac
if [ "$1" = read ]; then
	dd if=$SCRATCH_DEV of=/dev/null bs=64k count=4 iflag=direct status=none
	wait_for test -e "$TMPDIR/results/generic/002.hints"
fi
begin generic/003
[ "$1" != hidden ] || rm $SCRATCH_DEV
[ "$1" != unlisted ] || touch "$TMPDIR/armed"
echo "output of the suite"
exit ${2-0}
END_OF_CHECK
mkdir "$TMPDIR/bvtest-mnt"
suite() { # <exit status> <argument of the suite>... -- <option>...
	local expected=$1 words=()
	shift
	while [ $# -gt 0 ] && [ "$1" != -- ]; do words+=("$1"); shift; done
	[ $# = 0 ] || shift
	tool $expected fstests --debug --test "$TMPDIR/test.img" --scratch "$TMPDIR/scratch.img" \
		--raw-dir "$TMPDIR" --hints "$TMPDIR/results" "$@" -- sh "$TMPDIR/check" "${words[@]}"
	warns "output of the suite"
	cat "$TMPDIR/out"
}
row() { awk -v t="$1" '$1 == t {$1 = ""; print}' "$TMPDIR/out" | xargs; } # <test>: its other columns

# All is well: what was written is read back.
suite 0 healthy
expect "tests" "TEST generic/001 generic/002 generic/003 reading-back" "$(awk '{print $1}' "$TMPDIR/out" | xargs)"
[[ $(row reading-back) == *" 0 no mismatch found" ]] || fail "nothing was read back"
[ "$(row reading-back | cut -d ' ' -f 1)" -ge 1024 ] || fail "not all was read back"
suite 3 healthy 3

# The suite reads a bad sector, and its own report gets our hint.
suite 6 read
[[ $(row generic/002) == *" 1 mismatch found" ]] || fail "generic/002 is not named"
grep -q 'contents mismatch in sector 99 of /dev/mapper/blkverify-scratch' "$TMPDIR/results/generic/002.hints" ||
	fail "no hint"
expect_log 'BUG: blkverify: blkverify-scratch: contents mismatch in sector 99 '
warns "1 of them differs"

# It does not read it.
suite 6 unread -- --out "$TMPDIR/json"
[[ $(row reading-back) == *" 1 mismatch found" ]] || fail "reading-back is not named"
documented follow "$TMPDIR/json/reading-back.blkverify.json"
expect "document" "None reading-back None" "$(json 'd["suite"], d["test"], d["started"]' \
	"$TMPDIR/json/reading-back.blkverify.json" | tr -d "(),'")"

# It could not all be read back.
suite 7 hidden
warns "cannot open /dev/mapper/blkverify-scratch to read back what was written"
warns "not all that was written could be read back and compared"
suite 3 hidden 3
interpose_messages
BVTEST_MESSAGE="mark reading-back" BVTEST_COMMAND='kill $PPID' suite 7 healthy
warns "not all that was written could be read back and compared"

# A finding counts even if its report cannot be read.
BVTEST_MESSAGE=list BVTEST_COMMAND="! [ -e \"$TMPDIR/armed\" ]" suite 6 unlisted 3
warns "blkverify-scratch: the reports cannot be read"

# Interrupted, and nothing is left behind.
"$BLKVERIFY" fstests --test "$TMPDIR/test.img" --scratch "$TMPDIR/scratch.img" --raw-dir "$TMPDIR" -- \
	sh -c 'touch "$TMPDIR/started"; exec sleep 60' >"$TMPDIR/out" 2>&1 &
pid=$!
wait_until 30 test -e "$TMPDIR/started"
kill $pid
status=0
wait $pid || status=$?
expect "exit status after SIGTERM" 143 $status
expect_no_device blkverify-test
expect_no_loops
expect "devices" "$before" "$(dmsetup ls)"

tool 1 fstests --test "$TMPDIR/test.img" -- true
warns "--scratch is missing"
tool 1 fstests --scratch "$TMPDIR/test.img" -- true
warns "--test is missing"
tool 5 fstests --test "$TMPDIR/test.img" --scratch "$TMPDIR/test.img" --raw-dir "$TMPDIR" -- true
tool 4 fstests --test "$TMPDIR/test.img" --scratch "$TMPDIR/none" -- true
expect_no_device blkverify-test

# For a harness.
need_formats
suite 6 unread -- --junit
junit jenkins-junit
expect "the test that failed" "reading-back" \
	"$(xmllint --xpath 'string(//testcase[failure]/@name)' "$TMPDIR/out")"
