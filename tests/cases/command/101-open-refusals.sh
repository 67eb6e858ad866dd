# SPDX-License-Identifier: GPL-2.0-only
# This test will check that "open" rejects unusable legs, names the user of a busy leg, and
# cleans up.
# Needs: machine=debug

. "$TOP/tests/lib/command.sh"

modprobe -q ext4 || :
new_pair 16
truncate -s 8M "$TMPDIR/small"
truncate -s 100 "$TMPDIR/tiny"
tool 4 open bvtest-v "$raw" "$TMPDIR/small"
warns "$TMPDIR/small has 16384 sectors, 16384 less than raw $raw: --allow-unequal"

tool 4 open bvtest-v "$raw" "$TMPDIR/tiny"
warns "less than a sector"

tool 4 open bvtest-v "$raw" "$raw"
warns "are the same"

tool 4 open bvtest-v "$raw" "$TMPDIR/none"
warns "cannot open test $TMPDIR/none"

tool 4 open bvtest-v "$raw" "$TMPDIR"
tool 1 open bvtest-v "$raw"
warns "usage: blkverify open"

tool 1 open bvtest-v "$raw" "$test" --ignore-mismatch --freeze-on-mismatch
tool 1 open bvtest/v "$raw" "$test"
tool 1 open bvtest-v "$raw" "$test" --sectors 999999999
tool 1 open bvtest-v "$raw" "$test" --nonsense
tool 1 blurb
new_dm holder "0 $sectors linear $test 0"
tool 5 open bvtest-v "$raw" "$test"
warns "test $test is in use by device mapper device bvtest-holder"
dmsetup remove bvtest-holder

mkfs.ext4 -q "$test"
mkdir "$TMPDIR/bvtest-mount"
mount "$test" "$TMPDIR/bvtest-mount"
tool 5 open bvtest-v "$raw" "$test"
warns "the file system mounted on $TMPDIR/bvtest-mount"
umount "$TMPDIR/bvtest-mount"

mkswap "$raw" >/dev/null
swapon "$raw"
tool 5 open bvtest-v "$raw" "$test"
warns "raw $raw is in use by swap"
swapoff "$raw"

# A partition of it is mounted.
if command -v sfdisk >/dev/null && [ -b /dev/ram6 ]; then
	file=$TMPDIR/parted
	truncate -s 16M "$file"
	echo '2048,' | sfdisk -q "$file"
	loop=$(losetup -P -f --show "$file")
	udevadm settle 2>/dev/null || :
	if [ -b "${loop}p1" ]; then
		mkfs.ext4 -q "${loop}p1"
		mount "${loop}p1" "$TMPDIR/bvtest-mount"
		tool 5 open bvtest-v "$raw" "$loop" --allow-unequal
		warns "the file system mounted on $TMPDIR/bvtest-mount"
		umount "$TMPDIR/bvtest-mount"
	fi
	losetup -d "$loop"
fi

# A process has opened it exclusively, or has locked it.
python3 -c 'import os,sys,time; os.open(sys.argv[1], os.O_RDWR | os.O_EXCL); print(flush=True); time.sleep(100)' "$test" >"$TMPDIR/held" &
holder=$!
wait_until 30 test -s "$TMPDIR/held"
tool 5 open bvtest-v "$raw" "$test"
warns "test $test is in use by process $holder (python3)"

kill $holder
wait $holder || :
truncate -s 16M "$TMPDIR/locked"
for lock in 'fcntl.flock(f, fcntl.LOCK_EX)' 'fcntl.lockf(f, fcntl.LOCK_EX, 1, 100)'; do
	rm -f "$TMPDIR/held"
	python3 -c "import fcntl,sys,time; f = open(sys.argv[1], 'r+'); $lock; print(flush=True); time.sleep(100)" "$TMPDIR/locked" >"$TMPDIR/held" &
	holder=$!
	wait_until 30 test -s "$TMPDIR/held"
	tool 5 open bvtest-v "$raw" "$TMPDIR/locked"
	warns "test file $TMPDIR/locked is locked by process $holder (python3)"
	kill $holder
	wait $holder || :
done

