# SPDX-License-Identifier: GPL-2.0-only
# This test will send SCSI commands to the mapped device: those that read state must reach the test
# leg, and those that might write must reach nothing.
# Needs: machine=stock

. "$TOP/tests/lib/scsi.sh"

new_scsi_disks 2 dev_size_mb=8 add_host=2 per_host_store=1
raw=${disks[0]} test=${disks[1]} sectors=16384

inquiry=120000002400 serial=120180004000 write10=2a000000000800000100 unmap=42000000000000001800
scsi() { "$BVIO" scsi "$@" || :; } # <from or to> <device> <command>

# Kernels that do not say which ioctl it is pass none on.
passes() { [ "$(printf '%s\n' 6.16 "$(uname -r)" | sort -V | head -n 1)" = 6.16 ]; }
expect_passed() { # <what> <device> <command>
	local want='scsi: ENOTTY'
	! passes || want=$(scsi from "$2" "$3")
	expect "$1" "$want" "$(scsi from $v "$3")"
}

make_v
[[ $(scsi from "$test" $inquiry) == 'scsi 0 '* ]] || fail "an inquiry fails: $(scsi from "$test" $inquiry)"
[ "$(scsi from "$test" $serial)" != "$(scsi from "$raw" $serial)" ] || fail "both disks have the same serial number"
expect_passed "inquiry" "$test" $inquiry
expect_passed "serial number" "$test" $serial

# Nothing that might write is passed on, in whatever direction it claims to transfer.
dd if=/dev/urandom of=$v bs=1M count=1 oflag=direct status=none
for c in $write10 $unmap; do
	expect "command $c" 'scsi: ENOTTY' "$(scsi to $v $c)"
	expect "command $c" 'scsi: ENOTTY' "$(scsi from $v $c)"
done
expect "a command of state that sends data" 'scsi: ENOTTY' "$(scsi to $v $inquiry)"
expect_read 0 8388608
expect_healthy
blockdev --flushbufs "$raw" "$test"
expect_same_legs

# The same command to the test leg itself makes a difference, so it would have been found.
expect "a write to the test leg" 'scsi 0' "$(scsi to "$test" $write10 | cut -d ' ' -f 1,2)"
expect_read_error EILSEQ 0 1048576
dmsetup remove bvtest-v

# A part of the disk: the privileged user may still ask it.
sectors=4096
make_v
expect_passed "inquiry, a part of the disk" "$test" $inquiry
if passes && command -v setpriv >/dev/null; then
	expect "without CAP_SYS_RAWIO" 'scsi: ENOTTY' \
		"$(setpriv --bounding-set -sys_rawio --inh-caps -sys_rawio "$BVIO" scsi from $v $inquiry || :)"
fi
