# SPDX-License-Identifier: GPL-2.0-only
# This test will check that --zeroed compares from the first read, and rejects legs with data.
# Needs: machine=debug

. "$TOP/tests/lib/command.sh"

raw_img=$TMPDIR/raw.img test_img=$TMPDIR/test.img
truncate -s 64M "$raw_img" "$test_img"

# Unwritten sectors are compared, also against a reference file.
tool 0 open bvtest-v "$raw_img" "$test_img" --zeroed
expect_field untrusted 0
expect_read 1048576 4096
expect_field compared 8
tool 0 close bvtest-v

tool 0 run --test "$test_img" --raw-dir "$TMPDIR" --zeroed -- \
	sh -c 'dd if=$BLKVERIFY_DEVICE of=/dev/null bs=1M count=4 iflag=direct status=none'
says "options:        -"
says "compared:       8192 sectors"

lies='printf x | dd of=$LIE bs=1 seek=5000 conv=notrunc status=none
	dd if=$BLKVERIFY_DEVICE of=/dev/null bs=1M count=1 iflag=direct status=none; exit 0'
LIE=$test_img tool 6 run --test "$test_img" --raw-dir "$TMPDIR" --zeroed -- sh -c "$lies"
says "mismatch found"

# Data at the start or the end of either leg.
for leg in "$test_img" "$raw_img"; do
	for at in 0 5000 $((64 * 1048576 - 1)); do
		truncate -s 0 "$leg"
		truncate -s 64M "$leg"
		printf x | dd of="$leg" bs=1 seek=$at conv=notrunc status=none
		tool 4 open bvtest-v "$raw_img" "$test_img" --zeroed
		warns "$leg is not zeroed: sector $((at / 512)) has data"
	done
	truncate -s 0 "$leg"
	truncate -s 64M "$leg"
done

# Data in between: a sample of each 64th of the leg is read.
dd if=/dev/urandom of="$test_img" bs=1M seek=20 count=20 conv=notrunc status=none
tool 4 run --test "$test_img" --raw-dir "$TMPDIR" --zeroed -- true
warns "is not zeroed"
tool 1 open bvtest-v "$raw_img" "$test_img" --zeroed --written-only
warns "mutually exclusive"
expect_no_device bvtest-v
expect_no_loops
