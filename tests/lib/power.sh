# SPDX-License-Identifier: GPL-2.0-only
# Sourced by cases that cut the power of a network block device, which bvcut serves: a cache that
# loses what was not flushed, or a variant that breaks a rule.
[ -b /dev/nbd0 ] || skip "this kernel has no nbd"
mib=4
new_leg $mib blocksize=4096
raw=$leg test=/dev/nbd0 sectors=$((mib * 2048)) control=$TMPDIR/control
seed=${SEED:-$RANDOM}
echo "SEED=$seed"
RANDOM=$seed

server='' load=''
stop_server() {
	[ -z "$server" ] || { kill "$server"; wait "$server" || :; }
	server=
}
# In this order: no request may wait for a server that is gone.
trap '[ -z "$load" ] || kill -KILL "$load" || :; clean_up; stop_server' EXIT

server_is_ready() { [ -S "$control" ] && [ "$(cat /sys/block/nbd0/size)" = "$sectors" ]; }
server_is_gone() { [ "$(cat /sys/block/nbd0/size)" = 0 ]; }
# The legs are zeros then.
serve() { # <variant>
	rm -f "$control"
	"$BVCUT" serve $test $mib "$control" "$1" "$seed" &
	server=$!
	wait_until 60 server_is_ready
	dd if=/dev/zero of="$raw" bs=1M count=$mib oflag=direct status=none
}
stop_serving() {
	stop_server
	wait_until 60 server_is_gone
}
# Low priority: on one CPU the load would delay the commands that cut the power.
start_load() { # <threads>
	nice -n 15 "$BVCUT" load $v $mib 100000 "$1" "$seed" &
	load=$!
}
stop_load() {
	kill "$load"
	wait "$load" 2>/dev/null || :
	load=
}
