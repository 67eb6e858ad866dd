/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The output of the target, as structs. Pure: text in, numbers out; no device, no output.
 *
 * Status fields and report words are only ever appended to. So what a newer target prints beyond
 * what is known here is kept (words) or skipped (fields), and a field that an older target does not
 * print is absent; neither is an error.
 */
#ifndef BLKVERIFY_PARSE_H
#define BLKVERIFY_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "interface.h"

#define WINDOW_MAX 32
#define WORDS_MAX 64

struct status {
	char state;				/* V, C or F */
	bool present[NR_FIELDS];		/* the field is there, and is not "-" */
	enum field bad;				/* the one that makes parse_status() fail */
	uint64_t value[NR_FIELDS];		/* 0 where not present, and for words */
	char power[16];				/* a word, if that field is present */
};

struct table {
	char raw[128];
	char test[128];
	char options[512];			/* without their count; may be empty */
};

/* key=value, key="a value", or only a key, with an empty value. */
struct word {
	char key[32];
	char value[192];
	bool quoted;				/* so it is text, even if it looks like a number */
};

struct words {
	size_t nr;
	struct word word[WORDS_MAX];
};

/* Whether a second read of the test leg was also wrong; added after the report. */
enum label { LABEL_NONE, LABEL_TRANSIENT, LABEL_PERSISTENT };

struct report {
	uint64_t number;
	enum kind kind;
	char op[24];
	uint64_t sector, nr;			/* the request */
	uint64_t bad_sector, differ;		/* of a mismatch, as all below except the errors */
	unsigned int byte;
	uint8_t raw_byte, test_byte;
	enum label label;
	char class[24];				/* without the number in brackets */
	bool has_class_number;
	long class_number;
	unsigned int window_offset;
	size_t window_len;
	uint8_t raw_window[WINDOW_MAX], test_window[WINDOW_MAX];
	int raw_error, test_error;		/* of a divergence: 0 or a negative errno */
	struct words more;			/* words that are not known here */
};

/* A line of the reply to "cpus". */
struct cpu_count {
	uint64_t cpu, compared;
};

struct list {
	struct report *reports;
	size_t nr;
	uint64_t dropped;
	size_t not_understood;			/* lines of an unexpected format */
	struct cpu_count *cpus;			/* of those that have compared anything, if known */
	size_t nr_cpus;
};

struct write_line {
	uint64_t order, start, nr, age_ms;
	long pid;
	char op[64], comm[96];
};

struct history {
	struct write_line *writes;
	size_t nr;
	bool complete;				/* older writes are recorded, too */
};

/* A line of the reply to "uncertain". */
enum uncertain_line {
	UNCERTAIN_RANGE,			/* sets start and nr */
	UNCERTAIN_MORE,				/* sets start: ask again from there */
	UNCERTAIN_COMPLETE,
	UNCERTAIN_BAD,
};

bool parse_number(const char *text, uint64_t *number);
bool parse_status(const char *text, struct status *status);
bool parse_table(const char *text, struct table *table);
bool parse_words(const char *text, struct words *words);
const char *words_find(const struct words *words, const char *key);
/* "persistent" or "transient", or "-" for LABEL_NONE. */
const char *label_word(enum label label);
bool parse_report(const char *line, struct report *report);
bool parse_list(const char *text, struct list *list);
/*
 * The index of the first report with a larger number than @seen. A device that was recreated under
 * its name numbers its reports from 1 again; then @seen becomes 0.
 */
size_t list_first_new(const struct list *list, uint64_t *seen);
void list_free(struct list *list);
/* Adds the reply to "cpus" to a list. */
void parse_cpus(const char *text, struct list *list);
bool parse_history(const char *text, struct history *history);
void history_free(struct history *history);
/* Reads the line at *text, and advances it to the next one. */
enum uncertain_line parse_uncertain(const char **text, uint64_t *start, uint64_t *nr);

#endif
