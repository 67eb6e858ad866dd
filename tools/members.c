// SPDX-License-Identifier: GPL-2.0-only
/*
 * See members.h. A rebuild overwrites what was not read yet: a member that is wrong would be made
 * right, or a right one wrong. So in the first pass, members come back as they were: their data are
 * still valid, unless something was written while they were out. In the second pass they are
 * rebuilt, and read again.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "dm.h"
#include "members.h"
#include "reader.h"
#include "status.h"
#include "text.h"
#include "util.h"

int members_prepare(struct members *members, const char *test)
{
	int r = arrays_find(test, members->arrays, &members->nr);
	size_t i;

	for (i = 0; !r && i < members->nr; i++)
		r = array_take(&members->arrays[i]);
	return r;
}

/* ---- a round -------------------------------------------------------------------------------- */

/* From now on, the target tags its reports with this text; NULL: with none. */
static void set_mark(const char *name, const struct round *round)
{
	char message[64];

	snprintf(message, sizeof(message), "%s%s%.39s", message_words[MESSAGE_MARK],
		 round ? " without " : "", round ? round->failed : "");
	if (dm_message(name, 0, message, NULL))
		say_error("cannot mark the reports of %s", name);
}

/* Of RAID 1, all members but one are failed: which of several is read is md's choice. */
static bool is_failed_in(const struct array *array, size_t member, size_t nr)
{
	return array->redundancy == MD_COPIES ? member != nr : member == nr;
}

static int fail_members(struct array *array, size_t nr)
{
	size_t i;
	int r = DONE;

	for (i = 0; !r && i < array->nr; i++)
		if (is_failed_in(array, i, nr))
			r = array_fail(array, &array->member[i]);
	return r;
}

/* As "sda, sdb". */
static void name_failed(const struct array *array, size_t nr, char *text, size_t size)
{
	size_t i;

	text[0] = '\0';
	for (i = 0; i < array->nr; i++)
		if (is_failed_in(array, i, nr))
			text_append(text, size, "%s", array->member[i].name);
}

static int read_device(const struct device *device, struct round *round)
{
	struct reader reader;
	struct device now;
	int r = reader_open(&reader, device);

	if (!r)
		reader_read(&reader, 0, device->length);
	reader_close(&reader);
	if (!r)
		r = device_get(device->name, &now);
	if (r)
		return r;
	round->compared = status_growth(&device->status, &now.status, FIELD_COMPARED);
	round->mismatches = status_growth(&device->status, &now.status, FIELD_MISMATCHES);
	round->divergences = status_growth(&device->status, &now.status, FIELD_DIVERGENCES);
	if (reader.unread && !interrupted)
		say_error("%" PRIu64 " sectors of %s cannot be read without %s: see dmesg",
			  reader.unread, device->name, round->failed);
	return reader.unread || interrupted ? INCONCLUSIVE : DONE;
}

static bool is_bad(const struct round *round)
{
	return round->mismatches || round->divergences;
}

static void say_round(const struct round *round)
{
	fprintf(stderr, "%s without %s: %" PRIu64 " sectors compared, %" PRIu64 " mismatches\n",
		round->array, round->failed, round->compared, round->mismatches);
}

static struct round *add_round(struct members *members, const struct array *array, size_t nr,
			       bool rebuilt)
{
	struct round *rounds = realloc(members->rounds,
				       (members->nr_rounds + 1) * sizeof(*rounds));
	struct round *round;

	if (!rounds)
		return NULL;
	members->rounds = rounds;
	round = &rounds[members->nr_rounds++];
	*round = (struct round){ .rebuilt = rebuilt };
	snprintf(round->array, sizeof(round->array), "%s", array->name);
	name_failed(array, nr, round->failed, sizeof(round->failed));
	return round;
}

struct step {
	size_t nr;
	bool read, rebuild;		/* then */
	bool rebuilt;			/* before */
};

/* Returns FOUND, too. */
static int read_without(struct members *members, const struct array *array, const char *name,
			const struct step *step)
{
	struct round *round = add_round(members, array, step->nr, step->rebuilt);
	struct device device;
	int r = round ? device_get(name, &device) : NO_MEMORY;

	if (r)
		return r;
	set_mark(name, round);
	r = read_device(&device, round);
	set_mark(name, NULL);
	say_round(round);
	return is_bad(round) ? FOUND : r;
}

/* What was written by then: to the array, by all who use it, and by the target. */
struct moment {
	struct status status;
	uint64_t done, waiting;
};

