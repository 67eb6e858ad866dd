# SPDX-License-Identifier: GPL-2.0-only
# This test will get from two image files to a dump of a bad sector in three commands.
# Needs: machine=debug

. "$TOP/tests/lib/command.sh"

new_images
spoil "$test_img" 99
tool 0 open bvtest-v "$raw_img" "$test_img"
tool 6 scrub bvtest-v
cat "$TMPDIR/out"
says "bad: sectors 99 to 99 (1)"
says "bvtest-v: 16384 sectors read from 0, 1 bad, 0 skipped (untrusted)"

tool 6 dump bvtest-v
head -n 12 "$TMPDIR/out"

says "bvtest-v, sector 99: raw /dev/loop"
says "the difference is there"
says "the test leg returned only zeros"
expect "lines of the dump with 00000000 on the right" 32 "$(grep -c '\* 00000000 ' "$TMPDIR/out")"

tool 6 status bvtest-v
cat "$TMPDIR/out"

says "/dev/mapper/bvtest-v: mismatch found"
says "first mismatch: 99"
says "($raw_img)"

wait_until 30 has_labels
tool 6 report bvtest-v
cat "$TMPDIR/out"
says "persistent zeros: the test leg returned only zeros"
tool 0 close bvtest-v
expect_no_device bvtest-v
expect_no_loops
