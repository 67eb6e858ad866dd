# SPDX-License-Identifier: GPL-2.0-only
# This test will pass, though KCSAN reports a race that is not the module's.
{
	echo "=================================================================="
	echo "BUG: KCSAN: data-race in one / another"
	echo "write to 0xffff888003f10000 of 8 bytes by task 1 on cpu 0:"
	echo " one+0x5/0x100"
	echo "read to 0xffff888003f10000 of 8 bytes by task 2 on cpu 1:"
	echo " rb_next+0x5/0x100"
	echo " __blk_flush_plug+0x20f/0x260"
	echo " submit_bio_noacct+0x140/0x7a0"
	echo " submit_leg+0x67/0x90 [dm_blkverify]"
	echo "Reported by Kernel Concurrency Sanitizer on:"
	echo "=================================================================="
} | while read -r line; do echo "$line" >/dev/kmsg; done
