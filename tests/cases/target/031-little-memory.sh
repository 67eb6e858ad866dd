# SPDX-License-Identifier: GPL-2.0-only
# This test will do heavy I/O with hardly any free memory, and check that it never hangs.
# Needs: machine=debug memory=512

new_pair 32 discard=1
make_v

# The legs are RAM disks: allocate their memory first.
dd if=/dev/urandom of=$v bs=1M count=32 oflag=direct status=none

# The process itself needs some memory, or nothing is tested: fill all of it, then free a little.
echo -900 >/proc/self/oom_score_adj

free_kib() { awk '/^MemAvailable/ {print $2}' /proc/meminfo; }

mkdir "$TMPDIR/bvtest-hog"
mount -t tmpfs -o size=100% tmpfs "$TMPDIR/bvtest-hog"
echo "free at first: $(free_kib) KiB"
i=0
while [ "$(free_kib)" -gt 60000 ] && [ $i -lt 400 ]; do
	dd if=/dev/zero of="$TMPDIR/bvtest-hog/$i" bs=1M count=8 status=none || break
	i=$((i + 1))
done

echo "free under load: $(free_kib) KiB"
"$BVIO" mixed $v $((16 << 20)) 6 16 ${SEED:-} || fail "an I/O failed"

dd if=/dev/zero of=$v bs=1M count=32 status=none conv=fsync
umount "$TMPDIR/bvtest-hog"
expect_read 0 4194304
expect_healthy
