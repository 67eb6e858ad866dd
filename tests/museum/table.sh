# SPDX-License-Identifier: GPL-2.0-only
# The table of the museum, as text and as Documentation/museum.rst. Sourced by tests/museum/run.
# shellcheck shell=bash disable=SC2154

# Who of the peers found something on the driver alone.
peer_words() { # <exhibit> bug|control
	local peer words=''
	for peer in fio files e2fsck; do
		[ "$(result "$1" "$2" peer $peer | column 1)" != found ] || words+="${words:+, }$peer"
	done
	grep -q "^museum|$1|$2|peer" "$log" || words=-
	say "${words:-nothing}"
}

control_words() { # <exhibit>
	local words=nothing
	[ -z "$(result "$1" control found)" ] || words=ALARM
	[ "$(peer_words "$1" control)" = nothing ] || [ "$(peer_words "$1" control)" = - ] || words+="+peer"
	grep -q "^museum|$1|control|load" "$log" || words="not run"
	say "$words"
}

print_table() {
	local name found yes
	printf '%-20s %-13s %-5s %6s %8s %-16s %-8s %s\n' bug kind found after sector class control 'peers alone'
	for name in "${exhibits[@]}"; do
		found=$(result "$name" bug found)
		yes=no
		[ -z "$found" ] || yes=yes
		grep -q "^museum|$name|bug|load" "$log" || yes='-'
		printf '%-20s %-13s %-5s %6s %8s %-16s %-8s %s\n' "$name" "$(words_of_exhibit "$name" kind)" \
			$yes "$(column 1 <<<"$found")" "$(column 2 <<<"$found")" "$(column 3 <<<"$found")" \
			"$(control_words "$name")" "$(peer_words "$name" bug)"
	done
}

# Was it found as it should be, and the driver without the bug healthy? Prints what was not.
exhibit_is_right() { # <exhibit>
	local expects found class
	expects=$(words_of_exhibit "$1" expects)
	found=$(result "$1" bug found)
	class=$(column 3 <<<"$found")
	case $expects in
	found) [ -n "$found" ] ;;
	missed) [ -z "$found" ] && grep -q "^museum|$1|bug|load" "$log" ;;
	*) [[ $class = "$expects"* ]] ;;
	esac || { say "$1: expected $expects, not \"${class:-nothing}\""; return 1; }
	grep -qx "museum|$1|control|nothing" "$log" || { say "$1: not healthy without its bug"; return 1; }
	# A cut after which everything is as it was written would show nothing.
	! grep -q "^museum|$1|control|power|" "$log" ||
		grep -qE "^museum\|$1\|control\|power\|[1-9][0-9]*\|[1-9]" "$log" ||
		{ say "$1: no power cut lost anything without its bug"; return 1; }
	command_is_right "$1"
}

# An exhibit with a workload: has "run --crash" found the bug, and without it proven something?
command_is_right() { # <exhibit>
	local status old new
	grep -q '^workload()' "$top/tests/museum/$1" || return 0
	[ "$(result "$1" bug command | column 1)" = 6 ] ||
		{ say "$1: not found by \"run --crash\""; return 1; }
	IFS='|' read -r status _ old new _ < <(result "$1" control command)
	[ "$status" = 0 ] && [ "$old" != 0 ] && [ "$new" != 0 ] ||
		{ say "$1: \"run --crash\" has not proven anything without the bug"; return 1; }
}

# What "run --crash" has found, and who looked at a file system then.
command_words() { # <exhibit>
	local status cuts old new sector class peer clean='' bad=''
	IFS='|' read -r status cuts _ _ sector class < <(result "$1" bug command)
	say "By the command: \`\`blkverify run --crash\`\` ended with exit status $status after power cut $cuts, with"
	say "sector $sector and the class $class."
	IFS='|' read -r status cuts old new _ < <(result "$1" control command)
	say "Without the bug it ended with $status after $cuts power cuts, $old blocks with an older version and $new with"
	say "the newest one."
	for peer in mount md5sum e2fsck; do
		case $(result "$1" bug after $peer) in
		nothing) clean+="${clean:+, }$peer" ;;
		found) bad+="${bad:+, }$peer" ;;
		esac
	done
	[ -z "$clean" ] || say "After the finding, these called the file system on it clean: $clean."
	[ -z "$bad" ] || say "After the finding, these found something in the file system on it: $bad."
}

