# SPDX-License-Identifier: GPL-2.0-only
# This test will check that "follow" names the test of a suite in which data went bad.
# Needs: machine=debug

. "$TOP/tests/lib/command.sh"

is_following() { grep -q 'following .* until interrupted' "$TMPDIR/err"; }
has_begun() { grep -qxF "# test $1 begins" < <(tail -n "+$seen" "$TMPDIR/err"); } # <test>
follow() { # <argument>...
	# Not what the one before it said.
	rm -f "$TMPDIR/err"
	"$BLKVERIFY" follow --debug "$@" >"$TMPDIR/out" 2>"$TMPDIR/err" &
	follower=$!
	wait_until 30 is_following
}
# A suite starts a test. What it does comes later, when the one before it has been looked at.
begin() { # <suite> <test> [mark]
	seen=$(($(wc -l <"$TMPDIR/err") + 1))
	echo "run $1 $2 at 2026-11-29 01:02:03" >/dev/kmsg
	wait_until 30 has_begun "${3-$2}"
}
read_v() { # <4-KiB block>
	dd if=$v of=/dev/null bs=4096 skip="$1" count=1 iflag=direct status=none
}
read_bad() { # <4-KiB block>
	if read_v "$1" 2>/dev/null; then fail "block $1 is not bad"; fi
}
follow_ends() { # <exit status>
	local status=0
	kill $follower
	wait $follower || status=$?
	expect "exit status: $(cat "$TMPDIR/out" "$TMPDIR/err")" "$1" $status
}
row() { # <test>: its other columns
	awk -v t="$1" '$1 == t {$1 = ""; print}' "$TMPDIR/out" | xargs
}
has_hint() { grep -q HINT "$TMPDIR/results/generic/002.hints"; }

new_pair 16
make_v
mkdir -p "$TMPDIR/results/generic"

# A suite in the middle of which a sector goes bad.
follow --out "$TMPDIR/json" --hints "$TMPDIR/results" bvtest-v
begin fstests generic/001
read_v 0
begin fstests generic/002
"$BVIO" poke "$test" 40965 0x01
read_bad 10
# While the test still runs: xfstests prints it with the failure.
wait_until 30 has_hint
# A test removes it when it begins, and the suite has used the devices before.
rm "$TMPDIR/results/generic/002.hints"
wait_until 30 has_hint
read_v 11
begin fstests generic/003
begin blktests block/009
read_v 20
read_v 30
# The name of a test must not lead outside the folder.
begin fstests "../../x y" "_./_./x_y"
read_v 20
begin fstests generic/001
read_v 0
follow_ends 6

expect_log 'bvtest-v: mark "generic/002"'
cat "$TMPDIR/out"
expect "table" "TEST COMPARED FINDINGS VERDICT" "$(head -n 1 "$TMPDIR/out" | xargs)"
expect "a test that passed" "8 0 no mismatch found" "$(row generic/001 | cut -d ' ' -f 1-5)"
expect "a test that failed" "16 1 mismatch found" "$(row generic/002)"
expect "a test that read nothing" "0 0 nothing compared" "$(row generic/003)"
expect "another suite" "16 0 no mismatch found" "$(row block/009)"
expect "another folder" "8 0 no mismatch found" "$(row _./_./x_y)"

expect "hints" "HINT: blkverify: contents mismatch in sector 80 of $v (class=bitflip(1)) during this test
      \"blkverify report bvtest-v\" shows the reports with mark=\"generic/002\"" \
	"$(cat "$TMPDIR/results/generic/002.hints")"
expect "other hints" 1 "$(find "$TMPDIR/results" -name '*.hints' | wc -l)"

expect "documents" "_./_./x_y.blkverify.json block/009.blkverify.json generic/001.2.blkverify.json generic/001.blkverify.json generic/002.blkverify.json generic/003.blkverify.json" \
	"$(cd "$TMPDIR/json" && find . -type f | cut -c 3- | LC_ALL=C sort | xargs)"
for f in "$TMPDIR"/json/*/*.json; do documented "$f" "$f"; done
expect "document" "fstests generic/002 2026-11-29 01:02:03 bvtest-v 16 1 1 80 generic/002" \
	"$(json 'd["suite"], d["test"], d["started"], *[x for v in d["devices"] for x in (v["name"], v["compared"], v["mismatches"], len(v["reports"]), v["reports"][0]["bad_sector"], v["reports"][0]["more"]["mark"])]' \
		"$TMPDIR/json/generic/002.blkverify.json" | tr -d "(),'")"
expect "document of a test without findings" "8 0 []" \
	"$(json '*[x for v in d["devices"] for x in (v["compared"], v["mismatches"], v["reports"])],' \
		"$TMPDIR/json/generic/001.2.blkverify.json" | tr -d "(),'")"

# The mark of the last test is gone.
read_bad 10
expect "marks of the reports" 'mark="generic/002"|none' "$(dmsetup message bvtest-v 0 list |
	sed -nE 's/^[0-9].*(mark="[^"]*").*/\1/p; t; s/^[0-9].*/none/p' | paste -s -d '|')"

