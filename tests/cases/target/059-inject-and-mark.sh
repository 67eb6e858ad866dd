# SPDX-License-Identifier: GPL-2.0-only
# This test will inject mismatches on request, and check that marks appear in the log and in
# reports.
# Needs: machine=debug

new_pair 16
dmsetup create bvtest-v <<END
0 8 error
8 $sectors blkverify $raw $test
END

tell() { dmsetup message bvtest-v 8 "$@"; }

tell mark before the upgrade
expect_log 'bvtest-v: mark "before the upgrade"'

tell inject 100 0x21

expect_read $((200 * 512)) 4096
expect_read_error EILSEQ $((96 * 512)) 4096
expect_log 'contents mismatch in sector 100 byte=0 raw=0x00 test=0x21 class=bitflip(2) differ=1 injected write=none mark="before the upgrade"'
wait_until 30 has_labels
wait_until 30 expect_log 'bvtest-v: report 1, sector 100: transient$'

# Once only, and the test leg itself is unchanged.
expect_read $((96 * 512)) 4096
cmp "$raw" "$test" || fail "the injection reached the device"

tell mark

# A real difference in the same request is not mistaken for the injected one.
"$BVIO" poke "$test" $((392 * 512)) 0x10
tell inject 404
expect_read_error EILSEQ $((392 * 512)) 16384
expect_log 'contents mismatch in sector 400 byte=0 raw=0x00 test=0x10 class=bitflip(1) differ=2 write=none$'
wait_until 30 has_labels
wait_until 30 expect_log 'bvtest-v: report 2, sector 400: persistent$'

"$BVIO" poke "$test" $((392 * 512)) 0x10
expect_read $((392 * 512)) 16384

tell inject 8
expect_read_error EILSEQ 4096 1048576
expect_log 'contents mismatch in sector 8 byte=0 raw=0x00 test=0xff class=bitflip(8) differ=1 injected write=none$'

for bad in "inject" "inject 7" "inject $((sectors + 8))" "inject 100 0" "inject 100 256" "inject 100 1 1" "inject -1"; do
	# shellcheck disable=SC2086
	if tell $bad 2>/dev/null; then fail "accepted: $bad"; fi
done

tell distrust 300 1
if tell inject 300 2>/dev/null; then fail "an injection that no read would find was accepted"; fi
expect_log 'sector 300 is not trusted, so reads of it are not compared'
for ((i = 0; i < 16; i++)); do tell inject $((1000 + i)); done
if tell inject 1016 2>/dev/null; then fail "a 17th injection was accepted"; fi
expect_read_error EILSEQ $((1000 * 512)) 8192
expect_log 'contents mismatch in sector 1000 .* differ=16 injected'
if tell mark 'a"b' 2>/dev/null; then fail "a mark with a quote was accepted"; fi
if tell mark "$(head -c 48 /dev/zero | tr '\0' x)" 2>/dev/null; then fail "a long mark was accepted"; fi

tell mark "$(head -c 47 /dev/zero | tr '\0' x)"

# The first report after a mark is in the log, whatever the rate limit has just swallowed.
dmsetup message bvtest-v 8 reset
dd if=/dev/urandom of="$test" bs=512 seek=2000 count=200 oflag=direct status=none
dd if=$v of=/dev/null bs=512 skip=2008 count=200 iflag=direct conv=noerror status=none 2>/dev/null || :
tell mark rate limit
dd if=$v of=/dev/null bs=512 skip=2008 count=50 iflag=direct conv=noerror status=none 2>/dev/null || :

[ "$(case_log | grep -c 'contents mismatch')" -lt "$(field mismatches)" ] ||
	fail "the log is not limited"
expect_log 'contents mismatch in sector 2008 .* mark="rate limit"'
