# SPDX-License-Identifier: GPL-2.0-only
# This test will panic the kernel.
# In the stock machine: User-Mode Linux has no SysRq crash key.
echo c >/proc/sysrq-trigger
