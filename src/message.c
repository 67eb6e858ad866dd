// SPDX-License-Identifier: GPL-2.0-only
/*
 * "dmsetup status", "dmsetup table" and "dmsetup message".
 *
 * Process context. Everything that is printed is a snapshot, taken under the locks of the units
 * that own it.
 */
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/slab.h>

#include "dm-blkverify.h"
#include "message.h"

/* ---- status ------------------------------------------------------------------------------- */

enum status_field {
#define FIELD_ID(id, ...) FIELD_##id,
	BLKV_STATUS_FIELDS(FIELD_ID)
#undef FIELD_ID
	FIELDS_NR
};

struct snapshot {
	struct blkv_crash_status crash;
	struct blkv_counts counts;
	struct blkv_found found;
	bool frozen;
	u64 untrusted;
};

static void snapshot_take(struct blkverify *blkv, struct snapshot *snapshot)
{
	blkv_findings_read(&blkv->findings, &snapshot->found);
	snapshot->frozen = blkv_is_frozen(&blkv->findings);
	blkv_counters_read(&blkv->counters, &snapshot->counts);
	snapshot->untrusted = blkv_trust_untrusted(&blkv->trust);
	if (blkv->crash)
		blkv_crash_read_status(blkv->crash, &snapshot->crash);
}

/* The fields that are a plain number. */
static u64 snapshot_number(const struct snapshot *snapshot, enum status_field field)
{
	switch (field) {
	case FIELD_MISMATCHES:
		return snapshot->found.number[BLKV_MISMATCH];
	case FIELD_DIVERGENCES:
		return snapshot->found.number[BLKV_DIVERGENCE];
	case FIELD_COMPARED:
		return snapshot->counts.compared;
	case FIELD_SKIPPED:
		return snapshot->counts.skipped;
	case FIELD_WRITTEN:
		return snapshot->counts.written;
	case FIELD_RAW_ERRORS:
		return snapshot->found.leg_errors[BLKV_RAW];
	case FIELD_TEST_ERRORS:
		return snapshot->found.leg_errors[BLKV_TEST];
	case FIELD_UNSTABLE:
		return snapshot->found.unstable;
	case FIELD_UNTRUSTED:
		return snapshot->untrusted;
	case FIELD_DISCARDS:
		return snapshot->counts.discards;
	case FIELD_ZEROES:
		return snapshot->counts.zeroes;
	case FIELD_FLUSHES:
		return snapshot->counts.flushes;
	case FIELD_RESHAPED:
		return snapshot->counts.reshaped;
	case FIELD_DISTRUSTED_DISCARD:
		return snapshot->found.distrusted[BLKV_DISTRUST_DISCARD];
	case FIELD_DISTRUSTED_REFUSED:
		return snapshot->found.distrusted[BLKV_DISTRUST_REFUSED];
	case FIELD_DISTRUSTED_FAILED:
		return snapshot->found.distrusted[BLKV_DISTRUST_FAILED];
	case FIELD_DISTRUSTED_MEMORY:
		return snapshot->found.distrusted[BLKV_DISTRUST_MEMORY];
	case FIELD_DISTRUSTED_MESSAGE:
		return snapshot->found.distrusted[BLKV_DISTRUST_MESSAGE];
	case FIELD_CUTS:
		return snapshot->crash.cuts;
	case FIELD_UNCERTAIN:
		return snapshot->crash.uncertain;
	case FIELD_SETTLED_NEW:
		return snapshot->crash.counters.settled_new;
	case FIELD_SETTLED_OLD:
		return snapshot->crash.counters.settled_old;
	case FIELD_LOST:
		return snapshot->crash.counters.lost;
	case FIELD_TORN:
		return snapshot->crash.counters.torn;
	case FIELD_UNREADABLE:
		return snapshot->crash.unreadable;
	case FIELD_UNPROVEN:
		return snapshot->crash.unproven;
	case FIELD_STATE:
	case FIELD_FIRST_MISMATCH:
	case FIELD_POWER:
	case FIELDS_NR:
		break;
	}
	return 0;
}

