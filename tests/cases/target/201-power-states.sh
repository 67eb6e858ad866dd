# SPDX-License-Identifier: GPL-2.0-only
# This test will arm the target, let the test device fail, go away and come back, and check what is
# kept, refused and reported.
# Needs: machine=debug

new_pair 16 cache_size=1
n=$sectors real=$test
new_dm flakey "0 $n linear $real 0"
test=$leg
line="0 $n blkverify $raw"

write() { dd if=/dev/urandom of=$v bs=4096 seek="$1" count=1 oflag=direct conv=notrunc status=none 2>/dev/null; }
save() { dd if="$real" of="$TMPDIR/saved" bs=4096 skip="$1" count=1 iflag=direct status=none; }
restore() { dd if="$TMPDIR/saved" of="$real" bs=4096 seek="$1" count=1 oflag=direct conv=notrunc status=none; }
flush() { dd if=/dev/null of=$v conv=fsync,notrunc status=none; }
crash() { dmsetup message bvtest-v 0 crash "$1"; }
refuses() { # <message> <text in the log>
	if dmsetup message bvtest-v 0 $1 2>/dev/null; then fail "not refused: $1"; fi
	expect_log "message rejected: $2"
}
flakey() { suspend_load_resume bvtest-flakey "$1"; }

# Without the option there is nothing to tell.
make_v
expect_field power -
expect_field unproven -
refuses "crash arm" "this needs the option crash"
refuses uncertain "this needs the option crash"
dmsetup remove bvtest-v
expect_refused "A test device that is away needs crash" "$line -"
expect_refused "crash_unit is not a power of two" "$line $test 3 crash crash_unit 6"
expect_refused "crash and no_write_copy are mutually exclusive" "$line $test 2 crash no_write_copy"
expect_refused "A test device that is away needs a table with the same options" "$line - 1 crash"

make_v crash
write 0
write 1
flush
save 0
write 0

# An armed target switches off when the test leg fails, and that is not reported.
refuses "crash back" "crash back: the test device has power"
refuses "crash now" "crash now: say arm, cut, back or done"
crash arm
expect_field power armed
expect_read 0 4096
flakey "0 $n flakey $real 0 0 600 1 error_writes"
if write 1; then fail "the write did not fail"; fi
expect_field power off
expect_field divergences 0
expect_field test_errors 1
expect_field untrusted 0
refuses "crash arm" "crash arm: the test device has no power"
refuses "crash done" "crash done: the test device has no power"

# The device goes away. Nothing is forgotten, everything fails.
load_resume bvtest-v "$line - 1 crash"
expect "table" "-" "$(dmsetup table bvtest-v | cut -d ' ' -f 5)"
expect_field power off
expect_read_error EIO 0 4096
refuses "crash back" "crash back: the test device is away"
dmsetup suspend bvtest-v
dmsetup resume bvtest-v

# It comes back under another name: with the old version of one block, and a write less.
restore 0
dmsetup remove bvtest-flakey
new_dm back "0 $n linear $real 0"
load_resume bvtest-v "$line $leg 1 crash"
expect_field power off
expect_read_error EIO 0 4096
crash back
expect_field power settling
expect_field uncertain 16
[ "$(dmsetup message bvtest-v 0 versions 8 | grep -c '^order=')" = 2 ] ||
	fail "two versions: $(dmsetup message bvtest-v 0 versions 8)"
[[ $(dmsetup message bvtest-v 0 versions 8 | sed -n 1p) == *"kind=data promise=failed"* ]] ||
	fail "the failed write is not the newest version: $(dmsetup message bvtest-v 0 versions 8)"

# A second cut before anything was read changes nothing.
crash cut
crash back
expect_field cuts 2
expect_field uncertain 16
expect_read 0 8192
expect_field uncertain 0
expect_field settled_old 16
expect_field power on
expect_field mismatches 0
cmp -n $((n * 512)) "$raw" "$real" || fail "raw did not follow test"

# An armed device that was without power for a moment: what it returns is not reported, either.
save 3
write 3
crash arm
restore 3
expect_read_error EIO 12288 4096
expect_field power off
expect_field mismatches 0
crash back
expect_read 12288 4096
expect_field mismatches 0

# But if it returns what it must not hold, that is.
crash arm
save 5
write 5
"$BVIO" poke "$real" 20480 1
expect_read_error EILSEQ 20480 4096
expect_field power armed
expect_field mismatches 1
"$BVIO" poke "$real" 20480 1
expect_read 20480 4096
crash done
expect_field power on

# What was uncertain is untrusted now: an answer is not durable before a flush, so that the last cut
# made it uncertain again.
expect_field untrusted 16
write 0
write 1
expect_field untrusted 0
flush

# "done" gives up on what was not read.
write 6
crash cut
crash back
expect_field uncertain 8
crash done
expect_field uncertain 0
expect_field untrusted 8
expect_field power on
write 6
expect_field untrusted 0

# So does a table without the option, or with others.
write 5
crash cut
crash back
expect_field uncertain 16
load_resume bvtest-v "$line $leg 3 crash crash_max_mib 8"
expect_field uncertain 0
expect_field untrusted 16
expect_field power on
write 5
crash cut
load_resume bvtest-v "$line $leg"
expect_field power -
expect_field untrusted 16

# It must come back as it was.
load_resume bvtest-v "$line $leg 1 crash"
crash cut
load_resume bvtest-v "$line - 1 crash"
dmsetup remove bvtest-back
new_leg 17 cache_size=1
load_resume bvtest-v "$line $leg 1 crash"
refuses "crash back" "crash back: the test device has another size than before"
dmsetup remove bvtest-v
