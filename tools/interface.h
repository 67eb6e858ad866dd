/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The words of the interface as enums and names, all generated from src/words.h: a word that is
 * added there needs no change here.
 */
#ifndef BLKVERIFY_INTERFACE_H
#define BLKVERIFY_INTERFACE_H

#include "../src/words.h"

/* Optional arguments of the table line; each is an option of "open" and "run", with dashes. */
enum option_nr {
#define OPTION(id, word, type, help) OPTION_##id,
	BLKV_OPTIONS(OPTION)
#undef OPTION
	NR_OPTIONS
};

enum option_type { OPTION_MODE, OPTION_FLAG, OPTION_NUMBER };

/* Fields of the status, in their order. All but the state are numbers. */
enum field {
#define FIELD(id, word) FIELD_##id,
	BLKV_STATUS_FIELDS(FIELD)
#undef FIELD
	NR_FIELDS
};

/* Features that the mapped device may lack although the test leg has them. */
enum unpassed {
#define UNPASSED(id, ...) UNPASSED_##id,
	BLKV_UNPASSED(UNPASSED)
#undef UNPASSED
	NR_UNPASSED
};

enum class_argument { CLASS_NONE, CLASS_COUNT, CLASS_DISTANCE };

struct class {
	const char *word, *help;
	enum class_argument argument;
};

enum class_nr {
#define CLASS(id, word, argument, help) CLASS_NR_##id,
	BLKV_CLASSES(CLASS)
#undef CLASS
	NR_CLASSES
};

enum kind {
#define KIND(id, word) KIND_##id,
	BLKV_KINDS(KIND)
#undef KIND
	NR_KINDS
};

enum message {
#define MESSAGE(id, word, min, max, usage) MESSAGE_##id,
	BLKV_MESSAGES(MESSAGE)
#undef MESSAGE
	NR_MESSAGES
};

extern const char *const option_words[NR_OPTIONS];
extern const enum option_type option_types[NR_OPTIONS];
extern const char *const field_words[NR_FIELDS];
extern const struct class classes[NR_CLASSES];
extern const char *const kind_words[NR_KINDS];
extern const char *const message_words[NR_MESSAGES];

/* NULL: unknown, of a newer target */
const struct class *class_find(const char *word);

#endif
