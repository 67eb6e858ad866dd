# SPDX-License-Identifier: GPL-2.0-only
# This test will check that ignore_mismatch completes reads with the data of the raw leg.
# Needs: machine=debug

new_pair 16
fill_random "$raw" 16
dd if="$raw" of="$test" bs=1M oflag=direct status=none
make_v ignore_mismatch
for at in 512 5000 1048577; do "$BVIO" poke "$test" $at 0x80; done
cmp $v "$raw" || fail "the caller did not get raw's data"
expect_field state C
expect_field first_mismatch 1
[ "$(field mismatches)" -ge 2 ] || fail "not all mismatches were counted"
expect_log "contents mismatch in sector 1 byte=0 .* class=bitflip(1)"
expect_log "contents mismatch in sector 2048 byte=1 .* class=bitflip(1)"

# A leg error is not a mismatch: it is passed up.
dmsetup remove bvtest-v

new_dm bad "0 $sectors error"
test=$leg
make_v ignore_mismatch
expect_read_error EIO 0 4096
expect_field divergences 1
