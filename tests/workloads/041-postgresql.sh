# SPDX-License-Identifier: GPL-2.0-only
# This test will run PostgreSQL under pgbench, and check its pages, indexes and sums.
# Needs: limit=400
. "$TOP/tests/workloads/lib.sh"
need_file_system ext4
bin=$(ls -d /usr/lib/postgresql/*/bin | tail -n 1)
[ -x "$bin/initdb" ] || skip "PostgreSQL is not installed"
new_pair 448 discard=1
start_v
mkfs.ext4 -q $v
mkdir "$mnt"
mount -o noatime,discard $v "$mnt"
# PostgreSQL refuses to run as root.
chmod 755 "$TMPDIR" "$mnt"
run=$TMPDIR/pg
mkdir "$run" "$mnt/pg"
chown postgres "$run" "$mnt/pg"
as_postgres() { (cd "$run" && setpriv --reuid=postgres --regid=postgres --clear-groups env HOME="$run" PGHOST="$run" "$@"); }
db() { as_postgres "$bin/psql" -X -q -t -A -v ON_ERROR_STOP=1 -d postgres "$@"; }
start_server() {
	as_postgres "$bin/pg_ctl" -D "$mnt/pg/data" -w -t 60 -l "$run/log" start >"$TMPDIR/pg_ctl" 2>&1 3>&- ||
		fail "$(cat "$TMPDIR/pg_ctl" "$run/log")"
}
stop_server() { as_postgres "$bin/pg_ctl" -D "$mnt/pg/data" -w -t 60 -m fast stop >"$TMPDIR/pg_ctl" 2>&1 || fail "$(cat "$TMPDIR/pg_ctl")"; }
before_clean_up() { as_postgres "$bin/pg_ctl" -D "$mnt/pg/data" -m immediate stop >/dev/null 2>&1; }

say "initdb"
as_postgres "$bin/initdb" -D "$mnt/pg/data" --data-checksums --auth=trust --no-locale -E UTF8 >"$TMPDIR/initdb" 2>&1 || fail "$(cat "$TMPDIR/initdb")"
cat >>"$mnt/pg/data/postgresql.conf" <<END
unix_socket_directories = '$run'
listen_addresses = ''
shared_buffers = 8MB
max_wal_size = 64MB
min_wal_size = 32MB
autovacuum_naptime = 2s
END
start_server
say "pgbench"
as_postgres "$bin/pgbench" -i -q -s 4 postgres >"$TMPDIR/pgbench" 2>&1 || fail "$(cat "$TMPDIR/pgbench")"
as_postgres "$bin/pgbench" -c 4 -j 2 -T "${STRESS_SECONDS:-15}" --random-seed="${SEED:-7}" postgres >"$TMPDIR/pgbench" 2>&1 ||
	fail "$(cat "$TMPDIR/pgbench")"
db -c "CREATE TABLE places (n int, bytes text);" -c "ALTER TABLE places ALTER bytes SET STORAGE PLAIN;" \
	-c "INSERT INTO places SELECT n, 'bvtest-place-' || to_char(n, 'FM0000') || '.' || string_agg(md5(random()::text), '')
		FROM generate_series(1, 12) n, generate_series(1, 200) GROUP BY n;" -c "CHECKPOINT;"
say "checks"
expect "pgbench's sums" t "$(db -c "SELECT (SELECT sum(abalance) FROM pgbench_accounts) = (SELECT sum(delta) FROM pgbench_history)
	AND (SELECT sum(bbalance) FROM pgbench_branches) = (SELECT sum(delta) FROM pgbench_history);")"
stop_server
forget "$mnt"/pg/data/base/*/[0-9]*
as_postgres "$bin/pg_checksums" --check -D "$mnt/pg/data" >"$TMPDIR/checksums" 2>&1 || fail "$(cat "$TMPDIR/checksums")"
start_server
db -c "CREATE EXTENSION amcheck;"
as_postgres "$bin/pg_amcheck" --heapallindexed postgres >"$TMPDIR/amcheck" 2>&1 || fail "$(cat "$TMPDIR/amcheck")"
table=$(db -c "SELECT pg_relation_filepath('places');")
stop_server
# The WAL has a copy of the data: corrupt only the blocks of the table.
file=$mnt/pg/data/$table
# The blocks of a file need not be contiguous.
mapfile -t places < <(marked_places "$file")
[ ${#places[@]} = 12 ] || fail "${#places[@]} places in the table"
blocks=()
for at in "${places[@]}"; do blocks+=("$(place_in_file "$file" "$at")"); done
umount "$mnt"
e2fsck -fn $v >"$TMPDIR/fsck" 2>&1 || fail "$(cat "$TMPDIR/fsck")"
healthy

say "planted faults"
for at in "${blocks[@]}"; do
	expect "what is at $at" bvtest-place "$(dd if="$raw" bs=1 skip="$at" count=12 status=none)"
done
# They are 8 KiB apart: without readahead, each is in a request of its own.
blockdev --setra 0 $v
plant "${blocks[@]}"
mount -o noatime $v "$mnt"
if as_postgres "$bin/pg_checksums" --check -D "$mnt/pg/data" >"$TMPDIR/checksums" 2>&1; then fail "pg_checksums has read bad blocks"; fi
start_server
if db -c "SELECT sum(length(bytes)) FROM places;" >"$TMPDIR/psql" 2>&1; then fail "PostgreSQL has read bad blocks"; fi
grep -q 'could not read block 0' "$TMPDIR/psql" || fail "$(cat "$TMPDIR/psql")"
for ((i = 0; i < 12; i++)); do
	dd if="$file" of=/dev/null bs=4096 iflag=direct skip=$((places[i] / 4096)) count=1 status=none 2>/dev/null || :
done
stop_server
umount "$mnt"
found
row
