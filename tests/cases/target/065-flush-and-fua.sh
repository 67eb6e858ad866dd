# SPDX-License-Identifier: GPL-2.0-only
# This test will check that flushes reach both legs, and that one which only one leg completes is
# reported.
# Needs: machine=debug

has_tracing || skip "this kernel has no tracing"
new_pair 16 cache_size=1
n=$sectors real=$test
new_dm flakey "0 $n linear $real 0"
test=$leg
make_v
expect "write cache" "write back" "$(attribute queue/write_cache)"

dd if=/dev/urandom of=$v bs=4096 count=4 oflag=direct conv=fsync status=none
dd if=/dev/urandom of=$v bs=4096 count=4 oflag=direct,dsync status=none
expect_read 0 16384
expect_healthy

# A flush reaches each leg.
flushes() { awk '{print $16}' "/sys/block/${1##*/}/stat"; }

raw_before=$(flushes "$raw") test_before=$(flushes "$real")
dd if=/dev/null of=$v conv=fsync,notrunc status=none
[ "$(flushes "$raw")" -gt "$raw_before" ] || fail "raw was not flushed"
[ "$(flushes "$real")" -gt "$test_before" ] || fail "test was not flushed"

# An FUA write arrives as one at both legs.
echo >$tracing/trace
echo 1 >$tracing/events/block/block_bio_queue/enable
dd if=/dev/urandom of=$v bs=4096 count=1 seek=5 oflag=direct,dsync status=none
echo 0 >$tracing/events/block/block_bio_queue/enable
for leg in "$raw" "$real"; do
	number=$(cat "/sys/block/${leg##*/}/dev")
	grep -q "block_bio_queue: ${number/:/,} WFS* 40 + 8 " $tracing/trace ||
		fail "$leg was not told to write through: $(cat $tracing/trace)"
done

suspend_load_resume bvtest-flakey "0 $n flakey $real 0 0 600 1 error_writes"

if dd if=/dev/null of=$v conv=fsync,notrunc 2>/dev/null; then fail "the flush did not fail"; fi
expect_log "flush sector=0 nr=0 divergence raw=0 test=-5"
expect_field divergences 1
expect_field test_errors 1
expect_field untrusted 0
expect_field first_mismatch -
if dd if=/dev/urandom of=$v bs=4096 count=1 seek=9 oflag=direct,dsync 2>/dev/null; then fail "the write did not fail"; fi
expect_log "write sector=72 nr=8 divergence raw=0 test=-5"
expect_field first_mismatch 72
