# SPDX-License-Identifier: GPL-2.0-only
# This test will check that NOWAIT requests neither block nor fail when only a leg would block.
# Needs: machine=debug

new_pair 16 max_sectors=2048
new_dm raw "0 $sectors linear $raw 0"
raw_below=$raw raw=$leg
new_dm test "0 $sectors linear $test 0"
test_below=$test test=$leg
make_v

"$BVIO" nowait write $v 0 1048576
"$BVIO" nowait read $v 0 1048576
expect_healthy

# A suspended device blocks requests, but fails NOWAIT ones at once. That EAGAIN is not passed up:
# the request continues when the leg is resumed.
expect "a leg that is asked itself" "nowait: EAGAIN" \
	"$(dmsetup suspend --noflush bvtest-test; "$BVIO" nowait read $test 0 4096 | tail -n 1 || :; dmsetup resume bvtest-test)"

for leg in test raw "test raw"; do
	for what in read write; do
		skipped=$(field skipped)
		requests=$(awk '{print $1 + $5}' "/sys/block/${raw_below##*/}/stat")
		for i in $leg; do dmsetup suspend --noflush bvtest-$i; done
		"$BVIO" nowait $what $v 65536 65536 >"$TMPDIR/out" 2>&1 &
		sleep 0.5
		kill -0 $! 2>/dev/null || fail "$what with a suspended $leg: $(cat "$TMPDIR/out")"
		for i in $leg; do dmsetup resume bvtest-$i; done
		wait $! || fail "$what with a suspended $leg: $(cat "$TMPDIR/out")"
		# The request is not resubmitted to a leg that completed it at once.
		expect "requests of raw, $what with a suspended $leg" $((requests + 1)) \
			"$(awk '{print $1 + $5}' "/sys/block/${raw_below##*/}/stat")"
		"$BVIO" nowait read $v 0 1048576
		expect_field untrusted 0
		expect_field raw_errors 0
		expect_field test_errors 0
		expect_field skipped "$skipped"
	done
done

expect_healthy

# Many at once, while the legs are suspended and resumed.
fio --name=load --filename=$v --direct=1 --ioengine=io_uring --iodepth=32 --rw=randrw --bsrange=512-64k \
	--verify=crc32c --verify_backlog=64 --time_based --runtime=4 --size=16m --randseed=${SEED:-7} --output="$TMPDIR/fio" &
load=$!
while kill -0 $load 2>/dev/null; do
	for i in raw test; do
		dmsetup suspend --noflush bvtest-$i
		sleep 0.1
		dmsetup resume bvtest-$i
	done
done

wait $load || fail "fio: $(cat "$TMPDIR/fio")"
expect_healthy

# A leg that no longer supports NOWAIT, below a device that still offers it.
suspend_load_resume bvtest-test "0 $sectors delay $test_below 0 1"
for what in write read; do "$BVIO" nowait $what $v 65536 65536; done
suspend_load_resume bvtest-test "0 $sectors linear $test_below 0"
suspend_load_resume bvtest-raw "0 $sectors delay $raw_below 0 1"
for what in write read; do "$BVIO" nowait $what $v 65536 65536; done
suspend_load_resume bvtest-raw "0 $sectors linear $raw_below 0"

expect_healthy

# A real mismatch is still reported.
"$BVIO" poke "$test" 65536 1
expect "a mismatch" "nowait: EILSEQ" "$("$BVIO" nowait read $v 65536 4096 | tail -n 1 || :)"
expect_field mismatches 1

# A leg that takes one request at a time, and two seconds for it: null_blk itself gives up after five.
dmsetup remove bvtest-v
new_leg 16 irqmode=2 completion_nsec=2000000000 hw_queue_depth=1 max_sectors=2048
test=$leg
make_v written_only
touch "$TMPDIR/busy"
while [ -e "$TMPDIR/busy" ]; do "$BVIO" read $test 0 4096; done >/dev/null &
busy=$!
sleep 0.5

for bytes in 4096 1048576; do
	# A starved machine may be slow once, but not each time, as a wait for the leg would be.
	for try in 1 2 3 4 5; do
		"$BVIO" nowait read $v 0 $bytes >"$TMPDIR/out"
		ms=$(sed -n 's/^submitted in \([0-9]*\) ms/\1/p' "$TMPDIR/out")
		[ "$ms" -ge 1000 ] || break
	done
	[ "$ms" -lt 1000 ] || fail "the submission of $bytes bytes took $ms ms, the fifth time"
done

rm "$TMPDIR/busy"
wait $busy
