# SPDX-License-Identifier: GPL-2.0-only
# What in a kernel log is a failure, and what only looks like one on a busy host. Sourced in the
# machine, by run-cases and run-kunit.

# Anything of this in the kernel log fails the test that it happened in.
trouble='BUG:|WARNING:|Oops|INFO: task|INFO: rcu|possible .*deadlock|inconsistent lock|KASAN|UBSAN|general protection|kernel panic|soft lockup|hung task|workqueue lockup|ODEBUG|unreferenced object|refcount_t|list_(add|del) corruption|bad page|sleeping function'

# A kernel that hangs says this, and so does one whose host did not run it for a while.
stall='INFO: rcu_[a-z_]* (self-)?detected|BUG: soft lockup|BUG: workqueue lockup'

# Is all the trouble in this log a stall, and the module on no CPU's stack? Then the host may have
# starved the machine.
only_stalls() { # reads a log
	local log
	log=$(cat)
	grep -qE "$stall" <<<"$log" &&
		! grep -E "$trouble" <<<"$log" | grep -qvE "$stall" &&
		! grep -qE '\[dm_blkverify\]|\<(blkv|blkverify)_' <<<"$log"
}
