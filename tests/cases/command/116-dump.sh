# SPDX-License-Identifier: GPL-2.0-only
# This test will dump both legs around a sector, with neighbours, shifted and swapped sectors, and
# holes.
# Needs: machine=debug

. "$TOP/tests/lib/command.sh"

new_images
spoil "$test_img" 99

# On the test leg, 200 and 207 are swapped, and 300 has the data of 303.
sector_of() { dd if="$1" bs=512 skip="$2" count=1 status=none; }

sector_of "$raw_img" 200 | spoil "$test_img" 207 /proc/self/fd/0
sector_of "$raw_img" 207 | spoil "$test_img" 200 /proc/self/fd/0
sector_of "$raw_img" 303 | spoil "$test_img" 300 /proc/self/fd/0
tool 0 open bvtest-v "$raw_img" "$test_img"
tool 1 dump bvtest-v
warns "has no recorded mismatch"
warns "blkverify scrub bvtest-v"

tool 6 dump bvtest-v 99 --context 2

expect "sectors shown" "97 98 99 100 101" "$(sed -n 's/^sector \([0-9]*\).*/\1/p' "$TMPDIR/out" | xargs)"
says "sector 98 (equal)"
expect "text and bytes of sector 97" "$(sector_of "$raw_img" 97 | od -A n -v -t x1 | tr -d ' \n')" \
	"$(sed -n '/^sector 97/,/^sector 98/p' "$TMPDIR/out" | grep '|' | sed 's/^ *[0-9]*  \([^|]*\)|.*/\1/' | tr -d ' \n')"

tool 0 dump bvtest-v 0 --context 3
expect "at the start" "0 1 2 3" "$(sed -n 's/^sector \([0-9]*\).*/\1/p' "$TMPDIR/out" | xargs)"

tool 0 dump bvtest-v 16383 --context 1
expect "at the end" "16382 16383" "$(sed -n 's/^sector \([0-9]*\).*/\1/p' "$TMPDIR/out" | xargs)"
says "no difference: the legs are equal here"

tool 1 dump bvtest-v 16384
warns "sector 16384 is beyond bvtest-v, which has 16384"

tool 6 dump bvtest-v 200
says "swapped with sector 207 (+7)"

tool 6 dump bvtest-v 207
says "swapped with sector 200 (-7)"

tool 6 dump bvtest-v 300
says "the test leg returned what the raw leg has in sector 303 (+3)"
tool 0 close bvtest-v

# Unreadable neighbours are not shown as zeros.
new_pair 8
fill_random "$raw" 8
dd if="$raw" of="$test" bs=1M oflag=direct status=none
dmsetup create bvtest-holes <<END
0 1000 linear $test 0
1000 8 error
1008 $((sectors - 1008)) linear $test 1008
END
test=/dev/mapper/bvtest-holes
make_v

tool 0 dump bvtest-v 1010 --context 5
warns "only sectors 1008 to 1015 are examined"
expect "sectors shown" "1008 1009 1010 1011 1012 1013 1014 1015" \
	"$(sed -n 's/^sector \([0-9]*\) (equal)$/\1/p' "$TMPDIR/out" | xargs)"

tool 7 dump bvtest-v 1003
warns "cannot read test leg /dev/dm-"
