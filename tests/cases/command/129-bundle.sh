# SPDX-License-Identifier: GPL-2.0-only
# This test will check that "bundle" writes what a bug report needs, and with --first once a finding.
# Needs: machine=debug

. "$TOP/tests/lib/command.sh"

new_images
tool 0 open bvtest-v "$raw_img" "$test_img" --ignore-mismatch
section() { # <title>: its lines
	awk -v title="==== $1" '/^==== / {on = $0 == title; next} on' "$bundle"
}

# By any path, and for the owner only.
bundle=$TMPDIR/bundle
tool 0 bundle bvtest-v "$bundle"
says "$bundle"
expect "mode" 600 "$(stat -c %a "$bundle")"
tool 5 bundle bvtest-v "$bundle"
warns "cannot write $bundle: File exists"
tool 4 bundle bvtest-v "$TMPDIR/no/such/folder"
tool 4 bundle bvtest-none
rm "$bundle"

# One that does not fit leaves nothing behind.
mkdir "$TMPDIR/bvtest-small"
mount -t tmpfs -o size=4k none "$TMPDIR/bvtest-small"
tool 1 bundle bvtest-v "$TMPDIR/bvtest-small/bundle"
warns "cannot write $TMPDIR/bvtest-small/bundle: No space left on device"
expect "partial bundle" "" "$(ls "$TMPDIR/bvtest-small")"
umount "$TMPDIR/bvtest-small"

# A program whose output must not look like a section.
mkdir "$TMPDIR/bin"
printf '#!/bin/sh\necho "==== report"\nexit 64\n' >"$TMPDIR/bin/smartctl"
chmod +x "$TMPDIR/bin/smartctl"
real_path=$PATH
PATH=$TMPDIR/bin:$PATH

# Two bad sectors, one of them read twice.
spoil "$test_img" 99
spoil "$test_img" 500 /dev/urandom
for block in 12 62 12; do dd if=$v of=/dev/null bs=4k skip=$block count=1 iflag=direct status=none; done
wait_until 30 has_labels
tool 0 bundle bvtest-v "$bundle"

