# SPDX-License-Identifier: GPL-2.0-only
# This test will run blktests, which BLKTESTS names, with its test device below blkverify, and expect the
# same results as on dm-linear; and find the test in which data goes bad.
# Needs: limit=900
. "$TOP/tests/workloads/lib.sh"

enter_suite BLKTESTS blktests
unset BLKVERIFY	# it is a switch there
for series in "$TOP"/packaging/blktests/*.patch; do
	patch -p1 -s -i "$series" || fail "$(basename "$series") does not apply"
done
export BLKVERIFY_DIR=$TMPDIR/raw
mkdir "$BLKVERIFY_DIR"

# What each test said, without its times.
run_suite() { # <word of the configuration>...
	printf '%s\n' DEVICE_ONLY=1 TIMEOUT=20 "$@" >config
	rm -rf results
	./check -o results ${TESTS:-block dm} >"$TMPDIR/check" 2>&1 || :
	sed -n 's/^\([a-z]*\/[0-9]*\) \(=> [^ ]*\)\? *(.*) *\[\(.*\)\]$/\1 \3/p' "$TMPDIR/check" | sort
}
# Tests remove all devices of null_blk.
ram_pair
new_dm linear "0 $sectors linear $raw 0"
say "on dm-linear"
run_suite "TEST_DEVS=($(readlink -f "$leg"))" >"$TMPDIR/linear"
say "$(count_results "$TMPDIR/linear")"
say "with BLKVERIFY=1"
run_suite "TEST_DEVS=($test)" BLKVERIFY=1 >"$TMPDIR/verified"
say "$(count_results "$TMPDIR/verified")"
diff "$TMPDIR/linear" "$TMPDIR/verified" || fail "other results: $(cat "$TMPDIR/check")"
grep -q ' passed$' "$TMPDIR/verified" || fail "nothing passed: $(cat "$TMPDIR/check")"
grep -q 'no mismatch found' "$TMPDIR/check" || fail "no test compared anything: $(cat "$TMPDIR/check")"

say "the test of the target"
printf '%s\n' TIMEOUT=20 >config
./check -o results dm/004 >"$TMPDIR/check" 2>&1 || fail "$(cat "$TMPDIR/check" results/nodev/dm/004*)"
grep -q passed "$TMPDIR/check" || fail "$(cat "$TMPDIR/check")"

say "with a fault"
liar_as_test
lie flip 0 1000
TESTS=block/042 run_suite "TEST_DEVS=($(readlink -f "$test"))" BLKVERIFY=1 >"$TMPDIR/fault"
nr_planted=1
cat "$TMPDIR/check"
expect "result" "block/042 failed" "$(cat "$TMPDIR/fault")"
# Its output is wrong, too, so blktests does not look at the kernel log.
grep -q '^block/042 .* 1  mismatch found$' "$TMPDIR/check" || fail "the table does not name the test"
grep -q '"sector":0' results/blkverify/block/042.blkverify.json ||
	fail "what the test found: $(cat results/blkverify/block/042.blkverify.json)"
nr_reported=1
row
