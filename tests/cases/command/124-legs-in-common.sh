# SPDX-License-Identifier: GPL-2.0-only
# This test will check that the command shows the disk or driver that both legs share, rejects a leg
# that another device-mapper device maps, and names the leg that has size 0.
# Needs: machine=debug

. "$TOP/tests/lib/command.sh"

new_pair 16
tool 0 open bvtest-v "$raw" "$test"
says "same driver:    nullb, used by both legs: a bug in it may damage both alike"
tool 0 status bvtest-v
says "same driver:    nullb, used by both legs"
tool 0 status bvtest-v --json
expect "driver" nullb "$(json 'd["devices"][0]["same_driver"]')"
expect "disk" None "$(json 'd["devices"][0]["same_disk"]')"
tool 0 close bvtest-v

# Below mapped devices, too.
new_dm upper "0 $sectors linear $test 0"
tool 0 open bvtest-v "$raw" "$leg"
says "same driver:    nullb, used by both legs"
tool 0 close bvtest-v

# A leg that another device maps.
tool 5 open bvtest-v "$raw" "$test"
warns "test $test is in use by device mapper device bvtest-upper"
tool 5 run --test "$test" --raw "$raw" -- true
warns "test $test is in use by device mapper device bvtest-upper"
dmsetup remove bvtest-upper

# Two drivers; the second leg is a file.
truncate -s 16M "$TMPDIR/bvtest-file"
tool 0 open bvtest-v "$raw" "$TMPDIR/bvtest-file"
! grep -q "same" "$TMPDIR/out" || fail "they have nothing in common: $(cat "$TMPDIR/out")"
tool 0 status bvtest-v --json
expect "driver" None "$(json 'd["devices"][0]["same_driver"]')"
tool 0 close bvtest-v

# Two volumes of one disk.
new_dm one "0 16384 linear $raw 0"
one=$leg
new_dm two "0 16384 linear $raw 16384"
tool 0 open bvtest-v "$one" "$leg"
says "same disk:      $raw, below both legs: a fault in it may damage both alike"
tool 0 status bvtest-v --json
expect "disk" "$raw" "$(json 'd["devices"][0]["same_disk"]')"
tool 0 close bvtest-v

# A device of size 0: a loop device without a file.
empty=$(losetup -f)
for command in "open bvtest-v $test $empty" "run --raw $test --test $empty -- true"; do
	# shellcheck disable=SC2086
	tool 4 $command
	warns "test $empty has size 0: is a medium inserted, and the device attached or connected?"
done
tool 4 open bvtest-v "$empty" "$test"
warns "raw $empty has size 0: "
