# SPDX-License-Identifier: GPL-2.0-only
# This test will check that "run --output" prints valid JSON, KTAP and JUnit, whatever was found and
# whatever the names.
# Needs: machine=debug

. "$TOP/tests/lib/command.sh"

need_formats

# A hostile name of an image and of a program: quotes, markup, a directive, a line, and no UTF-8.
odd=$'a"b<c>&\'#d\n]]>\xff'
mkdir "$TMPDIR/odd"
test_img=$TMPDIR/odd/$odd
truncate -s 8M "$test_img"
cp /bin/dd "$TMPDIR/odd/"$'<d>&"#\xff\n'
export WRITER=$TMPDIR/odd/$'<d>&"#\xff\n' TEST_IMG=$test_img

# Write all, make a number of sectors wrong, and read each of them alone. Its output must not end
# up in the document.
cat >"$TMPDIR/load" <<'END_OF_LOAD'
echo "this is not JSON"
"$WRITER" if=/dev/urandom of=$BLKVERIFY_DEVICE bs=64k count=16 oflag=direct status=none
[ $1 = 0 ] || dd if=/dev/zero of="$TEST_IMG" bs=512 count=$1 conv=notrunc status=none
dd if=$BLKVERIFY_DEVICE of=/dev/null bs=512 count=$1 iflag=direct conv=noerror status=none 2>/dev/null
dd if=$BLKVERIFY_DEVICE of=/dev/null bs=64k skip=8 count=1 iflag=direct status=none
exit 0
END_OF_LOAD

run_format() { # <exit status> <format> <bad sectors>
	tool $1 run --output $2 --name bvtest-run --test "$test_img" --raw-dir "$TMPDIR" -- \
		sh "$TMPDIR/load" $3 "$odd"
	warns "this is not JSON"
}

for bad in 0 1 128; do
	status=$((bad ? 6 : 0))
	run_format $status json $bad
	documented run
	expect "JSON of $bad findings" "run 0 1 $bad $((bad ? 1 : 0)) False" \
		"$(json 'd["verb"], d["command_status"], len(d["devices"]), min(len(d["reports"]) + d["dropped"], 128), int(d["devices"][0]["state"] == "C"), d["reference_failed"]' | tr -d "(),'")"
	run_format $status ktap $bad
	expect "KTAP of $bad findings" "$((bad ? 2 : 3)) passed, $((bad ? 1 : 0)) failed, 0 skipped" "$(ktap)"
	run_format $status junit $bad
	junit
	expect "JUnit of $bad findings" "$((bad ? 1 : 0))" \
		"$(xmllint --xpath 'count(//failure)' "$TMPDIR/out")"
done
says "<failure message=\"mismatch found\""
says "written: 128 sectors at 0"
# The kernel has replaced the quote.
says "by &lt;d&gt;&amp;?#?? (pid"

# The command fails, and reads nothing.
tool 3 run --output json --test "$test_img" --raw-dir "$TMPDIR" -- sh -c 'exit 3'
expect "JSON of a command that fails" "3 0" "$(json 'd["command_status"], d["devices"][0]["compared"]' | tr -d '(),')"
tool 7 run --output ktap --test "$test_img" --raw-dir "$TMPDIR" -- true
expect "KTAP of nothing" "2 passed, 1 failed, 0 skipped" "$(ktap)"
says "not ok 2 something was compared"
warns "nothing was compared"

# The reference does not fit.
mkdir "$TMPDIR/bvtest-small"
mount -t tmpfs -o size=1m none "$TMPDIR/bvtest-small"
tool 7 run --output junit --test "$test_img" --raw-dir "$TMPDIR/bvtest-small" -- \
	sh -c 'dd if=/dev/zero of=$BLKVERIFY_DEVICE bs=1M count=4 oflag=direct status=none
		dd if=$BLKVERIFY_DEVICE of=/dev/null bs=4k count=1 iflag=direct status=none; exit 0'
junit
says 'message="the reference file failed, so the test leg was not verified"'
says 'name="the raw leg is healthy"'
expect "failures" 2 "$(xmllint --xpath 'count(//failure)' "$TMPDIR/out")"
umount "$TMPDIR/bvtest-small"

# Reports that cannot be read are not none.
interpose_messages
cat >"$TMPDIR/finds" <<'END_OF_FINDS'
dd if=/dev/urandom of=$BLKVERIFY_DEVICE bs=64k count=1 oflag=direct status=none
dd if=/dev/zero of="$TEST_IMG" bs=512 count=1 conv=notrunc status=none
! dd if=$BLKVERIFY_DEVICE of=/dev/null bs=64k count=1 iflag=direct status=none
END_OF_FINDS
for format in text json ktap; do
	list_fails tool 6 run --output $format --name bvtest-run --test "$test_img" \
		--raw-dir "$TMPDIR" -- sh "$TMPDIR/finds"
	warns "cannot query bvtest-run: Cannot allocate memory"
	if [ $format = json ]; then
		expect "reports" "None None" "$(json 'd["reports"], d["dropped"]' | tr -d '(),')"
	else
		says "bvtest-run: the reports cannot be read"
	fi
done

# The words.
tool 0 run --output text --test "$test_img" --raw-dir "$TMPDIR" -- sh "$TMPDIR/load" 0
says "no mismatch found"
says "this is not JSON"
tool 1 run --output xml --test "$test_img" -- true
warns '--output "xml" is none of text, json, ktap, junit'
