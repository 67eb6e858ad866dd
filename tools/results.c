// SPDX-License-Identifier: GPL-2.0-only
/* See results.h. Names and details may contain any bytes. */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "results.h"
#include "text.h"

static size_t count_outcome(const struct results *results, enum outcome outcome)
{
	size_t i, nr = 0;

	for (i = 0; i < results->nr; i++)
		nr += results->result[i].outcome == outcome;
	return nr;
}

/* ---- KTAP ----------------------------------------------------------------------------------- */

/* In a name or a reason, "#" would begin a directive. */
static void put_ktap(FILE *out, const char *text)
{
	char *clean = text_cleaned(text, true), *c;

	if (!clean)
		return;
	for (c = clean; *c; c++)
		if (*c == '#')
			*c = '_';
	fputs(clean, out);
	free(clean);
}

/* Diagnostic lines, which come before the line of their test. */
static void put_diagnostics(FILE *out, const char *text)
{
	char *lines = strdup(text), *rest = lines, *line;

	while (lines && (line = strsep(&rest, "\n"))) {
		if (!*line)
			continue;
		text_clean(line, true);
		/* Two spaces: with one, it might be read as a header. */
		fprintf(out, "  #  %s\n", line);
	}
	free(lines);
}

static void put_subtest(FILE *out, const struct result *result, size_t nr)
{
	if (result->outcome == NOT_PASSED && result->reason)
		put_diagnostics(out, result->reason);
	if (result->details)
		put_diagnostics(out, result->details);
	fprintf(out, "  %sok %zu ", result->outcome == NOT_PASSED ? "not " : "", nr);
	put_ktap(out, result->name);
	if (result->outcome == SKIPPED) {
		fputs(" # SKIP ", out);
		put_ktap(out, result->reason);
	}
	fputc('\n', out);
}

void results_ktap(FILE *out, const struct results *results)
{
	size_t i;

	fputs("KTAP version 1\n1..1\n  KTAP version 1\n  # Subtest: ", out);
	put_ktap(out, results->suite);
	fprintf(out, "\n  1..%zu\n", results->nr);
	for (i = 0; i < results->nr; i++)
		put_subtest(out, &results->result[i], i + 1);
	fprintf(out, "%sok 1 ", count_outcome(results, NOT_PASSED) ? "not " : "");
	put_ktap(out, results->suite);
	if (count_outcome(results, SKIPPED) == results->nr)
		fputs(" # SKIP nothing was compared", out);
	fputc('\n', out);
}

/* ---- JUnit ---------------------------------------------------------------------------------- */

/* Length of a character that XML does not allow, at the start of valid UTF-8; else 0. */
static size_t forbidden_len(const char *text)
{
	if (!strncmp(text, "\xef\xbf\xbe", 3) || !strncmp(text, "\xef\xbf\xbf", 3))
		return 3;
	return (unsigned char)*text < ' ' && *text != '\n' && *text != '\t';
}

static void put_xml(FILE *out, const char *text)
{
	char *clean = text_cleaned(text, false);
	const char *c;
	size_t len;

	if (!clean)
		return;
	for (c = clean; *c; c += len ? len : 1) {
		len = forbidden_len(c);
		if (len)
			fputc('?', out);
		else if (*c == '<')
			fputs("&lt;", out);
		else if (*c == '>')
			fputs("&gt;", out);
		else if (*c == '&')
			fputs("&amp;", out);
		else if (*c == '"')
			fputs("&quot;", out);
		else
			fputc(*c, out);
	}
	free(clean);
}

static void put_attribute(FILE *out, const char *name, const char *value)
{
	fprintf(out, " %s=\"", name);
	put_xml(out, value);
	fputc('"', out);
}

static void put_testcase(FILE *out, const char *suite, const struct result *result)
{
	fputs("    <testcase", out);
	put_attribute(out, "name", result->name);
	put_attribute(out, "classname", suite);
	fprintf(out, " time=\"%.3f\"", result->seconds);
	if (result->outcome == PASSED) {
		fputs("/>\n", out);
		return;
	}
	fputs(">\n", out);
	if (result->outcome == SKIPPED) {
		fputs("      <skipped>", out);
		put_xml(out, result->reason);
		fputs("</skipped>\n", out);
	} else {
		fputs("      <failure", out);
		put_attribute(out, "message", result->reason);
		put_attribute(out, "type", "blkverify");
		fputc('>', out);
		put_xml(out, result->details ? result->details : "");
		fputs("</failure>\n", out);
	}
	fputs("    </testcase>\n", out);
}

/* All that a strict schema requires. */
static void put_testsuite_attributes(FILE *out, const struct results *results)
{
	char host[256] = "localhost", when[32];
	time_t now = time(NULL);
	double seconds = 0;
	size_t i;

	for (i = 0; i < results->nr; i++)
		seconds += results->result[i].seconds;
	gethostname(host, sizeof(host) - 1);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", localtime(&now));
	put_attribute(out, "name", results->suite);
	put_attribute(out, "package", "blkverify");
	put_attribute(out, "timestamp", when);
	put_attribute(out, "hostname", host[0] ? host : "localhost");
	fprintf(out, " id=\"0\" tests=\"%zu\" failures=\"%zu\" errors=\"0\" time=\"%.3f\"",
		results->nr, count_outcome(results, NOT_PASSED), seconds);
	/* Not in a document that has none: the strict schema does not know it. */
	if (count_outcome(results, SKIPPED))
		fprintf(out, " skipped=\"%zu\"", count_outcome(results, SKIPPED));
}

void results_junit(FILE *out, const struct results *results)
{
	size_t i;

	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite", out);
	put_testsuite_attributes(out, results);
	fputs(">\n    <properties>\n      <property", out);
	put_attribute(out, "name", "blkverify");
	put_attribute(out, "value", TOOL_VERSION);
	fputs("/>\n    </properties>\n", out);
	for (i = 0; i < results->nr; i++)
		put_testcase(out, results->suite, &results->result[i]);
	fputs("    <system-out/>\n    <system-err/>\n  </testsuite>\n</testsuites>\n", out);
}
