# SPDX-License-Identifier: GPL-2.0-only
# This test will check that no_write_copy, with stable pages, raises no false alarm for the page
# cache.
# Needs: machine=debug

new_pair 32
plain_test=$test

# Enough time to change a page between the writes to the two legs.
new_dm slow "0 $sectors delay $test 0 0 $test 0 30"
test=$leg
make_v no_write_copy
expect "stable_writes" 1 "$(attribute queue/stable_writes)"

modprobe -q ext4 || :
mkfs.ext4 -q $v
mkdir "$TMPDIR/bvtest-mnt"
mount $v "$TMPDIR/bvtest-mnt"
before=$(field written)

# Two jobs write a file: one changes pages while the other waits for writeback. Meanwhile direct
# reads bypass the page cache: a changed page is written again, so later the legs are equal anyway.
fio --name=mmap --filename="$TMPDIR/bvtest-mnt/file" --rw=randwrite --bs=4k --size=1m --numjobs=2 --ioengine=mmap \
	--fsync=64 --time_based --runtime="$(scaled 200)" --output="$TMPDIR/fio" &
load=$!
started=$SECONDS

# The file itself is 2048 sectors.
for ((passes = 0; passes < 6 || SECONDS - started < 5 || $(field written) - before < 12288; passes++)); do
	kill -0 $load 2>/dev/null || fail "fio has ended: $(cat "$TMPDIR/fio")"
	[ $((SECONDS - started)) -lt "$(scaled 150)" ] || fail "fio hardly writes: $(field written) sectors, $before before"
	dd if=$v of=/dev/null bs=1M iflag=direct status=none || fail "a read has failed"
done

kill -INT $load
wait $load || :
[ "$(grep -c 'err= 0' "$TMPDIR/fio")" = 2 ] || fail "fio: $(cat "$TMPDIR/fio")"
umount "$TMPDIR/bvtest-mnt"
expect_read 0 33554432
expect_healthy
dmsetup remove bvtest-v
dmsetup remove bvtest-slow

test=$plain_test
expect_same_legs

# By default the pages need not be stable.
make_v
expect "stable_writes by default" 0 "$(attribute queue/stable_writes)"

# Existing users of this device do not check again, so the option comes too late.
if dmsetup load bvtest-v --table "0 $sectors blkverify $raw $test 1 no_write_copy" 2>/dev/null; then
	fail "no_write_copy was accepted in a reload"
fi
expect_log 'no_write_copy can only be set when the device is created'
expect_read 0 4096
dmsetup remove bvtest-v

# A device that was created with the option can be reloaded with it.
make_v no_write_copy

load_resume bvtest-v "0 $sectors blkverify $raw $test 2 written_only no_write_copy"
expect "stable_writes" 1 "$(attribute queue/stable_writes)"
