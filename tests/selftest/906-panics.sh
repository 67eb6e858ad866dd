# SPDX-License-Identifier: GPL-2.0-only
# This test will panic the kernel.
# Of the stock machine: User-Mode Linux lacks the key.
echo c >/proc/sysrq-trigger
