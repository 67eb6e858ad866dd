# SPDX-License-Identifier: GPL-2.0-only
# This test will see a stall that does not involve the module, in its first run.
[ -z "${AGAIN-}" ] || exit 0
{
	echo "rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:"
	echo "rcu: 	1-...!: (0 ticks this GP) idle=2a14/0/0x0 softirq=1/1 fqs=0 (false positive?)"
	echo "Modules linked in: dm_blkverify(O) null_blk"
	echo "Call trace:"
	echo " default_idle+0x13/0x20"
	echo " do_idle+0x1f2/0x220"
	echo "watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [fio:1]"
} | while read -r line; do echo "$line" >/dev/kmsg; done
