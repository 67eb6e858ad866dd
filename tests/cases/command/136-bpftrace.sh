# SPDX-License-Identifier: GPL-2.0-only
# This test will run the bpftrace scripts while there are requests and findings, and compare what they
# print.
# Needs: machine=stock

command -v bpftrace >/dev/null || skip "no bpftrace"
[ -e /sys/kernel/btf/vmlinux ] || skip "this kernel has no BTF"
has_tracing || skip "this kernel has no tracing"
mountpoint -q /sys/kernel/debug || mount -t debugfs debugfs /sys/kernel/debug

# Run a script; sets script.
start_script() { # <name> <argument>...
	local name=$1
	shift
	bpftrace "$TOP/tools/bpftrace/$name.bt" "$@" >"$TMPDIR/$name" 2>&1 &
	script=$!
	wait_until 60 grep -q Ctrl-C "$TMPDIR/$name"
}
end_script() {
	kill -INT $script
	wait_until 60 has_ended $script
}
prints() { # <name> <pattern>
	grep -qE "$2" "$TMPDIR/$1" || fail "$1 does not print \"$2\": $(cat "$TMPDIR/$1")"
}

new_pair 16
new_dm slow "0 $sectors delay $test 0 300"
test=$leg
make_v ignore_mismatch

start_script latency
for i in 1 2 3; do expect_read $((i * 4096)) 4096; done
end_script
prints latency '^@test_took_longer_us\[read\]:'
# 256 to 512 ms.
prints latency '^\[256K, 512K\) +3 '
if grep raw_took_longer "$TMPDIR/latency"; then fail "the raw leg is not slower"; fi

start_script classes
dmsetup message bvtest-v 0 inject 9 0x21
expect_read 4096 4096
end_script
prints classes '^@mismatches\[bitflip, program\]: 1$'

number=$(lsblk -dno MAJ:MIN $v)
start_script readers ${number%:*} ${number#*:} 20
expect_read 4096 4096
expect_read 8192 4096
dd if=/dev/zero of=$v bs=4096 count=8 oflag=direct status=none
end_script
prints readers '^program \(pid [0-9]+\) RS sector=16 nr=8$'
prints readers '^dd \(pid [0-9]+\) WS sector=16 nr=8$'
prints readers 'submit_bio'
if grep sector=8 "$TMPDIR/readers"; then fail "that is another sector"; fi
