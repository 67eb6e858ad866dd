# SPDX-License-Identifier: GPL-2.0-only
# This test will plant each kind of fault in each kind of request, and expect a report for every
# one.
# Needs: machine=debug

mib=56
modprobe nbd max_part=0 2>/dev/null || :
test=/dev/nbd0 control=$TMPDIR/control plan=$TMPDIR/plan verdict=$TMPDIR/verdict
[ -b $test ] || skip "this kernel has no nbd"

faults="bitflip zeroed lost-write misdirected torn swapped stale-read transient wrong-error one-leg-error"

"$BVFAULT" serve $test $mib "$control" &
server=$!

stop_server() {
	kill "$server"
	wait "$server"
}

# In this order: no request may wait for a server that is gone.
trap 'clean_up; stop_server' EXIT

# The device is connected before its size is set.
has_size() { [ -S "$control" ] && [ "$(cat /sys/block/nbd0/size)" = $((mib * 2048)) ]; }
wait_until 60 has_size

expect "sectors of the server's device" $((mib * 2048)) "$(cat /sys/block/nbd0/size)"

# As large as the programs' I/O, or the faults would not be in requests of 1 MiB.
echo 1024 >/sys/block/nbd0/queue/max_sectors_kb
new_leg $mib max_sectors=2048
raw=$leg sectors=$((mib * 2048))
make_v fingerprint

problems=0

message() { dmsetup message bvtest-v 0 "$@"; }

matrix() { # <fault>
	message reset
	# A failed request fails all requests merged into it, which have no planted fault.
	case $1 in
	*-error) echo 2 ;;
	*) echo 0 ;;
	esac >/sys/block/nbd0/queue/nomerges
	if ! "$BVFAULT" matrix $v $test "$control" "$1" >"$plan"; then
		problems=$((problems + 1))
		echo "$1: the programs saw something else than they should:"
		grep '^problem' "$plan" || :
	fi
}

table=("fault injected reported sector class")
all_injected=0 all_reported=0 all_sectors=0 all_classes=0
for fault in $faults; do
	matrix "$fault"
	wait_until 30 has_labels
	message list | "$BVFAULT" judge "$fault" "$plan" >"$verdict" || problems=$((problems + 1))
	mapfile -t lines <"$verdict"
	last=$((${#lines[@]} - 1))
	[ $last = 0 ] || printf '%s\n' "${lines[@]:0:last}"
	table+=("${lines[last]}")
	read -r _ injected reported in_sector in_class <<<"${lines[last]}"
	all_injected=$((all_injected + injected)) all_reported=$((all_reported + reported))
	all_sectors=$((all_sectors + in_sector)) all_classes=$((all_classes + in_class))
done

all="$all_injected $all_reported $all_sectors $all_classes"
table+=("total $all")

# The same requests on healthy legs.
matrix none
list=$(message list)
compared=$(field compared)
table+=("none 0 $(($(field mismatches) + $(field divergences))) - - (sectors compared: $compared)")

for line in "${table[@]}"; do
	read -r what injected reported in_sector in_class rest <<<"$line"
	printf -v line '%-14s %8s %8s %6s %5s %s' "$what" "$injected" "$reported" "$in_sector" \
		"$in_class" "$rest"
	echo "$line"
done | tee "$case_shows"

expect "faults injected, reported, with the first bad sector, with their class" "270 270 270 270" "$all"
expect "reports of healthy legs" "dropped=0" "$list"
expect "combinations with healthy legs" 27 "$(grep -c expect= "$plan")"
expect_field state V
expect_field first_mismatch -
for name in mismatches divergences skipped raw_errors test_errors unstable; do expect_field $name 0; done

# All reads: nine times each size. (Writes through a mapping read first, which adds to it.)
least=$((9 * (8 + 128 + 2048)))
[ "$compared" -ge $least ] || fail "compared: $compared sectors, less than $least"
expect "unexpected things" 0 $problems
