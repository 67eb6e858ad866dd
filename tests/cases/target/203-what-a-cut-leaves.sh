# SPDX-License-Identifier: GPL-2.0-only
# This test will check what is settled, counted and served after a power cut: parts of blocks, read
# errors, devices without a cache, untrusted sectors, each mode, and allocations that fail.
# Needs: machine=debug

new_pair 16 cache_size=1
n=$sectors real=$test
fill_random "$raw" 16
dd if="$raw" of="$real" bs=1M oflag=direct status=none
new_dm flakey "0 $n linear $real 0"
test=$leg

write() { dd if=/dev/urandom of=$v bs=4096 seek="$1" count="${2:-1}" oflag=direct conv=notrunc status=none; }
save() { dd if="$real" of="$TMPDIR/saved" bs=4096 skip="$1" count="${2:-1}" iflag=direct status=none; }
restore() { dd if="$TMPDIR/saved" of="$real" bs=4096 seek="$1" count="${2:-1}" oflag=direct conv=notrunc status=none; }
flush() { dd if=/dev/null of=$v conv=fsync,notrunc status=none; }
crash() { dmsetup message bvtest-v 0 crash "$1"; }
cut_power() { crash arm; crash cut; }
flakey() { suspend_load_resume bvtest-flakey "$1"; }
bytes() { dd if="$1" bs="$3" iflag=direct,skip_bytes skip="$2" count=1 status=none; }
as_raw() { # <byte> <length>: what v returns is what raw and test hold
	"$BVIO" read $v "$1" "$2" >/dev/null || fail "the read at $1 failed"
	cmp <(bytes "$raw" "$@") <(bytes "$real" "$@") || fail "the legs differ at $1"
}

# A read of a sector settles its whole block.
make_v crash crash_unit 16
save 0 2
write 0 2
cut_power
restore 0 2
crash back
expect_field uncertain 16
as_raw 5120 512
expect_field uncertain 0
expect_field settled_old 1
as_raw 0 8192
expect_field mismatches 0

# What is untrusted in the block remains so, and the raw leg keeps its own data there.
flush
save 22 2
write 22 2
cut_power
restore 22 2
crash back
expect_field uncertain 16
dmsetup message bvtest-v 0 distrust 184 8
dd if=/dev/urandom of="$raw" bs=4096 seek=23 count=1 oflag=direct conv=notrunc status=none
own=$(bytes "$raw" 94208 4096 | md5sum)
as_raw 90112 4096
expect_field uncertain 0
expect_field untrusted 8
expect_field settled_old 2
expect "untrusted data of the raw leg" "$own" "$(bytes "$raw" 94208 4096 | md5sum)"
write 23
expect_field untrusted 0
dmsetup message bvtest-v 0 reset

# A read across blocks that were settled, that were not, and that are certain.
flush
write 1
write 9
cut_power
crash back
expect_field uncertain 16
as_raw 0 65536
expect_field uncertain 0
expect_field settled_new 2
expect_field mismatches 0

# A block that is not readable need not be, if its last write was not durable.
flush
write 4
cut_power
crash back
expect_field uncertain 8
flakey "0 $n flakey $real 0 0 600 1 error_reads"
expect_read_error EIO 16384 4096
expect_field unreadable 1
expect_field divergences 0
expect_read_error EIO 40960 4096
expect_field divergences 1
flakey "0 $n linear $real 0"
as_raw 16384 4096
expect_field unreadable 1
dmsetup message bvtest-v 0 reset
expect_field unreadable 0
expect_field settled_new 0
expect_field cuts 4

flush

# Nothing is known of what an untrusted sector held before it was written.
dmsetup message bvtest-v 0 distrust 160 8
dd if=/dev/urandom of="$real" bs=4096 seek=20 count=1 oflag=direct conv=notrunc status=none
save 20
write 20
expect_field untrusted 0
cut_power
restore 20
crash back
expect_field uncertain 8
as_raw 81920 4096
expect_field mismatches 0

# The same if the user says that it is trusted now.
flush
dd if=/dev/urandom of="$real" bs=4096 seek=21 count=1 oflag=direct conv=notrunc status=none
save 21
dd if="$TMPDIR/saved" of="$raw" bs=4096 seek=21 count=1 oflag=direct conv=notrunc status=none
dmsetup message bvtest-v 0 trust 168 8
expect "versions of it" anything "$(dmsetup message bvtest-v 0 versions 168)"
cut_power
dd if=/dev/urandom of="$real" bs=4096 seek=21 count=1 oflag=direct conv=notrunc status=none
crash back
as_raw 86016 4096
expect_field mismatches 0

# An untrusted sector is never judged.
write 22
cut_power
dd if=/dev/urandom of="$real" bs=4096 seek=22 count=1 oflag=direct conv=notrunc status=none
crash back
dmsetup message bvtest-v 0 distrust 176 8
"$BVIO" read $v 90112 4096 >/dev/null || fail "the read of an untrusted block failed"
expect_field mismatches 0
write 22
flush
dmsetup remove bvtest-v

# Not all that is wrong after a power cut is wrong because of it.
make_v crash fingerprint
write 24
cut_power
crash back
as_raw 98304 4096
expect_field uncertain 0
"$BVIO" poke "$real" 98304 1
expect_read_error EILSEQ 98304 4096
expect_log "contents mismatch in sector 192 .* class=bitflip.1. "
"$BVIO" poke "$real" 98304 1
save 24
write 24
flush
restore 24
expect_read_error EILSEQ 98304 4096
expect_log "contents mismatch in sector 192 .* class=stale.1. "
expect_field lost 0
write 24
flush
dmsetup remove bvtest-v

