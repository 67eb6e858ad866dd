# SPDX-License-Identifier: GPL-2.0-only
# Processes that are killed as a power cut would end them, and run again by their own command lines.
# Sourced by cutters. Each process is named by the file with its number, or by the nbd device that it
# serves; several are separated by commas, the server first.
state=/run/blkverify

die() { echo "${0##*/}: $*" >&2; exit 1; }

# Where the command line of a process is kept while it does not run.
record_of() { # <name of the process>
	printf '%s/cut%s' $state "$(printf %s "$1" | tr / -)"
}

pid_of() { # <name of the process>
	local file=$1 pid
	case $1 in
	/dev/nbd*) file=/sys/block/${1#/dev/}/pid ;;
	esac
	[ -r "$file" ] || die "$1 has no process: there is no $file"
	pid=$(cat "$file")
	# The kernel names the thread.
	sed -n 's/^Tgid:[[:space:]]*//p' "/proc/$pid/status" 2>/dev/null | grep . ||
		die "process $pid of $1 does not run"
}

# A zombie does not run, but still has a process number.
runs() { readlink "/proc/$1/exe" >/dev/null 2>&1; } # <pid>

process_kill() { # <name of the process>
	local pid
	pid=$(pid_of "$1")
	mkdir -p $state
	{
		printf '%s\0' "$(readlink "/proc/$pid/cwd")"
		cat "/proc/$pid/cmdline"
	} >"$(record_of "$1")"
	kill -KILL "$pid"
	while runs "$pid"; do sleep 0.02; done
}

# A socket that a killed server has left is in the way of the next one.
remove_socket() { # <file with a command line>
	local socket
	socket=$(tr '\0' '\n' <"$1" |
		sed -n -e '/^\(-U\|--unix\)$/{n;p;}' -e 's/^--unix=//p' -e 's/^-U\(.\)/\1/p')
	[ ! -S "$socket" ] || rm -f "$socket"
}

process_run() { # <name of the process>
	local record
	record=$(record_of "$1")
	if [ ! -s "$record" ]; then
		# It was not cut, or is restored already.
		pid_of "$1" >/dev/null
		return
	fi
	case $1 in
	# The device mapper and the killed process may not have closed it yet.
	/dev/nbd*) while [ -e "/sys/block/${1#/dev/}/pid" ]; do sleep 0.02; done ;;
	esac
	remove_socket "$record"
	xargs -0 sh -c 'cd "$1" && shift && exec "$@"' sh <"$record" ||
		die "$1 does not run again"
	rm -f "$record"
}

for_each_process() { # <function> <names of the processes>
	local name IFS=,
	for name in $2; do
		IFS=' '
		$1 "$name"
	done
}

cut_or_restore() { # <cut or restore> <names of the processes>
	[ $# = 2 ] || die "usage: ${0##*/} cut|restore PIDFILE[,/dev/nbdN]"
	case $1 in
	cut) for_each_process process_kill "$2" ;;
	restore) for_each_process process_run "$2" ;;
	*) die "\"$1\" is neither cut nor restore" ;;
	esac
}
