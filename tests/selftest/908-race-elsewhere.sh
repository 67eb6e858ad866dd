# SPDX-License-Identifier: GPL-2.0-only
# This test will pass, though KCSAN reports a race in which the module has no part.
{
	echo "=================================================================="
	echo "BUG: KCSAN: data-race in one / another"
	echo "write to 0xffff888003f10000 of 8 bytes by task 1 on cpu 0:"
	echo " one+0x5/0x100"
	echo "read to 0xffff888003f10000 of 8 bytes by task 2 on cpu 1:"
	echo " ext4_write_begin+0x5/0x100"
	echo "Reported by Kernel Concurrency Sanitizer on:"
	echo "=================================================================="
} | while read -r line; do echo "$line" >/dev/kmsg; done
