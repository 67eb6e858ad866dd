# SPDX-License-Identifier: GPL-2.0-only
# This test will fail a resume in another target of the table, and check that no state is lost.
# Needs: machine=debug

new_leg 8 discard=1
origin=$leg
new_leg 8
cow=$leg

load_with() { # <first target> [option...]
	local first=$1
	shift
	dmsetup load bvtest-v <<-END
		0 8 $first
		8 $sectors blkverify $raw $test${*:+ $# $*}
	END
}

# A device whose resume has failed, and which has state to lose.
failed_resume() { # [option...]
	new_pair 16 discard=1
	dmsetup create bvtest-v --notable
	load_with "linear $origin 0" "$@"
	dmsetup resume bvtest-v
	dd if=/dev/urandom of=$v bs=1M count=8 oflag=direct status=none 2>/dev/null
	blkdiscard -f -o 1048576 -l 65536 $v
	"$BVIO" poke "$test" 1048576 0x55
	expect_field untrusted 128
	# A snapshot cannot be handed over while the device that owns it is active.
	dmsetup create bvtest-w --table "0 8 snapshot $origin $cow N 8"
	load_with "snapshot $origin $cow N 8" "$@"
	if dmsetup resume bvtest-v 2>/dev/null; then fail "the resume did not fail"; fi
}

kept() {
	expect_field untrusted 128
	expect_read 1048576 65536
	expect_field mismatches 0
	grep -q op=discard <<<"$(dmsetup message bvtest-v 8 history 2048)" || fail "the history is gone"
}

# The same table again, with the obstacle removed.
failed_resume
dmsetup suspend bvtest-w
dmsetup resume bvtest-v
kept
dmsetup remove bvtest-v
dmsetup remove bvtest-w

# Another table.
failed_resume
load_with "linear $origin 0"
dmsetup resume bvtest-v
kept

# A table that is cleared again takes no state with it.
load_with "linear $origin 0"
dmsetup clear bvtest-v
dmsetup suspend bvtest-v
dmsetup resume bvtest-v
kept
dmsetup remove bvtest-v
dmsetup remove bvtest-w

# A frozen device stays frozen.
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
expect_field state F
expect_field first_mismatch 8
