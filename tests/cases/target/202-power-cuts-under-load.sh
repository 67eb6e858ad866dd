# SPDX-License-Identifier: GPL-2.0-only
# This test will cut the power of a device with a write cache again and again under load, and check
# that a right one is never reported, and one that breaks a rule is.
# Needs: machine=smp

modprobe nbd max_part=0 2>/dev/null || :
. "$TOP/tests/lib/power.sh"

start() { # <variant> [option]...
	serve "$1"
	shift
	make_v crash "$@"
}
stop() {
	dmsetup remove bvtest-v
	stop_serving
}
load_with() { # <threads>
	start_load "$1"
	sleep 0.3
}
crash() { dmsetup message bvtest-v 0 crash "$1"; }
cut_power() {
	crash arm
	sleep 0.0$((RANDOM % 10))
	"$BVCUT" tell "$control" off
	crash cut
	"$BVCUT" tell "$control" on
	crash back
}
read_all() { dd if=$v of=/dev/null bs=64k iflag=direct conv=noerror status=none 2>/dev/null || :; }

# A right device, with requests in flight at each cut; some cuts come before everything is settled.
start legal
load_with 8
unproven=0
for ((i = 0; i < ${CUTS:-8}; i++)); do
	cut_power
	[ $((i % 3)) != 0 ] || read_all
	kill -0 "$load" || fail "the load has ended"
	[ "$(field mismatches)" = 0 ] || fail "cut $i: $(dmsetup message bvtest-v 0 list)"
	[ "${CUTS:-8}" -gt 100 ] && [ $((i % 8)) != 7 ] || unproven=$((unproven + $(field unproven)))
	[ $(((i + 1) % 500)) != 0 ] ||
		echo "      $((i + 1)) of $CUTS cuts: $(field settled_new) blocks new, $(field settled_old) old, $unproven sectors unproven after each eighth" >&3
done
stop_load
read_all
expect_field cuts "${CUTS:-8}"
expect_field mismatches 0
expect_field divergences 0
expect_field uncertain 0
expect_field lost 0
[ "$(field settled_old)" -gt 0 ] || fail "no block came back with an old version"
[ "$(field settled_new)" -gt 0 ] || fail "no block came back with the newest version"
[ $unproven -gt 0 ] || fail "no sector was ever unproven"
dd if=/dev/zero of=$v bs=1M count=$mib oflag=direct,dsync status=none
expect_field untrusted 0
expect_same_legs
stop

# With memory for a few blocks only, less is known, but nothing wrong is reported.
start legal crash_max_mib 1
load_with 4
for i in 1 2; do
	cut_power
done
allocations_fail_in blkv_versions_alloc 20
for i in 1 2; do
	cut_power
done
allocations_succeed
[ "$(allocations_failed)" -gt 0 ] || fail "no allocation failed"
stop_load
read_all
expect_field mismatches 0
stop

# Each broken rule is found.
expect_found() { # <variant> <class>
	grep -q "class=$2 .*crash=" <<<"$(dmsetup message bvtest-v 0 list)" ||
		fail "$1 was not found: $(dmsetup message bvtest-v 0 list)"
}
breaks() { # <variant> <class>
	start "$1"
	load_with 4
	for ((i = 0; i < 10; i++)); do
		cut_power
		read_all
		[ "$(field mismatches)" = 0 ] || break
	done
	stop_load
	expect_found "$@"
	stop
}
breaks flush lost
breaks fua lost
breaks torn torn
breaks stray misplaced

# There is no load: a later flush would write back what the last one missed. Each cut loses the missed
# write with a chance of one in two.
start early
for ((i = 0; i < 20; i++)); do
	dd if=/dev/urandom of=$v bs=4096 count=1 oflag=direct conv=fsync,notrunc status=none
	cut_power
	read_all
	[ "$(field mismatches)" = 0 ] || break
done
expect_found early lost
stop
