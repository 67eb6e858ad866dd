# SPDX-License-Identifier: GPL-2.0-only
# This test will check that reports name the exact sector when the target does not start at 0 and
# the legs are partitions.
# Needs: machine=debug

truncate -s 40M "$TMPDIR/raw" "$TMPDIR/test"
printf 'label: dos\nstart=2048, size=32768\n' | sfdisk -q "$TMPDIR/raw"
printf 'label: dos\nstart=4099, size=32768\n' | sfdisk -q "$TMPDIR/test"
raw_disk=$(losetup -fP --show "$TMPDIR/raw")
test_disk=$(losetup -fP --show "$TMPDIR/test")
new_pair 16

# Three targets: error, partitions, RAM disks.
dmsetup create bvtest-v <<END
0 5 error
5 32768 blkverify ${raw_disk}p1 ${test_disk}p1
32773 32768 blkverify $raw $test
END
expect_read $((5 * 512)) 1048576

"$BVIO" poke "$test_disk" $(((4099 + 1000) * 512 + 3)) 0x01
expect_read_error EILSEQ $(((5 + 990) * 512)) 65536
expect_log "bvtest-v: read sector=995 nr=128 contents mismatch in sector 1005 byte=3 raw=0x00 test=0x01 class=bitflip(1)"

"$BVIO" poke "$test" $((7 * 512 + 9)) 0xff

expect_read_error EILSEQ $((32773 * 512)) 8192
expect_log "bvtest-v: read sector=32773 nr=16 contents mismatch in sector 32780 byte=9 raw=0x00 test=0xff class=bitflip(8)"
expect "first mismatch of each target" "1005 32780" \
	"$(dmsetup status bvtest-v | sed -n 's/.* blkverify C \([0-9]*\) 1 .*/\1/p' | xargs)"
