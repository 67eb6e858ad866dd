# SPDX-License-Identifier: GPL-2.0-only
# This test will compare and copy devices and images, and check that "sync" never overwrites a
# device in use.
# Needs: machine=debug

. "$TOP/tests/lib/command.sh"

modprobe -q ext4 || :
new_images 8
tool 0 compare "$raw_img" "$test_img"
says "0 of 16384 sectors differ"

spoil "$test_img" 0
spoil "$test_img" 16383
tool 6 compare "$raw_img" "$test_img"
says "differ: sectors 0 to 0 (1)"
says "differ: sectors 16383 to 16383 (1)"

truncate -s 4M "$TMPDIR/short"
tool 6 compare "$raw_img" "$TMPDIR/short"
warns "--allow-unequal"

# A partial sector at the end counts.
printf 'the end' | cat "$raw_img" - >"$TMPDIR/part-a"
printf 'the End' | cat "$raw_img" - >"$TMPDIR/part-b"
printf 'the end\0' | cat "$raw_img" - >"$TMPDIR/part-c"
cp "$TMPDIR/part-a" "$TMPDIR/part-d"
tool 6 compare "$TMPDIR/part-a" "$TMPDIR/part-b"
says "differ: sectors 16384 to 16384 (1)"

tool 0 compare "$TMPDIR/part-a" "$TMPDIR/part-d"
says "0 of 16385 sectors differ"

tool 6 compare "$TMPDIR/part-a" "$TMPDIR/part-c"
warns "8388615 bytes"

tool 0 compare --allow-unequal "$TMPDIR/part-a" "$raw_img"
says "0 of 16384 sectors differ"

tool 4 sync --yes "$TMPDIR/part-a" "$TMPDIR/part-b"
warns "not whole sectors: truncate -s %512"
rm "$TMPDIR"/part-*

# A lack of memory is reported. (127 if even the libraries do not fit.)
short=0
for ((kib = 3000; kib < 9000; kib += 200)); do
	status=0
	(ulimit -v $kib; exec "$BLKVERIFY" compare "$raw_img" "$test_img") >/dev/null 2>"$TMPDIR/err" || status=$?
	case $status in
	0 | 6 | 127) ;;
	3) short=$((short + 1)); warns "no memory for a buffer" ;;
	*) fail "exit status $status with $kib KiB: $(cat "$TMPDIR/err")" ;;
	esac
done

[ $short != 0 ] || fail "memory was never short"

tool 4 compare "$raw_img" "$raw_img"
tool 4 compare "$raw_img" "$TMPDIR/none"
new_pair 8
tool 1 sync "$raw_img" "$test"
warns "nothing was written"
cmp -n 512 "$test" /dev/zero || fail "it was written without yes"

mkfs.ext4 -q -L precious "$test"
tool 0 sync --yes "$raw_img" "$test"
warns 'holds ext4, label "precious"'

tool 0 compare "$raw_img" "$test"
mkfs.ext4 -q "$test"
mkdir "$TMPDIR/bvtest-mount"
mount "$test" "$TMPDIR/bvtest-mount"
tool 5 sync --yes "$raw_img" "$test"
warns "mounted on $TMPDIR/bvtest-mount"
umount "$TMPDIR/bvtest-mount"

tool 4 sync --yes "$raw_img" "$TMPDIR/short"
warns "8192 less than raw"

# Nor onto a file that is attached to a loop device, or is locked, or is a qcow2 image.
cp "$raw_img" "$TMPDIR/used"
loop=$(losetup -f --show "$TMPDIR/used")
tool 5 sync --yes "$raw_img" "$TMPDIR/used"
warns "is attached to $loop already"
losetup -d "$loop"

printf 'QFI\373' | dd of="$TMPDIR/used" conv=notrunc status=none
tool 4 sync --yes "$raw_img" "$TMPDIR/used"
warns "is a qcow2 image"
rm "$TMPDIR/used"

