# SPDX-License-Identifier: GPL-2.0-only
# This test will mix reads, writes, flushes, discards and zeroes of all lengths, and expect no
# reports.
# Needs: machine=stock

new_pair 16 discard=1
make_v

"$BVIO" mixed $v $((4 << 20)) ${LOAD_SECONDS:-5} 8 ${SEED:-}

expect_healthy
expect_field raw_errors 0
expect_field test_errors 0
