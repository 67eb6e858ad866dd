# SPDX-License-Identifier: GPL-2.0-only
# This test will be killed at any moment of each verb, and leave nothing that close cannot remove.
. "$TOP/tools/tests/lib.sh"
now_ms() { echo $(($(date +%s%N) / 1000000)); }
sleep_ms() { sleep "$(($1 / 1000)).$(printf %03d $(($1 % 1000)))"; }

truncate -s 8M "$TMPDIR/a" "$TMPDIR/b"
start=$(now_ms)
tool 0 open bvtest-v "$TMPDIR/a" "$TMPDIR/b"
took=$(($(now_ms) - start))
tool 0 close bvtest-v
opened=0 halfway=0
for ((i = 0; i < 40; i++)); do
	"$BLKVERIFY" open bvtest-v "$TMPDIR/a" "$TMPDIR/b" 2>/dev/null &
	sleep_ms $((took * i / 40))
	kill -9 $! 2>/dev/null || :
	wait $! 2>/dev/null || :
	if dmsetup info bvtest-v >/dev/null 2>&1; then
		if [ -n "$(dmsetup table bvtest-v)" ]; then opened=$((opened + 1)); else halfway=$((halfway + 1)); fi
		"$BLKVERIFY" close bvtest-v &
		sleep 0.00$((i % 10))
		kill -9 $! 2>/dev/null || :
		wait $! 2>/dev/null || :
		dmsetup info bvtest-v >/dev/null 2>&1 && tool 0 close bvtest-v
	fi
	expect_no_device bvtest-v
	expect_no_loops
done
echo "killed 40 times in $took ms: $opened were open, $halfway half-way"

# Those that only look: the device stays as it was, and nobody holds it.
new_pair 8
fill_random "$raw" 8
make_v
for verb in "status bvtest-v" "status" "report bvtest-v" "dump bvtest-v 5" "wait bvtest-v" \
	"watch bvtest-v" "scrub bvtest-v" "compare $raw $test"; do
	start=$(now_ms)
	timeout 1 "$BLKVERIFY" $verb >/dev/null 2>&1 || :
	took=$(($(now_ms) - start)) killed=0
	for i in 1 2 3 4 5 6 7 8; do
		"$BLKVERIFY" $verb >/dev/null 2>&1 &
		sleep_ms $((took * i / 10))
		kill -9 $! 2>/dev/null || :
		status=0
		wait $! 2>/dev/null || status=$?
		[ $status != 137 ] || killed=$((killed + 1))
	done
	echo "$verb takes $took ms: killed $killed times of 8"
	[ $killed != 0 ] || fail "$verb was never killed in the middle"
	"$BLKVERIFY" status bvtest-v >/dev/null || [ $? = 6 ] || fail "$verb: no status after it"
	expect "users of the device after $verb" 0 "$(dmsetup info -c --noheadings -o open bvtest-v)"
done
tool 0 close bvtest-v

# sync: what is half copied can be copied again.
start=$(now_ms)
tool 0 sync --yes "$raw" "$test"
took=$(($(now_ms) - start))
for i in 1 2 3 4 5 6 7 8; do
	dd if=/dev/zero of="$test" bs=1M count=8 oflag=direct status=none
	"$BLKVERIFY" sync --yes "$raw" "$test" 2>/dev/null &
	sleep_ms $((took * i / 10))
	kill -9 $! 2>/dev/null || :
	wait $! 2>/dev/null || :
	tool 0 sync --yes "$raw" "$test"
	tool 0 compare "$raw" "$test"
done

# run: the device goes with its command, or can be closed.
before=$(dmsetup ls)
start=$(now_ms)
tool 7 run --test "$TMPDIR/a" --name bvtest-run -- true
took=$(($(now_ms) - start)) stayed=0
for ((i = 0; i < 20; i++)); do
	"$BLKVERIFY" run --test "$TMPDIR/a" --name bvtest-run -- true >/dev/null 2>&1 &
	sleep_ms $((took * i / 20))
	kill -9 $! 2>/dev/null || :
	wait $! 2>/dev/null || :
	sleep 0.1
	! dmsetup info bvtest-run >/dev/null 2>&1 || {
		stayed=$((stayed + 1))
		# It may be going already.
		"$BLKVERIFY" close bvtest-run 2>/dev/null || [ $? = 4 ] || fail "close after a killed run"
	}
	expect_no_device bvtest-run
	expect_no_loops
done
echo "run was killed 20 times in $took ms: the device stayed $stayed times"
expect "devices" "$before" "$(dmsetup ls)"
