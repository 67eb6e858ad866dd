# SPDX-License-Identifier: GPL-2.0-only
# This test will fail a resume in another target of the table, and check that no state is lost.
# Needs: machine=debug

new_leg 8 discard=1
origin=$leg
new_leg 8
cow=$leg

status_field() { dmsetup status bvtest-v | awk -v n="$1" '$3 == "blkverify" {print $(3 + n)}'; }

load_with() { # <first target> [option...]
	local first=$1
	shift
	dmsetup load bvtest-v <<-END
		0 8 $first
		8 $sectors blkverify $raw $test${*:+ $# $*}
	END
}

# A device whose resume has failed, and which knows something.
failed_resume() { # [option...]
	new_pair 16 discard=1
	dmsetup create bvtest-v --notable
	load_with "linear $origin 0" "$@"
	dmsetup resume bvtest-v
	dd if=/dev/urandom of=$v bs=1M count=8 oflag=direct status=none 2>/dev/null
	blkdiscard -f -o 1048576 -l 65536 $v
	"$BVIO" poke "$test" 1048576 0x55
	expect "untrusted" 128 "$(status_field 11)"
	# A snapshot cannot be handed over while the device that has it runs.
	dmsetup create bvtest-w --table "0 8 snapshot $origin $cow N 8"
	load_with "snapshot $origin $cow N 8" "$@"
	if dmsetup resume bvtest-v 2>/dev/null; then fail "the resume did not fail"; fi
}

kept() {
	expect "untrusted" 128 "$(status_field 11)"
	expect_read 1048576 65536
	expect "mismatches" 0 "$(status_field 3)"
	dmsetup message bvtest-v 8 history 2048 | grep -q op=discard || fail "the history is gone"
}

# The same table once more, when nothing is in its way.
failed_resume
dmsetup suspend bvtest-w
dmsetup resume bvtest-v
kept
dmsetup remove bvtest-v
dmsetup remove bvtest-w

# Another one.
failed_resume
load_with "linear $origin 0"
dmsetup resume bvtest-v
kept

# One that was put aside again takes nothing with it.
load_with "linear $origin 0"
dmsetup clear bvtest-v
dmsetup suspend bvtest-v
dmsetup resume bvtest-v
kept
dmsetup remove bvtest-v
dmsetup remove bvtest-w

# What was frozen stays so.
new_pair 16 discard=1
dmsetup create bvtest-v --notable

load_with "linear $origin 0" freeze_on_mismatch
dmsetup resume bvtest-v
"$BVIO" poke "$test" 0 1
expect_read_error EILSEQ 4096 4096

dmsetup create bvtest-w --table "0 8 snapshot $origin $cow N 8"
load_with "snapshot $origin $cow N 8" freeze_on_mismatch
if dmsetup resume bvtest-v 2>/dev/null; then fail "the resume did not fail"; fi

load_with "linear $origin 0" freeze_on_mismatch
dmsetup resume bvtest-v
expect "state" F "$(status_field 1)"
expect "first mismatch" 8 "$(status_field 2)"
