# SPDX-License-Identifier: GPL-2.0-only
# This test will submit requests in batches, and check that the driver of the test leg is given them
# as batches, too, although the raw leg gets the same requests.
# Needs: machine=stock

grep -q ' null_queue_rqs' /proc/kallsyms || skip "null_blk of this kernel takes no batches"
tracing=/sys/kernel/tracing
[ -e $tracing/trace ] || mount -t tracefs none $tracing
echo 'p:bvtest/batch null_queue_rqs' >>$tracing/kprobe_events

# Sets batches: how many the null_blk devices were given.
submit() { # <device> <fio's engine> <read or write>
	echo >$tracing/trace
	echo 1 >$tracing/events/bvtest/batch/enable
	fio --name=batches --filename="$1" --direct=1 --ioengine="$2" --rw=rand"$3" --bs=4k --size=4m \
		--number_ios=512 --iodepth=16 --iodepth_batch_submit=16 --iodepth_batch_complete_min=16 \
		--randseed=1 --output-format=terse >/dev/null || fail "fio: $2 $3"
	echo 0 >$tracing/events/bvtest/batch/enable
	batches=$(grep -c ' batch: ' $tracing/trace || :)
}

# The raw leg is a loop device, whose driver does not take batches.
loop_pair 16
losetup -d "$test"
new_leg 16
test=$leg
declare -A alone
for engine in libaio io_uring; do
	for operation in write read; do
		submit "$test" $engine $operation
		[ "$batches" -gt 0 ] || fail "$engine $operation: no batches"
		alone[$engine $operation]=$batches
	done
done
dd if="$raw" of="$test" bs=1M oflag=direct status=none
make_v
for load in "${!alone[@]}"; do
	# shellcheck disable=SC2086
	submit $v $load
	echo "$load: ${alone[$load]} batches alone, $batches below blkverify" | tee -a "$case_shows"
done
expect_healthy
while IFS=' :' read -r engine operation before _ _ below _; do
	[ "$below" -ge $((before * 9 / 10)) ] || fail "$engine $operation: fewer batches"
done <"$case_shows"
echo '-:bvtest/batch' >>$tracing/kprobe_events
