# SPDX-License-Identifier: GPL-2.0-only
# This test will let the test leg return a sector from outside the request, and check that it is
# classified as shifted rather than torn.
# Needs: machine=debug

new_pair 16
fill_random "$raw" 16
dd if="$raw" of="$test" bs=1M count=16 oflag=direct status=none
liar_as_test
make_v

expect_class() { # <class> <bad sector>
	expect_read_error EILSEQ 1048576 16384
	expect "reports of $1" 1 "$(dmsetup message bvtest-v 0 list |
		grep -c "read sector=2048 nr=32 contents mismatch in sector $2 .* class=$1 differ=1 ")"
	dmsetup message bvtest-v 0 reset
}

for distance in 1 200 256; do
	lie edge $distance
	expect_class "shifted(+$distance)" 2079
	lie edge -$distance
	expect_class "shifted(-$distance)" 2048
done

# Too far away for the search.
lie edge 300
expect_class torn 2079
lie honest

# Data that exist nowhere on the raw leg.
fill_random_sector() { # <sector>
	dd if=/dev/urandom of="$test_below" bs=512 seek="$1" count=1 oflag=direct status=none
}
fill_random_sector 2079
expect_class torn 2079

# At the ends of the device the search is shorter.
lie edge 1
expect_read_error EILSEQ 0 4096
expect "reports" 1 "$(dmsetup message bvtest-v 0 list | grep -c 'sector 7 .* class=shifted(+1) ')"
lie edge -1
expect_read_error EILSEQ $((sectors * 512 - 4096)) 4096
expect "reports" 1 "$(dmsetup message bvtest-v 0 list | grep -c "sector $((sectors - 8)) .* class=shifted(-1) ")"
