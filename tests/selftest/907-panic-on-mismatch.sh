# SPDX-License-Identifier: GPL-2.0-only
# This test will panic on a mismatch, after logging it, even if the test leg hangs: the option is
# meant for crash dumps.
new_pair 16
liar_as_test
make_v panic_on_mismatch
expect_read 0 4096
"$BVIO" poke "$test_below" 4096 1
lie hang 1
echo 7 >/proc/sys/kernel/printk
"$BVIO" read $v 4096 4096
