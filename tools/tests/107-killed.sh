# SPDX-License-Identifier: GPL-2.0-only
# This test will be killed at any moment of open and close, and leave nothing that close cannot remove.
. "$TOP/tools/tests/lib.sh"
truncate -s 8M "$TMPDIR/a" "$TMPDIR/b"
opened=0 halfway=0
for ((i = 0; i < 40; i++)); do
	"$BLKVERIFY" open bvtest-v "$TMPDIR/a" "$TMPDIR/b" 2>/dev/null &
	sleep 0.0$((i * 2 / 10))$((i * 2 % 10))
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
echo "killed 40 times: $opened were open, $halfway half-way"
tool 0 open bvtest-v "$TMPDIR/a" "$TMPDIR/b"
for verb in "status bvtest-v" "report bvtest-v" "dump bvtest-v 5" "wait bvtest-v" "watch bvtest-v" "scrub bvtest-v"; do
	"$BLKVERIFY" $verb >/dev/null 2>&1 &
	sleep 0.05
	kill -9 $! 2>/dev/null || :
	wait $! 2>/dev/null || :
done
tool 0 status bvtest-v
tool 0 close bvtest-v
expect_no_loops
