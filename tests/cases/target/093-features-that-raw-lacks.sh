# SPDX-License-Identifier: GPL-2.0-only
# This test will send the mapped device what the raw leg does not offer, and check that no request
# fails, that nothing is reported, and that the legs are equal wherever they are compared.
# Needs: machine=debug,stock

# The legs are written below their page caches.
forget() { blockdev --flushbufs "$raw" "$test"; }

completed() { awk -v n="$2" '{print $n}' "/sys/block/${1##*/}/stat"; } # <leg> <column>
writes=5 discards=12 flushes=16

# Equal data everywhere, and nothing left to compare.
expect_all_equal() {
	expect_field untrusted 0
	expect_read 0 $((sectors * 512))
	expect_healthy
	forget
	expect_same_legs
}

# How many bytes of a range of raw are not zeros?
not_zeros() { # <offset> <bytes>
	forget
	dd if=$raw iflag=skip_bytes,count_bytes skip="$1" count="$2" bs=1M status=none | tr -d '\0' | wc -c
}

# ---- discards ------------------------------------------------------------------------------------

new_leg 16
raw=$leg
new_leg 16 discard=1
test=$leg sectors=32768
fill_random $test 16
dd if=$test of=$raw bs=1M oflag=direct status=none
make_v

written=$(completed "$raw" $writes)
blkdiscard -f -o 1048576 -l 2097152 $v
expect "discards of test" 1 "$(completed "$test" $discards)"
expect "writes of raw" "$written" "$(completed "$raw" $writes)"
expect_field untrusted 4096
expect_field distrusted_discard 4096
expect_field divergences 0
expect_field raw_errors 0
expect_read 0 $((sectors * 512))
expect_field skipped 4096
expect_healthy
dd if=/dev/urandom of=$v bs=1M seek=1 count=2 oflag=direct status=none
expect_all_equal
dmsetup remove bvtest-v

# Zeros are compared, so the raw leg is written.
make_v discard_zeroes
blkdiscard -f -o $((1023 * 512)) -l $((10001 * 512)) $v
expect "discards of test" 2 "$(completed "$test" $discards)"
expect_all_equal
expect "bytes that are not zeros" 0 "$(not_zeros $((1023 * 512)) $((10001 * 512)))"
blkdiscard -f $v
expect_all_equal
dmsetup remove bvtest-v

# ---- write zeroes --------------------------------------------------------------------------------