static void emit_info(struct blkverify *blkv, char *result, unsigned int maxlen)
{
	struct snapshot now;
	enum status_field field;
	unsigned int sz = 0;

	snapshot_take(blkv, &now);
	for (field = 0; field < FIELDS_NR; field++) {
		DMEMIT("%s", field ? " " : "");
		if (field == FIELD_STATE)
			DMEMIT("%c", now.frozen ? 'F' : now.found.any ? 'C' : 'V');
		else if (field == FIELD_FIRST_MISMATCH && now.found.located)
			DMEMIT("%llu",
			       (unsigned long long)(blkv->ti->begin + now.found.first_sector));
		else if (field == FIELD_FIRST_MISMATCH || (field >= FIELD_POWER && !blkv->crash))
			DMEMIT("-");
		else if (field == FIELD_POWER)
			DMEMIT("%s", now.crash.power);
		else
			DMEMIT("%llu", snapshot_number(&now, field));
	}
}

static const char *leg_name(struct blkverify *blkv, enum blkv_leg_nr leg)
{
	return blkv->legs[leg] ? blkv->legs[leg]->name : "-";
}

static void emit_table(struct blkverify *blkv, char *result, unsigned int maxlen)
{
	unsigned int sz = 0;

	DMEMIT("%s %s", leg_name(blkv, BLKV_RAW), leg_name(blkv, BLKV_TEST));
	blkv_options_emit(&blkv->options, result + sz, maxlen - sz);
}

static void emit_ima(struct blkverify *blkv, char *result, unsigned int maxlen)
{
	struct dm_target *ti = blkv->ti;
	unsigned int sz = 0;

	DMEMIT_TARGET_NAME_VERSION(ti->type);
	DMEMIT(",raw_device_name=%s,test_device_name=%s", leg_name(blkv, BLKV_RAW),
	       leg_name(blkv, BLKV_TEST));
	sz += blkv_options_emit_pairs(&blkv->options, result + sz, maxlen - sz);
	DMEMIT(";");
}

/**
 * blkv_status() - print what "dmsetup status" and "dmsetup table" show
 * @blkv: the target
 * @type: which of them
 * @result: where to print
 * @maxlen: of @result
 */
void blkv_status(struct blkverify *blkv, status_type_t type, char *result, unsigned int maxlen)
{
	switch (type) {
	case STATUSTYPE_INFO:
		emit_info(blkv, result, maxlen);
		break;
	case STATUSTYPE_TABLE:
		emit_table(blkv, result, maxlen);
		break;
	case STATUSTYPE_IMA:
		emit_ima(blkv, result, maxlen);
		break;
	}
}

/* ---- messages ----------------------------------------------------------------------------- */

/*
 * How much of a word of a message is printed, by the format %*pE, which escapes a newline in it so
 * that it does not start a new line of the log.
 */
static int printed_len(const char *word)
{
	return strnlen(word, 64);
}

/* One line in the log about a message that is rejected. */
static __printf(2, 3) void message_reject(struct blkverify *blkv, const char *format, ...)
{
	char name[DM_NAME_LEN];
	struct va_format text;
	va_list args;

	blkv_device_name(blkv->ti, name);
	va_start(args, format);
	text.fmt = format;
	text.va = &args;
	DMERR("%s: message rejected: %pV", name, &text);
	va_end(args);
}

/* A handler returns 1 if it has printed to result, 0 if it has done its work, or an error. */
static int message_list(struct blkverify *blkv, char *result, unsigned int maxlen)
{
	struct blkv_report report;
	unsigned int sz = 0;
	u64 number = 0, dropped;

	while (blkv_ring_next(&blkv->ring, &number, &report, &dropped)) {
		DMEMIT("%llu ", report.number);
		sz += blkv_report_emit(&report, blkv->ti->begin, result + sz, maxlen - sz);
		sz += blkv_report_emit_details(&report, result + sz, maxlen - sz);
		DMEMIT("\n");
	}
	DMEMIT("dropped=%llu", dropped);
	return 1;
}

