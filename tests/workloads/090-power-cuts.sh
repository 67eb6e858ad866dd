# SPDX-License-Identifier: GPL-2.0-only
# This test will cut the power of a disk with ext4, XFS and an SQLite database, and check that nothing is
# reported and all recovers; a disk that ignores flushes has to be found.
# Needs: limit=900
. "$TOP/tests/workloads/lib.sh"

test=/dev/nbd0 pid=$TMPDIR/server.pid socket=$TMPDIR/socket image=$TMPDIR/image mib=320
[ -b $test ] || skip "this kernel has no nbd"
modprobe -q xfs || :
export BLKVERIFY_CUT_DIR=$TOP/tools/cut.d

is_free() { [ ! -e /sys/block/nbd0/pid ]; }
is_there() { [ "$(cat /sys/block/nbd0/size)" != 0 ]; }
# In this order: no request may wait for a server that is gone.
stop_disk() {
	qemu-nbd --disconnect $test >/dev/null
	wait_until 60 is_free
	[ ! -s "$pid" ] || kill -KILL "$(cat "$pid")"
	rm -f "$pid" "$socket"
}
after_clean_up() { stop_disk; }
# The cache of nbdkit is the write cache of the disk, and a file is the medium.
start_disk() { # <mode of the cache>
	rm -f "$image"
	truncate -s ${mib}M "$image"
	nbdkit --unix "$socket" --pidfile "$pid" --filter=cache file "$image" cache="$1"
	qemu-nbd --fork --connect=$test --format=raw "nbd+unix:///?socket=$socket"
	wait_until 60 is_there
}

for i in "${!status_fields[@]}"; do
	[ "${status_fields[i]}" != cuts ] || export CUTS=$((4 + i))
done
export NAME=bvtest-v MNT=$mnt STATE=$TMPDIR/state SYNCED=$TMPDIR/synced KIND
mkdir "$mnt"

# Print what the command said, and leave its JSON in $TMPDIR/out.
cut_power() { # <exit status> <cuts>
	local status=0
	rm -rf "$STATE"
	mkdir "$STATE"
	: >"$STATE/sums"
	"$BLKVERIFY" run --name $NAME --zeroed --test $test --cut "nbdkit:$pid,$test" --every 1..3 --timeout 60 \
		--crash "$2" --output json -- "$TOP/tests/workloads/power-life" >"$TMPDIR/out" 2>"$TMPDIR/err" || status=$?
	tail -n 3 "$TMPDIR/err"
	[ ! -e "$STATE/broken" ] || [ "$1" != 0 ] || fail "$(cat "$STATE/broken" "$TMPDIR/err")"
	[ $status = "$1" ] || fail "exit status $status: $(cat "$TMPDIR/out" "$TMPDIR/err" "$STATE/log")"
}
json() { python3 -c "import json, sys; d = json.load(open(sys.argv[1])); print($1)" "$TMPDIR/out"; }

new=0 old=0
for KIND in ext4 xfs sqlite; do
	say "$KIND: a disk that keeps what was flushed"
	start_disk writeback
	cut_power 0 "${POWER_CUTS:-10}"
	say "$(json '" ".join(f"{k}={v}" for k, v in d["power_cuts"].items() if not isinstance(v, (list, dict)))')"
	new=$((new + $(json 'd["power_cuts"]["settled_new"]'))) old=$((old + $(json 'd["power_cuts"]["settled_old"]')))
	stop_disk
done
[ $new -gt 0 ] && [ $old -gt 0 ] || fail "nothing was uncertain: $new blocks new, $old old"
[ "$(wc -c <"$SYNCED")" -ge 6 ] || fail "nearly nothing was synced"

say "a disk that ignores flushes"
KIND=ext4 row_name=$case_name-lies
start_disk unsafe
cut_power 6 5
nr_planted=1
expect "cuts until it was found" 1 "$(json 'd["power_cuts"]["cuts"]')"
nr_reported=1
row
