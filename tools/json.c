// SPDX-License-Identifier: GPL-2.0-only
/*
 * JSON output. Members are only ever added while "version" is 1; blkverify(8) describes them.
 */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common.h"
#include "device.h"
#include "guard.h"
#include "json.h"
#include "loop.h"
#include "members.h"
#include "parse.h"
#include "ranges.h"
#include "status.h"
#include "text.h"
#include "untested.h"
#include "util.h"

static json_object *clean_string(const char *text)
{
	char *clean = text_cleaned(text, false);
	json_object *o;

	if (!clean)
		return NULL;
	o = json_object_new_string(clean);
	free(clean);
	return o;
}

static void put_text(json_object *o, const char *key, const char *value)
{
	json_object_object_add(o, key, clean_string(value));
}

static void put_number(json_object *o, const char *key, uint64_t value)
{
	json_object_object_add(o, key, json_object_new_uint64(value));
}

static void put_bool(json_object *o, const char *key, bool value)
{
	json_object_object_add(o, key, json_object_new_boolean(value));
}

static json_object *new_document(const char *verb)
{
	json_object *o = json_object_new_object();

	put_number(o, "version", 1);
	put_text(o, "verb", verb);
	return o;
}

static json_object *ranges_array(const struct ranges *ranges)
{
	json_object *array = json_object_new_array();
	size_t i;

	for (i = 0; i < ranges->nr; i++) {
		json_object *o = json_object_new_object();

		put_number(o, "start", ranges->range[i].start);
		put_number(o, "sectors", ranges->range[i].nr);
		json_object_array_add(array, o);
	}
	return array;
}

