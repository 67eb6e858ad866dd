# SPDX-License-Identifier: GPL-2.0-only
# This test will run a sample of the museum: drivers with a real bug put back, which must be found by an
# ordinary load, and without it, which must be reported healthy.
# Needs: machine=debug

. "$TOP/tests/lib/museum.sh"
results=$TMPDIR/../museum.results
NO_PEERS=1

need_exhibits brd-discard loopbug writecache-reload writecache-fua

for exhibit in brd-discard loopbug writecache-reload writecache-fua; do
	: >"$results"
	run_exhibit $exhibit
	grep -qx "museum|$exhibit|control|nothing" "$results" || fail "$exhibit without its bug: $(cat "$results")"
	grep -q "^museum|$exhibit|bug|found|" "$results" || fail "$exhibit: not found: $(cat "$results")"
	sed -n "s/^museum|\([^|]*\)|bug|found|\([^|]*\)|\([^|]*\)|\([^|]*\)|.*/\1: found after \2 s in sector \3, class \4/p" \
		"$results" >>"$case_shows"
done