/* If all findings are of one CPU, did the others compare anything? */
static int message_cpus(struct blkverify *blkv, char *result, unsigned int maxlen)
{
	unsigned int sz = 0;
	int cpu;

	for_each_possible_cpu(cpu) {
		u64 compared = blkv_counters_compared_on(&blkv->counters, cpu);

		if (compared)
			DMEMIT("cpu=%d compared=%llu\n", cpu, compared);
	}
	DMEMIT("complete");
	return 1;
}

static int message_reset(struct blkverify *blkv)
{
	blkv_findings_reset(&blkv->findings);
	blkv_ring_reset(&blkv->ring);
	blkv_counters_reset(&blkv->counters);
	blkv_crash_reset(blkv->crash);
	return 0;
}

static int message_thaw(struct blkverify *blkv)
{
	blkv_findings_thaw(&blkv->findings);
	return 0;
}

/* Convert a sector of the mapped device, as given by the user, to one of the target. */
static int sector_parse(struct blkverify *blkv, const char *word, sector_t *sector)
{
	struct dm_target *ti = blkv->ti;
	u64 number;

	if (kstrtou64(word, 10, &number) || number < ti->begin || number - ti->begin >= ti->len) {
		message_reject(blkv,
			       "\"%*pE\" is not a sector of this target, which has %llu to %llu",
			       printed_len(word), word, (unsigned long long)ti->begin,
			       (unsigned long long)(ti->begin + ti->len - 1));
		return -EINVAL;
	}
	*sector = number - ti->begin;
	return 0;
}

/* Until then, what is known about power cuts may be replaced by what another table knows. */
static bool has_resumed(struct blkverify *blkv)
{
	if (!blkv->crash || blkv_crash_has_begun(blkv->crash))
		return true;
	message_reject(blkv, "the device has not resumed yet");
	return false;
}

static int trust_edit(struct blkverify *blkv, char **argv, bool trusted)
{
	sector_t start;
	u64 nr;

	if (!has_resumed(blkv))
		return -EAGAIN;
	if (sector_parse(blkv, argv[1], &start))
		return -EINVAL;
	if (kstrtou64(argv[2], 10, &nr) || !nr || nr > blkv->ti->len - start) {
		message_reject(blkv, "\"%*pE\" is not a valid number of sectors starting at %llu",
			       printed_len(argv[2]), argv[2],
			       (unsigned long long)(blkv->ti->begin + start));
		return -EINVAL;
	}
	/* In this order: what is certain and trusted is compared. */
	if (trusted)
		blkv_crash_trust(blkv, start, nr, true);
	blkv_findings_add_distrust(&blkv->findings, BLKV_DISTRUST_MEMORY,
				   blkv_trust_set(&blkv->trust, start, nr, trusted));
	if (!trusted) {
		blkv_findings_add_distrust(&blkv->findings, BLKV_DISTRUST_MESSAGE, nr);
		blkv_crash_trust(blkv, start, nr, false);
	}
	return 0;
}

static int message_history(struct blkverify *blkv, char **argv, char *result, unsigned int maxlen)
{
	enum blkv_provenance provenance;
	struct blkv_write write;
	unsigned int sz = 0;
	u64 before = U64_MAX;
	sector_t sector;

	if (sector_parse(blkv, argv[1], &sector))
		return -EINVAL;
	for (;;) {
		provenance = blkv_history_find(&blkv->history, sector, before, &write);
		if (provenance != BLKV_PROVENANCE_FOUND)
			break;
		sz += blkv_write_emit(&write, blkv->ti->begin, "", result + sz, maxlen - sz);
		DMEMIT("\n");
		before = write.time;
	}
	DMEMIT("%s",
	       provenance == BLKV_PROVENANCE_NONE ? "complete" : "older writes are forgotten");
	return 1;
}

