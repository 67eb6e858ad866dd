# SPDX-License-Identifier: GPL-2.0-only
# This test will feed "dmsetup table" back into "dmsetup create" and expect the same device.
# Needs: machine=debug

new_pair 16

try() { # <options as given> -- <options as printed>
	local given=() line
	while [ "$1" != -- ]; do given+=("$1"); shift; done
	shift
	make_v ${given[@]+"${given[@]}"}
	line=$(dmsetup table bvtest-v)
	case $line in "0 $sectors blkverify "[0-9]*:[0-9]*" "[0-9]*:[0-9]*"${*:+ $# $*}") ;;
	*) fail "table line: $line" ;; esac
	dmsetup remove bvtest-v
	dmsetup create bvtest-v --table "$line"
	expect "table line after a round trip" "$line" "$(dmsetup table bvtest-v)"
	dmsetup remove bvtest-v
}

try --
for word in $(words_of OPTION 'MODE|FLAG'); do try "$word" -- "$word"; done

try fingerprint_max_mib 7 fingerprint -- fingerprint fingerprint_max_mib 7
try no_write_copy written_only freeze_on_mismatch -- freeze_on_mismatch written_only no_write_copy
dmsetup create bvtest-v --table "0 $sectors blkverify $raw $test 0"
expect "no options, given as 0" "" "$(dmsetup table bvtest-v | cut -d ' ' -f 6-)"
