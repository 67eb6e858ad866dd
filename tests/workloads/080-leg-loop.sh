# SPDX-License-Identifier: GPL-2.0-only
# This test will use loop devices as legs: buffered, direct, and on a file with holes.
. "$TOP/tests/workloads/lib.sh"
loop_pair 100
exercise 64
losetup --direct-io=on "$raw" && losetup --direct-io=on "$test"
row_name=$case_name-direct
exercise 64
