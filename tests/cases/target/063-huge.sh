# SPDX-License-Identifier: GPL-2.0-only
# This test will load a table of 64 TiB in well under a second, and use its far end.
# Needs: machine=debug

n=$((1 << 37))
new_dm raw "0 $n zero"
raw=$leg
new_dm test "0 $n zero"
test=$leg
sectors=$n

free_kib() { awk '/^MemFree/ {print $2}' /proc/meminfo; }

for options in "" written_only; do
	before=$(date +%s%N)
	# shellcheck disable=SC2086
	make_v $options
	took=$((($(date +%s%N) - before) / 1000000))
	echo "loaded in $took ms with \"$options\""
	[ $took -lt "$(scaled 2000)" ] || fail "loading took $took ms"
	expect_read $(((n - 2048) * 512)) 1048576
	dmsetup message bvtest-v 0 distrust 0 $((n - 1))
	dmsetup message bvtest-v 0 trust $((n / 2)) 4096
	dd if=/dev/zero of=$v bs=1M seek=$((n / 2048 - 1)) count=1 oflag=direct status=none
	expect_field untrusted $((n - 4096 - 2048))
	dmsetup remove bvtest-v
done
