# SPDX-License-Identifier: GPL-2.0-only
# This test will check that "open", "status" and "run" show the untrusted share of the device and
# the untested features, with the reasons and the option that would compare more.
# Needs: machine=debug

. "$TOP/tests/lib/command.sh"

loop_pair 64
tool 0 open bvtest-v "$raw" "$test"
tool 0 status bvtest-v
! grep -q "not compared" "$TMPDIR/out" || fail "all is compared: $(cat "$TMPDIR/out")"

# A quarter is discarded, and a little is distrusted.
blkdiscard -o 0 -l 16M $v
dmsetup message bvtest-v 0 distrust 100000 1
expect_read 16773120 8192
tool 0 status bvtest-v
says "not compared:   25.01 % of the device (32769 sectors): 32768 discarded, 1 by message"
says "% of the data read (8 sectors)"
says "--discard-zeroes also compares discarded sectors"
tool 0 close bvtest-v

# With --discard-zeroes, discarded sectors are compared.
tool 0 open bvtest-v "$raw" "$test" --discard-zeroes
blkdiscard -o 0 -l 16M $v
expect_read 0 8192
tool 0 status bvtest-v
! grep -q "not compared" "$TMPDIR/out" || fail "all is compared: $(cat "$TMPDIR/out")"
tool 0 close bvtest-v

tool 0 run --test "$test" --raw-dir "$TMPDIR" -- sh -c 'dd if=/dev/urandom of=$BLKVERIFY_DEVICE bs=1M count=1 oflag=direct status=none
	dd if=$BLKVERIFY_DEVICE of=/dev/null bs=1M count=1 iflag=direct status=none'
says "not compared:   98.44 % of the device"
says "--zeroed also compares unwritten sectors"

# A feature that test does not offer is not tested. The raw leg does not matter.
new_pair 16 discard=1
with=$raw
new_leg 16
without=$leg
tool 0 open bvtest-v "$with" "$without"
says "not tested:"
says "discard (test has none)"
tool 0 status bvtest-v
says "discard (test has none)"
tool 0 status bvtest-v --json
expect "features" True "$(json '{"feature": "discard", "raw": True, "test": False, "reason": "test has none"} in d["devices"][0]["not_tested"]')"
tool 0 close bvtest-v

new_leg 16
tool 0 open bvtest-v "$leg" "$without"
says "discard (test has none)"
tool 0 status bvtest-v --json
expect "features" True "$(json '{"feature": "discard", "raw": False, "test": False, "reason": "test has none"} in d["devices"][0]["not_tested"]')"
tool 0 close bvtest-v

new_leg 16 discard=1
for raw in "$with" "$without"; do
	tool 0 open bvtest-v "$raw" "$leg"
	! grep -q "discard (" "$TMPDIR/out" || fail "test has discards: $(cat "$TMPDIR/out")"
	tool 0 status bvtest-v --json
	expect "discard is not tested" False "$(json '"discard" in [f["feature"] for f in d["devices"][0]["not_tested"]]')"
	tool 0 close bvtest-v
done

# So is a feature that test offers and the mapped device does not, whatever raw offers.
expect_listed() { # <feature> <file in sysfs>
	local here shown=True
	here=$(attribute "$2" 2>/dev/null || :)
	[ "${here:-0}" = 0 ] || [ "$here" = none ] || shown=False
	tool 0 status bvtest-v
	expect "$1 is shown" $shown "$(grep -q "$1 (" "$TMPDIR/out" && echo True || echo False)"
	tool 0 status bvtest-v --json
	expect "$1 is in the JSON" $shown "$(json "'$1' in [f['feature'] for f in d['devices'][0]['not_tested'] if f['test'] and f['reason']]")"
}
new_leg 16 poll_queues=0
raw=$leg
new_leg 16 poll_queues=1
test=$leg
if [ "$(cat "/sys/block/${test##*/}/queue/io_poll")" = 1 ]; then
	tool 0 open bvtest-v "$raw" "$test"
	expect "polling is shown" "$([ "$(attribute queue/io_poll)" = 1 ] || echo yes)" \
		"$(! grep -q "polling (" "$TMPDIR/out" || echo yes)"
	expect_listed polling queue/io_poll
	tool 0 close bvtest-v
fi
expect "polling of a leg without poll queues" 0 "$(cat "/sys/block/${raw##*/}/queue/io_poll")"
tool 0 open bvtest-v "$test" "$raw"
tool 0 status bvtest-v
! grep -q "polling (" "$TMPDIR/out" || fail "test has no polling: $(cat "$TMPDIR/out")"
tool 0 close bvtest-v
