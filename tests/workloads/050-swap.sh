# SPDX-License-Identifier: GPL-2.0-only
# This test will swap to the device, and detect corruption.
# Needs: machine=stock memory=512
. "$TOP/tests/workloads/lib.sh"
new_pair 96
start_v ignore_mismatch
# These legs are RAM disks: allocate their memory while there is some.
dd if=/dev/urandom of=$v bs=1M count=96 oflag=direct status=none
mkswap $v >/dev/null
swapon $v
swapped() { awk -v what="$1" '$1 == what {print $2}' /proc/vmstat; }
# The available memory is an estimate: use more and more, until something is swapped out.
push_out() { # <pages>
	local out more available
	out=$(swapped pswpout)
	available=$(awk '/^MemAvailable/ {print int($2 / 1024)}' /proc/meminfo)
	for more in -16 -8 0 8 16 24 32 40; do
		"$BVIO" hog $(((available + more) << 20)) 1 || fail "swapped data came back wrong"
		[ $(($(swapped pswpout) - out)) -lt "$1" ] || break
	done
	say "pages swapped out: $(($(swapped pswpout) - out))"
	[ $(($(swapped pswpout) - out)) -ge "$1" ] || fail "too little was swapped out"
}
say "healthy"
push_out 1000
healthy

say "planted faults"
mkdir "$mnt"
mount -t tmpfs -o size=32m tmpfs "$mnt"
marked_file "$mnt/marked" 16
sum=$(sha256sum <"$mnt/marked")
push_out 2000
mapfile -t places < <(marked_places "$raw")
[ ${#places[@]} -gt 0 ] || fail "nothing of the file was swapped out"
plant "${places[@]}"
expect "the file" "$sum" "$(sha256sum <"$mnt/marked")"
swapoff $v
by_swap=$(field mismatches)
say "places in swap: ${#places[@]}, found when they were swapped in: $by_swap"
[ "$by_swap" -gt 0 ] || fail "nothing was found when it was swapped in"
# Read the places that were not swapped in.
for at in "${places[@]}"; do "$BVIO" read $v $((at / 4096 * 4096)) 4096 >/dev/null; done
found
row
