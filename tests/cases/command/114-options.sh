# SPDX-License-Identifier: GPL-2.0-only
# This test will take every option in every verb that has it, and print help for each.
. "$TOP/tests/lib/command.sh"
new_pair 8

# Each option word becomes that of the table.
for word in ignore-mismatch freeze-on-mismatch panic-on-mismatch written-only no-write-copy fingerprint; do
	tool 0 open bvtest-v "$raw" "$test" --$word
	expect "options of --$word" "${word//-/_}" "$(dmsetup table bvtest-v | cut -d ' ' -f 7)"
	tool 0 status bvtest-v
	says "options:        ${word//-/_}"
	tool 0 close bvtest-v
	tool 0 open --dry-run bvtest-v "$raw" "$test" --$word
	says "0 $sectors blkverify $raw $test 1 ${word//-/_}"
done
tool 0 open bvtest-v "$raw" "$test" --fingerprint --fingerprint-max-mib 7 --sectors 2048
expect "table" "0 2048 blkverify" "$(dmsetup table bvtest-v | cut -d ' ' -f 1-3)"
tool 0 close bvtest-v
for bad in "--fingerprint-max-mib x" "--fingerprint-max-mib 0" "--sectors 0" "--sectors -1" "--sectors" "--sectors 1x"; do
	tool 1 open bvtest-v "$raw" "$test" $bad
done
tool 1 open "bvtest v" "$raw" "$test"
warns "is no name for a device"
# What the kernel refuses is told with the kernel's reason.
tool 1 open bvtest-v "$raw" "$test" --fingerprint --fingerprint-max-mib 99999999
warns "the kernel says: device-mapper: "
expect_no_device bvtest-v

# Help, for each verb: usage, what it does, its options; and an unknown option names it.
tool 0 --help
cp "$TMPDIR/out" "$TMPDIR/help"
says "1 failed: wrong arguments, not confirmed, or an error"
says "7 inconclusive"
for verb in $("$BLKVERIFY" --list-words); do
	grep -q "^  $verb" "$TMPDIR/help" || fail "--help lacks $verb"
	tool 0 $verb --help
	says "usage: blkverify $verb"
	says "--help"
	says "--debug"
	tool 0 $verb --version
	says "blkverify 1."
	tool 1 $verb --nonsense
	warns "blkverify: unrecognized option '--nonsense'"
	warns "\"blkverify $verb --help\" lists the options"
	grep -q "^.It Cm $verb" "$TOP/Documentation/blkverify.8" || fail "the manual lacks $verb"
	for option in $("$BLKVERIFY" --list-words $verb | sed 's/ .*//'); do
		grep -q -e "Fl -${option#--}" "$TOP/Documentation/blkverify.8" || fail "the manual lacks $option"
	done
done
tool 1
says "usage: blkverify VERB"
tool 1 nonsense
warns "there is no verb \"nonsense\""

# --debug in either place says what is done; without it nothing is said.
tool 0 --debug open bvtest-v "$raw" "$test"
warns "# 0 $sectors blkverify $raw $test"
for verb in "status bvtest-v" "report bvtest-v" "dump bvtest-v 0" "wait --timeout 0 bvtest-v" "scrub bvtest-v" "close bvtest-v"; do
	tool 0 $verb --debug
	grep -q '^# ' "$TMPDIR/err" || fail "$verb --debug says nothing"
	[ "$verb" = "close bvtest-v" ] || { tool 0 $verb; expect "messages of $verb" "" "$(cat "$TMPDIR/err")"; }
done
