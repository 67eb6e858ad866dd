# SPDX-License-Identifier: GPL-2.0-only
# This test will fail: KCSAN reports a race of the module.
{
	echo "=================================================================="
	echo "BUG: KCSAN: data-race in one / another"
	echo "write to 0xffff888003f10000 of 8 bytes by task 1 on cpu 0:"
	echo " one+0x5/0x100"
	echo "read to 0xffff888003f10000 of 8 bytes by task 2 on cpu 1:"
	echo " rb_next+0x5/0x100"
	echo " tree_iter_next+0x5/0x100"
	echo " blkv_range_lock+0x5/0x100 [dm_blkverify]"
	echo "Reported by Kernel Concurrency Sanitizer on:"
	echo "=================================================================="
} | while read -r line; do echo "$line" >/dev/kmsg; done
