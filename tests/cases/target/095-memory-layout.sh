# SPDX-License-Identifier: GPL-2.0-only
# This test will let the test leg go wrong where a segment has several pages, or a split request
# begins inside a segment, and expect a load with such memory to find that.
# Needs: machine=debug

new_pair 128
fill_random "$raw" 128
dd if="$raw" of="$test" bs=1M count=128 oflag=direct status=none
liar_as_test
make_v

# Huge pages where the kernel has them; elsewhere, some pages of a large buffer are adjacent.
read_long() { "$BVLOAD" huge-read 1048576 $v; }
expect_found() { # <what>
	local said
	said=$(read_long) && fail "$1: the load passed"
	expect "$1" EILSEQ "${said##* }"
	expect_field state C
	expect_field reshaped 0
	dmsetup message bvtest-v 0 reset
}
expect_missed() { # <what>: a load of single pages
	"$BVIO" read $v 0 4096 >/dev/null || fail "$1: a single page is enough"
}

has_adjacent=
for ((i = 0; i < 30; i++)); do
	if dd_adjacent if=$v of=/dev/null iflag=direct; then has_adjacent=1; fi
done
[ -n "$has_adjacent" ] || skip "no pages of a buffer are adjacent here"

read_long || fail "the device is in order, but the load failed"
expect_healthy

# A driver that takes each segment for one page.
lie one-page on
expect_missed "one-page"
expect_found "one-page"
lie one-page off

# One that forgets where in a segment the rest of a split request begins, as the loop driver of 6.12 did.
lie split 20
expect_missed "split"
expect_found "split"
lie split 0

reports_expected=$(reports_in_log)
read_long || fail "the device is in order again, but the load failed"
expect_healthy
