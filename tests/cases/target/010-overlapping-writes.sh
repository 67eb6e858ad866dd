# SPDX-License-Identifier: GPL-2.0-only
# This test will keep 8 overlapping writes in flight, and expect identical legs and no reports.
# Needs: machine=stock

# The raw leg serves its queue sorted by sector, the test leg in arrival order, both one at a time.
new_leg 16 irqmode=2 completion_nsec=100000 hw_queue_depth=1
raw=$leg
if grep -q mq-deadline "/sys/block/${raw##*/}/queue/scheduler"; then
	echo mq-deadline >"/sys/block/${raw##*/}/queue/scheduler"
fi
new_leg 16 irqmode=2 completion_nsec=100000 hw_queue_depth=1
test=$leg
echo none >"/sys/block/${test##*/}/queue/scheduler"
sectors=32768
make_v

# Only the result of the last writes is visible: check several times.
for i in 1 2 3 4 5; do
	"$BVIO" overlap $v 65536 0.8 8 ${SEED:+$((SEED + i))}
	expect_read 0 1048576
done

expect_healthy
dmsetup remove bvtest-v
expect_same_legs