static void print_document(FILE *out, json_object *o)
{
	fprintf(out, "%s\n",
		json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY |
						  JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(o);
}

/* ---- status --------------------------------------------------------------------------------- */

static json_object *leg_object(const char *node)
{
	json_object *o = json_object_new_object();
	char file[512];

	put_text(o, "device", node);
	loop_backing_file(node, file, sizeof(file));
	if (file[0])
		put_text(o, "file", file);
	return o;
}

static json_object *options_array(const char *options)
{
	json_object *array = json_object_new_array();
	char word[128];
	int len;

	for (; sscanf(options, " %127s%n", word, &len) == 1; options += len)
		json_object_array_add(array, json_object_new_string(word));
	return array;
}

/* Features that are not tested, and why. */
static json_object *not_tested_array(const struct device *device)
{
	json_object *array = json_object_new_array();
	struct feature features[NR_FEATURES];
	size_t i;

	features_get(device->raw_node, device->test_node, device->path, features);
	for (i = 0; i < NR_FEATURES; i++) {
		json_object *o;

		if (!features[i].untested)
			continue;
		o = json_object_new_object();
		put_text(o, "feature", features[i].name);
		put_bool(o, "raw", features[i].raw);
		put_bool(o, "test", features[i].test);
		put_text(o, "reason", features[i].untested);
		json_object_array_add(array, o);
	}
	return array;
}

/* The disk and the driver that both legs share, or null. */
static void put_common(json_object *o, const struct device *device)
{
	char name[64];

	if (common_disk(device->raw_node, device->test_node, name, sizeof(name)))
		put_text(o, "same_disk", name);
	else
		json_object_object_add(o, "same_disk", NULL);
	if (common_driver(device->raw_node, device->test_node, name, sizeof(name)))
		put_text(o, "same_driver", name);
	else
		json_object_object_add(o, "same_driver", NULL);
}

static json_object *device_object(const struct device *device)
{
	json_object *o = json_object_new_object();
	char state[2] = { device->status.state, '\0' };
	int i;

	put_text(o, "name", device->name);
	put_text(o, "device", device->path);
	put_text(o, "state", state);
	put_text(o, "verdict", status_verdict(&device->status));
	json_object_object_add(o, "raw", leg_object(device->raw_node));
	json_object_object_add(o, "test", leg_object(device->test_node));
	put_number(o, "sectors", device->length);
	put_bool(o, "readonly", device->readonly);
	put_bool(o, "suspended", device->suspended);
	put_number(o, "open_count", (uint64_t)device->open_count);
	json_object_object_add(o, "options", options_array(device->table.options));
	for (i = FIELD_STATE + 1; i < NR_FIELDS; i++) {
		if (device->status.present[i] && i == FIELD_POWER)
			put_text(o, field_words[i], device->status.power);
		else if (device->status.present[i])
			put_number(o, field_words[i], device->status.value[i]);
		else
			json_object_object_add(o, field_words[i], NULL);
	}
	json_object_object_add(o, "not_tested", not_tested_array(device));
	put_common(o, device);
	return o;
}

void json_status(const struct device *devices, size_t nr)
{
	json_object *o = new_document("status"), *array = json_object_new_array();
	size_t i;

	for (i = 0; i < nr; i++)
		json_object_array_add(array, device_object(&devices[i]));
	json_object_object_add(o, "devices", array);
	print_document(stdout, o);
}

/* ---- report --------------------------------------------------------------------------------- */

static void put_hex(json_object *o, const char *key, const uint8_t *bytes, size_t nr)
{
	char text[2 * WINDOW_MAX + 1] = "";
	size_t i;

	for (i = 0; i < nr; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	put_text(o, key, text);
}

static void put_mismatch(json_object *o, const struct report *r)
{
	put_number(o, "bad_sector", r->bad_sector);
	put_number(o, "differing_sectors", r->differ);
	put_number(o, "byte", r->byte);
	put_number(o, "raw_byte", r->raw_byte);
	put_number(o, "test_byte", r->test_byte);
	/* Null if the test leg was not re-read, or not yet. */
	if (r->label == LABEL_NONE)
		json_object_object_add(o, "persistent", NULL);
	else
		put_bool(o, "persistent", r->label == LABEL_PERSISTENT);
	put_text(o, "class", r->class);
	if (r->has_class_number)
		json_object_object_add(o, "class_number", json_object_new_int64(r->class_number));
	put_number(o, "window_offset", r->window_offset);
	put_hex(o, "raw_bytes", r->raw_window, r->window_len);
	put_hex(o, "test_bytes", r->test_window, r->window_len);
}

/* A number if it is one, true for a word without a value; quoted text stays text. */
static json_object *word_value(const struct word *word)
{
	uint64_t number;

	if (word->quoted)
		return clean_string(word->value);
	if (!word->value[0])
		return json_object_new_boolean(true);
	if (parse_number(word->value, &number))
		return json_object_new_uint64(number);
	return clean_string(word->value);
}

/*
 * write_pid=7 becomes "write": { "pid": 7 }; write=none becomes null, with the word in "more".
 * "latest_clear" and "nearest_clear" are grouped in the same way.
 */
static void put_words(json_object *o, const struct words *words)
{
	static const char *const groups[] = { "write", "latest_clear", "nearest_clear" };
	json_object *more = json_object_new_object(), *group[NR_OF(groups)] = { NULL };
	size_t i, g;

	for (i = 0; i < words->nr; i++) {
		const struct word *w = &words->word[i];
		size_t len = 0;

		for (g = 0; g < NR_OF(groups); g++) {
			len = strlen(groups[g]);
			if (!strncmp(w->key, groups[g], len) && w->key[len] == '_')
				break;
		}
		if (g == NR_OF(groups)) {
			json_object_object_add(more, w->key, word_value(w));
			continue;
		}
		if (!group[g])
			group[g] = json_object_new_object();
		json_object_object_add(group[g], w->key + len + 1, word_value(w));
	}
	for (g = 0; g < NR_OF(groups); g++)
		json_object_object_add(o, groups[g], group[g]);
	json_object_object_add(o, "more", more);
}

static json_object *report_object(const struct report *r)
{
	json_object *o = json_object_new_object();

	put_number(o, "number", r->number);
	put_text(o, "kind", kind_words[r->kind]);
	put_text(o, "op", r->op);
	put_number(o, "sector", r->sector);
	put_number(o, "sectors", r->nr);
	if (r->kind == KIND_MISMATCH) {
		put_mismatch(o, r);
	} else {
		json_object_object_add(o, "raw_error", json_object_new_int(r->raw_error));
		json_object_object_add(o, "test_error", json_object_new_int(r->test_error));
	}
	put_words(o, &r->more);
	return o;
}

/* Null if they could not be read. */
static void put_reports(json_object *o, const struct list *list)
{
	json_object *array = list ? json_object_new_array() : NULL;
	size_t i;

	json_object_object_add(o, "reports", array);
	if (!list) {
		json_object_object_add(o, "dropped", NULL);
		return;
	}
	for (i = 0; i < list->nr; i++)
		json_object_array_add(array, report_object(&list->reports[i]));
	put_number(o, "dropped", list->dropped);
}

/* Null if the target does not know. */
static void put_cpus(json_object *o, const struct list *list)
{
	json_object *array = list->cpus ? json_object_new_array() : NULL;
	size_t i;

	for (i = 0; i < list->nr_cpus; i++) {
		json_object *cpu = json_object_new_object();

		put_number(cpu, "cpu", list->cpus[i].cpu);
		put_number(cpu, "compared", list->cpus[i].compared);
		json_object_array_add(array, cpu);
	}
	json_object_object_add(o, "cpus", array);
}

void json_reports(const struct device *device, const struct list *list)
{
	json_object *o = new_document("report");

	put_text(o, "name", device->name);
	put_reports(o, list);
	put_cpus(o, list);
	print_document(stdout, o);
}

/* ---- crash ---------------------------------------------------------------------------------- */

static json_object *cuts_object(const struct crash_series *series)
{
	static const enum field fields[] = {
		FIELD_SETTLED_NEW, FIELD_SETTLED_OLD, FIELD_LOST, FIELD_TORN, FIELD_UNREADABLE,
		FIELD_MISMATCHES, FIELD_DIVERGENCES,
	};
	const struct crash_counts *counts = &series->counts;
	json_object *o = json_object_new_object();
	size_t i;

	put_number(o, "wanted", series->wanted);
	put_number(o, "cuts", counts->cuts);
	for (i = 0; i < NR_OF(fields); i++)
		put_number(o, field_words[fields[i]], counts->value[fields[i]]);
	put_number(o, "unproven", counts->unproven);
	json_object_object_add(o, "seconds", json_object_new_double(counts->seconds));
	return o;
}

void json_crash(const struct crash_series *series, const struct device *device,
		const struct list *list)
{
	json_object *o = new_document("crash"), *devices = json_object_new_array();

	json_object_object_add(o, "power_cuts", cuts_object(series));
	json_object_array_add(devices, device_object(device));
	json_object_object_add(o, "devices", devices);
	put_reports(o, list);
	print_document(stdout, o);
}

/* ---- run ------------------------------------------------------------------------------------ */

static json_object *damage_object(const struct damage *d)
{
	json_object *o = json_object_new_object();

	put_number(o, "start", d->start);
	put_number(o, "sectors", d->nr);
	put_number(o, "byte", d->byte);
	put_number(o, "window_offset", d->offset);
	put_hex(o, "expected_bytes", d->expected, DAMAGE_BYTES);
	put_hex(o, "found_bytes", d->found, DAMAGE_BYTES);
	put_text(o, "looks_like", d->looks);
	return o;
}

static json_object *rounds_array(const struct members *members)
{
	json_object *array = json_object_new_array();
	size_t i;

	for (i = 0; i < members->nr_rounds; i++) {
		const struct round *round = &members->rounds[i];
		json_object *o = json_object_new_object();

		put_text(o, "array", round->array);
		put_text(o, "failed", round->failed);
		put_bool(o, "rebuilt", round->rebuilt);
		put_number(o, field_words[FIELD_COMPARED], round->compared);
		put_number(o, field_words[FIELD_MISMATCHES], round->mismatches);
		put_number(o, field_words[FIELD_DIVERGENCES], round->divergences);
		json_object_array_add(array, o);
	}
	return array;
}

static json_object *members_object(const struct members *members)
{
	json_object *o = json_object_new_object();

	put_bool(o, "complete", members->complete);
	json_object_object_add(o, "rounds", rounds_array(members));
	return o;
}

static json_object *guard_object(const struct guard *guard)
{
	const struct damages *damages = &guard->damages;
	json_object *o = json_object_new_object(), *array = json_object_new_array();
	uint64_t i, nr = damages->ranges < DAMAGES_MAX ? damages->ranges : DAMAGES_MAX;

	put_text(o, "test", guard->path);
	put_number(o, "margin", guard->size);
	put_bool(o, "checked", guard_is_checked(guard));
	put_number(o, "overwritten", damages->sectors);
	for (i = 0; i < nr; i++)
		json_object_array_add(array, damage_object(&damages->damage[i]));
	json_object_object_add(o, "ranges", array);
	put_number(o, "dropped", damages->ranges - nr);
	json_object_object_add(o, "unreadable", ranges_array(&guard->unreadable));
	return o;
}

void json_run(const struct run_outcome *outcome)
{
	json_object *o = new_document("run"), *devices = json_object_new_array();
	json_object *command = json_object_new_array();
	size_t i;

	for (i = 0; outcome->command[i]; i++)
		json_object_array_add(command, clean_string(outcome->command[i]));
	json_object_object_add(o, "command", command);
	put_number(o, "command_status", (uint64_t)outcome->status);
	json_object_object_add(o, "seconds", json_object_new_double(outcome->seconds));
	put_bool(o, "reference_failed", outcome->raw_failed);
	json_object_array_add(devices, device_object(outcome->device));
	json_object_object_add(o, "devices", devices);
	json_object_object_add(o, "power_cuts",
			       outcome->series ? cuts_object(outcome->series) : NULL);
	json_object_object_add(o, "members",
			       outcome->members ? members_object(outcome->members) : NULL);
	json_object_object_add(o, "guard", outcome->guard ? guard_object(outcome->guard) : NULL);
	put_reports(o, outcome->list);
	print_document(stdout, o);
}

/* ---- follow --------------------------------------------------------------------------------- */

/* The counts of the test. What is untrusted now is no count, and may have become less. */
static void put_growth(json_object *o, const struct followed *d)
{
	enum field field;

	for (field = FIELD_STATE + 1; field < NR_FIELDS; field++) {
		const struct status *now = &d->now.status;

		if (!now->present[field])
			json_object_object_add(o, field_words[field], NULL);
		else if (field == FIELD_POWER)
			put_text(o, field_words[field], now->power);
		else if (!status_is_count(field))
			put_number(o, field_words[field], now->value[field]);
		else
			put_number(o, field_words[field],
				   status_growth(&d->before.status, now, field));
	}
}

void json_test(FILE *out, const struct json_test *test)
{
	json_object *o = new_document("follow"), *array = json_object_new_array();
	size_t i;

	if (test->suite)
		put_text(o, "suite", test->suite);
	else
		json_object_object_add(o, "suite", NULL);
	put_text(o, "test", test->name);
	if (test->suite)
		put_text(o, "started", test->started);
	else
		json_object_object_add(o, "started", NULL);
	json_object_object_add(o, "seconds", json_object_new_double(test->seconds));
	for (i = 0; i < test->nr; i++) {
		json_object *device = json_object_new_object();

		put_text(device, "name", test->devices[i].now.name);
		put_bool(device, "gone", test->devices[i].gone);
		put_growth(device, &test->devices[i]);
		put_reports(device, test->devices[i].unlisted ? NULL : &test->lists[i]);
		json_object_array_add(array, device);
	}
	json_object_object_add(o, "devices", array);
	print_document(out, o);
}

/* ---- scrub and compare ---------------------------------------------------------------------- */

void json_print_ranges(const struct json_ranges *found)
{
	json_object *o = new_document(found->verb);

	if (found->name) {
		put_text(o, "name", found->name);
	} else {
		put_text(o, "raw", found->raw);
		put_text(o, "test", found->test);
		put_number(o, "raw_size", found->raw_bytes);
		put_number(o, "test_size", found->test_bytes);
	}
	put_number(o, "start", found->start);
	put_number(o, "sectors", found->sectors);
	if (found->skipped)
		put_number(o, "skipped", *found->skipped);
	else
		json_object_object_add(o, "skipped", NULL);
	json_object_object_add(o, "bad", ranges_array(found->bad));
	json_object_object_add(o, "unreadable", ranges_array(found->unreadable));
	print_document(stdout, o);
}
