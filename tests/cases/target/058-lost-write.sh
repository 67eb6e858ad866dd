# SPDX-License-Identifier: GPL-2.0-only
# This test will lose writes on the test leg, and check that fingerprint reports them as class=stale, with
# the number of versions that are missing.
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
expect_log "contents mismatch in sector 24 byte=[0-9]* .* class=stale(1) differ=16 write_order="

# Three versions ago, and one more, which is not remembered. The same data again are no new version.
block() { seq -f "block $1 is %4.0f" 256; }
for f in a b b c d; do
	block $f | dd of=$v bs=4096 seek=5 count=1 iflag=fullblock oflag=direct status=none
done
block a | dd of="$real" bs=4096 seek=5 count=1 iflag=fullblock oflag=direct status=none
expect_read_error EILSEQ 20480 4096
expect_log "contents mismatch in sector 40 .* class=stale(3) "
block e | dd of=$v bs=4096 seek=5 count=1 iflag=fullblock oflag=direct status=none
block a | dd of="$real" bs=4096 seek=5 count=1 iflag=fullblock oflag=direct status=none
dmsetup message bvtest-v 0 reset
expect_read_error EILSEQ 20480 4096
expect_log "contents mismatch in sector 40 .* class=other "

# Zeros prove nothing, unless they were the previous version.
lay() { # <block that test has> <block that raw has>...: the test leg loses all but the first
	for f; do
		block_or_zeros $f | dd of=$v bs=4096 seek=6 count=1 iflag=fullblock oflag=direct status=none
	done
	block_or_zeros "$1" | dd of="$real" bs=4096 seek=6 count=1 iflag=fullblock oflag=direct status=none
}
block_or_zeros() { if [ "$1" = zeros ]; then head -c 4096 /dev/zero; else block "$1"; fi; }
lay zeros a b
expect_read_error EILSEQ 24576 4096
expect_log "contents mismatch in sector 48 .* class=zeros "
dmsetup message bvtest-v 0 reset
lay zeros c
expect_read_error EILSEQ 24576 4096
expect_log "contents mismatch in sector 48 .* class=stale(1) "

# A sector that was only ever written once has no previous version to be stale.
dmsetup message bvtest-v 0 reset
"$BVIO" poke "$real" $((700 * 512)) 1
expect_read_error EILSEQ $((700 * 512)) 4096
expect_log "contents mismatch in sector 700 .* class=bitflip(1)"

# The limit is respected: 1 MiB covers less than 32 MiB, and has the latest writes.
dmsetup message bvtest-v 0 reset

lose() { # <4 KiB block>: a write to it
	dd if=/dev/urandom of=$v bs=4096 seek=$1 count=1 oflag=direct status=none
	flakey "0 $n flakey $real 0 0 60000 1 drop_writes"
	dd if=/dev/urandom of=$v bs=4096 seek=$1 count=1 oflag=direct status=none
	flakey "0 $n linear $real 0"
}

lose 3
dd if=/dev/zero of=$v bs=1M seek=1 count=32 oflag=direct status=none
lose 20479

expect_read_error EILSEQ 12288 4096
expect_log "contents mismatch in sector 24 .* class=other"
expect_read_error EILSEQ $((20479 * 4096)) 4096
expect_log "contents mismatch in sector 163832 .* class=stale(1)"

# After a rewrite, no mismatch is left.
dmsetup message bvtest-v 0 reset
dd if=/dev/urandom of=$v bs=1M count=96 oflag=direct status=none
expect_read 0 4194304

reports_expected=8
expect_healthy

# A reload keeps the fingerprints; the default limit is 64 MiB.
dmsetup remove bvtest-v

make_v fingerprint

lose 3
load_resume bvtest-v "$(dmsetup table bvtest-v)"
expect_read_error EILSEQ 12288 4096
[[ $(dmsetup message bvtest-v 0 list) == *"in sector 24 "*"class=stale(1)"* ]] || fail "the fingerprints are gone"
