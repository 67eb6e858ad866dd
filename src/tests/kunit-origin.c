// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of where a request came from.
 */
#include <linux/string.h>

#include "kunit.h"
#include "origin.h"

static void expect_text(struct kunit *test, const struct blkv_origin *origin, const char *expected)
{
	char text[256];

	KUNIT_EXPECT_EQ(test, blkv_origin_emit(origin, text, sizeof(text)), (int)strlen(expected));
	if (*expected)
		KUNIT_EXPECT_STREQ(test, text, expected);
}

static void unknown_requests_have_none(struct kunit *test)
{
	static const struct blkv_origin origin = { .served = true };

	expect_text(test, &origin, "");
}

static void requests_are_described(struct kunit *test)
{
	struct blkv_origin origin = {
		.known = true, .pid = 7, .comm = "fio", .opf = REQ_OP_READ,
	};

	expect_text(test, &origin, " pid=7 comm=\"fio\"");
	origin.segments = 3;
	origin.offset = 512;
	expect_text(test, &origin, " pid=7 comm=\"fio\" segments=3 offset=512");
	origin.served = true;
	origin.submit_cpu = 2;
	expect_text(test, &origin, " pid=7 comm=\"fio\" segments=3 offset=512 cpus=2,0");
	origin.complete_cpu = 1;
	origin.took[BLKV_RAW] = 1999;
	origin.took[BLKV_TEST] = 3000000;
	expect_text(test, &origin,
		    " pid=7 comm=\"fio\" segments=3 offset=512 cpus=2,1 raw_us=1 test_us=3000");
}

static void flags_are_named(struct kunit *test)
{
	struct blkv_origin origin = {
		.known = true, .comm = "a", .opf = REQ_OP_WRITE | REQ_SYNC,
	};

	expect_text(test, &origin, " pid=0 comm=\"a\" flags=sync");
	origin.opf |= REQ_META | REQ_PRIO | REQ_IDLE | REQ_FUA | REQ_RAHEAD | REQ_BACKGROUND |
		      REQ_NOWAIT | REQ_POLLED | REQ_SWAP | REQ_INTEGRITY;
	expect_text(test, &origin,
		    " pid=0 comm=\"a\" flags=sync,meta,prio,idle,fua,rahead,background,nowait,polled,swap,integrity");
}

/* A task can have any name, and it stands between quotes in the kernel log. */
static void names_cannot_escape(struct kunit *test)
{
	struct blkv_origin origin = { .known = true, .comm = "a\"b\\c\nd\x7f\xffg" };

	expect_text(test, &origin, " pid=0 comm=\"a?b?c?d??g\"");
	origin.comm[0] = '\0';
	expect_text(test, &origin, " pid=0 comm=\"\"");
}

static struct kunit_case origin_cases[] = {
	KUNIT_CASE(unknown_requests_have_none),
	KUNIT_CASE(requests_are_described),
	KUNIT_CASE(flags_are_named),
	KUNIT_CASE(names_cannot_escape),
	{}
};

static struct kunit_suite origin_suite = {
	.name = "origin",
	.test_cases = origin_cases,
};

kunit_test_suite(origin_suite);
