# SPDX-License-Identifier: GPL-2.0-only
# This test will use every option with every verb that has it, and print the help of each.
# Needs: machine=debug

. "$TOP/tests/lib/command.sh"

new_pair 8

# Each option becomes the word of the table line.
for word in $(words_of OPTION 'MODE|FLAG' | tr _ -); do
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

# Sizes: in sectors or, with a suffix, in bytes.
for size in 2048 1M 1MiB 1m; do
	tool 0 open --dry-run bvtest-v "$raw" "$test" --sectors $size
	says "0 2048 blkverify $raw $test"
done

tool 0 open --dry-run bvtest-v "$raw" "$test" --sectors 1024KB
says "0 2000 blkverify $raw $test"

tool 1 open --dry-run bvtest-v "$raw" "$test" --sectors 1KB
warns "--sectors \"1KB\" is not a multiple of 512 bytes"

tool 1 open --dry-run bvtest-v "$raw" "$test" --sectors 1X
warns "--sectors \"1X\" is not a number of sectors or a size such as 64M"

tool 1 open --dry-run bvtest-v "$raw" "$test" --sectors 16E
warns "--sectors \"16E\" is too large"

tool 1 open --dry-run bvtest-v "$raw" "$test" --sectors 16M
warns "--sectors 32768: test $test has 16384"

tool 0 open bvtest-v "$raw" "$test"
tool 0 scrub bvtest-v --start 1M --length 2M
says "4096 sectors read from 2048"

tool 1 scrub bvtest-v --start 1MX
warns "--start \"1MX\" is not a number of sectors"

tool 1 scrub bvtest-v --length 100KB0
warns "--length \"100KB0\" is not a number of sectors"

tool 0 dump bvtest-v 4M --context 1K
expect "sectors shown" "8190 8191 8192 8193 8194" "$(sed -n 's/^sector \([0-9]*\).*/\1/p' "$TMPDIR/out" | xargs)"

tool 1 dump bvtest-v 1KB
warns "invalid sector number \"1KB\": not a multiple of 512 bytes"

tool 1 dump bvtest-v 4M --context 1KB
warns "--context \"1KB\" is not a multiple of 512 bytes"
tool 0 close bvtest-v

for bad in "--fingerprint-max-mib x" "--fingerprint-max-mib 0" "--sectors 0" "--sectors -1" "--sectors" "--sectors 1x"; do
	tool 1 open bvtest-v "$raw" "$test" $bad
done

tool 1 open "bvtest v" "$raw" "$test"
warns "invalid device name \"bvtest v\""

# A rejection by the kernel is reported with the reason from its log.
tool 1 open bvtest-v "$raw" "$test" --fingerprint --fingerprint-max-mib 99999999
warns "kernel log: device-mapper: "
expect_no_device bvtest-v

# Help, for each verb: usage, description, options; an error about an unknown option refers to it.
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
warns "unknown verb \"nonsense\""

# --debug in either place prints each step; without it nothing is printed.
tool 0 --debug open bvtest-v "$raw" "$test"
warns "# 0 $sectors blkverify $raw $test"

for verb in "status bvtest-v" "report bvtest-v" "dump bvtest-v 0" "wait --timeout 0 bvtest-v" "scrub bvtest-v" "close bvtest-v"; do
	tool 0 $verb --debug
	grep -q '^# ' "$TMPDIR/err" || fail "$verb --debug says nothing"
	[ "$verb" = "close bvtest-v" ] || { tool 0 $verb; expect "messages of $verb" "" "$(cat "$TMPDIR/err")"; }
done
