# SPDX-License-Identifier: GPL-2.0-only
# This test will lose one completion in twenty on either leg, until the timeout, and check that
# nothing hangs.
# Needs: machine=debug

need_faults $timeout_faults

# From then on, a slow request does not time out.
stop_failing() {
	stop_faults $timeout_faults
	for leg in "$raw" "$test"; do
		[ -z "$leg" ] || echo "$(scaled 30000)" >"/sys/block/${leg##*/}/queue/io_timeout"
	done
}

trap 'stop_failing; clean_up' EXIT
new_pair 16 discard=1 irqmode=1
make_v

for leg in "$raw" "$test"; do
	echo 100 >"/sys/block/${leg##*/}/queue/io_timeout"
	echo 1 >"/sys/block/${leg##*/}/io-timeout-fail"
done

start_faults $timeout_faults 5
"$BVIO" mixed $v $((8 << 20)) "${LOAD_SECONDS:-5}" 8 ${SEED:-} || :
"$BVIO" race $v $((1 << 20)) "${LOAD_SECONDS:-3}" 8 ${SEED:-} || :
stop_failing
echo "status: $(dmsetup status bvtest-v)"

expect_log 'divergence raw=0 test=-110'
expect_log 'divergence raw=-110 test=0'
expect_field mismatches 0

# The timeouts were reported; the effect of such a write is unknown, so its range is untrusted.
divergences=$(field divergences)

expect_read 0 16777216
expect_field mismatches 0
expect_field divergences "$divergences"
expect_equal_again
