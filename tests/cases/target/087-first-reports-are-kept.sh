# SPDX-License-Identifier: GPL-2.0-only
# This test will cause more findings than are kept, and check that the first 64 since the last reset
# are kept in addition to the last 64.
# Needs: machine=debug

new_pair 16
make_v
fill_random "$test" 1

find_blocks() { # <first> <last>
	local i
	for ((i = $1; i <= $2; i++)); do
		expect_read_error EILSEQ $((i * 4096)) 4096
	done
}
expect_list() { # <numbers> <blocks> <dropped>
	dmsetup message bvtest-v 0 list >"$TMPDIR/list"
	expect "dropped" "dropped=$3" "$(tail -n 1 "$TMPDIR/list")"
	expect "numbers" "$1" "$(sed '$d' "$TMPDIR/list" | cut -d ' ' -f 1 | xargs)"
	expect "blocks" "$2" "$(sed -n 's/.* read sector=\([0-9]*\) .*/\1/p' "$TMPDIR/list" |
		while read -r sector; do echo $((sector / 8)); done | xargs)"
}

find_blocks 0 139
expect_field mismatches 140
expect_list "$(seq -s ' ' 1 64) $(seq -s ' ' 77 140)" "$(seq -s ' ' 0 63) $(seq -s ' ' 76 139)" 12

# After a reset, the first reports are new ones.
dmsetup message bvtest-v 0 reset
find_blocks 200 201
expect_list "141 142" "200 201" 0

# A table that replaces this one inherits the reports.
load_resume bvtest-v "$(dmsetup table bvtest-v)"
find_blocks 202 202
expect_list "141 142 143" "200 201 202" 0
