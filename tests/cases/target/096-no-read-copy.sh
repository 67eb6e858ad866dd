# SPDX-License-Identifier: GPL-2.0-only
# This test will let the test leg read into the caller's pages, and check that it gets exactly these,
# that healthy legs cause no report, and that damage is found in the right sector.
# Needs: machine=debug

. "$TOP/tests/lib/recorder.sh"

# The caller must get what the raw leg has.
expect_raw_data() { # <offset> <bytes of one request> [requests]
	local device
	for device in $v "$raw"; do
		dd if="$device" of="$TMPDIR/data-${device##*/}" bs="$2" skip=$(($1 / $2)) count="${3:-1}" iflag=direct \
			status=none
	done
	cmp "$TMPDIR/data-${v##*/}" "$TMPDIR/data-${raw##*/}"
}

# ---- the test leg gets the caller's segments -----------------------------------------------------

new_pair 72 max_sectors=32768
for i in "$raw" "$test"; do raise_max_sectors "$i"; done
below_alone=$raw below_test=$test
new_leg 72 max_sectors=256 virt_boundary=1
raw=$leg
new_recorder alone "$below_alone"
alone=$leg
new_recorder below "$below_test"
test=$leg

loads="read:4096 read:1048576 read:4194304 odd-read:0 readv:0 fixed-read:65536 nowait-read:262144"
: >"$TMPDIR/none"

expect_shapes() { # <verdict> <option of the table line>...
	local load verdict=$1
	shift
	make_v "$@"
	raise_max_sectors $v
	for load in $loads; do
		for i in alone below; do tell_recorder $i reset; done
		"$BVLOAD" "${load%:*}" "${load#*:}" "$alone" $v
		dmsetup status bvtest-alone >"$TMPDIR/record-1"
		dmsetup status bvtest-below >"$TMPDIR/record-2"
		compare_shapes memory "$load" "$TMPDIR/record-1" "$TMPDIR/record-2" "$TMPDIR/none" >"$TMPDIR/row"
		grep -q "|$verdict\$" "$TMPDIR/row" || fail "not \"$verdict\": $(cat "$TMPDIR/row")"
	done
	expect_field reshaped 0
	expect_field mismatches 0
	dmsetup remove bvtest-v
}

expect_shapes equal no_read_copy
# Without the option it is the same shape elsewhere.
expect_shapes "differs: addresses"
for i in alone below; do dmsetup remove bvtest-$i; done

# ---- healthy legs --------------------------------------------------------------------------------

new_pair 16 discard=1
make_v no_read_copy
"$BVIO" mixed $v $((8 << 20)) "${LOAD_SECONDS:-3}" 8 ${SEED:-} || fail "an I/O failed"
"$BVIO" race $v 131072 "${LOAD_SECONDS:-2}" 8 ${SEED:-} || fail "an I/O failed"
fio --name=load --filename=$v --direct=1 --ioengine=io_uring --iodepth=32 --rw=randrw --bsrange=512-256k \
	--verify=crc32c --verify_backlog=64 --time_based --runtime=3 --size=16m --randseed=${SEED:-7} \
	--output="$TMPDIR/fio" || fail "fio: $(cat "$TMPDIR/fio")"
expect_field unstable 0
expect_field reshaped 0
expect_healthy
dmsetup remove bvtest-v

fill_random "$raw" 16
dd if="$raw" of="$test" bs=1M count=16 oflag=direct status=none
make_v no_read_copy no_write_copy strict_completion
for at in 0 512 8192 1048064; do
	"$BVIO" scatter $v "$raw" $at
done
# One page several times in one read: this is read into private memory.
"$BVIO" alias $v $((8 << 20)) "${LOAD_SECONDS:-2}" 4 ${SEED:-} || fail "an I/O failed"
expect_raw_data 0 1048576 16
expect_field reshaped 0
expect_healthy
"$BVIO" poke "$test" 4096 0x10
if "$BVIO" alias $v 65536 1 1; then fail "the corruption was missed"; fi
expect_field first_mismatch 8
reports_expected=$(reports_in_log)
dmsetup remove bvtest-v
"$BVIO" poke "$test" 4096 0x10

# ---- memory is short -----------------------------------------------------------------------------

make_v no_read_copy
has_adjacent=
for function in blkv_memory_get blkv_memory_get_long; do
	allocations_fail_in $function 100
	for ((i = 0; i < 10; i++)); do
		"$BVIO" mixed $v $((8 << 20)) 1 8 ${SEED:-} || fail "an I/O failed"
		if dd_adjacent if=$v of=/dev/null iflag=direct; then has_adjacent=1; fi
		[ "$(allocations_failed)" = 0 ] || break
	done
	if [ $function = blkv_memory_get_long ] && [ -z "$has_adjacent" ]; then
		echo "no pages of a buffer are adjacent here: long requests were not tried" >"$case_shows"
	else
		[ "$(allocations_failed)" -gt 0 ] || fail "no allocation failed in $function"
	fi
	allocations_succeed
