# SPDX-License-Identifier: GPL-2.0-only
# This test will corrupt two sectors on both sides of the point where a read is split, and expect
# both reports.
# Needs: machine=debug

new_pair 16
make_v

"$BVIO" poke "$test" $(((1 << 20) - 1)) 0x01
"$BVIO" poke "$test" $((1 << 20)) 0x01
expect_read_error EILSEQ $(((1 << 20) - 65536)) 131072

# Two workers compare the halves: either may finish first.
case $(field first_mismatch) in
2047 | 2048) ;;
*) fail "first_mismatch: $(field first_mismatch)" ;;
esac

expect_field mismatches 2
expect_log "contents mismatch in sector 2047 byte=511"
expect_log "contents mismatch in sector 2048 byte=0"
