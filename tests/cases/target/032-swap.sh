# SPDX-License-Identifier: GPL-2.0-only
# This test will swap to the device under memory pressure.
# Needs: machine=stock memory=512

case $LAB_KERNEL in
debug | fast) skip "User-Mode Linux runs out of memory here with plain dm-linear, too" ;;
smp | kcsan) skip "this kernel does not come to swap before it has none of its memory left" ;;
esac
new_pair 96
make_v

# These legs are RAM disks: allocate their memory while there is some.
dd if=/dev/urandom of=$v bs=1M count=96 oflag=direct status=none
mkswap $v >/dev/null
swapon $v

swapped() { awk '/^pswpout/ {print $2}' /proc/vmstat; }

before=$(swapped)
available=$(awk '/^MemAvailable/ {print int($2 / 1024)}' /proc/meminfo)

# The available memory is an estimate: use more and more, until something is swapped out.
for more in -16 -8 0 8 16 24; do
	"$BVIO" hog $(((available + more) << 20)) 1 || fail "swapped data came back wrong"
	[ $(($(swapped) - before)) -lt 1000 ] || break
done

echo "pages swapped out: $(($(swapped) - before))"
[ $(($(swapped) - before)) -ge 1000 ] || fail "nothing was swapped out"
swapoff $v
expect_healthy
