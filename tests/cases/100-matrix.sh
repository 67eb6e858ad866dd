# SPDX-License-Identifier: GPL-2.0-only
# This test will plant each kind of fault in each kind of request, and have every one reported.
mib=56
modprobe nbd max_part=0 2>/dev/null || :
test=/dev/nbd0 control=$TMPDIR/control plan=$TMPDIR/plan
[ -b $test ] || skip "this kernel has no nbd"
faults="bitflip zeroed lost-write misdirected torn swapped stale-read transient wrong-error one-leg-error"

"$BVFAULT" serve $test $mib "$control" &
server=$!
stop_server() {
	kill "$server"
	wait "$server"
}
# In this order: nothing may wait for a server that is gone.
trap 'clean_up; stop_server' EXIT
for ((i = 0; i < 100; i++)); do
	[ ! -S "$control" ] || [ ! -e /sys/block/nbd0/pid ] || break
	sleep 0.1
done
expect "sectors of the server's device" $((mib * 2048)) "$(cat /sys/block/nbd0/size)"
# A request that fails fails all that were merged into it, and those nobody planted.
echo 2 >/sys/block/nbd0/queue/nomerges

new_leg $mib
raw=$leg sectors=$((mib * 2048))
make_v fingerprint

problems=0
message() { dmsetup message bvtest-v 0 "$@"; }
matrix() { # <fault>
	message reset
	if ! "$BVFAULT" matrix $v $test "$control" "$1" >"$plan" || grep '^problem' "$plan"; then
		problems=$((problems + 1))
		echo "$1: the programs saw something else than they should"
	fi
}

table=$TMPDIR/table
echo "fault injected reported sector class" >"$table"
all_injected=0 all_reported=0 all_sectors=0 all_classes=0
for fault in $faults; do
	matrix "$fault"
	message list | "$BVFAULT" judge "$fault" "$plan" >"$TMPDIR/verdict" || problems=$((problems + 1))
	sed '$d' "$TMPDIR/verdict"
	tail -n 1 "$TMPDIR/verdict" >>"$table"
	read -r _ injected reported in_sector in_class < <(tail -n 1 "$TMPDIR/verdict")
	all_injected=$((all_injected + injected)) all_reported=$((all_reported + reported))
	all_sectors=$((all_sectors + in_sector)) all_classes=$((all_classes + in_class))
done
all="$all_injected $all_reported $all_sectors $all_classes"
echo "total $all" >>"$table"

# The same requests, and nothing wrong with the legs.
matrix none
echo "none 0 $(message list | grep -c mismatch || :) - - compared=$(field compared)" >>"$table"
column -t "$table"

expect "faults injected, reported, with the first bad sector, with their class" "270 270 270 270" "$all"
expect "reports of healthy legs" "dropped=0" "$(message list)"
expect "combinations with healthy legs" 27 "$(grep -c expect= "$plan")"
expect_field state V
expect_field first_mismatch -
expect_field mismatches 0
expect_field divergences 0
expect_field unstable 0
expect_field skipped 0
# Everything that was read: nine times each size, and what a mapping read before it was written.
least=$((9 * (8 + 128 + 2048)))
[ "$(field compared)" -ge $least ] || fail "compared: $(field compared) sectors, less than $least"
expect "unexpected things" 0 $problems
