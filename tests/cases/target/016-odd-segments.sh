# SPDX-License-Identifier: GPL-2.0-only
# This test will read into segments of odd lengths at odd offsets, and expect the data of the raw
# leg.
# Needs: machine=debug

new_pair 16
fill_random "$raw" 16
dd if="$raw" of="$test" bs=1M oflag=direct status=none
make_v
for at in 0 512 8192 1048064; do
	"$BVIO" scatter $v "$raw" $at
done

expect_healthy
