# SPDX-License-Identifier: GPL-2.0-only
# This test will fail: a CPU stalls in the module.
{
	echo "rcu: INFO: rcu_preempt self-detected stall on CPU"
	echo "Call trace:"
	echo " _raw_spin_lock+0x13/0x20"
	echo " blkv_range_lock+0x5/0x100 [dm_blkverify]"
} | while read -r line; do echo "$line" >/dev/kmsg; done
