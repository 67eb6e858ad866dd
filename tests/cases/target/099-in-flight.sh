# SPDX-License-Identifier: GPL-2.0-only
# This test will check that a request that waits for another one counts as in flight until it has
# ended, and that it is counted as done only once.
# Needs: machine=debug,stock

new_pair 16
new_dm slow "0 $sectors linear $test 0"
test=$leg
make_v

in_flight() { [ "$(attribute inflight | tr -s ' ')" = " $1 $2" ]; } # <reads> <writes>
# (Kernels before 6.3 count a request when it starts.)
done_so_far() { attribute stat | awk '{print $1, $5}'; } # reads and writes

# Sets jobs: a read, a write that waits for it, and a read that waits for the write.
start_three() {
	"$BVIO" read $v 0 4096 >/dev/null &
	jobs=("$!")
	wait_until 10 in_flight 1 0
	dd if=/dev/urandom of=$v bs=4096 count=1 oflag=direct status=none &
	jobs+=("$!")
	wait_until 10 in_flight 1 1
	"$BVIO" read $v 0 4096 >/dev/null &
	jobs+=("$!")
	wait_until 10 in_flight 2 1
}

before=$(done_so_far)
dmsetup suspend --noflush bvtest-slow
start_three
dmsetup resume bvtest-slow
wait "${jobs[@]}"
wait_until 10 in_flight 0 0
read -r reads writes <<<"$before"
expect "done" "$((reads + 2)) $((writes + 1))" "$(done_so_far)"

# A crowd of writes to one block.
fio --name=crowd --filename=$v --rw=write --bs=4k --size=4k --loops=32 --direct=1 --ioengine=libaio \
	--iodepth=8 --output-format=terse >/dev/null || fail "fio"
wait_until 10 in_flight 0 0
expect_healthy
dmsetup remove bvtest-v

# Reads that overlap a write wait for it, and then run together. All of the time counts, as blktests
# block/018 checks it on other disks.
ms=2000
new_leg 16 irqmode=2 completion_nsec=$((ms * 1000000))
test=$leg
make_v
test_has() { [ "$(tr -s ' ' <"/sys/block/${test#/dev/}/inflight")" = " $1 $2" ]; } # <reads> <writes>
times() { attribute stat | awk '{print $4, $8}'; } # of reads and writes, in ms
read -r reads writes < <(times)
dd if=/dev/urandom of=$v bs=4096 count=1 oflag=direct status=none &
jobs=("$!")
wait_until 10 test_has 0 1
for i in 1 2 3 4; do
	"$BVIO" read $v 0 4096 >/dev/null &
	jobs+=("$!")
done
wait_until 10 test_has 4 0
wait "${jobs[@]}"
wait_until 10 in_flight 0 0
read -r reads_now writes_now < <(times)
echo "times of four reads and a write: $((reads_now - reads)) and $((writes_now - writes)) ms"
# A starved machine loses ticks, by which these times are counted.
[ $((writes_now - writes)) -ge $((ms / 2)) ] || fail "the write was counted for less than $((ms / 2)) ms"
[ $((reads_now - reads)) -ge $((2 * ms)) ] || fail "the reads were counted for less than $((2 * ms)) ms"
expect_healthy
