# SPDX-License-Identifier: GPL-2.0-only
# This test will check that the command shows reports without a label, modified writes and the
# discards of a report, as text and in JSON.
# Needs: machine=debug

. "$TOP/tests/lib/command.sh"

new_pair 16 discard=1
liar_as_test
raw_leg=$raw
make_v separate_copies check_copies

# The report of a write has no label.
lie modify 0
if dd if=/dev/urandom of=$v bs=4096 seek=2 count=1 oflag=direct status=none 2>/dev/null; then fail "the write did not fail"; fi
lie honest
tool 6 report bvtest-v
says " -          modified: the leg changed the data of a write in memory"
tool 6 report bvtest-v --json
expect "the label" None "$(json 'd["reports"][0]["persistent"]')"
expect "the class" modified "$(json 'd["reports"][0]["class"]')"
tool 6 status bvtest-v
tool 6 status
says "MISMATCHES"
tool 6 dump bvtest-v 16
dmsetup message bvtest-v 0 reset

# The test leg hangs when it is re-read.
dd if=/dev/zero of=$v bs=1M count=1 oflag=direct status=none
lie flip 80 1
lie hang 1
expect_read_error EILSEQ 40960 4096
tool 6 report bvtest-v --json
expect "the label" None "$(json 'd["reports"][0]["persistent"]')"
lie release
has_label() { tool 6 report bvtest-v --json; [ "$(json 'd["reports"][0]["persistent"]')" = False ]; }
wait_until 30 has_label
dmsetup message bvtest-v 0 reset

# A discard of other sectors destroyed the written data.
dd if=/dev/urandom of=$v bs=4096 seek=100 count=1 oflag=direct status=none
blkdiscard -f -o 8192000 -l 4096 $v
blkdiscard -f -o 413696 -l 4096 $v
dd if=/dev/zero of="$test_below" bs=4096 seek=100 count=1 oflag=direct status=none
expect_read_error EILSEQ 409600 4096
tool 6 report bvtest-v
says "then discard: 8 sectors at 808 (the latest one)"
tool 6 report bvtest-v --json
expect "the discard" "808 8 discard" "$(json '"{start} {nr} {op}".format(**d["reports"][0]["latest_clear"])')"
expect "the nearest one" None "$(json 'd["reports"][0]["nearest_clear"]')"
dmsetup message bvtest-v 0 reset
dmsetup remove bvtest-v

# "run" waits a moment for the label of the last report, but not for a test leg that hangs.
dd if="$raw" of="$test_below" bs=1M count=1 oflag=direct status=none
lie honest
# Not scaled: the command does not wait longer on a slow machine.
new_dm slow "0 $sectors delay $test 0 200"
read_badly() { # <run options...>
	tool 6 run --raw "$raw" --test "$leg" -- sh -c "dd if=/dev/zero of=\$BLKVERIFY_DEVICE bs=64k count=1 oflag=direct status=none
		dmsetup message bvtest-liar 0 flip 80 1; $1
		dd if=\$BLKVERIFY_DEVICE of=/dev/null bs=64k count=1 iflag=direct status=none"
}
read_badly :
says "transient"
read_badly "dmsetup message bvtest-liar 0 hang 1" &
reader=$!
wait_until 30 grep -q "mismatch found" "$TMPDIR/out"
says " -  "
lie release
wait $reader
