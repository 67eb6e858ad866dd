# SPDX-License-Identifier: GPL-2.0-only
# This test will use null_blk legs: with a cache, with hardly a queue, without one, slow by a timer.
. "$TOP/tests/workloads/lib.sh"
for kind in "cache_size=8" "hw_queue_depth=2" "queue_mode=0" "irqmode=2 completion_nsec=50000"; do
	row_name=$case_name-${kind%%=*}
	read -r -a attributes <<<"$kind"
	new_pair 32 discard=1 "${attributes[@]}"
	exercise 32
done
