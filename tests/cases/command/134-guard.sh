# SPDX-License-Identifier: GPL-2.0-only
# This test will find damage below and above the part of a device that "run --guard" verifies, and
# nothing beside a right device, whose limits are what they are without it.
# Needs: machine=debug

. "$TOP/tests/lib/command.sh"

new_leg 16 discard=1
disk=$leg
before=$(dmsetup ls)
load='blkdiscard $BLKVERIFY_DEVICE
	dd if=/dev/urandom of=$BLKVERIFY_DEVICE bs=1M count=14 oflag=direct status=none
	dd if=$BLKVERIFY_DEVICE of=/dev/null bs=1M iflag=direct status=none'
guarded() { # <exit status> <option or argument of "run">...
	local expected=$1
	shift
	tool "$expected" run --guard 1M --name bvtest-run "$@"
	expect_no_device bvtest-run-guarded
	expect_no_device bvtest-run
}

# A right device.
guarded 0 --test "$disk" -- sh -c "$load"
cat "$TMPDIR/out"
says "margins of $disk, 2048 sectors each: unchanged"
says "compared:       28672 sectors (14 MiB)"
says "size:           28672 sectors (14 MiB)"
expect "messages" "" "$(cat "$TMPDIR/err")"

# One that writes its first block below its place and its last one above: it returns both.
wrong_table="0 2048 linear $disk 0
2048 8 linear $disk 2040
2056 28656 linear $disk 2056
30712 8 linear $disk 30720
30720 2048 linear $disk 30720"
dmsetup create bvtest-wrong <<<"$wrong_table"
wrong=/dev/mapper/bvtest-wrong
guarded 6 --test "$wrong" -- sh -c "$load"
cat "$TMPDIR/out"
says "no mismatch found"
says "margins of $wrong, 2048 sectors each: 16 sectors were overwritten"
says "sectors 2040 to 2047 (8), below the verified part"
says "sectors 30720 to 30727 (8), above the verified part"
says ": other data"
dmsetup remove bvtest-wrong

# What was written there without the device. A status of the command does not hide it.
guarded 6 --test "$disk" -- sh -c "$load; \"\$BVIO\" poke \"$disk\" 1000 0x01; exit 3"
says "1 sector was overwritten"
says "sectors 1 to 1 (1), below the verified part"
says "byte 488 of the first: expected"
says ": flipped bits"
zero='dd if=/dev/zero oflag=direct status=none'
guarded 6 --test "$disk" -- sh -c "$load; $zero of=$disk bs=4k seek=4095 count=1"
says "sectors 32760 to 32767 (8), above the verified part"
says ": only zeros"
guarded 3 --test "$disk" -- sh -c 'exit 3'

# Documents.
wrong_load="$load; \"\$BVIO\" poke \"$disk\" 1000 0x01; exit 0"
guarded 6 --output json --test "$disk" -- sh -c "$wrong_load"
documented "run --output json"
expect "guard" "2048 True 1 0" \
	"$(json '*[d["guard"][k] for k in ("margin", "checked", "overwritten", "dropped")]')"
expect "range" "1 1 488 480" \
	"$(json '*[d["guard"]["ranges"][0][k] for k in ("start", "sectors", "byte",
		"window_offset")]')"
bytes='[int(d["guard"]["ranges"][0][k], 16) for k in ("expected_bytes", "found_bytes")]'
expect "bits" 1 "$(json "bin(int.__xor__(*$bytes)).count('1')")"
need_formats
guarded 6 --output ktap --test "$disk" -- sh -c "$wrong_load"
expect "tests" "3 passed, 1 failed, 0 skipped" "$(ktap)"
says "not ok 4 nothing was written outside"
guarded 0 --output ktap --test "$disk" -- sh -c "$load"
expect "tests" "4 passed, 0 failed, 0 skipped" "$(ktap)"
guarded 6 --output junit --test "$disk" -- sh -c "$wrong_load"
junit
says "sectors 1 to 1 (1), below the verified part"

# More ranges than are kept.
guarded 6 --output json --test "$disk" -- sh -c "$load
	for i in \$(seq 0 2 138); do $zero of=$disk bs=512 seek=\$i count=1; done"
expect "ranges" "64 6 70" \
	"$(json '*[len(d["guard"]["ranges"]), d["guard"]["dropped"], d["guard"]["overwritten"]]')"

# Damage is found although the page cache has the margins as they were.
dmsetup create bvtest-wrong <<<"$wrong_table"
guarded 6 --test "$wrong" -- sh -c "dd if=$wrong of=/dev/null bs=1M count=16 status=none
	$zero of=$disk bs=4k seek=10 count=1
	dd if=$wrong of=\"\$TMPDIR/cached\" bs=4k skip=10 count=1 status=none"
says "sectors 80 to 87 (8), below the verified part"
[ "$(tr -d '\0' <"$TMPDIR/cached" | wc -c)" != 0 ] || fail "the page cache did not have it"

# A part of a margin that cannot be read.
guarded 7 --test "$wrong" -- sh -c "$load
	dmsetup suspend bvtest-wrong
	dmsetup load bvtest-wrong --table '0 32768 error'
	dmsetup resume bvtest-wrong"
