# SPDX-License-Identifier: GPL-2.0-only
# This test will pass, but memory of the kernel is lost.
insmod "$LEAK"
rmmod leak
