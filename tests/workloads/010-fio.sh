# SPDX-License-Identifier: GPL-2.0-only
# This test will have fio write, read and verify through io_uring, libaio and pwrite, in mixed sizes.
# Needs: limit=3000
. "$TOP/tests/workloads/lib.sh"
seconds=${FIO_SECONDS:-12}
new_leg 192
raw=$leg sectors=$((192 * 2048))
new_leg 192
behind=$leg
new_dm test "0 $sectors linear $behind 0"
test=$leg leg_to_spoil=$behind

start_v
for engine in io_uring libaio sync; do
	row_name=010-fio-$engine
	say "$engine, $seconds s"
	depth=16
	[ $engine != sync ] || depth=1
	# Time-based: the same offsets again and again, with other sizes each time.
	fio_verify $v --ioengine=$engine --iodepth=$depth --direct=1 --bsrange=512-256k --blockalign=512 --size=160m \
		--time_based --runtime="$seconds"
	fio_verify $v --ioengine=$engine --iodepth=$depth --direct=0 --bsrange=4k-64k --blockalign=4k --size=64m --io_size=32m
	healthy

	say "$engine, planted faults: at rest"
	dmsetup load bvtest-v --table "0 $sectors blkverify $raw $test 1 ignore_mismatch"
	dmsetup resume bvtest-v
	places=()
	for ((i = 0; i < 32; i++)); do places+=($((i * 5 * 1048576 + i * 4099))); done
	plant "${places[@]}"
	fio --name=read --filename=$v --rw=randread --ioengine=$engine --iodepth=$depth --direct=1 --bs=64k --size=160m \
		--output="$TMPDIR/fio" || fail "fio: $(cat "$TMPDIR/fio")"
	found
	plant "${places[@]}"	# flips them back: nothing has been written since
	planted=()

	say "$engine, planted faults: each read of the test leg for a while"
	# The leg corrupts a byte of each request: it is zeroed in data without zeros.
	head -c 16M /dev/zero | tr '\0' '\377' | dd of=$v bs=1M seek=160 iflag=fullblock oflag=direct status=none
	dmsetup suspend bvtest-test
	dmsetup load bvtest-test --table "0 $sectors flakey $behind 0 0 1 5 corrupt_bio_byte 2000 r 0 0"
	dmsetup resume bvtest-test
	leg_reads() { awk '{print $1}' "/sys/block/$(dmsetup info -c --noheadings -o blkdevname bvtest-test)/stat"; }
	before=$(leg_reads)
	fio --name=read --filename=$v --rw=randread --ioengine=$engine --iodepth=$depth --direct=1 --bs=64k --size=16m \
		--offset=160m --output="$TMPDIR/fio" || fail "fio: $(cat "$TMPDIR/fio")"
	# The target re-reads the test leg to classify a mismatch.
	reads=$((($(leg_reads) - before) / 2))
	expect "reads of the test leg that were spoiled" 256 $reads
	expect "reports of them" $reads "$(field mismatches)"
	nr_planted=$((nr_planted + reads)) nr_reported=$((nr_reported + reads))
	account
	dmsetup suspend bvtest-test
	dmsetup load bvtest-test --table "0 $sectors linear $behind 0"
	dmsetup resume bvtest-test
	dmsetup load bvtest-v --table "0 $sectors blkverify $raw $test"
	dmsetup resume bvtest-v
	row
done
dd if=$v of=/dev/null bs=1M iflag=direct status=none
healthy
dmsetup remove bvtest-v
expect_same_legs
