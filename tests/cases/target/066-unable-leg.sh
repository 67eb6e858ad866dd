# SPDX-License-Identifier: GPL-2.0-only
# This test will use SCSI disks that turn out to support neither zeroing nor writing, and check what
# is reported.
# Needs: machine=stock

. "$TOP/tests/lib/scsi.sh"

new_scsi_disks 2 dev_size_mb=16 num_tgts=2 lbpu=1 lbpws=0
raw=${disks[0]} test=${disks[1]} sectors=32768

zeroing() { # <disk> <mode>
	echo "$2" >/sys/block/"${1##*/}"/device/scsi_disk/*/zeroing_mode
}

# The raw leg is sent a command that it rejects: zeros are written to it instead, and the mapped
# device still offers what the test leg does.
zeroing "$raw" writesame_16_unmap
zeroing "$test" writesame
make_v
dd if=/dev/urandom of=$v bs=1M count=4 oflag=direct status=none
fallocate -p -o 1048576 -l 65536 $v
[ "$(attribute queue/write_zeroes_max_bytes)" -gt 0 ] || fail "the mapped device offers no write zeroes"
expect_field raw_errors 0
expect_field untrusted 0
expect_read 0 4194304
expect_healthy
dmsetup remove bvtest-v

# The raw leg can zero; the test leg is sent a command that it rejects, and loses discards by that.
zeroing "$raw" writesame
zeroing "$test" writesame_16_unmap
make_v
[ "$(attribute queue/write_zeroes_max_bytes)" -gt 0 ] || fail "zeroing is not offered"

dd if=/dev/urandom of=$v bs=1M count=4 oflag=direct status=none
if fallocate -p -o 1048576 -l 65536 $v 2>"$TMPDIR/said"; then fail "the disk was able to"; fi

cat "$TMPDIR/said"

expect_field divergences 0
expect_field state V
expect_field test_errors 0
expect_field untrusted 128
expect_read 0 4194304
expect_healthy

# Disks that turn out not to support zeroing at all: dm checks the limits of the test leg, and no
# longer offers it.
zeroing "$test" writesame
echo 8 >/sys/module/scsi_debug/parameters/write_same_length
if fallocate -p -o 1048576 -l 65536 $v 2>"$TMPDIR/said"; then fail "the disks were able to"; fi

cat "$TMPDIR/said"

for leg in "$raw" "$test"; do
	expect "zeroing that $leg offers" 0 "$(cat "/sys/block/${leg##*/}/queue/write_zeroes_max_bytes")"
done
expect "zeroing that is offered" 0 "$(attribute queue/write_zeroes_max_bytes)"
expect_field divergences 0
expect_healthy

# Disks that become write-protected: a rejected write is a leg error, with the same status.
errors=$(field raw_errors)$(field test_errors)
expect "errors so far" 00 "$errors"

echo Y >/sys/module/scsi_debug/parameters/wp

if dd if=/dev/urandom of=$v bs=4096 count=1 seek=99 oflag=direct 2>/dev/null; then fail "the disks were written"; fi
expect_field raw_errors 1
expect_field test_errors 1
expect_field divergences 0
dmsetup remove bvtest-v

# They cannot be opened for writing, which a read-only table does not need.
for leg in "$raw" "$test"; do
	echo 1 >"/sys/block/${leg##*/}/device/rescan"
	expect "write protection of $leg" 1 "$(blockdev --getro "$leg")"
done

dmsetup create bvtest-v --readonly --table "0 $sectors blkverify $raw $test"
expect_read 0 1048576
expect_healthy

echo N >/sys/module/scsi_debug/parameters/wp
