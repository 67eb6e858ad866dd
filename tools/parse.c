// SPDX-License-Identifier: GPL-2.0-only
/* See parse.h. Nothing read here is trusted: every length is checked, every number bounded. */
#include <stdlib.h>
#include <string.h>

#include "parse.h"
#include "tokens.h"

/* ---- status and table ----------------------------------------------------------------------- */

/* At the end of the line the field is absent: an older target has fewer. */
static bool parse_field(const char **text, struct status *status, enum field field)
{
	char token[32];

	*text += strspn(*text, " ");
	if (!**text || **text == '\n')
		return true;
	if (!next_token(text, token, sizeof(token)))
		return false;
	if (!strcmp(token, "-"))
		return true;
	status->present[field] = true;
	if (field == FIELD_POWER)
		return copy_text(status->power, sizeof(status->power), token, strlen(token));
	return parse_number(token, &status->value[field]);
}

bool parse_status(const char *text, struct status *status)
{
	char state[2];
	enum field field;

	memset(status, 0, sizeof(*status));
	status->bad = FIELD_STATE;
	if (!next_token(&text, state, sizeof(state)) || !strchr("VCF", state[0]))
		return false;
	status->state = state[0];
	for (field = FIELD_STATE + 1; field < NR_FIELDS; field++) {
		status->bad = field;
		if (!parse_field(&text, status, field))
			return false;
	}
	return true;
}

bool parse_table(const char *text, struct table *table)
{
	char count[16];
	uint64_t nr;

	memset(table, 0, sizeof(*table));
	if (!next_token(&text, table->raw, sizeof(table->raw)) ||
	    !next_token(&text, table->test, sizeof(table->test)))
		return false;
	if (!next_token(&text, count, sizeof(count)))
		return true;
	text += strspn(text, " ");
	return parse_number(count, &nr) &&
	       copy_text(table->options, sizeof(table->options), text, strcspn(text, "\n"));
}

/* ---- reports -------------------------------------------------------------------------------- */

static bool parse_byte(const char *text, uint8_t *byte)
{
	if (strncmp(text, "0x", 2) || hex_digit(text[2]) < 0 || hex_digit(text[3]) < 0 || text[4])
		return false;
	*byte = (uint8_t)(hex_digit(text[2]) << 4 | hex_digit(text[3]));
	return true;
}

static bool parse_window(const char *text, struct report *report, uint8_t *window)
{
	size_t i, len = strlen(text) / 2;

	if (len > WINDOW_MAX)
		len = WINDOW_MAX;
	for (i = 0; i < len; i++) {
		int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		window[i] = (uint8_t)(high << 4 | low);
	}
	/* Both windows should have the same length; use the shorter one. */
	if (!report->window_len || len < report->window_len)
		report->window_len = len;
	return true;
}

/* zeros, bitflip(3), shifted(-8); unknown classes of a newer target are kept as they are. */
static bool parse_class(const char *text, struct report *report)
{
	size_t len = strcspn(text, "("), end = len + strcspn(text + len, ")");
	char number[24];

	copy_text(report->class, sizeof(report->class), text, len);
	if (!text[len])
		return true;
	if (!text[end])
		return false;
	copy_text(number, sizeof(number), text + len + 1, end - len - 1);
	report->has_class_number = parse_int(number, &report->class_number);
	if (!report->has_class_number)
		copy_text(report->class, sizeof(report->class), text, strlen(text));
	return true;
}

static bool parse_small(const char *text, unsigned int *number)
{
	uint64_t n;

	if (!parse_number(text, &n) || n > UINT32_MAX)
		return false;
	*number = (unsigned int)n;
	return true;
}

static bool parse_error(const char *text, int *error)
{
	long n;

	if (!parse_int(text, &n) || n > 0 || n < -4095)
		return false;
	*error = (int)n;
	return true;
}

const char *label_word(enum label label)
{
	return label == LABEL_PERSISTENT ? "persistent" :
	       label == LABEL_TRANSIENT	 ? "transient" :
					   "-";
}

/* Returns whether the word of a mismatch is known; sets *bad if its value is malformed. */
static bool take_mismatch_word(struct report *r, const struct word *w, bool *bad)
{
	const char *key = w->key, *value = w->value;

	if (!strcmp(key, "byte"))
		*bad = !parse_small(value, &r->byte);
	else if (!strcmp(key, "raw"))
		*bad = !parse_byte(value, &r->raw_byte);
	else if (!strcmp(key, "test"))
		*bad = !parse_byte(value, &r->test_byte);
	else if (!strcmp(key, "persistent"))
		r->label = LABEL_PERSISTENT;
	else if (!strcmp(key, "transient"))
		r->label = LABEL_TRANSIENT;
	else if (!strcmp(key, "class"))
		*bad = !parse_class(value, r);
	else if (!strcmp(key, "differ"))
		*bad = !parse_number(value, &r->differ);
	else if (!strcmp(key, "at"))
		*bad = !parse_small(value, &r->window_offset);
	else if (!strcmp(key, "raw_bytes"))
		*bad = !parse_window(value, r, r->raw_window);
	else if (!strcmp(key, "test_bytes"))
		*bad = !parse_window(value, r, r->test_window);
	else
		return false;
	return true;
}

static bool take_divergence_word(struct report *r, const struct word *w, bool *bad)
{
	if (!strcmp(w->key, "raw"))
		*bad = !parse_error(w->value, &r->raw_error);
	else if (!strcmp(w->key, "test"))
		*bad = !parse_error(w->value, &r->test_error);
	else
		return false;
	return true;
}

