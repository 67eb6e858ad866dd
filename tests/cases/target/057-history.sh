# SPDX-License-Identifier: GPL-2.0-only
# This test will check that "history" names the last writes to a sector, or says that older ones are
# forgotten.
# Needs: machine=debug

loop_pair 16
make_v
expect "history of a sector never written" "complete" "$(dmsetup message bvtest-v 0 history 8)"

dd if=/dev/urandom of=$v bs=4096 count=1 seek=1 oflag=direct status=none
blkdiscard -z -o 0 -l 65536 $v
blkdiscard -o 4096 -l 512 $v
ms() { awk '{print int($1 * 1000)}' /proc/uptime; }
began=$(ms)
dd if=/dev/urandom of=$v bs=512 count=2 seek=8 oflag=direct,dsync status=none
dmsetup message bvtest-v 0 history 9 | sed 's/age_ms=[0-9]*/age_ms=N/; s/pid=[0-9]*/pid=N/' >"$TMPDIR/history"
cat >"$TMPDIR/expected" <<'END'
order=5 start=9 nr=1 op=write,fua age_ms=N pid=N comm="dd"
order=2 start=0 nr=128 op=write_zeroes age_ms=N pid=N comm="blkdiscard"
order=1 start=8 nr=8 op=write age_ms=N pid=N comm="dd"
complete
END

# Without a volatile write cache, FUA is stripped.
sed -i 's/write,fua/write/' "$TMPDIR/expected" "$TMPDIR/history"
diff "$TMPDIR/expected" "$TMPDIR/history" || fail "not the history of sector 9"

sleep 1.1
age=$(dmsetup message bvtest-v 0 history 9 | sed -n '1s/.* age_ms=\([0-9]*\) .*/\1/p')
most=$(($(ms) - began + 100))
[ "$age" -ge 1000 ] && [ "$age" -le $most ] || fail "the write was $age ms ago, not 1000 to $most"

"$BVIO" poke "$test" 4608 0x01
expect_read_error EILSEQ 0 8192
expect_log "contents mismatch in sector 9 .* write_order=5 write_start=9 write_nr=1 write_op=write[,fua]* write_age_ms=[0-9]* write_pid=[0-9]* write_comm=\"dd\""

"$BVIO" poke "$test" 4608 0x01

# More writes than the history holds.
fio --name=many --filename=$v --offset=1m --size=8m --rw=write --bs=512 --number_ios=4200 --direct=1 \
	--ioengine=libaio --iodepth=32 --output="$TMPDIR/fio"
expect "history of sector 9 now" "older writes are forgotten" "$(dmsetup message bvtest-v 0 history 9)"

"$BVIO" poke "$test" 4608 0x01

expect_read_error EILSEQ 0 8192
expect_log "contents mismatch in sector 9 .* write=forgotten"
if dmsetup message bvtest-v 0 history $sectors 2>/dev/null; then fail "a sector that does not exist has a history"; fi
