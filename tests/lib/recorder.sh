# SPDX-License-Identifier: GPL-2.0-only
# Compare the shape of the requests that a load causes without and with blkverify. Sourced by cases.
# tests/helpers/recorder.c says what is recorded.

# Put a recorder on a device; sets leg. With <sectors>, it offers secure erases of up to so many.
new_recorder() { # <name> <device> [<sectors>]
	[ -n "${RECORDER-}" ] || skip "recorder.ko is missing"
	[ -d /sys/module/recorder ] || insmod "$RECORDER"
	new_dm "$1" "0 $(blockdev --getsz "$2") recorder $2${3+ $3}"
	raise_max_sectors "$leg"
}
tell_recorder() { dmsetup message "bvtest-$1" 0 "${@:2}"; } # <name> <word>...

# Allow requests as long as the device takes, instead of the default of the block layer.
raise_max_sectors() { # <device>
	local queue
	queue=/sys/dev/block/$(stat -L -c %Hr:%Lr "$1")/queue
	cat "$queue/max_hw_sectors_kb" >"$queue/max_sectors_kb"
}

# Compare two records, which are the status of two recorders, and print a row for each operation, for
# print_shapes. It ends in a verdict:
#
#   equal                      all fields are
#   differs: FIELD...          these are not, with both values for those without a column
#   differs (explained): ...   neither are these, for a known reason
#   not tested: ...            the load causes no such requests on this kernel, even without blkverify
#
# Modes: "same" compares all fields but depth, overlaps and addresses; "memory" also compares the
# addresses; "depth" also compares depth and overlaps, the depth to a tenth; "alike" is for two runs
# with memory and timing of their own: segments are not compared, nor what was written in the
# background, as the kernel does after some seconds; other counts must be zero in both or in none, and
# the longest request of one may be twice as long as that of the other.
#
# Segments that are adjacent only below blkverify, by chance, are not a difference. If the number of
# requests differs, flags differ only if none, some or all of the requests have them.
#
# The explanations are lines "load|operation.field|reason".
compare_shapes() { # <mode> <load> <record> <record> <file of explanations> [operation.field that the load is for]
	awk -v mode="$1" -v workload="$2" -v wanted="${6-}" '
	FILENAME == ARGV[3] {
		split($0, part, "|")
		if (part[1] == workload)
			reason[part[2]] = part[3]
		next
	}
	{
		for (i = 4; i <= NF; i++) {
			if (split($i, part, "=") == 1) {
				op = $i
				if (!(op in ops)) {ops[op]; op_names[++nr_ops] = op}
				continue
			}
			if (!(part[1] in fields)) {fields[part[1]]; field_names[++nr_fields] = part[1]}
			value[FILENAME == ARGV[1], op, part[1]] = part[2]
		}
	}

	function get(side, op, name) {return (side, op, name) in value ? value[side, op, name] : 0}
	function both(op, name, scale,  a, b) {
		a = get(1, op, name)
		b = get(0, op, name)
		return a == b ? a / scale : a / scale ">" b / scale
	}
	function share(count, of) {return count == 0 ? "none" : count == of ? "all" : "some"}
	function far_apart(a, b, percent) {return (a > b ? a - b : b - a) * 100 > (a > b ? a : b) * percent}

	function differs(op, name, a, b,  bios_a, bios_b) {
		if (name == "depth")
			return mode == "depth" && far_apart(a, b, 10)
		if (name == "overlaps")
			return mode == "depth" && a != b
		if (name == "addresses")
			return mode == "memory" && a "" != b ""
		bios_a = get(1, op, "bios")
		bios_b = get(0, op, "bios")
		if (!bios_a || !bios_b)
			return name == "bios"
		if (name ~ /^(shapes|sizes|places|prios|hints)$/)
			return mode != "alike" && bios_a == bios_b && a "" != b ""
		if (mode == "alike" && name ~ /^(segments|multi|odd|adjacent|inside|shortest|background)$/)
			return 0
		if (mode == "alike")
			return name == "longest" ? far_apart(a, b, 50) : !a != !b
		if (name == "adjacent")
			return a > b
		if (name ~ /^(bios|sectors|segments|multi|odd|inside|longest|shortest)$/ || bios_a == bios_b)
			return a != b
		return share(a, bios_a) != share(b, bios_b)
	}

	function print_row(op, verdict) {
		print workload "|" op "|" both(op, "bios", 1) "|" both(op, "segments", 1) "|" both(op, "multi", 1) \
			"|" both(op, "odd", 1) "|" both(op, "adjacent", 1) "|" both(op, "longest", 2) "|" verdict
	}

	function verdict(op,  i, name, a, b, found, known, why) {
		for (i = 1; i <= nr_fields; i++) {
			name = field_names[i]
			a = get(1, op, name)
			b = get(0, op, name)
			if (!differs(op, name, a, b))
				continue
			if ((op "." name) in reason) {
				known = known (why == reason[op "." name] ? " " : "; " reason[op "." name] ": ") \
					name "(" a ">" b ")"
				why = reason[op "." name]
			} else if (name ~ /^(bios|segments|multi|odd|adjacent|longest|shapes|addresses|sizes|places|prios|hints)$/)
				found = found " " name
			else
				found = found " " name "(" a ">" b ")"
		}
		return found != "" ? "differs:" found : known != "" ? "differs (explained): " substr(known, 3) : "equal"
	}

	END {
		split(wanted, want, ".")
		if (wanted != "" && !get(1, want[1], want[2]) && !get(0, want[1], want[2])) {
			print workload "|" want[1] "|||||||not tested: no " want[1] " with " want[2]
			exit
		}
		for (i = 1; i <= nr_ops; i++)
			print_row(op_names[i], verdict(op_names[i]))
	}' "$3" "$4" "$5"
}

# Lay the rows of compare_shapes out as a table. "A>B" is A alone, and B below blkverify.
print_shapes() {
	awk -F '|' '
	function print_row(a, b, c, d, e, f, g, h, i) {
		printf "%-25s %-7s %9s %11s %9s %9s %11s %10s  %s\n", a, b, c, d, e, f, g, h, i
	}
	BEGIN {print_row("load", "op", "bios", "segments", "multi", "odd", "adjacent", "KiB", "verdict")}
	NF == 1 {print ""; print; next}
	{print_row($1, $2, $3, $4, $5, $6, $7, $8, $9)}'
}