static int message_inject(struct blkverify *blkv, unsigned int argc, char **argv)
{
	sector_t sector;
	u8 xor = 0xff;
	bool trusted;

	if (sector_parse(blkv, argv[1], &sector))
		return -EINVAL;
	if (argc > 2 && (kstrtou8(argv[2], 0, &xor) || !xor)) {
		message_reject(blkv, "\"%*pE\" is not a byte other than 0 to xor with",
			       printed_len(argv[2]), argv[2]);
		return -EINVAL;
	}
	blkv_trust_run(&blkv->trust, sector, 1, &trusted);
	if (!trusted) {
		message_reject(blkv, "sector %llu is not trusted, so reads of it are not compared",
			       (unsigned long long)(blkv->ti->begin + sector));
		return -EINVAL;
	}
	if (!blkv_injections_add(&blkv->injections, sector, xor)) {
		message_reject(blkv, "too many pending injections (%u)", BLKV_MAX_INJECTIONS);
		return -ENOSPC;
	}
	return 0;
}

/* The text is quoted in a log line, and must not contain a quote. */
static bool is_quotable(const char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~' || *text == '"' || *text == '\\')
			return false;
	return true;
}

static int message_mark(struct blkverify *blkv, unsigned int argc, char **argv)
{
	char mark[BLKV_MARK_LEN] = "", name[DM_NAME_LEN];
	unsigned int i;
	int len = 0;

	for (i = 1; i < argc; i++)
		len += snprintf(mark + min_t(int, len, sizeof(mark)),
				sizeof(mark) - min_t(int, len, sizeof(mark)), "%s%s",
				i > 1 ? " " : "", argv[i]);
	if (len >= (int)sizeof(mark) || !is_quotable(mark)) {
		message_reject(blkv, "a mark is at most %zu printable characters without \" and \\",
			       sizeof(mark) - 1);
		return -EINVAL;
	}
	blkv_ring_mark(&blkv->ring, mark);
	blkv_moments_note(&blkv->moments, BLKV_MOMENT_MARK, jiffies);
	blkv_device_name(blkv->ti, name);
	DMINFO("%s: mark \"%s\"", name, mark);
	return 0;
}

/* ---- messages about power cuts ------------------------------------------------------------ */

static bool has_crash(struct blkverify *blkv)
{
	if (!blkv->crash)
		message_reject(blkv, "this needs the option crash");
	return blkv->crash;
}

static int message_crash(struct blkverify *blkv, char **argv)
{
	static const struct {
		const char *word;
		int (*handle)(struct blkverify *blkv, const char **error);
	} actions[] = {
		{ "arm", blkv_crash_arm },
		{ "cut", blkv_crash_cut },
		{ "back", blkv_crash_back },
		{ "done", blkv_crash_done },
	};
	const char *error = "say arm, cut, back or done";
	int r = -EINVAL;
	unsigned int i;

	if (!has_crash(blkv))
		return -EINVAL;
	for (i = 0; i < ARRAY_SIZE(actions); i++)
		if (!strcasecmp(argv[1], actions[i].word))
			r = actions[i].handle(blkv, &error);
	if (r)
		message_reject(blkv, "crash %*pE: %s", printed_len(argv[1]), argv[1], error);
	return r;
}

/* The most ranges of one reply. */
#define MAX_RANGES 256U

static int message_uncertain(struct blkverify *blkv, unsigned int argc, char **argv, char *result,
			     unsigned int maxlen)
{
	sector_t start = 0, nr;
	unsigned int sz = 0, i;

	if (!has_crash(blkv) || (argc > 1 && sector_parse(blkv, argv[1], &start)))
		return -EINVAL;
	if (!has_resumed(blkv))
		return -EAGAIN;
	for (i = 0; i < MAX_RANGES; i++) {
		nr = blkv->ti->len - start;
		if (!blkv_versions_find_uncertain(&blkv->crash->versions, &start, &nr)) {
			DMEMIT("complete");
			return 1;
		}
		DMEMIT("%llu %llu\n", (unsigned long long)(blkv->ti->begin + start),
		       (unsigned long long)nr);
		start += nr;
		cond_resched();
	}
	if (start < blkv->ti->len)
		DMEMIT("more=%llu", (unsigned long long)(blkv->ti->begin + start));
	else
		DMEMIT("complete");
	return 1;
}

/* The most versions of one reply. */
#define MAX_VERSIONS 64U

