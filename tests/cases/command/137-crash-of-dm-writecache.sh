# SPDX-License-Identifier: GPL-2.0-only
# This test will find writes with FUA that dm-writecache loses because of a bug that is put back, with
# "run --crash", and nothing without the bug; mount, md5sum and e2fsck do not notice what was lost.
# Needs: machine=debug

. "$TOP/tests/lib/command.sh"
. "$TOP/tests/lib/museum.sh"
results=$TMPDIR/../museum.results exhibit=writecache-fua
CUTS=${CUTS:-5}

need_exhibits writecache-fua

# The line of results of a run, without "museum", the name and "command".
of_run() { sed -n "s/^museum|$exhibit|$1|command|//p" "$results"; } # bug|control

: >"$results"
for which in bug control; do apart by_command; done

IFS='|' read -r status cuts _ _ sector class < <(of_run bug)
[[ $status = 6 && $sector = [0-9]* && $class = lost ]] || fail "not found: $(cat "$results")"
echo "found after $cuts cuts in sector $sector, class $class" >>"$case_shows"
expect "peers that found nothing" 3 \
	"$(grep -cE '\|bug\|after\|(mount|md5sum|e2fsck)\|nothing$' "$results")"

IFS='|' read -r status cuts old new _ < <(of_run control)
[ "$status:$cuts" = "0:$CUTS" ] && [ "$old" -gt 0 ] && [ "$new" -gt 0 ] ||
	fail "without the bug: $(cat "$results")"