# Without a finding, and without a test.
"$BVIO" poke "$test" 40965 0x01
follow bvtest-v
begin blktests block/001
read_v 1
follow_ends 0
follow bvtest-v
follow_ends 7
warns "no test of blktests or xfstests began"
follow bvtest-v
begin blktests block/002
follow_ends 7
warns "nothing was compared during the tests"

# A finding before the first test belongs to no test.
"$BVIO" poke "$test" 40965 0x01
follow bvtest-v
read_bad 10
begin blktests block/003
read_v 1
follow_ends 6
expect "before" "0 1 mismatch found" "$(row before-the-first-test | sed 's/^[0-9]* /0 /')"
expect "after" "8 0 no mismatch found" "$(row block/003)"

# A device that vanishes.
new_pair 16
dmsetup create bvtest-w --table "0 $sectors blkverify $raw $test"
follow bvtest-w
begin fstests generic/020
dmsetup remove bvtest-w
begin fstests generic/021
follow_ends 7
expect "gone" "0 0 a device is gone" "$(row generic/020)"

# A finding between two tests belongs to one of them, by its mark and by the counts.
interpose_messages
by_document() { # <test> <expression of python, of the device v>
	json "(lambda v: ($2,))(d['devices'][0])" "$TMPDIR/json/generic/$1.blkverify.json" |
		tr -d "(),'"
}
# How many findings and reports, and their marks.
findings='v["mismatches"], len(v["reports"]), *[r["more"]["mark"] for r in v["reports"]]'
read_10="dd if=$v of=/dev/null bs=4096 skip=10 count=1 iflag=direct status=none"
BVTEST_MESSAGE="mark generic/031" BVTEST_COMMAND="$read_10; :" follow --out "$TMPDIR/json" bvtest-v
begin fstests generic/030
begin fstests generic/031
follow_ends 6
expect "before the mark" "8 1 mismatch found" "$(row generic/030)"
expect "its document" "1 1 generic/030" "$(by_document 030 "$findings")"
expect "after it" "0 0 nothing compared" "$(row generic/031)"
expect "its document" "0 0" "$(by_document 031 "$findings")"

# Reports that cannot be read are not none.
BVTEST_MESSAGE=list BVTEST_COMMAND="! [ -e \"$TMPDIR/armed\" ]" \
	follow --ktap --out "$TMPDIR/json" bvtest-v
begin fstests generic/034
read_v 10 2>/dev/null || :
touch "$TMPDIR/armed"
follow_ends 6
says "bvtest-v: the reports cannot be read"
expect "document" "1 None None" "$(by_document 034 'v["mismatches"], v["reports"], v["dropped"]')"
rm "$TMPDIR/armed"

# A finding between the look at the counts and the one at the reports.
BVTEST_MESSAGE=list BVTEST_COMMAND="! rm \"$TMPDIR/armed\" 2>/dev/null || $read_10; :" \
	follow --out "$TMPDIR/json" bvtest-v
begin fstests generic/032
touch "$TMPDIR/armed"
begin fstests generic/033
follow_ends 6
expect "before the look" "8 0 no mismatch found" "$(row generic/032)"
expect "its document" "0 0" "$(by_document 032 "$findings")"
expect "after it" "0 1 mismatch found" "$(row generic/033)"
expect "its document" "1 1 generic/033" "$(by_document 033 "$findings")"

tool 4 follow bvtest-none
tool 1 follow --ktap --junit bvtest-v
warns "--ktap, --junit are mutually exclusive"
tool 1 follow

# The formats of harnesses. Two devices, of which one is bad.
need_formats
dmsetup create bvtest-w --table "0 $sectors blkverify $raw $test"
for format in ktap junit; do
	follow --$format bvtest-w bvtest-v
	begin fstests generic/010
	read_v 1
	begin fstests generic/011
	read_bad 10
	begin fstests generic/012
	follow_ends 6
	[ $format != ktap ] || expect "ktap" "1 passed, 1 failed, 1 skipped" "$(ktap)"
	[ $format != junit ] || junit jenkins-junit
	says "bitflip(1): a few bits differ"
done
