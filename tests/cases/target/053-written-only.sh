# SPDX-License-Identifier: GPL-2.0-only
# This test will use legs that differ initially, and check that each sector is compared once it is
# written.
# Needs: machine=debug

new_pair 16
fill_random "$raw" 16
fill_random "$test" 16
make_v written_only

expect_field untrusted $sectors
expect_read 0 4194304
expect_field compared 0
expect_field skipped 8192
expect_field state V

dd if=/dev/urandom of=$v bs=512 count=3 seek=1001 oflag=direct status=none

expect_field untrusted $((sectors - 3))
expect_read 512000 4096
expect_field compared 3
expect_field skipped 8197

# A mismatch is found in the written sectors, and not next to them.
"$BVIO" poke "$test" $((1000 * 512)) 1
"$BVIO" poke "$test" $((1004 * 512)) 1
expect_read 512000 4096

"$BVIO" poke "$test" $((1003 * 512 + 511)) 1

expect_read_error EILSEQ 512000 4096
expect_field first_mismatch 1003
expect_log "contents mismatch in sector 1003 byte=511 .* differ=1"

# Once all of it is written, all of it is compared.
dmsetup message bvtest-v 0 reset
dd if=/dev/urandom of=$v bs=1M count=16 oflag=direct status=none
expect_field untrusted 0
expect_read 0 4194304

reports_expected=1
expect_healthy