# The raw leg splits what it has to write.
new_leg 16 max_sectors=64
small=$leg
loop_pair 16
raw=$small
fill_random $test 16
dd if=$test of=$raw bs=1M oflag=direct status=none
make_v
[ "$(attribute queue/write_zeroes_max_bytes)" -gt 0 ] || fail "test has write zeroes"
for range in "0 512" "4096 1048576" "$((1023 * 512)) $((4098 * 512))" "8388608 8388608"; do
	fallocate -p -o ${range% *} -l ${range#* } $v
	expect "bytes at $range that are not zeros" 0 "$(not_zeros $range)"
done
expect_field zeroes 4
expect_all_equal
blkdiscard -f -z $v
expect_all_equal

# The next write waits for the zeros.
fio --name=mix --filename=$v --direct=1 --ioengine=libaio --iodepth=16 --rw=randtrimwrite --bsrange=4k-256k \
	--size=8m --io_size=16m --randseed="${SEED:-5}" --output="$TMPDIR/fio" || fail "$(cat "$TMPDIR/fio")"
dd if=/dev/urandom of=$v bs=1M count=16 oflag=direct status=none &
for ((i = 0; i < 16; i++)); do fallocate -z -o $((i * 524288)) -l 786432 $v; done
wait $!
dd if=/dev/urandom of=$v bs=1M count=1 oflag=direct status=none
dmsetup message bvtest-v 0 reset
expect_read 0 $((sectors * 512))
expect_field mismatches 0
dmsetup remove bvtest-v

# A raw leg with write zeroes, but without discards, is sent those.
loop=$test
truncate -s 16M "$TMPDIR/bvtest-files/other"
below=$(losetup -f --show "$TMPDIR/bvtest-files/other")
new_dm raw "0 $sectors linear $below 0"
raw=$leg
echo 0 >"/sys/block/$(dmsetup info -c --noheadings -o blkdevname bvtest-raw)/queue/discard_max_bytes"
make_v discard_zeroes written_only
[ "$(attribute queue/discard_max_bytes)" -gt 0 ] || fail "test has discards"
dd if=/dev/urandom of=$v bs=1M count=16 oflag=direct status=none
written=$(completed "$below" $writes)
blkdiscard -f -o 0 -l 8388608 $v
expect "writes of raw" $((written + 1)) "$(completed "$below" $writes)"
expect_all_equal
dmsetup remove bvtest-v
dmsetup remove bvtest-raw

# A raw leg with a larger discard granularity may ignore the ends of a discard, so they are zeroed.
new_leg 16 discard=1
raw=$below test=$leg
granularity=$(<"/sys/block/${raw##*/}/queue/discard_granularity")
[ "$granularity" -gt 512 ] || fail "the discard granularity of raw is $granularity"
make_v discard_zeroes written_only
dd if=/dev/urandom of=$v bs=1M count=16 oflag=direct status=none
before=$(completed "$raw" $discards)
blkdiscard -f -o $granularity -l $granularity $v
expect "discards of raw" $((before + 1)) "$(completed "$raw" $discards)"
for range in "512 $granularity" "1048576 512" "2097664 512"; do
	blkdiscard -f -o ${range% *} -l ${range#* } $v
	expect "bytes at $range that are not zeros" 0 "$(not_zeros $range)"
done
expect "discards of raw" $((before + 1)) "$(completed "$raw" $discards)"
expect_all_equal
dmsetup remove bvtest-v

# ---- what a raw leg finds out by trying ----------------------------------------------------------

[ -d /sys/module/liar ] || insmod "$LIAR"
new_dm liar "0 $sectors liar $(losetup -f --show "$TMPDIR/bvtest-files/raw")"
raw=$leg test=$loop
for options in "" discard_zeroes; do
	make_v written_only $options
	dd if=/dev/urandom of=$v bs=1M count=16 oflag=direct status=none
	for status in NOTSUPP TARGET; do
		lie fail zeroes $status 1
		fallocate -p -o 1048576 -l 3145728 $v
		lie fail discard $status 1
		blkdiscard -f -o 8388608 -l 1048576 $v
	done
	[ "$(attribute queue/write_zeroes_max_bytes)" -gt 0 ] || fail "write zeroes are no longer offered"
	[ "$(attribute queue/discard_max_bytes)" -gt 0 ] || fail "discards are no longer offered"
	expect_field raw_errors 0
	expect_field divergences 0
	[ -n "$options" ] || dd if=/dev/urandom of=$v bs=1M seek=8 count=1 oflag=direct status=none
	expect_all_equal
	dmsetup remove bvtest-v
done

# A leg that fails is still reported.
make_v
lie fail zeroes NOTSUPP 1
lie fail write NOTSUPP 1
if fallocate -p -o 1048576 -l 3145728 $v 2>"$TMPDIR/said"; then fail "the zeros were not written"; fi
expect_log "write_zeroes sector=2048 nr=6144 divergence raw=-5 test=0"
expect_field raw_errors 1
expect_field untrusted 6144
reports_expected=1
dmsetup remove bvtest-v
dmsetup remove bvtest-liar

# ---- flush and FUA -------------------------------------------------------------------------------

flush_and_fua() { # <write cache of the mapped device>
	make_v written_only
	expect "write cache" "$1" "$(attribute queue/write_cache)"
	dd if=/dev/urandom of=$v bs=4096 count=4 oflag=direct conv=fsync status=none
	dd if=/dev/urandom of=$v bs=4096 count=4 seek=8 oflag=direct,dsync status=none
	dd if=/dev/null of=$v conv=fsync,notrunc status=none
	expect_read 0 16384
	expect_read 32768 16384
	expect_field divergences 0
	expect_field mismatches 0
	expect_field untrusted $((sectors - 64))
	dmsetup remove bvtest-v
}
new_leg 16
without=$leg sectors=32768
new_leg 16 cache_size=1
with=$leg
raw=$without test=$with
before=$(completed "$test" $flushes)
flush_and_fua "write back"
[ "$(completed "$test" $flushes)" -gt "$before" ] || fail "test was not flushed"
raw=$with test=$without
flush_and_fua "write through"
# A write cache without FUA is flushed instead.
if [ -e "$nullb/bvleg0/fua" ]; then
	new_leg 16 cache_size=1 fua=0
	raw=$leg test=$with
	before=$(completed "$raw" $flushes)
	flush_and_fua "write back"
	[ "$(completed "$raw" $flushes)" -gt "$before" ] || fail "raw was not flushed"
fi

# ---- NOWAIT --------------------------------------------------------------------------------------

# A raw leg that takes one request at a time, and two seconds for it, below a device that has no
# NOWAIT.
new_leg 16 irqmode=2 completion_nsec=2000000000 hw_queue_depth=1
slow=$leg
new_dm slow "0 $sectors delay $slow 0 0"
raw=$leg test=$without
make_v written_only
for what in write read; do
	for bytes in 4096 65536; do
		"$BVIO" nowait $what $v 65536 $bytes >"$TMPDIR/out"
	done
done
touch "$TMPDIR/busy"
while [ -e "$TMPDIR/busy" ]; do "$BVIO" read $slow 0 4096; done >/dev/null &
busy=$!
sleep 0.5
# A starved machine may be slow once, but not each time, as a wait for the leg would be.
for try in 1 2 3 4 5; do
	"$BVIO" nowait read $v 65536 65536 >"$TMPDIR/out"
	ms=$(sed -n 's/^submitted in \([0-9]*\) ms/\1/p' "$TMPDIR/out")
	[ "$ms" -ge 1000 ] || break
done
rm "$TMPDIR/busy"
wait $busy
[ "$ms" -lt 1000 ] || fail "the submission took $ms ms, the fifth time"
expect_field divergences 0
expect_field mismatches 0
expect_field raw_errors 0
dmsetup remove bvtest-v
dmsetup remove bvtest-slow

# Such a raw leg does not wait until the test leg is done.
new_dm fast "0 $sectors delay $without 0 0"
raw=$leg test=$slow
make_v written_only
for try in 1 2 3 4 5; do
	raw_reads=$(completed "$without" 1) test_reads=$(completed "$slow" 1)
	"$BVIO" nowait read $v 65536 65536 >"$TMPDIR/out" &
	raw_was_read() { [ "$(completed "$without" 1)" -gt "$raw_reads" ]; }
	wait_until 30 raw_was_read
	now=$(completed "$slow" 1)
	wait $!
	[ "$now" != "$test_reads" ] || break
done
expect "reads of test when raw was read, the fifth time" "$test_reads" "$now"
expect_field divergences 0
