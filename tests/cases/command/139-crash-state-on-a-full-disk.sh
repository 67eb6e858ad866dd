# SPDX-License-Identifier: GPL-2.0-only
# This test will let the disk with the state of a series of power cuts be full, before the series
# goes on and in the middle of it, and check that this is said, and that the old state is whole.
# Needs: machine=debug

. "$TOP/tests/lib/command.sh"
. "$TOP/tests/lib/power.sh"

folder=$TMPDIR/bvtest-small
mkdir "$folder"
mount -t tmpfs -o size=16k tmpfs "$folder"
state=$folder/state
crash() { # <exit status> <cutter> <option>...
	local expected=$1 cutter=$2
	shift 2
	tool "$expected" crash bvtest-v --every 0.1..0.4 --timeout "$(scaled 10)" --cut "exec:$cutter" \
		--restore "$BVCUT tell $control on" --state "$state" "$@"
}
fill_disk() { dd if=/dev/zero of="$folder/filler" bs=1k status=none 2>/dev/null || :; }
# The state is as it was, and nothing is beside it.
expect_state() { # <file>
	cmp "$state" "$1" || fail "the state has changed: $(cat "$state")"
	expect "files" "filler state" "$(ls "$folder" | tr '\n' ' ' | sed 's/ $//')"
}
off="$BVCUT tell $control off"

serve legal
make_v crash
start_load 4
crash 0 "$off" --cuts 2
cp "$state" "$TMPDIR/two"

# Before the first cut.
fill_disk
crash 1 "$off" --cuts 4
warns "--state $state: No space left on device"
expect_state "$TMPDIR/two"
expect_field cuts 2
expect_field power on

# The disk fills up during a series: its second cut cannot be recorded, and there is no third one.
rm "$folder/filler"
echo 0 >"$TMPDIR/times"
cat >"$TMPDIR/cut" <<END
read times <$TMPDIR/times
echo \$((times + 1)) >$TMPDIR/times
[ \$times != 1 ] || { cp $state $TMPDIR/three; dd if=/dev/zero of=$folder/filler bs=1k; }
$off
END
crash 1 "sh $TMPDIR/cut" --cuts 9
warns "cut 4 of 9 after"
expect "messages" 1 "$(grep -c "^blkverify: --state $state: No space left on device" "$TMPDIR/err")"
expect_state "$TMPDIR/three"
grep -qx "cuts_done 3" "$state" || fail "not the state after three cuts: $(cat "$state")"
expect_field cuts 4
expect_field power on

# With room again, the series goes on.
rm "$folder/filler"
crash 0 "$off" --cuts 4
warns "cut 4 of 4 after"
grep -qx "cuts_done 4" "$state" || fail "not the state after four cuts: $(cat "$state")"
stop_load
