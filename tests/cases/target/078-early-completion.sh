# SPDX-License-Identifier: GPL-2.0-only
# This test will let the test leg complete reads before their data arrive, and check that this is
# found even if the raw leg is slower.
# Needs: machine=debug

new_pair 16
fill_random "$raw" 1
dd if="$raw" of="$test" bs=1M count=1 oflag=direct status=none
new_dm slow "0 $sectors delay $raw 0 $(scaled 150)"
raw=$leg
liar_as_test
make_v

# All data of each read are late.
lie early "$(scaled 30)"
for i in 1 2 3 4 5 6 7 8; do
	expect_read_error EILSEQ $((i * 4096)) 4096
done
# (The data of the re-read for the label are late, too, and may also be reported.)
expect "unfilled reads in the list" 8 "$(dmsetup message bvtest-v 0 list | grep -c ' class=unfilled ')"
# The raw leg is so slow that they have arrived when the report is made.
zero=0x0000000000000000
expect "reports without a word that differs" 8 "$(dmsetup message bvtest-v 0 list |
	grep -c " class=unfilled .* words=$zero set=$zero cleared=$zero ")"
expect_log 'read sector=8 nr=8 contents mismatch in sector 8 byte=504 .* class=unfilled differ=1 '
settle_lies
dmsetup message bvtest-v 0 reset

# Only one sector of a long read is late.
lie early "$(scaled 30)" 77 1
expect_read_error EILSEQ 65536 65536
expect "the report" 1 "$(dmsetup message bvtest-v 0 list |
	grep -c '^[0-9]* read sector=128 nr=128 contents mismatch in sector 205 byte=504 .* class=unfilled ')"

# The same, completed with interrupts off: a worker looks at the data.
settle_lies
dmsetup message bvtest-v 0 reset
lie irqs-off on
lie early "$(scaled 75)" 200 1
expect_read_error EILSEQ 65536 131072
expect "the report" 1 "$(dmsetup message bvtest-v 0 list |
	grep -c '^[0-9]* read sector=128 nr=256 contents mismatch in sector 328 byte=504 .* class=unfilled ')"
lie honest
settle_lies
dmsetup remove bvtest-v

# An untrusted sector is not reported: the caller gets the raw leg's data.
make_v
lie early "$(scaled 30)" 77 1
dmsetup message bvtest-v 0 distrust $((128 + 77)) 1
expect_read 65536 65536
expect_field mismatches 0
lie honest
wait_until 30 liar_is_done
dmsetup remove bvtest-v

# Wrong data arrive first, then the correct ones: only a checksum detects this.
make_v strict_completion
expect_read 0 65536
lie early "$(scaled 30)"
lie flip 35 2
expect_read_error EILSEQ 16384 4096
expect_only_late
expect_field first_mismatch 32
expect_log 'read sector=32 nr=8 contents mismatch in sector 32 .* class=late '
expect_read_error EILSEQ 16384 131072
lie honest
wait_until 30 liar_is_done
expect_read 0 131072
dmsetup remove bvtest-v

# The correct data arrive while the raw leg is read again, to confirm the difference.
make_v
lie early "$(scaled 225)"
lie flip 35 1
expect_read_error EILSEQ 16384 4096
expect_log 'read sector=32 nr=8 contents mismatch in sector 35 byte=0 .* class=late '
expect_field unstable 0
lie honest
wait_until 30 liar_is_done
expect_read 16384 4096
