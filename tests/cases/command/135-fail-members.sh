# SPDX-License-Identifier: GPL-2.0-only
# This test will find a bad copy and bad parity that no read of an array shows, whichever member has
# it, with "run --fail-members", and nothing in right arrays, and leave no member failed.
# Needs: machine=stock

. "$TOP/tests/lib/command.sh"

command -v mdadm >/dev/null || skip "mdadm is not here"
modprobe -a raid1 raid10 raid456 2>/dev/null || :
[ -e /proc/mdstat ] || skip "this kernel has no md"
grep -q raid1 /proc/mdstat || skip "this kernel has no RAID 1"
before=$(dmsetup ls)
md=/sys/block/md77/md
mkdir -p /run/mdadm

new_array() { # <level> <members> [option of mdadm...]
	local level=$1 i
	members=()
	for ((i = 0; i < $2; i++)); do
		new_leg 6
		members+=("$leg")
	done
	shift 2
	mdadm --create /dev/md77 --run --metadata=1.2 --level="$level" \
		--raid-devices=${#members[@]} --assume-clean --data-offset=1M "$@" "${members[@]}" \
		>"$TMPDIR/mdadm" 2>&1 || fail "$(cat "$TMPDIR/mdadm")"
	wait_until 10 test -b /dev/md77
	mib=$(($(cat /sys/block/md77/size) / 2048))
	load="dd if=/dev/urandom of=\$BLKVERIFY_DEVICE bs=1M count=$mib oflag=direct status=none"
}
stop_array() {
	wait_until 30 mdadm --quiet --stop /dev/md77
}
name_of() { echo "${members[$1]#/dev/}"; } # <number of a member>
# A command that makes sector 10 of the data of a member wrong.
poke() { echo "\"\$BVIO\" poke ${members[$1]} $(((2048 + 10) * 512)) 0x01"; } # <number of a member>
written() { awk '{print $7}' "/sys/block/$(name_of "$1")/stat"; } # <number of a member>; in sectors
is_whole() { [ "$(cat $md/degraded) $(cat $md/sync_action)" = "0 idle" ]; }
tries() { # <exit status> <option or argument of "run">...
	local expected=$1
	shift
	tool "$expected" run --fail-members --name bvtest-run "$@"
	expect_no_device bvtest-run
	[ ! -d $md ] || is_whole || fail "a member is missing: $(cat /proc/mdstat)"
}

# A right mirror without a bitmap: each half is read, and then again when it was rebuilt.
new_array 1 2 --bitmap=none
before_load=("$(written 0)" "$(written 1)")
tries 0 --test /dev/md77 -- sh -c "$load"
cat "$TMPDIR/out"
says "members of the test device: the data was right without each of them"
sectors_of_load=$((mib * 2048))
counts="$sectors_of_load sectors compared, 0 mismatches, 0 divergences"
for i in 0 1; do
	says "  md77 without $(name_of $i): $counts"
	says "  md77 without $(name_of $i), rebuilt: $counts"
	new=$(($(written $i) - before_load[i]))
	[ $new -ge $((2 * sectors_of_load)) ] ||
		fail "member $i was not rebuilt: it got $new sectors"
done

# A bad half, the first one or the second one. It stays as it is: nothing is rebuilt.
for bad in 0 1; do
	tries 6 --test /dev/md77 -- sh -c "$load; $(poke $bad)"
	cat "$TMPDIR/out"
	says "members of the test device: wrong data without one of them"
	says "  md77 without $(name_of $((1 - bad))): "
	says "mark: without $(name_of $((1 - bad)))"
	says "1 read                   10 "
	warns "md77 without $(name_of $((1 - bad))): "
	if cmp -s <(dd if="${members[0]}" bs=512 skip=2058 count=1 iflag=direct status=none) \
		<(dd if="${members[1]}" bs=512 skip=2058 count=1 iflag=direct status=none); then
		fail "the bad member was rebuilt"
	fi
done

# The same if the array has a bitmap.
mdadm --quiet --grow --bitmap=internal /dev/md77
tries 0 --output json --test /dev/md77 -- sh -c "$load"
documented "run --output json"
expect "rounds" "4 [False, False, True, True] True" \
	"$(json '*[len(d["members"]["rounds"]), [r["rebuilt"] for r in d["members"]["rounds"]],
		d["members"]["complete"]]')"
for bad in 0 1; do
	tries 6 --output json --test /dev/md77 -- sh -c "$load; $(poke $bad)"
	expect "failed" "$(name_of $((1 - bad)))" \
		"$(json '*[r["failed"] for r in d["members"]["rounds"] if r["mismatches"]]')"
	expect "mark" "without $(name_of $((1 - bad)))" "$(json 'd["reports"][0]["more"]["mark"]')"
done

# On top of it, and with margins.
new_dm top "0 $(cat /sys/block/md77/size) linear /dev/md77 0"
tries 0 --guard 1M --test /dev/mapper/bvtest-top -- \
	sh -c "dd if=/dev/urandom of=\$BLKVERIFY_DEVICE bs=1M count=2 oflag=direct status=none"
