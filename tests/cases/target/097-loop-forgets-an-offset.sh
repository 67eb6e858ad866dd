# SPDX-License-Identifier: GPL-2.0-only
# This test will put a bug of the loop driver back (tests/museum/loopbug), and expect blkverify with
# default options to find it where the driver alone returns or stores wrong data.
# Needs: machine=debug

need_exhibit loopbug
loop_pair 64
image=$TMPDIR/bvtest-files/test
losetup -d "$test"

bug_as_test() {
	losetup --direct-io=on /dev/loopbug0 "$image"
	test=/dev/loopbug0
}
good_as_test() {
	test=$(losetup -f --show --direct-io=on "$image")
}
fill_legs() {
	fill_random "$raw" 16
	cp "$TMPDIR/bvtest-files/raw" "$image"
}

# Read both without and with blkverify, from the same memory.
expect_bad_read() { # <KiB of the driver's requests> <bytes>
	local what="reads of $2 bytes, split at $1 KiB" said wrong
	make_v
	said=$("$BVLOAD" compare "$2" "$raw" "$test" $v) || :
	wrong=$(sed -n "s,^$test: wrong at byte ,,p" <<<"$said")
	if [ -n "$wrong" ]; then
		grep -q "^$v: .* EILSEQ$" <<<"$said" || fail "$what: blkverify did not find it: $said"
	fi
	expect_report "$1" "$what" "$wrong"
}

# Single pages show what is wrong on the test leg.
expect_bad_write() { # <KiB of the driver's requests> <bytes>
	local what="writes of $2 bytes, split at $1 KiB" wrong
	make_v
	"$BVLOAD" write "$2" $v
	expect_field state V
	wrong=$(cmp "$TMPDIR/bvtest-files/raw" "$image" | sed 's/.* byte \([0-9]*\),.*/\1/') || :
	"$BVLOAD" compare 4096 $v >"$TMPDIR/said" || :
	expect_report "$1" "$what" "${wrong:+$((wrong - 1))}"
}

# A request that is split at a multiple of the page size only goes wrong if it is split within a
# segment of several pages. Otherwise it always does.
expect_report() { # <KiB of the driver's requests> <what> <first wrong byte, if any>
	local sector report
	if [ -z "$3" ]; then
		[ $(($1 % 4)) = 0 ] || fail "$2: the driver alone is in order"
		expect_field state V
	else
		sector=$(($3 / 512))
		report=$(dmsetup message bvtest-v 0 list | head -n 1)
		[[ $report = *"contents mismatch in sector $sector "* ]] ||
			fail "$2: sector $sector is wrong, the report is: $report"
		# Long requests take data from further away than is searched.
		[ "$1" -gt 128 ] || [[ $report = *" class=shifted("* ]] ||
			fail "$2: the data is shifted, the report is: $report"
		expect_field state C
		expect_field first_mismatch $sector
		found+="$2: ${report##*contents mismatch in }"$'\n'
	fi
	expect_field reshaped 0
	dmsetup remove bvtest-v
}
found=

while read -r kib bytes; do
	bug_as_test
	echo "$kib" >"/sys/block/${test##*/}/queue/max_sectors_kb"
	fill_legs
	expect_bad_read "$kib" "$bytes"
	fill_legs
	expect_bad_write "$kib" "$bytes"
	losetup -d "$test"

	good_as_test
	echo "$kib" >"/sys/block/${test##*/}/queue/max_sectors_kb"
	fill_legs
	make_v
	"$BVLOAD" compare "$bytes" "$raw" "$test" $v
	"$BVLOAD" write "$bytes" $v
	"$BVLOAD" compare 4096 "$raw" $v
	reports_expected=$(reports_in_log)
	expect_healthy
	dmsetup remove bvtest-v
	losetup -d "$test"
done <<'END'
1280 4194304
127 1048576
END
sed 's/ raw=.* class=/ class=/; s/ differ=.*//' <<<"${found%$'\n'}" >"$case_shows"
