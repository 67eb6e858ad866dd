# SPDX-License-Identifier: GPL-2.0-only
# This test will check that the command loads the modules it needs, and says what is missing if it
# cannot.
# Needs: machine=stock

. "$TOP/tests/lib/command.sh"

truncate -s 8M "$TMPDIR/a" "$TMPDIR/b"
modules=/lib/modules/$(uname -r)
lib=$TMPDIR/lib/$(uname -r)

# A separate module directory, with the modules of device mapper and loop, if any.
mkdir -p "$lib"
for m in dm-mod loop; do
	file=$(modprobe -S "$(uname -r)" --show-depends $m 2>/dev/null | sed -n 's/^insmod //p') || :
	[ -z "$file" ] || cp $file "$lib"
done

mkdir -p /lib/modules 2>/dev/null || :
mount --bind "$TMPDIR/lib" /lib/modules
trap 'set +e; umount /lib/modules; modprobe -aq dm-mod loop dm-flakey dm-delay dm-snapshot dm-zero; insmod "$KO" 2>/dev/null; clean_up' EXIT
depmod 2>/dev/null
[ -d "$modules" ] || fail "no $modules"

rmmod dm_blkverify

# Not installed.
tool 4 open bvtest-v "$TMPDIR/a" "$TMPDIR/b"

warns "dm-blkverify not found in directory $modules"
warns "the running kernel $(uname -r) has no blkverify target"
warns "install the module for this kernel (make install, or DKMS)"

# Not for this kernel.
head -c 5000 "$KO" >"$lib/dm-blkverify.ko"
sed -i '/dm-blkverify/d' "$lib/modules.dep"
depmod 2>/dev/null || :
[ -z "$(modprobe --show-depends dm-blkverify 2>&1 | grep insmod)" ] || {
	tool 4 open bvtest-v "$TMPDIR/a" "$TMPDIR/b"
	cat "$TMPDIR/err"
	warns "could not insert 'dm_blkverify'"
}

# Installed: each verb that needs the module loads it.
cp "$KO" "$lib/"
depmod 2>/dev/null
for verb in "open bvtest-v $TMPDIR/a $TMPDIR/b" "run --raw $TMPDIR/a --test $TMPDIR/b --name bvtest-v -- dd if=/dev/mapper/bvtest-v of=/dev/null bs=1M count=1 iflag=direct status=none"; do
	[ ! -d /sys/module/dm_blkverify ] || fail "$verb: it is loaded already"
	tool 0 $verb
	expect "messages of $verb" "" "$(cat "$TMPDIR/err")"
	[ -d /sys/module/dm_blkverify ] || fail "$verb: it is not loaded"
	"$BLKVERIFY" --version >"$TMPDIR/out"
	says "target 1."
	"$BLKVERIFY" close bvtest-v 2>/dev/null || :
	expect_no_device bvtest-v
	expect_no_loops
	rmmod dm_blkverify
done

# A dry run, and verbs that need no device, load nothing.
tool 0 open --dry-run bvtest-v "$TMPDIR/a" "$TMPDIR/b"
tool 0 compare "$TMPDIR/a" "$TMPDIR/b"
tool 0 status
says "no blkverify device is open"
[ ! -d /sys/module/dm_blkverify ] || fail "it was loaded for nothing"

# No device mapper and no loop driver either, where they are modules.
if rmmod dm_flakey dm_delay dm_snapshot dm_bufio dm_zero dm_mod loop 2>/dev/null; then
	[ ! -e /dev/mapper/control ] || fail "there is a device mapper"
	tool 0 status
	says "no blkverify device is open"
	tool 4 wait bvtest-v
	warns "modprobe dm-mod"
	"$BLKVERIFY" --version >"$TMPDIR/out"
	says "target not loaded"
	rm -f /dev/loop-control
	tool 0 open bvtest-v "$TMPDIR/a" "$TMPDIR/b"
	tool 0 close bvtest-v
	expect_no_loops
	echo "the device mapper and loop were loaded too"
fi