# With ignore_mismatch the caller gets the data of raw, every time.
make_v ignore_mismatch crash fingerprint
write 30
flush
write 30
cut_power
"$BVIO" poke "$real" $((30 * 4096 + 700)) 1
crash back
for i in 1 2; do
	dd if=$v bs=4096 skip=30 count=1 iflag=direct status=none | cmp - <(dd if="$raw" bs=4096 skip=30 count=1 iflag=direct status=none) ||
		fail "not the data of raw"
	expect_field mismatches $i
done
grep -q " sector=240 nr=8 contents mismatch in sector 241 .*class=other " <<<"$(dmsetup message bvtest-v 0 list)" ||
	fail "not reported as expected: $(dmsetup message bvtest-v 0 list)"
write 30
flush
dmsetup remove bvtest-v

# Frozen at the first finding; settled by reads into the caller's memory.
make_v freeze_on_mismatch crash no_read_copy strict_completion
save 31
write 31
write 32
cut_power
restore 31
"$BVIO" poke "$real" $((32 * 4096)) 1
crash back
as_raw $((31 * 4096)) 4096
expect_read_error EILSEQ $((32 * 4096)) 4096
expect_field state F
dmsetup remove bvtest-v
dd if="$raw" of="$real" bs=1M oflag=direct status=none

# While memory is short, less is known, but nothing is reported.
make_v crash
write 40 64
flush
allocations_fail_in blkv_versions_alloc 50
write 40 32
write 60 20
allocations_succeed
[ "$(allocations_failed)" -gt 0 ] || fail "no allocation failed"
[ "$(field unproven)" -gt 0 ] || fail "no sector is unproven"
cut_power
crash back
expect_read $((40 * 4096)) 262144
expect_field mismatches 0
expect_field uncertain 0
dmsetup remove bvtest-v

# The blocks of the test device count, even if those of raw are larger.
new_leg 16 blocksize=4096
raw=$leg
new_leg 16 cache_size=1
test=$leg real=$leg
make_v crash
save 2
write 2
dd if="$real" of="$TMPDIR/saved" bs=512 skip=19 seek=3 count=5 iflag=direct conv=notrunc status=none
cut_power
restore 2
crash back
expect_field uncertain 8
as_raw 8192 4096
expect_field settled_old 3
expect_field settled_new 5
expect_field mismatches 0
write 2
dmsetup remove bvtest-v

# Without a write cache a write is durable when it completes.
new_pair 16
real=$test
make_v crash
write 1
save 1
write 1
cut_power
restore 1
crash back
expect_field uncertain 0
expect_read_error EILSEQ 4096 4096
expect_log "contents mismatch in sector 8 .* class=lost .* crash=1 promise=no_cache "

# But while it is away, a flush must not succeed.
crash cut
load_resume bvtest-v "0 $sectors blkverify $raw - 1 crash"
if flush 2>/dev/null; then fail "a flush did not fail"; fi
load_resume bvtest-v "0 $sectors blkverify $raw $test 1 crash"
crash back
flush
dmsetup remove bvtest-v

# A mismatch is reported even if raw cannot follow the next block.
new_pair 16 cache_size=1
n=$sectors real=$test real_raw=$raw
new_dm raw "0 $n linear $real_raw 0"
raw=$leg
make_v crash
write 0 2
flush
save 1
write 0 2
cut_power
restore 1
"$BVIO" poke "$real" 700 1
crash back
suspend_load_resume bvtest-raw "0 $n flakey $real_raw 0 0 600 1 error_writes"
expect_read_error EIO 0 8192
expect_field mismatches 1
expect_field divergences 1
expect_field untrusted 15
suspend_load_resume bvtest-raw "0 $n linear $real_raw 0"
expect_read_error EILSEQ 0 8192
expect_field untrusted 0
dmsetup remove bvtest-v

# A flush that an armed target sees fail, although there is power, counts as any other that fails.
new_pair 16 cache_size=1
liar_as_test
make_v crash
write 3
crash arm
lie fail flush MEDIUM 1
if flush 2>/dev/null; then fail "the flush did not fail"; fi
expect_field power armed
crash done
flush
[[ $(dmsetup message bvtest-v 0 versions 24 | sed -n 1p) == *"kind=data promise=void"* ]] ||
	fail "not void: $(dmsetup message bvtest-v 0 versions 24)"
dmsetup remove bvtest-v
dmsetup remove bvtest-liar

# Data that arrive late are no sign of a power cut, even if they are right in the end.
new_pair 16 cache_size=1
new_dm slow "0 $sectors delay $raw 0 $(scaled 150) $raw 0 0"
raw=$leg
liar_as_test
make_v crash
write 3
crash arm
lie early "$(scaled 30)"
expect_read_error EILSEQ 12288 4096
expect_field power armed
expect_field mismatches 1
expect_log "contents mismatch in sector 24 .* class=unfilled "
lie honest
settle_lies
crash done

# The same while uncertain sectors are read.
write 3
flush
write 3
cut_power
crash back
lie early "$(scaled 30)"
expect_read_error EILSEQ 12288 4096
[ "$(dmsetup message bvtest-v 0 list | grep -c 'contents mismatch in sector 24 .* class=unfilled ')" = 2 ] ||
	fail "not reported as expected: $(dmsetup message bvtest-v 0 list)"
lie honest
settle_lies
expect_field uncertain 8
expect_read 12288 4096
expect_field uncertain 0
