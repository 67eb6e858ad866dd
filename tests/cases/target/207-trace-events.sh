# SPDX-License-Identifier: GPL-2.0-only
# This test will check that the trace events have what happened, and that a request whose legs take
# different times says so.
# Needs: machine=debug

has_tracing || skip "this kernel has no tracing"
events=$tracing/events/blkverify
[ -d $events ] || skip "this kernel has no trace events"
dev() { lsblk -dno MAJ:MIN $v | tr -d ' ' | tr : ,; }
trace_on() { # <event>...
	local e
	echo >$tracing/trace
	for e; do echo 1 >"$events/$e/enable"; done
}
trace_off() { echo 0 >$events/enable; }
traced() { # <event>: prints its lines, without task, CPU and time
	sed -n "s/^.*: blkverify_$1: //p" $tracing/trace
}
expect_traced() { # <event> <pattern of all lines>
	[[ $(traced "$1") =~ ^$2$ ]] || fail "blkverify_$1: $(traced "$1"); not: $2"
}

new_pair 16 cache_size=1
new_dm error-test "0 16384 linear $test 0
16384 8 error
16392 $((sectors - 16392)) linear $test 16392"
test=$leg
make_v
dev=$(dev)

# Nothing when off.
trace_off
echo >$tracing/trace
expect_read 0 4096
expect "events while they are off" "" "$(traced request)"

trace_on blkverify_request
expect_read 8192 4096
trace_off
expect_traced request "$dev read sector=16 nr=8 flags=0x[0-9a-f]+ raw_ns=[1-9][0-9]* test_ns=[1-9][0-9]*"

trace_on blkverify_request
dd if=/dev/zero of=$v bs=8192 count=1 seek=1 oflag=direct conv=fsync,notrunc status=none
trace_off
expect_traced request "$dev write sector=16 nr=16 flags=0x[0-9a-f]+ raw_ns=[1-9][0-9]* test_ns=[1-9][0-9]*
$dev flush sector=0 nr=0 flags=0x[0-9a-f]+ raw_ns=[1-9][0-9]* test_ns=[1-9][0-9]*"

trace_on blkverify_mismatch blkverify_divergence
dmsetup message bvtest-v 0 inject 9 0x21
expect_read_error EILSEQ 4096 4096
expect_read_error EIO $((16384 * 512)) 4096
trace_off
expect_traced mismatch "$dev read sector=9 class=bitflip differ=1 injected pid=[0-9]+ comm=program"
expect_traced divergence "$dev read sector=16384 nr=8 raw=0 test=-5"
dmsetup remove bvtest-v

# Which leg is slow?
new_dm slow "0 $sectors delay $test 0 300"
test=$leg
make_v
dev=$(dev)
trace_on blkverify_request
expect_read 8192 4096
trace_off
raw_ns=$(traced request | sed -n 's/.* raw_ns=\([0-9]*\) .*/\1/p')
test_ns=$(traced request | sed -n 's/.* test_ns=\([0-9]*\)$/\1/p')
[ "$test_ns" -ge 290000000 ] || fail "the test leg took $test_ns ns, not 300 ms"
[ "$raw_ns" -lt "$test_ns" ] || fail "the raw leg took $raw_ns ns, the test leg only $test_ns ns"

# A report has the times only if the event was on.
trace_on blkverify_request
dmsetup message bvtest-v 0 inject 9 0x21
expect_read_error EILSEQ 4096 4096
trace_off
dmsetup message bvtest-v 0 inject 9 0x21
expect_read_error EILSEQ 4096 4096
reports=$(dmsetup message bvtest-v 0 list | grep '^[12] ' | sed 's/.*\( cpus=\)/\1/; s/ time_ms=.*//')
[[ $reports =~ ^' cpus='[01],[01]' raw_us='[0-9]+' test_us='[0-9]{6,}$'\n'' cpus='[01],[01]$ ]] ||
	fail "the times of the reports: $reports"
dmsetup remove bvtest-v

# What a power cut leaves in a block: an older version, the newest one, and one that is too old.
for f in a b c; do head -c 4096 /dev/zero | tr '\0' $f >"$TMPDIR/$f"; done
leave() { # <device> <block> <file>
	dd if="$TMPDIR/$3" of="$1" bs=4096 seek="$2" count=1 oflag=direct conv=notrunc status=none
}
new_pair 16 cache_size=1
make_v crash crash_unit 8
dev=$(dev)
for n in 1 2 3; do leave $v $n a; done
flush_device $v
leave $v 3 b
flush_device $v
leave $v 1 b
leave $v 2 b
leave $v 3 c
dmsetup message bvtest-v 0 crash arm
dmsetup message bvtest-v 0 crash cut
leave "$test" 1 a
leave "$test" 3 a
dmsetup message bvtest-v 0 crash back
trace_on blkverify_settle
expect_read 4096 8192
expect_read_error EILSEQ 12288 4096
trace_off
expect_traced settle "$dev sector=8 nr=8 old
$dev sector=16 nr=8 new
$dev sector=24 nr=8 lost"