# An image that is not raw.
printf 'QFI\373' >"$TMPDIR/image.qcow2"
truncate -s 16M "$TMPDIR/image.qcow2"
tool 4 open bvtest-v "$raw" "$TMPDIR/image.qcow2"
warns "is a qcow2 image"
warns "qemu-nbd --connect"

tool 0 open --dry-run bvtest-v "$raw" "$test" --written-only --fingerprint-max-mib 7

says "0 $sectors blkverify $raw $test 3 written_only fingerprint_max_mib 7"
says "dmsetup create bvtest-v --table '0 $sectors blkverify"
expect_no_device bvtest-v

# A device name that is taken.
tool 0 open bvtest-v "$raw" "$TMPDIR/small" --allow-unequal --written-only
expect "table" "0 16384 blkverify" "$(dmsetup table bvtest-v | cut -d ' ' -f 1-3)"
expect "options" "1 written_only" "$(dmsetup table bvtest-v | cut -d ' ' -f 6-)"

truncate -s 8M "$TMPDIR/a" "$TMPDIR/b"
tool 5 open bvtest-v "$TMPDIR/a" "$TMPDIR/b"
warns "bvtest-v exists already"

tool 5 open bvtest-w "$TMPDIR/a" "$TMPDIR/small"
warns "is attached to /dev/loop"

# An attached image, under any path.
ln "$TMPDIR/a" "$TMPDIR/c"
loop=$(losetup -f --show "$TMPDIR/a")
mv "$TMPDIR/a" "$TMPDIR/moved"
tool 5 open bvtest-w "$TMPDIR/moved" "$TMPDIR/b"
warns "moved is attached to $loop already"
rm "$TMPDIR/moved"

tool 5 open bvtest-w "$TMPDIR/c" "$TMPDIR/b"
warns "c is attached to $loop already"
losetup -d "$loop"

# Let each ioctl fail: whichever step fails, nothing is left behind.
new_pair 8
refused=0
for ((n = 1; n < 40; n++)); do
	status=0
	strace -f -qq -o /dev/null -e trace=ioctl -e "inject=ioctl:error=ENOMEM:when=$n" \
		"$BLKVERIFY" open bvtest-w "$raw" "$test" 2>"$TMPDIR/err" || status=$?
	if grep -q "cannot create bvtest-w: Cannot allocate memory" "$TMPDIR/err"; then
		refused=$((refused + 1))
		expect "exit status at ioctl $n" 3 $status
	elif [ $status = 0 ]; then
		tool 0 close bvtest-w
	fi
	expect_no_device bvtest-w
	# The remaining ioctls only query the device.
	[ $status != 0 ] || [ $refused -lt 3 ] || break
done

[ $refused = 3 ] || fail "the kernel refused $refused of create, load and resume"

# Two concurrent opens of the same pair in opposite order: one succeeds.
slowly() { # <argument>...: half a second after each lock
	strace -f -qq -o /dev/null -e trace=flock -e inject=flock:delay_exit=500000 "$BLKVERIFY" "$@"
}

slowly open bvtest-w "$raw" "$test" 2>"$TMPDIR/err" &
one=$!
status=0 other=0
slowly open bvtest-x "$test" "$raw" 2>"$TMPDIR/err2" || status=$?
wait $one || other=$?
expect "exit statuses of two at once" 5 $((status + other))
for d in w x; do ! dmsetup info bvtest-$d >/dev/null 2>&1 || tool 0 close bvtest-$d; done

# A device in use.
exec 5<$v
tool 5 close bvtest-v
warns "bvtest-v is in use by process"
tool 0 close --deferred bvtest-v
exec 5<&-
expect_no_device bvtest-v

tool 4 close bvtest-v
warns "device bvtest-v does not exist"

new_dm other "0 $sectors linear $test 0"
tool 4 close bvtest-other
warns "bvtest-other is a linear device, not blkverify"
dmsetup remove bvtest-other

# What a killed open can leave behind: a device without a table.
dmsetup create bvtest-v --notable

tool 4 status bvtest-v
warns "has no table"
tool 0 close bvtest-v

tool 0 open bvtest-v "$raw" "$test" --readonly
expect "read-only" 1 "$(cat /sys/block/$(basename "$(readlink -f $v)")/ro 2>/dev/null || blockdev --getro $v)"
tool 0 close bvtest-v
expect_no_loops
