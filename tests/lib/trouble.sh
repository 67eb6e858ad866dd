# SPDX-License-Identifier: GPL-2.0-only
# Which kernel messages are failures, and which may be due to a busy host. Sourced in the machine, by
# run-cases and run-kunit.

# Any of these in the kernel log fails the test that was running.
trouble='BUG:|WARNING:|Oops|INFO: task|INFO: rcu|possible .*deadlock|inconsistent lock|KASAN|UBSAN|general protection|kernel panic|soft lockup|hung task|workqueue lockup|ODEBUG|unreferenced object|refcount_t|list_(add|del) corruption|bad page|sleeping function'

# Printed by a kernel that hangs, but also by one that the host did not run for a while.
stall='INFO: rcu_[a-z_]* (self-)?detected|BUG: soft lockup|BUG: workqueue lockup'

# Are stalls the only trouble in this log, with the module on no CPU's stack? Then the host may have
# starved the machine.
only_stalls() { # reads a log
	local log
	log=$(cat)
	grep -qE "$stall" <<<"$log" &&
		! grep -E "$trouble" <<<"$log" | grep -qvE "$stall" &&
		! grep -qE '\[dm_blkverify\]|\<(blkv|blkverify)_' <<<"$log"
}
