// SPDX-License-Identifier: GPL-2.0-only
/* See interface.h. */
#include <stddef.h>
#include <string.h>

#include "interface.h"

const char *const option_words[NR_OPTIONS] = {
#define OPTION(id, word, type, help) [OPTION_##id] = word,
	BLKV_OPTIONS(OPTION)
#undef OPTION
};

const enum option_type option_types[NR_OPTIONS] = {
#define OPTION(id, word, type, help) [OPTION_##id] = OPTION_##type,
	BLKV_OPTIONS(OPTION)
#undef OPTION
};

const char *const field_words[NR_FIELDS] = {
#define FIELD(id, word) [FIELD_##id] = word,
	BLKV_STATUS_FIELDS(FIELD)
#undef FIELD
};

const struct class classes[NR_CLASSES] = {
#define CLASS(id, word, argument, help) [CLASS_NR_##id] = { word, help, CLASS_##argument },
	BLKV_CLASSES(CLASS)
#undef CLASS
};

const char *const kind_words[NR_KINDS] = {
#define KIND(id, word) [KIND_##id] = word,
	BLKV_KINDS(KIND)
#undef KIND
};

const char *const message_words[NR_MESSAGES] = {
#define MESSAGE(id, word, min, max, usage) [MESSAGE_##id] = word,
	BLKV_MESSAGES(MESSAGE)
#undef MESSAGE
};

const struct class *class_find(const char *word)
{
	size_t i;

	for (i = 0; i < NR_CLASSES; i++)
		if (!strcmp(classes[i].word, word))
			return &classes[i];
	return NULL;
}
