// SPDX-License-Identifier: GPL-2.0-only
/*
 * blkverify: the command line. One table of verbs and one of options drive dispatch, --help and
 * the completion.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cutter.h"
#include "dm.h"
#include "options.h"
#include "parse.h"
#include "text.h"
#include "util.h"
#include "verbs.h"

struct options opts;

/* ---- the verbs ------------------------------------------------------------------------------ */

enum { OPEN = 1, CLOSE = 2, SHOW_STATUS = 4, REPORT = 8, DUMP = 16, WAIT = 32, WATCH = 64,
       SCRUB = 128, COMPARE = 256, SYNC = 512, RUN = 1024, FOLLOW = 2048, BUNDLE = 4096,
       FSTESTS = 8192, CRASH = 16384, ALL = 32767 };

static const struct verb {
	const char *name;
	unsigned int bit;
	int min, max;			/* arguments; max -1: any number */
	int (*run)(char **argv);
	const char *arguments, *help, *more;
} verbs[] = {
	{ "open", OPEN, 3, 3, verb_open, "NAME RAW TEST",
	  "create /dev/mapper/NAME that verifies TEST against RAW",
	  "RAW is the trusted device, TEST the device under test. Either may be an image file, which\n"
	  "is attached to a loop device until NAME is closed. The legs must have the same size, unless\n"
	  "--allow-unequal or --sectors is given. Fails if a leg is in use, and says by whom." },
	{ "close", CLOSE, 1, 1, verb_close, "NAME", "remove the device and the loop devices of its images",
	  NULL },
	{ "status", SHOW_STATUS, 0, 1, verb_status, "[NAME]", "show one device, or all in a table",
	  "Exit status 6 if something was found." },
	{ "report", REPORT, 1, 1, verb_report, "NAME", "show the recorded findings",
	  "Exit status 6 if there are any." },
	{ "dump", DUMP, 1, 2, verb_dump, "NAME [SECTOR]",
	  "show a sector of both legs side by side, and what the difference looks like",
	  "The default is the first mismatch. The legs are read directly, not through the device.\n"
	  "Exit status 6 if they differ." },
	{ "bundle", BUNDLE, 1, 2, verb_bundle, "NAME [FILE]",
	  "write all that a bug report needs to one file",
	  "Status, reports, the bad sectors and their history, limits of the queues, models,\n"
	  "SMART, versions and the kernel log. FILE may be a folder; the default is this one. It\n"
	  "contains data of the device." },
	{ "wait", WAIT, 1, 1, verb_wait, "NAME", "block until the first finding",
	  "Exit status 6 if something was found (also before), 0 on timeout." },
	{ "watch", WATCH, 1, 1, verb_watch, "NAME", "show throughput and findings as they come",
	  "Ends with Control-C; exit status 6 if something was found (also before)." },
	{ "follow", FOLLOW, 1, -1, verb_follow, "NAME...",
	  "name the test of blktests or xfstests in which data went bad",
	  "Reads the kernel log while a suite runs. Each test becomes a mark of the devices. Ends\n"
	  "with Control-C and shows what was compared and found in each test. Exit status 6 if\n"
	  "something was found, 7 if no test began or nothing was compared." },
	{ "scrub", SCRUB, 1, 1, verb_scrub, "NAME", "read the whole device and list the bad ranges",
	  "The limits of bad ranges are found by reading the legs directly. Exit status 6 if a\n"
	  "bad range was found, 7 if a part could not be read or nothing was compared." },
	{ "compare", COMPARE, 2, 2, verb_compare, "RAW TEST",
	  "compare two devices or images; needs no kernel module",
	  "A qcow2 image is read through qemu-nbd. Exit status 6 if they differ." },
	{ "sync", SYNC, 2, 2, verb_sync, "RAW TEST",
	  "copy RAW to TEST, so that both are identical initially",
	  "Shows what is on TEST and asks for confirmation, unless --yes is given." },
	{ "crash", CRASH, 1, 1, verb_crash, "NAME --cut CUTTER",
	  "cut the power of the test device again and again, and check what is left",
	  "The device must have been opened with --crash, and something should write to it meanwhile.\n"
	  "CUTTER is NAME:ARGUMENT, for an executable in the directory cut.d, such as\n"
	  "null_blk:nullb0 or qemu-nbd:/dev/nbd0; or exec:COMMAND, for sh. Ends after the first cut\n"
	  "with a finding. Exit status 6 if something was found, 7 if nothing was proven." },
	{ "run", RUN, 1, -1, verb_run, "--test TEST -- COMMAND...",
	  "for CI: open, run COMMAND on $BLKVERIFY_DEVICE, close, print a summary",
	  "Without --raw a sparse reference file is created, and only sectors that were written are\n"
	  "compared (--written-only), unless TEST is all zeros (--zeroed). With --output, what the\n"
	  "command prints goes to the standard error. Exit status: 6 if\n"
	  "something was found, else that of COMMAND; 7 if COMMAND succeeded and nothing was\n"
	  "compared. With --crash, COMMAND is run again and again, see \"blkverify crash --help\"." },
	{ "fstests", FSTESTS, 1, -1, verb_fstests, "--test DEV --scratch DEV -- COMMAND...",
	  "run xfstests on two devices: run and follow in one",
	  "COMMAND gets their names in TEST_DEV and SCRATCH_DEV, which local.config must not set.\n"
	  "At the end, what was written is read back. Exit status as for \"run\", and 7 if\n"
	  "COMMAND succeeded and not all of it could be read back and compared." },
};

