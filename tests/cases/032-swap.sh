# SPDX-License-Identifier: GPL-2.0-only
# This test will swap to the device under memory pressure.
# Needs: a small machine.
new_pair 192
make_v
mkswap $v >/dev/null
swapon $v
mkdir "$TMPDIR/bvtest-hog"
mount -t tmpfs -o size=100% tmpfs "$TMPDIR/bvtest-hog"
swapped() { awk '/^SwapTotal/ {t=$2} /^SwapFree/ {f=$2} END {print t - f}' /proc/meminfo; }
i=0
while [ "$(swapped)" -lt 60000 ]; do
	[ $i -lt 600 ] || fail "nothing is swapped out"
	dd if=/dev/urandom of="$TMPDIR/bvtest-hog/$i" bs=1M count=8 status=none
	sha256sum "$TMPDIR/bvtest-hog/$i" >>"$TMPDIR/sums"
	i=$((i + 1))
done
echo "swapped out: $(swapped) KiB"
sha256sum --quiet -c "$TMPDIR/sums" || fail "swapped data came back wrong"
umount "$TMPDIR/bvtest-hog"
swapoff $v
expect_healthy