# The device is held while the prompt waits for an answer: it cannot be mounted.
mkfifo "$TMPDIR/answer"
"$BLKVERIFY" sync "$raw_img" "$test" <"$TMPDIR/answer" 2>"$TMPDIR/err" &
exec 6>"$TMPDIR/answer"
wait_until 30 grep -q "Continue?" "$TMPDIR/err"
! mount "$test" "$TMPDIR/bvtest-mount" 2>/dev/null || fail "it was mounted while sync asks"

echo yes >&6
exec 6>&-
wait $! || fail "sync: $(cat "$TMPDIR/err")"

tool 0 compare "$raw_img" "$test"

# An unreadable range.
dmsetup create bvtest-holes <<END
0 1000 linear $test 0
1000 8 error
1008 $((sectors - 1008)) linear $test 1008
END
dd if="$raw_img" of="$test" bs=1M oflag=direct status=none
tool 7 compare "$raw_img" /dev/mapper/bvtest-holes
says "unreadable: sectors 1000 to 1007 (8)"
dmsetup remove bvtest-holes

# Blocks of 4 KiB, and a size that is not a multiple of them.
new_leg 16 blocksize=4096
cp "$raw_img" "$TMPDIR/odd"
printf '%512s' odd >>"$TMPDIR/odd"
tool 0 sync --yes "$TMPDIR/odd" "$leg"
tool 0 compare --allow-unequal "$TMPDIR/odd" "$leg"
says "0 of 16385 sectors differ"

spoil "$TMPDIR/odd" 16384
tool 6 compare --allow-unequal "$TMPDIR/odd" "$leg"
says "differ: sectors 16384 to 16384 (1)"

tool 0 open bvtest-v "$TMPDIR/odd" "$leg" --allow-unequal
expect "table" "0 16384" "$(dmsetup table bvtest-v | cut -d ' ' -f 1-2)"

tool 0 scrub bvtest-v
tool 0 close bvtest-v
rm "$TMPDIR/odd"

# Unreadable sectors beyond the compared range do no harm.
dmsetup create bvtest-holes <<END
0 1004 linear $test 0
1004 $((sectors - 1004)) error
END
head -c $((1001 * 512)) "$raw_img" >"$TMPDIR/part"
tool 0 compare --allow-unequal "$TMPDIR/part" /dev/mapper/bvtest-holes
says "0 of 1001 sectors differ"
dmsetup remove bvtest-holes

# Killed in the middle: the copy can be repeated.
new_dm slow "0 $sectors delay $raw 0 300"
"$BLKVERIFY" sync --yes /dev/mapper/bvtest-slow "$test" &
sleep 1
kill -9 $!
wait $! || :
tool 0 sync --yes /dev/mapper/bvtest-slow "$test"
tool 0 compare "$raw" "$test"

# qcow2.
command -v qemu-nbd >/dev/null && { [ -b /dev/nbd0 ] || modprobe -q nbd; } || skip "no qemu-nbd or nbd module"
qemu-img convert -O qcow2 "$raw_img" "$TMPDIR/raw.qcow2"
tool 0 compare "$TMPDIR/raw.qcow2" "$raw_img"
spoil "$raw_img" 77
tool 6 compare "$TMPDIR/raw.qcow2" "$raw_img"
says "differ: sectors 77 to 77 (1)"

# Two concurrent runs do not read each other's image.
cp "$raw_img" "$TMPDIR/other"
spoil "$TMPDIR/other" 88
qemu-img convert -O qcow2 "$TMPDIR/other" "$TMPDIR/other.qcow2"
for ((i = 0; i < 5; i++)); do
	"$BLKVERIFY" compare "$TMPDIR/other.qcow2" "$TMPDIR/other" >"$TMPDIR/out2" 2>&1 &
	tool 6 compare "$TMPDIR/raw.qcow2" "$raw_img"
	says "1 of 16384 sectors differ"
	wait $! || fail "compare beside another: $(cat "$TMPDIR/out2")"
done

# Killed in the middle, thanks to the slow device.
"$BLKVERIFY" compare "$TMPDIR/raw.qcow2" /dev/mapper/bvtest-slow >/dev/null 2>&1 &
sleep 0.5
kill -9 $!
wait $! || :
no_nbd_in_use() { ! ls -d /sys/block/nbd*/pid 2>/dev/null; }
wait_until 30 no_nbd_in_use
