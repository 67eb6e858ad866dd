# SPDX-License-Identifier: GPL-2.0-only
# This test will fail one request in ten on either leg at random, and expect divergences but no
# mismatch.
# Needs: machine=debug

new_pair 16 discard=1
make_v

requests_fail 10 "$raw" "$test"
"$BVIO" mixed $v $((8 << 20)) "${LOAD_SECONDS:-5}" 8 ${SEED:-} || :
"$BVIO" race $v $((1 << 20)) "${LOAD_SECONDS:-3}" 8 ${SEED:-} || :
requests_succeed
echo "status: $(dmsetup status bvtest-v)"
expect_field mismatches 0

for name in divergences raw_errors test_errors compared untrusted; do
	[ "$(field $name)" -gt 0 ] || fail "the field $name is 0"
done

# All that is still trusted is equal on both legs; so is all that is written from now on.
divergences=$(field divergences)

expect_read 0 16777216
expect_field mismatches 0
"$BVIO" mixed $v $((8 << 20)) 1 8 ${SEED:-} || fail "an I/O failed"
expect_field mismatches 0
expect_field divergences "$divergences"
expect_equal_again