# How many of each kind were found.
print_kinds() {
	local name
	for name in "${exhibits[@]}"; do
		printf '%s|%s\n' "$(words_of_exhibit "$name" kind)" "$(result "$name" bug found | column 1)"
	done | awk -F '|' '{ all[$1]++; if ($2 != "") found[$1]++ }
		END { for (kind in all) printf "%-14s %d of %d\n", kind, found[kind], all[kind] }' | sort
}
count_drivers() {
	local name
	for name in "${exhibits[@]}"; do words_of_exhibit "$name" driver; done | sort -u | wc -l
}

write_document() {
	local name found reason
	cat <<END
.. SPDX-License-Identifier: GPL-2.0-only
.. Written by tests/museum/run. Do not edit.

===============================
The museum: real bugs, put back
===============================

Bugs that drivers of Linux had are put back, by a few lines each, into the drivers of Linux
$(cat "$cache/uml-$kernel/include/config/kernel.release") (User-Mode Linux, one CPU). The driver is the test leg, a RAM disk is the raw leg. The load is
ordinary: mkfs, files, fsck, fio, discards, and reading everything. For the kind *flush*, the driver is on disks
with a write cache, whose power is cut. \`\`make museum\`\` does this.
Last run: $(date -u +%F). Found: $(grep -c '^museum|[^|]*|bug|found' "$log") of ${#exhibits[@]}, in $(count_drivers) drivers. Reports for the same drivers without the bug (*control*):
$(grep -c '^museum|[^|]*|control|found' "$log").

* *after*: seconds from the start of the load to the first report.
* *class*: what the report calls it; \`\`error(-5)\`\` is an error that only the test leg returned.
* *peers alone*: who found something on the driver without blkverify: fio with its verification, reading
  files back, or e2fsck. They run their own load once, without special steps such as a reload.

::

$(print_table | sed 's/^/    /; s/ *$//')

What it finds
=============

Found of each kind::

$(print_kinds | sed 's/^/    /')

* Any write whose data does not come back: lost, old, at another place, shifted in memory. The first read
  of the sector shows it, and a scrub at the end reads all sectors. Nothing has to know what was written.
* Damage to sectors that the load did not touch at that time. Discards are the usual cause. The report names
  the last write of the damaged sector, and the nearest and the latest discard.
* Data that was there before the load, if both legs have it: the raw leg is a copy of what is correct.
* Errors of the test leg alone. A request that succeeds on the raw leg should succeed on the test leg.
* Bugs that need a step: a reload, a lost member, a rebuild, a discard of a volume that shares its blocks. The
  load has to take this step. Any step will do while the device is in use.
* Flushes and writes with FUA that come too early or not at all, by a power cut. The disks below the
  driver lose what was not flushed, the driver is set up again on what is left, and everything is
  read. With the option \`\`crash\`\`, blkverify knows what each sector may hold then. Some were also found
  by \`\`blkverify run --crash\`\` while fio was running; their texts say so.
* Bugs that depend on the memory of the request. The test leg gets requests with the segments and offsets
  that the caller used. The load must use odd memory. One of the steps does.

What it cannot find, and why
============================

* Flushes that come too early or not at all, without a power cut. Until then all reads are correct.
* A request that always goes to the same wrong place of the same device. Reads go there, too. It is found if the
  contents were not written through the test leg.
* Bugs outside the device: the sectors around it are not read, but with \`\`blkverify run --guard\`\`.
* Damage in a copy that is not read: the other member of a mirror, the parity. It is found when the good copy
  is lost: \`\`blkverify run --fail-members\`\` fails each member in turn.
* Races that the load does not hit. The machine of this run has one CPU.
* What neither leg promises: the contents of a discarded range are not compared until it is written again.

The bugs
========

END
	for name in "${exhibits[@]}"; do
		say "$name"
		sed 's/./-/g' <<<"$name"
		say
		say "$(words_of_exhibit "$name" what). Driver: \`\`$(words_of_exhibit "$name" driver)\`\`. Source: $(words_of_exhibit "$name" source)."
		found=$(result "$name" bug found | cut -d '|' -f 4-)
		if [ -n "$found" ]; then
			say
			say "Found while: $(result "$name" bug load | column 1). First report::"
			say
			say "    ${found#*blkverify: }"
			if [ -n "$(result "$name" bug command)" ]; then
				say
				command_words "$name"
			fi
		else
			reason=$(words_of_exhibit "$name" missed_because)
			say
			say "Not found. ${reason:+The reason: $reason.}"
		fi
		if grep -q "^museum|$name|trouble" "$log"; then
			say
			say "The run did not end well::"
			say
			grep "^museum|$name|trouble" "$log" | cut -d '|' -f 4- | sed 's/^/    /'
		fi
		say
	done
}
