// SPDX-License-Identifier: GPL-2.0-only
/*
 * wait and watch.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "device.h"
#include "dm.h"
#include "options.h"
#include "parse.h"
#include "print.h"
#include "status.h"
#include "text.h"
#include "util.h"
#include "verbs.h"

/* ---- wait ----------------------------------------------------------------------------------- */

static void ignore_tick(int signal)
{
	(void)signal;
}

/*
 * A tick interrupts the wait. Ticks are periodic, because one that arrives just before the wait
 * begins is lost.
 */
static void start_ticks(void)
{
	struct sigaction action = { .sa_handler = ignore_tick };
	struct itimerval every = { { 0, 500000 }, { 0, 500000 } };

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
}

static int wait_event(const struct device *device)
{
	int r = dm_wait(device->name, device->event_nr);

	return r == -EINTR ? 0 : r;
}

/* The event number is read before the status, so no event falls between them. */
int verb_wait(char **argv)
{
	double end = seconds_now() + (double)opts.timeout;
	struct device device;
	int r;

	catch_signals();
	start_ticks();
	while (!(r = device_get(argv[0], &device))) {
		if (status_is_bad(&device.status)) {
			print_status(&device);
			return FOUND;
		}
		if (opts.has_timeout && seconds_now() >= end)
			return DONE;
		if (interrupted)
			return INCONCLUSIVE;
		r = wait_event(&device);
		if (r && r != -ENXIO) {
			say_error("cannot wait for %s: %s; --debug shows more", argv[0], strerror(-r));
			return exit_code_of(r);
		}
	}
	return r;
}

/* ---- watch ---------------------------------------------------------------------------------- */

struct watch {
	struct device device, before;
	double at, at_before;
	uint64_t seen; /* number of the last report that was shown */
	bool found, live;
};

/* The growth of the field per second; "-" if it is absent. */
static void rate_text(const struct watch *w, enum field field, char *text, size_t size)
{
	uint64_t grown = w->device.status.value[field] - w->before.status.value[field];

	snprintf(text, size, "-");
	/* After a reset the number is smaller. */
	if (w->device.status.present[field] && (int64_t)grown >= 0)
		text_of_size((uint64_t)((double)grown / (w->at - w->at_before)), text, size);
}

static void show_rates(const struct watch *w)
{
	const struct status *status = &w->device.status;
	char read_rate[32], write_rate[32], compared[24], mismatches[24], divergences[24];
	char size[32] = "-";

	if (!w->live || w->at <= w->at_before)
		return;
	rate_text(w, FIELD_COMPARED, read_rate, sizeof(read_rate));
	rate_text(w, FIELD_WRITTEN, write_rate, sizeof(write_rate));
	if (status->present[FIELD_COMPARED])
		text_of_size(status->value[FIELD_COMPARED], size, sizeof(size));
	status_text(status, FIELD_COMPARED, compared, sizeof(compared));
	status_text(status, FIELD_MISMATCHES, mismatches, sizeof(mismatches));
	status_text(status, FIELD_DIVERGENCES, divergences, sizeof(divergences));
	fprintf(stderr,
		"\rcomparing %s/s, writing %s/s; compared %s (%s sectors), %s mismatches, "
		"%s divergences \033[K",
		read_rate, write_rate, size, compared, mismatches, divergences);
}

static uint64_t count_findings(const struct device *device)
{
	return device->status.value[FIELD_MISMATCHES] + device->status.value[FIELD_DIVERGENCES];
}

/* Without this check a closed pipe would be noticed only with the next finding. */
static bool reader_gone(void)
{
	struct pollfd out = { .fd = STDOUT_FILENO };

	return poll(&out, 1, 0) > 0 && out.revents & (POLLERR | POLLNVAL);
}

static int show_findings(struct watch *w)
{
	struct list list;
	size_t i;
	int r = device_list(w->device.name, &list);

	if (r)
		return r;
	if (w->live && list.nr)
		fprintf(stderr, "\r\033[K");
	for (i = list_first_new(&list, &w->seen); i < list.nr; i++) {
		w->seen = list.reports[i].number;
		w->found = true;
		print_report(stdout, &list.reports[i]);
	}
	list_free(&list);
	return fflush(stdout) ? FAILED : DONE;
}

static int look_again(struct watch *w)
{
	int r;

	w->before = w->device;
	w->at_before = w->at;
	r = device_get(w->before.name, &w->device);
	w->at = seconds_now();
	/* Every report is an event; after a reset the counts may be the same as before. */
	if (!r && (w->device.event_nr != w->before.event_nr ||
		   count_findings(&w->device) != count_findings(&w->before)))
		r = show_findings(w);
	if (!r)
		show_rates(w);
	return r;
}

int verb_watch(char **argv)
{
	struct watch w = { .live = isatty(STDERR_FILENO) };
	int r = device_get(argv[0], &w.device);

	if (r)
		return r;
	w.at = seconds_now();
	catch_signals();
	if (count_findings(&w.device))
		r = show_findings(&w);
	while (!r && !interrupted && !reader_gone()) {
		usleep(500000);
		r = look_again(&w);
	}
	if (w.live)
		fputc('\n', stderr);
	return w.found || status_is_bad(&w.device.status) ? FOUND : r;
}
