# SPDX-License-Identifier: GPL-2.0-only
# This test will fail each allocation of the constructor and of messages, and check that nothing is
# left behind.
# Needs: machine=debug

allocations_fail_in dm_blkverify
new_pair 16

for options in "" "1 written_only" "3 fingerprint fingerprint_max_mib 1" "1 no_write_copy" "3 crash crash_max_mib 1"; do
	dmsetup create bvtest-v --notable
	"$BVNTH" load bvtest-v $sectors "$raw $test $options" >"$TMPDIR/tries" || fail "$(cat "$TMPDIR/tries")"
	grep 'allocation .* failed' "$TMPDIR/tries" && fail "what failed was not called a lack of memory"
	read -r allocations _ refusals _ <"$TMPDIR/tries"
	echo "options \"$options\": $(cat "$TMPDIR/tries")"
	# The pages of both legs and more, one by one; only some of them are optional.
	[ "$allocations" -gt 500 ] && [ "$refusals" -gt 500 ] || fail "hardly any allocation failed"
	expect "users of the module" 0 "$(</sys/module/dm_blkverify/refcnt)"
	dmsetup remove bvtest-v
done

dmsetup create bvtest-v --notable
for word in "Cannot allocate trust map" "Cannot allocate private memory" "Cannot allocate workqueues" "Cannot allocate versions"; do
	expect_log "$word"
done

# Large allocations have a fallback: let none of them succeed.
while read -r function word; do
	allocations_fail_in "$function" 100
	if dmsetup load bvtest-v --table "0 $sectors blkverify $raw $test 2 fingerprint crash" 2>/dev/null; then
		fail "there is a table without what $function makes"
	fi
	expect_log "$word"
	expect "users of the module" 0 "$(</sys/module/dm_blkverify/refcnt)"
done <<END
blkverify_ctr Cannot allocate target
blkv_trust_init Cannot allocate trust map
blkv_pool_init Cannot allocate private memory
blkv_history_init Cannot allocate history
blkv_fingerprints_init Cannot allocate fingerprints
blkv_crash_init Cannot allocate versions
END

allocations_fail_in dm_blkverify

# No leg is still held: both can be opened exclusively.
dmsetup remove bvtest-v

dmsetup create bvtest-w --table "0 $sectors linear $raw 0"
dmsetup remove bvtest-w

dmsetup create bvtest-w --table "0 $sectors linear $test 0"
dmsetup remove bvtest-w
wipefs -aq "$raw" && wipefs -aq "$test" || fail "a leg is still held"
expect_no_log "dm_put_device"

# A message without memory for the trust map loses trust, visibly, but succeeds.
make_v
for message in "distrust 8 1" "trust 8 1" "list" "history 8" "inject 24 1" "mark a b"; do
	before=trust
	[[ $message != trust* ]] || before=distrust
	dmsetup message bvtest-v 0 $before 0 $sectors
	tries=$("$BVNTH" message bvtest-v "$message") || fail "\"$message\" is refused: $tries"
	echo "message \"$message\": $tries"
	[[ $tries == *" 0 refusals" ]] || fail "\"$message\" is refused without memory"
	case $message in
	distrust*) expect_field untrusted $sectors ;;
	trust*) expect_field untrusted $((sectors - 1)) ;;
	*) continue ;;
	esac
	[[ $tries != 0\ * ]] || fail "no allocation failed"
done

allocations_succeed
"$BVIO" poke "$test" 4096 1
dmsetup message bvtest-v 0 trust 0 $sectors
for i in 1 2 3 4 5 6 7 8; do "$BVIO" read $v $((24 * 512)) 512 >/dev/null || :; done
dmsetup message bvtest-v 0 reset
expect_field untrusted 0
expect_read_error EILSEQ 4096 512