warns "4096 sectors in the margins of test $wrong cannot be read, from sector 0 on"
says "margins of $wrong, 2048 sectors each: no difference in what can be read"
dmsetup remove bvtest-wrong

# Damage is reported although the device cannot be found any more.
guarded 6 --test "$disk" -- sh -c "$zero of=$disk bs=4k seek=10 count=1
	dmsetup rename bvtest-run bvtest-renamed"
warns "sectors 80 to 87 (8), below the verified part"
wait_until 30 is_gone bvtest-renamed
dmsetup mknodes

# What the verified part offers is what the test device offers.
limits='logical_block_size physical_block_size minimum_io_size optimal_io_size max_sectors_kb
	max_hw_sectors_kb max_segments max_segment_size discard_granularity discard_max_bytes
	write_zeroes_max_bytes write_cache fua chunk_sectors virt_boundary_mask rotational'
blkdevname='dmsetup info -c --noheadings -o blkdevname'
guarded 7 --test "$disk" -- sh -c "cd /sys/block/\$($blkdevname bvtest-run-guarded)/queue
	grep . $(echo $limits) >\"\$TMPDIR/limits\""
expect "limits" "$(cd "/sys/block/${disk#/dev/}/queue" && grep . $limits)" "$(cat "$TMPDIR/limits")"

# With a raw leg, with an image, and with what is zeroed.
new_leg 14
guarded 0 --raw "$leg" --written-only --test "$disk" -- sh -c "$load"
truncate -s 4M "$TMPDIR/img"
guarded 0 --zeroed --test "$TMPDIR/img" --raw-dir "$TMPDIR" -- \
	sh -c 'dd if=$BLKVERIFY_DEVICE of=/dev/null bs=1M iflag=direct status=none'
says "compared:       4096 sectors (2 MiB)"
expect_no_loops

# Rejected before anything is written.
sum=$(md5sum <"$disk")
for size in 8M 1G 8E; do
	tool 4 run --guard $size --test "$disk" -- true
	warns "leaves nothing between two margins"
	warns "--guard "
done
tool 1 run --guard 0 --test "$disk" -- true
warns "--guard 0 guards nothing"
tool 1 run --guard 1000B --test "$disk" -- true
warns '--guard "1000B" is not a number of sectors'
tool 1 run --guard 1M --crash 1 --cut true --test "$disk" -- true
warns "--guard and --crash are mutually exclusive"
new_dm user "0 2048 linear $disk 0"
guarded 5 --test "$disk" -- true
warns "is in use by device mapper device bvtest-user"
dmsetup remove bvtest-user
# What is left if it was killed between the creation of the device and its mark.
new_dm run-guarded "0 8 linear $disk 0"
tool 5 run --guard 1M --name bvtest-run --test "$disk" -- true
warns "run \"dmsetup remove bvtest-run-guarded\" first"
dmsetup remove bvtest-run-guarded
expect "contents" "$sum" "$(md5sum <"$disk")"
new_leg 8 blocksize=4096
tool 1 run --guard 4 --test "$leg" -- true
warns "--guard 4 is not a multiple of 8 sectors, the logical block size of test $leg"
guarded 7 --test "$leg" -- true

# A signal or an error while the margins are filled: the command is not run.
filling() { # <what strace injects> <exit status>
	printf '#!/bin/sh\nexec strace -f -qq -o /dev/null -e trace=pwrite64 -e %s %s "$@"\n' \
		"inject=pwrite64:$1" "$tool" >"$TMPDIR/traced"
	chmod +x "$TMPDIR/traced"
	BLKVERIFY=$TMPDIR/traced guarded "$2" --test "$disk" -- touch "$TMPDIR/was-run"
	[ ! -e "$TMPDIR/was-run" ] || fail "the command was run"
}
if command -v strace >/dev/null; then
	tool=$BLKVERIFY
	filling signal=TERM:when=1 7
	warns "interrupted while the margins of test $disk were filled"
	filling error=EIO:when=2 1
	warns "cannot fill the margins of test $disk: sectors 30720 to 32767: Input/output error"
fi

# Killed while the command runs, or ended at any moment: nothing is left behind.
"$BLKVERIFY" run --guard 1M --test "$disk" --name bvtest-run -- \
	sh -c 'touch "$TMPDIR/runs"; exec sleep 2' &
wait_until 30 test -e "$TMPDIR/runs"
kill -9 $!
expect_no_device bvtest-run
expect_no_device bvtest-run-guarded
for ((i = 0; i < 8; i++)); do
	"$BLKVERIFY" run --guard 3M --test "$disk" --name bvtest-run -- \
		sleep 60 >"$TMPDIR/out" 2>&1 &
	run=$!
	sleep 0.0$i
	kill $run 2>/dev/null || :
	wait_until 30 has_ended $run
	wait $run || :
	expect_no_device bvtest-run
	expect_no_device bvtest-run-guarded
done
expect "devices" "$before" "$(dmsetup ls)"
