# SPDX-License-Identifier: GPL-2.0-only
# This test will complete verbs, options, device names and leg paths in bash.
# Needs: machine=debug

. "$TOP/tests/lib/command.sh"

new_pair 8
make_v
export BLKVERIFY_CUT_DIR=$TOP/tools/cut.d

touch "$TMPDIR/an image" "$TMPDIR/an-other"
mkdir "$TMPDIR/bin"
ln -s "$BLKVERIFY" "$TMPDIR/bin/blkverify"

# In a separate shell: what bash does when tab is pressed.
completes() { # <expected, separated by |> <word>... (the last one as far as it was typed)
	local expected=$1 got
	shift
	got=$(PATH=$TMPDIR/bin:$PATH bash -c '. "$TOP/tools/blkverify.bash-completion"
		grep -q "_blkverify blkverify" <<<"$(complete -p blkverify)" || exit
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		_blkverify
		printf "%s\n" ${COMPREPLY[@]+"${COMPREPLY[@]}"} | paste -s -d "|"' bash "$@")
	expect "completion of \"$*\"" "$expected" "$got"
}

completes "status|scrub|sync" blkverify s
completes "--version" blkverify --v
completes "--start" blkverify scrub --st
completes "--allow-unequal|--json|--debug|--help" blkverify compare --allow-unequal --

for verb in close status report dump wait watch scrub crash follow bundle; do
	completes "bvtest-v" blkverify $verb bv
done

completes "bvtest-v" blkverify wait --timeout 5 bv
completes "" blkverify wait --timeout bv
completes "" blkverify close bvtest-v bv
completes "bvtest-v" blkverify follow bvtest-w bv
completes "$TMPDIR/bin" blkverify bundle bvtest-v "$TMPDIR/b"
completes "ktap" blkverify run --output k
completes "json" blkverify crash --output j
completes "" blkverify crash --output k
completes "null_blk:" blkverify crash bvtest-v --cut nu
completes "nbdkit:|null_blk:" blkverify run --cut n
completes "$TMPDIR/bin" blkverify crash --wait-for "$TMPDIR/b"
completes "" blkverify crash --cut exec:true bvtest-v bv
completes "$TMPDIR/bin" blkverify follow --out "$TMPDIR/b"

# In directory order.
completes "$(compgen -f -- "$TMPDIR/an" | paste -s -d "|")" blkverify open name "$TMPDIR/an"
expect "files" 2 "$(compgen -f -- "$TMPDIR/an" | wc -l)"
completes "$TMPDIR/an-other" blkverify open name "$TMPDIR/an image" "$TMPDIR/an-"
completes "" blkverify open "$TMPDIR/an"
completes "$raw" blkverify compare "$raw"
completes "$TMPDIR/an-other" blkverify sync --yes x "$TMPDIR/an-"
completes "$TMPDIR/an-other" blkverify run --test "$TMPDIR/an-"
completes "$TMPDIR/bin" blkverify run --raw-dir "$TMPDIR/b"
completes "$TMPDIR/an-other" blkverify run --test x -- cmp "$TMPDIR/an-"
completes "mkswap" blkverify run --test x -- mkswa

# Each verb and each option that --help lists, and no other.
for verb in $("$BLKVERIFY" --list-words); do
	expect "options of $verb" "$("$BLKVERIFY" $verb --help | grep -oE '^  --[a-z-]+' | tr -d ' ' | grep -v -e --help | sort)" \
		"$("$BLKVERIFY" --list-words $verb | sed 's/ .*//' | sort)"
done
