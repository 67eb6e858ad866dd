# SPDX-License-Identifier: GPL-2.0-only
# This test will have its test leg on an NBD server in another network namespace, killed and restarted.
. "$TOP/tests/workloads/lib.sh"
modprobe -q nbd max_part=0 || :
[ -b /dev/nbd0 ] || skip "this kernel has no nbd"
ip netns add bv-far 2>/dev/null || skip "this kernel has no network namespaces"
ip link add bvtest-here type veth peer name bvtest-there netns bv-far ||
	{ ip netns del bv-far; skip "this kernel has no veth"; }
ip addr add 10.255.0.1/30 dev bvtest-here
ip link set bvtest-here up
ip -n bv-far addr add 10.255.0.2/30 dev bvtest-there
ip -n bv-far link set bvtest-there up
server= client=
stop_server() {
	[ -z "$server" ] || { kill -9 "$server" && wait "$server" || :; } 2>/dev/null
	server=
}
start_server() {
	local i
	ip netns exec bv-far qemu-nbd --persistent --shared=4 --format=raw --cache=writeback --bind=10.255.0.2 --port=10809 \
		"$TMPDIR/far.img" &
	server=$!
	for ((i = 0; i < 100; i++)); do
		if (: </dev/tcp/10.255.0.2/10809) 2>/dev/null; then return; fi
		sleep 0.1
	done
	fail "the server does not answer"
}
connect() {
	local i
	# It ends with the connection; in the foreground, so that we can wait for that.
	nbd-client 10.255.0.2 10809 /dev/nbd0 -nonetlink -nofork -block-size 512 -timeout 10 >"$TMPDIR/nbd" 2>&1 3>&- &
	client=$!
	for ((i = 0; i < 100; i++)); do
		[ "$(cat /sys/block/nbd0/size)" != $sectors ] || return 0
		sleep 0.1
	done
	cat "$TMPDIR/nbd"
	fail "nbd0 has $(cat /sys/block/nbd0/size) sectors"
}
after_clean_up() {
	stop_server
	wait $client
	ip link del bvtest-here
	ip netns del bv-far
}

truncate -s 64M "$TMPDIR/far.img"
sectors=$((64 * 2048))
start_server
connect
# nbd can only be reconnected while its device is not open.
new_dm test "0 $sectors linear /dev/nbd0 0"
test=$leg
set_test() { # <target> <argument>...
	dmsetup suspend --noflush bvtest-test
	dmsetup load bvtest-test --table "0 $sectors $*"
	dmsetup resume bvtest-test
}
new_leg 64
raw=$leg
exercise 64

row_name=$case_name-killed
# The planted faults are still there.
dd if="$raw" of="$test" bs=1M oflag=direct status=none
start_v
"$BVIO" mixed $v $((16 << 20)) 2 8 ${SEED:+"$SEED"}
healthy
for turn in 1 2 3; do
	say "the server is killed, turn $turn"
	"$BVIO" mixed $v $((16 << 20)) 4 8 ${SEED:+"$SEED"} >"$TMPDIR/load" 2>&1 &
	load=$!
	sleep 1
	stop_server
	wait $load || :
	nr_planted=$((nr_planted + 1))
	# Only the test leg failed: no contents differ, and there are no errors of the raw leg.
	[ "$(field divergences)" -gt 0 ] || fail "the loss of the server was not reported"
	nr_reported=$((nr_reported + 1))
	wrong=$(dmsetup message bvtest-v 0 list | grep -v '^dropped=' | grep -vc 'divergence raw=0 test=-' || :)
	false_alarms=$((false_alarms + wrong + $(field mismatches)))
	[ $false_alarms = 0 ] || fail "$(dmsetup message bvtest-v 0 list)"
	expect_field raw_errors 0
	account
	set_test error
	wait $client || :
	start_server
	connect
	set_test linear /dev/nbd0 0
	# Failed ranges are untrusted; the rest is compared, and so are new writes.
	dd if=$v of=/dev/null bs=1M iflag=direct status=none
	[ "$(field skipped)" -gt 0 ] || fail "what failed is still trusted"
	dd if=/dev/urandom of=$v bs=1M count=64 oflag=direct status=none
	dd if=$v of=/dev/null bs=1M iflag=direct status=none
	expect_field untrusted 0
	healthy
done
expect_same_legs
dmsetup remove bvtest-v
row
