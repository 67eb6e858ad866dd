# SPDX-License-Identifier: GPL-2.0-only
# This test will pass, but the kernel log will not look good.
echo "BUG: not really" >/dev/kmsg
