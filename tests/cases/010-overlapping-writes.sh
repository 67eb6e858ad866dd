# SPDX-License-Identifier: GPL-2.0-only
# This test will keep 8 overlapping writes in flight: the legs stay identical and nothing is reported.
# Loop devices: their workers apply what is in flight in no particular order.
loop_pair 16
make_v
"$BVIO" overlap $v 65536 ${LOAD_SECONDS:-4} 8 ${SEED:-}
expect_read 0 1048576
expect_healthy
dmsetup remove bvtest-v
expect_same_legs
