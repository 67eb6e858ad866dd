# SPDX-License-Identifier: GPL-2.0-only
# This test will let only the test leg reject reads and writes, and check that this is a divergence
# whatever the status, and that statuses private to the block layer are not passed up.
# Needs: machine=debug

new_pair 16
liar_as_test

refuse() { # <status> <errno> <text of the errno>
	make_v
	if ! lie fail read "$1" 1 2>/dev/null; then
		# Old kernels lack this status.
		expect "status that this kernel lacks" INVAL "$1"
		dmsetup remove bvtest-v
		return
	fi
	if dd if=$v of=/dev/null bs=4096 count=1 iflag=direct 2>"$TMPDIR/said"; then fail "$1: the read did not fail"; fi
	grep -q "$3" "$TMPDIR/said" || fail "$1: the read: $(cat "$TMPDIR/said")"
	expect_field divergences 1
	expect_field test_errors 1
	expect_field untrusted 0
	expect_log "bvtest-v: read sector=0 nr=8 divergence raw=0 test=$2\$"

	lie fail write "$1" 1
	if dd if=/dev/zero of=$v bs=4096 seek=1 count=1 oflag=direct 2>"$TMPDIR/said"; then fail "$1: the write did not fail"; fi
	grep -q "$3" "$TMPDIR/said" || fail "$1: the write: $(cat "$TMPDIR/said")"
	expect_field divergences 2
	expect_field test_errors 2
	expect_field untrusted 8
	expect_field distrusted_refused 0
	expect_log "bvtest-v: write sector=8 nr=8 divergence raw=0 test=$2\$"
	dmsetup remove bvtest-v
}

refuse NOTSUPP -95 "Operation not supported"
refuse AGAIN -11 "Resource temporarily unavailable"
refuse INVAL -22 "Invalid argument"
refuse MEDIUM -61 "No data available"
# A status that is private to a driver and the block layer.
refuse DEV_RESOURCE -16 "Input/output error"
