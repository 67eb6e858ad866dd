# SPDX-License-Identifier: GPL-2.0-only
# This test will cause more findings than the ring holds, and check that the first 64 and the last
# 64 are listed and the others only counted.
# Needs: machine=debug

new_pair 16
make_v
for ((i = 0; i < 4; i++)); do "$BVIO" poke "$test" $((i * 4096 + 100)) 0x04; done

# Fast enough to hit the rate limit of the log: 10 lines in 5 seconds.
started=$SECONDS
for ((i = 0; i < 35; i++)); do
	dd if=$v of=/dev/null bs=4096 count=4 iflag=direct conv=noerror status=none 2>/dev/null || :
done

took=$((SECONDS - started))
expect_field mismatches 140

wait_until 30 has_labels
dmsetup message bvtest-v 0 list >"$TMPDIR/list"

expect "lines of the list" 129 "$(wc -l <"$TMPDIR/list")"
expect "last line" "dropped=12" "$(tail -n 1 "$TMPDIR/list")"
expect "numbers" "$(seq -s ' ' 1 64) $(seq -s ' ' 77 140)" "$(sed '$d' "$TMPDIR/list" | cut -d ' ' -f 1 | xargs)"
expect "a line of the list" "1 read sector=0 nr=8 contents mismatch in sector 0 byte=100 raw=0x00 test=0x04 persistent class=bitflip(1) differ=1 write=none at=96 raw_bytes=00000000000000000000000000000000 test_bytes=00000000040000000000000000000000 bad=0+1 words=0x0000000000001000 set=0x0000000004000000 cleared=0x0000000000000000" \
	"$(head -n 1 "$TMPDIR/list" | sed 's/ pid=.*//')"
now=$(date +%s)
found=$(sed -n '1s/.* time_ms=\([0-9]*\)...$/\1/p' "$TMPDIR/list")
[ "$found" -le "$now" ] && [ "$found" -ge $((now - SECONDS - 1)) ] || fail "found at $found, and it is $now"

# The log is rate-limited, but the first is always there.
logged=$(reports_in_log)
[ "$logged" -ge 1 ] && [ "$logged" -le $((10 + (took + 5) * 2)) ] && [ "$logged" -le 140 ] || fail "$logged reports in the log"

dmsetup message bvtest-v 0 reset

expect "list after a reset" "dropped=0" "$(dmsetup message bvtest-v 0 list)"
expect_field state V
expect_field first_mismatch -
expect_field mismatches 0
expect_field compared 0
expect_read_error EILSEQ 8192 4096
expect "lines of the list" 2 "$(dmsetup message bvtest-v 0 list | wc -l)"
[[ $(dmsetup message bvtest-v 0 list) == "141 read sector=16 "* ]] || fail "the numbers restart"
expect_field first_mismatch 16
expect_field compared 8
