# SPDX-License-Identifier: GPL-2.0-only
# This test will give the memory of the test leg random shapes, and expect that they find a driver that
# takes each segment for one page, which a load of single pages does not.
# Needs: machine=debug

new_pair 16
fill_random "$raw" 16
dd if="$raw" of="$test" bs=1M count=16 oflag=direct status=none
liar_as_test
lie one-page on

# The bug does not show in single pages.
make_v
for ((i = 0; i < 64; i++)); do expect_read $((i * 4096)) 4096; done
expect_healthy

# Nor with the shapes of a driver that is in order.
lie honest
dmsetup remove bvtest-v
make_v random_shape 3
"$BVIO" mixed $v $((8 << 20)) "${LOAD_SECONDS:-2}" 8 || fail "an I/O failed"
expect_healthy
expect_field reshaped 0

# It does with other shapes, each time in the same requests.
# (The load has written zeros, and those of the driver would not differ from them.)
fill_random $v 1
bad_reads() { # <seed>: which of the first reads of 16 KiB fail
	dmsetup remove bvtest-v
	make_v random_shape "$1"
	for ((i = 0; i < 32; i++)); do
		"$BVIO" read $v $((i * 16384)) 16384 >/dev/null || echo $i
	done
}
lie one-page on
bad_reads 3 >"$TMPDIR/first"
reported=$(dmsetup message bvtest-v 0 list | grep -c "contents mismatch .* random_shape=3 ")
expect "reports" "$(wc -l <"$TMPDIR/first")" "$reported"
[ "$reported" -gt 4 ] || fail "only $reported of 32 reads failed"
bad_reads 3 >"$TMPDIR/again"
cmp "$TMPDIR/first" "$TMPDIR/again"
bad_reads 4 >"$TMPDIR/other"
! cmp -s "$TMPDIR/first" "$TMPDIR/other" || fail "another number made no difference"
