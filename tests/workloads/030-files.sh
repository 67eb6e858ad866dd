# SPDX-License-Identifier: GPL-2.0-only
# This test will have stress-ng's file and I/O stressors at once on ext4, one after the other on XFS.
# Needs: limit=400
. "$TOP/tests/workloads/lib.sh"
need_file_system ext4
seconds=${STRESS_SECONDS:-4}
stressors="aio aiol chattr chdir chmod chown copy-file dentry dir dirdeep dup fallocate fiemap file-ioctl filename
	flock fpunch fstat getdent hdd io io-uring iomix lease link locka lockf lockofd metamix mknod open readahead
	rename revio seek sendfile splice symlink sync-file touch truncate unlink utime verity xattr"
mkdir "$mnt"

stress() { # <name> <option>...
	row_name=030-files-$1
	shift
	stress-ng --temp-path "$mnt" --seed "${SEED:-5}" --verify --oomable --skip-silent "$@" >"$TMPDIR/stress" 2>&1 ||
		fail "stress-ng $*: $(tail -n 30 "$TMPDIR/stress")"
}

new_pair 448 discard=1
start_v
mkfs.ext4 -q $v
mount -o discard $v "$mnt"
say "ext4, all at once"
all=()
for s in $stressors; do all+=("--$s" 1); done
stress at-once "${all[@]}" --timeout $((seconds * 6))
umount "$mnt"
e2fsck -fn $v >"$TMPDIR/fsck" 2>&1 || fail "$(cat "$TMPDIR/fsck")"
healthy
mount $v "$mnt"
marked_file "$mnt/marked" 16
umount "$mnt"
healthy
mapfile -t places < <(marked_places)
expect "places to spoil" 16 ${#places[@]}
plant "${places[@]}"
mount -o ro $v "$mnt"
for ((i = 0; i < 16; i++)); do
	if dd if="$mnt/marked" of=/dev/null bs=4096 count=1 skip=$((i * 256)) iflag=direct 2>"$TMPDIR/dd"; then fail "bad block $i was read"; fi
	grep -q "Invalid or incomplete" "$TMPDIR/dd" || fail "$(cat "$TMPDIR/dd")"
done
umount "$mnt"
found
dmsetup remove bvtest-v
row
