# SPDX-License-Identifier: GPL-2.0-only
# This test will check that the JSON output agrees with the text output and with the manual.
# Needs: machine=debug

. "$TOP/tests/lib/command.sh"

new_pair 16
tool 0 status
tool 0 status --json
expect "devices" "1 []" "$(json 'd["version"], d["devices"]' | tr -d '(),')"

"$BVIO" poke "$test" 5120 0x01
tool 0 open bvtest-v "$raw" "$test" --ignore-mismatch
expect_read 4096 4096

tool 6 status --json
documented status
expect "status" "bvtest-v C 10 1 8 ignore_mismatch" \
	"$(json '" ".join(map(str, (lambda s: [s["name"], s["state"], s["first_mismatch"], s["mismatches"], s["compared"], *s["options"]])(d["devices"][0])))')"

tool 6 status
says "bvtest-v"

tool 6 report --json bvtest-v
documented report

cat "$TMPDIR/out"
expect "report" "1 mismatch read 8 8 10 0 bitflip 1 0" \
	"$(json '" ".join(map(str, (lambda r: [r["number"], r["kind"], r["op"], r["sector"], r["sectors"], r["bad_sector"], r["byte"], r["class"], r["class_number"]])(d["reports"][0]))) + " " + str(d["dropped"])')"

# Of the CPUs that have compared anything; there may be only one.
expect "cpus" "True True" "$(json 'len(d["cpus"]) >= 1, sum(c["compared"] for c in d["cpus"]) >= 8 and d["cpus"][0]["cpu"] in (0, 1)' | tr -d '(),')"

tool 6 scrub --json bvtest-v
documented scrub
expect "scrub" "[{'start': 10, 'sectors': 1}]" "$(json 'd["bad"]')"
tool 0 close bvtest-v

tool 6 compare --json "$raw" "$test"
documented compare
expect "compare" "[{'start': 10, 'sectors': 1}]" "$(json 'd["bad"]')"

# Also for ranges that could not be compared or read.
truncate -s 8M "$TMPDIR/short"
tool 6 compare --json "$raw" "$TMPDIR/short"
documented compare
expect "compare of two sizes" "16777216 8388608 0 []" "$(json 'd["raw_size"], d["test_size"], d["sectors"], d["bad"]' | tr -d '(),')"

tool 0 open bvtest-v "$raw" "$test" --freeze-on-mismatch
expect_read_error EILSEQ 4096 4096

tool 6 scrub --json bvtest-v
documented scrub
expect "scrub of a frozen device" "0 [{'start': 10 'sectors': 1}]" "$(json 'd["sectors"], d["bad"]' | tr -d '(),')"
tool 0 close bvtest-v
