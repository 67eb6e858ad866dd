# SPDX-License-Identifier: GPL-2.0-only
# This test will let the test leg modify the memory of a write, and check that separate_copies
# protects the raw leg and that check_copies reports the modification.
# Needs: machine=debug

new_pair 16
fast=$raw
head -c 4096 /dev/zero | tr '\0' W >"$TMPDIR/block"
# The raw leg fetches the data after the test leg has modified them.
new_dm slow "0 $sectors delay $raw 0 0 $raw 0 $(scaled 300)"
raw=$leg
liar_as_test

write_block() { # <4 KiB block>
	dd if="$TMPDIR/block" of=$v bs=4096 seek="$1" oflag=direct status=none
}
wrong_bytes() { # <leg> <4 KiB block>
	dd if="$1" bs=4096 skip="$2" count=1 iflag=direct status=none | tr -d W | wc -c
}

# Separate copies: only the test leg has wrong data, which are found by a read.
make_v separate_copies
lie modify 1000
write_block 3
lie honest
expect "wrong bytes on raw" 0 "$(wrong_bytes "$fast" 3)"
expect "wrong bytes on test" 1 "$(wrong_bytes "$test_below" 3)"
expect_field mismatches 0
expect_read_error EILSEQ 12288 4096
expect_log 'contents mismatch in sector 25 byte=488 raw=0x57 test=0xa8 class=bitflip(8) differ=1 '
dmsetup remove bvtest-v

# The write itself is reported. Without separate copies, the contents of the raw leg are unknown.
for options in "check_copies" "separate_copies check_copies" "fingerprint"; do
	# shellcheck disable=SC2086
	make_v $options
	write_block 5
	expect_field mismatches 0
	lie modify 1000
	if write_block 5 2>"$TMPDIR/said"; then fail "$options: the write did not fail"; fi
	lie honest
	grep -q "Invalid or incomplete multibyte" "$TMPDIR/said" || fail "$options: $(cat "$TMPDIR/said")"
	expect_field mismatches 1
	expect_field first_mismatch 41
	expect_field untrusted 8
	expect "$options: the report" 1 "$(dmsetup message bvtest-v 0 list |
		grep -c '^1 write sector=40 nr=8 contents mismatch in sector 41 byte=488 raw=0x57 test=0xa8 class=modified differ=1 write_order=2 ')"
	[[ $options != separate* ]] || expect "wrong bytes on raw" 0 "$(wrong_bytes "$fast" 5)"

	# Another write makes the sectors trusted again.
	write_block 5
	expect_field untrusted 0
	expect_read 20480 4096
	dmsetup remove bvtest-v
done

# With ignore_mismatch the write succeeds, and the modification is still counted.
make_v ignore_mismatch check_copies
lie modify 0
write_block 7
lie honest
expect_field mismatches 1
expect_field divergences 0
