# SPDX-License-Identifier: GPL-2.0-only
# This test will check that "status --prometheus" prints metrics that promtool accepts, whatever the
# names.
# Needs: machine=debug

. "$TOP/tests/lib/command.sh"

[ -x "${PROMTOOL-}" ] || skip "promtool is not here"

# promtool finds nothing to complain about, style included.
valid() { # <what>
	"$PROMTOOL" check metrics <"$TMPDIR/out" >"$TMPDIR/promtool" 2>&1 ||
		fail "$1: $(cat "$TMPDIR/promtool" "$TMPDIR/out")"
}
metric() { # <name>: its value
	sed -n "s/^$1{device=\"bvtest-v\"} //p" "$TMPDIR/out"
}

tool 0 status --prometheus
valid "no device"

odd=$'a"b\\\n#{}\xff'
truncate -s 8M "$TMPDIR/raw" "$TMPDIR/$odd"
tool 0 open bvtest-v "$TMPDIR/raw" "$TMPDIR/$odd" --ignore-mismatch --crash
tool 0 status --prometheus bvtest-v
valid "one device"
expect "found" 0 "$(metric blkverify_found)"
expect "size" 16384 "$(metric blkverify_size_sectors)"
expect "no sector yet" "" "$(metric blkverify_first_mismatch_sector)"

printf x | dd of="$TMPDIR/$odd" bs=1 seek=5000 conv=notrunc status=none
expect_read 4096 4096
new_pair 16
dmsetup create bvtest-w --table "0 $sectors blkverify $raw $test"
tool 6 status --prometheus
valid "two devices"
cat "$TMPDIR/out"
expect "found" 1 "$(metric blkverify_found)"
expect "frozen" 0 "$(metric blkverify_frozen)"
expect "sector" 9 "$(metric blkverify_first_mismatch_sector)"
expect "mismatches" 1 "$(metric blkverify_mismatches_total)"
expect "compared" 8 "$(metric blkverify_compared_sectors_total)"
says 'blkverify_found{device="bvtest-w"} 0'
# A file of a loop device is shown by sysfs with its newline.
expect "names of legs" 2 "$(grep -c '^blkverify_info{device="bvtest-[vw]",raw="[^"]*",test="' "$TMPDIR/out")"
says 'a\"b\\'
says 'blkverify_power{device="bvtest-v",power="on"} 1'
expect "devices with power" 1 "$(grep -c '^blkverify_power{' "$TMPDIR/out")"

# Each field of the status is there.
for field in "${status_fields[@]}"; do
	[ $field = state ] || grep -q "^blkverify_${field}[a-z_]*{device=\"bvtest-v\"[,}]" "$TMPDIR/out" ||
		fail "the metrics lack $field"
done

# The check can fail.
sed -i 's/^# TYPE blkverify_found gauge/# TYPE blkverify_found gage/' "$TMPDIR/out"
if (valid "a typo") 2>/dev/null >/dev/null; then fail "promtool accepts anything"; fi

tool 1 status --json --prometheus
warns "--json, --prometheus are mutually exclusive"
