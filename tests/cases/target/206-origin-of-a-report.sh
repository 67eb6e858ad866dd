# SPDX-License-Identifier: GPL-2.0-only
# This test will check that a report says who read, in which shape and on which CPU, and how long ago
# things happened that may be the cause.
# Needs: machine=debug

# The last report, from the pid on.
origin() {
	dmsetup message bvtest-v 0 list | sed -n '$!h; ${x; s/.*\( pid=\)/\1/p}'
}
expect_origin() { # <what> <pattern>
	local found
	found=$(origin)
	[[ $found =~ ^$2' time_ms='[0-9]+$ ]] || fail "$1: \"$found\" does not match $2"
}
read_bad() { # <argument of dd>...
	if dd if=$v of=/dev/null bs=4096 skip=1 count=1 status=none "$@" 2>/dev/null; then
		fail "dd has read corrupted data"
	fi
}
age() { origin | sed -n "s/.*[=,]$1:\([0-9]*\).*/\1/p"; } # <word>
expect_events() { # <words>
	read_bad iflag=direct
	expect "what happened before" "$1" "$(origin | sed -n 's/.* near=\([^ ]*\) .*/\1/p' | sed 's/:[0-9]*//g')"
}

loop_pair 16
"$BVIO" poke "$test" 4196 0x21
below=$test
new_dm test "0 $sectors linear $below 0"
test=$leg
make_v

# The pid is that of dd, whose memory is aligned to pages.
read_bad iflag=direct
expect_origin "direct read" ' pid=[0-9]+ comm="dd" flags=[a-z,]*sync[a-z,]* segments=1 offset=0 cpus=[01],[01]'
# Once the read that includes readahead has failed, the page alone is read.
read_bad
expect_origin "read of the page cache" ' pid=[0-9]+ comm="dd"( flags=[a-z,]*)? segments=1 offset=0 cpus=[01],[01]'
"$BVIO" scatter $v "$raw" 4096 >/dev/null 2>&1 || :
expect_origin "readv of ten buffers" ' pid=[0-9]+ comm="program" flags=[a-z,]*sync[a-z,]* segments=1[0-9] offset=0 cpus=[01],[01]'

expect "what happened before" "" "$(origin | grep near= || :)"
dd if=/dev/zero of=$v bs=4096 count=1 conv=fsync,notrunc status=none
expect_events flush
blkdiscard -f -o 65536 -l 4096 $v
expect_events flush,discard
blkdiscard -f -z -o 65536 -l 4096 $v
expect_events flush,discard,write_zeroes
suspend_load_resume bvtest-test "0 16384 linear $below 0
16384 8 error
16392 $((sectors - 16392)) linear $below 16392"
if dd if=$v of=/dev/null bs=4096 skip=2048 count=1 iflag=direct status=none 2>/dev/null; then
	fail "the test leg does not fail"
fi
dmsetup message bvtest-v 0 mark now
expect_events flush,discard,write_zeroes,test_error,mark
suspend_load_resume bvtest-v "$(dmsetup table bvtest-v)"
expect_events flush,discard,write_zeroes,test_error,suspend,mark

# Ages grow.
marked=$(age mark) flushed=$(age flush)
[ "$marked" -le "$flushed" ] || fail "the mark is older than the flush: $marked ms, $flushed ms"
sleep 2
read_bad iflag=direct
[ "$(age mark)" -ge $((marked + 2000)) ] || fail "after two seconds, the age of the mark is $(age mark) ms, not $marked ms more"
[ "$(age mark)" -le $((marked + (SECONDS + 1) * 1000)) ] || fail "the mark is $(age mark) ms old after $SECONDS s"

# Of each CPU that has compared anything, since the table was loaded.
dmsetup message bvtest-v 0 cpus >"$TMPDIR/cpus"
expect "last line" complete "$(tail -n 1 "$TMPDIR/cpus")"
[ -z "$(grep -vxE 'cpu=[01] compared=[0-9]+|complete' "$TMPDIR/cpus")" ] || fail "$(cat "$TMPDIR/cpus")"
[ "$(sed -n 's/.* compared=//p' "$TMPDIR/cpus" | awk "{n += \$1} END {print n}")" = 16 ] || fail "$(cat "$TMPDIR/cpus")"
