// SPDX-License-Identifier: GPL-2.0-only
/* Numbers, tokens and key=value words of a line. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "parse.h"
#include "tokens.h"

bool copy_text(char *to, size_t size, const char *from, size_t len)
{
	bool fits = len < size;

	if (!fits)
		len = size - 1;
	memcpy(to, from, len);
	to[len] = '\0';
	return fits;
}

/* Digits only: no sign, no space, nothing after them. */
bool parse_number(const char *text, uint64_t *number)
{
	char *end;

	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	*number = strtoull(text, &end, 10);
	return !errno && !*end;
}

bool parse_int(const char *text, long *number)
{
	char *end;

	if (!isdigit((unsigned char)text[*text == '-' || *text == '+']))
		return false;
	errno = 0;
	*number = strtol(text, &end, 10);
	return !errno && !*end;
}

bool next_token(const char **text, char *token, size_t size)
{
	size_t len;

	*text += strspn(*text, " ");
	len = strcspn(*text, " \n");
	if (!len || !copy_text(token, size, *text, len))
		return false;
	*text += len;
	return true;
}

int hex_digit(char c)
{
	if (isdigit((unsigned char)c))
		return c - '0';
	c = tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

/* One character of a quoted value, and advance *text: \", \\, \n, \t, \x1b, \033. */
static char unescape_char(const char **text)
{
	const char *t = *text;

	if (*t != '\\' || !t[1]) {
		*text = t + 1;
		return *t;
	}
	if (t[1] == 'x' && hex_digit(t[2]) >= 0 && hex_digit(t[3]) >= 0) {
		*text = t + 4;
		return (char)(hex_digit(t[2]) << 4 | hex_digit(t[3]));
	}
	if (is_octal(t[1]) && is_octal(t[2]) && is_octal(t[3])) {
		*text = t + 4;
		return (char)((t[1] & 3) << 6 | (t[2] & 7) << 3 | (t[3] & 7));
	}
	*text = t + 2;
	return t[1] == 'n' ? '\n' : t[1] == 't' ? '\t' : t[1];
}

/* A value that is too long is truncated: it is only printed. */
static const char *parse_quoted(const char *text, char *value, size_t size)
{
	size_t len = 0;

	while (*text && *text != '"' && *text != '\n') {
		char c = unescape_char(&text);

		if (c && len + 1 < size)
			value[len++] = c;
	}
	value[len] = '\0';
	return *text == '"' ? text + 1 : text;
}

static const char *parse_word(const char *text, struct word *word)
{
	size_t len = strcspn(text, "= \n");

	copy_text(word->key, sizeof(word->key), text, len);
	text += len;
	word->value[0] = '\0';
	word->quoted = false;
	if (*text != '=')
		return text;
	text++;
	word->quoted = *text == '"';
	if (word->quoted)
		return parse_quoted(text + 1, word->value, sizeof(word->value));
	len = strcspn(text, " \n");
	copy_text(word->value, sizeof(word->value), text, len);
	return text + len;
}

/* The words up to the end of the line; those beyond WORDS_MAX are dropped. */
bool parse_words(const char *text, struct words *words)
{
	struct word spare;

	words->nr = 0;
	for (text += strspn(text, " "); *text && *text != '\n'; text += strspn(text, " ")) {
		bool room = words->nr < WORDS_MAX;
		struct word *word = room ? &words->word[words->nr] : &spare;

		text = parse_word(text, word);
		if (!word->key[0])
			return false;
		words->nr += room;
	}
	return true;
}

const char *words_find(const struct words *words, const char *key)
{
	size_t i;

	for (i = 0; i < words->nr; i++)
		if (!strcmp(words->word[i].key, key))
			return words->word[i].value;
	return NULL;
}
