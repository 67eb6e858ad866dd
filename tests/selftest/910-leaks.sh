# SPDX-License-Identifier: GPL-2.0-only
# This test will pass, but leak kernel memory.
insmod "$LEAK"
rmmod leak