static bool take_moment(struct moment *moment, const struct array *array, const char *name)
{
	struct device device;

	if (!array_count_writes(array, &moment->done, &moment->waiting) ||
	    device_get(name, &device))
		return false;
	moment->status = device.status;
	return true;
}

/* Whether anything may have been written since @before, as by a process that the command left. */
static bool was_written(const struct array *array, const char *name, const struct moment *before)
{
	static const enum field fields[] = { FIELD_WRITTEN, FIELD_DISCARDS, FIELD_ZEROES };
	struct moment now;
	size_t i;

	if (!take_moment(&now, array, name) || now.waiting || now.done != before->done)
		return true;
	for (i = 0; i < NR_OF(fields); i++)
		if (now.status.value[fields[i]] != before->status.value[fields[i]])
			return true;
	return false;
}

static int say_written(const struct array *array, size_t nr)
{
	char failed[256];

	name_failed(array, nr, failed, sizeof(failed));
	say_error("%s was written to without %s, so not each member was read as it was: end what "
		  "writes to the array, and run it again",
		  array->name, failed);
	return INCONCLUSIVE;
}

/* A member that has missed a write must be rebuilt, also if that came before it was back. */
static int restore_members(struct array *array, const char *name, const struct step *step,
			   const struct moment *before, bool rebuild)
{
	bool written = was_written(array, name, before);
	int r = array_restore(array, rebuild || written), failed;

	if (!r && !rebuild && !written && was_written(array, name, before)) {
		written = true;
		failed = fail_members(array, step->nr);
		r = array_restore(array, true);
		r = failed ? failed : r;
	}
	return r || step->rebuilt || !written ? r : say_written(array, step->nr);
}

/* Returns whether to go on. After a finding nothing is rebuilt. */
static bool take_step(struct members *members, struct array *array, const char *name,
		      const struct step *step)
{
	struct moment before;
	int r, restored;

	if (!take_moment(&before, array, name))
		return false;
	r = fail_members(array, step->nr);
	if (!r && step->read)
		r = read_without(members, array, name, step);
	restored = restore_members(array, name, step, &before, step->rebuild && !r && !interrupted);
	return !r && !restored && !interrupted;
}

/* ---- all rounds ----------------------------------------------------------------------------- */

static bool read_each(struct members *members, struct array *array, const char *name)
{
	struct step step = { .read = true };
	bool go_on = true;

	for (; go_on && step.nr < array->nr; step.nr++)
		go_on = take_step(members, array, name, &step);
	return go_on;
}

/* What was rebuilt is read in the next step, and the last one in the first step, again. */
static bool rebuild_each(struct members *members, struct array *array, const char *name)
{
	struct step step = { .rebuilt = true };
	bool go_on = true;
	size_t i;

	for (i = 0; go_on && i <= array->nr; i++) {
		step.nr = i % array->nr;
		step.read = i > 0;
		step.rebuild = i < array->nr;
		go_on = take_step(members, array, name, &step);
	}
	return go_on;
}

static bool run_array(struct members *members, struct array *array, const char *name)
{
	return !array_wait(array) && !array_take(array) && read_each(members, array, name) &&
	       rebuild_each(members, array, name);
}

void members_run(struct members *members, const char *name)
{
	struct device device;
	bool go_on = true;
	size_t i;

	if (device_get(name, &device))
		return;
	if (interrupted || status_is_bad(&device.status)) {
		say_error("the members of the test device were not failed: %s",
			  interrupted ? "interrupted" : "something was found before");
		return;
	}
	for (i = 0; go_on && i < members->nr; i++)
		go_on = run_array(members, &members->arrays[i], name);
	members->complete = go_on;
}

bool members_found(const struct members *members)
{
	size_t i;

	for (i = 0; i < members->nr_rounds; i++)
		if (is_bad(&members->rounds[i]))
			return true;
	return false;
}

/* ---- output --------------------------------------------------------------------------------- */

void members_print(FILE *out, const struct members *members)
{
	size_t i;

	fprintf(out, "members of the test device: %s\n",
		members_found(members) ? "wrong data without one of them" :
		members->complete ? "the data was right without each of them" :
				    "not everything was read without each of them");
	for (i = 0; i < members->nr_rounds; i++) {
		const struct round *round = &members->rounds[i];

		fprintf(out, "  %s without %s%s: %" PRIu64 " sectors compared, %" PRIu64
			" mismatches, %" PRIu64 " divergences\n",
			round->array, round->failed, round->rebuilt ? ", rebuilt" : "",
			round->compared, round->mismatches, round->divergences);
	}
}

void members_free(struct members *members)
{
	free(members->rounds);
}
