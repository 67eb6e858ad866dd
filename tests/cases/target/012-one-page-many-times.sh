# SPDX-License-Identifier: GPL-2.0-only
# This test will read several blocks into the same page with one readv, and expect no reports.
# Needs: machine=stock

new_pair 16
fill_random "$raw" 16
dd if="$raw" of="$test" bs=1M oflag=direct status=none
make_v

"$BVIO" alias $v $((8 << 20)) ${LOAD_SECONDS:-3} 4 ${SEED:-}

expect_field mismatches 0
expect "reports in the log" 0 "$(reports_in_log)"
[ "$(field unstable)" -gt 0 ] || fail "no read was unstable: the case tests nothing"

echo "unstable: $(field unstable)"

# The re-read of the raw leg completes before a write may pass.
"$BVIO" alias $v 65536 ${LOAD_SECONDS:-3} 4 ${SEED:-} >"$TMPDIR/readers" &
readers=$!
"$BVIO" overlap $v 65536 ${LOAD_SECONDS:-3} 4 ${SEED:-}
wait $readers || fail "$(cat "$TMPDIR/readers")"
expect_field mismatches 0

# And corruption is still found through such a read.
"$BVIO" poke "$test" 4096 0x10
dmsetup message bvtest-v 0 reset
if "$BVIO" alias $v 65536 1 1; then fail "the corruption was missed"; fi
expect_field first_mismatch 8

# Also where the data read last into the page, the only data that can be compared, is equal.
dd if=/dev/zero of=$v bs=64k count=1 oflag=direct status=none
"$BVIO" poke "$raw" 12288 0x55
dmsetup message bvtest-v 0 reset
if "$BVIO" alias $v 65536 1 1; then fail "the corruption was hidden by what came after it"; fi
expect_field first_mismatch 24
