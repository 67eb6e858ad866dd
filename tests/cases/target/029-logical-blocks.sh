# SPDX-License-Identifier: GPL-2.0-only
# This test will use legs with logical blocks of 512 bytes to 64 KiB, in each combination that this
# kernel has: the larger ones must be those of the mapped device, nothing may be reported by mistake,
# and a wrong byte must be found in its sector.
# Needs: machine=debug,stock

sizes="512 4096 16384 65536"
sectors=8192
declare -A leg_of
mkdir "$TMPDIR/bvtest-files"
mount -t tmpfs tmpfs "$TMPDIR/bvtest-files"

# A loop device with a file in memory: null_blk has no blocks of more than 4 KiB.
new_loop() { # <block size> <name>; sets leg
	truncate -s 4M "$TMPDIR/bvtest-files/$2"
	leg=$(losetup -f --show -b "$1" "$TMPDIR/bvtest-files/$2" 2>/dev/null)
}
for size in $sizes; do
	for name in raw test; do
		if [ "$size" -le 4096 ]; then
			new_leg 4 blocksize="$size"
		else
			new_loop "$size" "$name-$size" || break
		fi
		expect "block size of $leg" "$size" "$(blockdev --getss "$leg")"
		leg_of[$name-$size]=$leg
	done
done

use() { # <block size>
	local at block=$1 sector
	fio --name=mixed --filename=$v --rw=randrw --bsrange="$block"-512k --blockalign="$block" --size=4m --direct=1 \
		--ioengine=psync --verify=crc32c --randseed="${SEED:-3}" --output="$TMPDIR/fio" >/dev/null ||
		fail "$(cat "$TMPDIR/fio")"
	if dd if=/dev/zero of=$v bs=512 count=1 oflag=direct status=none 2>/dev/null; then
		expect "a block that can be written" 512 "$block"
	fi
	expect_read 0 4194304
	expect_field untrusted 0
	expect_healthy

	# In the last sector of a block.
	at=$((block * 3 - 17))
	sector=$((at / 512))
	"$BVIO" poke "$test" $at 0x10
	expect_read_error EILSEQ 0 1048576
	reports_expected=$((reports_expected + 1))
	expect_field first_mismatch "$sector"
	expect_log "contents mismatch in sector $sector"
	"$BVIO" poke "$test" $at 0x10
	wait_until 30 has_labels
	expect_read 0 1048576
	dmsetup remove bvtest-v
}

pairs=0
for raw_size in $sizes; do
	for test_size in $sizes; do
		raw=${leg_of[raw-$raw_size]-} test=${leg_of[test-$test_size]-}
		[ -n "$raw" ] && [ -n "$test" ] || continue
		block=$((raw_size > test_size ? raw_size : test_size))
		dd if=/dev/urandom of="$raw" bs=1M count=4 oflag=direct status=none
		dd if="$raw" of="$test" bs=1M count=4 iflag=direct oflag=direct status=none
		make_v
		expect "block size" "$block" "$(attribute queue/logical_block_size)"
		use "$block"
		pairs=$((pairs + 1))
	done
done

# Blocks of more than a page are possible since 6.15, in kernels with huge pages.
if [ "$(printf '%s\n' 6.15 "$(uname -r)" | sort -V | head -n 1)" = 6.15 ] && [ -e /sys/kernel/mm/transparent_hugepage ]; then
	expect "pairs" 16 $pairs
else
	expect "pairs" 4 $pairs
	echo "this kernel has no blocks of 16 and 64 KiB" >"$case_shows"
fi
