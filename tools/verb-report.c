// SPDX-License-Identifier: GPL-2.0-only
/*
 * report: the findings that the target has recorded.
 */
#include "device.h"
#include "json.h"
#include "options.h"
#include "parse.h"
#include "print.h"
#include "status.h"
#include "util.h"
#include "verbs.h"

int verb_report(char **argv)
{
	struct device device;
	struct list list;
	int r = device_get(argv[0], &device);

	if (!r)
		r = device_list(device.name, &list);
	if (r)
		return r;
	if (opts.json)
		json_reports(&device, &list);
	else
		print_reports(stdout, &device, &list);
	/* A finding is counted before it is recorded. */
	r = DONE;
	if (list.nr || list.dropped || list.not_understood || status_is_bad(&device.status))
		r = FOUND;
	list_free(&list);
	return r;
}
