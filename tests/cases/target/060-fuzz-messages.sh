# SPDX-License-Identifier: GPL-2.0-only
# This test will send random messages and table lines, and expect nothing worse than an error.
# Needs: machine=debug

new_pair 16
make_v

seed=${SEED:-$RANDOM}
echo "seed $seed"
RANDOM=$seed
mapfile -t messages < <(words_of MESSAGE)
mapfile -t option_words < <(words_of OPTION)
words=("${messages[@]}" 0 1 -1 8 32767 32768 18446744073709551615
	18446744073709551616 0x10 "" " " '"' "$(head -c 3000 /dev/zero | tr '\0' A)" %s%n '\\' é LIST
	freeze fingerprint 1e9 $'\t' "a b")
options=("${option_words[@]}" 0 1 2 64 -1 4294967296 1048577 bogus "" FINGERPRINT "$(head -c 3000 /dev/zero | tr '\0' B)")
obeyed=0 created=0
for ((i = 0; i < ${FUZZ_ROUNDS:-150}; i++)); do
	args=()
	for ((j = RANDOM % 5; j >= 0; j--)); do args+=("${words[RANDOM % ${#words[@]}]}"); done
	if dmsetup message bvtest-v 0 "${args[@]}" >/dev/null 2>&1; then obeyed=$((obeyed + 1)); fi
done

for ((i = 0; i < ${FUZZ_ROUNDS:-60}; i++)); do
	args=()
	for ((j = RANDOM % 5; j > 0; j--)); do args+=("${options[RANDOM % ${#options[@]}]}"); done
	nr=${#args[@]}
	[ $((RANDOM % 4)) != 0 ] || nr=$((RANDOM % 7))
	if dmsetup create bvtest-w --notable >/dev/null 2>&1; then
		if dmsetup load bvtest-w --table "0 1024 blkverify /dev/ram0 /dev/ram1 $nr ${args[*]-}" >/dev/null 2>&1; then
			created=$((created + 1))
		fi
		dmsetup remove bvtest-w
	fi
done

# A newline does not start a new line in the log.
if dmsetup message bvtest-v 0 $'x\\\nforged'; then fail "accepted nonsense"; fi
expect_log 'message rejected: unknown message "x\\nforged"$'

echo "obeyed $obeyed messages, took $created tables"
[ $obeyed -gt 0 ] && [ $created -gt 0 ] || fail "only nonsense was tried"

dmsetup message bvtest-v 0 thaw
dmsetup message bvtest-v 0 trust 0 $sectors
dmsetup message bvtest-v 0 reset

# Injections may be pending; after them the device is healthy.
for i in 1 2; do "$BVIO" read $v 0 16777216 >/dev/null || :; done
dmsetup message bvtest-v 0 reset
expect_read 0 16777216
expect_field state V