static int message_versions(struct blkverify *blkv, char **argv, char *result, unsigned int maxlen)
{
	struct blkv_version *list;
	unsigned int sz = 0, i, nr;
	sector_t sector;
	bool unproven;

	if (!has_crash(blkv) || sector_parse(blkv, argv[1], &sector))
		return -EINVAL;
	if (!has_resumed(blkv))
		return -EAGAIN;
	list = kcalloc(MAX_VERSIONS, sizeof(*list), GFP_KERNEL);
	if (!list)
		return -ENOMEM;
	nr = blkv_versions_list(&blkv->crash->versions, sector, list, MAX_VERSIONS, &unproven);
	for (i = 0; i < nr; i++)
		DMEMIT("order=%llu start=%llu nr=%llu kind=%s promise=%s hash=%016llx\n",
		       list[i].order, (unsigned long long)(blkv->ti->begin + list[i].start),
		       (unsigned long long)list[i].nr_sectors,
		       blkv_version_kind_name(list[i].kind), blkv_promise_name(list[i].promise),
		       list[i].hash);
	DMEMIT("%s", unproven ? "anything" : nr ? "complete" : "raw");
	kfree(list);
	return 1;
}

/* ---- dispatch ----------------------------------------------------------------------------- */

enum message_id {
#define MESSAGE_ID(id, ...) MESSAGE_##id,
	BLKV_MESSAGES(MESSAGE_ID)
#undef MESSAGE_ID
	MESSAGES_NR
};

static const struct message {
	const char *word;
	unsigned int min_args;
	unsigned int max_args;
	const char *usage;
} message_table[MESSAGES_NR] = {
#define MESSAGE_ROW(id, word, min, max, usage) \
	[MESSAGE_##id] = { word, min, max, usage },
	BLKV_MESSAGES(MESSAGE_ROW)
#undef MESSAGE_ROW
};

static int message_handle(struct blkverify *blkv, enum message_id id, unsigned int argc,
			  char **argv, char *result, unsigned int maxlen)
{
	/* No default: the compiler names the message that is missing. */
	switch (id) {
	case MESSAGE_LIST:
		return message_list(blkv, result, maxlen);
	case MESSAGE_CPUS:
		return message_cpus(blkv, result, maxlen);
	case MESSAGE_RESET:
		return message_reset(blkv);
	case MESSAGE_THAW:
		return message_thaw(blkv);
	case MESSAGE_TRUST:
		return trust_edit(blkv, argv, true);
	case MESSAGE_DISTRUST:
		return trust_edit(blkv, argv, false);
	case MESSAGE_HISTORY:
		return message_history(blkv, argv, result, maxlen);
	case MESSAGE_INJECT:
		return message_inject(blkv, argc, argv);
	case MESSAGE_MARK:
		return message_mark(blkv, argc, argv);
	case MESSAGE_CRASH:
		return message_crash(blkv, argv);
	case MESSAGE_UNCERTAIN:
		return message_uncertain(blkv, argc, argv, result, maxlen);
	case MESSAGE_VERSIONS:
		return message_versions(blkv, argv, result, maxlen);
	case MESSAGES_NR:
		break;
	}
	return -EINVAL;
}

/**
 * blkv_message() - handle "dmsetup message"
 * @blkv: the target
 * @argc: number of words; dm ensures that there is one
 * @argv: the words
 * @result: for the reply
 * @maxlen: of @result
 *
 * Return: 1 if @result holds a reply, 0, or a negative error with nothing changed.
 */
int blkv_message(struct blkverify *blkv, unsigned int argc, char **argv, char *result,
		 unsigned int maxlen)
{
	enum message_id id;

	for (id = 0; id < MESSAGES_NR; id++) {
		const struct message *message = &message_table[id];

		if (strcasecmp(argv[0], message->word))
			continue;
		if (argc > message->min_args && argc - 1 <= message->max_args)
			return message_handle(blkv, id, argc, argv, result, maxlen);
		message_reject(blkv, "usage: %s%s", message->word, message->usage);
		return -EINVAL;
	}
	message_reject(blkv, "unknown message \"%*pE\"", printed_len(argv[0]), argv[0]);
	return -EINVAL;
}
