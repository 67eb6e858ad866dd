# SPDX-License-Identifier: GPL-2.0-only
# This test will report a device that answers wrongly for a moment, and call it transient.
new_pair 16
# Old versions of dm-flakey corrupt nothing on request-based disks: a loop device for test.
truncate -s 16M "$TMPDIR/test"
test=$(losetup -f --show "$TMPDIR/test")
# dm-flakey corrupts reads of its 3rd byte for 2 s of every 3.
n=$sectors
new_dm flakey "0 $n flakey $test 0 1 2 5 corrupt_bio_byte 3 r 85 0"
real=$test
test=$leg
make_v
found=0
for ((i = 0; i < 300 && !found; i++)); do
	"$BVIO" read "$v" 0 4096 >/dev/null || found=1
	sleep 0.05
done
[ $found = 1 ] || fail "dm-flakey corrupted nothing"
expect_log "contents mismatch in sector 0 byte=2 raw=0x00 test=0x55 persistent"
dmsetup message bvtest-v 0 reset
# Make it right underneath, then wrong for exactly one read.
dmsetup suspend bvtest-flakey
dmsetup load bvtest-flakey --table "0 $n linear $real 0"
dmsetup resume bvtest-flakey
expect_read 0 4096
expect_field mismatches 0