/* ---- the options ---------------------------------------------------------------------------- */

enum type { FLAG, NUMBER, SIZE, TEXT, WORD };

static const struct option_def {
	const char *name, *argument;
	unsigned int verbs;
	enum type type;
	void *where;			/* bool, uint64_t or const char * */
	bool *given;
	const char *help;
} defs[] = {
	{ "raw", "RAW", RUN, TEXT, &opts.raw, NULL, "the trusted device or image" },
	{ "scratch", "DEV", FSTESTS, TEXT, &opts.scratch, NULL,
	  "the device or image for SCRATCH_DEV" },
	{ "test", "TEST", RUN | FSTESTS, TEXT, &opts.test, NULL, "the device or image under test" },
	{ "raw-dir", "DIR", RUN | FSTESTS, TEXT, &opts.raw_dir, NULL,
	  "directory of the reference file (default $TMPDIR or /var/tmp)" },
	{ "name", "NAME", RUN, TEXT, &opts.name, NULL, "name of the device (default blkverify-PID)" },
	{ "sectors", "SIZE", OPEN | RUN, SIZE, &opts.sectors, &opts.has_sectors,
	  "size of the device" },
	{ "allow-unequal", NULL, OPEN | RUN | COMPARE, FLAG, &opts.allow_unequal, NULL,
	  "accept different sizes and use the common part" },
	{ "readonly", NULL, OPEN, FLAG, &opts.readonly, NULL,
	  "only verify; open both legs read-only" },
	{ "zeroed", NULL, OPEN | RUN | FSTESTS, FLAG, &opts.zeroed, NULL,
	  "both legs are all zeros: compare from the first read" },
	{ "report-as-bug", NULL, OPEN | RUN, FLAG, &opts.report_as_bug, NULL,
	  "let the module log a line that begins with BUG: before each report" },
	{ "dry-run", NULL, OPEN, FLAG, &opts.dry_run, NULL,
	  "print the table line and the dmsetup command only" },
#define ARGUMENT_MODE NULL
#define ARGUMENT_FLAG NULL
#define ARGUMENT_NUMBER "N"
/* "run --crash" has a number, which implies the option of the table line. */
#define VERBS_OF(option) (OPEN | FSTESTS | ((option) == OPTION_CRASH ? 0 : RUN))
#define OPTION(id, word, type, help) \
	{ word, ARGUMENT_##type, VERBS_OF(OPTION_##id), WORD, &opts.words[OPTION_##id], NULL, help },
	BLKV_OPTIONS(OPTION)
#undef OPTION
	{ "output", "text|json", CRASH, TEXT, &opts.output, NULL,
	  "form of the summary (default text)" },
	{ "output", "text|json|ktap|junit", RUN, TEXT, &opts.output, NULL,
	  "form of the summary (default text)" },
	{ "deferred", NULL, CLOSE, FLAG, &opts.deferred, NULL,
	  "if the device is in use, remove it on last close" },
	{ "context", "SIZE", DUMP, SIZE, &opts.context, NULL,
	  "also show this much before and after the sector" },
	{ "first", NULL, BUNDLE, FLAG, &opts.first, NULL,
	  "do nothing if nothing was found, or if there is such a bundle already" },
	{ "wait", "S", OPEN, NUMBER, &opts.wait, &opts.has_wait,
	  "wait up to S seconds for the legs to appear" },
	{ "timeout", "S", WAIT | CRASH | RUN, NUMBER, &opts.timeout, &opts.has_timeout,
	  "give up after S seconds" },
	{ "crash", "N", RUN, NUMBER, &opts.crash, &opts.has_crash,
	  "cut the power of the test device N times while COMMAND runs (needs --cut)" },
	{ "cut", "CUTTER", CRASH | RUN, TEXT, &opts.cut, NULL,
	  "what cuts the power: NAME:ARGUMENT, exec:COMMAND or COMMAND" },
	{ "restore", "COMMAND", CRASH | RUN, TEXT, &opts.restore, NULL,
	  "what restores the power, if CUTTER does not" },
	{ "wait-for", "PATH", CRASH | RUN, TEXT, &opts.wait_for, NULL,
	  "where the test device comes back (default: where it was)" },
	{ "every", "LO..HI", CRASH | RUN, TEXT, &opts.every, NULL,
	  "seconds from one cut to the next, at random (default 1..5)" },
	{ "state", "FILE", CRASH | RUN, TEXT, &opts.state, NULL,
	  "go on with the series of cuts in FILE, if there is one, and keep it there" },
	{ "cuts", "N", CRASH, NUMBER, &opts.cuts, &opts.has_cuts, "how many (default 1)" },
	{ "full", NULL, CRASH | RUN, FLAG, &opts.full, NULL,
	  "read everything after each cut, not only what is uncertain" },
	{ "fail-members", NULL, RUN, FLAG, &opts.fail_members, NULL,
	  "then fail each member of the md array under TEST, and read everything without it" },
	{ "guard", "SIZE", RUN, SIZE, &opts.guard, &opts.has_guard,
	  "verify all but margins of SIZE at both ends, and check that these stay as they are" },
	{ "start", "SECTOR", SCRUB, SIZE, &opts.start, &opts.has_start, "first sector to read" },
	{ "length", "SIZE", SCRUB, SIZE, &opts.length, &opts.has_length, "how much to read" },
	{ "block", "SIZE|random", SCRUB, TEXT, &opts.block, NULL,
	  "length of each read (default and maximum: 1M)" },
	{ "passes", "N", SCRUB, NUMBER, &opts.passes, &opts.has_passes,
	  "number of times to read everything (default 1)" },
	{ "resume", NULL, SCRUB, FLAG, &opts.resume, NULL,
	  "continue where the last scrub was interrupted" },
	{ "out", "DIR", FOLLOW | FSTESTS, TEXT, &opts.out, NULL,
	  "write DIR/TEST.blkverify.json for each test" },
	{ "hints", "DIR", FOLLOW | FSTESTS, TEXT, &opts.hints, NULL,
	  "results folder of xfstests, which prints our hints with a test that fails" },
	{ "ktap", NULL, FOLLOW | FSTESTS, FLAG, &opts.ktap, NULL, "print KTAP instead of a table" },
	{ "junit", NULL, FOLLOW | FSTESTS, FLAG, &opts.junit, NULL, "print JUnit XML instead of a table" },
	{ "yes", NULL, SYNC, FLAG, &opts.yes, NULL, "do not ask for confirmation" },
	{ "json", NULL, SHOW_STATUS | REPORT | SCRUB | COMPARE, FLAG, &opts.json, NULL,
	  "print JSON (described in the manual)" },
	{ "prometheus", NULL, SHOW_STATUS, FLAG, &opts.prometheus, NULL,
	  "print metrics for the textfile collector of node_exporter" },
	{ "debug", NULL, ALL, FLAG, &opts.debug, NULL, "print what is being done" },
};

enum { HELP = 'h', VERSION = 'V', FIRST_DEF = 256 };

/* The words of the table line have underscores, options have dashes. */
static void option_name(const struct option_def *def, char *name, size_t size)
{
	size_t i;

	snprintf(name, size, "%s", def->name);
	for (i = 0; name[i]; i++)
		if (name[i] == '_')
			name[i] = '-';
}

/* ---- help ----------------------------------------------------------------------------------- */

static void print_options(unsigned int bit)
{
	char name[64], left[96];
	bool has_sizes = false;
	size_t i;

	for (i = 0; i < NR_OF(defs); i++) {
		if (!(defs[i].verbs & bit))
			continue;
		has_sizes |= defs[i].type == SIZE;
		option_name(&defs[i], name, sizeof(name));
		snprintf(left, sizeof(left), "--%s%s%s", name, defs[i].argument ? " " : "",
			 defs[i].argument ? defs[i].argument : "");
		printf("  %-28s %s\n", left, defs[i].help);
	}
	printf("  %-28s %s\n", "--help", "this text");
	if (has_sizes)
		puts("\nSIZE and SECTOR are numbers of 512-byte sectors or, with a suffix, of bytes, which "
		     "must\nbe a multiple of 512. K, M, G, T, P and E (or KiB, MiB ...) are powers of "
		     "1024, KB, MB ...\npowers of 1000.");
}

static void print_verb_help(const struct verb *verb)
{
	printf("usage: blkverify %s [options] %s\n%s\n", verb->name, verb->arguments, verb->help);
	if (verb->more)
		printf("\n%s\n", verb->more);
	printf("\nOptions:\n");
	print_options(verb->bit);
}

static void print_help(void)
{
	size_t i;

	printf("usage: blkverify VERB [options] [arguments]\n"
	       "Verify a block device against a trusted reference.\n\nVerbs:\n");
	for (i = 0; i < NR_OF(verbs); i++) {
		char left[64];

		snprintf(left, sizeof(left), "%s %s", verbs[i].name, verbs[i].arguments);
		printf("  %-20s %s\n", left, verbs[i].help);
	}
	printf("\n\"blkverify VERB --help\" lists a verb's options; --version shows the version of "
	       "the tool\nand of the loaded target; --debug prints what is being done.\n\n"
	       "Exit status: 0 done, nothing found; 1 failed: wrong arguments, not confirmed, or an "
	       "error\nwithout a code of its own; 2 no permission; 3 out of memory; 4 wrong device; "
	       "5 name\nexists or device in use; 6 something was found; 7 inconclusive.\n");
}

static int print_version(void)
{
	unsigned int v[3];
	int r;

	printf("blkverify %s\n", TOOL_VERSION);
	dm_start(opts.debug);
	r = dm_target_version("blkverify", v);
	if (!r)
		printf("target %u.%u.%u\n", v[0], v[1], v[2]);
	else if (r == -EACCES || r == -EPERM)
		printf("target unknown: no permission, become root\n");
	else
		printf("target not loaded\n");
	return DONE;
}

/* ---- reading the command line --------------------------------------------------------------- */

static int set_size(const struct option_def *def, const char *value)
{
	const char *reason = parse_size(value, def->where);

	if (!reason)
		return DONE;
	say_error("--%s \"%s\" is %s", def->name, value, reason);
	return FAILED;
}

static int set_option(const struct option_def *def, const char *value)
{
	int r;

	switch (def->type) {
	case FLAG:
		*(bool *)def->where = true;
		break;
	case NUMBER:
		if (!parse_number(value, def->where)) {
			say_error("--%s \"%s\" is not a number", def->name, value);
			return FAILED;
		}
		break;
	case SIZE:
		r = set_size(def, value);
		if (r)
			return r;
		break;
	case WORD:
		*(const char **)def->where = value ? value : "";
		break;
	case TEXT:
		*(const char **)def->where = value;
		break;
	}
	if (def->given)
		*def->given = true;
	return DONE;
}

/* getopt's table for one verb; static, because getopt keeps pointers to the names. */
static const struct option *long_options(unsigned int bit)
{
	static struct option table[NR_OF(defs) + 3];
	static char names[NR_OF(defs)][32];
	size_t i, nr = 0;

	for (i = 0; i < NR_OF(defs); i++) {
		if (!(defs[i].verbs & bit))
			continue;
		option_name(&defs[i], names[i], sizeof(names[i]));
		table[nr++] = (struct option){ names[i],
			defs[i].argument ? required_argument : no_argument, NULL,
			FIRST_DEF + (int)i };
	}
	table[nr++] = (struct option){ "help", no_argument, NULL, HELP };
	table[nr++] = (struct option){ "version", no_argument, NULL, VERSION };
	table[nr] = (struct option){ 0 };
	return table;
}

static const struct verb *find_verb(const char *name)
{
	size_t i;

	for (i = 0; i < NR_OF(verbs); i++)
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
	return NULL;
}

static int read_options(int argc, char **argv, const struct verb *verb, bool *stop)
{
	/* "+": the options of the command that "run" starts are its own, even without "--". */
	const char *short_options = verb->bit & (RUN | FSTESTS) ? "+hV" : "hV";
	int c, r;

	/* The prefix of the messages of getopt. */
	argv[0] = "blkverify";
	while ((c = getopt_long(argc, argv, short_options, long_options(verb->bit), NULL)) != -1) {
		if (c == HELP || c == VERSION) {
			*stop = true;
			return c == HELP ? (print_verb_help(verb), DONE) : print_version();
		}
		if (c < FIRST_DEF) {
			say_error("\"blkverify %s --help\" lists the options", verb->name);
			return FAILED;
		}
		r = set_option(&defs[c - FIRST_DEF], optarg);
		if (r)
			return r;
	}
	return DONE;
}

static int check_modes(void)
{
	char modes[256] = "", name[64];
	size_t i, given = 0;

	for (i = 0; i < NR_OF(defs); i++) {
		size_t nr = (size_t)((const char **)defs[i].where - opts.words);

		if (defs[i].type != WORD || option_types[nr] != OPTION_MODE)
			continue;
		given += !!opts.words[nr];
		option_name(&defs[i], name, sizeof(name));
		text_append(modes, sizeof(modes), "--%s", name);
	}
	if (given < 2)
		return DONE;
	say_error("%s are mutually exclusive", modes);
	return FAILED;
}

/* Two forms of the output. */
static int check_forms(void)
{
	static const struct {
		const bool *one, *other;
		const char *names;
	} pairs[] = {
		{ &opts.ktap, &opts.junit, "--ktap, --junit" },
		{ &opts.json, &opts.prometheus, "--json, --prometheus" },
	};
	size_t i;

	for (i = 0; i < NR_OF(pairs); i++) {
		if (!*pairs[i].one || !*pairs[i].other)
			continue;
		say_error("%s are mutually exclusive", pairs[i].names);
		return FAILED;
	}
	return DONE;
}

static int run_verb(int argc, char **argv, const struct verb *verb)
{
	bool stop = false;
	int r = read_options(argc, argv, verb, &stop);

	if (r || stop)
		return r;
	argc -= optind;
	argv += optind;
	if (argc < verb->min || (verb->max >= 0 && argc > verb->max)) {
		say_error("usage: blkverify %s [options] %s; see \"blkverify %s --help\"",
			  verb->name, verb->arguments, verb->name);
		return FAILED;
	}
	r = check_modes();
	if (!r)
		r = check_forms();
	if (r)
		return r;
	say_debug_enable(opts.debug);
	dm_start(opts.debug);
	return verb->run(argv);
}

/* For the completion only, so not in --help. */
static int list_words(const char *of)
{
	const struct verb *verb = of ? find_verb(of) : NULL;
	char name[64];
	size_t i;

	for (i = 0; !of && i < NR_OF(verbs); i++)
		puts(verbs[i].name);
	for (i = 0; verb && i < NR_OF(defs); i++) {
		option_name(&defs[i], name, sizeof(name));
		if (defs[i].verbs & verb->bit)
			printf("--%s%s%s\n", name, defs[i].argument ? " " : "",
			       defs[i].argument ? defs[i].argument : "");
	}
	return DONE;
}

static int run_command_line(int argc, char **argv)
{
	const struct verb *verb;
	int at = 1;

	/* Also "blkverify --debug status". */
	for (; at < argc && !strcmp(argv[at], "--debug"); at++)
		opts.debug = true;
	if (at == argc || !strcmp(argv[at], "--help") || !strcmp(argv[at], "-h")) {
		print_help();
		return at == argc ? FAILED : DONE;
	}
	if (!strcmp(argv[at], "--version") || !strcmp(argv[at], "-V"))
		return print_version();
	if (!strcmp(argv[at], "--list-words"))
		return list_words(argv[at + 1]);
	if (!strcmp(argv[at], "--list-cutters")) {
		cutter_print_names(stdout);
		return DONE;
	}
	verb = find_verb(argv[at]);
	if (!verb) {
		say_error("unknown verb \"%s\": \"blkverify --help\" lists the verbs", argv[at]);
		return FAILED;
	}
	return run_verb(argc - at, argv + at, verb);
}

/*
 * The standard files may be closed: a device that is opened must not become one of them and receive
 * our messages. SIGCHLD may be ignored: then waitpid() would not return the status of a child.
 */
static void prepare_process(void)
{
	int fd;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		/* Read-only, so that writing to it fails, as it does without a file. */
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDONLY) < 0)
			exit(FAILED);
	signal(SIGCHLD, SIG_DFL);
}

int main(int argc, char **argv)
{
	int r;

	prepare_process();
	r = run_command_line(argc, argv);
	/* Output that is lost is an error, but it does not hide a finding. */
	if ((fflush(stdout) || ferror(stdout)) && r != FOUND) {
		say_error("cannot write the output: %s", strerror(errno));
		return r ? r : FAILED;
	}
	return r;
}
