# SPDX-License-Identifier: GPL-2.0-only
# This test will check what "report" says of each kind of damage after a power cut.
# Needs: machine=debug

. "$TOP/tests/lib/command.sh"

new_pair 16 cache_size=1
make_v crash crash_unit 8
for f in a b c; do
	dd if=/dev/urandom of="$TMPDIR/$f" bs=4096 count=1 status=none
done
write() { # <device> <block> <file>
	dd if="$TMPDIR/$3" of="$1" bs=4096 seek="$2" count=1 oflag=direct conv=notrunc status=none
}
# The explanation of the report on a block, below its class.
explains() { # <block> <class> <text>
	tool 6 report bvtest-v
	awk -v sector=$(($1 * 8)) '/^ *[0-9]+ read / {on = $3 == sector} on' "$TMPDIR/out" \
		>"$TMPDIR/of-block"
	grep -q " $2: " "$TMPDIR/of-block" || fail "block $1: not $2: $(cat "$TMPDIR/out")"
	grep -qx " *after power cut 1$3" "$TMPDIR/of-block" || fail "block $1: $(cat "$TMPDIR/of-block")"
}

# Blocks 1 to 3 are durable with b, and 4 is uncertain.
for n in 1 2 3 4; do write $v $n a; done
flush_device $v
for n in 1 2 3; do write $v $n b; done
flush_device $v
write $v 4 b
for message in arm cut; do dmsetup message bvtest-v 0 crash $message; done
write "$test" 1 a
write "$test" 2 c
write "$test" 4 a
dmsetup message bvtest-v 0 crash back

expect_read_error EILSEQ 4096 4096
explains 1 lost ": what was promised by flush is gone"
expect_read_error EILSEQ 8192 4096
explains 2 other ": neither what was durable nor what was written since, as after .*"

# The first answer was allowed, and the second one would have been instead of it, but not after it.
expect_read $((4 * 4096)) 4096
write "$test" 4 b
expect_read_error EILSEQ $((4 * 4096)) 4096
explains 4 flapping ""
says "flapping: another version than was read before, since the cut"
