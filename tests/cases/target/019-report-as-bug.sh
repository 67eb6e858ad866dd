# SPDX-License-Identifier: GPL-2.0-only
# This test will check that harnesses that test kernels find a report in the log with report_as_bug,
# and that they do not without it.
# Needs: machine=debug

parameter=/sys/module/dm_blkverify/parameters/report_as_bug
new_pair 16
make_v

# What each harness looks for in dmesg, as a Perl regular expression.
patterns() {
	cat <<'END'
blktests	BUG:|WARNING:|Internal error
xfstests	\bBUG:|WARNING:|UBSAN:
syzkaller	BUG:
LKP	\[ *[0-9.]+\] BUG: .*
KernelCI	^\[ *[0-9]+\.[0-9]+\](\[ *[TC][0-9]+\])? BUG:
restraint	Oops|BUG|NMI appears|cut here|Badness
kdevops	BUG:
END
}

# Sets found: the harnesses that find something in what has been logged since.
look_at_log() { # <line of the log to begin after>
	local name pattern
	found=
	while IFS=$'\t' read -r name pattern; do
		! grep -qP -- "$pattern" <<<"$(dmesg | tail -n +$(($1 + 1)))" || found+="$name "
	done < <(patterns)
}

mark() { dmesg | wc -l; }

rot() { # <sector>
	printf rotten | dd of="$test" bs=1 seek=$(($1 * 512)) conv=notrunc,fsync status=none
}

expect "the default" N "$(cat $parameter)"
before=$(mark)
rot 99
expect_read_error EILSEQ $((96 * 512)) 4096
look_at_log "$before"
expect "harnesses that find the report by default" "" "$found"

echo 1 >$parameter
before=$(mark)
rot 203
expect_read_error EILSEQ $((200 * 512)) 4096
look_at_log "$before"
expect "harnesses that find it with report_as_bug" \
	"blktests xfstests syzkaller LKP KernelCI restraint kdevops " "$found"
expect "the line" "BUG: blkverify: bvtest-v: contents mismatch in sector 203 (class=other)" \
	"$(dmesg -t | grep '^BUG:')"
# The whole report follows.
expect_log 'read sector=200 nr=8 contents mismatch in sector 203 '
dmsetup remove bvtest-v

# A divergence.
new_dm flaky "0 $sectors error"
test=$leg
make_v written_only
before=$(mark)
if dd if=/dev/zero of=$v bs=4096 count=1 seek=12 oflag=direct status=none 2>/dev/null; then
	fail "a write to a leg that fails did not fail"
fi
look_at_log "$before"
expect "harnesses that find a divergence" \
	"blktests xfstests syzkaller LKP KernelCI restraint kdevops " "$found"
expect "the line" "BUG: blkverify: bvtest-v: write divergence in sector 96 (raw=0 test=-5)" \
	"$(dmesg -t | grep '^BUG:' | tail -n 1)"
echo 0 >$parameter