grep '^====' "$bundle"
loops=$(losetup -n -O NAME | tr -d ' ' | sort | xargs)
raw_loop=${loops% *} test_loop=${loops#* }
expect "sections" "versions|status|report|dmsetup table bvtest-v|history 99|dump 99|history 500|dump 500|queue of $v|queue of $raw_loop|lsblk -s -o NAME,TYPE,SIZE,RO,MODEL,REV,TRAN $raw_loop|smartctl -x $raw_loop|queue of $test_loop|lsblk -s -o NAME,TYPE,SIZE,RO,MODEL,REV,TRAN $test_loop|smartctl -x $test_loop|status --json|report --json|dmesg" \
	"$(sed -n 's/^==== //p' "$bundle" | paste -s -d '|')"
grep -q "^target [0-9]*\.[0-9]*\.[0-9]*$" <<<"$(section versions)" || fail "no version of the target"
grep -qF "$(uname -r)" <<<"$(section versions)" || fail "no version of the kernel"
grep -q "mismatch found" <<<"$(section status)" || fail "no status"
expect "reports" 3 "$(grep -c 'request: ' <<<"$(section report)")"
grep -q ' blkverify .* ignore_mismatch' <<<"$(section "dmsetup table bvtest-v")" || fail "no table"
grep -qx "complete" <<<"$(section "history 99")" || fail "no history"
grep -q '^sector 500' <<<"$(section "dump 500")" || fail "no dump"
grep -q '^max_sectors_kb: [0-9]' <<<"$(section "queue of $v")" || fail "no limits"
section "status --json" >"$TMPDIR/out"
expect "status --json" "C" "$(json 'd["devices"][0]["state"]')"
section "report --json" >"$TMPDIR/out"
expect "report --json" 3 "$(json 'len(d["reports"])')"
grep -q 'contents mismatch in sector 500' <<<"$(sed -n '/^==== dmesg/,$p' "$bundle")" || fail "no kernel log"

expect "a program that fails" " ==== report|(exit status 64)" \
	"$(section "smartctl -x $raw_loop" | grep . | paste -s -d '|')"

# A program that is missing is named.
rm "$TMPDIR/bin/smartctl" "$bundle"
ln -s "$(command -v timeout)" "$TMPDIR/bin/"
PATH=$TMPDIR/bin
tool 0 bundle bvtest-v "$bundle"
PATH=$real_path
grep -q "smartctl.*: No such file or directory" <<<"$(section "smartctl -x $raw_loop")" ||
	fail "no word about smartctl"

# Once a finding, in a folder.
mkdir "$TMPDIR/captured"
captured() { ls "$TMPDIR/captured" | wc -l; }
first() { tool 0 bundle --first bvtest-v "$TMPDIR/captured/$1"; }
first a
first b
expect "the same finding" 1 "$(captured)"
dd if=$v of=/dev/null bs=4k skip=62 count=1 iflag=direct status=none
first c
expect "a later one" 1 "$(captured)"
warns "already has a bundle"
dmsetup message bvtest-v 0 reset
first d
expect "nothing found" 1 "$(captured)"
warns "nothing was found on bvtest-v"
dd if=$v of=/dev/null bs=4k skip=62 count=1 iflag=direct status=none
first e
expect "after a reset" "a e" "$(ls "$TMPDIR/captured" | xargs)"

# An error is not taken for a bundle that is there, and a state that cannot be read not for none.
interpose_messages
list_fails tool 3 bundle --first bvtest-v "$TMPDIR/captured/f"
warns "cannot query bvtest-v: Cannot allocate memory"
mv /run/blkverify/bvtest-v.bundle "$TMPDIR/state"
mkdir /run/blkverify/bvtest-v.bundle
tool 4 bundle --first bvtest-v "$TMPDIR/captured/f"
warns "cannot read /run/blkverify/bvtest-v.bundle: Is a directory"
expect "after errors" "a e" "$(ls "$TMPDIR/captured" | xargs)"
rmdir /run/blkverify/bvtest-v.bundle
mv "$TMPDIR/state" /run/blkverify/bvtest-v.bundle

# Interrupted, it leaves nothing behind.
BVTEST_MESSAGE=history BVTEST_COMMAND='kill $PPID' tool 7 bundle bvtest-v "$TMPDIR/captured/f"
warns "interrupted: $TMPDIR/captured/f was not written"
expect "after a signal" "a e" "$(ls "$TMPDIR/captured" | xargs)"

# The first finding after a reset gets its bundle, even if another bundle is being written.
dmsetup message bvtest-v 0 reset
read_bad="dd if=$v of=/dev/null bs=4k skip=62 count=1 iflag=direct status=none"
$read_bad
BVTEST_MESSAGE=history BVTEST_COMMAND="dmsetup message bvtest-v 0 reset; $read_bad" first f
first g
expect "meanwhile" "a e f g" "$(ls "$TMPDIR/captured" | xargs)"
tool 0 close bvtest-v

# A device that is opened anew, as soon as its legs are there.
mv "$test_img" "$TMPDIR/later"
"$BLKVERIFY" open --wait 60 bvtest-v "$raw_img" "$test_img" --ignore-mismatch >"$TMPDIR/opened" 2>&1 &
opener=$!
sleep 1
mv "$TMPDIR/later" "$test_img"
wait $opener || fail "open --wait: $(cat "$TMPDIR/opened")"
for i in 1 2 3 4 5 6 7 8; do dd if=$v of=/dev/null bs=4k skip=62 count=1 iflag=direct status=none; done
tool 0 bundle --first bvtest-v "$TMPDIR/captured"
expect "after a new start" 1 "$(ls "$TMPDIR/captured" | grep -c '^bvtest-v-[0-9T]*Z\.blkverify\.txt$')"

# A device that another program has recreated: its reports have the same numbers.
tool 0 close bvtest-v
raw=$(losetup -f --show "$raw_img") test=$(losetup -f --show "$test_img")
dmsetup create bvtest-v --table "0 16384 blkverify $raw $test 1 ignore_mismatch"
for i in 1 2 3 4 5 6 7 8 9; do $read_bad; done
rm -r "$TMPDIR/captured"
mkdir "$TMPDIR/captured"
first a
expect "of another device" a "$(ls "$TMPDIR/captured")"
dmsetup remove bvtest-v
losetup -d "$raw" "$test"
tool 4 open --wait 1 bvtest-v "$raw_img" "$TMPDIR/none"
