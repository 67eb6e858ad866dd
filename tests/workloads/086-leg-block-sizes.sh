# SPDX-License-Identifier: GPL-2.0-only
# This test will use legs of 512-byte and 4096-byte blocks, in each combination.
. "$TOP/tests/workloads/lib.sh"
for raw_size in 512 4096; do
	for test_size in 512 4096; do
		new_leg 48 blocksize=$raw_size
		raw=$leg
		new_leg 48 blocksize=$test_size
		test=$leg sectors=$((48 * 2048))
		row_name=$case_name-$raw_size-$test_size
		exercise 48
	done
done
