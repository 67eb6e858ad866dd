# SPDX-License-Identifier: GPL-2.0-only
# This test will change O_DIRECT buffers while they are being written, and expect identical legs and
# no reports.
# Needs: machine=stock

new_pair 16
make_v

"$BVIO" scribble-write $v $((4 << 20)) ${LOAD_SECONDS:-4} 4 ${SEED:-}
expect_read 0 4194304
expect_healthy
dmsetup remove bvtest-v
expect_same_legs
