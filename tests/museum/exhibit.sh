# SPDX-License-Identifier: GPL-2.0-only
# This test will run the exhibits that tests/museum/run names in EXHIBIT, and print their results at once.
. "$TOP/tests/lib/museum.sh"

results=$TMPDIR/../museum.results
ASK_COMMAND=1
: >"$results"
tail -f "$results" >&3 &
tail=$!
for exhibit in $EXHIBIT; do
	run_exhibit "$exhibit"
	which=end record
done
sleep 1
kill $tail
