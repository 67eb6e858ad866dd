# SPDX-License-Identifier: GPL-2.0-only
# This test will corrupt two sectors on both sides of the point where the recheck of a long read is
# split, and expect both reports.
# Needs: machine=debug

new_pair 16
fill_random "$raw" 16
dd if="$raw" of="$test" bs=1M count=16 oflag=direct status=none
make_v
start=65536

# Parts of 1 MiB, from the start of the read on. How long its requests are depends on the memory.
"$BVIO" poke "$test" $((start + (1 << 20) - 1)) 0x01
"$BVIO" poke "$test" $((start + (1 << 20))) 0x01
expect_read_error EILSEQ $start $((4 << 20))
expect_field mismatches 2
expect_field first_mismatch 2175
expect_field reshaped 0
expect_log "contents mismatch in sector 2175 byte=511 .* differ=1 "
expect_log "contents mismatch in sector 2176 byte=0 .* differ=1 "
# The first one is labelled.
wait_until 30 expect_log "report 1, sector 2175: persistent"

# Each part is completed with raw's data.
dmsetup remove bvtest-v
make_v ignore_mismatch
dd if=$v of="$TMPDIR/read" bs=4M iflag=direct,skip_bytes skip=$start count=1 status=none
cmp -n $((4 << 20)) "$TMPDIR/read" "$raw" 0 $start
expect_field mismatches 2