static bool take_words(struct report *report, const char *text)
{
	struct words words;
	bool bad = false;
	size_t i;

	if (!parse_words(text, &words))
		return false;
	for (i = 0; i < words.nr && !bad; i++) {
		const struct word *word = &words.word[i];
		bool known = report->kind == KIND_MISMATCH ? take_mismatch_word(report, word, &bad) :
							take_divergence_word(report, word, &bad);

		if (!known)
			report->more.word[report->more.nr++] = *word;
	}
	return !bad;
}

static bool skip_text(const char **text, const char *expected)
{
	size_t len = strlen(expected);

	*text += strspn(*text, " ");
	if (strncmp(*text, expected, len))
		return false;
	*text += len;
	return true;
}

static bool take_number(const char **text, const char *before, uint64_t *number)
{
	char token[32];

	return skip_text(text, before) && next_token(text, token, sizeof(token)) &&
	       parse_number(token, number);
}

static bool parse_kind(const char **text, struct report *report)
{
	report->kind = KIND_MISMATCH;
	if (skip_text(text, BLKV_TEXT_MISMATCH))
		return take_number(text, "", &report->bad_sector);
	report->kind = KIND_DIVERGENCE;
	return skip_text(text, BLKV_TEXT_DIVERGENCE);
}

/* <number> <op> sector=<n> nr=<n> contents mismatch in sector <n> <word>... (or divergence) */
bool parse_report(const char *line, struct report *report)
{
	memset(report, 0, sizeof(*report));
	if (!take_number(&line, "", &report->number) ||
	    !next_token(&line, report->op, sizeof(report->op)) ||
	    !take_number(&line, "sector=", &report->sector) ||
	    !take_number(&line, "nr=", &report->nr) || !parse_kind(&line, report))
		return false;
	if (report->kind == KIND_DIVERGENCE)
		report->bad_sector = report->sector;
	return take_words(report, line);
}

/* ---- whole replies -------------------------------------------------------------------------- */

static const char *next_line(const char *text)
{
	text += strcspn(text, "\n");
	return *text ? text + 1 : text;
}

static size_t count_lines(const char *text)
{
	size_t nr = 0;

	for (; *text; text = next_line(text))
		nr++;
	return nr;
}

/* Fails only if out of memory or if the last line is missing. */
bool parse_list(const char *text, struct list *list)
{
	bool ended = false;

	memset(list, 0, sizeof(*list));
	list->reports = calloc(count_lines(text) + 1, sizeof(*list->reports));
	if (!list->reports)
		return false;
	for (; *text; text = next_line(text)) {
		const char *t = text;

		if (take_number(&t, "dropped=", &list->dropped))
			ended = true;
		else if (parse_report(text, &list->reports[list->nr]))
			list->nr++;
		else
			list->not_understood++;
	}
	if (!ended)
		list_free(list);
	return ended;
}

size_t list_first_new(const struct list *list, uint64_t *seen)
{
	size_t i = 0;

	if (list->nr && list->reports[list->nr - 1].number < *seen)
		*seen = 0;
	while (i < list->nr && list->reports[i].number <= *seen)
		i++;
	return i;
}

void list_free(struct list *list)
{
	free(list->reports);
	free(list->cpus);
	memset(list, 0, sizeof(*list));
}

static bool word_number(const struct words *words, const char *key, uint64_t *number)
{
	const char *value = words_find(words, key);

	return value && parse_number(value, number);
}

void parse_cpus(const char *text, struct list *list)
{
	struct cpu_count count;
	struct words words;

	free(list->cpus);
	list->nr_cpus = 0;
	list->cpus = calloc(count_lines(text) + 1, sizeof(*list->cpus));
	for (; list->cpus && *text; text = next_line(text))
		if (parse_words(text, &words) && word_number(&words, "cpu", &count.cpu) &&
		    word_number(&words, "compared", &count.compared))
			list->cpus[list->nr_cpus++] = count;
}

static void word_text(const struct words *words, const char *key, char *to, size_t size)
{
	const char *value = words_find(words, key);

	copy_text(to, size, value ? value : "", value ? strlen(value) : 0);
}

static bool parse_write(const char *line, struct write_line *write)
{
	struct words words;
	uint64_t pid = 0;

	memset(write, 0, sizeof(*write));
	if (!parse_words(line, &words) || !word_number(&words, "order", &write->order) ||
	    !word_number(&words, "start", &write->start) || !word_number(&words, "nr", &write->nr))
		return false;
	word_number(&words, "age_ms", &write->age_ms);
	word_number(&words, "pid", &pid);
	write->pid = (long)(pid & INT32_MAX);
	word_text(&words, "op", write->op, sizeof(write->op));
	word_text(&words, "comm", write->comm, sizeof(write->comm));
	return true;
}

bool parse_history(const char *text, struct history *history)
{
	memset(history, 0, sizeof(*history));
	history->writes = calloc(count_lines(text) + 1, sizeof(*history->writes));
	if (!history->writes)
		return false;
	for (; *text; text = next_line(text)) {
		if (!strncmp(text, "complete", 8))
			history->complete = true;
		else if (parse_write(text, &history->writes[history->nr]))
			history->nr++;
	}
	return true;
}

void history_free(struct history *history)
{
	free(history->writes);
	memset(history, 0, sizeof(*history));
}

enum uncertain_line parse_uncertain(const char **text, uint64_t *start, uint64_t *nr)
{
	const char *line = *text, *end = line + strcspn(line, "\n");

	*text = next_line(line);
	if (skip_text(&line, "complete"))
		return line == end ? UNCERTAIN_COMPLETE : UNCERTAIN_BAD;
	if (take_number(&line, "more=", start))
		return UNCERTAIN_MORE;
	if (take_number(&line, "", start) && take_number(&line, "", nr) && line == end)
		return UNCERTAIN_RANGE;
	return UNCERTAIN_BAD;
}
