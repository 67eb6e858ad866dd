# SPDX-License-Identifier: GPL-2.0-only
# This test will read ranges while 8 threads write to them, and expect no reports.
# Needs: machine=stock

new_pair 16 irqmode=2 completion_nsec=50000
make_v

"$BVIO" race $v 131072 ${LOAD_SECONDS:-4} 8 ${SEED:-}
expect_healthy
dmsetup remove bvtest-v
expect_same_legs
