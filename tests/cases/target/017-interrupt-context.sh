# SPDX-License-Identifier: GPL-2.0-only
# This test will use legs that complete in a timer interrupt, with either leg the faster one.
# Needs: machine=stock

new_leg 16 irqmode=2 completion_nsec=10000
raw=$leg
new_leg 16 irqmode=2 completion_nsec=300000
test=$leg
sectors=32768
for turn in 1 2; do
	make_v
	"$BVIO" race $v 1048576 2 8 ${SEED:-}
	expect_healthy
	"$BVIO" poke "$test" 2048 1
	expect_read_error EILSEQ 0 4096
	expect_read_error EILSEQ 0 262144
	expect_field mismatches 2
	reports_expected=$((reports_expected + 2))
	"$BVIO" poke "$test" 2048 1
	dmsetup remove bvtest-v
	expect_same_legs
	swapped=$raw raw=$test test=$swapped
done
