# SPDX-License-Identifier: GPL-2.0-only
# This test will kill nbdkit and qemu-nbd under load with "run --crash", and find the lost writes of
# a server that ignores flushes, and nothing in those that do not.
# Needs: machine=debug

. "$TOP/tests/lib/command.sh"

test=/dev/nbd0 pid=$TMPDIR/server.pid socket=$TMPDIR/socket
[ -b $test ] || skip "this kernel has no nbd"
command -v nbdkit >/dev/null || skip "nbdkit is not installed"
export BLKVERIFY_CUT_DIR=$TOP/tools/cut.d
image=$TMPDIR/image

is_free() { [ ! -e /sys/block/nbd0/pid ]; }
is_there() { [ "$(cat /sys/block/nbd0/size)" != 0 ]; }
disconnect() {
	qemu-nbd --disconnect $test >/dev/null
	wait_until 60 is_free
}
# In this order: no request may wait for a server that is gone.
trap 'clean_up; disconnect || :; [ ! -s "$pid" ] || kill -KILL "$(cat "$pid")" || :' EXIT
connect() { # <argument of qemu-nbd>...
	qemu-nbd --fork --connect=$test "$@"
	wait_until 60 is_there
}
run() { # <exit status> <cutter> <option>...
	local expected=$1 cutter=$2
	shift 2
	tool "$expected" run --zeroed --test $test --cut "$cutter" --every 0.2..0.6 --timeout "$(scaled 20)" "$@" \
		-- sh -c '"$BVCUT" load $BLKVERIFY_DEVICE 4 100000 2 7'
	cat "$TMPDIR/out"
}

# The cache of nbdkit is the write cache of the disk, and a file is the medium.
server() { # <mode of the cache>
	rm -f "$image"
	truncate -s 4M "$image"
	nbdkit --unix "$socket" --pidfile "$pid" --filter=cache file "$image" cache="$1"
	connect --format=raw "nbd+unix:///?socket=$socket"
}
server writeback
run 0 "nbdkit:$pid,$test" --crash 4 --full
says "4 of 4"
disconnect
kill -KILL "$(cat "$pid")"
rm -f "$socket"
server unsafe
run 6 "nbdkit:$pid,$test" --crash 20 --full
says "lost: a power cut removed a write that was durable"
grep -q 'after power cut [0-9]*: what was promised by \(flush\|fua\|preimage\) is gone' "$TMPDIR/out" ||
	fail "the report does not explain the cut: $(cat "$TMPDIR/out")"
disconnect
kill -KILL "$(cat "$pid")"
rm -f "$pid"

# qemu-nbd has metadata of an image in its memory.
qemu-img create -q -f qcow2 "$image" 4M
connect --format=qcow2 "$image"
run 0 "qemu-nbd:$test" --crash 4 --full
says "4 of 4"
disconnect