done
expect_healthy
dmsetup remove bvtest-v

# ---- untrusted sectors: the caller gets the raw leg's data ----------------------------------------

fill_random "$raw" 16
fill_random "$test" 16
make_v no_read_copy written_only
expect_raw_data 0 1048576 16
dd if=/dev/urandom of=$v bs=512 count=3 seek=1001 oflag=direct status=none
for bytes in 4096 65536 1048576; do expect_raw_data 512000 $bytes; done
[ "$(field compared)" -ge 9 ] || fail "the written sectors were not compared"
expect_healthy
dmsetup remove bvtest-v

# ---- damage ----------------------------------------------------------------------------------------

dd if="$raw" of="$test" bs=1M count=16 oflag=direct status=none
tell() { dmsetup message bvtest-v 0 "$@"; }
expect_report() { # <sector> <nr> <bad sector> <rest>: in the first report of the list
	local list
	list=$(tell list)
	[[ $list == *[0-9]" read sector=$1 nr=$2 contents mismatch in sector $3 byte="*" class=$4 "* ]] ||
		fail "sector $3, class $4: $list"
	wait_until 60 has_labels
	tell reset
}

# A long read, which is examined in parts; and the data that the caller gets.
make_v no_read_copy ignore_mismatch
raise_max_sectors $v
"$BVIO" poke "$test" $((5000 * 512 + 100)) 0x01
expect_raw_data 0 4194304
expect_log 'read sector=.* contents mismatch in sector 5000 byte=100 .* class=bitflip(1) differ=1 '
wait_until 60 has_labels
tell reset
tell inject 100 0x21
expect_raw_data 49152 4096
expect_log 'contents mismatch in sector 100 .* class=bitflip(2) differ=1 injected'
# An injection is not mistaken for the data of a sector that is not compared.
tell reset
tell inject 200
tell distrust 200 1
expect_raw_data 102400 4096
expect_field mismatches 0
dmsetup remove bvtest-v
"$BVIO" poke "$test" $((5000 * 512 + 100)) 0x01

# The raw leg is slower than all late data: these must not arrive when the caller has its memory back.
new_dm slow "0 $sectors delay $raw 0 $(scaled 150) $raw 0 0"
raw=$leg
liar_as_test
make_v no_read_copy
lie flip 35 1
expect_read_error EILSEQ 16384 4096
expect_report 32 8 35 "bitflip(2)"
lie edge 1
expect_read_error EILSEQ 1048576 16384
expect_report 2048 32 2079 "shifted(+1)"
lie edge 200
expect_read_error EILSEQ 1048576 16384
expect_report 2048 32 2079 "shifted(+200)"
lie honest
lie fail read OK 1
expect_read_error EILSEQ 65536 16384
expect_report 128 32 128 unfilled
lie early "$(scaled 30)" 77 1
expect_read_error EILSEQ 65536 65536
expect_report 128 128 205 unfilled
settle_lies
expect_only_late
tell reset

# An untrusted sector is not reported: the caller gets the raw leg's data.
lie early "$(scaled 30)" 77 1
tell distrust $((128 + 77)) 1
expect_raw_data 65536 65536
expect_field mismatches 0
lie honest

# One leg fails.
lie fail read IOERR 1
expect_read_error EIO 0 4096
expect_log 'read sector=0 nr=8 divergence raw=0 test=-5$'
tell reset
dmsetup remove bvtest-v

# Wrong data arrive first, then the correct ones.
make_v no_read_copy strict_completion
expect_read 0 65536
lie early "$(scaled 30)"
lie flip 35 2
expect_read_error EILSEQ 16384 4096
expect_report 32 8 32 late
lie honest
wait_until 30 liar_is_done
dmsetup remove bvtest-v

# ---- a leg that would block ------------------------------------------------------------------------

for leg in slow liar; do
	make_v no_read_copy
	dmsetup suspend --noflush bvtest-$leg
	"$BVIO" nowait read $v 65536 65536 >"$TMPDIR/out" 2>&1 &
	sleep 0.5
	kill -0 $! 2>/dev/null || fail "a read with a suspended $leg: $(cat "$TMPDIR/out")"
	dmsetup resume bvtest-$leg
	wait $! || fail "a read with a suspended $leg: $(cat "$TMPDIR/out")"
	expect_field mismatches 0
	expect_field divergences 0
	dmsetup remove bvtest-v
done

expect_refused "random_shape and no_read_copy are mutually exclusive" \
	"0 $sectors blkverify $raw $test 3 no_read_copy random_shape 1"
