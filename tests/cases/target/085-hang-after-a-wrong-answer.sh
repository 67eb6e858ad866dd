# SPDX-License-Identifier: GPL-2.0-only
# This test will let the test leg hang after it has returned wrong data, and check that all channels
# still report the mismatch, and that a frozen target does not re-read the test leg.
# Needs: machine=debug

ram_pair 16
liar_as_test

# The first read returns wrong data, and all later ones hang.
wrong_and_hangs() { # <option of the table line>
	make_v "$@"
	events=$(dmsetup info -c --noheadings -o events bvtest-v)
	lie hang 1
	(dmsetup wait bvtest-v "$events" >/dev/null; echo event >"$TMPDIR/event") &
	"$BVIO" read $v 40960 4096 >"$TMPDIR/read" 2>&1 &
	reader=$!
}

expect_told() {
	wait_until 1 has_ended $reader
	wait_until 1 test -s "$TMPDIR/event"
	expect_field mismatches 1
	expect_field first_mismatch 80
	expect_log "bvtest-v: read sector=80 nr=8 contents mismatch in sector 80 byte=$1 "
	[[ $(dmsetup message bvtest-v 0 list) == "1 read sector=80 nr=8 contents mismatch in sector 80 byte=$1 "*" class="* ]] ||
		fail "the list: $(dmsetup message bvtest-v 0 list)"
	rm "$TMPDIR/event"
}

has_label() { [[ $(dmsetup message bvtest-v 0 list) == *" $1 class="* ]]; }

# The label is added when the re-read completes.
"$BVIO" poke "$test_below" 41000 1
wrong_and_hangs
expect_told 40
expect "the read" "read: EILSEQ" "$(cat "$TMPDIR/read")"
wait_until 5 liar_keeps 1
if has_label persistent; then fail "it is called persistent before it was re-read"; fi
expect_no_log "report 1, sector 80"

# Until then a write of these sectors waits: it would make the mismatch look transient.
dd if=/dev/zero of=$v bs=4096 seek=10 count=1 oflag=direct status=none &
writer=$!
sleep 1
if has_ended $writer; then fail "a write has changed the sectors before they were re-read"; fi
lie release
wait_until 5 has_label persistent
wait_until 30 expect_log 'bvtest-v: report 1, sector 80: persistent$'
wait $writer
dmsetup remove bvtest-v

# An error that is gone when the test leg is re-read.
echo "bvtest: transient" >/dev/kmsg
lie flip 80 1
wrong_and_hangs ignore_mismatch
expect_told 0
expect "the read" "read 4096" "$(cat "$TMPDIR/read")"
wait_until 5 liar_keeps 1
lie release
wait_until 5 has_label transient
wait_until 30 expect_log 'bvtest-v: report 1, sector 80: transient$'
dmsetup remove bvtest-v

# A frozen target does not re-read the legs.
lie flip 80 1
wrong_and_hangs freeze_on_mismatch
expect_told 0
expect "the read" "read: EILSEQ" "$(cat "$TMPDIR/read")"
expect_field state F
expect_read_error EIO 0 4096
dmsetup suspend bvtest-v
dmsetup resume bvtest-v
wait_until 1 liar_keeps 0
if has_label "[a-z]*"; then fail "a frozen target has re-read the test leg"; fi
