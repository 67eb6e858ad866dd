# SPDX-License-Identifier: GPL-2.0-only
# This test will cut the power of a right device and of one that ignores flushes with "crash" and
# "run --crash", and check the verdicts, and what is said if a device does not come back.
# Needs: machine=debug

. "$TOP/tests/lib/command.sh"
. "$TOP/tests/lib/power.sh"

export BLKVERIFY_CUT_DIR=$TOP/tools/cut.d

crash() { # <exit status> <option>...
	local expected=$1
	shift
	tool "$expected" crash bvtest-v --every 0.1..0.4 --timeout "$(scaled 10)" "$@"
}
tell=(--cut "exec:$BVCUT tell $control off" --restore "$BVCUT tell $control on")

# A right device under load.
serve legal
make_v crash
start_load 4
crash 0 "${tell[@]}" --cuts 4
cat "$TMPDIR/out"
says "nothing was lost that was durable"
says "4 of 4"
warns "cut 4 of 4 after"
expect_field cuts 4
expect_field power on

crash 0 "${tell[@]}" --cuts 2 --full --output json
documented "crash --output json"
expect "verb" "crash 2" "$(json 'd["verb"], d["power_cuts"]["cuts"]' | tr -dc 'a-z0-9 ')"
expect "settled" True "$(json 'd["power_cuts"]["settled_new"] > 0 and d["power_cuts"]["settled_old"] > 0')"
expect "findings" "0 0 0" \
	"$(json '*[d["power_cuts"][k] for k in ("lost", "torn", "mismatches")]' | tr -dc '0-9 ')"
stop_load

# A series that is continued.
state=$TMPDIR/state
start_load 4
crash 0 "${tell[@]}" --cuts 2 --state "$state"
warns "cut 2 of 2 after"
old=$(sed -n 's/^settled_old //p' "$state")
crash 1 "${tell[@]}" --cuts 2 --state "$state"
warns "this series has had 2 cuts, which is all of it"
crash 0 "${tell[@]}" --cuts 3 --state "$state" --output json
warns "cut 3 of 3 after"
grep -q "cut [12] of 3" "$TMPDIR/err" && fail "it began again: $(cat "$TMPDIR/err")"
expect "cuts" 3 "$(json 'd["power_cuts"]["cuts"]')"
[ "$(json 'd["power_cuts"]["settled_old"]')" -ge "$old" ] || fail "the first cuts do not count any more"
stop_load
cp "$state" "$state.whole"
sed -i 's/^mismatches 0/mismatches 1/' "$state"
crash 6 "${tell[@]}" --cuts 9 --state "$state"
warns "this series has ended with a finding, after 3 cuts"
for wrong in 's/ / x/' '1s/./x/' '$s/$/ 7/' '$s/^/more_/' 1d '$d' /^lost/d '2,$d'; do
	sed "$wrong" "$state.whole" >"$state"
	crash 1 "${tell[@]}" --cuts 9 --state "$state"
	warns "--state $state: this is not the state of a series of power cuts"
done
crash 1 "${tell[@]}" --cuts 9 --state "$TMPDIR/no-such/state"
warns "--state $TMPDIR/no-such/state: No such file or directory"
expect_field cuts 9

# Nothing is written, so nothing is proven. The blocks that the last cut has settled are not durable yet.
dd if=/dev/null of=$v conv=fsync,notrunc status=none
crash 7 "${tell[@]}"
says "nothing was proven"
warns "no block was uncertain after a power cut"

# A cutter that fails, or does not end: the target is not armed any longer.
crash 1 --cut "exit 3"
warns '--cut "exit 3" failed with exit status 3'
expect_field power on
tool 1 crash bvtest-v --every 0 --timeout 1 --cut "sleep 1000"
warns '--cut "sleep 1000" did not end within 1 s'
expect_field power on
crash 1 --cut no-such:device
warns "$BLKVERIFY_CUT_DIR/no-such is not an executable file"
warns "null_blk"

# One that is not restored: the next series begins with that.
crash 1 --cut "$BVCUT tell $control off" --restore "exit 4"
warns '--restore "exit 4" failed with exit status 4'
warns "has no power now"
expect_field power off
expect "table" "-" "$(dmsetup table bvtest-v | cut -d ' ' -f 5)"
expect_read_error EIO 0 4096
tool 1 crash bvtest-v --cut true
warns "say with --wait-for where it comes back"
start_load 4
crash 0 "${tell[@]}" --wait-for $test --cuts 2
warns "back after an earlier power cut: "
says "2 of 2"
stop_load

# It does not come back, or with another size. What was written before is not forgotten.
dd if=/dev/urandom of=$v bs=4k count=8 oflag=direct status=none
begin=$SECONDS
tool 4 crash bvtest-v --every 0 --timeout 2 --cut true --wait-for /dev/bvtest-no-such
[ $((SECONDS - begin)) -lt "$(scaled 20)" ] || fail "it waited for $((SECONDS - begin)) s"
warns "the test device did not come back within 2 s: /dev/bvtest-no-such: No such file or directory"
crash 0 --cut true --wait-for $test
warns "back after an earlier power cut: "
expect_field power on
new_leg $((mib + 1))
tool 4 crash bvtest-v --every 0 --timeout 1 --cut true --wait-for "$leg"
warns "came back with another size: $leg has $((sectors + 2048)) sectors, not $sectors"
# Now its size is not known to the command.
tool 1 crash bvtest-v --every 0 --timeout 1 --cut true --wait-for "$leg"
warns "the test device has another size than before"
crash 0 --cut true --wait-for $test
expect_field power on
dmsetup remove bvtest-v
stop_serving

