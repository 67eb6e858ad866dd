// SPDX-License-Identifier: GPL-2.0-only
/*
 * crash: cut the power of the test device again and again.
 */
#include <string.h>

#include "crash-output.h"
#include "crash-series.h"
#include "device.h"
#include "module.h"
#include "options.h"
#include "run-output.h"
#include "session.h"
#include "util.h"
#include "verbs.h"

static int check_options(enum format *format)
{
	if (opts.output && (!parse_format(opts.output, format) ||
			    (*format != FORMAT_TEXT && *format != FORMAT_JSON))) {
		say_error("--output \"%s\" is neither text nor json", opts.output);
		return FAILED;
	}
	if (!opts.has_cuts)
		opts.cuts = 1;
	if (opts.cuts)
		return DONE;
	say_error("--cuts 0 cuts nothing");
	return FAILED;
}

static int exit_code(const struct crash_series *series, int r)
{
	if (crash_counts_are_bad(&series->counts))
		return FOUND;
	if (r)
		return r;
	return interrupted || !crash_counts_prove(&series->counts) ? INCONCLUSIVE : DONE;
}

int verb_crash(char **argv)
{
	struct crash_series series = { .name = device_bare_name(argv[0]) };
	enum format format = FORMAT_TEXT;
	struct list list = { 0 }, *reports = &list;
	struct device device;
	int r = check_options(&format);

	series.wanted = opts.cuts;
	if (!r)
		r = crash_series_prepare(&series);
	if (r)
		return r;
	catch_signals();
	r = crash_series_run(&series);
	if (r && !series.began)
		return r;
	if (device_get(series.name, &device))
		return r ? r : INCONCLUSIVE;
	if (crash_counts_are_bad(&series.counts) && !session_list(&device, &list))
		reports = NULL;
	crash_print(format, &series, &device, reports);
	crash_series_advise(&series);
	list_free(&list);
	return exit_code(&series, r);
}
