# SPDX-License-Identifier: GPL-2.0-only
# This test will read and write in different regions from two CPUs, and check that the locks of the
# module do not move from one CPU to the other.
# Needs: machine=smp

[ -e /proc/lock_stat ] || skip "this kernel has no lock statistics"
[ "$(nproc)" -ge 2 ] || skip "this needs two CPUs"
which fio >/dev/null || skip "fio is missing"

count=3000	# requests of each CPU

# The classes of locks are called as they are initialised, with # and a number if others are called
# the same.
mapfile -t locks < <(cat "$TOP"/src/*.c | sed -n 's/.*\(spin_lock\|mutex\)_init(\(&.*\));.*/\2/p' | sort -u)
[ ${#locks[@]} -ge 5 ] || fail "only ${#locks[@]} locks in the sources"

# What is in /proc/lock_stat of our locks: name, times that it came from another CPU, times taken.
statistics() {
	sed -n 's/^ *\(&.*\): \+\([0-9]\)/\1|\2/p' /proc/lock_stat |
		awk -F '|' -v names="$(printf '%s\n' "${locks[@]}")" '
			BEGIN { n = split(names, list, "\n"); for (i = 1; i <= n; i++) ours[list[i]] = 1 }
			{ name = $1; sub(/#.*/, "", name); split($2, field, / +/) }
			ours[name] { print name, field[1] + field[7], field[8] }'
}

load() { # <read|write>
	local cpu jobs=()
	for cpu in 0 1; do
		jobs+=(--name=cpu$cpu --filename=$v --offset=$((cpu * 32))m --size=8m --cpus_allowed=$cpu)
	done
	fio --rw="rand$1" --bs=4k --direct=1 --ioengine=psync --number_ios=$count --thread \
		--output="$TMPDIR/fio" --norandommap "${jobs[@]}" || fail "$(cat "$TMPDIR/fio")"
}

measure() { # <what> <read|write>
	local bounces taken
	load "$2"	# also fills what is allocated at first use
	echo 0 >/proc/lock_stat
	load "$2"
	statistics >"$TMPDIR/locks"
	read -r bounces taken < <(awk '{ b += $2; t += $3 } END { print b + 0, t + 0 }' "$TMPDIR/locks")
	printf '%-22s %6s requests  %7s times a lock taken  %5s times from the other CPU\n' \
		"$1" $((2 * count)) "$taken" "$bounces"
	[ "$taken" -ge $((2 * count)) ] || fail "the statistics do not have our locks: $(cat "$TMPDIR/locks")"
	[ "$bounces" -le $((2 * count / 100)) ] || fail "$(cat "$TMPDIR/locks")"
}

ram_pair
{
	for option in "" written_only; do
		make_v $option
		dmsetup message bvtest-v 0 trust 0 $((sectors - 8))
		for op in read write; do
			measure "$op ${option:-by default}" $op
		done
		dmsetup remove bvtest-v
	done
} | tee "$case_shows"
