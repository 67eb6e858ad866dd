# SPDX-License-Identifier: GPL-2.0-only
# This test will try the command with a vanishing leg, 64 devices, load, closed pipes, no
# privileges, no module.
# Needs: machine=debug

. "$TOP/tests/lib/command.sh"

# A leg that disappears.
new_pair 16
fill_random "$raw" 16
new_dm going "0 $sectors linear $test 0"
test=/dev/mapper/bvtest-going
make_v

suspend_load_resume --noflush bvtest-going "0 $sectors error"
tool 6 scrub bvtest-v --length 4096
says "unreadable: sectors 0 to 4095 (4096)"

tool 7 dump bvtest-v 5
warns "cannot read test leg /dev/dm-"

tool 6 report bvtest-v
says "raw: success, test: Input/output error"
tool 0 close bvtest-v
dmsetup remove bvtest-going

# A device under load, and output into a closed pipe.
new_pair 32
make_v

"$BVIO" mixed $v $((4 << 20)) 8 4 >/dev/null 2>&1 &
load=$!
for verb in "status bvtest-v" "status" "report bvtest-v" "report --json bvtest-v" "scrub bvtest-v"; do
	tool 0 $verb
done

wait $load || :
tool 0 compare "$raw" "$test"
status=0
"$BLKVERIFY" status bvtest-v >/dev/full 2>"$TMPDIR/err" || status=$?
expect "exit status when the output is full" 1 $status
warns "cannot write the output"

for verb in "status bvtest-v" "report bvtest-v" "scrub bvtest-v" "--help"; do
	{ "$BLKVERIFY" $verb 2>"$TMPDIR/err" || :; } | :
	[ ! -s "$TMPDIR/err" ] || fail "$verb into a closed pipe: $(cat "$TMPDIR/err")"
done

"$BLKVERIFY" watch bvtest-v 2>/dev/null >/dev/null &
watcher=$!
sleep 1
tool 0 close bvtest-v

wait_until 30 has_ended $watcher

# 64 devices at once.
mkdir "$TMPDIR/many"
for ((i = 0; i < 64; i++)); do
	truncate -s 1M "$TMPDIR/many/raw$i" "$TMPDIR/many/test$i"
	"$BLKVERIFY" open bvtest-$i "$TMPDIR/many/raw$i" "$TMPDIR/many/test$i" 2>>"$TMPDIR/many.err" &
done

wait
expect "messages" "" "$(cat "$TMPDIR/many.err")"

tool 0 status --json
expect "devices" 64 "$(json 'len(d["devices"])')"

for ((i = 0; i < 64; i++)); do
	"$BLKVERIFY" close bvtest-$i 2>>"$TMPDIR/many.err" &
done

wait
expect "messages" "" "$(cat "$TMPDIR/many.err")"

tool 0 status
says "no blkverify device"
expect_no_loops
rm -r "$TMPDIR/many"

# Two concurrent opens with the same leg: one succeeds.
truncate -s 1M "$TMPDIR/a" "$TMPDIR/b" "$TMPDIR/c"
for pair in "$TMPDIR/a $TMPDIR/b $TMPDIR/c" "$raw $test $TMPDIR/c"; do
	read -r one two three <<<"$pair"
	for ((i = 0; i < 20; i++)); do
		for j in 1 2 3 4; do
			"$BLKVERIFY" open bvtest-$j "$one" "$([ $j = 1 ] && echo "$two" || echo "$three")" --allow-unequal 2>/dev/null &
		done
		wait
		expect "devices on one leg" 1 "$(dmsetup ls | grep -c '^bvtest-[1-4]')"
		for j in 1 2 3 4; do "$BLKVERIFY" close bvtest-$j 2>/dev/null || :; done
		expect_no_loops
	done
done

# No privileges.
as_nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }

for verb in "status" "status bvtest-v" "close bvtest-v" "open bvtest-v $raw $test" "run --test $test -- true"; do
	status=0
	as_nobody "$BLKVERIFY" $verb >"$TMPDIR/out" 2>"$TMPDIR/err" || status=$?
	expect "exit status of $verb without rights" 2 $status
	warns "become root"
done

# No module.
"$BLKVERIFY" --version >"$TMPDIR/out"
says "target 1."

rmmod dm_blkverify
mkdir "$TMPDIR/empty"
"$BLKVERIFY" --version >"$TMPDIR/out"
says "target not loaded"

status=0
"$BLKVERIFY" open bvtest-v "$raw" "$test" 2>"$TMPDIR/err" || status=$?
insmod "$KO"

expect "exit status without the module" 4 $status
warns "has no blkverify target"
warns "insmod dm-blkverify.ko"
