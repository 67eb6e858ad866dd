# SPDX-License-Identifier: GPL-2.0-only
# This test will lose a write on the test leg, and check that fingerprint reports it as class=stale.
# Needs: machine=debug

ram_pair 96
n=$sectors real=$test
new_dm flakey "0 $n linear $real 0"
test=$leg
make_v fingerprint fingerprint_max_mib 1
expect "options" "3 fingerprint fingerprint_max_mib 1" "$(dmsetup table bvtest-v | cut -d ' ' -f 6-)"

dd if=/dev/urandom of=$v bs=1M count=1 oflag=direct status=none

flakey() { suspend_load_resume bvtest-flakey "$1"; } # <target line>

flakey "0 $n flakey $real 0 0 60000 1 drop_writes"
dd if=/dev/urandom of=$v bs=4096 seek=3 count=2 oflag=direct status=none
flakey "0 $n linear $real 0"
expect_read_error EILSEQ 0 65536
expect_log "contents mismatch in sector 24 byte=[0-9]* .* class=stale differ=16 write_order="

# A sector that was only ever written once has no previous version to be stale.
dmsetup message bvtest-v 0 reset
"$BVIO" poke "$real" $((700 * 512)) 1
expect_read_error EILSEQ $((700 * 512)) 4096
expect_log "contents mismatch in sector 700 .* class=bitflip(1)"

# The limit is respected: 1 MiB covers less than 64 MiB, and has the latest writes.
dmsetup message bvtest-v 0 reset

lose() { # <4 KiB block>: a write to it
	dd if=/dev/urandom of=$v bs=4096 seek=$1 count=1 oflag=direct status=none
	flakey "0 $n flakey $real 0 0 60000 1 drop_writes"
	dd if=/dev/urandom of=$v bs=4096 seek=$1 count=1 oflag=direct status=none
	flakey "0 $n linear $real 0"
}

lose 3
dd if=/dev/zero of=$v bs=1M seek=1 count=70 oflag=direct status=none
lose 20479

expect_read_error EILSEQ 12288 4096
expect_log "contents mismatch in sector 24 .* class=other"
expect_read_error EILSEQ $((20479 * 4096)) 4096
expect_log "contents mismatch in sector 163832 .* class=stale"

# After a rewrite, no mismatch is left.
dmsetup message bvtest-v 0 reset
dd if=/dev/urandom of=$v bs=1M count=96 oflag=direct status=none
expect_read 0 4194304

reports_expected=4
expect_healthy

# A reload keeps the fingerprints; the default limit is 64 MiB.
dmsetup remove bvtest-v

make_v fingerprint

lose 3
load_resume bvtest-v "$(dmsetup table bvtest-v)"
expect_read_error EILSEQ 12288 4096
[[ $(dmsetup message bvtest-v 0 list) == *"in sector 24 "*"class=stale"* ]] || fail "the fingerprints are gone"
