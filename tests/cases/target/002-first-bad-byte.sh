# SPDX-License-Identifier: GPL-2.0-only
# This test will corrupt the first, a middle and the last byte and sector of reads of 512 B to 4
# MiB.
# Needs: machine=stock

new_pair 16
fill_random "$raw" 16
dd if="$raw" of="$test" bs=1M oflag=direct status=none
make_v

"$BVIO" sweep $v "$test" $((3 << 20)) >"$TMPDIR/planted" || fail "$(tail -n 1 "$TMPDIR/planted")"
expect "corruptions planted" 54 "$(wc -l <"$TMPDIR/planted")"
expect_field state C
expect_field first_mismatch 6144
expect_field mismatches 54

# The bytes are restored after each read, which the re-read for the label may see.
wait_until 30 has_labels
dmsetup message bvtest-v 0 list >"$TMPDIR/list"
sed -n 's/.* contents mismatch in sector \([0-9]*\) byte=\([0-9]*\) .* [a-z]* class=bitflip(1) differ=1 .*/\1 \2/p' \
	"$TMPDIR/list" >"$TMPDIR/found"
diff "$TMPDIR/planted" "$TMPDIR/found" || fail "the reports name other places than those corrupted"
expect "last line of the list" "dropped=0" "$(tail -n 1 "$TMPDIR/list")"
