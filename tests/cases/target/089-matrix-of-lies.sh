# SPDX-License-Identifier: GPL-2.0-only
# This test will let the test leg complete reads early, return wrong data at first, and modify
# writes, for several request lengths and positions, and check the sector and class of each report.
# Needs: machine=debug

new_pair 16 max_sectors=2048
fill_random "$raw" 4
dd if="$raw" of="$test" bs=1M count=4 oflag=direct status=none
new_dm slow "0 $sectors delay $raw 0 $(scaled 100) $raw 0 0"
raw=$leg
liar_as_test
make_v strict_completion check_copies

start=2048	# at 1 MiB, so that the target does not split the requests
tell() { dmsetup message bvtest-v 0 "$@"; }

is_labelled() { # <nr>
	grep -qE "^[0-9]+ read sector=$start nr=$1 contents mismatch .* (persistent|transient) class=" <<<"$(tell list)"
}

# A report must name this request, sector and class, or the other sector and its class (a pattern).
row() { # <lie> <op> <nr> <sector> <class> [<sector> <class>]
	local list report
	list=$(tell list)
	rows=$((rows + 1))
	report="[0-9] $2 sector=$start nr=$3 contents mismatch in sector"
	grep -q "$report $4 byte=.* class=$5 " <<<"$list" ||
		{ [ -n "${6-}" ] && grep -qE "$report $6 byte=.* class=($7) " <<<"$list"; } ||
		fail "$1 of $3 sectors, sector $4: $list"
	# The re-read for the label must not meet the next lie. (Its own late data may be reported, too,
	# without a label.)
	[ "$2" = write ] || wait_until 60 is_labelled "$3"
	tell reset
}

one() { # <lie> <nr> <sector of the request>
	local nr=$2 at=$3 bytes=$(($2 * 512))
	case $1 in
	early)
		lie early "$(scaled 20)" "$at" 1
		expect_read_error EILSEQ $((start * 512)) $bytes
		lie honest
		row "$1" read "$nr" $((start + at)) unfilled
		;;
	wrong-at-first)
		# The checksum does not tell which sector has changed. But a slow machine may compare the
		# legs before the right data arrive, which does.
		lie early "$(scaled 20)"
		lie flip $((start + at)) 1
		expect_read_error EILSEQ $((start * 512)) $bytes
		lie honest
		row "$1" read "$nr" $start late $((start + at)) 'late|bitflip\(2\)'
		;;
	modified)
		lie modify $((at * 512 + 77))
		if dd if=/dev/urandom of=$v bs=$bytes seek=$((start * 512)) count=1 oflag=direct,seek_bytes \
			status=none 2>/dev/null; then fail "a write of $nr sectors did not fail"; fi
		lie honest
		row "$1" write "$nr" $((start + at)) modified
		tell distrust 0 $sectors
		dd if=/dev/urandom of=$v bs=1M seek=1 count=1 oflag=direct status=none
		tell trust 0 $sectors
		;;
	esac
	# Late data must not affect the next request.
	wait_until 30 liar_is_done
}

for lie in early wrong-at-first modified; do
	rows=0
	for nr in 8 128 2048; do
		for at in 0 $((nr / 2 + 1)) $((nr - 1)); do
			one $lie $nr $at
		done
	done
	printf '%-14s %8s reported with sector and class\n' $lie $rows
done | tee "$case_shows"
expect "rows" 3 "$(grep -c ' 9 reported' "$case_shows")"