# A device that ignores flushes.
serve flush
make_v crash
start_load 4
crash 6 "${tell[@]}" --cuts 20 --full
cat "$TMPDIR/out"
says "lost"
lost=$(dmsetup message bvtest-v 0 list | sed -n 's/.*mismatch in sector \([0-9]*\) .*class=lost .*/\1/p' | head -n 1)
says " $lost "
stop_load
dmsetup remove bvtest-v
stop_serving

# One that damages what was not written.
serve stray
make_v crash
start_load 4
crash 6 "${tell[@]}" --cuts 20 --full
grep -q 'after power cut [0-9]*: neither what was durable nor what was written since' "$TMPDIR/out" ||
	fail "the report does not explain the cut: $(cat "$TMPDIR/out")"
stop_load
dmsetup remove bvtest-v
stop_serving

# The same with "run", whose load survives a power cut or does not.
serve legal
run() { # <exit status> <option or argument>...
	local expected=$1
	shift
	tool "$expected" run --test $test --every 0.1..0.4 --timeout "$(scaled 10)" "${tell[@]}" "$@"
}
load_line='exec "$BVCUT" load $BLKVERIFY_DEVICE '"$mib 100000 4 $seed"
run 0 --crash 3 -- sh -c "$load_line"
says "3 of 3"
says "options:        written_only crash"
dies='while :; do dd if=/dev/urandom of=$BLKVERIFY_DEVICE bs=64k count=32 oflag=direct status=none || exit 9; done'
run 0 --crash 2 -- sh -c "$dies"

# A process of the command that cannot be killed at once still has the device open when the command has
# ended: it waits for another device.
new_dm held "0 8 zero"
dmsetup suspend bvtest-held
was_killed() { # its pid is in a file; is SIGKILL pending?
	grep -qE '^SigPnd:.*[13579bdf][0-9a-f]{2}$' "/proc/$(cat "$TMPDIR/held")/status"
}
release() {
	wait_until 60 was_killed
	sleep 8
	dmsetup resume bvtest-held
}
holds='(exec 3<$BLKVERIFY_DEVICE && exec sh -c "echo \$\$ >$TMPDIR/held; exec dd if=/dev/mapper/bvtest-held of=/dev/null count=1 iflag=direct") & '
release &
releases=$!
run 0 --every "$(scaled 1)" --crash 1 -- sh -c "$holds$load_line"
wait $releases
dmsetup remove bvtest-held

run 0 --crash 2 --output json -- sh -c "$load_line"
documented "run --output json"
expect "cuts" 2 "$(json 'd["power_cuts"]["cuts"]')"
run 0 --crash 1 --output ktap -- sh -c "$load_line"
expect "tests" "4 passed, 0 failed, 0 skipped" "$(ktap)"
stop_serving
serve flush
run 6 --crash 20 --full -- sh -c "$load_line"
says "lost"

# A command that fails without a power cut.
run 3 --crash 2 -- sh -c 'exit 3'
run 127 --crash 2 -- /no/such/command
stop_serving

# What is missing is named.
tool 1 run --crash 3 --test $test -- true
warns "--crash 3 needs --cut"
tool 1 run --cut true --test $test -- true
warns "--cut needs --crash N"
tool 1 crash bvtest-v
warns "--cut is missing"
tool 1 crash bvtest-v --cut true --every 5..1
warns '--every "5..1" is not a number of seconds'
new_leg $mib cache_size=1 blocksize=4096
test=$leg
make_v
tool 4 crash bvtest-v --cut true
warns "bvtest-v was opened without --crash"
dmsetup remove bvtest-v

new_images 4
tool 4 run --crash 3 --cut true --test "$test_img" -- true
warns "$test_img is an image file, which has no power to cut"
tool 0 open --crash bvtest-v "$raw_img" "$test_img"
tool 4 crash bvtest-v --cut true
warns "the test leg of bvtest-v is an image file, which has no power to cut"
tool 0 close bvtest-v

# A device that goes away and comes back: null_blk.
name=bvleg$((legs_made - 1))
make_v crash
start_load 4
crash 0 --cut "null_blk:$name" --cuts 3
says "3 of 3"
crash 0 --cut "null_blk:${test#/dev/}"

# A signal in the middle of a cut: the test device has power again when it ends.
"$BLKVERIFY" crash bvtest-v --every 0 --timeout "$(scaled 10)" --cut "null_blk:$name" --cuts 1000 \
	>"$TMPDIR/out" 2>"$TMPDIR/err" &
cutter=$!
wait_until 30 is_at_least cuts 6
kill $cutter
status=0
wait $cutter || status=$?
expect "exit status after SIGTERM" 7 $status
[ "$(field power)" != off ] || fail "the test device has no power: $(cat "$TMPDIR/err")"
stop_load
expect_field mismatches 0
dmsetup remove bvtest-v

# A device that holds requests until it is back, and one that never completes them.
new_dm below "0 $sectors linear $test 0"
test=$leg
make_v crash
start_load 4
crash 0 --cut "dmsetup suspend --noflush bvtest-below" --restore "dmsetup resume bvtest-below" --cuts 2
says "2 of 2"
tool 1 crash bvtest-v --every 0.2 --timeout 3 --cut "dmsetup suspend --noflush bvtest-below" --restore true
warns 'the message "crash cut" of bvtest-v did not end within 3 s'
warns "has no power now"
dmsetup resume bvtest-below
crash 0 --cut true
stop_load
expect_field mismatches 0
