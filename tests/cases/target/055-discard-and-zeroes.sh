# SPDX-License-Identifier: GPL-2.0-only
# This test will discard and zero ranges, and check that whole requests reach both legs and update
# the trust map.
# Needs: machine=debug

new_pair 64 discard=1
make_v

dd if=/dev/urandom of=$v bs=1M count=64 oflag=direct status=none

discards() { awk '{print $12, $14}' "/sys/block/${1##*/}/stat"; }

blkdiscard -f $v

# Not split at every MiB: each leg got as few requests as it would without the target.
for leg in "$raw" "$test"; do
	read -r nr sectors_seen <<<"$(discards "$leg")"
	expect "sectors discarded on $leg" "$sectors" "$sectors_seen"
	[ "$nr" -le 2 ] || fail "the discard was cut into $nr requests"
done

expect_field untrusted $sectors

# (blkdiscard reads signatures before it discards.)
dmsetup message bvtest-v 0 reset

expect_read 0 4194304
expect_field skipped 8192
expect_field compared 0
dmsetup remove bvtest-v

# Odd borders of both kinds.
loop_pair 64
make_v

dmsetup message bvtest-v 0 distrust 0 $sectors
blkdiscard -f -z -o $((1023 * 512)) -l $((4098 * 512)) $v

expect_field untrusted $((sectors - 4098))
expect_read $((1023 * 512)) $((4098 * 512))
expect_field compared 4098
expect_field skipped 0

blkdiscard -o $((2000 * 512)) -l 512 $v
expect_field untrusted $((sectors - 4097))

dd if=/dev/urandom of=$v bs=512 count=1 seek=2000 oflag=direct status=none
expect_field untrusted $((sectors - 4098))

blkdiscard -f -z $v
expect_field untrusted 0
expect_read 0 4194304

"$BVIO" poke "$test" 9999 4

expect_read_error EILSEQ 0 4194304
expect_field first_mismatch 19
expect_field divergences 0
dmsetup remove bvtest-v

# An operation that test does not support is not offered.
new_leg 64
test=$leg
make_v
if blkdiscard $v 2>/dev/null; then fail "discards are offered though test has none"; fi
expect "discard_max_bytes" 0 "$(attribute queue/discard_max_bytes)"

blkdiscard -f -z $v
expect_field untrusted 0
expect_field divergences 0
dmsetup remove bvtest-v

# Legs that turn out not to support write zeroes: the block layer falls back to writing zeros.
truncate -s 16M "$TMPDIR/raw.img" "$TMPDIR/test.img"
raw=$(losetup -f --show "$TMPDIR/raw.img")
test=$(losetup -f --show "$TMPDIR/test.img")
sectors=32768
make_v

blkdiscard -f -z $v

expect_field state V
expect_field untrusted 0
expect_read 0 4194304
expect_field divergences 0
