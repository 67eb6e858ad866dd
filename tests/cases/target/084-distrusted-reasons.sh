# SPDX-License-Identifier: GPL-2.0-only
# This test will make sectors untrusted in every way that is not reported, and check that they are
# counted by reason.
# Needs: machine=debug

loop_pair 64
liar_as_test
make_v

expect_distrusted() { # <discard> <refused> <failed> <message>
	expect_field distrusted_discard "$1"
	expect_field distrusted_refused "$2"
	expect_field distrusted_failed "$3"
	expect_field distrusted_message "$4"
}
expect_distrusted 0 0 0 0
expect_field distrusted_memory 0

dmsetup message bvtest-v 0 distrust 100 50
expect_distrusted 0 0 0 50

blkdiscard -f -o 1048576 -l 65536 $v
expect_distrusted 128 0 0 50

lie fail zeroes NOTSUPP 1
if fallocate -p -o 2097152 -l 32768 $v 2>"$TMPDIR/said"; then fail "it did not fail"; fi
grep -q "unsupported" "$TMPDIR/said" || fail "$(cat "$TMPDIR/said")"
expect_distrusted 128 64 0 50
expect_field divergences 0

# A divergence is reported, so its sectors are not counted here.
lie fail write IOERR 1
if dd if=/dev/zero of=$v bs=4096 seek=1000 count=1 oflag=direct 2>/dev/null; then fail "the write did not fail"; fi
expect_field divergences 1
expect_distrusted 128 64 0 50

expect_field untrusted $((50 + 128 + 64 + 8))
dmsetup remove bvtest-v

# Both legs fail a write.
dmsetup remove bvtest-liar
new_pair 16
make_v
requests_fail 100 "$raw" "$test"
if dd if=/dev/zero of=$v bs=4096 count=2 oflag=direct 2>/dev/null; then fail "the write did not fail"; fi
requests_succeed
expect_field divergences 0
expect_field untrusted 8
expect_distrusted 0 0 8 0

# Without memory to distrust a single sector, other sectors become untrusted with it.
dmsetup message bvtest-v 0 trust 0 $sectors
expect_field untrusted 0
allocations_fail_in blkv_trust_set 100
dmsetup message bvtest-v 0 distrust 1 1
allocations_succeed
expect_field distrusted_message 1
expect "sectors that lost their trust" "$(field untrusted)" $((1 + $(field distrusted_memory)))
[ "$(field distrusted_memory)" -gt 0 ] || fail "no memory was short"

dmsetup message bvtest-v 0 reset
expect_distrusted 0 0 0 0
expect_field distrusted_memory 0
