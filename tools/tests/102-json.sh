# SPDX-License-Identifier: GPL-2.0-only
# This test will print JSON that says the same as the words.
. "$TOP/tools/tests/lib.sh"
new_pair 16
tool 0 status
tool 0 status --json
expect "devices" "1 []" "$(json 'd["version"], d["devices"]' | tr -d '(),')"
"$BVIO" poke "$test" 5120 0x01
tool 0 open bvtest-v "$raw" "$test" --ignore-mismatch
expect_read 4096 4096
tool 6 status --json
expect "status" "bvtest-v C 10 1 8 ignore_mismatch" \
	"$(json '" ".join(map(str, (lambda s: [s["name"], s["state"], s["first_mismatch"], s["mismatches"], s["compared"], *s["options"]])(d["devices"][0])))')"
tool 6 status
says "bvtest-v"
tool 6 report --json bvtest-v
cat "$TMPDIR/out"
expect "report" "1 mismatch read 8 8 10 0 bitflip 1 0" \
	"$(json '" ".join(map(str, (lambda r: [r["number"], r["kind"], r["op"], r["sector"], r["sectors"], r["bad_sector"], r["byte"], r["class"], r["class_number"]])(d["reports"][0]))) + " " + str(d["dropped"])')"
tool 6 scrub --json bvtest-v
expect "scrub" "[{'start': 10, 'sectors': 1}]" "$(json 'd["bad"]')"
tool 0 close bvtest-v
tool 6 compare --json "$raw" "$test"
expect "compare" "[{'start': 10, 'sectors': 1}]" "$(json 'd["bad"]')"
