# SPDX-License-Identifier: GPL-2.0-only
# This test will suspend, resume, reload and remove the device while fio verifies its own writes.
# Needs: machine=stock

new_pair 32
make_v

exec 8<$v	# in use for as long as this is open
line=$(dmsetup table bvtest-v)
fio --name=load --filename=$v --direct=1 --ioengine=libaio --iodepth=16 --rw=randrw --bs=16k --verify_backlog=64 \
	--verify=crc32c --time_based --runtime="$(scaled 12)" --size=16m --numjobs=1 --randseed=${SEED:-7} \
	--output="$TMPDIR/fio" &
load=$!
sleep 1

for i in 1 2 3 4 5 6 7 8; do
	case $((i % 3)) in
	0) dmsetup suspend bvtest-v; sleep 0.3; dmsetup resume bvtest-v ;;
	1) dmsetup suspend --noflush bvtest-v; sleep 0.2; dmsetup resume bvtest-v ;;
	2) load_resume bvtest-v "$line" ;;
	esac
	if dmsetup remove bvtest-v 2>/dev/null; then fail "removed while in use"; fi
	sleep 0.5
done

exec 8<&-
wait $load || fail "fio: $(cat "$TMPDIR/fio")"
expect_healthy
dmsetup remove bvtest-v
expect_same_legs

# Remove after the last close, and deferred while the device is open.
make_v
for i in 1 2 3; do
	exec 8<$v
	"$BVIO" race $v 1048576 2 4 &
	load=$!
	# Fd 8, and one for each thread: the node disappears as soon as the removal is deferred.
	while kill -0 $load 2>/dev/null && [ "$(dmsetup info -c --noheadings -o open bvtest-v)" -lt 5 ]; do :; done
	dmsetup remove --deferred bvtest-v
	grep -q "DEFERRED REMOVE" <<<"$(dmsetup info bvtest-v)" || fail "it was not in use when it was removed"
	exec 8<&-
	wait $load || fail "the load failed"
	wait_until 30 is_gone bvtest-v
	make_v
done
