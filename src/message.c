// SPDX-License-Identifier: GPL-2.0-only
/*
 * What "dmsetup status", "dmsetup table" and "dmsetup message" say and do.
 *
 * Process context. Everything shown is a snapshot taken under the locks of the units that own it.
 */
#include <linux/kernel.h>

#include "dm-blkverify.h"
#include "io.h"
#include "message.h"

/* ---- status ------------------------------------------------------------------------------- */

static void emit_info(struct blkverify *blkv, char *result, unsigned int maxlen)
{
	struct blkv_snapshot now;
	const struct blkv_findings *findings = &now.findings;
	unsigned int sz = 0;

	blkv_reports_snapshot(&blkv->reports, &now);
	DMEMIT("%c ", now.frozen ? 'F' : findings->bad ? 'C' : 'V');
	if (findings->located)
		DMEMIT("%llu", (unsigned long long)findings->first_sector);
	else
		DMEMIT("-");
	DMEMIT(" %llu %llu", findings->mismatches, findings->divergences);
	DMEMIT(" %llu %llu %llu", now.counts.compared, now.counts.skipped, now.counts.written);
	DMEMIT(" %llu %llu", findings->leg_errors[BLKV_RAW], findings->leg_errors[BLKV_TEST]);
	DMEMIT(" %llu %llu", findings->unstable, blkv_trust_untrusted(&blkv->trust));
}

static void emit_table(struct blkverify *blkv, char *result, unsigned int maxlen)
{
	unsigned int sz = 0;

	DMEMIT("%s %s", blkv->legs[BLKV_RAW]->name, blkv->legs[BLKV_TEST]->name);
	blkv_options_emit(&blkv->options, result + sz, maxlen - sz);
}

static void emit_ima(struct blkverify *blkv, char *result, unsigned int maxlen)
{
	struct dm_target *ti = blkv->ti;
	unsigned int sz = 0;

	DMEMIT_TARGET_NAME_VERSION(ti->type);
	DMEMIT(",raw_device_name=%s,test_device_name=%s", blkv->legs[BLKV_RAW]->name,
	       blkv->legs[BLKV_TEST]->name);
	sz += blkv_options_emit_pairs(&blkv->options, result + sz, maxlen - sz);
	DMEMIT(";");
}

/**
 * blkv_status() - answer "dmsetup status" and "dmsetup table"
 * @blkv: the target
 * @type: which of them
 * @result: where to
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
 * How much of a word of a message is shown by the format %*pE, which sees to it that a newline in
 * it does not look like a new line of the log.
 */
static int shown(const char *word)
{
	return strnlen(word, 64);
}

/* One line in the log about a message that is refused. */
static __printf(2, 3) void complain(struct blkverify *blkv, const char *format, ...)
{
	char name[DM_NAME_LEN];
	struct va_format text;
	va_list args;

	blkv_device_name(blkv->ti, name);
	va_start(args, format);
	text.fmt = format;
	text.va = &args;
	DMERR("%s: message refused: %pV", name, &text);
	va_end(args);
}

/*
 * A handler returns 1 when it has put text into result, 0 when it has done what was asked, or an
 * error.
 */
static int message_list(struct blkverify *blkv, unsigned int argc, char **argv, char *result,
			unsigned int maxlen)
{
	struct blkv_report report;
	unsigned int sz = 0;
	u64 number = 0, dropped;

	while (blkv_reports_next(&blkv->reports, &number, &report, &dropped)) {
		DMEMIT("%llu ", report.number);
		sz += blkv_report_emit(&report, blkv->ti->begin, result + sz, maxlen - sz);
		if (report.kind == BLKV_MISMATCH)
			DMEMIT(" at=%u raw_bytes=%*phN test_bytes=%*phN", report.window_offset,
			       BLKV_WINDOW, report.window[BLKV_RAW], BLKV_WINDOW,
			       report.window[BLKV_TEST]);
		DMEMIT("\n");
	}
	DMEMIT("dropped=%llu", dropped);
	return 1;
}

static int message_reset(struct blkverify *blkv, unsigned int argc, char **argv, char *result,
			 unsigned int maxlen)
{
	blkv_reports_reset(&blkv->reports);
	return 0;
}

static int message_thaw(struct blkverify *blkv, unsigned int argc, char **argv, char *result,
			unsigned int maxlen)
{
	blkv_reports_thaw(&blkv->reports);
	return 0;
}

/* A sector of the mapped device, as a person gives it, to one of the target. */
static int parse_sector(struct blkverify *blkv, const char *word, sector_t *sector)
{
	struct dm_target *ti = blkv->ti;
	u64 number;

	if (kstrtou64(word, 10, &number) || number < ti->begin || number - ti->begin >= ti->len) {
		complain(blkv, "\"%*pE\" is not a sector of this target, which has %llu to %llu",
			 shown(word), word, (unsigned long long)ti->begin,
			 (unsigned long long)(ti->begin + ti->len - 1));
		return -EINVAL;
	}
	*sector = number - ti->begin;
	return 0;
}