says "the data was right without each of them"
says "2048 sectors each: unchanged"
dmsetup remove bvtest-top

# Tests of harnesses.
if [ -r "${KUNIT_PARSER-}/kunit_parser.py" ]; then
	tries 0 --output ktap --test /dev/md77 -- sh -c "$load"
	expect "tests" "4 passed, 0 failed, 0 skipped" "$(ktap)"
	tries 6 --output ktap --test /dev/md77 -- sh -c "$load; $(poke 0)"
	says "not ok 4 the data is right without each member"
fi

# Something was found before: the members are left alone.
tries 6 --test /dev/md77 -- sh -c "$load; $(poke 0); $(poke 1)
	dd if=\$BLKVERIFY_DEVICE of=/dev/null bs=1M count=1 iflag=direct status=none; exit 0"
warns "the members of the test device were not failed: something was found before"

# A process that the command has left writes while members are out: they are rebuilt, and it is an
# error unless they were read before.
writer="for i in 1 2 3 4 5 6 7 8; do
		dd if=/dev/urandom of=\$BLKVERIFY_DEVICE bs=1M count=$mib oflag=direct status=none
	done"
status=0
"$BLKVERIFY" run --fail-members --test /dev/md77 --name bvtest-run -- \
	sh -c "$load; ($writer) >/dev/null 2>&1 &" >"$TMPDIR/out" 2>"$TMPDIR/err" || status=$?
case $status in
0 | 5) says "the data was right without each of them" ;;
7) warns "md77 was written to without " ;;
*) fail "exit status $status: $(cat "$TMPDIR/out" "$TMPDIR/err")" ;;
esac
expect_no_device bvtest-run
is_whole || fail "a member is missing: $(cat /proc/mdstat)"

# A signal in the middle of it: the array is whole at the end.
for ((i = 0; i < 3; i++)); do
	rm -f "$TMPDIR/runs"
	"$BLKVERIFY" run --fail-members --test /dev/md77 --name bvtest-run -- \
		sh -c "$load; touch \"\$TMPDIR/runs\"" >"$TMPDIR/out" 2>"$TMPDIR/err" &
	run=$!
	wait_until 30 test -e "$TMPDIR/runs"
	sleep 0.$((i * 2))
	kill $run 2>/dev/null || :
	wait_until 60 has_ended $run
	expect_no_device bvtest-run
	is_whole || fail "a member is missing: $(cat /proc/mdstat "$TMPDIR/err")"
done

# What neither leg can read was not read without a member.
size=$(cat /sys/block/md77/size)
new_leg 6
new_dm raw "0 $size linear $leg 0"
new_dm top "0 $size linear /dev/md77 0"
tries 7 --raw /dev/mapper/bvtest-raw --written-only --test /dev/mapper/bvtest-top -- sh -c "$load
	dd if=\$BLKVERIFY_DEVICE of=/dev/null bs=1M count=1 iflag=direct status=none
	for d in raw top; do
		dmsetup suspend bvtest-\$d
		echo 0 $size error | dmsetup load bvtest-\$d
	done
	dmsetup resume bvtest-raw
	dmsetup resume bvtest-top"
warns "$size sectors of bvtest-run cannot be read without $(name_of 1)"
says "members of the test device: not everything was read without each of them"
dmsetup remove bvtest-top
dmsetup remove bvtest-raw

# md returns EINTR when a signal arrives while it waits for its lock: then it is asked again.
traced() { # "<option of strace>..." <exit status> <option or argument of "run">...
	printf '#!/bin/sh\nexec strace -qq -o /dev/null -e trace=write %s %s "$@"\n' \
		"$1" "$BLKVERIFY" >"$TMPDIR/traced"
	chmod +x "$TMPDIR/traced"
	shift
	BLKVERIFY=$TMPDIR/traced tries "$@"
}
paths=$(printf -- ' -P %s' $md/sync_action $md/dev-*/{state,recovery_start,slot})
if command -v strace >/dev/null; then
	traced "-e inject=write:error=EINTR:when=1+2$paths" 0 --test /dev/md77 -- sh -c "$load"
	says "the data was right without each of them"
fi

# If md cannot be kept from rebuilding, a right member stays failed as it is, beside a bad one.
if command -v strace >/dev/null; then
	is_whole() { [ "$(cat $md/degraded) $(cat $md/sync_action)" = "1 idle" ]; }
	traced "-e inject=write:error=EACCES:when=1 -P $md/sync_action" 6 --test /dev/md77 -- \
		sh -c "$load; $(poke 0)"
	warns "cannot set md77 to frozen: Permission denied"
	warns "member $(name_of 1) of md77 stays failed: \"echo re-add "
	if cmp -s <(dd if="${members[0]}" bs=512 skip=2058 count=1 iflag=direct status=none) \
		<(dd if="${members[1]}" bs=512 skip=2058 count=1 iflag=direct status=none); then
		fail "the bad data were copied"
	fi
	is_whole() { [ "$(cat $md/degraded) $(cat $md/sync_action)" = "0 idle" ]; }
	echo re-add >"$md/dev-$(name_of 1)/state"
	wait_until 30 is_whole
