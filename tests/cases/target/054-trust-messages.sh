# SPDX-License-Identifier: GPL-2.0-only
# This test will edit the trust map by messages, in sectors of the mapped device.
# Needs: machine=debug

new_pair 16
dmsetup create bvtest-v <<END
0 100 error
100 $sectors blkverify $raw $test
END

tell() { dmsetup message bvtest-v 100 "$@"; }

tell distrust 100 1
tell distrust 1124 2048
expect_field untrusted 2049

"$BVIO" poke "$test" $((1024 * 512)) 1
expect_read $((1124 * 512)) 65536

tell trust 1125 2047
expect_field untrusted 2
expect_read $((1124 * 512)) 65536

tell trust 1124 1
expect_read_error EILSEQ $((1124 * 512)) 65536
expect_field first_mismatch 1124

tell trust 100 $sectors
expect_field untrusted 0

for bad in "trust" "trust 100" "trust 99 1" "trust 100 0" "trust 100 $((sectors + 1))" \
	"distrust $((100 + sectors)) 1" "trust 1x 1" "trust 100 -1" "distrust 18446744073709551615 1" \
	"trust 100 18446744073709551615"; do
	# shellcheck disable=SC2086
	if tell $bad 2>/dev/null; then fail "accepted: $bad"; fi
done

expect_field untrusted 0
expect_log 'bvtest-v: message rejected: "99" is not a sector of this target, which has 100 to 32867'
expect_log 'bvtest-v: message rejected: "32769" is not a valid number of sectors starting at 100'
expect_log 'bvtest-v: message rejected: usage: trust <start> <len>'