static int edit_trust(struct blkverify *blkv, char **argv, bool trusted)
{
	sector_t start;
	u64 nr;

	if (parse_sector(blkv, argv[1], &start))
		return -EINVAL;
	if (kstrtou64(argv[2], 10, &nr) || !nr || nr > blkv->ti->len - start) {
		complain(blkv, "\"%*pE\" is no number of sectors from %llu to the end of it",
			 shown(argv[2]), argv[2], (unsigned long long)(blkv->ti->begin + start));
		return -EINVAL;
	}
	blkv_trust_set(&blkv->trust, start, nr, trusted);
	return 0;
}

static int message_trust(struct blkverify *blkv, unsigned int argc, char **argv, char *result,
			 unsigned int maxlen)
{
	return edit_trust(blkv, argv, true);
}

static int message_distrust(struct blkverify *blkv, unsigned int argc, char **argv, char *result,
			    unsigned int maxlen)
{
	return edit_trust(blkv, argv, false);
}

static int message_history(struct blkverify *blkv, unsigned int argc, char **argv, char *result,
			   unsigned int maxlen)
{
	enum blkv_history_answer answer;
	struct blkv_write write;
	unsigned int sz = 0;
	u64 before = U64_MAX;
	sector_t sector;

	if (parse_sector(blkv, argv[1], &sector))
		return -EINVAL;
	for (;;) {
		answer = blkv_history_find(&blkv->history, sector, before, &write);
		if (answer != BLKV_HISTORY_FOUND)
			break;
		sz += blkv_write_emit(&write, blkv->ti->begin, "", result + sz, maxlen - sz);
		DMEMIT("\n");
		before = write.order;
	}
	DMEMIT("%s", answer == BLKV_HISTORY_NONE ? "complete" : "older writes are forgotten");
	return 1;
}

static int message_inject(struct blkverify *blkv, unsigned int argc, char **argv, char *result,
			  unsigned int maxlen)
{
	sector_t sector;
	u8 xor = 0xff;
	bool trusted;

	if (parse_sector(blkv, argv[1], &sector))
		return -EINVAL;
	if (argc > 2 && (kstrtou8(argv[2], 0, &xor) || !xor)) {
		complain(blkv, "\"%*pE\" is not a byte other than 0 to xor with", shown(argv[2]),
			 argv[2]);
		return -EINVAL;
	}
	blkv_trust_run(&blkv->trust, sector, 1, &trusted);
	if (!trusted) {
		complain(blkv, "sector %llu is not trusted, so reads of it are not compared",
			 (unsigned long long)(blkv->ti->begin + sector));
		return -EINVAL;
	}
	if (!blkv_io_inject(blkv, sector, xor)) {
		complain(blkv, "there are %u injections that no read has met yet",
			 BLKV_MAX_INJECTIONS);
		return -ENOSPC;
	}
	return 0;
}

/* What stands between quotes in a log line has to stay there. */
static bool is_plain(const char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~' || *text == '"' || *text == '\\')
			return false;
	return true;
}

static int message_mark(struct blkverify *blkv, unsigned int argc, char **argv, char *result,
			unsigned int maxlen)
{
	char mark[BLKV_MARK_LEN] = "", name[DM_NAME_LEN];
	unsigned int i;
	int len = 0;

	for (i = 1; i < argc; i++)
		len += snprintf(mark + min_t(int, len, sizeof(mark)),
				sizeof(mark) - min_t(int, len, sizeof(mark)), "%s%s",
				i > 1 ? " " : "", argv[i]);
	if (len >= (int)sizeof(mark) || !is_plain(mark)) {
		complain(blkv, "a mark is at most %zu printable characters without \" and \\",
			 sizeof(mark) - 1);
		return -EINVAL;
	}
	blkv_reports_mark(&blkv->reports, mark);
	blkv_device_name(blkv->ti, name);
	DMINFO("%s: mark \"%s\"", name, mark);
	return 0;
}

static const struct message {
	const char *name;
	unsigned int min_argc;
	unsigned int max_argc;
	const char *usage;
	int (*handle)(struct blkverify *blkv, unsigned int argc, char **argv, char *result,
		      unsigned int maxlen);
} messages[] = {
	{ "list", 1, 1, "", message_list },
	{ "reset", 1, 1, "", message_reset },
	{ "thaw", 1, 1, "", message_thaw },
	{ "trust", 3, 3, " <start> <len>", message_trust },
	{ "distrust", 3, 3, " <start> <len>", message_distrust },
	{ "history", 2, 2, " <sector>", message_history },
	{ "inject", 2, 3, " <sector> [<xor>]", message_inject },
	{ "mark", 1, UINT_MAX, " [<text>]", message_mark },
};

/**
 * blkv_message() - obey "dmsetup message"
 * @blkv: the target
 * @argc: number of words; dm sees to it that there is one
 * @argv: the words
 * @result: where an answer goes
 * @maxlen: of @result
 *
 * Return: 1 when @result holds an answer, 0, or a negative error with nothing changed.
 */
int blkv_message(struct blkverify *blkv, unsigned int argc, char **argv, char *result,
		 unsigned int maxlen)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(messages); i++) {
		const struct message *message = &messages[i];

		if (strcasecmp(argv[0], message->name))
			continue;
		if (argc >= message->min_argc && argc <= message->max_argc)
			return message->handle(blkv, argc, argv, result, maxlen);
		complain(blkv, "usage: %s%s", message->name, message->usage);
		return -EINVAL;
	}
	complain(blkv, "unknown message \"%*pE\"", shown(argv[0]), argv[0]);
	return -EINVAL;
}
