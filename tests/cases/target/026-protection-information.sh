# SPDX-License-Identifier: GPL-2.0-only
# This test will attach protection information to requests, and check that the test leg gets it, and
# that the target does not blame a leg for what is wrong in it.
# Needs: machine=debug

. "$TOP/tests/lib/scsi.sh"

new_scsi_disks 1 dev_size_mb=16 dif=1 dix=1 delay=0
test=${disks[0]}
{ "$BVLOAD" tuples-write 4096 "$test" && "$BVLOAD" tuples-read 4096 "$test"; } ||
	skip "this kernel takes no protection information from programs"
dd if=/dev/zero of="$test" bs=1M count=16 oflag=direct status=none

# A raw leg without protection information: only the test leg has to have it.
new_leg 16
raw=$leg
sectors=32768
dd if=/dev/zero of="$raw" bs=1M count=16 oflag=direct status=none
make_v
for bytes in 4096 65536 1048576; do
	"$BVLOAD" tuples-write $bytes $v || fail "write"
	"$BVLOAD" tuples-read $bytes "$test" || fail "the test leg did not get it"
	"$BVLOAD" tuples-read $bytes $v || fail "read"
done
expect_healthy

# What the submitter got wrong is not a fault of the test leg.
said=$("$BVLOAD" tuples-wrong 4096 $v) && fail "a wrong guard was accepted"
expect "the error" EILSEQ "${said##* }"
expect_healthy
dmsetup remove bvtest-v
