# SPDX-License-Identifier: GPL-2.0-only
# This test will check that a device whose table has several lines is never taken for a healthy one.
# Needs: machine=debug

. "$TOP/tests/lib/command.sh"

new_pair 8
half=$((sectors / 2))
dmsetup create bvtest-both <<END
0 $half linear $raw 0
$half $half blkverify $raw $test
END

for verb in status report dump wait watch scrub close; do
	tool 4 $verb bvtest-both
	warns "the table of bvtest-both has 2 lines"
	warns "dmsetup status bvtest-both"
done

# In the list of all devices: inconclusive.
tool 7 status
warns "the table of bvtest-both has 2 lines"

truncate -s 8M "$TMPDIR/a" "$TMPDIR/b"
tool 0 open bvtest-v "$TMPDIR/a" "$TMPDIR/b"
tool 7 status
says "FIRST SECTOR MISMATCHES DIVERGENCES     COMPARED  RAW TEST"
tool 7 status --json
expect "devices" "['bvtest-v']" "$(json '[x["name"] for x in d["devices"]]')"

tool 0 status bvtest-v
tool 0 close bvtest-v
dmsetup remove bvtest-both

# Each line with its own legs: the target rejects the legs of another one.
first="$raw $test"
new_pair 8
dmsetup create bvtest-both <<END
0 $half blkverify $first
$half $half blkverify $raw $test
END
tool 7 status
dmsetup remove bvtest-both

# No line is a blkverify target.
dmsetup create bvtest-both <<END
0 $half linear $raw 0
$half $half linear $test 0
END
tool 0 status
tool 4 status bvtest-both
warns "bvtest-both is a linear device, not blkverify"
