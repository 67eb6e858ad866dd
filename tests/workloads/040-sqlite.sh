# SPDX-License-Identifier: GPL-2.0-only
# This test will keep an SQLite database, in each journal mode, and check its integrity.
. "$TOP/tests/workloads/lib.sh"
need_file_system ext4
new_pair 256 discard=1
start_v
mkfs.ext4 -q $v
mkdir "$mnt"
mount -o noatime,discard $v "$mnt"
db=$mnt/bvtest.sqlite
sql() { sqlite3 -bail "$db" "$@"; }
sums="SELECT count(*), sum(n), sum(length(bytes)) FROM t;"
sql "CREATE TABLE t (n INTEGER PRIMARY KEY, bytes BLOB);
	CREATE INDEX i ON t (substr(bytes, 1, 16));
	INSERT INTO t SELECT value, randomblob(abs(random()) % 2000) FROM generate_series(1, 8000);"
for mode in wal delete persist truncate; do
	say "journal_mode=$mode"
	for ((i = 0; i < 12; i++)); do
		echo "PRAGMA journal_mode=$mode; PRAGMA synchronous=full;
			BEGIN; UPDATE t SET bytes = randomblob(1 + n % 1500) WHERE n % 12 = $i; COMMIT;
			BEGIN; DELETE FROM t WHERE n % 7 = 3; ROLLBACK;
			BEGIN; INSERT INTO t(bytes) SELECT randomblob(700) FROM generate_series(1, 50); COMMIT;"
	done | sqlite3 -bail "$db" >/dev/null
	forget "$db"
	expect "integrity_check" ok "$(sql 'PRAGMA integrity_check;')"
done
sql "VACUUM; CREATE TABLE places (bytes BLOB);
	INSERT INTO places SELECT 'bvtest-place-' || printf('%04d.', value) || hex(randomblob(500000)) FROM generate_series(1, 12);"
before=$(sql "$sums")
umount "$mnt"
e2fsck -fn $v >"$TMPDIR/fsck" 2>&1 || fail "$(cat "$TMPDIR/fsck")"
healthy

say "planted faults"
# Two rows may begin in one page, but there is only one report for each request.
mapfile -t places < <(marked_places "$raw" | awk 'NR == 1 || $1 >= last + 8192 {print; last = $1}')
[ ${#places[@]} -ge 4 ] || fail "only ${#places[@]} places to spoil"
plant "${places[@]}"
mount -o ro $v "$mnt"
# The database reports that it cannot read them.
if sql "SELECT sum(length(bytes)), max(substr(bytes, 999000, 9)) FROM places;" >"$TMPDIR/sql" 2>&1; then fail "SQLite has read bad blocks"; fi
# It may take a device error for a malformed database.
grep -qE 'malformed|disk I/O error' "$TMPDIR/sql" || fail "$(cat "$TMPDIR/sql")"
umount "$mnt"
# With the data of the raw leg, all is right.
dmsetup load bvtest-v --table "0 $sectors blkverify $raw $test 1 ignore_mismatch"
dmsetup resume bvtest-v
mount -o ro $v "$mnt"
expect "integrity_check" ok "$(sqlite3 "file:$db?immutable=1" 'PRAGMA integrity_check;')"
expect "what is in it" "$before" "$(sqlite3 "file:$db?immutable=1" "$sums")"
umount "$mnt"
found
row
