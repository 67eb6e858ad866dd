# SPDX-License-Identifier: GPL-2.0-only
# This test will check that progress, the live line and colours appear on a terminal, and never in a
# pipe.
# Needs: machine=debug

. "$TOP/tests/lib/command.sh"

[ -e /dev/ptmx ] || skip "this kernel has no pseudo-terminals"

new_pair 64
new_dm slow "0 $sectors delay $test 0 100"
test=$leg
"$BVIO" poke "$raw" 5120 0x01
make_v

on_terminal 6 scrub bvtest-v </dev/null
grep -oaE 'scrub \[[#.]{20}\] +[0-9]+ %, [0-9.]+ [KMG]iB/s, [0-9?]+ s left, [0-9]+ bad sectors?' "$TMPDIR/tty" >"$TMPDIR/bars" ||
	fail "no progress bar: $(cat -v "$TMPDIR/tty")"
cat "$TMPDIR/bars"

[ "$(sort -u "$TMPDIR/bars" | wc -l)" -ge 3 ] || fail "the progress bar does not move"
grep -q '\[#.*\.\]' "$TMPDIR/bars" || fail "the bar is not filled"
shows "1 bad sector "

# The live line is erased before the summary is printed.
grep -qaF "${escape}[Kbad: sectors 10 to 10 (1)" "$TMPDIR/tty" || fail "the bar stays: $(cat -v "$TMPDIR/tty")"

tool 6 scrub bvtest-v
! grep -qa "$escape\|scrub \[" "$TMPDIR/out" "$TMPDIR/err" || fail "progress in a pipe: $(cat -v "$TMPDIR/err")"

on_terminal 6 dump bvtest-v </dev/null
shows "${escape}[1;31m"

# Only the byte that differs is red, on both sides, as hex and as text.
expect "red places" 4 "$(grep -oaF "${escape}[1;31m" "$TMPDIR/tty" | wc -l)"

tool 6 dump bvtest-v
! grep -qa "$escape" "$TMPDIR/out" || fail "colours in a pipe"

before=$(field mismatches)

# New findings are printed above the live line.
live_line='comparing [0-9.]+ [KMG]iB/s, writing [0-9.]+ [KMG]iB/s; compared [0-9.]+ [KMG]iB \([0-9]+ sectors\), [0-9]+ mismatches'
rm "$TMPDIR/tty"
(
	(
		wait_until 30 grep -qaE "$live_line" "$TMPDIR/tty"
		"$BVIO" read $v 4096 4096 || :
		wait_until 30 grep -qaF "$(printf '%5d read' $((before + 1)))" "$TMPDIR/tty"
	) || :
	kill -INT $(pgrep -f "^$BLKVERIFY watch")
) >/dev/null 2>&1 &
on_terminal 6 watch bvtest-v </dev/null
wait
grep -qaE "$live_line" "$TMPDIR/tty" ||
	fail "no live line: $(cat -v "$TMPDIR/tty")"
shows "$(printf '%5d read' $((before + 1)))"

"$BLKVERIFY" watch bvtest-v >"$TMPDIR/out" 2>"$TMPDIR/err" &
watcher=$!
wait_until 30 test -s "$TMPDIR/out"
kill $watcher
wait $watcher || :
[ -s "$TMPDIR/out" ] || fail "watch shows no finding"
! grep -qa "$escape\|comparing" "$TMPDIR/out" "$TMPDIR/err" || fail "the live line in a pipe"

# compare and sync; sync asks for confirmation.
on_terminal 6 compare "$raw" "$test" </dev/null
shows "compare ["
dmsetup remove bvtest-v

(sleep 1; echo no) | on_terminal 1 sync "$test" "$raw"
shows "Continue? Type \"yes\": "
shows "nothing was written"

tool 6 compare "$raw" "$test"
(sleep 1; echo yes) | on_terminal 0 sync "$test" "$raw"
shows "holds no recognised signature; its first 64 MiB will be overwritten"
shows "sync ["

tool 0 compare "$raw" "$test"