fi

# A signal while the array is checked: that is not waited for.
for f in min max; do echo 1 >$md/sync_speed_$f; done
"$BLKVERIFY" run --fail-members --test /dev/md77 --name bvtest-run -- \
	sh -c "$load; echo check >$md/sync_action; echo \$\$ >\"\$TMPDIR/pid\"" \
	>"$TMPDIR/out" 2>"$TMPDIR/err" &
run=$!
wait_until 30 test -s "$TMPDIR/pid"
wait_until 30 has_ended "$(cat "$TMPDIR/pid")"
sleep 1
kill $run
wait_until 30 has_ended $run
status=0
wait $run || status=$?
expect "exit status" 7 $status
expect_no_device bvtest-run
for f in min max; do echo system >$md/sync_speed_$f; done
echo idle >$md/sync_action
wait_until 30 is_whole

# The same while a member is out.
interpose_messages
BVTEST_MESSAGE="mark without" BVTEST_COMMAND='kill $PPID' tries 7 --test /dev/md77 -- sh -c "$load"
says "md77 without $(name_of 1): 0 sectors compared"

# Another user of the array writes while members are out: they are rebuilt before they were read.
half=$((mib / 2 * 2048))
new_dm other "0 $half linear /dev/md77 $half"
new_dm half "0 $half linear /dev/md77 0"
random="dd if=/dev/urandom bs=1M count=$((mib / 2)) oflag=direct status=none"
BVTEST_MESSAGE="mark without" BVTEST_COMMAND="$random of=/dev/mapper/bvtest-other" \
	tries 7 --test /dev/mapper/bvtest-half -- sh -c "$random of=\$BLKVERIFY_DEVICE"
warns "md77 was written to without $(name_of 1), so not each member was read as it was"
says "members of the test device: not everything was read without each of them"
cmp <(dd if="${members[0]}" bs=1M skip=1 iflag=direct status=none) \
	<(dd if="${members[1]}" bs=1M skip=1 iflag=direct status=none) ||
	fail "a member lacks a write"
dmsetup remove bvtest-other
dmsetup remove bvtest-half

# Arrays that cannot lose a member now.
echo faulty >"$md/dev-$(name_of 0)/state"
tool 4 run --fail-members --test /dev/md77 -- true
warns "md77 is degraded"
wait_until 30 sh -c "echo re-add >$md/dev-$(name_of 0)/state"
wait_until 30 is_whole
echo 0 >/sys/block/md77/queue/iostats
tool 4 run --fail-members --test /dev/md77 -- true
warns "md77 does not count its writes: \"echo 1 >/sys/block/md77/queue/iostats\" ends that"
echo 1 >/sys/block/md77/queue/iostats
new_leg 6
mdadm --quiet /dev/md77 --add "$leg"
tool 4 run --fail-members --test /dev/md77 -- true
warns "member ${leg#/dev/} of md77 is a spare"
stop_array

# A member with a bad block of parity or a bad copy, and one without which it is read.
while read -r level nr bad without; do
	grep -q "raid$level" /proc/mdstat || continue
	new_array "$level" "$nr" --chunk=64K --bitmap=none
	tries 0 --test /dev/md77 -- sh -c "$load"
	rebuilt="md77 without $(name_of $((nr - 1))), rebuilt"
	says "$rebuilt: $((mib * 2048)) sectors compared, 0 mismatches"
	tries 6 --test /dev/md77 -- sh -c "$load; $(poke "$bad")"
	says "mark: without $(name_of "$without")"
	stop_array
done <<END
5 3 2 0
6 4 3 1
10 4 1 0
END

# No array.
tool 4 run --fail-members --test "$leg" -- true
warns "test $leg is not made of an md array"
truncate -s 4M "$TMPDIR/img"
tool 4 run --fail-members --test "$TMPDIR/img" -- true
warns "is not made of an md array"
tool 1 run --fail-members --crash 1 --cut true --test "$leg" -- true
warns "--fail-members and --crash are mutually exclusive"
modprobe -q dm-raid || :
raid="raid raid1 1 0 2 - ${members[0]} - ${members[1]}"
if dmsetup create bvtest-raid --table "0 4096 $raid" 2>/dev/null; then
	tool 4 run --fail-members --test /dev/mapper/bvtest-raid -- true
	warns "bvtest-raid is a dm-raid device"
	# Also if there is an array of md beside it.
	new_array 1 2 --bitmap=none
	dmsetup create bvtest-both <<END
0 2048 linear /dev/md77 0
2048 2048 linear /dev/mapper/bvtest-raid 0
END
	tool 4 run --fail-members --test /dev/mapper/bvtest-both -- true
	warns "bvtest-raid is a dm-raid device"
	dmsetup remove bvtest-both
	stop_array
	wait_until 30 dmsetup remove bvtest-raid
fi
new_array 1 1 --force --bitmap=none
tool 4 run --fail-members --test /dev/md77 -- true
warns "md77 has fewer than two members"
stop_array
expect "devices" "$before" "$(dmsetup ls)"
