# SPDX-License-Identifier: GPL-2.0-only
# This test will have stress-ng's file and I/O stressors at once on ext4, and detect corruption.
# Needs: limit=400
. "$TOP/tests/workloads/lib.sh"
need_file_system ext4
seconds=${STRESS_SECONDS:-4}
stressors="aio aiol chattr chdir chmod chown dentry dir dirdeep dup fallocate fiemap file-ioctl filename flock
	fpunch fstat getdent hdd io iomix lease link locka lockf lockofd metamix mknod open readahead rename revio
	seek sendfile splice symlink sync-file touch truncate unlink utime verity xattr"
# The defaults need more space than there is.
sizes="hdd-bytes=16m iomix-bytes=16m fallocate-bytes=16m fiemap-bytes=16m readahead-bytes=16m revio-bytes=16m
	seek-size=16m sync-file-bytes=16m sendfile-size=4m dentries=256 chdir-dirs=64 dirdeep-inodes=2000 metamix-bytes=2m"
mkdir "$mnt"

stress() { # <option>...
	stress-ng --temp-path "$mnt" --seed "${SEED:-5}" --verify --oomable --skip-silent "$@" >"$TMPDIR/stress" 2>&1 ||
		fail "stress-ng $*: $(tail -n 30 "$TMPDIR/stress")"
}

new_pair 448 discard=1
start_v
mkfs.ext4 -q -N 65536 $v
mount -o discard $v "$mnt"
say "ext4, all at once"
all=()
known=$(stress-ng --help)
for s in $stressors; do
	if grep -qe " --$s N" <<<"$known"; then all+=("--$s" 1); else say "this stress-ng has no $s"; fi
done
for s in $sizes; do
	if grep -qe " --${s%=*} [A-Z]" <<<"$known"; then all+=("--${s%=*}" "${s#*=}"); fi
done
stress "${all[@]}" --timeout $((seconds * 6))
umount "$mnt"
e2fsck -fn $v >"$TMPDIR/fsck" 2>&1 || fail "$(cat "$TMPDIR/fsck")"
healthy
mount $v "$mnt"
marked_file "$mnt/marked" 16
umount "$mnt"
healthy
mapfile -t places < <(marked_places "$raw")
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
