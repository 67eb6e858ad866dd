// SPDX-License-Identifier: GPL-2.0-only
/*
 * What "dmsetup status", "dmsetup table" and "dmsetup message" say and do.
 *
 * Process context. Everything shown is a snapshot taken under the locks of the units that own it.
 */
#include <linux/kernel.h>

#include "dm-blkverify.h"

/* ---- status ------------------------------------------------------------------------------- */

static void emit_info(struct blkverify *bv, char *result, unsigned int maxlen)
{
	struct bv_snapshot now;
	const struct bv_findings *findings = &now.findings;
	unsigned int sz = 0;

	bv_reports_snapshot(&bv->reports, &now);
	DMEMIT("%c ", now.frozen ? 'F' : findings->bad ? 'C' : 'V');
	if (findings->bad)
		DMEMIT("%llu", (unsigned long long)findings->first_sector);
	else
		DMEMIT("-");
	DMEMIT(" %llu %llu", findings->mismatches, findings->divergences);
	DMEMIT(" %llu %llu %llu", now.counts.compared, now.counts.skipped, now.counts.written);
	DMEMIT(" %llu %llu", findings->leg_errors[BV_RAW], findings->leg_errors[BV_TEST]);
	DMEMIT(" %llu %llu", findings->unstable, bv_trust_untrusted(&bv->trust));
}

static void emit_table(struct blkverify *bv, char *result, unsigned int maxlen)
{
	unsigned int sz = 0;

	DMEMIT("%s %s", bv->legs[BV_RAW]->name, bv->legs[BV_TEST]->name);
	bv_options_emit(&bv->options, result + sz, maxlen - sz);
}

static void emit_ima(struct blkverify *bv, char *result, unsigned int maxlen)
{
	struct dm_target *ti = bv->ti;
	unsigned int sz = 0;

	DMEMIT_TARGET_NAME_VERSION(ti->type);
	DMEMIT(",raw_device_name=%s,test_device_name=%s", bv->legs[BV_RAW]->name,
	       bv->legs[BV_TEST]->name);
	sz += bv_options_emit_pairs(&bv->options, result + sz, maxlen - sz);
	DMEMIT(";");
}

/**
 * bv_status() - answer "dmsetup status" and "dmsetup table"
 * @bv: the target
 * @type: which of them
 * @result: where to
 * @maxlen: of @result
 */
void bv_status(struct blkverify *bv, status_type_t type, char *result, unsigned int maxlen)
{
	switch (type) {
	case STATUSTYPE_INFO:
		emit_info(bv, result, maxlen);
		break;
	case STATUSTYPE_TABLE:
		emit_table(bv, result, maxlen);
		break;
	case STATUSTYPE_IMA:
		emit_ima(bv, result, maxlen);
		break;
	}
}

/* ---- messages ----------------------------------------------------------------------------- */

/*
 * A handler returns 1 when it has put text into result, 0 when it has done what was asked, or an
 * error.
 */
struct message {
	const char *name;
	unsigned int argc;
	const char *usage;
	int (*handle)(struct blkverify *bv, char **argv, char *result, unsigned int maxlen);
};

static int message_list(struct blkverify *bv, char **argv, char *result, unsigned int maxlen)
{
	struct bv_report report;
	unsigned int i, sz = 0;
	u64 dropped;

	for (i = 0; bv_reports_get(&bv->reports, i, &report, &dropped); i++) {
		DMEMIT("%llu ", report.number);
		sz += bv_report_emit(&report, result + sz, maxlen - sz);
		if (report.kind == BV_MISMATCH)
			DMEMIT(" at=%u raw_bytes=%*phN test_bytes=%*phN", report.window_offset,
			       BV_WINDOW, report.window[BV_RAW], BV_WINDOW,
			       report.window[BV_TEST]);
		DMEMIT("\n");
	}
	DMEMIT("dropped=%llu", dropped);
	return 1;
}

static int message_reset(struct blkverify *bv, char **argv, char *result, unsigned int maxlen)
{
	bv_reports_reset(&bv->reports);
	return 0;
}

static int message_thaw(struct blkverify *bv, char **argv, char *result, unsigned int maxlen)
{
	bv_reports_thaw(&bv->reports);
	return 0;
}

static const struct message messages[] = {
	{ "list", 1, "", message_list },
	{ "reset", 1, "", message_reset },
	{ "thaw", 1, "", message_thaw },
};

/**
 * bv_message() - obey "dmsetup message"
 * @bv: the target
 * @argc: number of words; dm sees to it that there is one
 * @argv: the words
 * @result: where an answer goes
 * @maxlen: of @result
 *
 * Return: 1 when @result holds an answer, 0, or a negative error with nothing changed.
 */
int bv_message(struct blkverify *bv, unsigned int argc, char **argv, char *result,
	       unsigned int maxlen)
{
	char name[DM_NAME_LEN];
	unsigned int i;

	bv_device_name(bv->ti, name);
	for (i = 0; i < ARRAY_SIZE(messages); i++) {
		const struct message *message = &messages[i];

		if (strcasecmp(argv[0], message->name))
			continue;
		if (argc == message->argc)
			return message->handle(bv, argv, result, maxlen);
		DMERR("%s: usage: message %s%s", name, message->name, message->usage);
		return -EINVAL;
	}
	DMERR("%s: unknown message \"%s\"", name, argv[0]);
	return -EINVAL;
}
