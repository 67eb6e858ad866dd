# SPDX-License-Identifier: GPL-2.0-only
# This test will change O_DIRECT buffers while they are being read into, and expect no reports.
# Needs: machine=stock

# Slow legs, or with one CPU no other task could run between the read and the compare.
new_pair 16 irqmode=2 completion_nsec=10000
fill_random "$raw" 16
dd if="$raw" of="$test" bs=1M oflag=direct status=none
make_v

"$BVIO" scribble-read $v $((8 << 20)) ${LOAD_SECONDS:-4} 4 ${SEED:-}

expect_field mismatches 0
expect_field divergences 0
expect "reports in the log" 0 "$(reports_in_log)"
[ "$(field unstable)" -gt 0 ] || fail "no read was unstable: the case tests nothing"

echo "unstable: $(field unstable)"
