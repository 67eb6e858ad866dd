# SPDX-License-Identifier: GPL-2.0-only
# This test will scrub a device with many bad sectors, and check that this takes few reports and
# reads, that untrusted sectors are not listed as bad, and that --block and --passes work.
# Needs: machine=debug

. "$TOP/tests/lib/command.sh"

new_pair 32
fill_random "$test" 32
ranges_of() { json '[(r["start"], r["sectors"]) for r in d["bad"]]'; }

# All sectors are bad: one report for each request that the reads are split into, and one range.
make_v
tool 6 scrub --json bvtest-v
expect "bad ranges" "[(0, 65536)]" "$(ranges_of)"
[ "$(field mismatches)" -le 400 ] || fail "$(field mismatches) reports of one bad range"
dmsetup remove bvtest-v

# Every other sector of 1 MiB is bad.
dd if="$raw" of="$test" bs=1M oflag=direct status=none
dd if=/dev/zero of="$TMPDIR/comb" bs=1M count=1 status=none
python3 - "$TMPDIR/comb" <<'END'
import sys
with open(sys.argv[1], "r+b") as f:
    for sector in range(0, 2048, 2):
        f.seek(sector * 512)
        f.write(b"bad")
END
dd if="$TMPDIR/comb" of="$test" bs=1M seek=3 oflag=direct status=none
make_v
tool 6 scrub --json bvtest-v
expect "bad ranges" True "$(json '[(r["start"], r["sectors"]) for r in d["bad"]] == [(6144 + i, 1) for i in range(0, 2048, 2)]')"
[ "$(field mismatches)" -le 10 ] || fail "$(field mismatches) reports of one bad MiB"

# Untrusted sectors may differ: a limited number of reads through the target finds the bad ones.
dmsetup message bvtest-v 0 reset
dmsetup message bvtest-v 0 distrust 6144 2040
tool 6 scrub --json bvtest-v
expect "bad ranges" "[(8184, 1), (8186, 1), (8188, 1), (8190, 1)]" "$(json '[(r["start"], r["sectors"]) for r in d["bad"] if r["start"] > 8000]')"
[ "$(field mismatches)" -le 80 ] || fail "$(field mismatches) reports of one bad MiB"
dmsetup message bvtest-v 0 trust 0 $sectors
dd if="$raw" of="$test" bs=1M oflag=direct status=none
dmsetup remove bvtest-v

# A leg with an unreadable sector.
new_dm holes "0 1000 linear $test 0
1000 1 error
1001 $((sectors - 1001)) linear $test 1001"
intact=$test test=$leg
make_v
tool 6 scrub --json bvtest-v
expect "unreadable" "[(1000, 8)]" "$(json '[(r["start"], r["sectors"]) for r in d["unreadable"]]')"
dmsetup remove bvtest-v
test=$intact

# Reads of other lengths, and several passes.
reads_seen() { awk '{print $1}' "/sys/block/${test##*/}/stat"; }
make_v
before=$(reads_seen)
tool 0 scrub bvtest-v --block 4K --passes 2
expect "reads of test" $((2 * 8192)) $(($(reads_seen) - before))
expect_field compared $((2 * sectors))
says "pass 2 of 2"
before=$(reads_seen)
tool 0 scrub bvtest-v --block 64K
expect "reads of test" 512 $(($(reads_seen) - before))
dmsetup message bvtest-v 0 reset
tool 0 scrub bvtest-v --block random
expect_field compared $sectors

"$BVIO" poke "$test" $((77777 * 100)) 1
tool 6 scrub bvtest-v --block random --passes 3 --json
expect "bad ranges" "[($((77777 * 100 / 512)), 1)]" "$(ranges_of)"
for bad in 0 2M any; do
	tool 1 scrub bvtest-v --block $bad
	warns "--block"
done
tool 1 scrub bvtest-v --passes 0
dmsetup remove bvtest-v

# A transient error: the reports of the target are the only source.
liar_as_test
"$BVIO" poke "$test_below" $((77777 * 100)) 1
make_v
lie flip 5005 1
tool 6 scrub --json bvtest-v
expect "bad ranges" "[(5005, 1)]" "$(ranges_of)"
