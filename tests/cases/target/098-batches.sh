# SPDX-License-Identifier: GPL-2.0-only
# This test will submit requests in batches, and check that the driver of the test leg is given them
# as batches, too, although the raw leg gets the same requests; and that it is given each of them
# before the raw leg.
# Needs: machine=debug,stock

# Some kernels and machines cannot count: there, all requests have to arrive, nothing more.
can_count=
if grep -q ' null_queue_rqs' /proc/kallsyms && has_tracing && [ -e $tracing/kprobe_events ]; then
	can_count=1
	echo 'p:bvtest/batch null_queue_rqs' >>$tracing/kprobe_events
fi

# Sets batches: how many the null_blk devices were given.
submit() { # <device> <fio's engine> <read or write> <requests in a batch>
	if [ -n "$can_count" ]; then
		echo >$tracing/trace
		echo 1 >$tracing/events/bvtest/batch/enable
		echo 1 >$tracing/events/block/block_rq_issue/enable
	fi
	fio --name=batches --filename="$1" --direct=1 --ioengine="$2" --rw=rand"$3" --bs=4k --size=4m \
		--number_ios=512 --iodepth="$4" --iodepth_batch_submit="$4" \
		--iodepth_batch_complete_min="$4" --randseed=1 --output-format=terse >/dev/null ||
		fail "fio: $2 $3 $4"
	[ -n "$can_count" ] || return 0
	echo 0 >$tracing/events/bvtest/batch/enable
	echo 0 >$tracing/events/block/block_rq_issue/enable
	batches=$(grep -c ' batch: ' $tracing/trace || :)
}

numbers() { # <device>; as traces show them
	printf '%d,%d' "0x$(stat -L -c %t "$1")" "0x$(stat -L -c %T "$1")"
}

# How many blocks both drivers were given, and how many of them the raw leg's first. Each load uses a
# block once.
count_order() {
	sed -n 's/.* block_rq_issue: \([0-9]*,[0-9]*\) .* \([0-9]*\) + \([0-9]*\) .*/\1 \2 \3/p' $tracing/trace |
		awk -v raw="$(numbers "$raw")" -v test="$(numbers "$test")" '
			{ for (at = $2; at < $2 + $3; at += 8) {
				if ($1 == test) at_test[at] = NR
				if ($1 == raw) at_raw[at] = NR
			} }
			END {
				for (at in at_raw) if (at in at_test) { both++; first += at_raw[at] < at_test[at] }
				print both + 0, first + 0
			}'
}

# The driver of the raw leg does not take batches, and its queue has a scheduler if there is one.
loop_pair 16
losetup -d "$test"
modprobe -q mq-deadline || :
scheduler=/sys/block/${raw##*/}/queue/scheduler
! grep -q mq-deadline "$scheduler" || echo mq-deadline >"$scheduler"
new_leg 16
test=$leg
declare -A alone
loads=()
for engine in libaio io_uring; do
	for operation in write read; do
		for size in 16 32 64; do
			submit "$test" $engine $operation $size
			loads+=("$engine $operation $size")
			[ -z "$can_count" ] || alone[$engine $operation $size]=$batches
		done
	done
done
dd if="$raw" of="$test" bs=1M oflag=direct status=none
make_v
for load in "${loads[@]}"; do
	# shellcheck disable=SC2086
	submit $v $load
	[ -n "$can_count" ] || continue
	read -r both raw_first < <(count_order)
	echo "$load: ${alone[$load]} batches alone, $batches below blkverify; of $both blocks, raw got $raw_first first"
done >"$TMPDIR/counted"
expect_healthy
if [ -n "$can_count" ]; then
	echo '-:bvtest/batch' >>$tracing/kprobe_events
	cp "$TMPDIR/counted" "$case_shows"
	while read -r engine operation size before _ _ below _ _ _ both _ _ _ raw_first _; do
		[ "$both" -ge 500 ] || fail "$engine $operation $size only $both blocks are in the trace"
		[ "$raw_first" = 0 ] || fail "$engine $operation $size raw was given $raw_first blocks first"
		[ "$before" -gt 0 ] || fail "$engine $operation $size no batches"
		[ "$below" -ge $((before * 9 / 10)) ] || fail "$engine $operation $size fewer batches"
	done <"$TMPDIR/counted"
fi
dmsetup remove bvtest-v

# Submitters that sleep before they unplug, because a leg's queue is full.
new_leg 16 hw_queue_depth=4 irqmode=2 completion_nsec=10000
raw=$leg
new_leg 16 hw_queue_depth=8 irqmode=2 completion_nsec=10000
test=$leg
can_count=
for ((turn = 0; turn < 2; turn++)); do
	make_v
	submit $v io_uring write 64
	submit $v libaio read 32
	expect_healthy
	dmsetup remove bvtest-v
	expect_same_legs
	swapped=$raw raw=$test test=$swapped
done
