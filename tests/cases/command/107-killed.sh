# SPDX-License-Identifier: GPL-2.0-only
# This test will kill each verb at each of its system calls, and check that "close" can remove the
# leftovers.
# Needs: machine=debug

. "$TOP/tests/lib/command.sh"

# Kill it when it enters the n-th of these system calls. Returns 1 if it ended before that.
killed_at() { # <system calls> <n> <argument>...
	local calls=$1 n=$2 status=0
	shift 2
	# In a subshell, whose "Killed" is discarded.
	(strace -f -qq -o /dev/null -e "trace=$calls" -e "inject=$calls:signal=KILL:when=$n" \
		"$BLKVERIFY" "$@" >/dev/null 2>&1) 2>/dev/null || status=$?
	[ $status = 137 ]
}

# open: at each ioctl, so also between the loop devices and the mapped device, and between the
# ioctls that create the latter.
truncate -s 8M "$TMPDIR/a" "$TMPDIR/b"
nothing=0 halfway=0 opened=0
for ((n = 1; ; n++)); do
	killed_at ioctl $n open bvtest-v "$TMPDIR/a" "$TMPDIR/b" || break
	if ! dmsetup info bvtest-v >/dev/null 2>&1; then
		nothing=$((nothing + 1))
	else
		if [ -n "$(dmsetup table bvtest-v)" ]; then opened=$((opened + 1)); else halfway=$((halfway + 1)); fi
		tool 5 open bvtest-v "$TMPDIR/a" "$TMPDIR/b"
		warns "\"blkverify close bvtest-v\" first"
		tool 0 close bvtest-v
	fi
	expect_no_device bvtest-v
	expect_no_loops
done

echo "open was killed at $((n - 1)) ioctls: no device $nothing times, half a device $halfway times, a device $opened times"
[ $nothing != 0 ] && [ $halfway != 0 ] || fail "it was not killed on both sides of the creation"
tool 0 close bvtest-v

# close: a device that is left can be closed.
for ((n = 1; ; n++)); do
	tool 0 open bvtest-v "$TMPDIR/a" "$TMPDIR/b"
	killed_at ioctl $n close bvtest-v || break
	! dmsetup info bvtest-v >/dev/null 2>&1 || tool 0 close bvtest-v
	expect_no_device bvtest-v
	expect_no_loops
done

echo "close was killed at $((n - 1)) ioctls"
[ $n -gt 2 ] || fail "close was never killed"
expect_no_device bvtest-v

# Verbs that only read: the device is unchanged, and not held open.
new_pair 8
fill_random "$raw" 8
dd if="$raw" of="$test" bs=1M oflag=direct status=none
make_v

looks() { # <system calls> <argument>...
	local n calls=$1
	shift
	for ((n = 1; n <= 12; n++)); do
		killed_at $calls $n "$@" || break
		tool 0 status bvtest-v
		expect "users of the device" 0 "$(dmsetup info -c --noheadings -o open bvtest-v)"
	done
	echo "$1 was killed at $((n - 1)) of its $calls"
	[ $n -gt 1 ] || fail "$* was never killed"
}

looks ioctl status bvtest-v
looks ioctl status
looks ioctl report bvtest-v
looks ioctl,pread64 dump bvtest-v 5
looks ioctl wait bvtest-v --timeout 1
looks ioctl watch bvtest-v
looks ioctl,pread64 scrub bvtest-v
looks pread64 compare "$raw" "$test"
for verb in wait watch; do
	"$BLKVERIFY" $verb bvtest-v >/dev/null 2>&1 &
	sleep 1
	kill -9 $!
	wait $! 2>/dev/null || :
	expect "users of the device" 0 "$(dmsetup info -c --noheadings -o open bvtest-v)"
done

tool 0 close bvtest-v

# sync: a half-finished copy can be repeated.
for n in 1 2 5 8; do
	dd if=/dev/zero of="$test" bs=1M count=8 oflag=direct status=none
	killed_at pwrite64 $n sync --yes "$raw" "$test" || fail "sync was not killed at write $n"
	tool 6 compare "$raw" "$test"
	tool 0 sync --yes "$raw" "$test"
	tool 0 compare "$raw" "$test"
done

# run: the device goes with its command, or can be closed.
before=$(dmsetup ls)
stayed=0
for ((n = 1; ; n++)); do
	rm -f "$TMPDIR/ran"
	killed_at ioctl $n run --test "$TMPDIR/a" --name bvtest-run -- sh -c ": >$TMPDIR/ran; exit 3" || break
	# After the command the device removes itself. Before it, it may: wait a second for that.
	if [ -e "$TMPDIR/ran" ]; then wait_until 30 is_gone bvtest-run; fi
	for ((i = 0; i < 10; i++)); do ! is_gone bvtest-run >/dev/null || break; sleep 0.1; done
	if ! is_gone bvtest-run >/dev/null; then
		stayed=$((stayed + 1))
		"$BLKVERIFY" close bvtest-run || is_gone bvtest-run || fail "what run leaves at ioctl $n cannot be closed"
	fi
	expect_no_device bvtest-run
	expect_no_loops
done

echo "run was killed at $((n - 1)) ioctls: the device stayed $stayed times"
[ $n -gt 8 ] || fail "run was hardly ever killed"
expect "devices" "$before" "$(dmsetup ls)"
