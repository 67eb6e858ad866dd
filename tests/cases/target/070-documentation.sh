# SPDX-License-Identifier: GPL-2.0-only
# This test will run the examples of Documentation/dm-blkverify.rst and compare their output.
# Needs: machine=debug

loop_pair 64
ln -sf "$raw" /dev/raw
ln -sf "$test" /dev/test
examples=$TMPDIR/examples
awk '/^Examples$/ {on = 1} /^Limits$/ {on = 0} on && /^    / {print substr($0, 5)}' \
	"$TOP/Documentation/dm-blkverify.rst" >"$examples"
commands=0

run_example() { # <command> <expected output>
	local got
	got=$(eval "$1" 2>&1 || :)
	# "..." in the expected output matches anything.
	local pattern
	pattern=$(printf '%s' "$2" | sed -e 's/[][\\*?]/\\&/g' -e 's/\.\.\./*/g')
	# shellcheck disable=SC2053
	[[ $got == $pattern ]] || fail "\"$1\" printed \"$got\", not \"$2\""
	commands=$((commands + 1))
}

command='' expected=''
while IFS= read -r line; do
	case $line in
	'# '*)
		[ -z "$command" ] || run_example "$command" "$expected"
		command=${line#\# } expected=''
		;;
	*) expected=${expected:+$expected$'\n'}$line ;;
	esac
done <"$examples"

run_example "$command" "$expected"
rm /dev/raw /dev/test

echo "$commands commands"
[ $commands -ge 15 ] || fail "the examples were not found"
