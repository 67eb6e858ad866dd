# SPDX-License-Identifier: GPL-2.0-only
# This test will check that a transient error of a device is reported, even if re-reading returns
# correct data.
# Needs: machine=debug

# RAM disks: old versions of dm-flakey corrupt nothing on request-based ones.
ram_pair 16
n=$sectors real=$test

# Wrong in its third byte while it is "down", 1 s of every 2.
new_dm flakey "0 $n flakey $real 0 1 1 5 corrupt_bio_byte 3 r 85 0"
test=$leg
make_v

read_fails() { ! "$BVIO" read "$v" 0 4096; }
wait_until 30 read_fails

# Whether the re-read was wrong, too, depends on timing; that the first read was wrong does not.
expect_log "contents mismatch in sector 0 byte=2 raw=0x00 test=0x55 class=bitflip(4) differ=1"
expect_field mismatches 1

# The device is right again: the findings stay.
suspend_load_resume bvtest-flakey "0 $n linear $real 0"

expect_read 0 1048576
expect_field state C
expect_field first_mismatch 0
expect_field mismatches 1
